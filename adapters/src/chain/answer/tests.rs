//! Answers as endpoints write them, whole and broken.

mod anything;
mod read;
mod refused;

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Log, Question, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::{Value, json};

use super::parse;

const TX: TxHash = TxHash::Evm([0xaa; 32]);
const TOKEN: Address = Address::Evm([0x55; 20]);
const BLOCK: BlockRef = BlockRef {
    number: 0x12,
    hash: BlockHash::Evm([0xbb; 32]),
};
const FINALIZED: BlockRef = BlockRef {
    number: 0x10,
    hash: BlockHash::Evm([0xcc; 32]),
};

fn identity() -> Question {
    Question::Identity {
        tokens: vec![TOKEN, Address::Evm([2; 20])],
    }
}

fn receipt_of() -> Question {
    Question::Receipt { tx: TX }
}

fn scan() -> Question {
    Question::Scan {
        from: 0x10,
        to: 0x12,
        tokens: vec![TOKEN],
    }
}

fn balances() -> Question {
    Question::Balances {
        block: 0x12,
        token: TOKEN,
        holders: vec![Address::Evm([7; 20]), Address::Evm([8; 20])],
    }
}

/// Results in the order of their calls.
fn results(results: &[Value]) -> Value {
    let calls = results.iter().enumerate();
    calls
        .map(|(id, result)| json!({"jsonrpc": "2.0", "id": id, "result": result}))
        .collect()
}

fn parse_value(question: &Question, body: &Value) -> Result<Answer, Fault> {
    parse(question, body.to_string().as_bytes())
}

#[track_caller]
fn check_fault(question: &Question, body: &Value, expected: &Fault) {
    assert_eq!(parse_value(question, body), Err(expected.clone()), "{body}");
}

#[track_caller]
fn check_malformed(question: &Question, body: &Value, expected: &str) {
    match parse_value(question, body) {
        Err(Fault::Malformed { what }) => assert_eq!(what, expected, "{body}"),
        other => panic!("{body} became {other:?}"),
    }
}

/// A header as go-ethereum writes it, most fields left out.
fn block(block: &BlockRef) -> Value {
    json!({
        "baseFeePerGas": "0x0", "difficulty": "0x2", "extraData": "0xd983010", "gasLimit": "0x8583b00",
        "hash": block.hash.to_string(), "number": format!("{:#x}", block.number), "timestamp": "0x66aa",
        "transactions": ["0x01"], "uncles": [], "totalDifficulty": null,
    })
}

/// A log as anvil writes it: its `blockTimestamp` is sometimes a number.
fn log(block: &BlockRef, index: u64) -> Value {
    json!({
        "address": TOKEN.to_string(),
        "topics": [BlockHash::Evm(TRANSFER_TOPIC).to_string(), BlockHash::Evm([1; 32]).to_string(), BlockHash::Evm([2; 32]).to_string()],
        "data": "0x0000000000000000000000000000000000000000000000000de0b6b3a7640000",
        "blockHash": block.hash.to_string(), "blockNumber": format!("{:#x}", block.number), "blockTimestamp": 1_722_400_000,
        "transactionHash": TX.to_string(), "transactionIndex": "0x0", "logIndex": format!("{index:#x}"), "removed": false,
    })
}

fn parsed_log(index: u64) -> Log {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&1_000_000_000_000_000_000_u64.to_be_bytes());
    let topics = [TRANSFER_TOPIC, [1; 32], [2; 32], [0; 32]];
    Log {
        address: TOKEN,
        topics,
        topic_count: 3,
        word,
        data_len: 32,
        index,
    }
}

fn receipt(logs: &[Value]) -> Value {
    json!({
        "type": "0x0", "status": "0x1", "cumulativeGasUsed": "0xcb24", "logsBloom": "0x00", "logs": logs,
        "transactionHash": TX.to_string(), "transactionIndex": "0x0", "blockHash": BLOCK.hash.to_string(),
        "blockNumber": "0x12", "blockTimestamp": "0x66aa", "gasUsed": "0xcb24", "effectiveGasPrice": 7,
        "from": Address::Evm([9; 20]).to_string(), "to": TOKEN.to_string(), "contractAddress": null,
    })
}

fn word(text: &str) -> Value {
    Value::String(format!("0x{text:0>64}"))
}

fn set(mut value: Value, pointer: &str, to: Value) -> Value {
    *value
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("no {pointer}")) = to;
    value
}

fn without(mut value: Value, field: &str) -> Value {
    value
        .as_object_mut()
        .unwrap()
        .remove(field)
        .unwrap_or_else(|| panic!("no {field}"));
    value
}
