//! A private anvil: a real EVM behind real JSON-RPC, whose blocks come only when a test says so.
//!
//! One slot makes an epoch, so `safe` is the head's parent and `finalized` its grandparent: finality as on BSC, by the
//! tag. Anvil forgets what a reorganisation removes: neither does it put the transactions back into the pool, nor does
//! it tell subscribers of removed logs. [`Node::raw`] before and [`Node::send_raw`] after bring one back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::receipt::{Receipt, parsed, quantity};
use super::{bytes, hex};
use crate::http::Client;
use crate::process::{Process, temporary_folder};

/// The binary that npm ships, for Linux on x86-64 alone.
const ANVIL: &str = "npm/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
/// How long a node may take to listen; it takes 0.1 s on an idle machine.
const START_TIME_MAX: Duration = Duration::from_secs(30);
/// The gas of one block: enough for a thousand transfers with the most that a [`super::wallet::Wallet`] gives one.
const BLOCK_GAS: &str = "1000000000";

/// A running node.
#[derive(Debug)]
pub struct Node {
    process: Process,
    client: Client,
    accounts: Vec<Address>,
    _folder: TempDir,
}

/// Which block is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// The head.
    Latest,
    /// The head's parent.
    Safe,
    /// The head's grandparent.
    Finalized,
    /// The one at a height.
    Height(u64),
}

/// A block, by both its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: BlockHash,
}

/// An error that the node answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    /// The JSON-RPC code.
    pub code: i64,
    /// What it says.
    pub message: String,
}

/// A state of the whole node to which it can return once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Value);

