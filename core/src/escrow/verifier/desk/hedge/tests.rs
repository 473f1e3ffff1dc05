use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::super::Desk;
use super::super::tests::{at, desk_under};
use super::Purpose;
use crate::escrow::testing::{block, chain, tx};
use crate::escrow::verifier::{Ask, Out};
use crate::escrow::{Answer, Fault, Question};
use crate::resilience::{HedgePolicy, Hedges, PoolPolicy, Withdrawal};
use crate::time::Instant;

/// After how long a desk of which little is known hedges: before an unknown endpoint's time is over.
const AFTER: u64 = 300;

/// A desk that hedges what is slow.
fn hedging(providers: &[u8]) -> Desk {
    let policy = PoolPolicy {
        hedge: HedgePolicy {
            share_max: 5,
            after_max: Duration::from_millis(AFTER),
            ..HedgePolicy::default()
        },
        ..PoolPolicy::default()
    };
    desk_under(&policy, chain(), providers)
}

/// A desk that reads blocks 1 to 10 since the beginning, and the two questions under way.
fn reading(providers: &[u8]) -> (Desk, Vec<Ask>) {
    let (mut desk, mut out) = (hedging(providers), Out::default());
    (0..2).for_each(|endpoint| desk.on_height(at(0), endpoint, 12, 10, &mut out));
    let asks = scans(&mut out);
    assert_eq!(indices(&asks), [0, 1]);
    (desk, asks)
}

fn scans(out: &mut Out) -> Vec<Ask> {
    let is_it = |ask: &Ask| matches!(ask.question, Question::Scan { from: 1, to: 10, .. });
    core::mem::take(&mut out.asks).into_iter().filter(is_it).collect()
}

fn indices(asks: &[Ask]) -> Vec<u8> {
    asks.iter().map(|ask| ask.endpoint.index).collect()
}

fn hedge(desk: &mut Desk, now: Instant) -> Vec<Ask> {
    let mut out = Out::default();
    desk.hedge_calls(now, &mut out);
    scans(&mut out)
}

fn answer(desk: &mut Desk, now: Instant, ask: &Ask) {
    let answer = Answer::Scan {
        finalized: block(10),
        last: Some(block(10)),
        logs: Vec::new(),
    };
    desk.on_answer(now, ask.call, Ok(answer), &mut Out::default());
}

