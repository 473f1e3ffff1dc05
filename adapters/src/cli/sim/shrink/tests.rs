use std::fs;

use clap::Parser as _;

use crate::cli::sim::tests::{Arguments, SMALL, failing, file, refusal, sim};

/// A storm that must not credit anything, which no sound run does.
const STORM: &str = "\
proves = \"Nothing is credited.\"
duration_ms = 20_000

[swarm]
deposits = [20, 20]
transactions = [20, 20]
faults = [2, 2]
fault_ms = [100, 2_000]

[expect]
none_credited_between_ms = [0, 20_000]
";

#[test]
fn a_storm_is_shrunk_and_kept_as_a_file_that_fails_alike() {
    let (folder, path) = file(STORM);
    let small = folder.path().join("small/least.toml");
    let (path, small) = (path.to_str().unwrap(), small.to_str().unwrap());
    let (code, text) = sim(&["shrink", path, "--seed", "3", "--out", small]);
    assert_eq!(code, 0, "{text}");
    let told = text.replace(folder.path().to_str().unwrap(), "FOLDER");
    insta::assert_snapshot!("shrink", told);
    let written = fs::read_to_string(small).unwrap();
    let (commit, shown) = written.split_once("commit = \"").unwrap();
    let commit = commit
        .lines()
        .next()
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .trim_end_matches('.');
    insta::assert_snapshot!("shrunk", written.replace(commit, "COMMIT"));
    assert!(shown.starts_with(commit), "{shown}");
    let (code, replayed) = sim(&["replay", small]);
    assert_eq!(code, 13);
    assert!(
        replayed.contains("expectation: none_credited_between_ms: log 0 of "),
        "{replayed}"
    );
    // There is nothing more to do, and so it says.
    let (code, again) = sim(&["shrink", small, "--out", small]);
    assert_eq!(code, 0);
    let sizes = |text: &str| text.lines().nth(2).unwrap().to_owned();
    assert_eq!(sizes(&again), sizes(&text));
}

#[test]
fn a_shrinker_that_is_stopped_keeps_what_it_has() {
    let (folder, path) = file(STORM);
    let part = folder.path().join("part.toml");
    let (path, part) = (path.to_str().unwrap(), part.to_str().unwrap());
    let (code, text) = sim(&["shrink", path, "--seed", "3", "--runs", "4", "--out", part]);
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("  runs       4, stopped before the end: shrink the file to go on"),
        "{text}"
    );
    let (code, rest) = sim(&["shrink", part, "--out", part]);
    assert_eq!(code, 0, "{rest}");
    let (code, none) = sim(&["shrink", part, "--for", "0s", "--out", part]);
    assert_eq!(code, 3, "{none}");
    assert!(none.contains("  runs       0, stopped before the end"), "{none}");
}

#[test]
fn what_does_not_fail_is_not_shrunk() {
    let (folder, path) = file(SMALL);
    let out = folder.path().join("out.toml");
    let arguments = [
        "shrink",
        path.to_str().unwrap(),
        "--seed",
        "1",
        "--out",
        out.to_str().unwrap(),
    ];
    let (code, text) = sim(&arguments);
    assert_eq!(
        (code, text.as_str()),
        (
            1,
            "nothing is shrunk: the run passes, so there is nothing to shrink\n"
        )
    );
    assert!(!out.exists());
    let (_folder, path) = failing("rejected = 1");
    let (code, text) = sim(&["shrink", path.to_str().unwrap(), "--seed", "1"]);
    assert_eq!(code, 1);
    assert!(
        text.contains("falls short of what its scenario expects"),
        "{text}"
    );
    let error = refusal(&["shrink", path.to_str().unwrap()]);
    assert!(error.ends_with("add --seed, for example --seed 0"), "{error}");
    let error = Arguments::try_parse_from(["sim", "shrink", "small.toml", "--for", "5 minutes"]).unwrap_err();
    assert!(
        error.to_string().contains("not a whole number and a unit"),
        "{error}"
    );
}

#[test]
fn a_shrunk_run_that_cannot_be_written_is_an_error() {
    let (_folder, path) = file(STORM);
    let error = refusal(&[
        "shrink",
        path.to_str().unwrap(),
        "--seed",
        "3",
        "--runs",
        "1",
        "--out",
        "/dev/full",
    ]);
    assert!(error.starts_with("failed to write /dev/full: "), "{error}");
}