impl Node {
    /// Starts a node with its own chain of this id (56 is BSC, 97 its test net) and ten rich, unlocked accounts.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start(chain_id: u64) -> Self {
        Self::start_with_accounts(chain_id, 10)
    }

    /// The same with so many accounts.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start_with_accounts(chain_id: u64, accounts: usize) -> Self {
        let folder = temporary_folder();
        let mut command = Command::new(installed(ANVIL));
        command
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--chain-id",
                &chain_id.to_string(),
            ])
            .args(["--no-mining", "--slots-in-an-epoch", "1"])
            .args(["--order", "fifo", "--gas-limit", BLOCK_GAS])
            .args(["--accounts", &accounts.to_string()])
            .current_dir(folder.path());
        let mut process = Process::spawn("anvil", folder.path(), command);
        let address = process.await_line("Listening on ", START_TIME_MAX);
        let client = Client::new(&format!("http://{address}"));
        let mut node = Self {
            process,
            client,
            accounts: Vec::new(),
            _folder: folder,
        };
        let accounts = node.rpc("eth_accounts", &json!([]));
        node.accounts = accounts
            .as_array()
            .expect("accounts are a list")
            .iter()
            .map(parsed)
            .collect();
        node
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        self.client.base()
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Its unlocked accounts: anyone may send from them.
    #[must_use]
    pub fn accounts(&self) -> &[Address] {
        &self.accounts
    }

    /// The chain's id, as it says itself.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        quantity(&self.rpc("eth_chainId", &json!([])))
    }

    /// Adds blocks, the first of which takes what waits in the pool, and gives the new head.
    pub fn mine(&self, blocks: u64) -> Block {
        self.rpc("anvil_mine", &json!([blocks]));
        self.block(Tag::Latest)
    }

    /// A block.
    ///
    /// # Panics
    /// When there is none there.
    #[must_use]
    pub fn block(&self, tag: Tag) -> Block {
        let tag = match tag {
            Tag::Latest => "latest".to_owned(),
            Tag::Safe => "safe".to_owned(),
            Tag::Finalized => "finalized".to_owned(),
            Tag::Height(number) => format!("0x{number:x}"),
        };
        let block = self.rpc("eth_getBlockByNumber", &json!([tag, false]));
        Block {
            number: quantity(&block["number"]),
            hash: parsed(&block["hash"]),
        }
    }

    /// Replaces the last `depth` blocks by as many empty ones.
    ///
    /// # Panics
    /// When the head's hash stays what it was: then nothing was replaced.
    pub fn reorg(&self, depth: u64) -> Block {
        let before = self.block(Tag::Latest);
        self.rpc("anvil_reorg", &json!([depth, []]));
        let after = self.block(Tag::Latest);
        assert_ne!(before.hash, after.hash, "the node reorganised nothing");
        after
    }

    /// Removes the last `depth` blocks.
    ///
    /// # Panics
    /// When the chain is not that much shorter afterwards.
    pub fn rollback(&self, depth: u64) -> Block {
        let before = self.block(Tag::Latest);
        self.rpc("anvil_rollback", &json!([depth]));
        let after = self.block(Tag::Latest);
        assert_eq!(after.number + depth, before.number, "the node did not roll back");
        after
    }

    /// Keeps the state of the node.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.rpc("evm_snapshot", &json!([])))
    }

    /// Returns to a kept state, which is used up.
    ///
    /// # Panics
    /// When the node has none of that name.
    pub fn revert(&self, snapshot: Snapshot) {
        let done = self.rpc("evm_revert", &json!([snapshot.0]));
        assert_eq!(done, Value::Bool(true), "the snapshot was used up");
    }

    /// The receipt of a transaction; `None` while it waits, and when the chain does not hold it any more.
    #[must_use]
    pub fn receipt(&self, hash: TxHash) -> Option<Receipt> {
        let receipt = self.rpc("eth_getTransactionReceipt", &json!([hash.to_string()]));
        (!receipt.is_null()).then(|| Receipt::from_json(&receipt))
    }

    /// The receipts of a block, in order.
    ///
    /// # Panics
    /// When there is no such block.
    #[must_use]
    pub fn receipts(&self, height: u64) -> Vec<Receipt> {
        let receipts = self.rpc("eth_getBlockReceipts", &json!([format!("0x{height:x}")]));
        let receipts = receipts.as_array().expect("a block has receipts");
        receipts.iter().map(Receipt::from_json).collect()
    }

    /// How many transactions of `account` are mined or wait: the nonce of the next one.
    #[must_use]
    pub fn nonce(&self, account: Address) -> u64 {
        quantity(&self.rpc(
            "eth_getTransactionCount",
            &json!([account.to_string(), "pending"]),
        ))
    }

    /// Whether the node knows the transaction, mined or waiting.
    #[must_use]
    pub fn knows(&self, hash: TxHash) -> bool {
        !self
            .rpc("eth_getTransactionByHash", &json!([hash.to_string()]))
            .is_null()
    }

    /// A transaction as it was signed.
    ///
    /// # Panics
    /// When the node does not know it.
    #[must_use]
    pub fn raw(&self, hash: TxHash) -> Vec<u8> {
        let raw = self.rpc("eth_getRawTransactionByHash", &json!([hash.to_string()]));
        bytes(raw.as_str().expect("the node knows the transaction"))
    }

    /// Puts a signed transaction into the pool.
    pub fn send_raw(&self, raw: &[u8]) -> TxHash {
        parsed(&self.rpc("eth_sendRawTransaction", &json!([hex(raw)])))
    }

    /// Puts code at an address of the test's choice.
    pub fn set_code(&self, address: Address, code: &[u8]) {
        self.rpc("anvil_setCode", &json!([address.to_string(), hex(code)]));
    }

    /// Asks the node something that it must be able to answer.
    ///
    /// # Panics
    /// When it answers with an error.
    #[track_caller]
    pub fn rpc(&self, method: &str, params: &Value) -> Value {
        self.try_rpc(method, params)
            .unwrap_or_else(|error| panic!("{method} {params}: {error:?}"))
    }

    /// Asks the node something.
    ///
    /// # Errors
    /// The error that it answers with.
    ///
    /// # Panics
    /// When it does not answer.
    #[track_caller]
    pub fn try_rpc(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.client.post("", &[], &question);
        let answer = answer.unwrap_or_else(|error| panic!("{method}: the node is gone: {error:?}"));
        let error = &answer.body["error"];
        if error.is_null() {
            return Ok(answer.body["result"].clone());
        }
        Err(RpcError {
            code: error["code"].as_i64().expect("an RPC error has a code"),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// Where a file of `tests/.cache` is.
///
/// # Panics
/// When it is not there: a test never passes for want of its peer.
#[must_use]
pub(crate) fn installed(file: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache").join(file);
    assert!(
        path.exists(),
        "{} is missing: run tests/run --install",
        path.display()
    );
    path
}
