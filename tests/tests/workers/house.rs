//! [`House`]: a server that leaves everything to workers, its users, and what they were paid.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_core::id::{Address, UserId};
use plimsoll_core::money::Amount;
use plimsoll_tests::evm::contracts;
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::evm::wallet::{Deployed, Wallet};
use plimsoll_tests::http::Client;
use plimsoll_tests::process::{Process, wait_until};
use plimsoll_tests::product::{Asset, Endpoint, Installation, Settings, plimsoll};
use plimsoll_tests::redis::Redis;
use serde_json::{Value, json};

/// What workers show.
const TOKEN: &str = "a-worker-of-the-end-to-end-tests";
/// The decimals of the token, on the chain and in the ledger.
const SCALE: u8 = 18;
/// How long a write may go unanswered, restarts included.
const ANSWER_MAX: Duration = Duration::from_secs(60);
const USDT: Asset = Asset {
    symbol: "USDT",
    scale: SCALE,
    min: "1",
    token: None,
    enabled: true,
};

/// The house.
pub(super) struct House<'n> {
    pub(super) installation: Installation,
    node: &'n Node,
    token: Deployed,
    /// What each user must have in the end, in minor units; each payment is of another amount.
    expected: Vec<u128>,
    addresses: Vec<Address>,
    paid: u128,
}

impl<'n> House<'n> {
    /// One with so many users, and workers in other processes alone.
    pub(super) fn new(node: &'n Node, redis: &Redis, users: usize) -> Self {
        Self::with_tasks(node, redis, users, 0)
    }

    /// One whose server has `tasks` workers of its own.
    pub(super) fn with_tasks(node: &'n Node, redis: &Redis, users: usize, tasks: usize) -> Self {
        let deployer = Wallet::number(node, 0);
        let args = ["USDT".into(), "USDT".into(), u128::from(SCALE).into()];
        let token = deployer.deploy(contracts::true_token(), &args);
        let purse = 10u128.pow(30);
        deployer.transact(
            &token,
            "mint",
            &[Wallet::number(node, 1).address().into(), purse.into()],
        );
        let installation = Installation::configured(|port, journal| {
            let workers = format!(
                "\n[workers]\nredis = \"{}\"\ntakeover = \"10m\"\ntasks = {tasks}\nvisibility = \"2s\"\n\n\
                 [[api.tokens]]\nname = \"workers\"\nrole = \"worker\"\ntoken = \"{TOKEN}\"\n",
                redis.url()
            );
            let toml = settings(node, token.address).to_toml(port, journal);
            toml.replace("[escrow]\n", "[escrow]\nfast_track = []\nsweep = \"1s\"\n") + &workers
        });
        let house = Self {
            installation,
            node,
            token,
            expected: vec![0; users],
            addresses: Vec::new(),
            paid: 0,
        };
        std::fs::write(house.token_file(), format!("{TOKEN}\n")).expect("a file can be written");
        house
    }

    /// Registers the users.
    pub(super) fn register(&mut self) {
        for n in 0..self.expected.len() {
            let answer = write(
                &self.installation.client(),
                "/api/v1/users",
                &format!("user-{n}"),
                &json!({ "name": format!("user {n}") }),
            );
            let address = answer["deposit_addresses"][0]["address"].as_str();
            self.addresses
                .push(address.expect("an address").parse().expect("an address"));
        }
    }

    /// Pays a user, in a block of its own, and claims it or leaves it to the scanner.
    pub(super) fn pay(&mut self, user: usize, is_claimed: bool) {
        let user = user % self.addresses.len();
        self.paid += 1;
        let amount = 10u128.pow(u32::from(SCALE)) + self.paid;
        let args = [self.addresses[user].into(), amount.into()];
        let receipt = Wallet::number(self.node, 1).transact(&self.token, "transfer", &args);
        self.expected[user] += amount;
        if is_claimed {
            let user = UserId::new(u64::try_from(user).expect("few users") + 1).to_string();
            let claim = json!({ "user": user, "chain": "eip155:56", "tx": receipt.hash.to_string() });
            let key = format!("claim-{}", self.paid);
            write(&self.installation.client(), "/api/v1/escrow/claims", &key, &claim);
        }
    }

    /// How many payments were made.
    pub(super) fn paid(&self) -> u128 {
        self.paid
    }

    /// What each user has, in minor units; `None` while the server does not answer.
    pub(super) fn balances(&self) -> Vec<Option<u128>> {
        let client = self.installation.client();
        let users = 1..=self.expected.len();
        users
            .map(|n| balance(&client, &format!("/api/v1/users/user-{n}/balances")))
            .collect()
    }

