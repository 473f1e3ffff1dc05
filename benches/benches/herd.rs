//! A thundering herd: ten thousand people claim a deposit at once, of the release binary with SQLite, Redis and workers, over
//! real HTTP, while its endpoints and the herd itself run on the same machine.
//!
//! The rival is the same server, which registers as many users: as many requests and durable writes, and no chain.

use std::path::Path;
use std::time::Duration;

use plimsoll_benches::crowd::{Crowd, get, post};
use plimsoll_benches::node::{CHAIN, Node};
use plimsoll_benches::suite::{Suite, Unit, sized};
use plimsoll_benches::took::{Stopwatch, Took};
use plimsoll_benches::toy_chain::{GENESIS, TOKEN, TOKEN_DECIMALS};
use plimsoll_core::id::Address;
use plimsoll_tests::process::Process;
use plimsoll_tests::product::Installation;
use plimsoll_tests::redis::Redis;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::Value;
use tokio::runtime::Runtime;

const HERD: u64 = 10_000;
const HERD_TRIED: u64 = 50;
const SAMPLES: usize = 10;
/// Sockets of the herd, and of the server's side.
const FILES: u64 = 20_000;
/// What a deposit pays, in the token's units: one whole.
const UNITS: u128 = 1_000_000_000_000_000_000;
/// How often the credits are counted.
const POLL: Duration = Duration::from_millis(20);
/// How long the last credit may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let mut suite = Suite::new("herd");
    let runtime = Runtime::new().expect("start a runtime");
    let size = sized(HERD, HERD_TRIED);
    let mut server = runtime.block_on(Server::start(size));
    let unit = Unit::PerSecond {
        what: "claims credited",
        goal: Some(1_000.0),
    };
    suite.measure("claims", SAMPLES, size, unit, |iterations| {
        (0..iterations).map(|_| runtime.block_on(server.claims())).sum()
    });
    let unit = Unit::PerSecond {
        what: "users registered",
        goal: None,
    };
    suite.measure("registrations", SAMPLES, size, unit, |iterations| {
        (0..iterations)
            .map(|_| runtime.block_on(server.registrations()).0)
            .sum()
    });
    suite.compare("claims", "registrations");
    suite.finish();
}

/// A server with its surroundings.
struct Server {
    crowd: Crowd,
    watcher: Crowd,
    node: Node,
    payees: Vec<(String, Address)>,
    herds: u64,
    registered: u64,
    _process: Process,
    _installation: Installation,
    _redis: Redis,
}

impl Server {
    async fn start(size: u64) -> Self {
        // Children have the same limit.
        let files = Rlimit {
            current: Some(FILES),
            maximum: Some(FILES),
        };
        setrlimit(Resource::Nofile, files).expect("may open many sockets");
        let (node, redis) = (Node::start().await, Redis::start());
        let installation =
            Installation::configured(|port, journal| configuration(port, journal, &node, &redis));
        let process = installation.serve_until_ready();
        let size = usize::try_from(size).expect("a size");
        let mut server = Self {
            crowd: Crowd::connect(size, installation.port()).await,
            watcher: Crowd::connect(1, installation.port()).await,
            node,
            payees: Vec::new(),
            herds: 0,
            registered: 0,
            _process: process,
            _installation: installation,
            _redis: redis,
        };
        let (_, users) = server.registrations().await;
        server.payees = users;
        server
    }

