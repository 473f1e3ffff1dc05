use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use plimsoll_sim::scenario::Expanded;
use plimsoll_sim::trace::{Event, Transcript, words};
use tempfile::TempDir;

use super::{SimArgs, SimCommand, SimError, diverge, explain, export, list, replay, run, shrink, soak};

mod unread;

/// A scenario of one deposit.
pub(super) const SMALL: &str = "\
proves = \"One deposit is credited.\"
duration_ms = 3_000

[world]
endpoints = 2

[workload]
users = 1

[[workload.deposits]]
kind = \"plain\"
count = 1
at_ms = 1_000
";

#[derive(Debug, clap::Parser)]
pub(super) struct Arguments {
    #[command(flatten)]
    sim: SimArgs,
}

fn parse(arguments: &[&str]) -> SimCommand {
    let arguments = std::iter::once(&"sim").chain(arguments);
    Arguments::try_parse_from(arguments).unwrap().sim.command
}

fn attempt(arguments: &[&str], out: &mut dyn Write) -> Result<u8, SimError> {
    match parse(arguments) {
        SimCommand::Run(args) => run::run(&args, out),
        SimCommand::Soak(args) => soak::run(&args, out),
        SimCommand::Replay(args) => replay::run(&args, out),
        SimCommand::Shrink(args) => shrink::run(&args, out),
        SimCommand::Diverge(args) => diverge::run(&args, out),
        SimCommand::Explain(args) => explain::run(&args, out),
        SimCommand::Export(args) => export::run(&args, out),
        SimCommand::List => list::run(out),
    }
}

