use plimsoll_core::bank::Record;

use super::super::testing::{
    bank, head, held, hold_posted, judge, judge_commit, judge_records, paid, posted, received,
};
use super::Conservation;
use crate::world::observe::Observation;

fn deposit() -> Vec<Record> {
    vec![posted(1, &[received(1, 100)])]
}

#[test]
fn books_that_agree_are_fine() {
    let mut oracle = Conservation::default();
    assert_eq!(judge_records(&mut oracle, &bank(&deposit()), &deposit()), "fine");
    let hold = held(2, &[paid(1, 2, 30)]);
    let all = [deposit(), vec![hold.clone(), hold_posted(2)]].concat();
    assert_eq!(judge_records(&mut oracle, &bank(&all[..2]), &[hold]), "fine");
    assert_eq!(judge_records(&mut oracle, &bank(&all), &[hold_posted(2)]), "fine");
}

#[test]
fn a_balance_that_the_records_do_not_explain_is_found() {
    let mut oracle = Conservation::default();
    assert_eq!(
        judge_records(&mut oracle, &bank(&[]), &deposit()),
        "balance_differs"
    );
    let twice = [deposit(), vec![posted(2, &[received(1, 1)])]].concat();
    let mut oracle = Conservation::default();
    assert_eq!(
        judge_records(&mut oracle, &bank(&twice), &deposit()),
        "balance_differs"
    );
}

#[test]
fn money_that_no_record_made_is_found_at_a_restart() {
    let (bank, durable) = (bank(&deposit()), head(0));
    let restarted = Observation::Restarted {
        bank: &bank,
        durable: &durable,
    };
    assert_eq!(judge(&mut Conservation::default(), &restarted), "balance_differs");
}

#[test]
fn a_hold_that_is_not_reserved_is_found() {
    let before = deposit();
    let mut oracle = Conservation::default();
    assert_eq!(judge_records(&mut oracle, &bank(&before), &before), "fine");
    let without = bank(&[before, vec![posted(2, &[paid(1, 2, 30)])]].concat());
    assert_eq!(
        judge_records(&mut oracle, &without, &[held(2, &[paid(1, 2, 30)])]),
        "hold_differs"
    );
}

#[test]
fn spending_what_is_not_there_is_found() {
    let overdrawn = [posted(1, &[paid(1, 2, 5)])];
    assert_eq!(
        judge_records(&mut Conservation::default(), &bank(&[]), &overdrawn),
        "overdraft"
    );
}

#[test]
fn a_record_that_cannot_be_is_found() {
    let mut oracle = Conservation::default();
    assert_eq!(
        judge_records(&mut oracle, &bank(&[]), &[hold_posted(9)]),
        "impossible_record"
    );
    assert_eq!(
        judge_commit(&mut Conservation::default(), &[hold_posted(9)], 1),
        "impossible_record"
    );
}

#[test]
fn a_crash_takes_back_what_was_not_durable() {
    let mut oracle = Conservation::default();
    let (full, empty) = (bank(&deposit()), bank(&[]));
    assert_eq!(judge_records(&mut oracle, &full, &deposit()), "fine");
    let (uncommitted, durable) = (deposit(), head(0));
    let crashed = Observation::Crashed {
        bank: &full,
        uncommitted: &uncommitted,
        durable: &durable,
    };
    assert_eq!(judge(&mut oracle, &crashed), "fine");
    let restarted = |bank| Observation::Restarted {
        bank,
        durable: &durable,
    };
    assert_eq!(judge(&mut oracle, &restarted(&empty)), "fine");
    assert_eq!(judge(&mut oracle, &restarted(&full)), "balance_differs");
}
