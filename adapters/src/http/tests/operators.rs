//! What is for operators alone.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::house::{Server, TOKEN, TX};
use super::{CLAIMS, DEAD_LETTERS, RESOLVE, check_problem, claim};

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
