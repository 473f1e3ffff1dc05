//! JSON-RPC as an endpoint speaks it: bytes to the simulator's questions, and its answers to bytes.

use plimsoll_core::escrow::{Answer, BlockRef, Log, Question};
use plimsoll_core::id::{BlockHash, TxHash};
use serde_json::{Value, json};

/// The question that a batch asks; `None` if it asks none that this world knows.
pub(crate) fn question(body: &[u8]) -> Option<Question> {
    let batch: Vec<Value> = serde_json::from_slice(body).ok()?;
    let method = |place: usize| batch.get(place).and_then(|call| call["method"].as_str());
    let first = |place: usize| batch.get(place).map(|call| &call["params"][0]);
    if method(0)? == "eth_getFinalizedHeader" {
        return Some(Question::Attested);
    }
    match (method(0)?, first(0)?.as_str(), method(1)?) {
        ("eth_chainId", _, "eth_getBlockByNumber") => {
            let tokens = batch.iter().skip(2).map(|call| parsed(&call["params"][0]["to"]));
            let tokens = tokens.collect::<Option<_>>()?;
            Some(Question::Identity { tokens })
        }
        ("eth_getBlockByNumber", Some("latest"), "eth_getBlockByNumber") => Some(Question::Heads),
        ("eth_getBlockByNumber", Some("finalized"), "eth_getTransactionReceipt") => {
            let tx: TxHash = parsed(first(1)?)?;
            Some(Question::Receipt { tx })
        }
        ("eth_getBlockByNumber", Some("finalized"), "eth_getBlockByNumber")
            if method(2) == Some("eth_call") =>
        {
            let calls = || batch.iter().skip(2).map(|call| &call["params"][0]);
            let holder = |call: &Value| {
                let data = call["data"].as_str()?;
                format!("0x{}", data.get(data.len().checked_sub(40)?..)?)
                    .parse()
                    .ok()
            };
            Some(Question::Balances {
                block: height(first(1)?)?,
                token: parsed(&calls().next()?["to"])?,
                holders: calls().map(holder).collect::<Option<_>>()?,
            })
        }
        ("eth_getBlockByNumber", Some("finalized"), "eth_getBlockByNumber") => {
            let filter = first(2)?;
            let tokens = filter["address"].as_array()?.iter().map(parsed);
            Some(Question::Scan {
                from: height(&filter["fromBlock"])?,
                to: height(&filter["toBlock"])?,
                tokens: tokens.collect::<Option<_>>()?,
            })
        }
        _ => None,
    }
}

/// The batch that says `answer`.
pub(crate) fn answered(answer: &Answer) -> Value {
    let results = match answer {
        Answer::Identity {
            chain_id,
            genesis,
            decimals,
        } => {
            let genesis = BlockRef {
                number: 0,
                hash: *genesis,
            };
            let start = [Ok(quantity(*chain_id)), Ok(block(Some(&genesis)))];
            start.into_iter().chain(decimals.iter().map(word)).collect()
        }
        Answer::Attested { block: attested } => vec![Ok(block(Some(attested)))],
        Answer::Heads { latest, finalized } => vec![Ok(block(Some(latest))), Ok(block(Some(finalized)))],
        Answer::Receipt { finalized, receipt } => {
            let receipt = receipt.as_ref().map_or(Value::Null, |one| {
                let logs: Vec<Value> = one
                    .logs
                    .iter()
                    .map(|entry| log(entry, &one.tx, &one.block))
                    .collect();
                json!({
                    "transactionHash": one.tx.to_string(),
                    "blockNumber": quantity(one.block.number),
                    "blockHash": one.block.hash.to_string(),
                    "status": quantity(one.succeeded.into()),
                    "logs": logs,
                })
            });
            vec![Ok(block(Some(finalized))), Ok(receipt)]
        }
        Answer::Scan {
            finalized,
            last,
            logs,
        } => {
            // The client reads no block hash from a scan: the header of its last block vouches for it.
            let place = |number| BlockRef {
                number,
                hash: BlockHash::Evm([0; 32]),
            };
            let logs = logs
                .iter()
                .map(|found| log(&found.log, &found.tx, &place(found.block)));
            vec![
                Ok(block(Some(finalized))),
                Ok(block(last.as_ref())),
                Ok(logs.collect()),
            ]
        }
        Answer::Balances {
            finalized,
            at,
            balances,
        } => {
            let start = [Ok(block(Some(finalized))), Ok(block(at.as_ref()))];
            let balance = |word: &[u8; 32]| {
                let digits = word.iter().map(|byte| format!("{byte:02x}"));
                Ok(Value::String(format!("0x{}", digits.collect::<String>())))
            };
            start.into_iter().chain(balances.iter().map(balance)).collect()
        }
    };
    batch(results)
}

/// An error instead of a batch.
pub(crate) fn refused(code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}})
}

fn batch(results: Vec<Result<Value, Value>>) -> Value {
    let numbered = results.into_iter().enumerate().map(|(id, result)| match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    });
    numbered.collect()
}

fn word(decimals: &Option<u8>) -> Result<Value, Value> {
    let Some(decimals) = decimals else {
        return Err(json!({"code": 3, "message": "execution reverted"}));
    };
    Ok(Value::String(format!("{decimals:#066x}")))
}

fn block(block: Option<&BlockRef>) -> Value {
    block.map_or(
        Value::Null,
        |block| json!({"number": quantity(block.number), "hash": block.hash.to_string()}),
    )
}

fn log(log: &Log, tx: &TxHash, block: &BlockRef) -> Value {
    let topics = log.topics.iter().take(log.topic_count.into());
    let topics: Vec<String> = topics.map(|topic| BlockHash::Evm(*topic).to_string()).collect();
    json!({
        "address": log.address.to_string(),
        "topics": topics,
        "data": data(log),
        "logIndex": quantity(log.index),
        "blockNumber": quantity(block.number),
        "blockHash": block.hash.to_string(),
        "transactionHash": tx.to_string(),
        "removed": false,
    })
}

/// The first word, and zeros up to the length that there is.
fn data(log: &Log) -> String {
    let bytes = log.word.iter().copied().chain(std::iter::repeat(0));
    let hex = bytes.take(usize::try_from(log.data_len).unwrap_or(usize::MAX));
    hex.fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn height(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn parsed<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

fn quantity(number: u64) -> Value {
    Value::String(format!("{number:#x}"))
}
