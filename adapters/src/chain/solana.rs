//! Core's questions as calls to a Solana endpoint, one after the other, and their results as an answer.
//!
//! [`Talk`] is pure: it says what to send and takes what came back, until there is an answer. One call a request, since many
//! endpoints take no batches, and in this order: the finalized head comes first wherever it is asked for, so that it cannot
//! make final what changed after it was read. Every call says its commitment, for vendors differ in the one that they take
//! for granted (trap S10), and nothing is ever asked at `processed`.

mod answer;
mod error;
mod lap;

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Question, Receipt};
use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use self::answer::Transaction;
use self::lap::Lap;
use super::envelope;

/// The newest transaction format that is understood; an endpoint refuses to show newer ones (trap S7).
const TRANSACTION_VERSION_MAX: u8 = 1;

/// A slot that no node comes to.
const NEVER: u64 = 1 << 52;

/// A question under way.
#[derive(Debug, Clone)]
pub(super) enum Talk {
    /// Who are you? The genesis hash, whether the node follows the cluster, whether it says so when it has not come to a slot,
    /// and each mint. Laps stand on that: a list of signatures does not tell how far the node is that made it (trap S9).
    Identity { tokens: Vec<Address>, known: Known },
    /// The confirmed head, then the finalized one.
    Heads { latest: Option<BlockRef> },
    /// The finalized slot, the transaction, and the hashes of their blocks.
    Receipt {
        tx: TxHash,
        slot: Option<u64>,
        transaction: Option<Transaction>,
        finalized: Option<BlockRef>,
    },
    /// Whether the node that had no transaction was as far as the one that told the finalized slot: there may be several behind
    /// one address (trap S9).
    Absence { tx: TxHash, finalized: BlockRef },
    /// The finalized slot, the block of the last slot, and what names each account.
    Scan(Lap),
}

/// What is known of who a node is.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// Not even its cluster.
    Nothing,
    /// Its cluster.
    Genesis(BlockHash),
    /// Also that it follows it.
    Healthy(BlockHash),
    /// Also that it says so when it has not come to a slot, and the decimals of the first mints.
    Honest(BlockHash, Vec<Option<u8>>),
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
    /// When it is one for what BSC's validators attest: clusters have no such thing.
    pub(super) fn about(question: &Question) -> Self {
        match question {
            Question::Identity { tokens } => Self::Identity {
                tokens: tokens.clone(),
                known: Known::Nothing,
            },
            Question::Heads => Self::Heads { latest: None },
            Question::Receipt { tx } => Self::Receipt {
                tx: *tx,
                slot: None,
                transaction: None,
                finalized: None,
            },
            Question::Scan { from, to, tokens } => Self::Scan(Lap::new((*from, *to), tokens)),
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
        let result = match (&results[0], self) {
            (Ok(result), talk) => return talk.take_result(result),
            (Err(error), Self::Scan(lap)) if lap.awaits_last() && error::is_skipped(error) => {
                return Ok(Step::Next(Self::Scan(lap.look_below())));
            }
            (
                Err(error),
                Self::Identity {
                    tokens,
                    known: Known::Healthy(genesis),
                },
            ) if error::is_ahead(error) => {
                return identity(tokens, genesis, Vec::new());
            }
            (Err(error), _) => error,
        };
        Err(error::fault(result))
    }

    /// Takes the result of the call.
    fn take_result(self, result: &RawValue) -> Result<Step, Fault> {
        match self {
            Self::Identity { tokens, known } => known.take(result, tokens),
            Self::Heads { latest: None } => Ok(Step::Next(Self::Heads {
                latest: Some(answer::head(result)?),
            })),
            Self::Heads { latest: Some(latest) } => Ok(Step::Done(Answer::Heads {
                latest,
                finalized: answer::head(result)?,
            })),
            Self::Receipt {
                tx,
                slot,
                transaction,
                finalized,
            } => receipt(result, tx, slot, finalized, transaction),
            Self::Absence { finalized, .. } => {
                answer::absence(result, finalized.number)?;
                Ok(Step::Done(absent(finalized)))
            }
            Self::Scan(lap) => lap.take(result),
        }
    }

    /// The method of the next call, and its parameters.
    fn call(&self) -> (&'static str, Value) {
        match self {
            Self::Identity { tokens, known } => known.call(tokens),
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
            Self::Absence { tx, .. } => (
                "getSignatureStatuses",
                json!([[tx.to_string()], {"searchTransactionHistory": true}]),
            ),
            Self::Scan(lap) => lap.call(),
        }
    }
}