/// What is so, of which providers the endpoints are, how the desk gets there, and who is asked beside the first two.
type Case = (&'static str, &'static [u8], fn(&mut Desk), &'static [u8]);

/// How many hedges of ranges are left in the budget.
fn budget(desk: &Desk) -> usize {
    let mut hedge = desk.hedging.scans.clone().unwrap();
    (0..100)
        .take_while(|_| hedge.withdraw() == Withdrawal::Granted)
        .count()
}

#[test]
fn slow_answers_are_asked_of_others_who_are_well_and_only_those_are_paid_for() {
    let cases: [Case; 9] = [
        ("two others", &[0, 1, 2, 3], |_| (), &[2, 3]),
        ("one other", &[0, 1, 2, 2], |_| (), &[2]),
        ("others of the same providers", &[0, 1, 1, 0], |_| (), &[]),
        ("nobody else", &[0, 1], |_| (), &[]),
        (
            "one is far behind",
            &[0, 1, 2, 3],
            |desk| {
                desk.laggards.insert(2);
            },
            &[3],
        ),
        ("one is paused", &[0, 1, 2, 3], |desk| desk.pool.pause(3), &[2]),
        (
            "one is refused by its breaker, and most are well",
            &[0, 1, 2, 3],
            |desk| {
                let _told = desk.pool.force_open(2);
            },
            &[3],
        ),
        (
            "a question waits for room",
            &[0, 1, 2, 3],
            |desk| {
                desk.stalled.insert((7, tx(1)));
            },
            &[],
        ),
        (
            "a page of balances waits for room",
            &[0, 1, 2, 3],
            |desk| desk.is_tally_stalled = true,
            &[],
        ),
    ];
    for (case, providers, change, expected) in cases {
        let (mut desk, _) = reading(providers);
        change(&mut desk);
        assert_eq!(
            indices(&hedge(&mut desk, at(AFTER - 1))),
            [0; 0],
            "{case}: too soon"
        );
        assert_eq!(indices(&hedge(&mut desk, at(AFTER))), expected, "{case}");
        assert_eq!(budget(&desk), 10 - expected.len(), "{case}");
        assert!(
            desk.hedges.is_empty(),
            "{case}: a hedge is hedged, or a call is hedged twice"
        );
    }
}

#[test]
fn what_a_spent_budget_does_not_pay_for_is_not_asked() {
    for (left, expected) in [(0, vec![]), (1, vec![2]), (2, vec![2, 3])] {
        let (mut desk, asks) = reading(&[0, 1, 2, 3]);
        let purpose = desk.calls[&asks[0].call].purpose;
        assert!(matches!(purpose, Purpose::Scan { .. }));
        (left..10).for_each(|_| desk.hedging.pay(purpose));
        assert_eq!(indices(&hedge(&mut desk, at(AFTER))), expected, "{left}");
        assert_eq!(budget(&desk), 0);
    }
}

#[test]
fn an_answer_in_time_is_not_hedged_and_neither_is_what_is_decided() {
    let (mut desk, asks) = reading(&[0, 1, 2, 3]);
    answer(&mut desk, at(20), &asks[0]);
    assert_eq!(indices(&hedge(&mut desk, at(AFTER))), [2], "for the other alone");
    let (mut desk, asks) = reading(&[0, 1, 2, 3]);
    asks.iter().for_each(|ask| answer(&mut desk, at(20), ask));
    assert_eq!(desk.scanned(), 10);
    assert_eq!(indices(&hedge(&mut desk, at(AFTER))), [0; 0]);
}

#[test]
fn the_first_two_providers_decide_and_the_last_one_tells_only_how_long_it_took() {
    let (mut desk, asks) = reading(&[0, 1, 2, 3]);
    answer(&mut desk, at(20), &asks[1]);
    let hedges = hedge(&mut desk, at(AFTER));
    assert_eq!(desk.scanned(), 0, "one provider decides nothing");
    answer(&mut desk, at(AFTER + 30), &hedges[0]);
    assert_eq!(desk.scanned(), 10);
    let status = |desk: &Desk| desk.endpoints(at(AFTER + 30))[0].0;
    assert_eq!((status(&desk).in_flight, status(&desk).latency), (1, None));
    answer(&mut desk, at(AFTER + 80), &asks[0]);
    let took = Duration::from_millis(AFTER + 80);
    assert_eq!((status(&desk).in_flight, status(&desk).latency), (0, Some(took)));
    assert_eq!(desk.scanned(), 10);
}

#[test]
fn an_answer_that_comes_twice_is_one_voice() {
    let (mut desk, asks) = reading(&[0, 1, 2, 3]);
    let hedges = hedge(&mut desk, at(AFTER));
    for _ in 0..3 {
        answer(&mut desk, at(AFTER + 10), &hedges[0]);
    }
    assert_eq!(desk.scanned(), 0);
    answer(&mut desk, at(AFTER + 20), &asks[0]);
    assert_eq!(desk.scanned(), 10);
}

#[test]
fn when_the_slow_one_fails_its_hedge_stands_in_for_it() {
    let (mut desk, asks) = reading(&[0, 1, 2, 3]);
    answer(&mut desk, at(20), &asks[1]);
    let hedges = hedge(&mut desk, at(AFTER));
    let mut out = Out::default();
    desk.on_answer(at(AFTER + 10), asks[0].call, Err(Fault::Connection), &mut out);
    assert_eq!(
        indices(&scans(&mut out)),
        [0; 0],
        "somebody else was asked already"
    );
    answer(&mut desk, at(AFTER + 30), &hedges[0]);
    assert_eq!(desk.scanned(), 10);
}

#[test]
fn a_paused_endpoint_is_nobody_to_hedge() {
    let (mut desk, asks) = reading(&[0, 1, 2, 3]);
    desk.pause_endpoint(at(5), 0, &mut Out::default());
    let calls: Vec<_> = desk.hedges.iter().map(|(_, call)| *call).collect();
    assert!(!calls.contains(&asks[0].call), "its call is over");
    assert!(calls.iter().all(|call| desk.calls.contains_key(call)));
    desk.pause(at(6), &mut Out::default());
    assert!(desk.hedges.is_empty());
}

#[test]
fn nothing_is_due_for_an_answer_that_has_come() {
    let (mut desk, mut out) = (hedging(&[0, 1, 2, 3]), Out::default());
    desk.stop_scanning();
    // Heads are not hedged, and these calls outlast the others.
    desk.poll(at(0), &mut out);
    out.asks.clear();
    desk.watch(at(0), tx(1));
    desk.verify_due(at(0), &mut out);
    let due = |desk: &Desk| desk.next_deadline().map(|due| due.at);
    assert_eq!((out.asks.len(), due(&desk)), (2, Some(at(AFTER))));
    for ask in core::mem::take(&mut out.asks) {
        let answer = Answer::Receipt {
            finalized: block(10),
            receipt: None,
        };
        desk.on_answer(at(20), ask.call, Ok(answer), &mut out);
    }
    assert!(due(&desk) > Some(at(AFTER)));
}

#[test]
fn what_is_read_no_more_is_asked_of_nobody_else() {
    let (mut desk, _) = reading(&[0, 1, 2, 3]);
    desk.scan.halve();
    desk.scan_on(at(50), &mut Out::default());
    let mut out = Out::default();
    desk.hedge_calls(at(AFTER), &mut out);
    assert_eq!(out.asks.len(), 0);
}

#[test]
fn what_took_all_its_time_is_measured_and_no_other_failure() {
    for (fault, is_measured) in [
        (Fault::Timeout, true),
        (Fault::Connection, false),
        (Fault::Server { code: 500 }, false),
    ] {
        let (mut desk, asks) = reading(&[0, 1, 2, 3]);
        let before = desk.hedging.clone();
        desk.on_answer(at(200), asks[0].call, Err(fault.clone()), &mut Out::default());
        assert_eq!(desk.hedging.scans != before.scans, is_measured, "{fault:?}");
        assert_eq!(desk.hedging.receipts, before.receipts, "{fault:?}");
    }
}

#[test]
fn hedges_are_counted_with_those_whose_answer_came_first() {
    let ended = |change: fn(&mut Desk, &Ask, &Ask)| {
        let (mut desk, asks) = reading(&[0, 1, 2, 2]);
        assert_eq!(desk.hedges(), Hedges::default());
        let hedges = hedge(&mut desk, at(AFTER));
        assert_eq!(indices(&hedges), [2], "the first of the two is hedged");
        assert_eq!(desk.hedges(), Hedges { sent: 1, won: 0 });
        change(&mut desk, &asks[0], &hedges[0]);
        let (_, _, alone) = desk.endpoints(at(AFTER))[2];
        assert_eq!(alone, desk.hedges(), "nobody else was asked");
        alone.won
    };
    for (case, change, won) in [
        (
            "the hedge is first",
            (|desk, _, hedge| answer(desk, at(AFTER + 10), hedge)) as fn(&mut Desk, &Ask, &Ask),
            1,
        ),
        (
            "the slow one is first",
            |desk, slow, hedge| {
                answer(desk, at(AFTER + 5), slow);
                answer(desk, at(AFTER + 10), hedge);
            },
            0,
        ),
        (
            "the slow one fails",
            |desk, slow, hedge| {
                desk.on_answer(at(AFTER + 5), slow.call, Err(Fault::Timeout), &mut Out::default());
                answer(desk, at(AFTER + 10), hedge);
            },
            1,
        ),
        (
            "the hedge fails",
            |desk, slow, hedge| {
                desk.on_answer(
                    at(AFTER + 5),
                    hedge.call,
                    Err(Fault::NotReady),
                    &mut Out::default(),
                );
                answer(desk, at(AFTER + 10), slow);
            },
            0,
        ),
        ("nobody answers", |_, _, _| (), 0),
    ] {
        assert_eq!(ended(change), won, "{case}");
    }
}
