//! The client against a real validator, on which the real libraries paid, and core's rules over what it says.

mod credits;

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_adapters::chain::{EndpointUrl, Internet, RpcClient};
use plimsoll_adapters::clock::Clock;
use plimsoll_core::escrow::{
    Addresses, Answer, Assessment, BlockRef, Fault, Question, Receipt, Recipient, assess, user_wallet,
};
use plimsoll_core::id::{Address, BlockHash, ChainId, EndpointId, TxHash, UserId};
use plimsoll_core::money::{Amount, Asset, ChainToken, InForce, Registry};
use plimsoll_tests::process::wait_until;
use plimsoll_tests::solana::Cluster;
use tokio::runtime::Runtime;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How far behind its head the validator finalizes, at least.
const FINALITY_SLOTS_MIN: u64 = 25;

/// What each payment comes to: the users, their amounts in the token's units, or why there is none.
const EXPECTED: [(&str, &str); 11] = [
    ("failed", "reverted"),
    ("fake", "foreign_contract"),
    ("minted", "minted"),
    ("nothing", "no_transfer"),
    ("opened", "user-1 250"),
    ("other", "not_associated"),
    ("plain", "user-1 100"),
    ("stranger", "not_to_us"),
    ("twice", "user-1 3"),
    ("twin", "foreign_program"),
    ("two", "user-1 30, user-2 40"),
];

/// The validator, and the client that asks it.
struct Bench {
    cluster: Cluster,
    client: RpcClient<Internet>,
    runtime: Runtime,
    chain: ChainId,
}

impl Bench {
    fn new() -> Self {
        let cluster = Cluster::start();
        let genesis: BlockHash = cluster.text("/genesis").parse().expect("a block hash");
        let chain = ChainId::of_cluster(&genesis).expect("a cluster");
        let url: EndpointUrl = cluster.text("/url").parse().expect("a URL");
        let network = Internet::reaching([&url].into_iter()).expect("no TLS is needed");
        let endpoints = BTreeMap::from([(EndpointId { chain, index: 0 }, url)]);
        Self {
            client: RpcClient::new(endpoints, network, Clock::start()),
            runtime: Runtime::new().expect("a runtime starts"),
            cluster,
            chain,
        }
    }

    fn address(&self, path: &str) -> Address {
        self.cluster.text(path).parse().expect("an address")
    }

    fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let endpoint = EndpointId {
            chain: self.chain,
            index: 0,
        };
        self.runtime
            .block_on(self.client.ask(endpoint, question, PATIENCE))
    }

    fn receipt(&self, signature: &str) -> (BlockRef, Option<Receipt>) {
        let tx: TxHash = signature.parse().expect("a signature");
        match self.ask(&Question::Receipt { tx }) {
            Ok(Answer::Receipt { finalized, receipt }) => (finalized, receipt),
            other => panic!("{signature}: {other:?}"),
        }
    }

    /// The token that was paid, and the one of the other token program.
    fn registry(&self) -> Registry {
        let asset = |symbol: &str, path| Asset {
            id: symbol.parse().expect("a symbol"),
            name: symbol.to_owned(),
            scale: 6,
            min: Amount::from_minor(1),
            max: Amount::MAX,
            enabled: true,
            tokens: vec![ChainToken {
                chain: self.chain,
                contract: self.address(path),
                decimals: 6,
                in_force: InForce::ALWAYS,
            }],
        };
        Registry::new(vec![asset("USDT", "/mint"), asset("TWIN", "/twin")]).expect("sound")
    }

    fn wallet(&self, user: u64) -> Address {
        user_wallet(&self.address("/program"), UserId::new(user))
    }

    /// What a receipt comes to, in the words of [`EXPECTED`].
    fn verdict(&self, receipt: &Receipt) -> String {
        match assess(self.chain, receipt, &self.registry(), self) {
            Assessment::Deposits(deposits) => {
                let told = deposits.iter().map(|deposit| {
                    let user = (1..=2).find(|user| self.wallet(*user) == deposit.to);
                    assert_eq!(deposit.from, self.address("/payer"));
                    format!("user-{} {}", user.expect("one of ours"), deposit.amount.minor())
                });
                // The message has its accounts in the order of their keys, which are drawn anew each time.
                let mut told: Vec<String> = told.collect();
                told.sort_unstable();
                told.join(", ")
            }
            Assessment::Nothing(reason) => reason.to_string(),
            Assessment::DeadLetter(reason) => reason.to_string(),
        }
    }
}

impl Addresses for Bench {
    fn recipient(&self, chain: ChainId, address: Address) -> Option<Recipient> {
        assert_eq!(chain, self.chain);
        let user = (1..=2).find(|user| self.wallet(*user) == address)?;
        Some(Recipient::User(UserId::new(user)))
    }
}

#[test]
fn a_real_validator_is_understood() {
    let bench = Bench::new();
    assert_eq!(bench.wallet(1), bench.address("/wallets/0"));
    assert_eq!(bench.wallet(2), bench.address("/wallets/1"));

    let tokens = ["/mint", "/twin", "/payer"]
        .map(|path| bench.address(path))
        .to_vec();
    let who = Answer::Identity {
        chain_id: bench.chain.number(),
        genesis: bench.cluster.text("/genesis").parse().expect("a block hash"),
        decimals: vec![Some(6), None, None],
    };
    assert_eq!(bench.ask(&Question::Identity { tokens }), Ok(who));

    let seen = bench.cluster.payments().map(|(name, signature)| {
        let (_, receipt) = bench.receipt(signature);
        let receipt = receipt.unwrap_or_else(|| panic!("{name} is in no block"));
        (name, bench.verdict(&receipt))
    });
    let seen: Vec<(&str, String)> = seen.collect();
    let told: Vec<(&str, &str)> = seen
        .iter()
        .map(|(name, verdict)| (*name, verdict.as_str()))
        .collect();
    assert_eq!(told, EXPECTED);
}

#[test]
fn a_payment_becomes_final_in_the_block_in_which_it_was_seen() {
    let bench = Bench::new();
    let (_, signature) = bench.cluster.payments().next().expect("a payment");
    let (mut finalized, first) = bench.receipt(signature);
    let first = first.expect("it is in a block");
    wait_until("the payment is final", PATIENCE, || {
        let (now, receipt) = bench.receipt(signature);
        assert!(now.number >= finalized.number, "finality went back");
        assert_eq!(receipt.as_ref(), Some(&first));
        finalized = now;
        finalized.number >= first.block.number
    });
    let Ok(Answer::Heads { latest, .. }) = bench.ask(&Question::Heads) else {
        panic!("no heads")
    };
    assert!(
        latest.number >= finalized.number + FINALITY_SLOTS_MIN,
        "{latest:?} {finalized:?}"
    );

    let (_, unknown) = bench.receipt(&TxHash::Solana([7; 64]).to_string());
    assert_eq!(unknown, None);
}
