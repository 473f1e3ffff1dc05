//! What the chain says of a transaction, read from the node's JSON without any help from the product's own decoder.

use std::fmt::Debug;
use std::str::FromStr;

use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::Value;

use super::bytes;

/// The first topic of `Transfer(address,address,uint256)`, as ERC-20 and ERC-721 define it.
pub const TRANSFER_TOPIC: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/// A mined transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which transaction.
    pub hash: TxHash,
    /// Whether it was not reverted.
    pub success: bool,
    /// Who signed it.
    pub from: Address,
    /// Whom it called; `None` when it made a contract.
    pub to: Option<Address>,
    /// The contract that it made.
    pub contract: Option<Address>,
    /// The block that holds it.
    pub block_number: u64,
    /// That block's hash.
    pub block_hash: BlockHash,
    /// What it logged, in order.
    pub logs: Vec<Log>,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract that logged it.
    pub address: Address,
    /// One to four words, as the node writes them.
    pub topics: Vec<String>,
    /// The rest.
    pub data: Vec<u8>,
    /// Its place among all logs of the block.
    pub index_in_block: u64,
}

impl Receipt {
    /// Reads a receipt.
    ///
    /// # Panics
    /// When it has not the form of one.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let logs = value["logs"].as_array().expect("a receipt has logs");
        Self {
            hash: parsed(&value["transactionHash"]),
            success: quantity(&value["status"]) == 1,
            from: parsed(&value["from"]),
            to: optional(&value["to"]),
            contract: optional(&value["contractAddress"]),
            block_number: quantity(&value["blockNumber"]),
            block_hash: parsed(&value["blockHash"]),
            logs: logs.iter().map(Log::from_json).collect(),
        }
    }
}

impl Log {
    fn from_json(value: &Value) -> Self {
        let topics = value["topics"].as_array().expect("a log has topics");
        Self {
            address: parsed(&value["address"]),
            topics: topics.iter().map(|topic| text(topic).to_owned()).collect(),
            data: bytes(text(&value["data"])),
            index_in_block: quantity(&value["logIndex"]),
        }
    }

    /// Whether its first topic is that of a transfer.
    #[must_use]
    pub fn looks_like_transfer(&self) -> bool {
        self.topics.first().is_some_and(|topic| topic == TRANSFER_TOPIC)
    }

    /// The payer, recipient and value, if it is laid out exactly as ERC-20 lays out a transfer.
    #[must_use]
    pub fn transfer(&self) -> Option<(Address, Address, u128)> {
        let [_, from, to] = self.topics.as_slice() else {
            return None;
        };
        if !self.looks_like_transfer() {
            return None;
        }
        let word: [u8; 32] = self.data.as_slice().try_into().ok()?;
        Some((address_in(from)?, address_in(to)?, number_in(&word)?))
    }
}

/// The number that a hexadecimal quantity stands for.
///
/// # Panics
/// When it is none, or above `u64::MAX`.
#[must_use]
pub fn quantity(value: &Value) -> u64 {
    let digits = text(value).strip_prefix("0x").expect("a quantity starts with 0x");
    u64::from_str_radix(digits, 16).expect("a quantity fits 64 bits")
}

/// The name that a JSON string spells.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn parsed<T: FromStr<Err: Debug>>(value: &Value) -> T {
    text(value)
        .parse()
        .expect("the node spells names as the chain does")
}

fn optional<T: FromStr<Err: Debug>>(value: &Value) -> Option<T> {
    if value.is_null() {
        None
    } else {
        Some(parsed(value))
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("expected a string, not {value}"))
}

/// The address in a topic, unless the 12 bytes before it are not zero.
fn address_in(topic: &str) -> Option<Address> {
    let digits = topic.strip_prefix("0x000000000000000000000000")?;
    format!("0x{digits}").parse().ok()
}

fn number_in(word: &[u8; 32]) -> Option<u128> {
    let (high, low) = word.split_at(16);
    let low: [u8; 16] = low.try_into().ok()?;
    high.iter()
        .all(|byte| *byte == 0)
        .then_some(u128::from_be_bytes(low))
}
