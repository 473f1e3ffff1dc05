use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{DeadLetterReason, EscrowRecord};
use plimsoll_core::ledger::LedgerRecord;

use super::super::testing::{
    WALL, bank, block, booked, evidence, held, hold_posted, id, judge_commit, judge_records, posted, receipt,
    received, reversed, settled, transfer, tx, user,
};
use super::ExactlyOnce;
use plimsoll_core::ledger::Owner;

fn credit(number: u8, transaction: u64) -> Vec<Record> {
    let evidence = evidence(block(5), &[(0, 5), (1, 5)]);
    let posting = posted(transaction, &[received(1, 100)]);
    vec![
        posting,
        settled(tx(number), evidence, &[booked(0, 100, Some(transaction))]),
    ]
}

/// What the oracle says to each of `groups`, one after the other.
fn check(groups: &[Vec<Record>]) -> Vec<&'static str> {
    let (mut oracle, bank) = (ExactlyOnce::default(), bank(&[]));
    groups
        .iter()
        .map(|group| judge_records(&mut oracle, &bank, group))
        .collect()
}

#[test]
fn a_deposit_posted_once_is_fine() {
    assert_eq!(check(&[credit(1, 1), credit(2, 2)]), ["fine", "fine"]);
    let mut from_hold = credit(1, 1);
    from_hold[0] = hold_posted(1);
    assert_eq!(check(&[seen(1), from_hold]), ["fine", "fine"]);
}

/// Transaction 1 on the chain is seen, and held as transaction `number`.
fn seen(number: u64) -> Vec<Record> {
    let seen = EscrowRecord::Seen {
        tx: tx(1),
        evidence: evidence(block(5), &[(0, 4), (1, 4)]),
        deposits: vec![booked(0, 100, Some(number))],
        at: WALL,
    };
    vec![held(number, &[received(1, 100)]), Record::Escrow(seen)]
}

fn dead() -> Record {
    Record::Escrow(EscrowRecord::DeadLettered {
        tx: tx(1),
        reason: DeadLetterReason::NotFinal,
        at: WALL,
    })
}

#[test]
fn a_hold_that_outlives_its_sighting_is_found() {
    let voided = Record::Ledger(LedgerRecord::HoldVoided {
        receipt: receipt("void"),
        hold: id(1),
    });
    let gone = vec![voided.clone(), dead()];
    assert_eq!(check(&[seen(1), gone]), ["fine", "fine"]);
    assert_eq!(check(&[seen(1), vec![voided]]), ["fine", "seen_without_hold"]);
    assert_eq!(check(&[seen(1), vec![dead()]]), ["fine", "hold_left_behind"]);
    assert_eq!(check(&[seen(1)[..1].to_vec()]), ["hold_left_behind"]);
    assert_eq!(check(&[seen(1)[1..].to_vec()]), ["seen_without_hold"]);
}

#[test]
fn a_deposit_posted_twice_is_found() {
    assert_eq!(check(&[credit(1, 1), credit(1, 2)]), ["fine", "posted_twice"]);
    assert_eq!(check(&[credit(1, 1), credit(2, 1)]), ["fine", "posted_twice"]);
}

#[test]
fn a_deposit_posted_again_after_a_restart_is_found() {
    let mut oracle = ExactlyOnce::default();
    assert_eq!(judge_commit(&mut oracle, &credit(1, 1), 2), "fine");
    assert_eq!(judge_commit(&mut oracle, &credit(1, 2), 4), "posted_twice");
}

#[test]
fn money_out_of_custody_without_a_deposit_is_found() {
    let group = vec![posted(1, &[received(1, 100)])];
    assert_eq!(check(&[group]), ["posting_without_deposit"]);
}

#[test]
fn a_final_deposit_without_a_posting_is_found() {
    let mut group = credit(1, 1);
    group.remove(0);
    assert_eq!(check(&[group]), ["deposit_without_posting"]);
}

#[test]
fn a_posting_of_another_amount_or_to_another_owner_is_found() {
    let mut more = credit(1, 1);
    more[0] = posted(1, &[received(1, 101)]);
    let mut other = credit(1, 1);
    other[0] = posted(1, &[received(2, 100)]);
    assert_eq!(check(&[more]), ["posting_differs"]);
    assert_eq!(check(&[other]), ["posting_differs"]);
}

#[test]
fn undoing_a_deposit_is_found() {
    assert_eq!(
        check(&[credit(1, 1), vec![reversed(2, 1)]]),
        ["fine", "deposit_reversed"]
    );
}

#[test]
fn what_leaves_custody_for_nobody_known_is_not_overlooked() {
    let payout = posted(
        1,
        &[transfer(
            Owner::Custody(super::super::testing::CHAIN),
            Owner::Fees,
            1,
        )],
    );
    assert_eq!(check(&[vec![payout]]), ["posting_without_deposit"]);
    let between_users = posted(1, &[transfer(Owner::User(user(1)), Owner::User(user(2)), 1)]);
    assert_eq!(check(&[vec![between_users]]), ["fine"]);
}
