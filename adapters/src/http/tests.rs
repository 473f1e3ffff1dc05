//! The whole surface, with a real bank behind it.

mod house;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Code, serve};
use crate::config::Shutdown;
use crate::driver::Unavailable;
use house::{Answered, Mood, Server, TOKEN, TX};

const USERS: &str = "/api/v1/users";
const CLAIMS: &str = "/api/v1/escrow/claims";
const TRANSACTIONS: &str = "/api/v1/transactions";
const DEAD_LETTERS: &str = "/api/v1/escrow/dead-letter-queue";
const RESOLVE: &str = "/api/v1/escrow/dead-letter-queue/resolve";

#[track_caller]
fn check_problem(reply: &Answered, status: u16, code: &str, field: Option<&str>) {
    let problem = reply.json();
    assert_eq!(
        (reply.status, problem["code"].as_str()),
        (status, Some(code)),
        "{}",
        reply.text
    );
    assert_eq!(problem["field"].as_str(), field, "{}", reply.text);
    assert_eq!(problem["status"].as_u64(), Some(u64::from(status)));
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert!(!problem["detail"].as_str().unwrap_or("").is_empty());
}

fn transfer(debit: &str, credit: &str, asset: &str, amount: &str) -> String {
    let transfer = json!({ "debit": debit, "credit": credit, "asset": asset, "amount": amount });
    json!({ "post": { "transfers": [transfer] } }).to_string()
}

fn claim(user: &str, chain: &str, tx: &str) -> String {
    json!({ "user": user, "chain": chain, "tx": tx }).to_string()
}

async fn available(server: &Server, user: &str) -> String {
    let balances = server.get(&format!("{USERS}/{user}/balances")).await.json();
    balances["balances"][0]["available"]
        .as_str()
        .expect("a balance")
        .to_owned()
}

