use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use axum::routing::get;
use axum::{Router, middleware};
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Access, TABLE, access_to, guard, operations};
use crate::http::tests::house::Server;
use crate::http::{documented, router};

#[test]
fn who_may_use_which_route() {
    let line = |(method, path, access): &(&str, &str, Access)| match access {
        Access::Public => format!("{method} {path}: public"),
        Access::AtLeast(role) => format!("{method} {path}: {role}"),
        Access::Workers => format!("{method} {path}: worker alone"),
    };
    insta::assert_snapshot!("table", TABLE.iter().map(line).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_table_lists_what_is_documented_and_little_else_once() {
    let (_, mut document) = documented().split_for_parts();
    let documented: BTreeSet<String> = operations(&mut document.paths)
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let listed: BTreeSet<String> = TABLE
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(listed.len(), TABLE.len(), "a route is listed twice");
    let more: Vec<_> = listed.difference(&documented).collect();
    assert_eq!(
        more,
        [
            "GET /api-docs",
            "GET /api-docs/",
            "GET /api-docs/openapi.json",
            "GET /api-docs/{*rest}",
            "POST /dev/faucet"
        ]
    );
    let less: Vec<_> = documented.difference(&listed).collect();
    assert_eq!(less, Vec::<&String>::new());
}

#[test]
fn only_what_is_listed_is_open() {
    assert_eq!(access_to(&Method::GET, "/health"), Some(Access::Public));
    assert_eq!(access_to(&Method::HEAD, "/health"), Some(Access::Public));
    for (method, path) in [
        (Method::POST, "/health"),
        (Method::GET, "/health/"),
        (Method::GET, "/Health"),
        (Method::OPTIONS, "/health"),
    ] {
        assert_eq!(access_to(&method, path), None, "{method} {path}");
    }
}

#[utoipa::path(get, path = "/api/v1/back-door", responses((status = 200)))]
async fn back_door() {}

#[tokio::test]
async fn a_route_that_the_table_lacks_keeps_the_server_from_starting() {
    let server = Server::new();
    let refused = router(&server.api, OpenApiRouter::new().routes(routes!(back_door)));
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "serve a route that is not in the table of http::access: GET /api/v1/back-door"
    );
}

#[tokio::test]
async fn a_route_that_is_not_even_documented_is_none() {
    let server = Server::new();
    let router = Router::new()
        .route("/api/v1/back-door", get(back_door))
        .route("/health", get(back_door).delete(back_door))
        .layer(middleware::from_fn_with_state(server.api.clone(), guard))
        .with_state(server.api.clone());
    for (method, path, status) in [
        (Method::GET, "/health", 200),
        (Method::DELETE, "/health", 405),
        (Method::GET, "/api/v1/back-door", 404),
    ] {
        let request = Request::builder().method(&method).uri(path).body(Body::empty());
        let reply = router.clone().oneshot(request.expect("a request")).await;
        assert_eq!(reply.expect("infallible").status(), status, "{method} {path}");
    }
}