/// What `plimsoll sim` with these arguments answers, and its exit code.
#[track_caller]
pub(super) fn sim(arguments: &[&str]) -> (u8, String) {
    let mut out = Vec::new();
    let code = attempt(arguments, &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

#[track_caller]
pub(super) fn refusal(arguments: &[&str]) -> String {
    match attempt(arguments, &mut Vec::new()) {
        Ok(code) => panic!("exit code {code}"),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    }
}

/// A folder with the scenario file `small.toml` of this text.
pub(super) fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("small.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

pub(super) fn failing(expect: &str) -> (TempDir, PathBuf) {
    file(&format!("{SMALL}\n[expect]\n{expect}\n"))
}

#[test]
fn the_list_says_what_each_scenario_proves() {
    let (code, text) = sim(&["list"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("list", text);
}

#[test]
fn a_run_ends_in_a_table() {
    let (_folder, path) = file(SMALL);
    let (code, text) = sim(&[
        "run",
        path.to_str().unwrap(),
        "--seeds",
        "4",
        "--twice",
        "--jobs",
        "2",
    ]);
    assert_eq!(code, 0, "{text}");
    let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[1], *row.last().unwrap()), ("small", "4", "ok"));
}

#[test]
fn a_failure_is_shown_with_the_command_that_repeats_it() {
    let (_folder, path) = failing("rejected = 1");
    let (code, text) = sim(&["run", path.to_str().unwrap(), "--seeds", "3"]);
    assert_eq!(code, 13, "{text}");
    assert!(text.contains("3 FAILED"), "{text}");
    assert!(text.contains("invariant  rejected"), "{text}");
    let again = format!("plimsoll sim replay {} --seed 0", path.display());
    assert!(text.contains(&again), "{text}");
}

#[test]
fn a_replay_comes_to_the_same_digest_and_exit_code() {
    let (_folder, path) = failing("rejected = 1");
    let again = || sim(&["replay", path.to_str().unwrap(), "--seed", "7"]);
    let (code, text) = again();
    assert_eq!(code, 13);
    assert!(
        text.contains("outcome      failed (expectation): expectation: rejected: expected 1, found only 0"),
        "{text}"
    );
    assert_eq!(again(), (code, text));
}

#[test]
fn a_trace_tells_everything_that_happened() {
    let (folder, path) = file(SMALL);
    let trace = folder.path().join("trace.jsonl");
    let arguments = [
        "replay",
        path.to_str().unwrap(),
        "--seed",
        "1",
        "--trace",
        trace.to_str().unwrap(),
    ];
    assert_eq!(sim(&arguments).0, 0);
    let read = Transcript::read(&trace).unwrap();
    let line = |event: &Event| {
        let at = words::seconds(event.at);
        format!(
            "{at:>8}  {:<6} {:<13} {}",
            event.node,
            event.part,
            words::of(event)
        )
    };
    let shown: Vec<String> = read.events.iter().map(line).collect();
    insta::assert_snapshot!("trace", shown.join("\n"));
}

#[test]
fn a_run_is_expanded_and_replayed_from_the_file_alone() {
    let (folder, path) = failing("rejected = 1");
    let expanded = folder.path().join("expanded.toml");
    let (path, expanded) = (path.to_str().unwrap(), expanded.to_str().unwrap());
    let (code, drawn) = sim(&["replay", path, "--seed", "7", "--expanded", expanded]);
    assert_eq!(code, 13);
    let text = fs::read_to_string(expanded).unwrap();
    assert!(text.contains("\n# It fails: expectation: rejected: "), "{text}");
    assert!(text.contains("\nfingerprint = \"expectation-rejected-"), "{text}");
    let (code, again) = sim(&["replay", expanded]);
    assert_eq!((code, again), (13, drawn.replace("small", "expanded")));
    let (code, table) = sim(&["run", expanded, "--seeds", "50", "--twice"]);
    assert_eq!(code, 13);
    assert!(table.contains("1 FAILED"), "{table}");
    assert!(
        table.contains(&format!("sim replay {expanded} --trace")),
        "{table}"
    );
    let other = refusal(&["replay", expanded, "--seed", "8"]);
    assert!(other.contains("runs with its own seed 7, not with 8"), "{other}");
    let none = refusal(&["replay", path]);
    assert!(none.ends_with("add --seed, for example --seed 0"), "{none}");
}

#[test]
fn a_plan_is_shown_as_the_expanded_scenario() {
    let (_folder, path) = file(SMALL);
    let (code, text) = sim(&["replay", path.to_str().unwrap(), "--seed", "1", "--plan"]);
    assert_eq!(code, 0);
    let expanded = Expanded::parse("small.toml", &text).unwrap();
    assert_eq!(expanded.seed, 1);
    assert_eq!(expanded.plan.topology.endpoints.len(), 2);
    assert_eq!(expanded.plan.workload.len(), 1);
}

#[test]
fn a_wrong_scenario_is_refused_with_its_place() {
    let (folder, path) = file(&SMALL.replace("\"plain\"", "\"plane\""));
    let error = refusal(&["run", path.to_str().unwrap()]);
    insta::assert_snapshot!(
        "scenario_error",
        error.replace(folder.path().to_str().unwrap(), "FOLDER")
    );
}

#[test]
fn nothing_run_is_an_error() {
    let (folder, path) = file(SMALL);
    assert_eq!(
        refusal(&["run", path.to_str().unwrap(), "--seeds", "0"]),
        "a run of zero seeds proves nothing"
    );
    assert!(refusal(&["run", "escrow/reorgs"]).contains("did you mean `escrow/reorg`?"));
    assert!(refusal(&["replay", "ledger", "--seed", "1"]).starts_with("`ledger` names 2 scenarios"));
    let nowhere = folder.path().join("missing/trace.jsonl");
    let arguments = [
        "replay",
        path.to_str().unwrap(),
        "--seed",
        "1",
        "--trace",
        nowhere.to_str().unwrap(),
    ];
    assert!(refusal(&arguments).starts_with("failed to write "));
}

/// A trace of this seed of the small scenario, in its folder.
fn traced(folder: &TempDir, path: &Path, seed: u64, name: &str) -> PathBuf {
    let trace = folder.path().join(name);
    let (path, seed) = (path.to_str().unwrap(), seed.to_string());
    let (code, _) = sim(&[
        "replay",
        path,
        "--seed",
        &seed,
        "--trace",
        trace.to_str().unwrap(),
    ]);
    assert_eq!(code, 0);
    trace
}

#[test]
fn traces_of_one_run_are_the_same_and_of_two_are_not() {
    let (folder, path) = file(SMALL);
    let [a, b, c] = [(1, "a"), (1, "b"), (2, "c")].map(|(seed, name)| traced(&folder, &path, seed, name));
    let (code, text) = sim(&["diverge", a.to_str().unwrap(), b.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\nthe same: "), "{text}");
    let (code, text) = sim(&["diverge", a.to_str().unwrap(), c.to_str().unwrap()]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("these are traces of different runs"), "{text}");
    assert!(text.contains("the traces part at event "), "{text}");
}

#[test]
fn what_is_no_whole_trace_is_refused_by_whatever_reads_one() {
    let (folder, path) = file(SMALL);
    let good = traced(&folder, &path, 1, "good");
    let bytes = fs::read(&good).unwrap();
    let flipped: Vec<u8> = bytes
        .iter()
        .enumerate()
        .map(|(place, byte)| byte ^ u8::from(place == 900))
        .collect();
    let other = String::from_utf8(bytes.clone())
        .unwrap()
        .replace("{\"trace\":2,", "{\"trace\":1,");
    let wrong = [
        ("cut", bytes[..bytes.len() / 2].to_vec(), "the file stops here"),
        ("flipped", flipped, "the line does not match its sum"),
        ("other", other.into_bytes(), "version 1"),
        ("empty", Vec::new(), "it is empty"),
    ];
    for (name, bytes, expected) in wrong {
        let bad = folder.path().join(name);
        fs::write(&bad, bytes).unwrap();
        for arguments in readers(&bad, &good) {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let error = refusal(&arguments);
            assert!(error.starts_with(bad.to_str().unwrap()), "{name}: {error}");
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
    for arguments in readers(&folder.path().join("missing"), &good) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert!(refusal(&arguments).contains("missing: failed to read it: "));
    }
}

/// Every command that reads a trace, with this one.
fn readers(trace: &Path, good: &Path) -> Vec<Vec<String>> {
    let [trace, good] = [trace, good].map(|path| path.to_str().unwrap());
    let commands: [&[&str]; 3] = [
        &["diverge", trace, good],
        &["diverge", good, trace],
        &["export", trace, "--chrome", "/nowhere/chrome.json"],
    ];
    commands
        .iter()
        .map(|one| one.iter().map(|&word| word.to_owned()).collect())
        .collect()
}

#[test]
fn a_trace_is_exported_for_perfetto() {
    let (folder, path) = file(SMALL);
    let trace = traced(&folder, &path, 1, "trace");
    let chrome = folder.path().join("chrome.json");
    let (code, text) = sim(&[
        "export",
        trace.to_str().unwrap(),
        "--chrome",
        chrome.to_str().unwrap(),
    ]);
    assert_eq!((code, text.trim_end()), (0, chrome.to_str().unwrap()));
    let file: serde_json::Value = serde_json::from_slice(&fs::read(chrome).unwrap()).unwrap();
    assert!(file["traceEvents"].as_array().unwrap().len() > 100);
    let error = refusal(&[
        "export",
        trace.to_str().unwrap(),
        "--chrome",
        "/nowhere/chrome.json",
    ]);
    assert_eq!(
        error,
        "failed to write /nowhere/chrome.json: No such file or directory (os error 2)"
    );
}

#[test]
fn an_export_of_nothing_is_a_wrong_argument() {
    let error = Arguments::try_parse_from(["sim", "export", "trace.jsonl"]).unwrap_err();
    assert!(error.to_string().contains("--chrome <FILE>"), "{error}");
}

#[test]
fn digests_are_written_a_line_for_each_run_and_do_not_depend_on_threads() {
    let (folder, path) = file(SMALL);
    let written = |name: &str, jobs: &str| {
        let digests = folder.path().join(name);
        let (path, to) = (path.to_str().unwrap(), digests.to_str().unwrap());
        let arguments = [
            "run",
            path,
            "--seeds",
            "4",
            "--first-seed",
            "7",
            "--jobs",
            jobs,
            "--digests",
            to,
        ];
        assert_eq!(sim(&arguments).0, 0);
        fs::read_to_string(digests).unwrap()
    };
    let alone = written("alone", "1");
    assert_eq!(alone, written("together", "3"));
    let runs: Vec<&str> = alone
        .lines()
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    assert_eq!(runs, ["small 7", "small 8", "small 9", "small 10"]);
    let (_, replayed) = sim(&["replay", path.to_str().unwrap(), "--seed", "8"]);
    let digest = alone.lines().nth(1).unwrap().rsplit_once(' ').unwrap().1;
    assert!(
        digest.len() == 32 && replayed.contains(digest),
        "{digest} is not in:\n{replayed}"
    );
    let error = refusal(&["run", path.to_str().unwrap(), "--digests", "/dev/full"]);
    assert!(
        error.starts_with("failed to write the digests to /dev/full: "),
        "{error}"
    );
}

#[test]
fn a_trace_that_is_not_whole_is_an_error() {
    let (folder, path) = file(SMALL);
    let arguments = [
        "replay",
        path.to_str().unwrap(),
        "--seed",
        "1",
        "--trace",
        "/dev/full",
    ];
    let error = refusal(&arguments);
    assert!(error.starts_with("failed to write /dev/full: "), "{error}");
    // The disk was full for a while and is well again at the end.
    let trace = super::trace::TraceFile::create(&folder.path().join("trace.jsonl")).unwrap();
    let error = format!(
        "{:#}",
        anyhow::Error::from(trace.finish(Some("no space left")).unwrap_err())
    );
    assert!(error.ends_with("trace.jsonl: no space left"), "{error}");
}

#[test]
fn a_story_is_the_same_from_a_scenario_and_from_its_trace() {
    let (folder, path) = failing("rejected = 1");
    let (path, trace) = (path.to_str().unwrap(), folder.path().join("trace.jsonl"));
    let trace = trace.to_str().unwrap();
    assert_eq!(sim(&["replay", path, "--seed", "7", "--trace", trace]).0, 13);
    let (code, story) = sim(&["explain", path, "--seed", "7"]);
    assert_eq!(code, 0);
    assert!(
        story.contains("The oracle `expectation` found `rejected` broken"),
        "{story}"
    );
    assert_eq!(sim(&["explain", trace]), (0, story));
    let refused = refusal(&["explain", trace, "--deposit", "2"]);
    assert_eq!(
        refused,
        "there is no deposit 2: this run sent 1 to the chain, numbered from 1"
    );
    for option in [["--seed", "7"].as_slice(), &["--diff"]] {
        let arguments: Vec<&str> = ["explain", trace].iter().chain(option).copied().collect();
        assert!(refusal(&arguments).contains(&format!("`{}` does not fit", option[0])));
    }
}

#[test]
fn a_failing_run_is_shown_beside_the_one_without_the_fault_that_matters() {
    let dead = "\n[[faults]]\nkind = \"dead\"\ntarget = \"rpc-1\"\nat_ms = 500\n";
    let (_folder, path) = file(&format!("{SMALL}{dead}\n[expect]\nall_credited = true\n"));
    let (code, text) = sim(&["explain", path.to_str().unwrap(), "--seed", "7", "--diff"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the same without fault 0, rpc-1: dead."), "{text}");
    assert!(
        text.contains("with it left out: What became of it: credited."),
        "{text}"
    );
}

#[test]
fn without_a_failure_or_a_fault_that_matters_there_is_nothing_to_show_beside() {
    let (_folder, path) = file(SMALL);
    let (code, text) = sim(&["explain", path.to_str().unwrap(), "--seed", "7", "--diff"]);
    assert_eq!(
        (code, text.as_str()),
        (1, "this run passes: there is no failure to compare\n")
    );
    let (_folder, path) = failing("rejected = 1");
    let (code, text) = sim(&["explain", path.to_str().unwrap(), "--seed", "7", "--diff"]);
    assert_eq!(code, 1);
    assert_eq!(
        text,
        "it fails without any one of its 0 faults too: no neighbour passes\n"
    );
}

#[test]
fn a_timeline_is_the_same_from_a_run_and_from_its_trace() {
    let (folder, path) = file(SMALL);
    let path = path.to_str().unwrap();
    let of = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (trace, ran, exported) = (of("trace.jsonl"), of("ran.html"), of("exported.html"));
    let arguments = ["replay", path, "--seed", "7", "--html", &ran, "--trace", &trace];
    assert_eq!(sim(&arguments).0, 0);
    assert_eq!(
        sim(&["export", &trace, "--html", &exported]),
        (0, format!("{exported}\n"))
    );
    let (ran, exported) = (
        fs::read_to_string(ran).unwrap(),
        fs::read_to_string(exported).unwrap(),
    );
    assert!(ran.contains("Plimsoll timeline"));
    assert_eq!(ran, exported);
}
