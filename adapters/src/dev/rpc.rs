//! The chain's endpoints: JSON-RPC over HTTP, as much of it as a deposit needs.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use plimsoll_core::escrow::{BlockRef, Log, Receipt};
use plimsoll_core::id::{Address, TxHash};
use plimsoll_sim::model::chain::View;
use plimsoll_sim::world::plan::Token;
use serde_json::{Value, json};

use super::chain::{CHAIN, DevChain};

/// The names of the endpoints and by how many blocks each trails the chain. Each has a provider of its own.
pub const ENDPOINTS: [(&str, u64); 3] = [("alpha", 0), ("beta", 0), ("gamma", 1)];
/// The selector of `balanceOf(address)`, and the clean high bytes of its argument.
const BALANCE_OF: &str = "0x70a08231000000000000000000000000";
/// The selector of `decimals()`.
const DECIMALS: &str = "0x313ce567";
/// The most blocks that one `eth_getLogs` may span.
const LOGS_SPAN_MAX: u64 = 10_000;

/// A refusal, by its code and message (EIP-1474).
type RpcError = (i64, &'static str);

const METHOD_NOT_FOUND: RpcError = (-32601, "the method does not exist");
const INVALID_PARAMS: RpcError = (-32602, "invalid params");
const INVALID_REQUEST: RpcError = (-32600, "invalid request");
const REVERTED: RpcError = (3, "execution reverted");

/// The endpoints of `chain`, one path each.
pub fn router(chain: Arc<DevChain>) -> Router {
    Router::new().route("/{endpoint}", post(answer)).with_state(chain)
}

async fn answer(
    State(chain): State<Arc<DevChain>>,
    Path(endpoint): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let Some((_, lag_blocks)) = ENDPOINTS.iter().find(|(name, _)| *name == endpoint) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answered = chain.view(*lag_blocks, |view| {
        let batch = body
            .as_array()
            .map(|calls| calls.iter().map(|one| call(&view, one)).collect());
        batch.unwrap_or_else(|| call(&view, &body))
    });
    match answered {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the development chain cannot go on"
            );
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn call(view: &View<'_>, call: &Value) -> Value {
    let outcome = match call["method"].as_str() {
        Some(method) => method_of(view, method, &call["params"]),
        None => Err(INVALID_REQUEST),
    };
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": call["id"], "error": { "code": code, "message": message } })
        }
    }
}

fn method_of(view: &View<'_>, method: &str, params: &Value) -> Result<Value, RpcError> {
    match method {
        "eth_chainId" => Ok(quantity(CHAIN.number())),
        "eth_blockNumber" => Ok(quantity(view.latest().number)),
        "eth_getBlockByNumber" => {
            let block = height(view, &params[0])?.and_then(|number| view.header(number));
            Ok(block.map_or(
                Value::Null,
                |block| json!({ "number": quantity(block.number), "hash": block.hash.to_string() }),
            ))
        }
        "eth_getTransactionReceipt" => {
            let tx: TxHash = parsed(&params[0])?;
            Ok(view.receipt(&tx).as_ref().map_or(Value::Null, receipt))
        }
        "eth_getLogs" => logs(view, &params[0]),
        "eth_call" => contract(view, &params[0], &params[1]),
        _ => Err(METHOD_NOT_FOUND),
    }
}

/// The height that a block is called by; `None` for one that a node may not have.
fn height(view: &View<'_>, name: &Value) -> Result<Option<u64>, RpcError> {
    match name.as_str() {
        Some("latest") => Ok(Some(view.latest().number)),
        Some("finalized" | "safe") => Ok(Some(view.finalized().number)),
        Some("earliest") => Ok(Some(0)),
        Some("pending") => Ok(None),
        Some(hex) => {
            let digits = hex.strip_prefix("0x").ok_or(INVALID_PARAMS)?;
            u64::from_str_radix(digits, 16)
                .map(Some)
                .map_err(|_| INVALID_PARAMS)
        }
        None => Err(INVALID_PARAMS),
    }
}

fn logs(view: &View<'_>, filter: &Value) -> Result<Value, RpcError> {
    let from = height(view, &filter["fromBlock"])?.ok_or(INVALID_PARAMS)?;
    let to = height(view, &filter["toBlock"])?
        .ok_or(INVALID_PARAMS)?
        .min(view.latest().number);
    if to.saturating_sub(from) > LOGS_SPAN_MAX {
        return Err((-32005, "the range of blocks is too large"));
    }
    let addresses = filter["address"].as_array().ok_or(INVALID_PARAMS)?;
    let tokens: Vec<Address> = addresses.iter().map(parsed).collect::<Result<_, _>>()?;
    let found = view.scan(from, to, &tokens);
    let place = |number: u64| view.header(number).ok_or(INVALID_PARAMS);
    found
        .iter()
        .map(|found| Ok(log(&found.log, &found.tx, place(found.block)?)))
        .collect()
}

fn receipt(receipt: &Receipt) -> Value {
    let logs: Vec<Value> = receipt
        .logs
        .iter()
        .map(|one| log(one, &receipt.tx, receipt.block))
        .collect();
    json!({
        "transactionHash": receipt.tx.to_string(),
        "blockNumber": quantity(receipt.block.number),
        "blockHash": receipt.block.hash.to_string(),
        "status": quantity(u64::from(receipt.succeeded)),
        "logs": logs,
    })
}

fn log(log: &Log, tx: &TxHash, block: BlockRef) -> Value {
    let topics: Vec<String> = log
        .topics
        .iter()
        .take(usize::from(log.topic_count))
        .map(hex)
        .collect();
    json!({
        "address": log.address.to_string(),
        "topics": topics,
        "data": hex(&log.word),
        "logIndex": quantity(log.index),
        "blockNumber": quantity(block.number),
        "blockHash": block.hash.to_string(),
        "transactionHash": tx.to_string(),
        "removed": false,
    })
}

/// `decimals()` and `balanceOf(address)` of a token are all that can be called.
fn contract(view: &View<'_>, call: &Value, at: &Value) -> Result<Value, RpcError> {
    let contract: Address = parsed(&call["to"])?;
    let token = Token::ALL
        .into_iter()
        .filter_map(|token| token.facts().contract)
        .find(|(at, _)| *at == contract);
    match (token, call["data"].as_str()) {
        (Some((_, decimals)), Some(DECIMALS)) => {
            let mut word = [0; 32];
            word[31] = decimals;
            Ok(Value::String(hex(&word)))
        }
        (Some(_), Some(data)) => {
            let holder = data.strip_prefix(BALANCE_OF).ok_or(REVERTED)?;
            let holder: Address = format!("0x{holder}").parse().map_err(|_| INVALID_PARAMS)?;
            let number = height(view, at)?.filter(|number| view.header(*number).is_some());
            let number = number.ok_or((-32000, "header not found"))?;
            let words = view.balances(number, contract, &[holder]);
            Ok(words.first().map_or(Value::Null, |word| Value::String(hex(word))))
        }
        _ => Err(REVERTED),
    }
}

fn parsed<T: std::str::FromStr>(value: &Value) -> Result<T, RpcError> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or(INVALID_PARAMS)
}

fn quantity(number: u64) -> Value {
    Value::String(format!("{number:#x}"))
}

fn hex(word: &[u8; 32]) -> String {
    word.iter()
        .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
