//! Core's questions as calls to a Solana endpoint, one after the other, and their results as an answer.
//!
//! [`Talk`] is pure: it says what to send and takes what came back, until there is an answer. One call a request, since many
//! endpoints take no batches, and in this order: the finalized head comes first wherever it is asked for, so that it cannot
//! make final what changed after it was read. Every call says its commitment, for vendors differ in the one that they take
//! for granted (trap S10), and nothing is ever asked at `processed`.

mod answer;
mod error;

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Question, Receipt};
use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::{Value, json};

use self::answer::Transaction;
use super::envelope;

/// The newest transaction format that is understood; an endpoint refuses to show newer ones (trap S7).
const TRANSACTION_VERSION_MAX: u8 = 1;

/// A question under way.
#[derive(Debug, Clone)]
pub(super) enum Talk {
    /// Who are you? The genesis hash, whether the node follows the cluster, and each mint.
    Identity {
        tokens: Vec<Address>,
        genesis: Option<BlockHash>,
        is_healthy: bool,
        decimals: Vec<Option<u8>>,
    },
    /// The confirmed head, then the finalized one.
    Heads { latest: Option<BlockRef> },
    /// The finalized slot, the transaction, and the hashes of their blocks.
    Receipt {
        tx: TxHash,
        slot: Option<u64>,
        transaction: Option<Transaction>,
        finalized: Option<BlockRef>,
    },
}

/// What comes of a result.
#[derive(Debug)]
pub(super) enum Step {
    /// Another call is needed.
    Next(Talk),
    /// It was the last.
    Done(Answer),
}

impl Talk {
    /// A talk about `question`.
    ///
    /// # Panics
    /// When it is one for logs, or for what BSC's validators attest: clusters have neither.
    pub(super) fn about(question: &Question) -> Self {
        match question {
            Question::Identity { tokens } => Self::Identity {
                tokens: tokens.clone(),
                genesis: None,
                is_healthy: false,
                decimals: Vec::new(),
            },
            Question::Heads => Self::Heads { latest: None },
            Question::Receipt { tx } => Self::Receipt {
                tx: *tx,
                slot: None,
                transaction: None,
                finalized: None,
            },
            Question::Scan { .. } => unreachable!("a cluster was asked for logs"),
            Question::Balances { .. } => unreachable!("a cluster was asked for what contracts say"),
            Question::Attested => unreachable!("a cluster was asked what its validators attest"),
        }
    }

