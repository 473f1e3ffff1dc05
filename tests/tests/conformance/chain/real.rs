//! The real side: an EVM node, contracts that log what the script says, and the product's client, which asks the node
//! itself or through a proxy that misbehaves on command.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_adapters::chain::{EndpointUrl, EvmClient, Internet};
use plimsoll_adapters::clock::Clock;
use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{Address, ChainId, EndpointId, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_sim::world::plan::{Movement, Shape, Token};
use plimsoll_tests::evm::abi::Arg;
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::receipt::parsed;
use plimsoll_tests::evm::wallet::{Deployed, Wallet};
use plimsoll_tests::evm::{contracts, hex};
use plimsoll_tests::proxy::{Fault, Forgeries, Proxy};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::names::Names;
use super::script::{Ask, End, Place, TRANSACTIONS_MAX, Transaction};
use super::{CHAIN, FINALITY_BLOCKS, UNKNOWN};

/// How long an answer may take; a silent endpoint is not waited for so long.
const PATIENCE: Duration = Duration::from_secs(20);
const PATIENCE_WITH_SILENCE: Duration = Duration::from_millis(150);
/// Far more gas than any call of a script takes.
const GAS: u64 = 1_000_000;
/// What everybody owns at first, in minor units of 18 decimals.
const WEALTH: u128 = 1_000_000_000_000_000_000_000;
/// An address that no script names.
const STRANGER: Address = Address([0x5e; 20]);
const HOUSE: Address = Address([0xc0; 20]);
const NATIVE: Address = {
    let mut bytes = [0xff; 20];
    bytes[19] = 0xfe;
    Address(bytes)
};

/// The real thing.
pub(super) struct Real {
    node: Node,
    proxy: Proxy,
    fault: Fault,
    contracts: Contracts,
    client: EvmClient<Internet>,
    runtime: Runtime,
    base: u64,
    /// Each transaction that was sent, with its bytes as they were signed.
    transactions: Vec<(TxHash, Vec<u8>)>,
    pub(super) names: Names,
}

struct Contracts {
    usdt: Deployed,
    usdc: Deployed,
    /// Logs what no token logs; takes the place of BUSD.
    odd: Deployed,
    counterfeit: Deployed,
    native: Deployed,
    multisend: Deployed,
    reverter: Deployed,
}

/// What a transaction is to the node.
struct Call<'c> {
    signer: Address,
    to: &'c Deployed,
    method: &'static str,
    args: Vec<Arg>,
    coins: u128,
}

impl Real {
    pub(super) fn new(seed: u64) -> Self {
        let node = Node::start_with_accounts(CHAIN, 1 + 2 * TRANSACTIONS_MAX);
        let contracts = Contracts::deploy(&node);
        contracts.endow(&node);
        let base = node.mine(FINALITY_BLOCKS + 1).number;
        let proxy = Proxy::start(node.url(), &Forgeries::default(), Rng::from_seed(seed));
        let mut names = Names::new(base);
        for (name, at) in [
            ("USDT", contracts.usdt.address),
            ("USDC", contracts.usdc.address),
            ("BUSD", contracts.odd.address),
            ("counterfeit", contracts.counterfeit.address),
            ("native", NATIVE),
            ("the house", HOUSE),
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
            client: EvmClient::new(endpoints, network, Clock::start()),
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
        let call = self.call(tx);
        let data = call.to.contract.call(call.method, &call.args);
        let gas = if tx.end == End::OutOfGas {
            least_gas(&data)
        } else {
            GAS
        };
        let request = json!({
            "from": call.signer.to_string(),
            "to": call.to.address.to_string(),
            "gas": format!("{gas:#x}"),
            "value": format!("{:#x}", call.coins),
            "data": hex(&data),
        });
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
        self.runtime.block_on(asking)
    }

    fn question(&self, ask: &Ask) -> Question {
        let addresses = |places: &[Place]| {
            places
                .iter()
                .map(|place| self.contracts.address(*place))
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
        }
    }

    fn call(&self, tx: &Transaction) -> Call<'_> {
        let payer = self.node.accounts()[1 + tx.number];
        let (to, method, args) = match tx.movements.as_slice() {
            [] => {
                let args = vec![self.contracts.usdt.address.into(), STRANGER.into(), 5.into()];
                (&self.contracts.reverter, "payUndone", args)
            }
            [one] => return self.single(one, payer),
            several => {
                let user = |one: &Movement| Arg::Address(self.user(one));
                let users = Arg::List(several.iter().map(user).collect());
                let values = Arg::List(several.iter().map(|one| units(one).into()).collect());
                let args = vec![self.contracts.usdt.address.into(), users, values];
                (&self.contracts.multisend, "multisend", args)
            }
        };
        Call {
            signer: payer,
            to,
            method,
            args,
            coins: 0,
        }
    }

