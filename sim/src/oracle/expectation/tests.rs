use core::time::Duration;

use plimsoll_core::bank::{Act, Notice, Record};
use plimsoll_core::escrow::{DeadLetterReason, EscrowRecord};
use plimsoll_core::id::EndpointId;
use plimsoll_core::resilience::CordonReason;
use plimsoll_core::time::Instant;

use super::super::testing::{CHAIN, Ending, WALL, block, booked, evidence, judge, settled, tx};
use super::{Expectation, percentile};
use crate::world::observe::{Observation, Oracle};
use crate::world::plan::{Expectations, Shape};
use crate::world::{Part, Recovery, Stats};

/// What the oracle says at the end to `expect`, after `records` were committed at 500 ms and `stats` counted.
fn check(expect: Expectations, records: &[Record], stats: Stats) -> &'static str {
    let mut ending = Ending::new();
    ending.pay(Shape::Payment, 100_000);
    ending.plan.expect = expect;
    ending.stats = stats;
    let mut oracle = Expectation::default();
    let head = Default::default();
    let at = Instant::ZERO.after(Duration::from_millis(500));
    let committed = Observation::Committed { records, head: &head };
    assert_eq!(oracle.observe(at, &committed), Ok(()));
    ending.judge(&mut oracle, &[])
}

fn credited() -> Record {
    settled(
        tx(1),
        evidence(block(5), &[(0, 5), (1, 5)]),
        &[booked(0, 100, Some(1))],
    )
}

fn reorged() -> Record {
    Record::Escrow(EscrowRecord::Reorged {
        tx: tx(1),
        was: block(5),
        at: WALL,
    })
}

fn dead() -> Record {
    Record::Escrow(EscrowRecord::DeadLettered {
        tx: tx(1),
        reason: DeadLetterReason::Unseen,
        at: WALL,
    })
}

fn revived() -> Record {
    Record::Escrow(EscrowRecord::Scanned {
        chain: CHAIN,
        to: block(9),
        found: vec![tx(1).tx],
        at: WALL,
    })
}

#[test]
fn every_deposit_must_be_credited() {
    let expect = Expectations {
        all_credited: true,
        ..Expectations::default()
    };
    assert_eq!(check(expect.clone(), &[credited()], Stats::default()), "fine");
    assert_eq!(check(expect.clone(), &[], Stats::default()), "all_credited");
    let mut empty = Ending::new();
    empty.plan.expect = expect;
    assert_eq!(
        empty.judge(&mut Expectation::default(), &[]),
        "all_credited",
        "a run without deposits shows nothing"
    );
}

#[test]
fn no_deposit_may_be_credited_in_between() {
    let between = |from, until| Expectations {
        none_credited_between_ms: Some((from, until)),
        ..Expectations::default()
    };
    assert_eq!(
        check(between(400, 600), &[credited()], Stats::default()),
        "none_credited_between_ms"
    );
    assert_eq!(check(between(0, 500), &[credited()], Stats::default()), "fine");
    assert_eq!(check(between(501, 600), &[credited()], Stats::default()), "fine");
}

#[test]
fn times_have_a_limit() {
    let stats = Stats {
        times_to_credit: (1..=100).map(Duration::from_millis).collect(),
        recoveries: vec![
            Recovery {
                part: Part::Store,
                took: Duration::from_millis(900),
            },
            Recovery {
                part: Part::Process,
                took: Duration::from_millis(70),
            },
        ],
        ..Stats::default()
    };
    let credit = |ms| Expectations {
        credit_p99_ms_max: Some(ms),
        ..Expectations::default()
    };
    assert_eq!(check(credit(99), &[], stats.clone()), "fine");
    assert_eq!(check(credit(98), &[], stats.clone()), "credit_p99_ms_max");
    let recovery = |ms| Expectations {
        recovered_within_ms: Some(ms),
        ..Expectations::default()
    };
    assert_eq!(check(recovery(70), &[], stats.clone()), "fine");
    assert_eq!(check(recovery(69), &[], stats), "recovered_within_ms");
}

#[test]
fn counts_are_exact_or_at_least() {
    let stats = Stats {
        dead_lettered: 1,
        rejected: 2,
        suspended: 3,
        ..Stats::default()
    };
    let none = Expectations::default;
    let right = Expectations {
        dead_letters: Some(1),
        rejected: Some(2),
        suspended: Some(3),
        dead_letters_left: Some(1),
        ..none()
    };
    assert_eq!(check(right, &[dead()], stats.clone()), "fine");
    let wrong = [
        (
            Expectations {
                dead_letters: Some(0),
                ..none()
            },
            "dead_letters",
        ),
        (
            Expectations {
                rejected: Some(0),
                ..none()
            },
            "rejected",
        ),
        (
            Expectations {
                suspended: Some(4),
                ..none()
            },
            "suspended",
        ),
        (
            Expectations {
                dead_letters_left: Some(0),
                ..none()
            },
            "dead_letters_left",
        ),
        (
            Expectations {
                reorged_min: Some(1),
                ..none()
            },
            "reorged_min",
        ),
        (
            Expectations {
                cordoned_min: Some(1),
                ..none()
            },
            "cordoned_min",
        ),
        (
            Expectations {
                reported_min: Some(1),
                ..none()
            },
            "reported_min",
        ),
    ];
    for (expect, name) in wrong {
        assert_eq!(check(expect, &[dead()], stats.clone()), name);
    }
    let left = Expectations {
        dead_letters_left: Some(0),
        reorged_min: Some(1),
        ..none()
    };
    assert_eq!(check(left, &[dead(), revived(), reorged()], stats), "fine");
}

#[test]
fn a_cordon_counts_once_an_endpoint() {
    let mut oracle = Expectation::default();
    let cordoned = Act::Notice(Notice::Cordoned {
        endpoint: EndpointId {
            chain: CHAIN,
            index: 1,
        },
        reason: CordonReason::Disagreed,
    });
    for _ in 0..2 {
        assert_eq!(
            judge(&mut oracle, &Observation::Released { act: &cordoned }),
            "fine"
        );
    }
    let mut ending = Ending::new();
    ending.plan.expect.cordoned_min = Some(1);
    assert_eq!(ending.judge(&mut oracle, &[]), "fine");
    ending.plan.expect.cordoned_min = Some(2);
    assert_eq!(ending.judge(&mut oracle, &[]), "cordoned_min");
}

#[test]
fn a_percentile_is_one_of_the_values() {
    assert_eq!(percentile::<u8>(&[], 99), None);
    assert_eq!(percentile(&[7], 50), Some(7));
    assert_eq!(percentile(&[1, 2, 3, 4], 50), Some(2));
    assert_eq!(percentile(&[1, 2, 3, 4], 99), Some(4));
    assert_eq!(percentile(&[1, 2, 3, 4], 100), Some(4));
}
