//! Bytes to answers: what an endpoint said, parsed whole or refused with what is wrong.
//!
//! Unknown fields are passed over, and every field that is used must be there and make sense: an answer to another
//! question, logs of another transaction or outside the filter, a block at another height are all
//! [`Fault::Malformed`]. What the facts in an answer are worth is core's to judge.

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Log, Question, Receipt, ScanLog, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::envelope::{self, CallResult, malformed};
use super::hex::{Data, Hex};

/// The most logs in one answer.
pub(super) const LOGS_MAX: usize = 50_000;

/// Reads the `body` of the response to `question`.
///
/// # Errors
/// The [`Fault`] that the body stands for.
pub fn parse(question: &Question, body: &[u8]) -> Result<Answer, Fault> {
    let calls = envelope::open(
        body,
        usize::try_from(question.calls()).unwrap_or(usize::MAX),
        envelope::RpcError::fault,
    )?;
    match question {
        Question::Identity { tokens } => identity(&calls, tokens.len()),
        Question::Heads => heads(&calls),
        Question::Attested => Ok(Answer::Attested {
            block: required_block(&calls[0])?,
        }),
        Question::Receipt { tx } => receipt(&calls, tx),
        Question::Scan { from, to, tokens } => scan(
            &calls,
            &Filter {
                from: *from,
                to: *to,
                tokens,
            },
        ),
        Question::Balances { block, .. } => balances(&calls, *block),
    }
}

