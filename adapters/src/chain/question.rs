//! Core's questions as JSON-RPC batches.
//!
//! The id of a call is its place in the batch, and `answer` reads them by these places. The finalized head comes
//! first wherever it is asked for: many nodes work through a batch in order, and a head that was read before a
//! receipt cannot make final what a reorganisation between the two moved.

use plimsoll_core::escrow::{Question, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, BlockHash};
use serde_json::{Value, json};

/// The selector of `decimals()`: the first 4 bytes of its keccak256.
const DECIMALS: &str = "0x313ce567";

/// The selector of `balanceOf(address)`.
const BALANCE_OF: &str = "0x70a08231";

/// The body of the request that asks `question`.
#[must_use]
pub fn render(question: &Question) -> Vec<u8> {
    let calls = calls(question).into_iter().enumerate();
    let batch: Vec<Value> = calls
        .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        .collect();
    Value::Array(batch).to_string().into_bytes()
}

fn calls(question: &Question) -> Vec<(&'static str, Value)> {
    let calls = match question {
        Question::Identity { tokens } => identity(tokens),
        Question::Heads => vec![block("latest"), block("finalized")],
        // -2: two thirds of the validators (bnb-chain/bsc, eth_getFinalizedHeader).
        Question::Attested => vec![("eth_getFinalizedHeader", json!([-2]))],
        Question::Receipt { tx } => {
            vec![
                block("finalized"),
                ("eth_getTransactionReceipt", json!([tx.to_string()])),
            ]
        }
        Question::Scan { from, to, tokens } => {
            vec![
                block("finalized"),
                block(&quantity(*to)),
                logs(*from, *to, tokens),
            ]
        }
        Question::Balances {
            block: number,
            token,
            holders,
        } => balances(*number, token, holders),
    };
    let charged = usize::try_from(question.calls());
    assert_eq!(
        Ok(calls.len()),
        charged,
        "a batch has the calls that quotas are charged for"
    );
    calls
}

fn identity(tokens: &[Address]) -> Vec<(&'static str, Value)> {
    let decimals = |token: &Address| {
        (
            "eth_call",
            json!([{"to": token.to_string(), "data": DECIMALS}, "latest"]),
        )
    };
    let start = [("eth_chainId", json!([])), block("0x0")];
    start.into_iter().chain(tokens.iter().map(decimals)).collect()
}

fn balances(number: u64, token: &Address, holders: &[Address]) -> Vec<(&'static str, Value)> {
    let at = quantity(number);
    let balance = |holder: &Address| {
        let holder = holder.to_string();
        let data = format!("{BALANCE_OF}{:0>64}", holder.trim_start_matches("0x"));
        ("eth_call", json!([{"to": token.to_string(), "data": data}, at]))
    };
    let start = [block("finalized"), block(&at)];
    start.into_iter().chain(holders.iter().map(balance)).collect()
}

fn block(which: &str) -> (&'static str, Value) {
    ("eth_getBlockByNumber", json!([which, false]))
}

fn logs(from: u64, to: u64, tokens: &[Address]) -> (&'static str, Value) {
    let addresses: Vec<String> = tokens.iter().map(ToString::to_string).collect();
    let filter = json!({
        "fromBlock": quantity(from),
        "toBlock": quantity(to),
        "address": addresses,
        "topics": [BlockHash::Evm(TRANSFER_TOPIC).to_string()],
    });
    ("eth_getLogs", json!([filter]))
}

fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

#[cfg(test)]
mod tests;