    fn single(&self, one: &Movement, payer: Address) -> Call<'_> {
        let (user, value) = (self.user(one), units(one));
        let Contracts {
            usdt,
            usdc,
            odd,
            counterfeit,
            native,
            ..
        } = &self.contracts;
        let token = if one.token == Token::Usdc { usdc } else { usdt };
        let plain = vec![payer.into(), user.into(), value.into()];
        let (signer, to, method, args) = match one.shape {
            Shape::Payment => (payer, token, "transfer", vec![user.into(), value.into()]),
            Shape::ToCollect => (payer, token, "transfer", vec![HOUSE.into(), value.into()]),
            Shape::ToStranger => (payer, token, "transfer", vec![STRANGER.into(), value.into()]),
            Shape::ZeroValue => (payer, token, "transfer", vec![user.into(), 0.into()]),
            Shape::SelfTransfer => (user, token, "transfer", vec![user.into(), value.into()]),
            Shape::OwnSweep => (user, token, "transfer", vec![HOUSE.into(), value.into()]),
            Shape::Minted => (payer, token, "mint", vec![user.into(), value.into()]),
            Shape::Approval => (payer, token, "approve", vec![user.into(), value.into()]),
            Shape::FakeToken => (payer, counterfeit, "pretend", plain),
            Shape::Native => (payer, native, "forward", vec![user.into()]),
            Shape::Erc721 => (payer, odd, "fourTopics", plain),
            Shape::LongData => (payer, odd, "longData", plain),
            Shape::DirtyTopic => (
                payer,
                odd,
                "asTold",
                vec![topic(payer, 0), topic(user, 0x80), value.into()],
            ),
            Shape::Huge => {
                let most = Arg::Word([0xff; 32]);
                (payer, odd, "asTold", vec![topic(payer, 0), topic(user, 0), most])
            }
        };
        Call {
            signer,
            to,
            method,
            args,
            coins: if one.shape == Shape::Native { value } else { 0 },
        }
    }

    fn user(&self, movement: &Movement) -> Address {
        user_address(
            &self.node,
            usize::try_from(movement.user).expect("there are few users"),
        )
    }
}

impl Contracts {
    fn deploy(node: &Node) -> Self {
        let owner = Wallet::number(node, 0);
        let named = |decimals: u128| ["Tether USD".into(), "USDT".into(), decimals.into()];
        let native = contracts::native_like();
        node.set_code(NATIVE, native.runtime());
        Self {
            usdt: owner.deploy(contracts::true_token(), &named(18)),
            usdc: owner.deploy(contracts::true_token(), &named(6)),
            odd: owner.deploy(contracts::odd_layout(), &[]),
            counterfeit: owner.deploy(contracts::fake_token(), &named(18)),
            native: Deployed {
                address: NATIVE,
                contract: native,
            },
            multisend: owner.deploy(contracts::multisend(), &[]),
            reverter: owner.deploy(contracts::reverter(), &[]),
        }
    }

    /// Gives everybody tokens, and lets those who pay spend theirs through contracts.
    fn endow(&self, node: &Node) {
        let owner = Wallet::number(node, 0);
        for (number, account) in node.accounts().iter().enumerate().skip(1) {
            for token in [&self.usdt, &self.usdc] {
                owner.send(token, "mint", &[(*account).into(), WEALTH.into()]);
            }
            if number <= TRANSACTIONS_MAX {
                for spender in [&self.multisend, &self.reverter] {
                    let args = [spender.address.into(), WEALTH.into()];
                    Wallet::number(node, number).send(&self.usdt, "approve", &args);
                }
            }
        }
        node.mine(1);
    }

    fn address(&self, place: Place) -> Address {
        match place {
            Place::Token(Token::Usdt) => self.usdt.address,
            Place::Token(Token::Usdc) => self.usdc.address,
            Place::Token(Token::Busd) => self.odd.address,
            Place::Token(Token::Gold) => unreachable!("gold is on no chain"),
            Place::Counterfeit => self.counterfeit.address,
            Place::Native => NATIVE,
            Place::Nobody => HOUSE,
        }
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

/// An amount in minor units of the token's contract.
fn units(movement: &Movement) -> u128 {
    let decimals = if movement.token == Token::Usdc { 6 } else { 18 };
    u128::from(movement.amount_milli) * 10u128.pow(decimals - 3)
}

/// An address as a topic that begins with `high`.
fn topic(address: Address, high: u8) -> Arg {
    let mut word = [0; 32];
    word[0] = high;
    word[12..].copy_from_slice(&address.0);
    Arg::Word(word)
}

/// The least gas with which a node takes a call of `data` (EIP-7623): too little for any of the test contracts.
fn least_gas(data: &[u8]) -> u64 {
    let tokens: u64 = data.iter().map(|byte| if *byte == 0 { 1 } else { 4 }).sum();
    21_000 + 10 * tokens
}