    /// Waits until each user has what they were paid, to the last unit, and says how long that took.
    ///
    /// # Panics
    /// When it does not come to that `within` the time.
    pub(super) fn await_everything(&self, what: &str, within: Duration) -> Duration {
        let began = Instant::now();
        wait_until(what, within, || {
            let balances = self.balances();
            for (found, expected) in balances.iter().zip(&self.expected) {
                assert!(
                    found.is_none_or(|found| found <= *expected),
                    "more than was paid: {found:?} of {expected}"
                );
            }
            balances
                .iter()
                .zip(&self.expected)
                .all(|(found, expected)| *found == Some(*expected))
        });
        began.elapsed()
    }

    /// Starts a worker process.
    pub(super) fn work(&self, name: &str) -> Process {
        self.work_with(name, &self.installation.config(), &self.token_file())
    }

    /// Starts one with a configuration and a token of its own.
    pub(super) fn work_with(&self, name: &str, config: &Path, token: &Path) -> Process {
        let mut command = plimsoll();
        command.args([
            "worker",
            "--url",
            &format!("http://127.0.0.1:{}", self.installation.port()),
        ]);
        command.arg("--config").arg(config).arg("--token-file").arg(token);
        Process::spawn(name, &self.folder(), command)
    }

    /// Configurations and tokens with which nobody can work here, how a worker with them ends, and what it says.
    pub(super) fn misfits(&self) -> [(PathBuf, PathBuf, i32, &'static str); 4] {
        let write = |name: &str, text: &str| {
            let path = self.folder().join(name);
            std::fs::write(&path, text).expect("a file can be written");
            path
        };
        let own = std::fs::read_to_string(self.installation.config()).expect("there is a configuration");
        let renamed = write(
            "renamed.toml",
            &own.replace("name = \"second\"", "name = \"other\""),
        );
        let without = own.split("\n[workers]\n").next().unwrap_or_default();
        let without = write("without.toml", without);
        let operators = write("operator.token", plimsoll_tests::product::ADMIN_TOKEN);
        [
            (renamed, self.token_file(), 3, "are not those of this server"),
            (
                self.installation.config(),
                operators,
                3,
                "takes one of role worker",
            ),
            (without, self.token_file(), 2, "[workers]"),
            (
                self.installation.config(),
                self.folder().join("nowhere"),
                2,
                "read the token",
            ),
        ]
    }

    /// Stops the server in an orderly way, and checks what it leaves.
    pub(super) fn stop(&self, server: &mut Process) {
        let status = server.terminate(Duration::from_secs(60));
        assert_eq!(status.code(), Some(0), "{}", server.stderr());
        assert!(!server.stderr().contains("panicked"), "{}", server.stderr());
        let check = self.installation.run(&["check"], &self.installation.journal());
        assert_eq!(check.code, Some(0), "{check:?}");
    }

    fn folder(&self) -> PathBuf {
        let config = self.installation.config();
        config.parent().expect("a file lies in a folder").to_owned()
    }

    fn token_file(&self) -> PathBuf {
        self.folder().join("worker.token")
    }
}

/// What a user has available; `None` while the server does not answer.
fn balance(client: &Client, path: &str) -> Option<u128> {
    let answer = client.get(path).ok().filter(|answer| answer.status == 200)?;
    let balances = answer.body["balances"].as_array().cloned().unwrap_or_default();
    let available = balances.iter().find(|one| one["asset"] == "USDT");
    let Some(available) = available.and_then(|one| one["available"].as_str()) else {
        return Some(0);
    };
    let amount = Amount::parse(available, SCALE).expect("an amount");
    u128::try_from(amount.minor()).ok()
}

/// Sends a write until it is answered for good.
fn write(client: &Client, path: &str, key: &str, body: &Value) -> Value {
    let mut done = Value::Null;
    wait_until(&format!("{path} {body} is answered"), ANSWER_MAX, || {
        match client.post(path, &[("idempotency-key", key)], body) {
            Ok(answer) if [201, 202].contains(&answer.status) => done = answer.body,
            Ok(answer) => assert!([429, 503, 504].contains(&answer.status), "{answer:?}"),
            Err(_) => {}
        }
        !done.is_null()
    });
    done
}

fn settings(node: &Node, token: Address) -> Settings {
    let endpoint = |name: &str, provider: &str| Endpoint {
        name: name.to_owned(),
        provider: provider.to_owned(),
        url: node.url().to_owned(),
    };
    Settings {
        chain: super::CHAIN,
        genesis: node.block(Tag::Height(0)).hash,
        assets: vec![Asset {
            token: Some((token, SCALE)),
            ..USDT
        }],
        price: None,
        collect: vec![],
        endpoints: vec![endpoint("first", "Alpha"), endpoint("second", "Beta")],
        patience: "1h",
    }
}
