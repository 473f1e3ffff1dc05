//! A toy chain with honest endpoints that answer at once. It is not measured.

use std::collections::BTreeMap;

use plimsoll_core::escrow::{Answer, BlockRef, Log, Question, Receipt, ScanLog, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, BlockHash, ChainId, TxHash};

/// The chain's id.
pub const CHAIN: ChainId = ChainId::new(56);
/// The hash of its block 0.
pub const GENESIS: BlockHash = BlockHash::Evm([1; 32]);
/// The one token on it.
pub const TOKEN: Address = Address::Evm([0x55; 20]);
/// The token's decimals.
pub const TOKEN_DECIMALS: u8 = 18;

/// Who pays every deposit.
const PAYER: Address = Address::Evm([0xaa; 20]);
/// How far the finalized block is behind the latest.
const FINALITY_BLOCKS: u64 = 2;

/// Blocks and the transactions in them.
#[derive(Debug, Clone)]
pub struct ToyChain {
    latest: u64,
    transactions: u64,
    receipts: BTreeMap<TxHash, Receipt>,
    by_block: BTreeMap<u64, Vec<TxHash>>,
}

impl Default for ToyChain {
    fn default() -> Self {
        Self {
            latest: 1 + FINALITY_BLOCKS,
            transactions: 0,
            receipts: BTreeMap::new(),
            by_block: BTreeMap::new(),
        }
    }
}

impl ToyChain {
    /// Adds an empty block.
    pub fn mine(&mut self) {
        self.latest += 1;
    }

    /// Puts a transaction into the latest block that pays `units` of the token to `to`.
    pub fn pay(&mut self, to: Address, units: u128) -> TxHash {
        self.transactions += 1;
        let mut hash = [0x77; 32];
        hash[..8].copy_from_slice(&self.transactions.to_be_bytes());
        let tx = TxHash::Evm(hash);
        let receipt = Receipt {
            tx,
            block: block(self.latest),
            succeeded: true,
            logs: vec![transfer(to, units)],
            balances: Vec::new(),
        };
        self.receipts.insert(tx, receipt);
        self.by_block.entry(self.latest).or_default().push(tx);
        tx
    }

    /// What every endpoint answers to `question`.
    #[must_use]
    pub fn answer(&self, question: &Question) -> Answer {
        let finalized = block(self.latest - FINALITY_BLOCKS);
        match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: CHAIN.number(),
                genesis: GENESIS,
                decimals: vec![Some(TOKEN_DECIMALS); tokens.len()],
            },
            Question::Attested => Answer::Attested { block: finalized },
            Question::Heads => Answer::Heads {
                latest: block(self.latest),
                finalized,
            },
            Question::Receipt { tx } => Answer::Receipt {
                finalized,
                receipt: self.receipts.get(tx).cloned(),
            },
            Question::Balances {
                block: number,
                holders,
                ..
            } => Answer::Balances {
                finalized,
                at: Some(block(*number)),
                balances: vec![[0; 32]; holders.len()],
            },
            Question::Scan { from, to, .. } => Answer::Scan {
                finalized,
                last: Some(block(*to)),
                logs: self.logs(*from, *to),
            },
        }
    }

    fn logs(&self, from: u64, to: u64) -> Vec<ScanLog> {
        let mined = self.by_block.range(from..=to).flat_map(|(_, mined)| mined);
        let located = |tx: &TxHash| {
            let receipt = &self.receipts[tx];
            let (tx, block) = (receipt.tx, receipt.block.number);
            receipt
                .logs
                .iter()
                .map(move |log| ScanLog { tx, block, log: *log })
        };
        mined.flat_map(located).collect()
    }
}

fn block(number: u64) -> BlockRef {
    let mut hash = [0xb1; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    BlockRef {
        number,
        hash: BlockHash::Evm(hash),
    }
}

fn transfer(to: Address, units: u128) -> Log {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&units.to_be_bytes());
    Log {
        address: TOKEN,
        topics: [TRANSFER_TOPIC, topic(PAYER), topic(to), [0; 32]],
        topic_count: 3,
        word,
        data_len: 32,
        index: 0,
    }
}

fn topic(address: Address) -> [u8; 32] {
    let mut topic = [0; 32];
    topic[12..].copy_from_slice(address.bytes());
    topic
}
