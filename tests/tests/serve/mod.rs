//! The server as a process: how it starts and refuses to, what it answers to bad requests, whom it believes.

mod admin;
mod dev;
mod journal;
mod refunds;
mod request;
mod start;
mod upstream;
mod watch;
mod webhooks;

use plimsoll_core::id::{Address, BlockHash};
use plimsoll_tests::process::{Process, free_port};
use plimsoll_tests::product::{Asset, Endpoint, Installation, Settings};
use serde_json::{Value, json};

/// A configuration whose endpoints are not there: enough for what has nothing to do with a chain.
fn offline() -> Settings {
    let endpoint = |name: &str| Endpoint {
        name: name.to_owned(),
        provider: name.to_owned(),
        url: format!("http://127.0.0.1:{}", free_port()),
    };
    Settings {
        chain: 56,
        genesis: BlockHash::Evm([0x11; 32]),
        assets: vec![
            Asset {
                symbol: "USDT",
                scale: 18,
                min: "1",
                token: Some((Address::Evm([0x55; 20]), 18)),
                enabled: true,
            },
            Asset {
                symbol: "CREDIT",
                scale: 2,
                min: "0.01",
                token: None,
                enabled: true,
            },
            Asset {
                symbol: "OLD",
                scale: 2,
                min: "0.01",
                token: None,
                enabled: false,
            },
        ],
        price: Some(("USDT", "CREDIT", "3/2")),
        collect: vec![],
        endpoints: ["one", "two"].map(endpoint).to_vec(),
        patience: "24h",
    }
}

/// Registers `count` users, and gives what was answered.
fn register(installation: &Installation, count: usize) -> Vec<Value> {
    let client = installation.client();
    let register = |number| {
        let key = format!("user {number}").replace(' ', "-");
        let answer = client.post(
            "/api/v1/users",
            &[("idempotency-key", &key)],
            &json!({ "name": key }),
        );
        let answer = answer.expect("the server answers");
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body
    };
    (0..count).map(register).collect()
}

/// Whatever happens, it is an answer or an error with a name, never a panic; and what is no terminal gets plain text.
#[track_caller]
fn assert_no_panic(stderr: &str) {
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "an escape sequence is in {stderr:?}");
}

/// Asks the server to stop, which it does with 0.
#[track_caller]
fn stop(server: &mut Process) {
    let status = server.terminate(std::time::Duration::from_secs(20));
    assert_eq!(status.code(), Some(0), "{}", server.stderr());
    assert_no_panic(&server.stderr());
}
