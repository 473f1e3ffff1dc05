//! The whole development server in one process: HTTP, driver, SQLite journal, JSON-RPC, chain.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::{DevServer, ServeError};
use crate::clock::Clock;
use crate::store::{StoreError, audit};

/// How long a deposit may take: the poll, three blocks and two rounds of questions, with a busy machine's margin.
const CREDIT_TIMEOUT: Duration = Duration::from_secs(30);

async fn open(folder: &Path) -> Result<DevServer, ServeError> {
    DevServer::open(
        folder.to_owned(),
        SocketAddr::from(([127, 0, 0, 1], 0)),
        7,
        Clock::start(),
    )
    .await
}

/// Runs a server on `folder` while `story` lasts, and stops it in an orderly way.
async fn with_server<F: Future<Output = ()>>(folder: &Path, story: impl FnOnce(Client) -> F) {
    with(open(folder).await.expect("a server"), story).await;
}

/// Runs `server` while `story` lasts, and stops it in an orderly way.
async fn with<F: Future<Output = ()>>(server: DevServer, story: impl FnOnce(Client) -> F) {
    let client = Client(server.server.address().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let told = async {
        story(client).await;
        drop(stop);
    };
    let running = Box::pin(server.run(async { drop(stopped.await) }));
    let (served, ()) = tokio::join!(running, told);
    served.expect("an orderly end");
}

#[derive(Clone, Copy)]
struct Client(SocketAddr);

impl Client {
    async fn send(self, method: &str, path: &str, key: &str, body: &str) -> (u16, Value) {
        let (status, body) = self.exchange(method, path, key, body).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    async fn text(self, path: &str) -> (u16, String) {
        self.exchange("GET", path, "-", "").await
    }

    async fn exchange(self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.0).await.expect("a connection");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.expect("a reply");
        let (head, body) = reply.split_once("\r\n\r\n").expect("a head");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status");
        (status, body.to_owned())
    }

    async fn get(self, path: &str) -> Value {
        self.send("GET", path, "-", "").await.1
    }

    async fn post(self, path: &str, key: &str, body: Value) -> Value {
        let (status, reply) = self.send("POST", path, key, &body.to_string()).await;
        assert!(status < 300, "{status}: {reply}");
        reply
    }

    async fn pay(self, address: &Value, asset: &str, amount: &str) -> Value {
        let wanted = json!({ "address": address, "asset": asset, "amount": amount });
        self.post("/dev/faucet", "-", wanted).await["tx"].clone()
    }

    async fn available(self, user: &str, asset: &str) -> String {
        let balances = self.get(&format!("/api/v1/users/{user}/balances")).await;
        let balances = balances["balances"].as_array().expect("balances");
        let of_asset = balances
            .iter()
            .find(|one| one["asset"] == asset)
            .expect("the asset");
        of_asset["available"].as_str().expect("an amount").to_owned()
    }

    /// Waits until the user has so much.
    async fn expect(self, user: &str, asset: &str, amount: &str) {
        let reached = async {
            while self.available(user, asset).await != amount {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let arrived = tokio::time::timeout(CREDIT_TIMEOUT, reached).await;
        assert!(
            arrived.is_ok(),
            "{amount} {asset} did not come: {}",
            self.available(user, asset).await
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deposits_are_credited_claimed_or_not_and_the_same_folder_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    with_server(folder.path(), async |client| {
        let user = client.post("/api/v1/users", "k1", json!({ "name": "Ada" })).await;
        let address = &user["deposit_addresses"][0]["address"];
        let tx = client.pay(address, "USDT", "25").await;
        let claim = json!({ "user": "user-1", "chain": "eip155:1337", "tx": tx });
        assert_eq!(
            client.post("/api/v1/escrow/claims", "k1", claim).await["id"],
            "claim-1"
        );
        client.expect("user-1", "USDT", "25.000000000000000000").await;
        assert_eq!(
            client.get("/api/v1/escrow/claims/claim-1").await["status"],
            "credited"
        );

        client.pay(address, "USDC", "130").await;
        client.expect("user-1", "GOLD", "1.00000000").await;
        assert_eq!(client.send("GET", "/health/ready", "-", "").await.0, 200);
    })
    .await;

    with_server(folder.path(), async |client| {
        assert_eq!(client.available("user-1", "USDT").await, "25.000000000000000000");
        let user = client.get("/api/v1/users/user-1").await;
        client
            .pay(&user["deposit_addresses"][0]["address"], "USDT", "1.5")
            .await;
        client.expect("user-1", "USDT", "26.500000000000000000").await;
    })
    .await;

    let report = audit(&super::dev::journal_path(folder.path()), |_| ())
        .await
        .expect("an audit");
    assert!(report.is_sound(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_did_can_be_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let flight = folder.path().join("flight");
    for name in ["Ada", "Grace"] {
        let mut server = open(folder.path()).await.expect("a server");
        server.server = server.server.recording(Some(&flight)).expect("a recording");
        with(server, async |client| {
            let user = client.post("/api/v1/users", name, json!({ "name": name })).await;
            let address = &user["deposit_addresses"][0]["address"];
            let tx = client.pay(address, "USDC", "130").await;
            let claim = json!({ "user": user["id"], "chain": "eip155:1337", "tx": tx });
            client.post("/api/v1/escrow/claims", name, claim).await;
            client
                .expect(user["id"].as_str().expect("an id"), "GOLD", "1.00000000")
                .await;
            let health = client.get("/health").await;
            let check = &health["checks"]["recorder:lost"][0];
            assert_eq!(
                (&check["observedValue"], &check["status"]),
                (&json!(0), &json!("pass"))
            );
            let (_, metrics) = client.text("/metrics").await;
            assert!(metrics.contains("plimsoll_recorder_lost_inputs 0"), "{metrics}");
        })
        .await;
    }
    let journal = super::dev::journal_path(folder.path());
    let (code, out) = crate::cli::replay::at(&flight, &journal);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("000002.plmrec: life 2 from its beginning"), "{out}");
    assert!(
        out.contains("testimony, breakers, lifecycle"),
        "every oracle that can judges: {out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_one_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let _first = open(folder.path()).await.expect("a server");
    let second = open(folder.path()).await;
    assert!(matches!(
        second,
        Err(ServeError::Journal(StoreError::Locked { .. }))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faucet_refuses_what_it_cannot_pay() {
    let folder = tempfile::tempdir().expect("a folder");
    with_server(folder.path(), async |client| {
        let address = "0x55d398326f99059ff775485246999027b3197955";
        for (body, code, field) in [
            (
                json!({ "address": "0x1", "asset": "USDT", "amount": "1" }),
                "address_malformed",
                "address",
            ),
            (
                json!({ "address": address, "asset": "GOLD", "amount": "1" }),
                "unknown_asset",
                "asset",
            ),
            (
                json!({ "address": address, "asset": "USDT", "amount": "0.0001" }),
                "amount_too_precise",
                "amount",
            ),
            (
                json!({ "address": address, "asset": "USDT", "amount": "0" }),
                "amount_out_of_range",
                "amount",
            ),
            (
                json!({ "address": address, "asset": "USDT", "amount": "9999999999" }),
                "amount_out_of_range",
                "amount",
            ),
        ] {
            let (_, problem) = client.send("POST", "/dev/faucet", "-", &body.to_string()).await;
            assert_eq!(
                (problem["code"].as_str(), problem["field"].as_str()),
                (Some(code), Some(field)),
                "{problem}"
            );
        }
    })
    .await;
}
