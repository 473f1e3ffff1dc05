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
    let (code, text) = sim(&["shrink", path, "--seed", "4", "--out", small]);
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
    let (code, text) = sim(&["shrink", path, "--seed", "4", "--runs", "4", "--out", part]);
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
        "4",
        "--runs",
        "1",
        "--out",
        "/dev/full",
    ]);
    assert!(error.starts_with("failed to write /dev/full: "), "{error}");
}

#[test]
fn each_failure_of_a_campaign_is_shrunk_once_and_overwrites_no_other() {
    let (folder, path) = file(STORM);
    let corpus = folder.path().join("corpus");
    let (path, corpus) = (path.to_str().unwrap(), corpus.to_str().unwrap());
    let arguments = ["run", path, "--seeds", "3", "--shrink=30s", "--corpus", corpus];
    let (code, text) = sim(&arguments);
    assert_eq!(code, 13, "{text}");
    assert_eq!(text.matches("\nSHRUNK  small  seed 0\n").count(), 1, "{text}");
    let written = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("  written    "));
        line.unwrap().to_owned()
    };
    let first = written(&text);
    assert!(
        first.starts_with(&format!("{corpus}/expectation-none_credited_between_ms-")),
        "{first}"
    );
    let small = fs::read_to_string(&first).unwrap();
    assert_eq!(
        written(&sim(&arguments).1),
        first,
        "the same run needs no other file"
    );
    fs::write(&first, small.replace("It failed", "It failed long ago")).unwrap();
    let second = written(&sim(&arguments).1);
    assert_eq!(second, first.replace(".toml", "-2.toml"));
    assert_eq!(fs::read_to_string(second).unwrap(), small);
    // What comes from such a file is no other run, and leaves it as it is when there is nothing to do.
    let elsewhere = folder.path().join("elsewhere");
    let moved = [
        "run",
        &first,
        "--shrink=30s",
        "--corpus",
        elsewhere.to_str().unwrap(),
    ];
    assert!(std::path::Path::new(&written(&sim(&moved).1)).starts_with(&elsewhere));
    let long_ago = fs::read_to_string(&first).unwrap();
    let again = ["run", &first, "--shrink=30s", "--corpus", corpus];
    assert_eq!(written(&sim(&again).1), first);
    assert_eq!(fs::read_to_string(&first).unwrap(), long_ago);
    fs::write(
        &first,
        long_ago.replace("duration_ms = 1\n", "duration_ms = 1000\n"),
    )
    .unwrap();
    assert_eq!(written(&sim(&again).1), first);
    assert_eq!(fs::read_to_string(&first).unwrap(), small);
}

#[test]
fn what_a_soak_found_is_shrunk_too() {
    let (folder, path) = file(STORM);
    let [corpus, state] = ["corpus", "state"].map(|name| folder.path().join(name));
    let (code, text) = sim(&[
        "soak",
        path.to_str().unwrap(),
        "--runs",
        "4",
        "--state",
        state.to_str().unwrap(),
        "--shrink=30s",
        "--corpus",
        corpus.to_str().unwrap(),
    ]);
    assert_eq!(code, 13, "{text}");
    assert_eq!(text.matches("\nSHRUNK  small  seed ").count(), 1, "{text}");
    let written: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert_eq!(written.len(), 1);
}

#[test]
fn a_campaign_tells_what_cannot_be_shrunk() {
    let (folder, path) = failing("rejected = 1");
    let corpus = folder.path().join("corpus");
    let (code, text) = sim(&[
        "run",
        path.to_str().unwrap(),
        "--seeds",
        "2",
        "--shrink",
        "--corpus",
        corpus.to_str().unwrap(),
    ]);
    assert_eq!(code, 13);
    assert!(
        text.contains("\nSHRUNK  small  seed 0\n  not at all: the run falls short"),
        "{text}"
    );
    assert!(!corpus.exists());
    let error = Arguments::try_parse_from(["sim", "run", "--corpus", "x"]).unwrap_err();
    assert!(error.to_string().contains("--shrink"), "{error}");
}
