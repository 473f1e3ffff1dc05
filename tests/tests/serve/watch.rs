//! `plimsoll watch` against the real server: through a crash to the end, and its exit codes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use plimsoll_tests::http::Client;
use plimsoll_tests::process::{Process, free_port, temporary_folder, wait_until};
use plimsoll_tests::product::{plimsoll, run_to_end};
use serde_json::json;

use super::stop;

const LONG: Duration = Duration::from_secs(30);

fn serve(folder: &Path, port: u16) -> Process {
    let mut command = plimsoll();
    command.args([
        "serve",
        "--dev",
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--data",
    ]);
    command.arg(folder.join("data"));
    let mut server = Process::spawn("plimsoll", folder, command);
    let client = Client::new(&format!("http://127.0.0.1:{port}"));
    wait_until("the server answers", LONG, || {
        assert!(server.is_running(), "{}", server.stderr());
        client.get("/health/live").is_ok()
    });
    server
}

fn watch(url: &str, claim: &str, more: &[&str]) -> Command {
    let mut command = plimsoll();
    command.args(["watch", claim, "--url", url]).args(more);
    command
}

#[test]
fn a_claim_is_watched_through_a_crash_to_its_credit() {
    let (folder, port) = (temporary_folder(), free_port());
    let mut server = serve(folder.path(), port);
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::new(&url);
    let post = |path: &str, key: &str, body: serde_json::Value| {
        let answer = client.post(path, &[("idempotency-key", key)], &body);
        let answer = answer.expect("the server answers");
        assert!(answer.status < 300, "{answer:?}");
        answer.body
    };
    let ada = post("/api/v1/users", "ada", json!({ "name": "Ada" }));
    post("/api/v1/users", "bob", json!({ "name": "Bob" }));
    let address = ada["deposit_addresses"][0]["address"].clone();
    let chain = ada["deposit_addresses"][0]["chain"].clone();
    let paid = json!({ "address": address, "asset": "USDT", "amount": "25" });
    let paid = client
        .post("/dev/faucet", &[], &paid)
        .expect("the server answers")
        .body;
    let claim = |user: &str| json!({ "user": user, "chain": chain, "tx": paid["tx"] });
    post("/api/v1/escrow/claims", "claim-1", claim("user-1"));
    post("/api/v1/escrow/claims", "claim-2", claim("user-2"));
    server.kill();

    let mut watching = Process::spawn(
        "watch",
        folder.path(),
        watch(&url, "claim-1", &["--give-up", "1m"]),
    );
    wait_until("the watcher misses the server", LONG, || {
        watching.stderr().contains("connecting again")
    });
    let mut server = serve(folder.path(), port);
    let ended = watching.await_end(LONG);
    let said = watching.stdout();
    assert_eq!(ended.code(), Some(0), "{said}{}", watching.stderr());
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("claim-1 credited 25.000000000000000000 USDT in block"),
        "{said}"
    );

    let ended = run_to_end(watch(&url, "claim-2", &["--format", "json"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains(r#""reason":"not_yours""#), "{ended:?}");
    let ended = run_to_end(watch(&url, "claim-9", &[]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("there is no claim-9"), "{ended:?}");
    stop(&mut server);
    let ended = run_to_end(watch(&url, "claim-1", &["--give-up", "1s"]));
    assert_eq!(ended.code, Some(3), "{ended:?}");
}
