//! Requests that cannot be served, over real HTTP: each has a status, a code and the field at fault.

use plimsoll_tests::http::{Answer, Client};
use plimsoll_tests::product::Installation;
use serde_json::{Value, json};

use super::{offline, register, stop};

const USERS: &str = "/api/v1/users";
const CLAIMS: &str = "/api/v1/escrow/claims";
const TRANSACTIONS: &str = "/api/v1/transactions";
const KEY: (&str, &str) = ("idempotency-key", "a-key-for-each-of-these-writes");
const JSON: (&str, &str) = ("content-type", "application/json");

/// Checks the answer to a bad request.
#[track_caller]
fn check(answer: &Answer, status: u16, code: &str, field: Option<&str>) {
    let found = (
        answer.status,
        answer.body["code"].as_str(),
        answer.body["field"].as_str(),
    );
    assert_eq!(found, (status, Some(code), field), "{answer:?}");
    assert_eq!(answer.body["status"], status);
    assert_eq!(answer.body["type"], format!("urn:plimsoll:problem:{code}"));
    assert!(
        answer.body["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{answer:?}"
    );
}

fn post(client: &Client, path: &str, body: &str) -> Answer {
    client
        .post_text(path, &[JSON, KEY], body)
        .expect("the server answers")
}

fn transfer(asset: &str, amount: &str) -> Value {
    json!({ "post": { "transfers": [{ "debit": "user-1", "credit": "user-2", "asset": asset, "amount": amount }] } })
}

#[test]
fn bad_bodies_are_refused_with_the_field_at_fault() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    let client = installation.client();
    let check_body = |path, body: &str, status, code, field| {
        check(&post(&client, path, body), status, code, field);
    };
    let oversized = json!({ "name": "x".repeat(70_000) }).to_string();
    check_body(USERS, &oversized, 413, "body_too_large", None);
    check_body(USERS, "{", 400, "json_malformed", None);
    check_body(USERS, "{}", 400, "field_missing", Some("name"));
    check_body(USERS, r#"{"name":7}"#, 400, "field_invalid", Some("name"));
    check_body(
        USERS,
        r#"{"name":"Ada","nick":"A"}"#,
        400,
        "field_unknown",
        Some("nick"),
    );
    check_body(USERS, r#"{"name":""}"#, 422, "bad_text", Some("name"));
    let unkeyed = client.post_text(USERS, &[JSON], r#"{"name":"Ada"}"#).unwrap();
    check(&unkeyed, 400, "idempotency_key_required", None);
    let untyped = client.post_text(USERS, &[KEY], r#"{"name":"Ada"}"#).unwrap();
    check(&untyped, 415, "media_type_unsupported", None);
    check(
        &client.get("/api/v1/nothing").unwrap(),
        404,
        "route_unknown",
        None,
    );
    check(&client.get(CLAIMS).unwrap(), 405, "method_not_allowed", None);
    check(
        &client.get("/api/v1/users/user-1").unwrap(),
        404,
        "unknown_user",
        None,
    );
    stop(&mut server);
}

#[test]
fn bad_claims_are_refused() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    register(&installation, 1);
    let client = installation.client();
    let hash = format!("0x{:064x}", 1);
    let check_claim = |user: &str, chain: &str, tx: &str, status, code, field| {
        let body = json!({ "user": user, "chain": chain, "tx": tx }).to_string();
        check(&post(&client, CLAIMS, &body), status, code, field);
    };
    check_claim("user-1", "eip155:56", "0x1234", 400, "hash_malformed", Some("tx"));
    check_claim(
        "user-1",
        "eip155:56",
        &hash[2..],
        400,
        "hash_malformed",
        Some("tx"),
    );
    check_claim("user-1", "bsc", &hash, 400, "chain_malformed", Some("chain"));
    check_claim("user-1", "eip155:97", &hash, 422, "unknown_chain", Some("chain"));
    check_claim("Ada", "eip155:56", &hash, 400, "id_malformed", Some("user"));
    check_claim("user-9", "eip155:56", &hash, 404, "unknown_user", None);
    stop(&mut server);
}

#[test]
fn bad_transactions_are_refused_and_move_nothing() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    register(&installation, 2);
    let client = installation.client();
    let mut key = 0;
    let mut check_transfer = |body: &Value, status, code, field| {
        key += 1;
        let answer = client.post(TRANSACTIONS, &[("idempotency-key", &format!("bad-{key}"))], body);
        check(&answer.unwrap(), status, code, field);
    };
    let (asset, amount) = (Some("post.transfers[0].asset"), Some("post.transfers[0].amount"));
    check_transfer(&transfer("DOGE", "1"), 422, "unknown_asset", asset);
    check_transfer(&transfer("OLD", "1"), 422, "asset_disabled", None);
    check_transfer(&transfer("CREDIT", "1.001"), 422, "amount_too_precise", amount);
    check_transfer(&transfer("CREDIT", "-1"), 400, "amount_malformed", amount);
    check_transfer(&transfer("CREDIT", "1e3"), 400, "amount_malformed", amount);
    check_transfer(
        &transfer("CREDIT", &"9".repeat(60)),
        422,
        "amount_out_of_range",
        amount,
    );
    check_transfer(&transfer("CREDIT", "0"), 422, "amount_not_positive", None);
    check_transfer(
        &transfer("CREDIT", "1000000000.01"),
        422,
        "amount_above_max",
        None,
    );
    check_transfer(&transfer("USDT", "0.5"), 422, "amount_below_min", None);
    check_transfer(&transfer("CREDIT", "1"), 422, "insufficient_funds", None);
    check_transfer(&json!({ "post": { "transfers": [] } }), 422, "no_transfers", None);
    let theft = json!({ "post": { "transfers": [
        { "debit": "issuance", "credit": "user-1", "asset": "CREDIT", "amount": "1" },
    ] } });
    check_transfer(&theft, 403, "not_permitted", None);
    for user in ["user-1", "user-2"] {
        let answer = client.get(&format!("/api/v1/users/{user}/balances")).unwrap();
        let balances = answer.body["balances"].as_array().unwrap();
        let amounts = balances.iter().map(|balance| balance["available"].as_str());
        assert!(
            amounts
                .flatten()
                .all(|amount| amount.trim_matches(['0', '.']).is_empty()),
            "{answer:?}"
        );
    }
    stop(&mut server);
}

#[test]
fn a_disabled_asset_is_listed_as_such_and_nobody_gets_an_account_of_it() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    register(&installation, 1);
    let client = installation.client();
    let symbols = |body: &Value, list: &str, is_wanted: fn(&Value) -> bool| -> Vec<String> {
        let all = body[list].as_array().into_iter().flatten();
        let symbol = |one: &Value| {
            let name = one.get("symbol").or_else(|| one.get("asset"));
            name.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        all.filter(|one| is_wanted(one)).map(symbol).collect()
    };
    let assets = client.get("/api/v1/assets").unwrap().body;
    assert_eq!(symbols(&assets, "assets", |one| one["enabled"] == false), ["OLD"]);
    let balances = client.get("/api/v1/users/user-1/balances").unwrap().body;
    assert_eq!(symbols(&balances, "balances", |_| true), ["CREDIT", "USDT"]);
    stop(&mut server);
}

#[test]
fn a_key_is_for_one_body() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    let client = installation.client();
    let first = post(&client, USERS, r#"{"name":"Ada"}"#);
    assert_eq!((first.status, &first.body["id"]), (201, &json!("user-1")));
    assert_eq!(
        post(&client, USERS, r#"{ "name" : "Ada" }"#),
        first,
        "the same, though not to the byte"
    );
    check(
        &post(&client, USERS, r#"{"name":"Bob"}"#),
        409,
        "idempotency_conflict",
        Some("name"),
    );
    stop(&mut server);
}
