use std::collections::BTreeSet;

use super::promise;
use crate::oracle;
use crate::run::traced;
use crate::scenario::Scenario;
use crate::trace::Transcript;
use crate::trace::testing::told;
use crate::world::plan::Plan;

/// The story of the first deposit with this fate.
#[track_caller]
fn of_fate(told: &Transcript, fate: &str) -> String {
    let journeys = told.journeys();
    let found = journeys.iter().find(|one| one.fate.starts_with(fate));
    let found = found.unwrap_or_else(|| panic!("nothing is {fate}"));
    told.story(Some(found.number)).unwrap().to_string()
}

#[test]
fn every_fate_has_its_story() {
    let traps = told("escrow/every_trap", 1);
    let reorg = told("escrow/reorg", 7);
    let workers = told("escrow/workers", 1);
    let stories = [
        (
            "credited_twice_claimed",
            of_fate(&told("escrow/crash_and_restart", 3), "credited"),
        ),
        ("rejected", of_fate(&traps, "rejected: reverted")),
        ("dead_letter", of_fate(&traps, "dead letter: unseen")),
        ("suspense", of_fate(&traps, "in suspense, then")),
        ("gone", of_fate(&reorg, "dead letter")),
        ("worker_killed", workers.story(Some(20)).unwrap().to_string()),
        ("most_eventful", reorg.story(None).unwrap().to_string()),
    ];
    for (name, story) in stories {
        insta::assert_snapshot!(name, story);
    }
}

const UNCREDITED: &str = "\
proves = \"The story of a failure.\"
duration_ms = 10_000

[world]
endpoints = 2

[workload]
users = 2

[[workload.deposits]]
kind = \"plain\"
count = 2
at_ms = [1_000, 2_000]

[[faults]]
kind = \"dead\"
target = \"rpc-1\"
at_ms = 500

[expect]
all_credited = true
";

#[test]
fn a_failure_tells_of_the_deposit_that_was_owed_and_what_must_hold_instead() {
    let scenario = Scenario::parse("uncredited", "uncredited", UNCREDITED).unwrap();
    let (_, told) = traced(&scenario.expand(1), 1).unwrap();
    insta::assert_snapshot!("failure", told.story(None).unwrap().to_string());
}

#[test]
fn a_number_that_no_deposit_has_is_refused() {
    let told = told("escrow/reorg", 7);
    for wanted in [0, 21] {
        let error = told.story(Some(wanted)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("there is no deposit {wanted}: this run sent 20 to the chain, numbered from 1")
        );
    }
}

#[test]
fn a_run_without_deposits_has_a_story_too() {
    let (_, told) = traced(&Plan::calm("calm", 1_000), 1).unwrap();
    let story = told.story(None).unwrap().to_string();
    assert!(story.contains("No deposit was sent to the chain"), "{story}");
}

#[test]
fn every_oracle_has_a_promise_of_its_own() {
    let plan = Plan::calm("calm", 1_000);
    let names: Vec<&str> = oracle::all(&plan).iter().map(|one| one.name()).collect();
    let promises: BTreeSet<&str> = names.iter().map(|name| promise("violation", name)).collect();
    assert_eq!(promises.len(), names.len());
    assert!(!promises.contains(promise("violation", "nobody")));
}
