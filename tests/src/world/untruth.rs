//! Answers of the right form that say what is not so, in JSON: each does to a real node's answers what the simulator's model
//! of an endpoint does to its own.

use plimsoll_core::id::{Address, TxHash};
use plimsoll_sim::fault::Lie;
use serde_json::{Value, json};

use crate::evm::receipt::{parsed, quantity};
use crate::evm::{bytes, hex};
use crate::proxy::Forgery;
use crate::proxy::lie::{call_of, each};

/// Far enough above every head.
const FUTURE_BLOCKS: u64 = 1_000;
/// How much an invented payment pays: a thousand whole tokens of 18 decimals.
const INVENTED: u128 = 1_000_000_000_000_000_000_000;
/// By how much the id of another chain is off.
const OTHER_CHAIN: u64 = 41;

/// What somebody asked, and what the node said.
pub(super) struct Talk {
    /// The calls, by tag where they were so.
    pub(super) calls: Value,
    /// The node's answers.
    pub(super) answers: Value,
}

/// Whom an invented payment would pay, and in what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Victim {
    /// The token.
    pub(super) token: Address,
    /// Whom.
    pub(super) to: Address,
}

impl Talk {
    /// Tells `lie`. `latest` is the latest block as the node showed it, `genesis` the hash of the first.
    pub(super) fn tell(&mut self, lie: Lie, victim: Victim, (latest, genesis): (&Value, &str)) {
        if self.asks("eth_chainId") {
            return;
        }
        match lie {
            Lie::InventedPayment => self.invent(victim),
            Lie::InflatedAmount => self.each_log(|log| {
                let mut data = bytes(log["data"].as_str().unwrap_or_default());
                if let Some(word) = data.get_mut(..32) {
                    word.rotate_left(1);
                }
                log["data"] = json!(hex(&data));
            }),
            Lie::OmittedLog => self.each_list(|logs| drop(logs.pop())),
            Lie::EarlyFinality => self.each_finalized(|block| *block = latest.clone()),
            Lie::FutureFinality => {
                let mut future = latest.clone();
                future["number"] = json!(format!("{:#x}", quantity(&latest["number"]) + FUTURE_BLOCKS));
                self.each_finalized(|block| *block = future.clone());
                self.each_tagged("latest", |block| *block = future.clone());
            }
            Lie::ForgedHash => self.rehash(|_, _| genesis.to_owned()),
        }
    }

    /// Leaves nothing but the heads, and admits it.
    pub(super) fn forget(&mut self) {
        let is_scan = self.asks("eth_getLogs");
        for answer in each(&mut self.answers) {
            let call = call_of(&self.calls, answer);
            match call["method"].as_str() {
                Some("eth_getTransactionReceipt") => answer["result"] = Value::Null,
                Some("eth_getLogs") => answer["result"] = json!([]),
                Some("eth_getBlockByNumber") if is_scan && call["params"][0] != "finalized" => {
                    answer["result"] = Value::Null;
                }
                Some(_) | None => {}
            }
        }
    }

    /// Makes the answers those of another chain, on which the same transactions were replayed.
    pub(super) fn move_elsewhere(&mut self) {
        for answer in each(&mut self.answers) {
            if call_of(&self.calls, answer)["method"] == "eth_chainId" {
                let id = quantity(&answer["result"]) + OTHER_CHAIN;
                answer["result"] = json!(format!("{id:#x}"));
            }
        }
        self.rehash(|_, hash| shifted(hash, 0xa5));
    }

    /// Makes the blocks above `finalized` those of fork `number`.
    pub(super) fn fork(&mut self, number: u8, finalized: u64) {
        self.rehash(|height, hash| {
            if height > finalized {
                shifted(hash, 0x11 + number)
            } else {
                hash.to_owned()
            }
        });
    }

    fn asks(&self, method: &str) -> bool {
        let calls = self.calls.as_array().into_iter().flatten();
        calls.into_iter().any(|call| call["method"] == method)
    }

    fn invent(&mut self, victim: Victim) {
        let mut finalized = Value::Null;
        self.each_finalized(|block| finalized = block.clone());
        let forgery = Forgery {
            token: victim.token,
            to: victim.to,
            value: INVENTED,
        };
        for answer in each(&mut self.answers) {
            let call = call_of(&self.calls, answer);
            match call["method"].as_str() {
                Some("eth_getTransactionReceipt") => {
                    answer["result"] = forgery.receipt(parsed(&call["params"][0]), &finalized);
                }
                Some("eth_getLogs") => {
                    let tx: TxHash = parsed(&finalized["hash"]);
                    let mut block = finalized.clone();
                    block["number"] = call["params"][0]["toBlock"].clone();
                    let log = forgery.log(tx, &block, 1_000);
                    if let Some(logs) = answer["result"].as_array_mut() {
                        logs.push(log);
                    }
                }
                Some(_) | None => {}
            }
        }
    }

    /// Every list of logs.
    fn each_list(&mut self, mut change: impl FnMut(&mut Vec<Value>)) {
        for answer in each(&mut self.answers) {
            let result = &mut answer["result"];
            if let Some(logs) = result.as_array_mut() {
                change(logs);
            } else if let Some(logs) = result.get_mut("logs").and_then(Value::as_array_mut) {
                change(logs);
            }
        }
    }

    fn each_log(&mut self, mut change: impl FnMut(&mut Value)) {
        self.each_list(|logs| logs.iter_mut().for_each(&mut change));
    }

    /// Every block that was asked for as final.
    fn each_finalized(&mut self, change: impl FnMut(&mut Value)) {
        self.each_tagged("finalized", change);
    }

    fn each_tagged(&mut self, tag: &str, mut change: impl FnMut(&mut Value)) {
        for answer in each(&mut self.answers) {
            let call = call_of(&self.calls, answer);
            if call["method"] == "eth_getBlockByNumber" && call["params"][0] == tag {
                change(&mut answer["result"]);
            }
        }
    }

    /// Gives every block another hash, wherever it is named.
    fn rehash(&mut self, hash: impl Fn(u64, &str) -> String) {
        let renamed = |of: &Value, number: &str, field: &str| {
            let height = of[number].is_string().then(|| quantity(&of[number]));
            height
                .zip(of[field].as_str())
                .map(|(height, old)| json!(hash(height, old)))
        };
        for answer in each(&mut self.answers) {
            let result = &mut answer["result"];
            if let Some(new) = renamed(result, "number", "hash") {
                result["hash"] = new;
            }
            if let Some(new) = renamed(result, "blockNumber", "blockHash") {
                result["blockHash"] = new;
            }
        }
        self.each_log(|log| {
            if let Some(new) = renamed(log, "blockNumber", "blockHash") {
                log["blockHash"] = new;
            }
        });
    }
}

fn shifted(hash: &str, by: u8) -> String {
    let shifted: Vec<u8> = bytes(hash).into_iter().map(|byte| byte ^ by).collect();
    hex(&shifted)
}
