//! Transactions: in one phase, in two, and everything that is refused.

use serde_json::json;

use super::house::{Server, TX};
use super::{CLAIMS, TRANSACTIONS, USERS, available, check_problem, claim, transfer};

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
