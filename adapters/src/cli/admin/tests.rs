use clap::Parser as _;
use serde_json::json;

use super::table::shown;
use super::verb::Verb;

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

/// The request that a command line makes.
fn request(line: &str) -> String {
    let arguments = std::iter::once("admin").chain(line.split(' '));
    let read = Line::try_parse_from(arguments).unwrap_or_else(|error| panic!("{line}: {error}"));
    let request = read.verb.request();
    let body = request.body.map(|body| format!(" {body}")).unwrap_or_default();
    format!("{} {}{body}", request.method, request.path)
}

#[test]
fn every_verb_is_one_request() {
    let lines = [
        "health",
        "metrics",
        "process eip155:56 0x12 --reason why",
        "sweep --reason why",
        "pause chain eip155:56 --reason why",
        "pause endpoint eip155:56 bnb-1 --reason why",
        "resume chain eip155:56 --reason why",
        "resume endpoint eip155:56 bnb-1 --reason why",
        "breaker force-open eip155:56 bnb-1 --reason why",
        "breaker disable eip155:56 bnb-1 --reason why",
        "breaker reset eip155:56 bnb-1 --reason why",
        "drain --reason why",
        "undrain --reason why",
        "reconciliation",
        "reconcile eip155:56 --reason why",
        "letters list",
        "letters list --limit 2 --after eip155:56/0x12",
        "letters list --chain eip155:56 --dead-for unseen --claimed-by user-1 --older-than 24h --fingerprint 0xab",
        "letters show eip155:56 0x12",
        "letters groups",
        "letters dry-run eip155:56 0x12",
        "letters replay --reason why",
        "letters replay --chain eip155:56 --tx 0x12 --rate 5 --stop-after 3 --stop-at 2026-11-27T12:00:00Z --reason why",
        "letters replay --dead-for unseen --older-than 1h --reason why",
        "letters progress",
        "letters cancel replay-1 --reason why",
        "letters retry eip155:56 0x12 --reason why",
        "letters dismiss eip155:56 0x12 --reason why",
        "suspense list --limit 2",
        "suspense attribute eip155:56 0x12 3 user-1 --reason why",
        "refunds list",
        "refunds list --pending --limit 2 --after refund-7",
        "refunds request eip155:56 0x12 3 0xab --reason why",
        "refunds settle refund-1 eip155:56 0x34 --reason why",
        "refunds withdraw refund-1 --reason why",
    ];
    let requests: Vec<String> = lines.iter().map(|line| request(line)).collect();
    insta::assert_snapshot!("requests", requests.join("\n"));
}

#[test]
fn nothing_is_ordered_without_a_reason() {
    for line in [
        "drain",
        "sweep",
        "pause chain eip155:56",
        "process eip155:56 0x12",
        "refunds withdraw refund-1",
        "letters replay --rate 5",
    ] {
        let arguments = std::iter::once("admin").chain(line.split(' '));
        let refused = Line::try_parse_from(arguments).expect_err("refused").to_string();
        assert!(refused.contains("--reason <TEXT>"), "{refused}");
    }
}

#[test]
fn answers_are_tables() {
    let endpoint = |name: &str, up: bool| json!({ "endpoint": name, "up": up, "breaker": "closed", "latest": if up { json!(114) } else { json!(null) } });
    let health = json!({
        "level": "warning",
        "draining": false,
        "alerts": [{ "alert": "endpoints_down on eip155:56", "level": "warning", "seconds": 12 }],
        "chains": [{
            "chain": "eip155:56", "paused": true, "scanned": 110,
            "endpoints": [endpoint("alpha", true), endpoint("a-longer-name", false)],
        }],
    });
    let letters = json!({ "dead_letters": [], "next": "abc" });
    let answers = [health, letters, json!({ "changed": true }), json!(null)];
    let shown: Vec<String> = answers.iter().map(shown).collect();
    insta::assert_snapshot!("tables", shown.join("---\n"));
}
