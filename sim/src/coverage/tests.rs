use core::num::NonZeroUsize;
use std::collections::BTreeSet;

use super::{CONDITIONS, Cells, Condition, KINDS, Matrix, place};
use crate::report;
use crate::run::{Campaign, Watch};
use crate::scenario::Scenario;
use crate::scenario::library::EMBEDDED;

fn scenario(name: &str) -> Scenario {
    let (name, text) = EMBEDDED.iter().find(|(known, _)| *known == name).unwrap();
    Scenario::parse(name, name, text).unwrap()
}

/// What faults met in so many seeds of a scenario, and the digest of all runs.
fn run(name: &str, seeds: u64, jobs: usize, coverage: bool) -> (Matrix, u128) {
    let campaign = Campaign {
        scenarios: &[scenario(name)],
        first_seed: 0,
        seeds: Some(seeds),
        jobs: NonZeroUsize::new(jobs).unwrap(),
        watch: Watch {
            coverage,
            ..Watch::default()
        },
    };
    let tallies = campaign.run(&|_, _| {}).unwrap();
    assert_eq!(tallies[0].failed, 0, "{:?}", tallies[0].findings);
    (report::met(&tallies), tallies[0].digest)
}

#[test]
fn every_kind_that_a_swarm_draws_has_a_row_and_every_row_is_drawn() {
    let swarm = scenario("escrow/swarm");
    let plans = (0..1_500).map(|seed| swarm.expand(seed));
    let drawn: BTreeSet<usize> = plans
        .flat_map(|plan| plan.faults)
        .map(|scheduled| place(&scheduled.fault))
        .collect();
    let missing: Vec<_> = (0..KINDS.len()).filter(|row| !drawn.contains(row)).collect();
    assert!(
        missing.is_empty(),
        "{:?}",
        missing.iter().map(|row| KINDS[*row]).collect::<Vec<_>>()
    );
}

#[test]
fn conditions_stand_in_groups_and_have_places_of_their_own() {
    for (place, condition) in CONDITIONS.iter().enumerate() {
        assert_eq!(condition.place(), place);
    }
    assert!(CONDITIONS.is_sorted_by_key(|condition| condition.group()));
    let names: BTreeSet<&str> = CONDITIONS.iter().map(|condition| condition.name()).collect();
    assert_eq!(names.len(), CONDITIONS.len());
}

#[test]
fn a_matrix_counts_runs_and_says_what_is_new() {
    let mut cells = Cells::default();
    cells.note(3, Condition::Seen.bit());
    let (mut one, mut other) = (Matrix::default(), Matrix::default());
    assert!(one.add(&cells));
    assert!(!one.add(&cells));
    cells.note(4, Condition::Seen.bit() | Condition::Down.bit());
    assert!(other.add(&cells));
    one.merge(&other);
    let counts = [(3, Condition::Seen), (4, Condition::Down), (4, Condition::Open)];
    assert_eq!(
        counts.map(|(row, condition)| one.count(row, condition)),
        [3, 1, 0]
    );
    assert_eq!(one.runs(), 3);
    assert!(cells.has(4, Condition::Down) && !cells.has(3, Condition::Down));
}

#[test]
fn coverage_changes_no_run_and_does_not_depend_on_threads() {
    let (alone, digest) = run("escrow/swarm", 12, 1, true);
    assert_eq!((&alone, digest), (&run("escrow/swarm", 12, 4, true).0, digest));
    let (nothing, unwatched) = run("escrow/swarm", 12, 2, false);
    assert_eq!((nothing.runs(), unwatched), (0, digest));
}

#[test]
fn what_is_said_to_be_impossible_is_never_met() {
    let (matrix, _) = run("escrow/swarm", 150, 2, true);
    let met = matrix
        .cells()
        .filter(|(.., count, never)| *count > 0 && never.is_some());
    let met: Vec<String> = met
        .map(|(row, condition, ..)| format!("{:?} met {}", KINDS[row], condition.name()))
        .collect();
    assert!(met.is_empty(), "{met:?}");
    let empty = matrix
        .cells()
        .filter(|(.., count, never)| *count == 0 && never.is_none());
    let empty = empty.count();
    assert!(empty < 400, "{empty} cells are empty");
}
