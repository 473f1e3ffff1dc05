//! Dead letters, as operators see them.

use std::time::Duration;

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::EscrowRecord;
use plimsoll_core::id::TxHash;
use serde_json::{Value, json};

use super::house::{OPERATOR, Server, TOKEN, TX, VIEWER};
use super::{CLAIMS, DEAD_LETTERS, check_problem, claim};

/// A server with three dead letters: Ada claimed two, and Bob one a little later.
async fn server() -> Server {
    let server = Server::with(|config| config.bank.escrow.patience = Duration::from_secs(5));
    server.register("ada").await;
    server.register("bob").await;
    for (n, (key, user)) in (0u8..).zip([("k0", "user-1"), ("k1", "user-1"), ("k2", "user-2")]) {
        let tx = if n == 0 { TX } else { TxHash::Evm([n; 32]) };
        server
            .post(CLAIMS, key, &claim(user, "eip155:56", &tx.to_string()))
            .await;
        server.house.pass(Duration::from_secs(1));
    }
    server.house.pass(Duration::from_secs(9));
    server
}

async fn get(server: &Server, path: &str) -> super::house::Answered {
    server
        .call("GET", &format!("{DEAD_LETTERS}{path}"), VIEWER, "")
        .await
}

/// The first two digits of each letter of a page.
fn names(page: &Value) -> Vec<String> {
    let letters = page["dead_letters"].as_array().expect("letters").iter();
    letters
        .map(|letter| letter["tx"].as_str().expect("a hash")[2..4].to_owned())
        .collect()
}

#[tokio::test]
async fn a_letter_tells_what_was_tried() {
    let server = server().await;
    let letter = get(&server, &format!("/{TX}")).await.json();
    insta::assert_json_snapshot!("dead_letter", letter);
    assert_eq!(get(&server, "").await.json()["dead_letters"][0], letter);
    let there = get(&server, &format!("/{TX}?chain=eip155:56")).await;
    assert_eq!(there.json(), letter);
    for (path, status, code, field) in [
        (format!("/{TX}?chain=eip155:97"), 409, "not_a_dead_letter", None),
        (
            format!("/{}", TxHash::Evm([9; 32])),
            409,
            "not_a_dead_letter",
            None,
        ),
        ("/0x12".to_owned(), 400, "hash_malformed", Some("tx")),
        (format!("/{TX}?chain=bsc"), 400, "chain_malformed", Some("chain")),
        (format!("/{TX}?c=1"), 400, "field_invalid", None),
    ] {
        check_problem(&get(&server, &path).await, status, code, field);
    }
}

#[tokio::test]
async fn lists_are_filtered_and_go_on_where_they_ended() {
    let server = server().await;
    let print = get(&server, "").await.json()["dead_letters"][0]["fingerprint"].clone();
    let print = print.as_str().expect("a fingerprint");
    for (query, expected) in [
        ("", vec!["7a", "01", "02"]),
        ("?chain=eip155:56&reason=unseen", vec!["7a", "01", "02"]),
        ("?chain=eip155:97", vec![]),
        ("?reason=not_final", vec![]),
        ("?claimed_by=user-2", vec!["02"]),
        ("?claimed_by=user-9", vec![]),
        ("?older_than=1h", vec![]),
        ("?older_than=0s&limit=2", vec!["7a", "01"]),
        (&format!("?fingerprint={print}"), vec!["7a", "01", "02"]),
        ("?fingerprint=0x0000000000", vec![]),
    ] {
        let page = get(&server, query).await;
        assert_eq!(names(&page.json()), expected, "{query}: {}", page.text);
    }
    let mut walked = Vec::new();
    let mut path = "?limit=1&claimed_by=user-1".to_owned();
    loop {
        let page = get(&server, &path).await.json();
        walked.extend(names(&page));
        let Some(next) = page["next"].as_str() else { break };
        let other = get(&server, &format!("?limit=1&after={next}")).await;
        check_problem(&other, 400, "id_malformed", Some("after"));
        path = format!("?limit=1&claimed_by=user-1&after={next}");
    }
    assert_eq!(walked, ["7a", "01"]);
    for (query, code, field) in [
        ("?after=x", "id_malformed", Some("after")),
        ("?page=2", "field_invalid", None),
        ("?limit=-1", "field_invalid", None),
        ("?reason=bad", "field_invalid", Some("reason")),
        ("?fingerprint=12", "id_malformed", Some("fingerprint")),
        ("?claimed_by=ada", "id_malformed", Some("claimed_by")),
        ("?older_than=soon", "field_invalid", Some("older_than")),
    ] {
        check_problem(&get(&server, query).await, 400, code, field);
    }
}

#[tokio::test]
async fn letters_are_grouped_by_what_they_have_in_common() {
    let server = server().await;
    insta::assert_json_snapshot!("dead_letter_groups", get(&server, "/groups").await.json());
}

