//! Answers that are well formed and wrong: of a node that stands still, that has no receipts, or that forges them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::id::{Address, TxHash};
use serde_json::{Value, json};

use crate::evm::receipt::{TRANSFER_TOPIC, parsed, quantity};

/// How many blocks the node's finalized head is behind its latest one.
pub(super) const FINALITY_BLOCKS: u64 = 2;
/// The most blocks whose logs a narrow endpoint gives in one answer.
pub const SCAN_BLOCKS_MAX: u64 = 4;

/// Payments that nobody made, which a forging endpoint shows all the same. Clones are one list.
#[derive(Debug, Clone, Default)]
pub struct Forgeries(Arc<Mutex<BTreeMap<TxHash, Forgery>>>);

/// What a forged payment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgery {
    /// The token that it pretends to move.
    pub token: Address,
    /// Whom it pretends to pay.
    pub to: Address,
    /// How much, in the token's minor units.
    pub value: u128,
}

impl Forgeries {
    /// Adds a payment under a hash that no transaction has.
    pub fn add(&self, tx: TxHash, forgery: Forgery) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tx, forgery);
    }

    /// The node's answers to `calls`, with forged receipts where it has none and forged logs in every range.
    pub(crate) fn added_to(&self, mut answers: Value, calls: &Value) -> Value {
        let forged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks: Vec<Value> = each(&mut answers)
            .map(|answer| answer["result"].clone())
            .filter(|result| result["hash"].is_string() && result["number"].is_string())
            .collect();
        for answer in each(&mut answers) {
            let call = call_of(calls, answer);
            let (Some(method), Some(last)) = (call["method"].as_str(), blocks.last()) else {
                continue;
            };
            if method == "eth_getTransactionReceipt" && answer["result"].is_null() {
                let tx: TxHash = parsed(&call["params"][0]);
                if let Some(forgery) = forged.get(&tx) {
                    answer["result"] = forgery.receipt(tx, last);
                }
            } else if let (true, Some(logs)) = (method == "eth_getLogs", answer["result"].as_array_mut()) {
                logs.extend(
                    (logs.len()..)
                        .zip(forged.iter())
                        .map(|(index, (tx, forgery))| forgery.log(*tx, last, 1_000 + index)),
                );
            }
        }
        answers
    }
}

impl Forgery {
    pub(crate) fn receipt(&self, tx: TxHash, block: &Value) -> Value {
        json!({
            "transactionHash": tx.to_string(),
            "blockNumber": block["number"],
            "blockHash": block["hash"],
            "status": "0x1",
            "logs": [self.log(tx, block, 0)],
        })
    }

    pub(crate) fn log(&self, tx: TxHash, block: &Value, index: usize) -> Value {
        let topic = |address: Address| format!("0x{:0>64}", address.to_string().trim_start_matches("0x"));
        json!({
            "address": self.token.to_string(),
            "topics": [TRANSFER_TOPIC, topic(Address::Evm([0x66; 20])), topic(self.to)],
            "data": format!("0x{:064x}", self.value),
            "logIndex": format!("0x{index:x}"),
            "blockNumber": block["number"],
            "blockHash": block["hash"],
            "transactionHash": tx.to_string(),
            "removed": false,
        })
    }
}

/// Makes `calls` ask for the heads of a node that stands at `head`, and has finalized `finalized`.
pub(crate) fn ask_for_the_past(calls: &mut Value, head: u64, finalized: u64) {
    for call in each(calls).filter(|call| call["method"] == "eth_getBlockByNumber") {
        let height = match call["params"][0].as_str() {
            Some("latest") => head,
            Some("finalized") => finalized,
            _ => continue,
        };
        call["params"][0] = json!(format!("0x{height:x}"));
    }
}

/// `answers` without the blocks above `head`, their receipts and their logs.
pub(crate) fn without_what_came_after(mut answers: Value, head: u64) -> Value {
    let is_later = |number: &Value| number.is_string() && quantity(number) > head;
    for answer in each(&mut answers) {
        let result = &mut answer["result"];
        if let Some(logs) = result.as_array_mut() {
            logs.retain(|log| !is_later(&log["blockNumber"]));
        } else if is_later(&result["blockNumber"])
            || (result["hash"].is_string() && is_later(&result["number"]))
        {
            *result = Value::Null;
        }
    }
    answers
}

/// `answers` of a node that still indexes transactions, in the words of go-ethereum.
pub(crate) fn without_receipts(calls: &Value, answers: Value) -> Value {
    let error = (-32_000, "transaction indexing is in progress");
    refusing(calls, answers, error, |call| {
        call["method"] == "eth_getTransactionReceipt"
    })
}

/// `answers` of a node that has no finalized block, in the words of go-ethereum.
pub(crate) fn without_finality(calls: &Value, answers: Value) -> Value {
    let error = (-32_000, "finalized block not found");
    refusing(calls, answers, error, |call| call["params"][0] == "finalized")
}

/// `answers` of a node that bounds its scans to so many blocks, in the words of go-ethereum.
pub(crate) fn without_wide_scans(calls: &Value, answers: Value, blocks_max: u64) -> Value {
    let error = (-32_602, "query exceeds max block range");
    refusing(calls, answers, error, |call| {
        let filter = &call["params"][0];
        call["method"] == "eth_getLogs"
            && quantity(&filter["toBlock"]).saturating_sub(quantity(&filter["fromBlock"])) >= blocks_max
    })
}

/// `answers` with this error to every call that is `refused`.
pub(crate) fn refusing(
    calls: &Value,
    mut answers: Value,
    (code, message): (i64, &str),
    refused: impl Fn(&Value) -> bool,
) -> Value {
    for answer in each(&mut answers) {
        if refused(call_of(calls, answer)) {
            let error = json!({ "code": code, "message": message });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }
    }
    answers
}

/// Every call or answer of a batch; of what is no batch, none.
pub(crate) fn each(batch: &mut Value) -> impl Iterator<Item = &mut Value> {
    batch.as_array_mut().into_iter().flatten()
}

/// The call that `answer` is to.
pub(crate) fn call_of<'a>(calls: &'a Value, answer: &Value) -> &'a Value {
    let calls = calls.as_array().map_or(&[][..], Vec::as_slice);
    let asked = calls.iter().find(|call| call["id"] == answer["id"]);
    asked.unwrap_or(&Value::Null)
}
