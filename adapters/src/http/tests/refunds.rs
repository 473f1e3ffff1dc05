//! Refunds, as operators order them and users see them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::house::{Answered, OPERATOR, Server, TOKEN, TX};
use super::{CLAIMS, TRANSACTIONS, USERS, available, check_problem, claim, transfer};

const REFUNDS: &str = "/api/v1/escrow/refunds";
const PAYEE: &str = "0x7777777777777777777777777777777777777777";
const PAID_BY: &str = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

async fn act(server: &Server, token: &str, path: &str, key: &str, body: &Value) -> Answered {
    let request = Request::post(format!("{REFUNDS}{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    server.send(request.expect("a request")).await
}

async fn listed(server: &Server, query: &str) -> Value {
    let answer = server.call("GET", &format!("{REFUNDS}{query}"), TOKEN, "").await;
    answer.json()
}

fn asked(to: &str) -> Value {
    json!({ "chain": "eip155:56", "tx": TX.to_string(), "ordinal": 0, "to": to, "reason": "ticket 118" })
}

fn paid(chain: &str, paid_by: &str) -> Value {
    json!({ "refund": "refund-1", "chain": chain, "paid_by": paid_by, "reason": "paid" })
}

#[tokio::test(start_paused = true)]
async fn a_deposit_goes_back_and_everybody_sees_it() {
    let server = Server::new();
    server.fund(25).await;
    let mine = claim("user-1", "eip155:56", &TX.to_string());
    assert_eq!(server.post(CLAIMS, "c1", &mine).await.status, 202);
    assert_eq!(available(&server, "user-1").await, "25.000000000000000000");
    let first = act(&server, TOKEN, "", "k1", &asked(PAYEE)).await;
    assert_eq!(first.status, 200, "{}", first.json());
    assert_eq!(first.json()["refund"], "refund-1");
    let again = act(&server, TOKEN, "", "k1", &asked(PAYEE)).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(available(&server, "user-1").await, "0.000000000000000000");
    let mut pending = listed(&server, "?pending=true").await;
    pending["refunds"][0]["requested_at"] = json!("[time]");
    insta::assert_json_snapshot!("refunds_pending", pending);
    let claim = server.get("/api/v1/escrow/claims/claim-1").await.json();
    insta::assert_json_snapshot!("claim_refund", claim["deposits"][0]["refund"]);
    let figures = server
        .call("GET", "/api/v1/escrow/metrics", TOKEN, "")
        .await
        .json();
    assert_eq!(figures["refunds_pending"], 1);
    let settled = act(&server, TOKEN, "/settle", "k2", &paid("eip155:56", PAID_BY)).await;
    assert_eq!(settled.status, 200, "{}", settled.json());
    let claim = server.get("/api/v1/escrow/claims/claim-1").await.json();
    let refund = &claim["deposits"][0]["refund"];
    assert_eq!(
        (&refund["state"], &refund["paid_by"]),
        (&json!("settled"), &json!(PAID_BY))
    );
    assert_eq!(
        listed(&server, "?pending=true").await,
        json!({ "refunds": [], "proposed": [] })
    );
    let withdrawal = json!({ "refund": "refund-1", "reason": "too late" });
    let late = act(&server, TOKEN, "/withdraw", "k3", &withdrawal).await;
    check_problem(&late, 409, "refund_ended", None);
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_is_not_paid_gives_the_money_back_and_a_large_one_takes_two() {
    let server = Server::with(|config| {
        config.bank.escrow.dismiss_alone_max = Some(Vec::new());
    });
    server.fund(25).await;
    let proposed = act(&server, TOKEN, "", "k1", &asked(PAYEE)).await;
    assert_eq!(
        (proposed.status, proposed.json()),
        (200, json!({ "proposed": true }))
    );
    let same = act(&server, TOKEN, "", "k2", &asked(PAYEE)).await;
    check_problem(&same, 409, "same_approver", None);
    let list = listed(&server, "").await;
    assert_eq!(
        (&list["proposed"][0]["to"], &list["refunds"]),
        (&json!(PAYEE), &json!([]))
    );
    // Role operator is not enough for money that leaves.
    let refused = act(&server, OPERATOR, "", "k3", &asked(PAYEE)).await;
    check_problem(&refused, 403, "role_too_small", None);
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused_where_it_is() {
    let server = Server::new();
    let early = act(&server, TOKEN, "", "k0", &asked(PAYEE)).await;
    check_problem(&early, 409, "not_credited", None);
    server.fund(25).await;
    let user = server.get(&format!("{USERS}/user-1")).await.json();
    let ours = user["deposit_addresses"][0]["address"]
        .as_str()
        .expect("an address");
    for (path, body, status, code, field) in [
        ("", asked("0x12"), 400, "address_malformed", Some("to")),
        ("", asked(ours), 422, "refund_to_ourselves", Some("to")),
        (
            "/settle",
            paid("eip155:56", "0x12"),
            400,
            "hash_malformed",
            Some("paid_by"),
        ),
        (
            "/settle",
            paid("eip155:56", PAID_BY),
            404,
            "unknown_refund",
            Some("refund"),
        ),
        (
            "/withdraw",
            json!({ "refund": "x", "reason": "r" }),
            400,
            "id_malformed",
            Some("refund"),
        ),
    ] {
        let answer = act(&server, TOKEN, path, code, &body).await;
        check_problem(&answer, status, code, field);
    }
    assert_eq!(act(&server, TOKEN, "", "k1", &asked(PAYEE)).await.status, 200);
    let own = act(
        &server,
        TOKEN,
        "/settle",
        "k2",
        &paid("eip155:56", &TX.to_string()),
    )
    .await;
    check_problem(&own, 422, "not_its_payment", Some("paid_by"));
    let twice = act(&server, TOKEN, "", "k3", &asked(PAYEE)).await;
    check_problem(&twice, 409, "already_refunded", None);
    let withdrawal = json!({ "refund": "refund-1", "reason": "kept here" });
    let back = act(&server, TOKEN, "/withdraw", "k4", &withdrawal).await;
    assert_eq!(back.status, 200, "{}", back.json());
    assert_eq!(available(&server, "user-1").await, "25.000000000000000000");
    // What is spent is not there.
    let payment = transfer("user-1", "user-2", "USDT", "1");
    let spent = server.post(TRANSACTIONS, "p1", &payment).await;
    assert_eq!(spent.status, 201, "{}", spent.json());
    let late = act(&server, TOKEN, "", "k5", &asked(PAYEE)).await;
    check_problem(&late, 409, "spent", None);
}