#[tokio::test]
async fn a_user_is_registered_once_and_shown() {
    let server = Server::new();
    let first = server.post(USERS, "k1", r#"{"name":"Ada"}"#).await;
    insta::assert_json_snapshot!("user", first.json());
    assert_eq!(
        (first.status, first.headers.get("idempotency-replayed")),
        (201, None)
    );

    let again = server.post(USERS, "k1", r#"{"name":"Ada"}"#).await;
    assert_eq!(
        (again.status, &again.headers["idempotency-replayed"]),
        (201, &"true".parse().expect("a value"))
    );
    assert_eq!(again.text, first.text);
    assert_eq!(server.get("/api/v1/users/user-1").await.text, first.text);

    let other = server.post(USERS, "k1", r#"{"name":"Bob"}"#).await;
    check_problem(&other, 409, "idempotency_conflict", Some("name"));
    insta::assert_json_snapshot!("problem_idempotency_conflict", other.json());
}

#[tokio::test]
async fn a_claim_shows_every_stage_of_its_deposit() {
    let server = Server::new();
    let address = server.register("ada").await;
    let filed = server
        .post(CLAIMS, "k1", &claim("user-1", "eip155:56", &TX.to_string()))
        .await;
    assert_eq!(
        (filed.status, filed.headers["location"].to_str().ok()),
        (202, Some("/api/v1/escrow/claims/claim-1"))
    );
    server.house.pass(Duration::from_secs(1));
    let show = async || server.get("/api/v1/escrow/claims/claim-1").await.json();
    assert_eq!(show().await["status"], "verifying");

    server.house.pay(address, 25 * 10i128.pow(18));
    server.house.pass(Duration::from_secs(4));
    insta::assert_json_snapshot!("claim_seen", show().await);
    let balances = server.get("/api/v1/users/user-1/balances").await.json();
    insta::assert_json_snapshot!("balances_seen", balances);

    server.house.finalize();
    insta::assert_json_snapshot!("claim_credited", show().await);
    assert_eq!(available(&server, "user-1").await, "25.000000000000000000");

    let again = server
        .post(CLAIMS, "k1", &claim("user-1", "eip155:56", &TX.to_string()))
        .await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.json()["status"], "credited");
    let other = server
        .post(
            CLAIMS,
            "k1",
            &claim("user-1", "eip155:56", &format!("0x{}", "11".repeat(32))),
        )
        .await;
    check_problem(&other, 409, "idempotency_conflict", Some("tx"));
}

#[tokio::test]
async fn a_stolen_hash_is_rejected_and_reveals_nothing() {
    let server = Server::new();
    server.fund(25).await;
    let filed = server
        .post(CLAIMS, "k1", &claim("user-2", "eip155:56", &TX.to_string()))
        .await;
    assert_eq!(
        (filed.json()["status"].as_str(), filed.json()["reason"].as_str()),
        (Some("rejected"), Some("not_yours"))
    );
    assert_eq!(filed.json()["deposits"], json!([]));
    assert_eq!(available(&server, "user-2").await, "0.000000000000000000");
}

#[tokio::test]
async fn money_moves_in_one_phase_and_back() {
    let server = Server::new();
    server.fund(25).await;
    let body = transfer("user-1", "user-2", "USDT", "10.5");
    let posted = server.post(TRANSACTIONS, "k1", &body).await;
    assert_eq!(posted.status, 201, "{}", posted.text);
    let path = format!("{TRANSACTIONS}/{}", posted.json()["id"].as_str().expect("an id"));
    insta::assert_json_snapshot!("transaction_posted", server.get(&path).await.json());
    assert_eq!(
        server.post(TRANSACTIONS, "k1", &body).await.headers["idempotency-replayed"],
        "true"
    );
    assert_eq!(available(&server, "user-2").await, "10.500000000000000000");

    let reverse = json!({ "reverse": { "transaction": posted.json()["id"] } }).to_string();
    assert_eq!(server.post(TRANSACTIONS, "k2", &reverse).await.status, 201);
    assert_eq!(available(&server, "user-2").await, "0.000000000000000000");
    check_problem(
        &server.post(TRANSACTIONS, "k3", &reverse).await,
        422,
        "already_reversed",
        None,
    );

    let fee = transfer("user-1", "fees", "USDT", "1");
    assert_eq!(server.post(TRANSACTIONS, "k4", &fee).await.status, 201);
}

#[tokio::test]
async fn money_moves_in_two_phases() {
    let server = Server::new();
    server.fund(25).await;
    let hold = |expires_at: &str| {
        let transfer = json!({ "debit": "user-1", "credit": "user-2", "asset": "USDT", "amount": "10" });
        json!({ "hold": { "transfers": [transfer], "expires_at": expires_at } }).to_string()
    };
    let held = server
        .post(TRANSACTIONS, "k1", &hold("2027-01-01T00:00:00Z"))
        .await;
    let id = held.json()["id"].as_str().expect("an id").to_owned();
    insta::assert_json_snapshot!(
        "transaction_pending",
        server.get(&format!("{TRANSACTIONS}/{id}")).await.json()
    );
    assert_eq!(available(&server, "user-1").await, "15.000000000000000000");

    let post =
        |amounts: serde_json::Value| json!({ "post_hold": { "hold": id, "amounts": amounts } }).to_string();
    check_problem(
        &server.post(TRANSACTIONS, "k2", &post(json!(["1", "1"]))).await,
        422,
        "amounts_count_differs",
        None,
    );
    check_problem(
        &server.post(TRANSACTIONS, "k3", &post(json!(["11"]))).await,
        422,
        "amount_exceeds_hold",
        None,
    );
    let bad = server.post(TRANSACTIONS, "k4", &post(json!(["x"]))).await;
    check_problem(&bad, 400, "amount_malformed", Some("post_hold.amounts[0]"));
    assert_eq!(
        server.post(TRANSACTIONS, "k5", &post(json!(["4"]))).await.status,
        201
    );
    assert_eq!(available(&server, "user-2").await, "4.000000000000000000");
    let void = json!({ "void_hold": { "hold": id } }).to_string();
    check_problem(
        &server.post(TRANSACTIONS, "k6", &void).await,
        422,
        "hold_already_posted",
        None,
    );

    let past = server
        .post(TRANSACTIONS, "k7", &hold("2020-01-01T00:00:00Z"))
        .await;
    check_problem(&past, 422, "expiry_in_the_past", None);
    let odd = server.post(TRANSACTIONS, "k8", &hold("tomorrow")).await;
    check_problem(&odd, 400, "date_malformed", Some("hold.expires_at"));
}

#[tokio::test]
async fn the_money_of_the_house_is_out_of_reach() {
    let server = Server::new();
    server.fund(25).await;
    for (key, debit, credit) in [
        ("k1", "treasury", "user-1"),
        ("k2", "issuance", "user-1"),
        ("k3", "suspense", "user-1"),
        ("k4", "custody-eip155:56", "user-1"),
        ("k5", "fees", "user-1"),
        ("k6", "user-1", "treasury"),
    ] {
        let reply = server
            .post(TRANSACTIONS, key, &transfer(debit, credit, "USDT", "1"))
            .await;
        check_problem(&reply, 403, "not_permitted", None);
    }
    // The posting of the deposit itself.
    let reverse = json!({ "reverse": { "transaction": "transaction-1" } }).to_string();
    check_problem(
        &server.post(TRANSACTIONS, "k7", &reverse).await,
        403,
        "not_permitted",
        None,
    );
}

#[tokio::test]
async fn bad_amounts_accounts_and_assets_each_have_their_code() {
    let server = Server::new();
    server.fund(25).await;
    let field = |name: &str| format!("post.transfers[0].{name}");
    for (asset, amount, status, code, at) in [
        (
            "USDT",
            "0.0000000000000000001",
            422,
            "amount_too_precise",
            Some("amount"),
        ),
        ("USDT", "0", 422, "amount_not_positive", None),
        ("USDT", "-1", 400, "amount_malformed", Some("amount")),
        ("USDT", "1,5", 400, "amount_malformed", Some("amount")),
        ("USDT", "1e3", 400, "amount_malformed", Some("amount")),
        ("USDT", "", 400, "amount_malformed", Some("amount")),
        ("USDT", "1000.01", 422, "amount_above_max", None),
        ("USDT", "0.001", 422, "amount_below_min", None),
        (
            "USDT",
            "99999999999999999999999999",
            422,
            "amount_out_of_range",
            Some("amount"),
        ),
        ("USDT", "26", 422, "insufficient_funds", None),
        ("GOLD", "1", 422, "unknown_asset", Some("asset")),
        ("usdt", "1", 422, "unknown_asset", Some("asset")),
        ("OLD", "1", 422, "asset_disabled", None),
    ] {
        let reply = server
            .post(
                TRANSACTIONS,
                &format!("{asset}{amount}"),
                &transfer("user-1", "user-2", asset, amount),
            )
            .await;
        check_problem(&reply, status, code, at.map(field).as_deref());
    }
    let reply = server
        .post(TRANSACTIONS, "same", &transfer("user-1", "user-1", "USDT", "1"))
        .await;
    check_problem(&reply, 422, "same_account", None);
    let reply = server
        .post(TRANSACTIONS, "none", r#"{"post":{"transfers":[]}}"#)
        .await;
    check_problem(&reply, 422, "no_transfers", None);
    let reply = server
        .post(TRANSACTIONS, "nobody", &transfer("user-9", "user-2", "USDT", "1"))
        .await;
    check_problem(&reply, 404, "unknown_user", None);
    let reply = server
        .post(TRANSACTIONS, "bad", &transfer("Ada", "user-2", "USDT", "1"))
        .await;
    check_problem(&reply, 400, "id_malformed", Some(&field("debit")));
    let reply = server
        .post(TRANSACTIONS, "0", &transfer("user-1", "user-2", "USDT", "26"))
        .await;
    insta::assert_json_snapshot!("problem_insufficient_funds", reply.json());
}

#[tokio::test]
async fn a_refusal_is_frozen_under_its_key() {
    let server = Server::new();
    server.fund(25).await;
    let body = transfer("user-2", "user-1", "USDT", "1");
    check_problem(
        &server.post(TRANSACTIONS, "k1", &body).await,
        422,
        "insufficient_funds",
        None,
    );
    assert_eq!(
        server
            .post(TRANSACTIONS, "k2", &transfer("user-1", "user-2", "USDT", "5"))
            .await
            .status,
        201
    );
    let again = server.post(TRANSACTIONS, "k1", &body).await;
    check_problem(&again, 422, "insufficient_funds", None);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = server
        .post(TRANSACTIONS, "k1", &transfer("user-2", "user-1", "USDT", "2"))
        .await;
    check_problem(&other, 409, "idempotency_conflict", Some("amounts"));
}

#[tokio::test]
async fn one_key_names_one_write_on_each_route() {
    let server = Server::new();
    server.fund(25).await;
    let writes = [
        (USERS, r#"{"name":"Eve"}"#.to_owned(), 201),
        (CLAIMS, claim("user-1", "eip155:56", &TX.to_string()), 202),
        (TRANSACTIONS, transfer("user-1", "user-2", "USDT", "5"), 201),
    ];
    for is_repeated in [false, true] {
        for (path, body, status) in &writes {
            let reply = server.post(path, "k1", body).await;
            assert_eq!(reply.status, *status, "{path}: {}", reply.text);
            let is_replayed = reply.headers.contains_key("idempotency-replayed");
            assert_eq!(is_replayed, is_repeated, "{path}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn bad_claims_each_have_their_code() {
    let server = Server::new();
    server.register("ada").await;
    let tx = TX.to_string();
    for (body, status, code, field) in [
        (claim("user-9", "eip155:56", &tx), 404, "unknown_user", None),
        (
            claim("user-01", "eip155:56", &tx),
            400,
            "id_malformed",
            Some("user"),
        ),
        (
            claim("user-1", "eip155:97", &tx),
            422,
            "unknown_chain",
            Some("chain"),
        ),
        (claim("user-1", "BSC", &tx), 400, "chain_malformed", Some("chain")),
        (
            claim("user-1", "eip155:56", "0x1234"),
            400,
            "hash_malformed",
            Some("tx"),
        ),
        (
            claim("user-1", "eip155:56", &tx[2..]),
            400,
            "hash_malformed",
            Some("tx"),
        ),
    ] {
        check_problem(&server.post(CLAIMS, code, &body).await, status, code, field);
    }
    check_problem(
        &server.get("/api/v1/escrow/claims/claim-9").await,
        404,
        "unknown_claim",
        None,
    );
    check_problem(
        &server.get("/api/v1/escrow/claims/9").await,
        400,
        "id_malformed",
        Some("id"),
    );
    check_problem(
        &server.get("/api/v1/users/user-9").await,
        404,
        "unknown_user",
        None,
    );
    check_problem(
        &server.get("/api/v1/users/user-9/balances").await,
        404,
        "unknown_user",
        None,
    );
    check_problem(
        &server.get("/api/v1/transactions/transaction-9").await,
        404,
        "unknown_transaction",
        None,
    );
}

#[tokio::test]
async fn bodies_that_cannot_be_read_name_the_field() {
    let server = Server::new();
    for (body, code, field) in [
        ("{", "json_malformed", None),
        ("", "json_malformed", None),
        (r#"{"name":"Ada"} x"#, "json_malformed", None),
        ("{}", "field_missing", Some("name")),
        (r#"{"name":"Ada","age":36}"#, "field_unknown", Some("age")),
        (r#"{"name":36}"#, "field_invalid", Some("name")),
    ] {
        check_problem(&server.post(USERS, "k", body).await, 400, code, field);
    }
    for (body, code, field) in [
        (
            r#"{"post":{"transfers":[{"debit":"user-1"}]}}"#,
            "field_missing",
            "post.transfers[0].credit",
        ),
        (
            r#"{"post":{"transfers":[{"debit":"user-1","credit":"user-2","asset":"USDT","amount":1.5}]}}"#,
            "field_invalid",
            "post.transfers[0].amount",
        ),
        (
            r#"{"post":{"transfers":[],"note":"x"}}"#,
            "field_unknown",
            "post.note",
        ),
        (r#"{"give":{}}"#, "field_unknown", "give"),
    ] {
        check_problem(
            &server.post(TRANSACTIONS, "k", body).await,
            400,
            code,
            Some(field),
        );
    }
    let text = server.post(USERS, "k", r#"{"name":""}"#).await;
    check_problem(&text, 422, "bad_text", Some("name"));
}

#[tokio::test]
async fn requests_of_the_wrong_form_are_problems_too() {
    let server = Server::new();
    let keyless = Request::post(USERS)
        .header("content-type", "application/json")
        .body(Body::from("{}"));
    let keyless = server.send(keyless.expect("a request")).await;
    check_problem(&keyless, 400, "idempotency_key_required", None);
    insta::assert_json_snapshot!("problem_idempotency_key_required", keyless.json());
    check_problem(
        &server.post(USERS, &"k".repeat(129), "{}").await,
        400,
        "idempotency_key_malformed",
        None,
    );

    let form = Request::post(USERS)
        .header("idempotency-key", "k")
        .body(Body::from("name=Ada"));
    check_problem(
        &server.send(form.expect("a request")).await,
        415,
        "media_type_unsupported",
        None,
    );
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(5000));
    check_problem(
        &server.post(USERS, "k", &large).await,
        413,
        "body_too_large",
        None,
    );
    check_problem(&server.get("/api/v1/nothing").await, 404, "route_unknown", None);
    let delete = Request::delete(USERS).body(Body::empty()).expect("a request");
    check_problem(&server.send(delete).await, 405, "method_not_allowed", None);
}

#[tokio::test]
async fn dead_letters_are_for_operators() {
    let server = Server::with(|config| config.bank.escrow.patience = Duration::from_secs(5));
    server.register("ada").await;
    server
        .post(CLAIMS, "k1", &claim("user-1", "eip155:56", &TX.to_string()))
        .await;
    server.house.pass(Duration::from_secs(10));
    let call = async |method: &str, path: &str, token: &str, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", token);
        let request = request
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()));
        server.send(request.expect("a request")).await
    };
    check_problem(
        &call("GET", DEAD_LETTERS, "Bearer wrong", "").await,
        401,
        "admin_token_required",
        None,
    );
    check_problem(&server.get(DEAD_LETTERS).await, 401, "admin_token_required", None);

    let token = format!("Bearer {TOKEN}");
    insta::assert_json_snapshot!("dead_letters", call("GET", DEAD_LETTERS, &token, "").await.json());
    let page = call("GET", &format!("{DEAD_LETTERS}?limit=1"), &token, "")
        .await
        .json();
    let next = page["next"].as_str().expect("a cursor");
    let last = call("GET", &format!("{DEAD_LETTERS}?limit=1&after={next}"), &token, "").await;
    assert_eq!(last.json(), json!({ "dead_letters": [] }));
    let odd = call("GET", &format!("{DEAD_LETTERS}?after=x"), &token, "").await;
    check_problem(&odd, 400, "id_malformed", Some("after"));
    check_problem(
        &call("GET", &format!("{DEAD_LETTERS}?page=2"), &token, "").await,
        400,
        "field_invalid",
        None,
    );

    let decide = |resolution: &str| {
        let (tx, actor) = (TX.to_string(), "operator");
        json!({ "chain": "eip155:56", "tx": tx, "resolution": resolution, "actor": actor, "reason": "seen on chain" })
            .to_string()
    };
    check_problem(
        &call("POST", RESOLVE, "", &decide("retry")).await,
        401,
        "admin_token_required",
        None,
    );
    let odd = call("POST", RESOLVE, &token, &decide("forget")).await;
    check_problem(&odd, 400, "field_invalid", Some("resolution"));
    assert_eq!(
        call("POST", RESOLVE, &token, &decide("dismiss")).await.status,
        200
    );
    assert_eq!(
        server.get("/api/v1/escrow/claims/claim-1").await.json()["status"],
        "dismissed"
    );
    check_problem(
        &call("POST", RESOLVE, &token, &decide("retry")).await,
        409,
        "not_a_dead_letter",
        None,
    );
}

#[tokio::test]
async fn without_a_token_operators_routes_are_closed() {
    let server = Server::with(|config| config.api.admin_token = None);
    let reply = server.get(DEAD_LETTERS).await;
    check_problem(&reply, 403, "admin_closed", None);
    insta::assert_json_snapshot!("problem_admin_closed", reply.json());
}

#[tokio::test]
async fn a_client_that_asks_too_much_is_told_when_to_come_back() {
    let server = Server::with(|config| {
        config.api.rate = crate::config::RateLimit {
            per_second: 1,
            burst: 2,
        }
    });
    assert_eq!(server.get("/api/v1/assets").await.status, 200);
    assert_eq!(server.get("/api/v1/assets").await.status, 200);
    let reply = server.get("/api/v1/assets").await;
    check_problem(&reply, 429, "rate_limited", None);
    assert_eq!(
        (&reply.headers["retry-after"], reply.json()["retryable"].as_bool()),
        (&"1".parse().expect("a value"), Some(true))
    );
}

#[tokio::test]
async fn an_overloaded_or_stopped_bank_is_a_503_that_may_be_retried() {
    let server = Server::new();
    for why in [Unavailable::Overloaded, Unavailable::Stopped] {
        server.house.turn(Mood::Unavailable(why));
        let reply = server.post(USERS, "k", r#"{"name":"Ada"}"#).await;
        check_problem(&reply, 503, "unavailable", None);
        assert_eq!(
            (
                reply.headers.contains_key("retry-after"),
                reply.json()["retryable"].as_bool()
            ),
            (true, Some(true))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_or_is_one_too_many_is_answered_all_the_same() {
    let server = Server::with(|config| config.api.in_flight_max = 1);
    server.house.turn(Mood::Silent);
    let slow = server.get("/api/v1/users/user-1");
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.get("/api/v1/assets").await
    };
    let (slow, meanwhile) = tokio::join!(slow, meanwhile);
    check_problem(&slow, 504, "timeout", None);
    check_problem(&meanwhile, 503, "overloaded", None);
    assert_eq!(server.get("/api/v1/assets").await.status, 200);
}

#[tokio::test]
async fn a_panic_is_the_answer_to_one_request_alone() {
    let server = Server::new();
    server.house.turn(Mood::Panicking);
    check_problem(&server.get("/api/v1/users/user-1").await, 500, "internal", None);
    server.house.turn(Mood::Well);
    check_problem(
        &server.get("/api/v1/users/user-1").await,
        404,
        "unknown_user",
        None,
    );
}

/// One request on a connection of its own; nothing if the connection is closed before there is an answer.
async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut reply = String::new();
    stream
        .read_to_string(&mut reply)
        .await
        .map_or_else(|_| String::new(), |_| reply)
}

#[tokio::test]
async fn at_the_end_readiness_fails_first_and_requests_under_way_get_their_time() {
    let server = Server::with(|config| config.api.request_timeout = Duration::from_secs(1));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let [delay, timeout] = [Duration::from_millis(500), Duration::from_millis(500)];
    let stop_or_drop = async { drop(stopped.await) };
    let serving = serve(
        listener,
        server.router,
        server.api,
        Shutdown { delay, timeout },
        stop_or_drop,
    );
    let story = async {
        assert!(ask(address, "/health/ready").await.starts_with("HTTP/1.1 200"));
        drop(stop);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(
            ask(address, "/health/ready").await.starts_with("HTTP/1.1 503"),
            "still answered"
        );
        assert!(ask(address, "/health/live").await.starts_with("HTTP/1.1 200"));
        server.house.turn(Mood::Silent);
        ask(address, "/api/v1/users/user-1").await
    };
    let (served, slow) = tokio::join!(serving, story);
    served.expect("an orderly end");
    // The runtime still runs the connection, so the request under way may even be answered after the end.
    assert!(slow.is_empty() || slow.contains("timeout"), "{slow}");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test(start_paused = true)]
async fn liveness_looks_at_the_loop_alone() {
    let server = Server::new();
    server.house.set_pulse(|pulse| pulse.is_journal_failing = true);
    server.house.turn(Mood::Unavailable(Unavailable::Overloaded));
    assert_eq!(server.get("/health/live").await.status, 200);
    tokio::time::advance(Duration::from_secs(11)).await;
    let hanging = server.get("/health/live").await;
    assert_eq!(
        (hanging.status, hanging.json()["status"].as_str()),
        (503, Some("fail"))
    );
}

#[tokio::test]
async fn readiness_needs_the_journal_and_two_independent_upstreams() {
    let server = Server::new();
    let ready = server.get("/health/ready").await;
    assert_eq!(
        (ready.status, &ready.headers["content-type"]),
        (200, &"application/health+json".parse().expect("a value")),
        "{}",
        ready.text
    );
    server.house.set_pulse(|pulse| pulse.is_journal_failing = true);
    assert_eq!(server.get("/health/ready").await.status, 503);

    let lonely = Server::with_dead_upstream(1);
    let reply = lonely.get("/health/ready").await;
    assert_eq!(reply.status, 503);
    let check = &reply.json()["checks"]["chain:eip155:56:upstreams"][0];
    assert_eq!(
        (check["status"].as_str(), check["observedValue"].as_u64()),
        (Some("fail"), Some(1))
    );
}

#[tokio::test(start_paused = true)]
async fn health_tells_everything() {
    let server = Server::new();
    let health = server.get("/health").await;
    assert_eq!(health.status, 200);
    let mut body = health.json();
    for check in body["checks"].as_object_mut().expect("checks").values_mut() {
        for one in check.as_array_mut().expect("measurements") {
            assert!(one["time"].as_str().is_some_and(|time| time.ends_with('Z')));
            one["time"] = json!("[time]");
        }
    }
    insta::assert_json_snapshot!("health", body);
}

#[tokio::test]
async fn metrics_count_what_happens_and_show_what_stands() {
    let server = Server::new();
    server.fund(25).await;
    for notice in server.house.notices() {
        server.metrics.observe(&notice);
    }
    let metrics = server.get("/metrics").await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .expect("text")
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "plimsoll_build_info{version=",
        "plimsoll_deposits_total{stage=\"final\"} 1",
        "plimsoll_credited_total{asset=\"USDT\"} 1",
        "plimsoll_time_to_credit_seconds_count 1",
        "plimsoll_endpoint_up{chain=\"eip155:56\",endpoint=\"alpha\"} 1",
        "plimsoll_endpoint_finalized_height{chain=\"eip155:56\",endpoint=\"beta\"} 114",
        "plimsoll_breaker_state{chain=\"eip155:56\",endpoint=\"alpha\",state=\"closed\"} 1",
        "plimsoll_breaker_state{chain=\"eip155:56\",endpoint=\"alpha\",state=\"open\"} 0",
        "plimsoll_chain_finalized_height{chain=\"eip155:56\"} 114",
        "plimsoll_watched{stage=\"final\"} 1",
        "plimsoll_users 2",
        "plimsoll_journal_position 42",
        "plimsoll_journal_up 1",
        "plimsoll_journal_commit_seconds 0.002",
        "plimsoll_http_requests_total{method=\"POST\",route=\"/api/v1/users\",status=\"201\"} 2",
        "# EOF",
    ] {
        assert!(metrics.text.contains(line), "no {line} in\n{}", metrics.text);
    }
}

#[tokio::test]
async fn assets_are_listed() {
    insta::assert_json_snapshot!("assets", Server::new().get("/api/v1/assets").await.json());
}

#[tokio::test]
async fn the_document_names_every_route_and_code_and_the_page_shows_it() {
    let server = Server::new();
    let document = server.get("/api-docs/openapi.json").await.json();
    let (mut routes, mut names) = (Vec::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let guard = if operation.get("security").is_some() {
                " (operator)"
            } else {
                ""
            };
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name), "{path}: two operations have one name");
            routes.push(format!("{} {path}{guard}", method.to_uppercase()));
        }
    }
    insta::assert_snapshot!("routes", routes.join("\n"));
    let listed = document["components"]["schemas"]["Code"].to_string();
    for code in Code::ALL {
        assert_eq!(json!(code), code.as_str());
        assert!(
            listed.contains(&format!("\"{}\"", code.as_str())),
            "{} is not documented: {listed}",
            code.as_str()
        );
    }
    let page = server.get("/api-docs/").await;
    assert!(
        page.status == 200 && page.text.contains("swagger-ui"),
        "{}",
        page.text
    );
}
