//! Users, and their claims.

use std::time::Duration;

use plimsoll_core::id::TxHash;
use serde_json::json;

use super::house::{Server, TX};
use super::{CLAIMS, USERS, available, check_problem, claim};

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
async fn bad_claims_each_have_their_code() {
    let server = Server::new();
    server.register("ada").await;
    let (tx, signature) = (TX.to_string(), TxHash::Solana([0x7a; 64]).to_string());
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
        // A transaction is named in the words of its chain.
        (
            claim("user-1", "eip155:56", &signature),
            400,
            "hash_malformed",
            Some("tx"),
        ),
        (
            claim("user-1", "solana:5eykt4UsFv", &tx),
            400,
            "hash_malformed",
            Some("tx"),
        ),
        (
            claim("user-1", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", &signature),
            422,
            "unknown_chain",
            Some("chain"),
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
