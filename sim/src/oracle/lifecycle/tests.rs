use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{BlockRef, DeadLetterReason, EscrowRecord, Evidence, Reason, Resolution};
use plimsoll_core::id::ReplayId;

use super::super::testing::{
    CHAIN, WALL, bank, block, booked, claimed, evidence, judge, judge_records, settled, tx,
};
use super::Lifecycle;
use crate::model::chain::ChainEvent;
use crate::world::observe::Observation;
use crate::world::plan::Plan;

/// What the oracle says to `records`, one input each, when transaction 1 was mined in block 5, and is final there if
/// `is_final`.
fn check(is_final: bool, records: &[Record]) -> &'static str {
    let mut oracle = Lifecycle::new(&Plan::calm("test", 1));
    let (tx, block) = (tx(1).tx, block(5));
    judge(&mut oracle, &Observation::Chain(&ChainEvent::Mined { tx, block }));
    if is_final {
        judge(
            &mut oracle,
            &Observation::Chain(&ChainEvent::Finalized { tx, block }),
        );
    }
    let bank = bank(&[]);
    let mut verdicts = records
        .iter()
        .map(|record| judge_records(&mut oracle, &bank, core::slice::from_ref(record)));
    verdicts.find(|verdict| *verdict != "fine").unwrap_or("fine")
}

/// The calm world's endpoints 0 and 1 are of two providers, 0 and 4 of one.
fn good() -> Evidence {
    evidence(block(5), &[(0, 6), (1, 7)])
}

fn seen(evidence: Evidence) -> Record {
    Record::Escrow(EscrowRecord::Seen {
        tx: tx(1),
        evidence,
        deposits: Vec::new(),
        at: WALL,
    })
}

fn finished(evidence: Evidence) -> Record {
    settled(tx(1), evidence, &[booked(0, 100, Some(1))])
}

fn rejected(evidence: Evidence) -> Record {
    Record::Escrow(EscrowRecord::Rejected {
        tx: tx(1),
        reason: Reason::NotToUs,
        evidence,
        at: WALL,
    })
}

fn reorged(was: BlockRef) -> Record {
    let tx = tx(1);
    Record::Escrow(EscrowRecord::Reorged { tx, was, at: WALL })
}

fn dead() -> Record {
    Record::Escrow(EscrowRecord::DeadLettered {
        tx: tx(1),
        reason: DeadLetterReason::Unseen,
        at: WALL,
    })
}

fn resolved(resolution: Resolution) -> Record {
    Record::Escrow(EscrowRecord::DeadLetterResolved {
        tx: tx(1),
        resolution,
        actor: "operator".to_owned(),
        reason: "test".to_owned(),
        at: WALL,
    })
}

fn scanned(to: u64) -> Record {
    Record::Escrow(EscrowRecord::Scanned {
        chain: CHAIN,
        to: block(to),
        found: vec![tx(1).tx],
        at: WALL,
    })
}

#[test]
fn lawful_lives_are_fine() {
    let retry = resolved(Resolution::Retry);
    let dismiss = resolved(Resolution::Dismiss);
    assert_eq!(check(true, &[claimed(1), seen(good()), finished(good())]), "fine");
    assert_eq!(check(true, &[scanned(9), finished(good())]), "fine");
    assert_eq!(check(true, &[claimed(1), rejected(good())]), "fine");
    let around = [
        claimed(1),
        seen(good()),
        reorged(block(5)),
        seen(good()),
        finished(good()),
    ];
    assert_eq!(check(true, &around), "fine");
    assert_eq!(
        check(true, &[claimed(1), dead(), retry, finished(good())]),
        "fine"
    );
    assert_eq!(
        check(true, &[claimed(1), dead(), dismiss, scanned(9), finished(good())]),
        "fine"
    );
}

#[test]
fn one_voice_is_found() {
    let lone = evidence(block(5), &[(0, 6)]);
    let twice = evidence(block(5), &[(0, 6), (0, 6)]);
    let one_provider = evidence(block(5), &[(0, 6), (4, 6)]);
    let unknown = evidence(block(5), &[(0, 6), (99, 6)]);
    for bad in [lone, twice, one_provider, unknown] {
        assert_eq!(
            check(true, &[claimed(1), finished(bad.clone())]),
            "one_voice",
            "{bad:?}"
        );
        assert_eq!(check(true, &[claimed(1), seen(bad)]), "one_voice");
    }
}

#[test]
fn settling_before_finality_is_found() {
    let early = evidence(block(5), &[(0, 4), (1, 7)]);
    assert_eq!(
        check(true, &[claimed(1), finished(early.clone())]),
        "settled_before_finality"
    );
    assert_eq!(
        check(true, &[claimed(1), rejected(early)]),
        "settled_before_finality"
    );
    assert_eq!(
        check(false, &[claimed(1), finished(good())]),
        "settled_against_the_chain"
    );
}

#[test]
fn a_block_that_never_held_the_transaction_is_found() {
    let elsewhere = evidence(block(6), &[(0, 6), (1, 7)]);
    assert_eq!(
        check(true, &[claimed(1), finished(elsewhere.clone())]),
        "settled_against_the_chain"
    );
    assert_eq!(
        check(true, &[claimed(1), seen(elsewhere)]),
        "seen_where_it_never_was"
    );
}

#[test]
fn unlawful_steps_are_found() {
    let retry = resolved(Resolution::Retry);
    let bad = "unlawful_step";
    assert_eq!(check(true, &[finished(good())]), bad, "never named");
    assert_eq!(
        check(true, &[claimed(1), finished(good()), finished(good())]),
        bad,
        "final twice"
    );
    assert_eq!(
        check(true, &[claimed(1), finished(good()), rejected(good())]),
        bad,
        "final and rejected"
    );
    assert_eq!(
        check(true, &[claimed(1), finished(good()), dead()]),
        bad,
        "final and dead"
    );
    assert_eq!(
        check(true, &[claimed(1), rejected(good()), seen(good())]),
        bad,
        "rejected and seen"
    );
    assert_eq!(
        check(true, &[claimed(1), seen(good()), seen(good())]),
        bad,
        "seen twice"
    );
    assert_eq!(
        check(true, &[claimed(1), reorged(block(5))]),
        bad,
        "left a block unseen"
    );
    assert_eq!(
        check(true, &[claimed(1), seen(good()), reorged(block(6))]),
        bad,
        "left another block"
    );
    assert_eq!(
        check(true, &[claimed(1), dead(), finished(good())]),
        bad,
        "final while dead"
    );
    assert_eq!(check(true, &[claimed(1), retry]), bad, "resolved while alive");
}

#[test]
fn a_cursor_that_goes_back_is_found() {
    assert_eq!(check(true, &[scanned(9), scanned(9)]), "cursor_went_back");
    assert_eq!(check(true, &[scanned(9), scanned(10)]), "fine");
}

#[test]
fn only_a_dead_letter_is_opened_again() {
    let at = WALL;
    let (tx, replay) = (tx(1), ReplayId::new(1));
    for record in [
        EscrowRecord::DeadLetterReopened { tx, at },
        EscrowRecord::DeadLetterReplayed { tx, replay, at },
    ] {
        let again = || Record::Escrow(record.clone());
        assert_eq!(
            check(true, &[claimed(1), dead(), again(), finished(good())]),
            "fine"
        );
        assert_eq!(check(true, &[claimed(1), again()]), "unlawful_step");
        assert_eq!(
            check(true, &[claimed(1), finished(good()), again()]),
            "unlawful_step"
        );
        assert_eq!(
            check(true, &[claimed(1), dead(), again(), again()]),
            "unlawful_step"
        );
    }
}
