use plimsoll_core::bank::Record;

use super::super::testing::{Ending, bank, head, judge, judge_commit, posted, received, registered};
use super::Replay;
use crate::world::observe::Observation;

fn records() -> Vec<Record> {
    vec![registered(1), posted(1, &[received(1, 100)])]
}

/// What the oracle says to a crash of a bank in the state of `state`, when `committed` of the records were committed
/// and `uncommitted` are said to be lost.
fn crash(state: &[Record], committed: usize, uncommitted: &[Record], durable: u64) -> &'static str {
    let mut oracle = Replay::default();
    assert_eq!(
        judge_commit(&mut oracle, &records()[..committed], committed as u64),
        "fine"
    );
    let crashed = Observation::Crashed {
        bank: &bank(state),
        uncommitted,
        durable: &head(durable),
    };
    judge(&mut oracle, &crashed)
}

fn restart(state: &[Record], committed: usize) -> &'static str {
    let mut oracle = Replay::default();
    assert_eq!(
        judge_commit(&mut oracle, &records()[..committed], committed as u64),
        "fine"
    );
    let restarted = Observation::Restarted {
        bank: &bank(state),
        durable: &head(committed as u64),
    };
    judge(&mut oracle, &restarted)
}

#[test]
fn a_state_that_its_records_explain_is_fine() {
    let all = records();
    assert_eq!(crash(&all, 1, &all[1..], 1), "fine");
    assert_eq!(crash(&all, 2, &[], 2), "fine");
    assert_eq!(restart(&all, 2), "fine");
    assert_eq!(restart(&all[..1], 1), "fine");
}

#[test]
fn a_state_with_more_or_less_than_its_records_is_found() {
    let all = records();
    assert_eq!(crash(&all, 1, &[], 1), "state_differs");
    assert_eq!(crash(&all[..1], 1, &all[1..], 1), "state_differs");
    assert_eq!(restart(&all, 1), "restart_differs");
    assert_eq!(restart(&all[..1], 2), "restart_differs");
}

#[test]
fn a_head_that_forgot_or_invented_records_is_found() {
    let all = records();
    assert_eq!(crash(&all, 2, &[], 1), "records_missing");
    assert_eq!(judge_commit(&mut Replay::default(), &all, 3), "records_missing");
}

#[test]
fn a_journal_that_is_not_what_was_committed_is_found() {
    let mut oracle = Replay::default();
    assert_eq!(judge_commit(&mut oracle, &records(), 2), "fine");
    let ending = Ending::new();
    assert_eq!(ending.judge_journal(&mut oracle, &records()), "fine");
    assert_eq!(
        ending.judge_journal(&mut oracle, &records()[..1]),
        "journal_differs"
    );
}
