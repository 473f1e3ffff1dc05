//! The whole product against a real validator: claimed or not, each transfer is credited once, whatever is killed meanwhile.

use std::path::Path;
use std::time::Duration;

use plimsoll_core::id::Address;
use plimsoll_tests::http::Client;
use plimsoll_tests::process::{Process, wait_until};
use plimsoll_tests::product::Installation;
use plimsoll_tests::solana::Cluster;
use serde_json::{Value, json};

/// How long credits may take: a lap after finality, on a busy machine.
const CREDITED_WITHIN: Duration = Duration::from_secs(90);
/// How often the first user is paid while the server is killed.
const PAYMENTS: u32 = 60;
/// How often the server is killed meanwhile.
const KILLS: u32 = 8;
/// The token's units that the script paid each user before anything was started.
const PAID_BEFORE: [u32; 2] = [250 + 100 + 30 + 1 + 2, 40];

/// A configuration of the cluster, with two endpoints at the one validator that count as independent.
fn to_toml(cluster: &Cluster, port: u16, journal: &Path) -> String {
    let chain = format!("solana:{}", &cluster.text("/genesis")[..10]);
    let endpoint = |name| {
        let url = cluster.text("/url");
        format!("\n[[chains.endpoints]]\nname = \"{name}\"\nprovider = \"{name}\"\nurl = \"{url}\"\n")
    };
    format!(
        r#"
[api]
listen = "127.0.0.1:{port}"

[journal]
path = "{journal}"

[[assets]]
symbol = "USDT"
name = "Tether USD"
scale = 18
min = "0.000001"
max = "1000000"

[[assets.tokens]]
chain = "{chain}"
contract = "{mint}"
decimals = 6

[[chains]]
id = "{chain}"
genesis = "{genesis}"
poll = "200ms"
start_block = {first}

[chains.deposit_addresses]
program = "{program}"
{endpoints}"#,
        journal = journal.display(),
        mint = cluster.text("/mint"),
        genesis = cluster.text("/genesis"),
        first = cluster.number("/first"),
        program = cluster.text("/program"),
        endpoints = ["one", "two"].map(endpoint).concat(),
    )
}

/// A server before the cluster, with two users whose wallets the script knows.
struct House {
    server: Process, // ends before its folder is gone
    installation: Installation,
    cluster: Cluster,
}

impl House {
    fn open(cluster: Cluster) -> Self {
        let installation = Installation::configured(|port, journal| to_toml(&cluster, port, journal));
        let server = installation.serve_until_ready();
        let mut house = Self {
            cluster,
            installation,
            server,
        };
        for user in 0..2 {
            let wallet = &house.post(
                "/api/v1/users",
                &format!("user-{user}"),
                &json!({"name": "somebody"}),
            )["deposit_addresses"][0];
            assert_eq!(wallet["address"], house.cluster.text(&format!("/wallets/{user}")));
        }
        // What was paid before these addresses were given out may have been passed already: no lap looks there again in this life.
        house.server.kill();
        house.server = house.installation.serve_until_ready();
        house
    }

    fn client(&self) -> Client {
        self.installation.client()
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> Value {
        let answer = self.client().post(path, &[("idempotency-key", key)], body);
        let answer = answer.expect("the server answers");
        assert!(matches!(answer.status, 200..=202), "{answer:?}");
        answer.body
    }

    fn claim(&self, signature: &str) -> Value {
        let chain = format!("solana:{}", &self.cluster.text("/genesis")[..10]);
        let body = json!({"user": "user-1", "chain": chain, "tx": signature});
        self.post(
            "/api/v1/escrow/claims",
            signature.get(..20).unwrap_or_default(),
            &body,
        )
    }

    /// The token's units that a user has available.
    fn available(&self, user: u32) -> Option<u32> {
        let answer = self
            .client()
            .get(&format!("/api/v1/users/user-{user}/balances"))
            .ok()?;
        let balances = answer.body["balances"].as_array()?;
        let usdt = balances.iter().find(|one| one["asset"] == "USDT")?;
        let (whole, fraction) = usdt["available"].as_str()?.split_once('.')?;
        let (units, below) = fraction.split_at_checked(6)?;
        assert!(below.bytes().all(|digit| digit == b'0'), "{usdt}");
        format!("{whole}{units}").parse().ok()
    }

    fn await_balances(&self, expected: [u32; 2]) {
        wait_until("everything is credited", CREDITED_WITHIN, || {
            let found = [self.available(1), self.available(2)];
            let is_more = |(found, most): (&Option<u32>, u32)| found.is_some_and(|found| found > most);
            let too_much = found.iter().zip(expected).any(is_more);
            assert!(!too_much, "{found:?} were credited of {expected:?}");
            found == expected.map(Some)
        });
    }

    /// Ends the server as its operator would, and audits what it leaves.
    fn close(mut self) {
        let status = self.server.terminate(Duration::from_secs(20));
        assert_eq!(status.code(), Some(0), "{}", self.server.stderr());
        assert!(
            !self.server.stderr().contains("panicked"),
            "{}",
            self.server.stderr()
        );
        let audit = self.installation.run(&["check"], &self.installation.journal());
        assert_eq!(audit.code, Some(0), "{audit:?}");
    }
}

#[test]
fn a_claim_is_seen_and_then_credited_and_the_rest_is_found_by_laps() {
    let house = House::open(Cluster::start());
    let (_, signature) = house
        .cluster
        .payments()
        .find(|(name, _)| *name == "two")
        .expect("it was paid");
    let claim = house.claim(signature);
    let id = claim["id"].as_str().expect("a name").to_owned();
    let mut last = Value::Null;
    wait_until("the claim is credited", CREDITED_WITHIN, || {
        let path = format!("/api/v1/escrow/claims/{id}");
        last = house.client().get(&path).expect("the server answers").body;
        last["status"] == "credited"
    });
    let account = last["deposits"][0]["to"]
        .as_str()
        .and_then(|text| text.parse::<Address>().ok());
    assert!(matches!(account, Some(Address::Solana(_))), "{last}");
    assert_eq!(
        last["evidence"]["votes"].as_array().map(Vec::len),
        Some(2),
        "{last}"
    );
    assert_eq!(last["tx"], signature);

    house.await_balances(PAID_BEFORE);
    house.close();
}

#[test]
fn each_transfer_is_credited_once_though_the_server_is_killed_meanwhile() {
    let mut house = House::open(Cluster::start_paying(PAYMENTS));
    for kill in 1..=KILLS {
        let so_far = PAYMENTS * kill / (KILLS + 1);
        wait_until("some more were paid", CREDITED_WITHIN, || {
            house.cluster.paid().len() >= so_far as usize
        });
        // Half of what was paid is claimed as well, right before the end.
        if kill % 2 == 0 {
            house.claim(house.cluster.paid().last().expect("a payment"));
        }
        house.server.kill();
        house.server = house.installation.serve_until_ready();
    }
    wait_until("all were paid", CREDITED_WITHIN, || {
        house.cluster.paid().len() == PAYMENTS as usize
    });
    let more: u32 = (1..=PAYMENTS).sum();
    house.await_balances([PAID_BEFORE[0] + more, PAID_BEFORE[1]]);
    house.close();
}
