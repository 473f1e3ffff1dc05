//! Webhooks of the real server, which is killed while it delivers: whatever happens, each receiver that heals hears of
//! everything, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use plimsoll_tests::http::Client;
use plimsoll_tests::process::{Process, pause, wait_until};
use plimsoll_tests::product::{ADMIN_TOKEN, Installation};
use plimsoll_tests::receiver::{Mood, Receiver};
use serde_json::{Value, json};

use super::{offline, register, stop};

const SECRET: &str = "the-secret-of-the-receivers-of-tests";
const WEBHOOKS: &str = "/api/v1/escrow/webhooks";
/// How often the server is killed.
const KILLS: u64 = 10;
/// How many claims are filed in each of its lives.
const CLAIMS: u64 = 6;
const LONG: Duration = Duration::from_secs(90);

/// Claims of transactions that nobody ever shows: each becomes a dead letter within seconds, and its claimant hears so.
fn file(client: &Client, claims: std::ops::Range<u64>) -> Vec<String> {
    let one = |number: u64| {
        let tx = format!("0x{number:064x}");
        let body = json!({ "user": "user-1", "chain": "eip155:56", "tx": tx });
        let answer = client.post("/api/v1/escrow/claims", &[("idempotency-key", &tx)], &body);
        let answer = answer.expect("the server answers");
        assert_eq!(answer.status, 202, "{answer:?}");
        tx
    };
    claims.map(one).collect()
}

fn installation(receivers: &[(&str, &Receiver)]) -> Installation {
    let mut settings = offline();
    settings.patience = "3s"; // at least one sweep
    Installation::configured(|port, journal| {
        let mut toml = settings.to_toml(port, journal);
        for (name, receiver) in receivers {
            toml += &format!(
                "\n[[webhooks]]\nname = \"{name}\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\nevents = [\"deposit.*\"]\ntimeout = \"1s\"\n",
                receiver.url()
            );
        }
        toml
    })
}

fn named(taken: &[Value], field: &str) -> BTreeSet<String> {
    taken
        .iter()
        .map(|body| body[field].as_str().expect("a text").to_owned())
        .collect()
}

fn operator(client: &Client, path: &str) -> Value {
    let token = format!("Bearer {ADMIN_TOKEN}");
    let answer = client
        .get_with(path, &[("authorization", &token)])
        .expect("the server answers");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[test]
fn nothing_is_lost_when_the_server_is_killed_while_it_delivers() {
    let (steady, ill) = (Receiver::start(SECRET), Receiver::start(SECRET));
    let installation = installation(&[("ill", &ill), ("steady", &steady)]);
    let mut claimed = BTreeSet::new();
    let mut server = installation.serve_until_ready();
    register(&installation, 1);
    for life in 0..KILLS {
        let mood = if life % 3 == 2 { Mood::Broken } else { Mood::Hangs };
        ill.turn(mood);
        let before = (steady.taken().len(), ill.taken().len());
        claimed.extend(file(&installation.client(), life * CLAIMS..(life + 1) * CLAIMS));
        // One of them has taken a call that the server has not heard the answer of, and may never.
        wait_until("a receiver is called", LONG, || {
            steady.taken().len() > before.0 && (mood == Mood::Broken || ill.taken().len() > before.1)
        });
        pause(Duration::from_millis(life * 37 % 200));
        server.kill();
        server = installation.serve_until_ready();
    }
    ill.turn(Mood::Well);
    for (name, receiver) in [("steady", &steady), ("ill", &ill)] {
        wait_until(&format!("{name} has heard of everything"), LONG, || {
            named(&receiver.taken(), "tx").len() == claimed.len()
        });
        let taken = receiver.taken();
        assert_eq!(
            named(&taken, "tx"),
            claimed,
            "{name}: none missing, none invented"
        );
        assert_eq!(
            named(&taken, "id").len(),
            claimed.len(),
            "{name}: again under the same names"
        );
        assert_eq!(
            named(&taken, "type"),
            BTreeSet::from(["deposit.dead_lettered".to_owned()])
        );
    }
    assert!(
        ill.taken().len() > claimed.len(),
        "what was taken and not heard of came again"
    );
    in_order(&steady.taken());
    figures(&installation, &mut server);
    stop(&mut server);
}

/// A receiver that is well sees an older event after a newer one only if it saw it before.
fn in_order(taken: &[Value]) {
    let mut first = BTreeMap::new();
    for (place, body) in taken.iter().enumerate() {
        first
            .entry(body["id"].as_str().expect("a name"))
            .or_insert_with(|| (place, body["position"].as_u64()));
    }
    let mut first: Vec<_> = first.into_values().collect();
    first.sort_unstable();
    assert!(first.is_sorted_by_key(|(_, position)| *position), "{first:?}");
}

/// What operators see of it.
fn figures(installation: &Installation, server: &mut Process) {
    let client = installation.client();
    wait_until("everybody is served", LONG, || {
        assert!(server.is_running());
        let standing = operator(&client, WEBHOOKS);
        let receivers = standing["webhooks"].as_array().expect("a list");
        receivers.iter().all(|one| one["lag_records"] == 0)
    });
    let log = operator(&client, &format!("{WEBHOOKS}/deliveries?receiver=ill&limit=1000"));
    let outcomes: BTreeSet<&str> = log["deliveries"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|line| line["outcome"].as_str())
        .collect();
    assert!(
        outcomes.contains("delivered") && outcomes.contains("refused"),
        "{outcomes:?}"
    );
    let event = log["deliveries"][0]["event"].clone();
    let again = json!({ "receiver": "steady", "event": event });
    let token = format!("Bearer {ADMIN_TOKEN}");
    let answer = client.post(
        &format!("{WEBHOOKS}/redeliver"),
        &[("authorization", &token)],
        &again,
    );
    let answer = answer.expect("the server answers");
    assert_eq!((answer.status, answer.body["accepted"].as_u64()), (202, Some(1)));
}
