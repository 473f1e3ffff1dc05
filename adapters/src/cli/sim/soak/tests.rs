use std::fs;
use std::path::Path;

use plimsoll_sim::run::State;
use plimsoll_sim::scenario::Expanded;

use super::folder::Folder;
use crate::cli::sim::tests::{SMALL, failing, file, refusal, sim};

/// A soak of `scenario` with its state in `state`: what it tells, without what differs from machine to machine.
#[track_caller]
fn soak(scenario: &Path, state: &Path, more: &[&str]) -> (u8, String) {
    let mut arguments = vec![
        "soak",
        scenario.to_str().unwrap(),
        "--state",
        state.to_str().unwrap(),
    ];
    arguments.extend(more);
    let (code, text) = sim(&arguments);
    let text = text
        .replace(state.to_str().unwrap(), "STATE")
        .replace(scenario.to_str().unwrap(), "SCENARIO")
        .replace(&super::commit::describe(), "COMMIT");
    // Its row has the speed-up.
    let rows = text.lines().skip(2).map(|line| format!("{line}\n"));
    (code, rows.collect())
}

fn state(folder: &Path) -> State {
    State::parse(
        "soak.toml",
        &fs::read_to_string(folder.join("soak.toml")).unwrap(),
    )
    .unwrap()
}

#[test]
fn a_failure_is_kept_once_as_a_file_that_fails_alike() {
    let (folder, scenario) = failing("rejected = 1");
    let at = folder.path().join("state");
    let (code, text) = soak(&scenario, &at, &["--runs", "3", "--seed", "7"]);
    assert_eq!(code, 13);
    insta::assert_snapshot!("found", text);
    let known = &state(&at).findings[0];
    let kept = at.join(format!("{}.toml", known.fingerprint));
    let text = fs::read_to_string(&kept).unwrap();
    let again = format!(
        "# At that commit also: plimsoll sim replay {} --seed {}",
        scenario.display(),
        known.seed
    );
    assert!(text.contains(&again), "{text}");
    let expanded = Expanded::parse("kept", &text).unwrap();
    assert_eq!(expanded.origin.fingerprint.as_ref(), Some(&known.fingerprint));
    let (code, text) = sim(&["replay", kept.to_str().unwrap()]);
    assert_eq!(code, 13, "{text}");
}

#[test]
fn a_soak_goes_on_where_it_ended() {
    let (folder, scenario) = failing("rejected = 1");
    let at = folder.path().join("state");
    soak(&scenario, &at, &["--runs", "3", "--seed", "7"]);
    let (code, text) = soak(&scenario, &at, &["--runs", "2"]);
    assert_eq!(code, 13);
    assert!(
        text.contains("2 runs, numbers 3 to 4 of the soak with seed 7"),
        "{text}"
    );
    assert_eq!((state(&at).runs, state(&at).findings[0].count), (5, 5));
    let whole = folder.path().join("whole");
    soak(&scenario, &whole, &["--runs", "5", "--seed", "7", "--jobs", "3"]);
    assert_eq!(state(&whole), state(&at));
}

#[test]
fn a_soak_in_which_nothing_fails_passes_and_ends_with_its_time() {
    let (folder, scenario) = file(SMALL);
    let at = folder.path().join("state");
    let (code, text) = soak(&scenario, &at, &["--for", "1ms", "--jobs", "1", "--twice"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 runs, numbers 0 to 0 of the soak"), "{text}");
    assert_eq!((state(&at).runs, state(&at).findings.len()), (1, 0));
}

#[test]
fn a_state_that_cannot_be_used_is_refused() {
    let (folder, scenario) = file(SMALL);
    let at = folder.path().join("state");
    let scenario_path = scenario.to_str().unwrap();
    let refused = |more: &[&str]| {
        let arguments = [
            "soak",
            scenario_path,
            "--runs",
            "1",
            "--state",
            at.to_str().unwrap(),
        ];
        refusal(&[&arguments[..], more].concat()).replace(at.to_str().unwrap(), "STATE")
    };
    soak(&scenario, &at, &["--runs", "1", "--seed", "7"]);
    assert_eq!(
        refused(&["--seed", "8"]),
        "the soak in STATE has seed 7 and goes on with that: leave --seed out, or give another --state"
    );
    let ours = Folder::open(&at, 7, true, String::new()).unwrap();
    assert!(refused(&[]).starts_with("another soak uses STATE: "));
    drop(ours);
    fs::write(at.join("soak.toml"), "soak = 1\nseed = -1\nruns = 0\n").unwrap();
    assert!(
        refused(&[]).starts_with("STATE/soak.toml:2:8: seed: "),
        "{}",
        refused(&[])
    );
    assert!(
        refusal(&["soak", scenario_path, "--state", "/dev/null/state"])
            .starts_with("failed to use /dev/null/state: ")
    );
}

#[test]
fn a_soak_of_nothing_fresh_is_refused() {
    let (folder, scenario) = file(&format!("weight = 0\n{SMALL}"));
    let at = folder.path().join("state");
    let error = refusal(&[
        "soak",
        scenario.to_str().unwrap(),
        "--state",
        at.to_str().unwrap(),
    ]);
    assert!(
        error.starts_with("none of these is run with fresh seeds"),
        "{error}"
    );
}

#[test]
fn a_soak_ends_once_nothing_new_is_met() {
    let fault = "[[faults]]\nkind = \"store_slow\"\nextra_ms = 1\nat_ms = 500\nuntil_ms = 3_000\n";
    let (folder, scenario) = file(&format!("{SMALL}\n{fault}"));
    let at = folder.path().join("state");
    let (code, text) = soak(
        &scenario,
        &at,
        &[
            "--seed",
            "7",
            "--until-covered",
            "5",
            "--runs",
            "500",
            "--coverage",
        ],
    );
    assert_eq!(code, 0);
    let runs = state(&at).runs;
    assert!((6..500).contains(&runs), "{runs}");
    assert!(
        text.contains(&format!(" cells were met in {runs} runs, ")),
        "{text}"
    );
}