async fn post(server: &Server, path: &str, token: &str, body: &Value) -> super::house::Answered {
    let path = format!("{DEAD_LETTERS}{path}");
    server.call("POST", &path, token, &body.to_string()).await
}

fn of(tx: &TxHash) -> Value {
    json!({ "chain": "eip155:56", "tx": tx.to_string() })
}

#[tokio::test]
async fn a_dry_run_asks_and_records_nothing() {
    let server = server().await;
    let before = server.house.records().len();
    let dry_run = post(&server, "/dry-run", OPERATOR, &of(&TX)).await;
    insta::assert_json_snapshot!("dry_run", dry_run.json());
    assert_eq!(server.house.records().len(), before);
    let other = post(&server, "/dry-run", OPERATOR, &of(&TxHash::Evm([9; 32]))).await;
    check_problem(&other, 409, "not_a_dead_letter", None);
    check_problem(
        &post(&server, "/dry-run", VIEWER, &of(&TX)).await,
        403,
        "role_too_small",
        None,
    );
}

#[tokio::test]
async fn a_replay_goes_on_by_itself_and_is_journalled_with_who_wanted_it() {
    let server = server().await;
    assert_eq!(get(&server, "/replay").await.json(), json!({}));
    let wanted = json!({ "claimed_by": "user-1", "rate": 1, "reason": "the outage is over" });
    let begun = post(&server, "/replay", OPERATOR, &wanted).await;
    assert_eq!(begun.status, 202);
    assert_eq!(
        (&begun.json()["id"], &begun.json()["status"]),
        (&json!("replay-1"), &json!("under_way"))
    );
    check_problem(
        &post(&server, "/replay", OPERATOR, &wanted).await,
        409,
        "replay_under_way",
        None,
    );
    server.house.pass(Duration::from_secs(3));
    let last = get(&server, "/replay").await.json();
    assert_eq!(
        (&last["replay"]["done"], &last["replay"]["status"]),
        (&json!(2), &json!("done"))
    );
    assert_eq!(names(&get(&server, "").await.json()), ["02"]);
    let mut who = Vec::new();
    for record in server.house.records() {
        if let Record::Escrow(EscrowRecord::ReplayBegan { actor, reason, .. }) = record {
            who.push((actor, reason));
        }
    }
    assert_eq!(who, [("olga".to_owned(), "the outage is over".to_owned())]);
    let cancel = json!({ "replay": "replay-1", "reason": "enough" });
    check_problem(
        &post(&server, "/replay/cancel", OPERATOR, &cancel).await,
        409,
        "no_such_replay",
        None,
    );
    for (body, status, code, field) in [
        (
            json!({ "rate": 0, "reason": "r" }),
            422,
            "replay_plan_invalid",
            None,
        ),
        (
            json!({ "rate": 1, "reason": "" }),
            422,
            "bad_text",
            Some("reason"),
        ),
        (
            json!({ "rate": -1, "reason": "r" }),
            400,
            "field_invalid",
            Some("rate"),
        ),
        (
            json!({ "rate": 1, "reason": "r", "stop_at": "soon" }),
            400,
            "date_malformed",
            Some("stop_at"),
        ),
        (
            json!({ "rate": 1, "reason": "r", "tx": TX.to_string() }),
            400,
            "chain_malformed",
            Some("chain"),
        ),
    ] {
        check_problem(
            &post(&server, "/replay", OPERATOR, &body).await,
            status,
            code,
            field,
        );
    }
}

#[tokio::test]
async fn a_dismissal_of_what_was_never_seen_takes_two() {
    let server = Server::with(|config| {
        config.bank.escrow.patience = Duration::from_secs(5);
        config.bank.escrow.dismiss_alone_max = Some(Vec::new());
    });
    server.register("ada").await;
    server
        .post(CLAIMS, "k0", &claim("user-1", "eip155:56", &TX.to_string()))
        .await;
    server.house.pass(Duration::from_secs(10));
    let mut decision = of(&TX);
    decision["resolution"] = json!("dismiss");
    decision["reason"] = json!("never paid");
    let proposed = post(&server, "/resolve", OPERATOR, &decision).await;
    assert_eq!(
        (proposed.status, proposed.json()),
        (200, json!({ "resolved": false }))
    );
    check_problem(
        &post(&server, "/resolve", OPERATOR, &decision).await,
        409,
        "same_approver",
        None,
    );
    let letter = get(&server, &format!("/{TX}")).await.json();
    assert_eq!(
        (&letter["proposal"]["actor"], &letter["proposal"]["reason"]),
        (&json!("olga"), &json!("never paid"))
    );
    let approved = post(&server, "/resolve", TOKEN, &decision).await;
    assert_eq!(
        (approved.status, approved.json()),
        (200, json!({ "resolved": true }))
    );
    assert_eq!(get(&server, "").await.json(), json!({ "dead_letters": [] }));
}
