//! A deposit through the driver: questions leave, answers come back, money is there, once, also after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::escrow::{
    Answer, BlockRef, Fault, Log, Question, Receipt, ScanLog, TRANSFER_TOPIC, TxKey, deposit_address,
};
use plimsoll_core::id::{Address, BlockHash, EndpointId, IdempotencyKey, TxHash, UserId};
use plimsoll_core::money::Amount;

use super::{Asker, Running};
use crate::store::{Mode, SqliteJournal};
use crate::testing::{CHAIN, GENESIS, TOKEN, bank_config, register};

const TX: TxHash = TxHash::Evm([0xaa; 32]);
const USER: UserId = UserId::new(1);

/// Two endpoints of a chain on which the user was paid once, in block 5.
#[derive(Debug, Clone, Default)]
struct Paid {
    asked: Arc<AtomicUsize>,
}

fn block(number: u64) -> BlockRef {
    BlockRef {
        number,
        hash: BlockHash::Evm([u8::try_from(number).unwrap(); 32]),
    }
}

fn log() -> Log {
    let topic = |address: Address| {
        let mut topic = [0; 32];
        topic[12..].copy_from_slice(address.bytes());
        topic
    };
    let to = deposit_address(&bank_config().escrow.chains[0].addresses, USER);
    let mut word = [0; 32];
    word[31] = 100;
    let topics = [TRANSFER_TOPIC, topic(Address::Evm([9; 20])), topic(to), [0; 32]];
    Log {
        address: TOKEN,
        topics,
        topic_count: 3,
        word,
        data_len: 32,
        index: 0,
    }
}

impl Asker for Paid {
    async fn ask(&self, _: EndpointId, question: Question, _: Duration) -> Result<Answer, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let finalized = block(9);
        Ok(match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: CHAIN.number(),
                genesis: GENESIS,
                decimals: vec![Some(18); tokens.len()],
            },
            Question::Attested => Answer::Attested { block: finalized },
            Question::Heads => Answer::Heads {
                latest: block(12),
                finalized,
            },
            Question::Receipt { tx } => {
                let receipt = Receipt {
                    tx,
                    block: block(5),
                    succeeded: true,
                    logs: vec![log()],
                    balances: Vec::new(),
                };
                Answer::Receipt {
                    finalized,
                    receipt: (tx == TX).then_some(receipt),
                }
            }
            Question::Balances {
                block: number,
                holders,
                ..
            } => Answer::Balances {
                finalized,
                at: Some(block(number)),
                balances: vec![[0; 32]; holders.len()],
            },
            Question::Scan { from, to, .. } => {
                let found = ScanLog {
                    tx: TX,
                    block: 5,
                    log: log(),
                };
                let logs = if (from..=to).contains(&5) {
                    vec![found]
                } else {
                    vec![]
                };
                Answer::Scan {
                    finalized,
                    last: Some(block(to)),
                    logs,
                }
            }
        })
    }
}

async fn balance(running: &Running) -> Amount {
    match running.handle.query(Query::Balances(USER)).await {
        Ok(Reply::Balances(balances)) => balances[0].1.available,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_deposit_is_credited_once_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let asker = Paid::default();

    let journal = SqliteJournal::open(&path, Mode::CreateIfMissing).await.unwrap();
    let running = Running::asking(asker.clone(), journal).await;
    running.handle.command(register("ada")).await.unwrap();
    let key = IdempotencyKey::derive("test", b"claim");
    let claim = Command::Claim {
        key,
        user: USER,
        tx: TxKey { chain: CHAIN, tx: TX },
    };
    running.handle.command(claim.clone()).await.unwrap();
    let deadline = Duration::from_secs(20);
    let credited = async {
        while balance(&running).await != Amount::from_minor(100) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(deadline, credited).await.unwrap();
    running.stop().await.unwrap();
    assert!(
        asker.asked.load(Ordering::Relaxed) >= 6,
        "two identities, two heads and two receipts at least"
    );

    let journal = SqliteJournal::open(&path, Mode::MustExist).await.unwrap();
    let running = Running::asking(asker, journal).await;
    let again = running.handle.command(claim).await.unwrap();
    assert!(matches!(again, Reply::Claim { replayed: true, .. }), "{again:?}");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(balance(&running).await, Amount::from_minor(100));
    running.handle.command(register("bob")).await.unwrap();
    running.stop().await.unwrap();

    let report = crate::store::audit(&path, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.epochs, 2);
}