    /// The body of the next request.
    pub(super) fn request(&self) -> Vec<u8> {
        let (method, params) = self.call();
        let call = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params});
        call.to_string().into_bytes()
    }

    /// Takes the body of the response to [`Self::request`].
    ///
    /// # Errors
    /// The [`Fault`] that it stands for.
    pub(super) fn take(self, body: &[u8]) -> Result<Step, Fault> {
        let results = envelope::open(body, 1, error::fault)?;
        let result = results[0].as_ref().map_err(error::fault)?;
        match self {
            Self::Identity {
                tokens,
                genesis,
                is_healthy,
                decimals,
            } => identity(result, tokens, genesis, is_healthy, decimals),
            Self::Heads { latest: None } => Ok(Step::Next(Self::Heads {
                latest: Some(answer::head(result)?),
            })),
            Self::Heads { latest: Some(latest) } => Ok(Step::Done(Answer::Heads {
                latest,
                finalized: answer::head(result)?,
            })),
            Self::Receipt {
                tx,
                slot: None,
                transaction,
                finalized,
            } => Ok(Step::Next(Self::Receipt {
                tx,
                slot: Some(answer::slot(result)?),
                transaction,
                finalized,
            })),
            Self::Receipt {
                tx,
                slot: Some(number),
                transaction,
                finalized: None,
            } => Ok(Step::Next(Self::Receipt {
                tx,
                slot: Some(number),
                transaction,
                finalized: Some(BlockRef {
                    number,
                    hash: answer::block(result)?,
                }),
            })),
            Self::Receipt {
                tx,
                slot,
                transaction: None,
                finalized: Some(finalized),
            } => Ok(match answer::transaction(result, &tx)? {
                Some(transaction) => Step::Next(Self::Receipt {
                    tx,
                    slot,
                    transaction: Some(transaction),
                    finalized: Some(finalized),
                }),
                None => Step::Done(absent(finalized)),
            }),
            Self::Receipt {
                tx,
                slot: Some(_),
                transaction: Some(transaction),
                finalized: Some(finalized),
            } => {
                let block = BlockRef {
                    number: transaction.slot,
                    hash: answer::block(result)?,
                };
                Ok(Step::Done(shown(tx, block, transaction, finalized)))
            }
        }
    }

    /// The method of the next call, and its parameters.
    fn call(&self) -> (&'static str, Value) {
        match self {
            Self::Identity { genesis: None, .. } => ("getGenesisHash", json!([])),
            Self::Identity {
                is_healthy: false, ..
            } => ("getHealth", json!([])),
            Self::Identity { tokens, decimals, .. } => {
                let mint = tokens.get(decimals.len()).map(ToString::to_string);
                (
                    "getAccountInfo",
                    json!([mint, {"encoding": "jsonParsed", "commitment": "finalized"}]),
                )
            }
            Self::Heads { latest: None } => ("getLatestBlockhash", json!([{"commitment": "confirmed"}])),
            Self::Heads { latest: Some(_) } => ("getLatestBlockhash", json!([{"commitment": "finalized"}])),
            Self::Receipt { slot: None, .. } => ("getSlot", json!([{"commitment": "finalized"}])),
            Self::Receipt {
                slot: Some(slot),
                finalized: None,
                ..
            } => block(*slot, "finalized"),
            Self::Receipt {
                tx,
                transaction: None,
                ..
            } => (
                "getTransaction",
                json!([tx.to_string(), {
                    "encoding": "jsonParsed",
                    "commitment": "confirmed",
                    "maxSupportedTransactionVersion": TRANSACTION_VERSION_MAX,
                }]),
            ),
            Self::Receipt {
                transaction: Some(transaction),
                ..
            } => block(transaction.slot, "confirmed"),
        }
    }
}

/// Takes the next of the facts that tell who an endpoint is.
fn identity(
    result: &serde_json::value::RawValue,
    tokens: Vec<Address>,
    genesis: Option<BlockHash>,
    is_healthy: bool,
    mut decimals: Vec<Option<u8>>,
) -> Result<Step, Fault> {
    let (genesis, is_healthy) = match genesis {
        None => (answer::genesis(result)?, false),
        Some(genesis) if !is_healthy => {
            answer::health(result)?;
            (genesis, true)
        }
        Some(genesis) => {
            decimals.push(answer::decimals(result)?);
            (genesis, true)
        }
    };
    if is_healthy && decimals.len() == tokens.len() {
        return answer::identity(genesis, decimals).map(Step::Done);
    }
    Ok(Step::Next(Talk::Identity {
        tokens,
        genesis: Some(genesis),
        is_healthy,
        decimals,
    }))
}

/// The hash of the block in `slot`, and nothing of what it holds.
fn block(slot: u64, commitment: &'static str) -> (&'static str, Value) {
    let wanted = json!({
        "commitment": commitment,
        "transactionDetails": "none",
        "rewards": false,
        "maxSupportedTransactionVersion": TRANSACTION_VERSION_MAX,
    });
    ("getBlock", json!([slot, wanted]))
}

const fn absent(finalized: BlockRef) -> Answer {
    Answer::Receipt {
        finalized,
        receipt: None,
    }
}

fn shown(tx: TxHash, block: BlockRef, transaction: Transaction, finalized: BlockRef) -> Answer {
    Answer::Receipt {
        finalized,
        receipt: Some(Receipt {
            tx,
            block,
            succeeded: transaction.succeeded,
            logs: Vec::new(),
            balances: transaction.balances,
        }),
    }
}

#[cfg(test)]
mod tests;
