//! The routes of webhooks on a server that has none; with receivers they are called in the end-to-end tests.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::check_problem;
use super::house::{Answered, Server, TOKEN};

const WEBHOOKS: &str = "/api/v1/escrow/webhooks";

async fn call(server: &Server, method: &str, path: &str, body: &str) -> Answered {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()));
    server.send(request.expect("a request")).await
}

#[tokio::test]
async fn a_server_without_receivers_says_so() {
    let server = Server::new();
    assert_eq!(
        call(&server, "GET", WEBHOOKS, "").await.json(),
        json!({ "webhooks": [] })
    );
    let log = format!("{WEBHOOKS}/deliveries");
    assert_eq!(
        call(&server, "GET", &log, "").await.json(),
        json!({ "deliveries": [] })
    );
    for (query, status, code, field) in [
        ("receiver=shop", 404, "unknown_receiver", Some("receiver")),
        ("limit=0", 400, "field_invalid", Some("limit")),
        ("limit=1001", 400, "field_invalid", Some("limit")),
        ("after=x", 400, "field_invalid", None),
        ("page=2", 400, "field_invalid", None),
    ] {
        let reply = call(&server, "GET", &format!("{log}?{query}"), "").await;
        check_problem(&reply, status, code, field);
    }
    let again = format!("{WEBHOOKS}/redeliver");
    let reply = call(&server, "POST", &again, r#"{"receiver":"shop"}"#).await;
    check_problem(&reply, 404, "unknown_receiver", Some("receiver"));
    check_problem(&server.get(WEBHOOKS).await, 401, "token_required", None);
}
