//! The proxy: each fault is what it says, so that a storm blows what it means to blow.

use std::time::Duration;

use plimsoll_core::id::{Address, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_tests::evm::contracts;
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::{Deployed, Wallet};
use plimsoll_tests::http::{Answer, Client, NoAnswer};
use plimsoll_tests::process::wait_until;
use plimsoll_tests::proxy::{Fault, Forgeries, Forgery, Proxy};
use serde_json::{Value, json};

const MADE_UP: TxHash = TxHash::Evm([0x77; 32]);

/// A node with a token and an endpoint of it.
struct World {
    node: Node,
    token: Deployed,
    forgeries: Forgeries,
    proxy: Proxy,
}

impl World {
    fn new() -> Self {
        let node = Node::start(56);
        let named = ["Tether USD".into(), "USDT".into(), 18.into()];
        let token = Wallet::number(&node, 0).deploy(contracts::true_token(), &named);
        let forgeries = Forgeries::default();
        let proxy = Proxy::start(node.url(), &forgeries, Rng::from_seed(1));
        Self {
            node,
            token,
            forgeries,
            proxy,
        }
    }

    /// Puts a batch to the endpoint that asks for the heads, the receipt of `tx` and the logs up to `to`.
    fn ask(&self, tx: TxHash, to: u64) -> Result<Answer, NoAnswer> {
        let to = format!("0x{to:x}");
        let filter =
            json!({ "fromBlock": "0x0", "toBlock": to, "address": [self.token.address.to_string()] });
        let calls = [
            ("eth_getBlockByNumber", json!(["finalized", false])),
            ("eth_getBlockByNumber", json!([to, false])),
            ("eth_getTransactionReceipt", json!([tx.to_string()])),
            ("eth_getLogs", json!([filter])),
        ];
        let call = |(id, (method, params))| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let batch: Value = (0..).zip(calls).map(call).collect();
        Client::new(&self.proxy.url()).post("", &[], &batch)
    }

    /// The results of such a batch.
    #[track_caller]
    fn results(&self, tx: TxHash, to: u64) -> [Value; 4] {
        let answer = self.ask(tx, to).expect("the endpoint answers");
        assert_eq!(answer.status, 200, "{answer:?}");
        [0, 1, 2, 3].map(|id| answer.body[id]["result"].clone())
    }

    fn pay(&self) -> (TxHash, u64) {
        let payer = Wallet::number(&self.node, 0);
        let receipt = payer.transact(&self.token, "mint", &[payer.address().into(), 5.into()]);
        (receipt.hash, receipt.block_number)
    }
}

#[test]
fn a_clear_endpoint_shows_what_the_node_shows() {
    let world = World::new();
    let (tx, block) = world.pay();
    world.node.mine(3);
    let [finalized, header, receipt, logs] = world.results(tx, block);
    assert_eq!(
        finalized["hash"],
        world.node.block(Tag::Finalized).hash.to_string()
    );
    assert_eq!(
        header["hash"],
        world.node.block(Tag::Height(block)).hash.to_string()
    );
    assert_eq!(receipt["transactionHash"], tx.to_string());
    assert_eq!(logs.as_array().map(Vec::len), Some(1));
    assert_eq!(world.proxy.met()[&Fault::Clear], 1);
}

#[test]
fn a_broken_endpoint_gives_no_answer() {
    let world = World::new();
    for fault in [Fault::Reset, Fault::Truncated] {
        world.proxy.set(fault);
        assert!(world.ask(MADE_UP, 1).is_err(), "{fault:?}");
    }
    for (fault, status) in [(Fault::RateLimited, 429), (Fault::Failing, 503)] {
        world.proxy.set(fault);
        assert_eq!(world.ask(MADE_UP, 1).unwrap().status, status, "{fault:?}");
    }
    world.proxy.set(Fault::Slow);
    assert_eq!(world.ask(MADE_UP, 1).unwrap().status, 200);
}

#[test]
fn a_silent_endpoint_holds_the_line() {
    let world = World::new();
    world.proxy.set(Fault::Silent);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| world.ask(MADE_UP, 1));
        wait_until("the question is taken", Duration::from_secs(10), || {
            world.proxy.met().contains_key(&Fault::Silent)
        });
        assert!(!asking.is_finished(), "it was answered");
        world.proxy.set(Fault::Clear);
        assert!(asking.join().unwrap().is_err());
    });
}

#[test]
fn a_stale_endpoint_stands_still() {
    let world = World::new();
    let (early, block) = world.pay();
    world.node.mine(4);
    world.proxy.set(Fault::Stale);
    let head = world.node.block(Tag::Latest).number;
    let (late, late_block) = world.pay();
    world.node.mine(4);
    let [finalized, _, receipt, logs] = world.results(early, block);
    assert_eq!(finalized["number"], format!("0x{:x}", head - 2));
    assert_eq!(receipt["transactionHash"], early.to_string());
    assert_eq!(logs.as_array().map(Vec::len), Some(1));
    let [_, header, receipt, logs] = world.results(late, late_block);
    assert_eq!((header, receipt), (Value::Null, Value::Null));
    assert_eq!(
        logs.as_array().map(Vec::len),
        Some(1),
        "E13: not an error, but less than there is"
    );
}

#[test]
fn an_indexing_endpoint_has_everything_but_receipts() {
    let world = World::new();
    let (tx, block) = world.pay();
    world.proxy.set(Fault::Indexing);
    let answer = world.ask(tx, block).unwrap();
    assert_eq!(answer.body[2]["error"]["code"], -32000, "E15");
    let [_, header, _, logs] = world.results(tx, block);
    assert!(header["hash"].is_string() && logs.is_array());
}

#[test]
fn a_forging_endpoint_shows_a_payment_that_nobody_made() {
    let world = World::new();
    let (tx, block) = world.pay();
    world.node.mine(4);
    let us = Address::Evm([0x99; 20]);
    let (token, value) = (world.token.address, 7);
    world.forgeries.add(MADE_UP, Forgery { token, to: us, value });
    assert_eq!(
        world.results(MADE_UP, block)[2],
        Value::Null,
        "not before it is told to"
    );
    world.proxy.set(Fault::Forging);
    let [finalized, _, receipt, logs] = world.results(MADE_UP, block);
    assert_eq!(
        (&receipt["status"], &receipt["logs"][0]["address"]),
        (&json!("0x1"), &json!(token.to_string()))
    );
    assert!(
        receipt["blockNumber"].as_str() <= finalized["number"].as_str(),
        "it looks final"
    );
    let hashes: Vec<_> = logs
        .as_array()
        .unwrap()
        .iter()
        .map(|log| &log["transactionHash"])
        .collect();
    assert_eq!(hashes, [&json!(tx.to_string()), &json!(MADE_UP.to_string())]);
    assert_eq!(
        world.results(tx, block)[2]["transactionHash"],
        tx.to_string(),
        "the rest is true"
    );
}

#[test]
fn a_dropped_endpoint_is_gone() {
    let world = World::new();
    let client = Client::new(&world.proxy.url());
    drop(world.proxy);
    assert!(client.get("/").is_err());
}
