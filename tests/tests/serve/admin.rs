//! Operators at the command line, with the release binary at both ends.

use plimsoll_tests::product::{ADMIN_TOKEN, Ended, Installation, plimsoll, run_to_end};
use serde_json::{Value, json};

use super::{assert_no_panic, offline, register, stop};

fn admin(installation: &Installation, token: Option<&str>, args: &[&str]) -> Ended {
    let mut command = plimsoll();
    let url = format!("http://127.0.0.1:{}", installation.port());
    command.arg("admin").args(args).args(["--url", &url]);
    match token {
        Some(token) => command.env("PLIMSOLL_TOKEN", token),
        None => command.env_remove("PLIMSOLL_TOKEN"),
    };
    let ended = run_to_end(command);
    assert_no_panic(&ended.stderr);
    ended
}

/// Does it, and gives what was answered.
#[track_caller]
fn done(installation: &Installation, args: &[&str]) -> Value {
    let args = [args, &["--format", "json"]].concat();
    let ended = admin(installation, Some(ADMIN_TOKEN), &args);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[track_caller]
fn refused(ended: &Ended, code: i32, expected: &str) {
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(code), ""),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains(expected),
        "{expected:?} is not in:\n{}",
        ended.stderr
    );
}

#[test]
fn what_operators_order_holds_through_kill_nine_until_they_take_it_back() {
    let installation = Installation::new(&offline());
    let mut server = installation.serve_until_ready();
    let because = ["--reason", "the test says so"];
    let with = |args: &[&'static str]| [args, &because].concat();
    let pause = with(&["pause", "endpoint", "eip155:56", "two", "--key", "once"]);
    for _ in 0..2 {
        assert_eq!(done(&installation, &pause), json!({ "changed": true }));
    }
    done(&installation, &with(&["pause", "chain", "eip155:56"]));
    let forced = done(
        &installation,
        &with(&["breaker", "force-open", "eip155:56", "one"]),
    );
    assert_eq!(forced["to"], "forced_open");
    done(&installation, &with(&["drain"]));
    server.kill();

    let mut server = installation.serve_until_ready();
    let health = done(&installation, &["health"]);
    let chain = &health["chains"][0];
    assert_eq!(
        (&health["draining"], &chain["paused"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(chain["endpoints"][1]["paused"], true);
    assert_eq!(chain["endpoints"][0]["breaker"], "forced_open");
    let shown = admin(&installation, Some(ADMIN_TOKEN), &["health"]).stdout;
    assert!(shown.contains("draining"), "{shown}");
    let body = json!({ "name": "ada" });
    let refused_user = installation
        .client()
        .post("/api/v1/users", &[("idempotency-key", "ada")], &body);
    assert_eq!(refused_user.expect("the server answers").status, 503);

    done(&installation, &with(&["undrain"]));
    assert_eq!(register(&installation, 1)[0]["id"], "user-1");
    done(&installation, &with(&["resume", "chain", "eip155:56"]));
    assert_eq!(
        done(&installation, &pause),
        json!({ "changed": true }),
        "the first answer"
    );
    done(&installation, &with(&["resume", "endpoint", "eip155:56", "two"]));
    let reset = done(&installation, &with(&["breaker", "reset", "eip155:56", "one"]));
    assert_eq!(reset, json!({ "from": "forced_open", "to": "closed" }));
    assert_eq!(done(&installation, &with(&["sweep"])), json!({ "due": 0 }));
    assert_eq!(
        done(&installation, &["letters", "list"])["dead_letters"],
        json!([])
    );
    assert_eq!(done(&installation, &["suspense", "list"])["suspense"], json!([]));
    stop(&mut server);
}

#[test]
fn what_cannot_be_done_is_said_with_an_exit_code_of_its_own() {
    let installation = Installation::new(&offline());
    let drain = ["drain", "--reason", "why"];
    let unreachable = admin(&installation, Some(ADMIN_TOKEN), &drain);
    refused(&unreachable, 2, "reach the server");
    let mut server = installation.serve_until_ready();
    refused(&admin(&installation, None, &drain), 2, "set PLIMSOLL_TOKEN");
    refused(
        &admin(&installation, Some("two words"), &drain),
        2,
        "visible ASCII",
    );
    let forged = admin(&installation, Some("a-token-that-nobody-was-given"), &drain);
    refused(&forged, 1, "token_required");
    let nobody = ["pause", "endpoint", "eip155:56", "three", "--reason", "why"];
    let unknown = admin(&installation, Some(ADMIN_TOKEN), &nobody);
    refused(&unknown, 1, "no endpoint called");
    let no_file = ["health", "--token-file", "/nowhere/token"];
    refused(&admin(&installation, None, &no_file), 2, "/nowhere/token");
    stop(&mut server);
}
