//! What is not for everybody.

use std::time::Duration;

use axum::http::header;
use plimsoll_core::bank::Record;
use plimsoll_core::escrow::EscrowRecord;
use serde_json::{Value, json};

use super::house::{OPERATOR, Server, TOKEN, TX, VIEWER, WORKER};
use super::{CLAIMS, DEAD_LETTERS, RESOLVE, check_problem, claim};
use crate::config::{RateLimit, Role};

#[tokio::test]
async fn dead_letters_are_for_operators() {
    let server = Server::with(|config| config.bank.escrow.patience = Duration::from_secs(5));
    server.register("ada").await;
    server
        .post(CLAIMS, "k1", &claim("user-1", "eip155:56", &TX.to_string()))
        .await;
    server.house.pass(Duration::from_secs(10));

    let decision = |resolution: &str| json!({ "chain": "eip155:56", "tx": TX.to_string(), "resolution": resolution, "reason": "seen on chain" });
    let decide = async |body: &Value| server.call("POST", RESOLVE, OPERATOR, &body.to_string()).await;
    let odd = decide(&decision("forget")).await;
    check_problem(&odd, 400, "field_invalid", Some("resolution"));
    let mut impostor = decision("dismiss");
    impostor["actor"] = json!("somebody else");
    check_problem(&decide(&impostor).await, 400, "field_unknown", Some("actor"));
    assert_eq!(decide(&decision("dismiss")).await.status, 200);
    assert_eq!(
        server.get("/api/v1/escrow/claims/claim-1").await.json()["status"],
        "dismissed"
    );
    let mut resolvers = Vec::new();
    for record in server.house.records() {
        if let Record::Escrow(EscrowRecord::DeadLetterResolved { actor, .. }) = record {
            resolvers.push(actor);
        }
    }
    assert_eq!(resolvers, ["olga"]);
    check_problem(&decide(&decision("retry")).await, 409, "not_a_dead_letter", None);
}

/// Every route of the document, with the role that it takes and a path that leads to it.
async fn routes(server: &Server) -> Vec<(String, String, Option<Role>)> {
    let document = server.get("/api-docs/openapi.json").await.json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let role = operation["security"][0]["token"][0].as_str();
            let role = role.map(|name| *Role::ALL.iter().find(|role| role.name() == name).expect("a role"));
            let path = path.replace("{id}", "user-1").replace("{tx}", &TX.to_string());
            routes.push((method.to_uppercase(), path, role));
        }
    }
    routes
}

#[tokio::test]
async fn a_route_that_is_not_public_opens_to_its_role_and_to_those_above_it() {
    let server = Server::with(|config| {
        let enough = 1_000_000;
        config.api.rate = RateLimit {
            per_second: enough,
            burst: enough,
        };
    });
    let forged = [
        "",
        "wrong",
        &TOKEN[1..],
        &TOKEN[..21],
        &TOKEN.to_uppercase(),
        "ann",
        "admin",
        "\u{fc}",
    ];
    for (method, path, role) in routes(&server).await {
        let unnamed = server.call(&method, &path, "", "").await.status;
        let Some(role) = role else {
            assert!(![401, 403].contains(&unnamed), "{method} {path}: {unnamed}");
            continue;
        };
        for token in forged {
            let refused = server.call(&method, &path, token, "").await;
            check_problem(&refused, 401, "token_required", None);
            assert_eq!(refused.headers[header::WWW_AUTHENTICATE], "Bearer");
        }
        for (token, of) in [
            (WORKER, Role::Worker),
            (VIEWER, Role::Viewer),
            (OPERATOR, Role::Operator),
            (TOKEN, Role::Admin),
        ] {
            let reply = server.call(&method, &path, token, "").await;
            let is_open = if role == Role::Worker {
                of == role
            } else {
                of >= role
            };
            if !is_open {
                check_problem(&reply, 403, "role_too_small", None);
            } else {
                assert!(
                    ![401, 403].contains(&reply.status),
                    "{method} {path}: {}",
                    reply.text
                );
            }
        }
    }
}

#[tokio::test]
async fn without_a_token_in_the_configuration_what_is_not_public_is_closed() {
    let server = Server::with(|config| config.api.tokens.clear());
    for (method, path, role) in routes(&server).await {
        let reply = server.call(&method, &path, TOKEN, "").await;
        if role.is_some() {
            check_problem(&reply, 403, "admin_closed", None);
        }
    }
    let reply = server.get(DEAD_LETTERS).await;
    insta::assert_json_snapshot!("problem_admin_closed", reply.json());
}
