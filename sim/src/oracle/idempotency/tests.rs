use plimsoll_core::bank::{Act, Command, Refusal, Reply};
use plimsoll_core::id::RequestId;
use plimsoll_core::ledger::{self, LedgerRecord, Outcome};
use plimsoll_core::machine::Intent;

use super::super::testing::{act, asks, bank, head, id, judge, judge_commit, key, paid, receipt};
use super::Idempotency;
use crate::world::observe::Observation;
use plimsoll_core::bank::Record;

/// A payment of `minor` under the one key of these tests.
fn payment(minor: i128) -> Command {
    let transfers = vec![paid(1, 2, minor)];
    Command::Transact(ledger::Request {
        key: key("payment"),
        command: ledger::Command::Post { transfers },
    })
}

fn record(minor: i128, transaction: u64) -> Record {
    let transfers = vec![paid(1, 2, minor)];
    let receipt = receipt("payment");
    Record::Ledger(LedgerRecord::Posted {
        receipt,
        transaction: id(transaction),
        transfers,
    })
}

fn outcome(transaction: u64, replayed: bool) -> Reply {
    Reply::Outcome {
        outcome: Outcome::Accepted(id(transaction)),
        replayed,
    }
}

/// What the oracle says when `command` is decided by `records` and answered by `reply`.
fn take(
    oracle: &mut Idempotency,
    command: Command,
    records: &[Record],
    reply: Option<Reply>,
) -> &'static str {
    let request = RequestId::new(1);
    let mut effects: Vec<_> = records.iter().cloned().map(Intent::Record).collect();
    effects.extend(reply.map(|reply| act(Act::Reply { request, reply })));
    let seen = Observation::Handled {
        input: &asks(1, command),
        effects: &effects,
        bank: &bank(&[]),
    };
    judge(oracle, &seen)
}

/// An oracle that saw the payment of 5 being decided as transaction 1.
fn paid_once() -> Idempotency {
    let mut oracle = Idempotency::default();
    assert_eq!(
        take(&mut oracle, payment(5), &[record(5, 1)], Some(outcome(1, false))),
        "fine"
    );
    oracle
}

#[test]
fn a_repetition_with_the_same_answer_is_fine() {
    assert_eq!(
        take(&mut paid_once(), payment(5), &[], Some(outcome(1, true))),
        "fine"
    );
    let conflict = Reply::Conflict { field: "amounts" };
    assert_eq!(take(&mut paid_once(), payment(6), &[], Some(conflict)), "fine");
    let refused = Reply::Refused(Refusal::NotPermitted);
    assert_eq!(
        take(&mut Idempotency::default(), payment(5), &[], Some(refused)),
        "fine"
    );
}

#[test]
fn paying_twice_under_one_key_is_found() {
    let verdict = take(
        &mut paid_once(),
        payment(5),
        &[record(5, 2)],
        Some(outcome(2, false)),
    );
    assert_eq!(verdict, "decided_twice");
}

#[test]
fn another_answer_to_the_same_request_is_found() {
    assert_eq!(
        take(&mut paid_once(), payment(5), &[], Some(outcome(2, true))),
        "answer_changed"
    );
    assert_eq!(
        take(&mut paid_once(), payment(5), &[], Some(outcome(1, false))),
        "answer_changed"
    );
    let refused = Reply::Refused(Refusal::NotPermitted);
    assert_eq!(
        take(&mut paid_once(), payment(5), &[], Some(refused)),
        "answer_changed"
    );
}

#[test]
fn success_for_another_body_is_found() {
    assert_eq!(
        take(&mut paid_once(), payment(6), &[], Some(outcome(1, true))),
        "key_shared"
    );
}

#[test]
fn silence_and_a_hidden_decision_are_found() {
    assert_eq!(
        take(&mut Idempotency::default(), payment(5), &[], None),
        "unanswered"
    );
    let verdict = take(
        &mut Idempotency::default(),
        payment(5),
        &[record(5, 1)],
        Some(outcome(1, true)),
    );
    assert_eq!(verdict, "decided_silently");
}

#[test]
fn a_crash_frees_only_keys_that_were_not_durable() {
    let crash = |oracle: &mut Idempotency| {
        let seen = Observation::Crashed {
            bank: &bank(&[]),
            uncommitted: &[],
            durable: &head(0),
        };
        assert_eq!(judge(oracle, &seen), "fine");
    };
    let again = |oracle: &mut Idempotency| take(oracle, payment(5), &[record(5, 1)], Some(outcome(1, false)));
    let mut forgotten = paid_once();
    crash(&mut forgotten);
    assert_eq!(again(&mut forgotten), "fine");
    let mut kept = paid_once();
    assert_eq!(judge_commit(&mut kept, &[record(5, 1)], 1), "fine");
    crash(&mut kept);
    assert_eq!(again(&mut kept), "decided_twice");
}
