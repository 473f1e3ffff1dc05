use std::fs;

use crate::cli::sim::tests::{SMALL, file, refusal, sim};

#[test]
fn a_commit_decides_the_seeds_if_it_is_asked_to() {
    let (_folder, path) = file(SMALL);
    let run = |commit: &str| sim(&["run", path.to_str().unwrap(), "--seeds", "2", commit]);
    let (code, text) = run("--seeds-from-commit=0123456789ab");
    assert_eq!(code, 0);
    assert!(text.contains("--seeds-from-commit=0123456789ab"), "{text}");
    let told = |text: &str| text.lines().last().unwrap().to_owned();
    assert_eq!(told(&text), told(&run("--seeds-from-commit=0123456789abcdef").1));
    assert_ne!(told(&text), told(&run("--seeds-from-commit=0123456789ac").1));
    let refused = refusal(&["run", path.to_str().unwrap(), "--seeds-from-commit=main"]);
    assert!(refused.starts_with("`main` is no commit"), "{refused}");
}

#[test]
fn a_canary_fails_with_the_exit_code_of_its_kind_and_is_told_of_whole() {
    for (kind, expected) in [
        ("crash", 10),
        ("safety", 11),
        ("liveness", 12),
        ("expectation", 13),
    ] {
        let (code, text) = sim(&["run", &format!("canary/{kind}"), "--seeds", "3"]);
        assert_eq!(code, expected, "{text}");
        assert!(
            text.contains(&format!(
                "FAILED  canary/{kind}  ({kind}, and 2 other seeds alike)"
            )),
            "{text}"
        );
        for told in ["seed", "commit", "oracle", "invariant", "detail"] {
            assert!(text.contains(&format!("\n  {told} ")), "{told}: {text}");
        }
        let replay = format!("plimsoll sim replay canary/{kind} --seed 0");
        assert!(text.contains(&replay), "{text}");
        assert_eq!(
            sim(&["replay", &format!("canary/{kind}"), "--seed", "0"]).0,
            expected
        );
    }
}

#[test]
fn coverage_is_shown_and_written_for_a_browser() {
    let fault = "[[faults]]\nkind = \"store_slow\"\nextra_ms = 1\nat_ms = 500\nuntil_ms = 3_000\n";
    let (folder, path) = file(&format!("{SMALL}\n{fault}"));
    let html = folder.path().join("coverage.html");
    let (path, to) = (path.to_str().unwrap(), html.to_str().unwrap());
    let arguments = ["run", path, "--seeds", "12", "--coverage", "--coverage-html", to];
    let (code, text) = sim(&arguments);
    assert_eq!(code, 0);
    let row = text
        .lines()
        .find(|line| line.starts_with("store: store_slow "))
        .unwrap();
    assert!(row.contains(" 2 "), "{row}");
    assert!(text.contains(" cells were met in 12 runs, "), "{text}");
    let written = fs::read_to_string(&html).unwrap();
    assert!(written.contains("store, store_slow × appending: 12 of 12 runs"));
    let error = refusal(&[
        "run",
        path,
        "--seeds",
        "1",
        "--coverage-html",
        "/nowhere/coverage.html",
    ]);
    assert!(
        error.starts_with("failed to write /nowhere/coverage.html: "),
        "{error}"
    );
}

#[test]
fn landmarks_that_were_never_reached_fail_the_run_if_they_must_be() {
    let (_folder, path) = file(SMALL);
    let (code, text) = sim(&["run", path.to_str().unwrap(), "--seeds", "2", "--sometimes"]);
    assert_eq!(code, 0);
    assert!(text.contains("a breaker closed again  "), "{text}");
    let (code, text) = sim(&[
        "run",
        path.to_str().unwrap(),
        "--seeds",
        "2",
        "--require-sometimes",
    ]);
    assert_eq!(code, 14);
    assert!(text.contains("FAILED  never reached: "), "{text}");
}

#[test]
fn the_sites_of_bad_luck_are_shown() {
    let (_folder, path) = file(&SMALL.replace("[world]", "[world]\nbuggify = true"));
    let (code, text) = sim(&["run", path.to_str().unwrap(), "--seeds", "20", "--sites"]);
    assert_eq!(code, 0, "{text}");
    let row = text
        .lines()
        .find(|line| line.starts_with("outbox/batch_of_one"))
        .unwrap();
    let active: u64 = row.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((1..20).contains(&active), "{row}");
}