    /// Registers as many users as there are clients.
    async fn registrations(&mut self) -> (Took, Vec<(String, Address)>) {
        let first = self.registered;
        self.registered += self.size();
        let request = |number: u64| {
            post(
                "/api/v1/users",
                &format!("user-{number}"),
                &format!(r#"{{"name":"user {number}"}}"#),
            )
        };
        let requests: Vec<_> = (first..self.registered).map(request).collect();
        let stopwatch = Stopwatch::start();
        let answers = self.crowd.ask(&requests).await;
        let took = stopwatch.took();
        let user = |body: &str| {
            let json: Value = serde_json::from_str(body).expect("JSON");
            let address = json["deposit_addresses"][0]["address"]
                .as_str()
                .expect("an address");
            (
                json["id"].as_str().expect("an id").to_owned(),
                address.parse().expect("an address"),
            )
        };
        let users = answers.iter().map(|answer| {
            assert_eq!(answer.status, 201, "{}", answer.body);
            user(&answer.body)
        });
        (took, users.collect())
    }

    /// Has everybody paid and claim it, until everybody has it.
    async fn claims(&mut self) -> Took {
        self.herds += 1;
        let addresses: Vec<_> = self.payees.iter().map(|(_, address)| *address).collect();
        let before = self.credited().await;
        let paid = self.node.pay(&addresses, UNITS);
        let claim = |((user, _), tx): (&(String, Address), &plimsoll_core::id::TxHash)| {
            let body = format!(r#"{{"user":"{user}","chain":"eip155:{CHAIN}","tx":"{tx}"}}"#);
            post("/api/v1/escrow/claims", &format!("{tx}"), &body)
        };
        let requests: Vec<_> = self.payees.iter().zip(&paid).map(claim).collect();
        let stopwatch = Stopwatch::start();
        let answers = self.crowd.ask(&requests).await;
        let refused = answers
            .iter()
            .find(|answer| answer.status != 202 && answer.status != 200);
        assert_eq!(refused, None, "a claim was not taken");
        while self.credited().await < before + self.size() {
            assert!(stopwatch.took().wall < PATIENCE, "not everybody was credited");
            tokio::time::sleep(POLL).await;
        }
        let took = stopwatch.took();
        self.check_balances().await;
        took
    }

    /// Everybody has what every herd so far brought, no more and no less.
    async fn check_balances(&mut self) {
        let requests: Vec<_> = self
            .payees
            .iter()
            .map(|(user, _)| get(&format!("/api/v1/users/{user}/balances")))
            .collect();
        let expected = format!("{}.{}", self.herds, "0".repeat(usize::from(TOKEN_DECIMALS)));
        for answer in self.crowd.ask(&requests).await {
            let json: Value = serde_json::from_str(&answer.body).expect("JSON");
            assert_eq!(
                json["balances"][0]["available"].as_str(),
                Some(&*expected),
                "{}",
                answer.body
            );
        }
    }

    /// How many deposits were credited.
    async fn credited(&mut self) -> u64 {
        let answers = self.watcher.ask(&[get("/metrics")]).await;
        let lines = answers[0].body.lines();
        let counts = lines.filter_map(|line| line.strip_prefix("plimsoll_credited_total{"));
        counts
            .filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    fn size(&self) -> u64 {
        sized(HERD, HERD_TRIED)
    }
}

fn configuration(port: u16, journal: &Path, node: &Node, redis: &Redis) -> String {
    let endpoint = |name: &str| {
        let url = node.url(name);
        format!(
            "[[chains.endpoints]]\nname = \"{name}\"\nprovider = \"{name} of another provider\"\nurl = \"{url}\"\n"
        )
    };
    let endpoints: String = ["alpha", "beta", "gamma"].map(endpoint).concat();
    format!(
        r#"
[api]
listen = "127.0.0.1:{port}"
rate_per_second = 1000000
rate_burst = 1000000
in_flight_max = 100000
[journal]
path = "{journal}"
[workers]
redis = "{redis}"
tasks = 2
[[assets]]
symbol = "USDT"
name = "Tether USD"
scale = 18
min = "0.01"
max = "1000000"
[[assets.tokens]]
chain = {CHAIN}
contract = "{TOKEN}"
decimals = {TOKEN_DECIMALS}
[[chains]]
id = {CHAIN}
genesis = "{GENESIS}"
start_block = 100
poll = "450ms"
[chains.deposit_addresses]
factory = "0x4e59b44847b379578588920ca78fbf26c0b4956c"
init_code_hash = "0x94a41bb7a2e9d9ef2a9d6c1e3f7bd8c40f2bb0fb0cf4e86f4b4a6a4cda6a8c11"
{endpoints}"#,
        journal = journal.display(),
        redis = redis.url(),
    )
}