/// Takes the next of what tells of a transaction: the finalized slot, its block, the transaction, the block of that.
fn receipt(
    result: &RawValue,
    tx: TxHash,
    slot: Option<u64>,
    finalized: Option<BlockRef>,
    transaction: Option<Transaction>,
) -> Result<Step, Fault> {
    let next = |slot, finalized, transaction| {
        Step::Next(Talk::Receipt {
            tx,
            slot: Some(slot),
            transaction,
            finalized,
        })
    };
    let Some(number) = slot else {
        return Ok(next(answer::slot(result)?, None, None));
    };
    let Some(finalized) = finalized else {
        let hash = answer::block(result)?;
        return Ok(next(number, Some(BlockRef { number, hash }), None));
    };
    let Some(transaction) = transaction else {
        return Ok(match answer::transaction(result, &tx)? {
            Some(transaction) => next(number, Some(finalized), Some(transaction)),
            None => Step::Next(Talk::Absence { tx, finalized }),
        });
    };
    let block = BlockRef {
        number: transaction.slot,
        hash: answer::block(result)?,
    };
    Ok(Step::Done(shown(tx, block, transaction, finalized)))
}

impl Known {
    fn call(&self, tokens: &[Address]) -> (&'static str, Value) {
        match self {
            Self::Nothing => ("getGenesisHash", json!([])),
            Self::Genesis(_) => ("getHealth", json!([])),
            Self::Healthy(_) => {
                let mint = tokens.first().map(ToString::to_string);
                let wanted = json!({"commitment": "finalized", "limit": 1, "minContextSlot": NEVER});
                ("getSignaturesForAddress", json!([mint, wanted]))
            }
            Self::Honest(_, decimals) => {
                let mint = tokens.get(decimals.len()).map(ToString::to_string);
                let wanted = json!({"encoding": "jsonParsed", "commitment": "finalized"});
                ("getAccountInfo", json!([mint, wanted]))
            }
        }
    }

    fn take(self, result: &RawValue, tokens: Vec<Address>) -> Result<Step, Fault> {
        let next = |tokens, known| Ok(Step::Next(Talk::Identity { tokens, known }));
        match self {
            Self::Nothing => next(tokens, Self::Genesis(answer::genesis(result)?)),
            Self::Genesis(genesis) => {
                answer::health(result)?;
                next(tokens, Self::Healthy(genesis))
            }
            Self::Healthy(_) => {
                tracing::error!(
                    "an endpoint lists signatures as of a slot that no node has come to: it does not obey `minContextSlot`, so what \
                     it leaves out proves nothing, and it is not used; configure another"
                );
                Err(envelope::malformed("signatures as of a slot to come"))
            }
            Self::Honest(genesis, mut decimals) => {
                decimals.push(answer::decimals(result)?);
                identity(tokens, genesis, decimals)
            }
        }
    }
}

/// Goes on to the next mint, if one is left.
fn identity(tokens: Vec<Address>, genesis: BlockHash, decimals: Vec<Option<u8>>) -> Result<Step, Fault> {
    if decimals.len() == tokens.len() {
        return answer::identity(genesis, decimals).map(Step::Done);
    }
    let known = Known::Honest(genesis, decimals);
    Ok(Step::Next(Talk::Identity { tokens, known }))
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
