use std::path::Path;

use super::{CANARIES, EMBEDDED, LibraryError, find, name_of};

/// The folder of the workspace, in which `scenarios` is.
fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn names(root: &Path, selector: &str) -> Vec<String> {
    match find(root, selector) {
        Ok(scenarios) => scenarios.into_iter().map(|scenario| scenario.name).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn the_binary_carries_exactly_the_scenarios_of_the_folder() {
    let embedded = EMBEDDED.iter().map(|(name, _)| *name);
    let (canaries, others): (Vec<&str>, Vec<&str>) = embedded.partition(|name| name.starts_with(CANARIES));
    assert_eq!(names(workspace(), "all"), others);
    assert_eq!(names(workspace(), "canary"), canaries);
    assert_eq!(canaries.len(), 4);
}

#[test]
fn canaries_are_run_by_whoever_asks_for_them_alone() {
    let nowhere = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (root, selector) in [
        (workspace(), "all"),
        (&nowhere, "all"),
        (workspace(), "scenarios"),
        (workspace(), "scenarios/"),
    ] {
        let found = names(root, selector);
        assert!(
            !found.is_empty() && found.iter().all(|name| !name.starts_with(CANARIES)),
            "{selector}"
        );
    }
    assert_eq!(names(&nowhere, "canary/crash"), ["canary/crash"]);
    assert_eq!(names(workspace(), "scenarios/canary").len(), 4);
}

#[test]
fn a_scenario_is_found_by_name_group_file_and_folder() {
    let one = ["escrow/reorg"];
    assert_eq!(names(workspace(), "escrow/reorg"), one);
    assert_eq!(names(workspace(), "scenarios/escrow/reorg.toml"), one);
    let ledger = ["ledger/holds_under_crashes", "ledger/swarm"];
    assert_eq!(names(workspace(), "ledger"), ledger);
    assert_eq!(names(workspace(), "scenarios/ledger"), ledger);
    let nowhere = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(names(&nowhere, "ledger"), ledger, "embedded");
    assert_eq!(names(&nowhere, "all"), names(workspace(), "all"));
}

#[test]
fn a_scenario_is_handled_by_its_name_or_by_its_file() {
    let handle = |selector: &str| find(workspace(), selector).unwrap().remove(0).handle;
    assert_eq!(handle("escrow/reorg"), "escrow/reorg");
    let file = workspace().join("scenarios/escrow/reorg.toml");
    assert_eq!(handle("scenarios/escrow/reorg.toml"), file.display().to_string());
}

#[test]
fn an_unknown_name_is_refused_with_a_suggestion() {
    let expected = "there is no scenario `reorg`: did you mean `escrow/reorg`?";
    assert_eq!(names(workspace(), "reorg"), [expected]);
    assert_eq!(
        names(workspace(), "escrow/reorgs"),
        ["there is no scenario `escrow/reorgs`: did you mean `escrow/reorg`?"]
    );
    assert_eq!(names(workspace(), "zebra"), ["there is no scenario `zebra`"]);
}

#[test]
fn a_folder_without_scenarios_is_an_error() {
    let error = find(workspace(), "sim/src/fault").err();
    assert!(matches!(error, Some(LibraryError::Empty { .. })), "{error:?}");
}

#[test]
fn a_file_elsewhere_is_named_after_its_stem() {
    assert_eq!(name_of(Path::new("/tmp/mine.toml")), "mine");
    assert_eq!(name_of(Path::new("/x/scenarios/corpus/a.toml")), "corpus/a");
}

#[test]
fn what_is_in_the_corpus_is_named_by_the_failure_that_it_was() {
    let corpus = find(workspace(), "corpus").unwrap();
    for scenario in &corpus {
        let expanded = scenario.expanded().unwrap();
        let fingerprint = expanded.origin.fingerprint.as_deref().unwrap();
        assert!(
            scenario.name.starts_with(&format!("corpus/{fingerprint}")),
            "{}: {fingerprint}",
            scenario.name
        );
        let entries = expanded.plan.faults.len() + expanded.plan.workload.len();
        assert!(entries <= 12, "{}: shrink it, {entries} are left", scenario.name);
    }
    assert!(corpus.len() >= 3);
}