fn identity(calls: &[CallResult<'_>], tokens: usize) -> Result<Answer, Fault> {
    let Hex(chain_id) = value::<Hex<u64>>(&calls[0], "a chain id")?;
    let genesis = required_block(&calls[1])?;
    if genesis.number != 0 {
        return Err(malformed("a genesis block with a number"));
    }
    let decimals = calls[2..]
        .iter()
        .map(decimals)
        .collect::<Result<Vec<_>, Fault>>()?;
    assert_eq!(decimals.len(), tokens, "the batch has a call for each token");
    Ok(Answer::Identity {
        chain_id,
        genesis: genesis.hash,
        decimals,
    })
}

/// `None`: the address has no such function, or no code at all.
fn decimals(call: &CallResult<'_>) -> Result<Option<u8>, Fault> {
    if call.as_ref().is_err_and(envelope::RpcError::is_revert) {
        return Ok(None);
    }
    let Hex(data) = value::<Hex<Data>>(call, "the result of decimals()")?;
    let (padding, number) = data.word.split_at(31);
    let is_uint8 = data.len == 32 && padding.iter().all(|byte| *byte == 0);
    Ok(number.first().copied().filter(|_| is_uint8))
}

fn heads(calls: &[CallResult<'_>]) -> Result<Answer, Fault> {
    Ok(Answer::Heads {
        latest: required_block(&calls[0])?,
        finalized: required_block(&calls[1])?,
    })
}

fn receipt(calls: &[CallResult<'_>], tx: &TxHash) -> Result<Answer, Fault> {
    let finalized = required_block(&calls[0])?;
    let Some(raw) = value::<Option<RawReceipt>>(&calls[1], "a receipt")? else {
        return Ok(Answer::Receipt {
            finalized,
            receipt: None,
        });
    };
    if raw.tx.0 != *tx {
        return Err(malformed("a receipt of another transaction"));
    }
    // Some nodes give a transaction that waits in their pool a receipt without a block.
    let (Some(Hex(number)), Some(Hex(hash))) = (raw.block_number, raw.block_hash) else {
        return Ok(Answer::Receipt {
            finalized,
            receipt: None,
        });
    };
    let block = BlockRef { number, hash };
    let succeeded = match raw.status.0 {
        0 => false,
        1 => true,
        _ => return Err(malformed("a receipt status that is neither 0 nor 1")),
    };
    let logs = receipt_logs(raw.logs, tx, &block)?;
    Ok(Answer::Receipt {
        finalized,
        receipt: Some(Receipt {
            tx: *tx,
            block,
            succeeded,
            logs,
            balances: Vec::new(),
        }),
    })
}

/// The logs in receipt order, each of this transaction in this block.
fn receipt_logs(raw: Vec<RawLog>, tx: &TxHash, block: &BlockRef) -> Result<Vec<Log>, Fault> {
    let mut logs = Vec::with_capacity(raw.len());
    for log in raw {
        let is_here = log.tx.0 == *tx && log.block_hash.0 == block.hash && log.block_number.0 == block.number;
        if !is_here || log.removed {
            return Err(malformed("a receipt with a log from elsewhere"));
        }
        logs.push(log.log()?);
    }
    logs.sort_by_key(|log| log.index);
    if logs.is_sorted_by(|a, b| a.index < b.index) {
        Ok(logs)
    } else {
        Err(malformed("two logs with one index"))
    }
}

struct Filter<'a> {
    from: u64,
    to: u64,
    tokens: &'a [Address],
}

fn scan(calls: &[CallResult<'_>], filter: &Filter<'_>) -> Result<Answer, Fault> {
    let finalized = required_block(&calls[0])?;
    let last = block(&calls[1])?;
    if last.is_some_and(|last| last.number != filter.to) {
        return Err(malformed("a block at another height"));
    }
    let raw = match &calls[2] {
        // The node said it already: it has not got the last block.
        Err(error) if last.is_none() && error.is_beyond_head() => Vec::new(),
        Err(error) if error.is_bare_limit() => return Err(Fault::Unsupported),
        logs => value::<Vec<RawLog>>(logs, "an array of logs")?,
    };
    if raw.len() > LOGS_MAX {
        return Err(Fault::TooLarge);
    }
    let mut logs = Vec::with_capacity(raw.len());
    for found in raw.into_iter().filter(|log| !log.removed) {
        let (tx, block, log) = (found.tx.0, found.block_number.0, found.log()?);
        let is_asked = (filter.from..=filter.to).contains(&block)
            && filter.tokens.contains(&log.address)
            && log.topic_count > 0
            && log.topics[0] == TRANSFER_TOPIC;
        if !is_asked {
            return Err(malformed("a log outside the filter"));
        }
        logs.push(ScanLog { tx, block, log });
    }
    logs.sort_by_key(|found| (found.block, found.log.index));
    if logs.is_sorted_by(|a, b| (a.block, a.log.index) < (b.block, b.log.index)) {
        Ok(Answer::Scan {
            finalized,
            last,
            logs,
        })
    } else {
        Err(malformed("two logs with one index"))
    }
}

/// A node that has not got the block, or has dropped its state, has nothing to show.
fn balances(calls: &[CallResult<'_>], number: u64) -> Result<Answer, Fault> {
    let finalized = required_block(&calls[0])?;
    let mut at = block(&calls[1])?;
    if at.is_some_and(|at| at.number != number) {
        return Err(malformed("a block at another height"));
    }
    let mut balances = Vec::with_capacity(calls.len() - 2);
    for call in &calls[2..] {
        if call.as_ref().is_err_and(envelope::RpcError::lacks_state) {
            at = None;
            continue;
        }
        let Hex(data) = value::<Hex<Data>>(call, "the result of balanceOf()")?;
        if data.len != 32 {
            return Err(malformed("a balance that is no word"));
        }
        balances.push(data.word);
    }
    if at.is_none() {
        balances.clear();
    }
    Ok(Answer::Balances {
        finalized,
        at,
        balances,
    })
}

#[derive(Deserialize)]
struct RawBlock {
    number: Hex<u64>,
    hash: Hex<BlockHash>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    #[serde(rename = "transactionHash")]
    tx: Hex<TxHash>,
    block_number: Option<Hex<u64>>,
    block_hash: Option<Hex<BlockHash>>,
    status: Hex<u64>,
    logs: Vec<RawLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    address: Hex<Address>,
    topics: Vec<Hex<[u8; 32]>>,
    data: Hex<Data>,
    log_index: Hex<u64>,
    block_number: Hex<u64>,
    block_hash: Hex<BlockHash>,
    #[serde(rename = "transactionHash")]
    tx: Hex<TxHash>,
    #[serde(default)]
    removed: bool,
}

impl RawLog {
    fn log(&self) -> Result<Log, Fault> {
        let mut topics = [[0; 32]; 4];
        let topic_count = u8::try_from(self.topics.len()).ok().filter(|count| *count <= 4);
        for (topic, Hex(found)) in topics.iter_mut().zip(&self.topics) {
            *topic = *found;
        }
        Ok(Log {
            address: self.address.0,
            topics,
            topic_count: topic_count.ok_or_else(|| malformed("a log with more than four topics"))?,
            word: self.data.0.word,
            data_len: self.data.0.len,
            index: self.log_index.0,
        })
    }
}

/// A block that the node should have but may not have yet, such as a finalized one after its start.
fn required_block(call: &CallResult<'_>) -> Result<BlockRef, Fault> {
    block(call)?.ok_or(Fault::NotReady)
}

fn block(call: &CallResult<'_>) -> Result<Option<BlockRef>, Fault> {
    let raw = value::<Option<RawBlock>>(call, "a block")?;
    Ok(raw.map(|raw| BlockRef {
        number: raw.number.0,
        hash: raw.hash.0,
    }))
}

/// The result of a call as a `T`; `what` says what it should have been.
fn value<T: DeserializeOwned>(call: &CallResult<'_>, what: &'static str) -> Result<T, Fault> {
    match call {
        Ok(result) => serde_json::from_str(result.get()).map_err(|_| malformed(what)),
        Err(error) => Err(error.fault()),
    }
}

#[cfg(test)]
mod tests;
