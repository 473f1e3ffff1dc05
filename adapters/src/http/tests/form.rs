//! Requests of the wrong form: each is a problem that names what is wrong.

use axum::body::Body;
use axum::http::Request;

use super::house::Server;
use super::{TRANSACTIONS, USERS, check_problem};

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
