//! What operators order over the interface.

use axum::body::Body;
use axum::http::Request;
use plimsoll_core::bank::Record;
use serde_json::{Value, json};

use super::check_problem;
use super::house::{Answered, Server, TOKEN, TX};

const ESCROW: &str = "/api/v1/escrow";

async fn act(server: &Server, path: &str, key: &str, body: &Value) -> Answered {
    let request = Request::post(format!("{ESCROW}/{path}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    server.send(request.expect("a request")).await
}

async fn looked(server: &Server, path: &str) -> Value {
    server
        .call("GET", &format!("{ESCROW}/{path}"), TOKEN, "")
        .await
        .json()
}

#[tokio::test]
async fn each_act_says_what_it_did_and_is_journalled_once() {
    let server = Server::new();
    let reason = "it serves old blocks";
    let all = json!({ "reason": reason });
    let chain = json!({ "chain": "eip155:56", "reason": reason });
    let endpoint = json!({ "chain": "eip155:56", "endpoint": "beta", "reason": reason });
    let tx = json!({ "chain": "eip155:56", "tx": TX.to_string(), "reason": reason });
    let changed = json!({ "changed": true });
    let acts = [
        ("endpoints/pause", &endpoint, changed.clone()),
        ("endpoints/resume", &endpoint, changed.clone()),
        ("endpoints/resume", &endpoint, json!({ "changed": false })),
        ("chains/pause", &chain, changed.clone()),
        ("chains/resume", &chain, changed.clone()),
        (
            "breakers/force-open",
            &endpoint,
            json!({ "from": "closed", "to": "forced_open" }),
        ),
        (
            "breakers/disable",
            &endpoint,
            json!({ "from": "forced_open", "to": "disabled" }),
        ),
        (
            "breakers/reset",
            &endpoint,
            json!({ "from": "disabled", "to": "closed" }),
        ),
        ("emergency-process", &tx, json!({ "known": "unnamed" })),
        ("trigger-background-processing", &all, json!({ "due": 1 })),
        ("reconciliation", &chain, changed.clone()),
        ("drain", &all, changed.clone()),
        ("undrain", &all, changed),
    ];
    for (place, (path, body, expected)) in acts.iter().enumerate() {
        let key = format!("key-{place}");
        for is_again in [false, true] {
            let reply = act(&server, path, &key, body).await;
            assert_eq!((reply.status, &reply.json()), (200, expected), "{path}");
            assert_eq!(reply.headers.contains_key("idempotency-replayed"), is_again);
        }
    }
    let mut journalled = 0;
    for record in server.house.records() {
        if let Record::Administered {
            actor, reason: why, ..
        } = record
        {
            assert_eq!((actor.as_str(), why.as_str()), ("ann", reason));
            journalled += 1;
        }
    }
    assert_eq!(journalled, acts.len());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let server = Server::new();
    let nobody = json!({ "chain": "eip155:56", "endpoint": "gamma", "reason": "why" });
    let reply = act(&server, "endpoints/pause", "k1", &nobody).await;
    check_problem(&reply, 422, "unknown_endpoint", Some("endpoint"));
    assert!(reply.text.contains("gamma"), "{}", reply.text);
    let abroad = json!({ "chain": "eip155:1", "reason": "why" });
    let reply = act(&server, "chains/pause", "k2", &abroad).await;
    check_problem(&reply, 422, "unknown_chain", Some("chain"));
    let unreasoned = json!({ "chain": "eip155:56" });
    let reply = act(&server, "chains/pause", "k3", &unreasoned).await;
    check_problem(&reply, 400, "field_missing", Some("reason"));
    let reply = act(&server, "drain", "k4", &json!({ "reason": "" })).await;
    check_problem(&reply, 422, "bad_text", Some("reason"));
    let reply = server.call("POST", &format!("{ESCROW}/drain"), TOKEN, "{}").await;
    check_problem(&reply, 400, "idempotency_key_required", None);

    let chain = json!({ "chain": "eip155:56", "reason": "why" });
    assert_eq!(act(&server, "chains/pause", "k5", &chain).await.status, 200);
    let other = act(&server, "chains/resume", "k5", &chain).await;
    check_problem(&other, 409, "idempotency_conflict", Some("act"));
    let tx = json!({ "chain": "eip155:56", "tx": TX.to_string(), "reason": "why" });
    let reply = act(&server, "emergency-process", "k6", &tx).await;
    check_problem(&reply, 409, "chain_paused", Some("chain"));
}

#[tokio::test]
async fn custody_is_reconciled_by_order_and_what_came_of_it_is_shown() {
    let server = Server::new();
    server.fund(25).await;
    let nothing = json!({ "reconciliations": [] });
    assert_eq!(looked(&server, "reconciliation").await, nothing);
    let chain = json!({ "chain": "eip155:56", "reason": "the books are closed" });
    let reply = act(&server, "reconciliation", "k1", &chain).await;
    assert_eq!((reply.status, reply.json()), (200, json!({ "changed": true })));
    server.house.finalize();
    let mut shown = looked(&server, "reconciliation").await;
    for time in ["began", "at"] {
        shown["reconciliations"][0][time] = json!("[time]");
    }
    insta::assert_json_snapshot!("reconciliation", shown);
    let abroad = json!({ "chain": "eip155:1", "reason": "why" });
    let reply = act(&server, "reconciliation", "k2", &abroad).await;
    check_problem(&reply, 422, "unknown_chain", Some("chain"));
}

#[tokio::test]
async fn a_settled_transaction_is_not_processed_again() {
    let server = Server::new();
    server.fund(25).await;
    let tx = json!({ "chain": "eip155:56", "tx": TX.to_string(), "reason": "why" });
    let reply = act(&server, "emergency-process", "k1", &tx).await;
    check_problem(&reply, 409, "already_settled", None);
}

#[tokio::test]
async fn while_it_drains_new_things_are_told_when_to_come_back() {
    let server = Server::new();
    server.register("ada").await;
    act(&server, "drain", "k1", &json!({ "reason": "a migration" })).await;
    let refused = server.post("/api/v1/users", "bob", r#"{"name":"bob"}"#).await;
    check_problem(&refused, 503, "draining", None);
    assert_eq!(refused.headers["retry-after"], "30");
    assert_eq!(server.get("/api/v1/users/user-1").await.status, 200);
    assert_eq!(
        server
            .post("/api/v1/users", "ada", r#"{"name":"ada"}"#)
            .await
            .status,
        201
    );
    act(&server, "undrain", "k2", &json!({ "reason": "it is over" })).await;
    server.register("bob").await;
}

#[tokio::test(start_paused = true)]
async fn health_and_figures_show_what_is_ordered() {
    let server = Server::new();
    server.fund(25).await;
    let endpoint = json!({ "chain": "eip155:56", "endpoint": "beta", "reason": "why" });
    act(&server, "endpoints/pause", "k1", &endpoint).await;
    act(&server, "breakers/force-open", "k2", &endpoint).await;
    act(&server, "drain", "k3", &json!({ "reason": "why" })).await;
    insta::assert_json_snapshot!("escrow_health", looked(&server, "health").await);
    let mut figures = looked(&server, "metrics").await;
    figures["at"] = json!("[time]");
    insta::assert_json_snapshot!("escrow_metrics", figures);
}

#[tokio::test]
async fn suspense_is_listed_in_pages_and_attributed() {
    let server = Server::with(|config| {
        config.bank.escrow.chains[0].collect = vec![plimsoll_core::id::Address::Evm([0xcc; 20])];
    });
    server.register("ada").await;
    assert_eq!(looked(&server, "suspense").await, json!({ "suspense": [] }));
    let units = 25 * 10i128.pow(18);
    server
        .house
        .pay(plimsoll_core::id::Address::Evm([0xcc; 20]), units);
    server.house.finalize();
    insta::assert_json_snapshot!("suspense", looked(&server, "suspense").await);
    let page = looked(&server, "suspense?limit=1").await;
    let next = page["next"].as_str().expect("a cursor").to_owned();
    assert_eq!(
        looked(&server, &format!("suspense?after={next}")).await,
        json!({ "suspense": [] })
    );
    let odd = server
        .call("GET", &format!("{ESCROW}/suspense?after=x"), TOKEN, "")
        .await;
    check_problem(&odd, 400, "id_malformed", Some("after"));

    let ordinal = page["suspense"][0]["ordinal"].clone();
    let body = json!({
        "chain": "eip155:56", "tx": TX.to_string(), "ordinal": ordinal, "user": "user-1", "reason": "a receipt"
    });
    let path = format!("{ESCROW}/suspense/attribute");
    let given = server.call("POST", &path, TOKEN, &body.to_string()).await;
    assert_eq!((given.status, given.json()), (200, json!({ "attributed": true })));
    assert_eq!(super::available(&server, "user-1").await, "25.000000000000000000");
    let again = server.call("POST", &path, TOKEN, &body.to_string()).await;
    check_problem(&again, 409, "not_in_suspense", None);
}
