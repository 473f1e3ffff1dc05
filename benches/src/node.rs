//! [`Node`]: endpoints of a chain that speak JSON-RPC over loopback, as fast as they can. They are not measured, but they
//! share the machine with what is.
//!
//! Blocks come at the pace of BNB Smart Chain, and are final three blocks later. Transactions come when a bench says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use plimsoll_core::escrow::TRANSFER_TOPIC;
use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::toy_chain::{GENESIS, TOKEN, TOKEN_DECIMALS};

/// The chain's id.
pub const CHAIN: u64 = 56;
/// BEP-619: 0.45 s.
const BLOCK_TIME: Duration = Duration::from_millis(450);
/// How far the finalized block is behind the latest.
const FINALITY_BLOCKS: u64 = 3;
/// How many transactions a block takes.
const TRANSACTIONS_PER_BLOCK: usize = 1_000;
/// The latest block at the start.
const FIRST_BLOCK: u64 = 100;

/// A chain, and where its endpoints listen.
#[derive(Debug, Clone)]
pub struct Node {
    port: u16,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug)]
struct Inside {
    began: Instant,
    transactions: u64,
    /// The block of each transaction, and its only log.
    mined: BTreeMap<String, (u64, String)>,
    /// The transactions of each block.
    by_block: BTreeMap<u64, Vec<String>>,
}

impl Node {
    /// Starts one. Every path is an endpoint.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let port = listener.local_addr().expect("an address").port();
        let inside = Inside {
            began: Instant::now(),
            transactions: 0,
            mined: BTreeMap::new(),
            by_block: BTreeMap::new(),
        };
        let node = Self {
            port,
            inside: Arc::new(Mutex::new(inside)),
        };
        let router = Router::new()
            .route("/{endpoint}", post(answer))
            .with_state(node.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        node
    }

    /// The address of the endpoint called `name`.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    /// Has one transaction mined for each of `payees`, in the next blocks, that pays `units` of the token.
    #[must_use]
    pub fn pay(&self, payees: &[Address], units: u128) -> Vec<TxHash> {
        let mut inside = self.lock();
        let next = inside.latest() + 1;
        let blocks = payees.chunks(TRANSACTIONS_PER_BLOCK).zip(next..);
        blocks
            .flat_map(|(payees, block)| {
                let pay = |payee: &Address| inside.pay(block, *payee, units);
                payees.iter().map(pay).collect::<Vec<_>>()
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn latest(&self) -> u64 {
        let blocks = self.began.elapsed().as_nanos() / BLOCK_TIME.as_nanos();
        FIRST_BLOCK + u64::try_from(blocks).unwrap_or(u64::MAX)
    }

    fn pay(&mut self, block: u64, to: Address, units: u128) -> TxHash {
        self.transactions += 1;
        let mut hash = [0x77; 32];
        hash[..8].copy_from_slice(&self.transactions.to_be_bytes());
        let tx = TxHash::Evm(hash);
        let topic = |address: &Address| format!("0x{:0>64}", &address.to_string()[2..]);
        let (payer, payee) = (topic(&Address::Evm([0xaa; 20])), topic(&to));
        let transfer = BlockHash::Evm(TRANSFER_TOPIC);
        let log = format!(
            r#"{{"address":"{TOKEN}","topics":["{transfer}","{payer}","{payee}"],"data":"0x{units:064x}","logIndex":"0x0","blockNumber":"{block:#x}","blockHash":"{}","transactionHash":"{tx}","removed":false}}"#,
            hash_of(block)
        );
        self.mined.insert(tx.to_string(), (block, log));
        self.by_block.entry(block).or_default().push(tx.to_string());
        tx
    }

    fn answer(&self, method: &str, params: &Value) -> Option<String> {
        let latest = self.latest();
        match method {
            "eth_chainId" => Some(format!("\"{CHAIN:#x}\"")),
            "eth_getBlockByNumber" => {
                let number = height(&params[0], latest)?;
                Some(format!(
                    r#"{{"number":"{number:#x}","hash":"{}"}}"#,
                    hash_of(number)
                ))
            }
            "eth_call" => Some(format!("\"0x{TOKEN_DECIMALS:064x}\"")),
            "eth_getTransactionReceipt" => Some(self.receipt(params[0].as_str()?, latest)),
            "eth_getLogs" => Some(self.logs(
                height(&params[0]["fromBlock"], latest)?,
                height(&params[0]["toBlock"], latest)?,
            )),
            _ => None,
        }
    }

    fn receipt(&self, tx: &str, latest: u64) -> String {
        match self.mined.get(tx) {
            Some((block, log)) if *block <= latest => format!(
                r#"{{"transactionHash":"{tx}","blockNumber":"{block:#x}","blockHash":"{}","status":"0x1","logs":[{log}]}}"#,
                hash_of(*block)
            ),
            _ => "null".to_owned(),
        }
    }

    fn logs(&self, from: u64, to: u64) -> String {
        let mined = self.by_block.range(from..=to).flat_map(|(_, mined)| mined);
        let logs: Vec<&str> = mined.map(|tx| &*self.mined[tx].1).collect();
        format!("[{}]", logs.join(","))
    }
}

fn hash_of(block: u64) -> BlockHash {
    if block == 0 {
        return GENESIS;
    }
    let mut hash = [0xb1; 32];
    hash[..8].copy_from_slice(&block.to_be_bytes());
    BlockHash::Evm(hash)
}

fn height(name: &Value, latest: u64) -> Option<u64> {
    let number = match name.as_str()? {
        "latest" => latest,
        "finalized" => latest - FINALITY_BLOCKS,
        hex => u64::from_str_radix(hex.strip_prefix("0x")?, 16).ok()?,
    };
    (number <= latest).then_some(number)
}

async fn answer(State(node): State<Node>, body: Bytes) -> Response {
    let Ok(calls) = serde_json::from_slice::<Vec<Value>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let inside = node.lock();
    let answer = |call: &Value| {
        let result = call["method"]
            .as_str()
            .and_then(|method| inside.answer(method, &call["params"]));
        format!(
            r#"{{"jsonrpc":"2.0","id":{},"result":{}}}"#,
            call["id"],
            result.as_deref().unwrap_or("null")
        )
    };
    let answers: Vec<String> = calls.iter().map(answer).collect();
    format!("[{}]", answers.join(",")).into_response()
}
