//! The real side: an EVM node, contracts that log what the script says, and the product's client, which asks the node
//! itself or through a proxy that misbehaves on command.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_adapters::chain::{EndpointUrl, Internet, RpcClient};
use plimsoll_adapters::clock::Clock;
use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{Address, ChainId, EndpointId, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_sim::model::assets::COLLECT;
use plimsoll_tests::evm::hex;
use plimsoll_tests::evm::movements::{Contracts, NATIVE, WEALTH};
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::receipt::parsed;
use plimsoll_tests::proxy::{Fault, Forgeries, Proxy};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::names::Names;
use super::script::{Ask, End, Place, TRANSACTIONS_MAX, Transaction};
use super::{CHAIN, FINALITY_BLOCKS, UNKNOWN};

/// How long an answer may take; a silent endpoint is not waited for so long.
const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE_WITH_SILENCE: Duration = Duration::from_millis(150);
/// The real thing.
pub(super) struct Real {
    node: Node,
    proxy: Proxy,
    fault: Fault,
    contracts: Contracts,
    client: RpcClient<Internet>,
    runtime: Runtime,
    base: u64,
    /// Each transaction that was sent, with its bytes as they were signed.
    transactions: Vec<(TxHash, Vec<u8>)>,
    pub(super) names: Names,
}

impl Real {
    pub(super) fn new(seed: u64) -> Self {
        let node = Node::start_with_accounts(CHAIN, 1 + 2 * TRANSACTIONS_MAX);
        let contracts = Contracts::deploy(&node);
        contracts.endow(&node, TRANSACTIONS_MAX);
        let base = node.mine(FINALITY_BLOCKS + 1).number;
        let proxy = Proxy::start(node.url(), &Forgeries::default(), Rng::from_seed(seed));
        let mut names = Names::new(base);
        for (name, at) in [
            ("USDT", contracts.usdt.address),
            ("USDC", contracts.usdc.address),
            ("BUSD", contracts.odd.address),
            ("counterfeit", contracts.counterfeit.address),
            ("native", NATIVE),
            ("the house", COLLECT),
            ("zero", Address::default()),
        ] {
            names.call(at, name);
        }
        for user in 0..TRANSACTIONS_MAX {
            names.call(user_address(&node, user), &format!("user {user}"));
        }
        let urls = [node.url().to_owned(), proxy.url()];
        let urls: [EndpointUrl; 2] = urls.map(|url| url.parse().expect("a node has a URL"));
        let network = Internet::reaching(urls.iter()).expect("no TLS is needed");
        let endpoints = BTreeMap::from(
            [endpoint(false), endpoint(true)].map(|id| (id, urls[usize::from(id.index)].clone())),
        );
        Self {
            client: RpcClient::new(endpoints, network, Clock::start()),
            runtime: Runtime::new().expect("a runtime starts"),
            node,
            proxy,
            fault: Fault::Clear,
            contracts,
            base,
            transactions: Vec::new(),
            names,
        }
    }

    pub(super) fn send(&mut self, tx: &Transaction) {
        let payer = self.node.accounts()[1 + tx.number];
        let user = |user: u32| user_address(&self.node, usize::try_from(user).expect("there are few users"));
        let call = self.contracts.call(&tx.movements, payer, &user);
        let request = call.request(tx.end != End::OutOfGas);
        let hash = parsed(&self.node.rpc("eth_sendTransaction", &json!([request])));
        self.transactions.push((hash, self.node.raw(hash)));
        self.names.sent(hash, tx.number);
        if tx.end == End::Dropped {
            self.node.rpc("anvil_dropTransaction", &json!([hash.to_string()]));
        }
    }

    /// Adds a block that takes whatever waits, and these once more.
    pub(super) fn mine(&mut self, returning: &[usize]) {
        for number in returning {
            let (hash, raw) = &self.transactions[*number];
            assert_eq!(self.node.send_raw(raw), *hash);
        }
        self.node.mine(1);
    }

    /// Replaces the last blocks, and gives those transactions a new place among them that have one.
    pub(super) fn reorganise(&mut self, depth: u64, moved: &[(usize, Option<u64>)]) {
        let again = moved.iter().filter_map(|(number, place)| {
            let raw = hex(&self.transactions[*number].1);
            place.map(|place| json!([raw, place]))
        });
        let again: Vec<Value> = again.collect();
        let before = self.node.block(Tag::Latest);
        self.node.rpc("anvil_reorg", &json!([depth, again]));
        let after = self.node.block(Tag::Latest);
        assert_eq!(before.number, after.number, "the other branch is as long");
        assert_ne!(before.hash, after.hash, "the node reorganised nothing");
    }

    pub(super) fn turn(&mut self, fault: Fault) {
        self.proxy.set(fault);
        self.fault = fault;
    }

    /// Asks the proxy, or the node itself.
    pub(super) fn ask(&mut self, ask: &Ask, is_faulty: bool) -> Result<Answer, Silence> {
        let patience = if self.fault == Fault::Silent && is_faulty {
            PATIENCE_WITH_SILENCE
        } else {
            PATIENCE
        };
        let question = self.question(ask);
        let asking = self.client.ask(endpoint(is_faulty), &question, patience);
        let mut said = self.runtime.block_on(asking);
        if let Ok(Answer::Balances { balances, .. }) = &mut said {
            balances.iter_mut().for_each(leave_out_what_was_given);
        }
        said
    }

    fn question(&self, ask: &Ask) -> Question {
        let addresses = |places: &[Place]| {
            places
                .iter()
                .map(|place| address(&self.contracts, *place))
                .collect()
        };
        match ask {
            Ask::Identity(places) => Question::Identity {
                tokens: addresses(places),
            },
            Ask::Heads => Question::Heads,
            Ask::Receipt(number) => Question::Receipt {
                tx: number.map_or(UNKNOWN, |number| self.transactions[number].0),
            },
            Ask::Scan { from, to, tokens } => Question::Scan {
                from: self.base + from,
                to: self.base + to,
                tokens: addresses(tokens),
            },
            Ask::Balances {
                block,
                token,
                holders,
            } => Question::Balances {
                block: self.base + block,
                token: address(&self.contracts, Place::Token(*token)),
                holders: holders
                    .iter()
                    .map(|user| user_address(&self.node, *user as usize))
                    .collect(),
            },
        }
    }
}

/// What a user has gained since the script began.
fn leave_out_what_was_given(balance: &mut [u8; 32]) {
    let (high, low) = balance.split_at_mut(16);
    assert!(high.iter().all(|byte| *byte == 0), "nobody is that rich");
    let has = u128::from_be_bytes(low.try_into().expect("half a word"));
    let gained = has
        .checked_sub(WEALTH)
        .expect("nobody spent what they were given");
    low.copy_from_slice(&gained.to_be_bytes());
}

/// Where a place is.
fn address(contracts: &Contracts, place: Place) -> Address {
    match place {
        Place::Token(token) => contracts.token(token).expect("gold is on no chain").address,
        Place::Counterfeit => contracts.counterfeit.address,
        Place::Native => NATIVE,
        Place::Nobody => COLLECT,
    }
}

fn endpoint(is_faulty: bool) -> EndpointId {
    EndpointId {
        chain: ChainId::new(CHAIN),
        index: u8::from(is_faulty),
    }
}

fn user_address(node: &Node, user: usize) -> Address {
    node.accounts()[1 + TRANSACTIONS_MAX + user]
}
