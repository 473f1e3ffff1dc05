//! Plausible untruths: answers of the right form that say what is not so.

use plimsoll_core::escrow::{
    Answer, BlockRef, Log, Question, Receipt, ScanLog, TOKEN_PROGRAM, TokenBalance, token_account,
};
use plimsoll_core::id::{Address, TxHash};

use crate::fault::Lie;
use crate::model::assets::minor_units;
use crate::model::chain::{Chain, View, plain_transfer};
use crate::world::plan::{ChainKind, Token};

/// Far enough above every head.
const FUTURE_BLOCKS: u64 = 1_000;
/// A thousand whole tokens.
const INVENTED_MILLI: u64 = 1_000_000;
/// The payer of invented payments.
const NOBODY: Address = Address::Evm([0x0b; 20]);

/// Makes `answer`, which was honest, tell `lie`.
pub(super) fn tell(
    lie: Lie,
    answer: &mut Answer,
    (chain, view): (&Chain, View<'_>),
    question: &Question,
    victim: Address,
) {
    match lie {
        Lie::InventedPayment => invent(answer, (chain, view), question, victim),
        Lie::InflatedAmount => inflate(answer),
        Lie::OmittedLog => match answer {
            Answer::Receipt {
                receipt: Some(receipt),
                ..
            } => {
                // The last that gained something, on Solana.
                let gain = receipt.balances.iter().rposition(|one| one.after > one.before);
                gain.map(|place| receipt.balances.remove(place));
                receipt.logs.pop();
            }
            Answer::Scan { logs, .. } => drop(logs.pop()),
            Answer::Balances { balances, .. } => balances.fill([0; 32]),
            Answer::Receipt { receipt: None, .. }
            | Answer::Identity { .. }
            | Answer::Heads { .. }
            | Answer::Attested { .. } => {}
        },
        Lie::EarlyFinality => set_finalized(answer, view.latest()),
        Lie::FutureFinality => {
            let latest = view.latest();
            let number = latest.number + FUTURE_BLOCKS;
            set_finalized(answer, BlockRef { number, ..latest });
            if let Answer::Heads { latest, finalized } = answer {
                *latest = *finalized;
            }
        }
        Lie::ForgedHash => forge(answer, chain),
    }
}

fn invent(answer: &mut Answer, (chain, view): (&Chain, View<'_>), question: &Question, victim: Address) {
    let Some((contract, decimals)) = Token::Usdt.contract(chain.kind()) else {
        return;
    };
    let units = minor_units(INVENTED_MILLI, decimals).minor();
    let (logs, balances) = match chain.kind() {
        ChainKind::Evm => (
            vec![plain_transfer(contract, (NOBODY, victim), units, 0)],
            Vec::new(),
        ),
        ChainKind::Solana => (Vec::new(), balances(contract, victim, units)),
    };
    match (answer, question) {
        (Answer::Receipt { receipt, .. }, Question::Receipt { tx }) => {
            *receipt = Some(Receipt {
                tx: *tx,
                block: view.finalized(),
                succeeded: true,
                logs,
                balances,
            });
        }
        (Answer::Scan { logs: told, .. }, Question::Scan { to, tokens, .. }) => {
            let mut hash = [0; 32];
            hash.copy_from_slice(view.finalized().hash.bytes());
            told.extend(logs.iter().map(|log| ScanLog {
                tx: TxHash::Evm(hash),
                block: *to,
                log: *log,
            }));
            if let Some(account) = tokens.first().filter(|_| chain.kind() == ChainKind::Solana) {
                let mut signature = [0x1e; 64];
                signature[..32].copy_from_slice(&hash);
                let log = Log {
                    topic_count: 0,
                    ..plain_transfer(*account, (NOBODY, NOBODY), 0, 0)
                };
                told.push(ScanLog {
                    tx: TxHash::Solana(signature),
                    block: *to,
                    log,
                });
            }
        }
        (Answer::Balances { balances, .. }, Question::Balances { .. }) => {
            if let (Some(word), Some(log)) = (balances.first_mut(), logs.first()) {
                *word = log.word;
            }
        }
        (
            Answer::Identity { .. }
            | Answer::Heads { .. }
            | Answer::Attested { .. }
            | Answer::Receipt { .. }
            | Answer::Scan { .. }
            | Answer::Balances { .. },
            Question::Identity { .. }
            | Question::Heads
            | Question::Attested
            | Question::Receipt { .. }
            | Question::Scan { .. }
            | Question::Balances { .. },
        ) => {}
    }
}

/// What the accounts of `wallet` and of nobody held before and after a payment that never was.
fn balances(mint: Address, wallet: Address, units: i128) -> Vec<TokenBalance> {
    let units = u64::try_from(units).unwrap_or(u64::MAX);
    let nobody = (Address::Solana([0x0b; 32]), Address::Solana([0x0c; 32]));
    let somebody = (wallet, token_account(&wallet, &mint));
    let held = |((wallet, account), place, before, after): ((Address, Address), u8, u64, u64)| TokenBalance {
        place,
        account,
        mint,
        wallet,
        program: TOKEN_PROGRAM,
        before,
        after,
    };
    [(nobody, 1, units, 0), (somebody, 2, 0, units)]
        .map(held)
        .to_vec()
}

/// Makes every transfer one of much more.
fn inflate(answer: &mut Answer) {
    if let Answer::Receipt {
        receipt: Some(receipt),
        ..
    } = answer
    {
        for balance in &mut receipt.balances {
            balance.after = balance.after.saturating_mul(1_000);
        }
    }
    if let Answer::Balances { balances, .. } = answer {
        balances.iter_mut().for_each(|word| word.rotate_left(1));
    }
    each_log(answer, |log| log.word.rotate_left(1));
}

fn each_log(answer: &mut Answer, change: impl Fn(&mut Log)) {
    match answer {
        Answer::Receipt { receipt, .. } => {
            receipt
                .iter_mut()
                .flat_map(|receipt| &mut receipt.logs)
                .for_each(change);
        }
        Answer::Scan { logs, .. } => logs.iter_mut().for_each(|one| change(&mut one.log)),
        Answer::Identity { .. }
        | Answer::Heads { .. }
        | Answer::Attested { .. }
        | Answer::Balances { .. } => {}
    }
}

fn set_finalized(answer: &mut Answer, to: BlockRef) {
    match answer {
        Answer::Heads { finalized, .. }
        | Answer::Receipt { finalized, .. }
        | Answer::Scan { finalized, .. }
        | Answer::Balances { finalized, .. } => {
            *finalized = to;
        }
        Answer::Attested { block } => *block = to,
        Answer::Identity { .. } => {}
    }
}

/// Gives every block the hash of one that never was.
fn forge(answer: &mut Answer, chain: &Chain) {
    let never = chain.genesis();
    match answer {
        Answer::Heads { latest, finalized } => {
            latest.hash = never;
            finalized.hash = never;
        }
        Answer::Attested { block } => block.hash = never,
        Answer::Receipt { finalized, receipt } => {
            finalized.hash = never;
            if let Some(receipt) = receipt {
                receipt.block.hash = never;
            }
        }
        Answer::Balances { finalized, at, .. } => {
            finalized.hash = never;
            if let Some(at) = at {
                at.hash = never;
            }
        }
        Answer::Scan { finalized, last, .. } => {
            finalized.hash = never;
            if let Some(last) = last {
                last.hash = never;
            }
        }
        Answer::Identity { .. } => {}
    }
}
