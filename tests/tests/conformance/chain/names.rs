//! What an endpoint said, in names that do not depend on which chain it serves: hashes of blocks are numbered in the
//! order of their appearance, heights are counted from where the script begins, and transactions and addresses are
//! called what the script calls them.
//!
//! Left out is what may differ: how many logs of other people come first in a block, who the outsiders are that pay, in
//! which words an answer is malformed, and which logs come of a range that ends where there is no block: some nodes give
//! those that they have, some none, and either way they prove nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Log, Receipt};
use plimsoll_core::id::{Address, BlockHash, TxHash};

/// One side's names.
#[derive(Debug)]
pub(super) struct Names {
    /// Where the script begins.
    base: u64,
    addresses: BTreeMap<Address, String>,
    transactions: BTreeMap<TxHash, String>,
    blocks: BTreeMap<BlockHash, usize>,
}

impl Names {
    /// Names of a chain on which the script begins at height `base`.
    pub(super) const fn new(base: u64) -> Self {
        Self {
            base,
            addresses: BTreeMap::new(),
            transactions: BTreeMap::new(),
            blocks: BTreeMap::new(),
        }
    }

    /// Calls an address by this name.
    pub(super) fn call(&mut self, address: Address, name: &str) {
        let other = self.addresses.insert(address, name.to_owned());
        assert_eq!(other, None, "{address} has two names");
    }

    /// Calls a transaction by its number.
    pub(super) fn sent(&mut self, hash: TxHash, number: usize) {
        let other = self.transactions.insert(hash, format!("tx {number}"));
        assert_eq!(other, None, "two transactions are called {hash}");
    }

    /// What was said.
    pub(super) fn told(&mut self, said: &Result<Answer, Fault>) -> String {
        match said {
            Ok(Answer::Identity {
                chain_id,
                genesis,
                decimals,
            }) => format!(
                "chain {chain_id}, genesis {}, decimals {decimals:?}",
                self.hash(*genesis)
            ),
            Ok(Answer::Attested { block }) => format!("attested {}", self.block(block)),
            Ok(Answer::Heads { latest, finalized }) => {
                format!("latest {}, {}", self.block(latest), self.finalized(finalized))
            }
            Ok(Answer::Receipt { finalized, receipt }) => {
                let finalized = self.finalized(finalized);
                let receipt = receipt.as_ref().map(|receipt| self.receipt(receipt));
                format!("{finalized}, {}", receipt.as_deref().unwrap_or("no receipt"))
            }
            Ok(Answer::Scan {
                finalized,
                last,
                logs,
            }) => {
                let mut text = self.finalized(finalized);
                let Some(last) = last else {
                    return text + ", up to a block that is not there";
                };
                let _ = write!(text, ", up to {}", self.block(last));
                assert!(
                    logs.is_sorted_by_key(|found| (found.block, found.log.index)),
                    "the logs are out of order: {logs:?}"
                );
                for found in logs {
                    let _ = write!(
                        text,
                        "\n        {:+} {}: {}",
                        self.height(found.block),
                        self.transaction(found.tx),
                        self.log(&found.log)
                    );
                }
                text
            }
            Ok(Answer::Balances {
                finalized,
                at,
                balances,
            }) => {
                let at = at.as_ref().map(|at| self.block(at));
                format!("{}, at {at:?}: {balances:?}", self.finalized(finalized))
            }
            Err(fault) => fault_in_words(fault),
        }
    }

    fn finalized(&mut self, block: &BlockRef) -> String {
        format!("final {}", self.block(block))
    }

    fn receipt(&mut self, receipt: &Receipt) -> String {
        let outcome = if receipt.succeeded {
            "succeeded"
        } else {
            "reverted"
        };
        let mut text = format!(
            "{} {outcome} in {}",
            self.transaction(receipt.tx),
            self.block(&receipt.block)
        );
        let first = receipt.logs.first().map_or(0, |log| log.index);
        for log in &receipt.logs {
            let _ = write!(text, "\n        #{} {}", log.index - first, self.log(log));
        }
        text
    }

    fn log(&self, log: &Log) -> String {
        let topics: Vec<String> = log
            .topics
            .iter()
            .zip(0..log.topic_count)
            .map(|(topic, place)| match place {
                1 | 2 => self.topic(topic),
                _ => hex(topic),
            })
            .collect();
        let emitter = self.address(log.address);
        let (words, word) = (topics.join(" "), hex(&log.word));
        format!("{emitter} {words} {word} of {} bytes", log.data_len)
    }

    /// An address in a topic, with whatever is before it.
    fn topic(&self, topic: &[u8; 32]) -> String {
        let (high, low) = topic.split_at(12);
        let mut address = [0; 20];
        address.copy_from_slice(low);
        let address = self.address(Address::Evm(address));
        if high.iter().all(|byte| *byte == 0) {
            address
        } else {
            format!("{}:{address}", hex(high))
        }
    }

    fn address(&self, address: Address) -> String {
        let name = self.addresses.get(&address);
        name.cloned().unwrap_or_else(|| "outsider".to_owned())
    }

    fn transaction(&self, hash: TxHash) -> String {
        let name = self.transactions.get(&hash);
        name.cloned().unwrap_or_else(|| format!("the unknown {hash}"))
    }

    fn block(&mut self, block: &BlockRef) -> String {
        format!("{} at {:+}", self.hash(block.hash), self.height(block.number))
    }

    fn hash(&mut self, hash: BlockHash) -> String {
        let next = self.blocks.len();
        format!("block {}", self.blocks.entry(hash).or_insert(next))
    }

    fn height(&self, number: u64) -> i64 {
        number.cast_signed() - self.base.cast_signed()
    }
}

fn fault_in_words(fault: &Fault) -> String {
    match fault {
        // Not every machine on the way sends the header, and the model draws whether one did.
        Fault::RateLimited { retry_after } => {
            let usual = Duration::from_secs(1);
            let other = retry_after.filter(|span| *span != usual);
            other.map_or_else(
                || "rate limited".to_owned(),
                |span| format!("rate limited for {span:?}"),
            )
        }
        Fault::Malformed { .. } => "malformed".to_owned(),
        Fault::Timeout
        | Fault::Connection
        | Fault::Auth
        | Fault::Server { .. }
        | Fault::NotReady
        | Fault::TooLarge
        | Fault::Unsupported
        | Fault::Pruned => format!("{fault:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    plimsoll_tests::evm::hex(bytes)
}
