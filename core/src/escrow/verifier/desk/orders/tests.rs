use std::vec::Vec;

use super::super::Desk;
use super::super::tests::{at, desk};
use crate::escrow::testing::block;
use crate::escrow::verifier::{Ask, Finding, Out};
use crate::escrow::{Answer, Fault, Question};
use crate::resilience::BreakerState;
use crate::time::Instant;

/// A desk in the middle of reading blocks 1 to 10, and the two questions under way.
fn scanning() -> (Desk, Vec<Ask>) {
    let (mut desk, mut out) = (desk(), Out::default());
    (0..2).for_each(|endpoint| desk.on_height(at(0), endpoint, 12, 10, &mut out));
    let asks = scans(&mut out);
    assert_eq!(asks.len(), 2);
    (desk, asks)
}

/// The questions about blocks among all that are to be asked.
fn scans(out: &mut Out) -> Vec<Ask> {
    let is_scan = |ask: &Ask| matches!(ask.question, Question::Scan { .. });
    core::mem::take(&mut out.asks)
        .into_iter()
        .filter(is_scan)
        .collect()
}

fn read(desk: &mut Desk, now: Instant, asks: Vec<Ask>, out: &mut Out) {
    for ask in asks {
        let answer = Answer::Scan {
            finalized: block(10),
            last: Some(block(10)),
            logs: Vec::new(),
        };
        desk.on_answer(now, ask.call, Ok(answer), out);
    }
}

#[test]
fn a_scan_that_a_pause_broke_off_is_begun_anew_after_it() {
    let (mut desk, owed) = scanning();
    let mut out = Out::default();
    desk.pause(at(5), &mut out);
    read(&mut desk, at(6), owed, &mut out);
    assert_eq!(desk.scanned(), 0, "what still comes decides nothing");
    desk.resume(at(10));
    desk.on_tick(at(10), &mut out);
    let again = scans(&mut out);
    assert_eq!(again.len(), 2);
    read(&mut desk, at(20), again, &mut out);
    assert_eq!(desk.scanned(), 10);
}

#[test]
fn what_a_paused_endpoint_owes_is_lost_and_what_others_owe_is_not() {
    let (mut desk, owed) = scanning();
    let mut out = Out::default();
    let paused = owed[0].endpoint.index;
    desk.pause_endpoint(at(5), paused, &mut out);
    let instead = scans(&mut out);
    assert_eq!(instead.len(), 1, "one more, in its place");
    assert!(owed.iter().all(|ask| ask.endpoint != instead[0].endpoint));
    let (its, of_another): (Vec<Ask>, Vec<Ask>) =
        owed.into_iter().partition(|ask| ask.endpoint.index == paused);
    read(&mut desk, at(6), its, &mut out);
    read(&mut desk, at(7), instead, &mut out);
    assert_eq!(desk.scanned(), 0, "its answer does not count");
    read(&mut desk, at(8), of_another, &mut out);
    assert_eq!(desk.scanned(), 10);
}

/// A desk all of whose breakers are open, and when that was so.
fn broken() -> (Desk, Instant) {
    let (mut desk, mut out) = (desk(), Out::default());
    for second in 0..60 {
        let now = at(second * 1_000);
        desk.poll(now, &mut out);
        while let Some(ask) = out.asks.pop() {
            desk.on_answer(now, ask.call, Err(Fault::Connection), &mut out);
        }
        if (0..4).all(|endpoint| desk.breaker(endpoint) == BreakerState::Open) {
            return (desk, now);
        }
    }
    panic!("they stay closed")
}

#[test]
fn the_breakers_of_a_paused_chain_go_on_with_time_and_each_change_is_told_once() {
    let (mut desk, now) = broken();
    let mut out = Out::default();
    desk.pause(now, &mut out);
    let mut ticks = 0;
    while let Some(deadline) = desk.next_deadline() {
        ticks += 1;
        assert!(ticks < 50, "it spins at {deadline:?}");
        desk.on_tick(deadline.at, &mut out);
    }
    let mut told = Vec::new();
    for (_, finding) in &out.findings {
        if let Finding::Breaker { endpoint, from, to } = finding {
            assert_eq!((*from, *to), (BreakerState::Open, BreakerState::HalfOpen));
            told.push(*endpoint);
        }
    }
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2, 3]);
    assert_eq!(out.asks, [], "nobody is asked");
}
