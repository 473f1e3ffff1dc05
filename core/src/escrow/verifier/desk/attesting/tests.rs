use std::vec::Vec;

use super::super::tests::{at, desk_under};
use super::{Desk, Out};
use crate::escrow::testing::{block, chain};
use crate::escrow::{Answer, ChainConfig, Fault, Question};
use crate::id::CallId;
use crate::resilience::PoolPolicy;

/// A desk of four endpoints of four providers, all of which say that finality trails by 90 blocks, where that is a stall.
fn stalled(out: &mut Out) -> Desk {
    let chain = ChainConfig {
        stalled_lag: Some(20),
        ..chain()
    };
    let mut desk = desk_under(&PoolPolicy::default(), chain, &[0, 1, 2, 3]);
    for endpoint in 0..4 {
        desk.on_height(at(0), endpoint, 100, 10, out);
    }
    desk
}

/// Who is asked what is attested, and in which calls.
fn ask(desk: &mut Desk, millis: u64) -> Vec<(u8, CallId)> {
    let mut out = Out::default();
    desk.ask_attested(at(millis), &mut out);
    let asks = out.asks.iter().filter(|ask| ask.question == Question::Attested);
    asks.map(|ask| (ask.endpoint.index, ask.call)).collect()
}

#[test]
fn everybody_is_asked_what_is_attested_and_nobody_twice_at_once() {
    let mut out = Out::default();
    let mut desk = stalled(&mut out);
    desk.stop_scanning();
    let endpoints = |asked: &[(u8, CallId)]| asked.iter().map(|(endpoint, _)| *endpoint).collect::<Vec<_>>();
    let first = ask(&mut desk, 1);
    assert_eq!(endpoints(&first), [0, 1, 2, 3]);
    assert_eq!(ask(&mut desk, 2), []);
    for (answered, outcome) in [
        (2, Ok(Answer::Attested { block: block(80) })),
        (1, Err(Fault::Connection)),
    ] {
        desk.on_answer(at(3), first[answered].1, outcome, &mut out);
        assert_eq!(endpoints(&ask(&mut desk, 3)), [first[answered].0]);
    }
}

#[test]
fn what_is_attested_begins_a_scan_anew_only_if_it_makes_more_final() {
    let mut out = Out::default();
    let mut desk = stalled(&mut out);
    // Nobody has got the range: it waits for the next poll.
    while let Some(scan) = out.asks.pop() {
        desk.on_answer(at(1), scan.call, Err(Fault::NotReady), &mut out);
    }
    let asked = ask(&mut desk, 2);
    // The block that each says is attested, and how many endpoints are asked for blocks then.
    for ((_, call), (attested, scanning)) in asked.into_iter().zip([(10, 0), (10, 0), (30, 0), (30, 2)]) {
        let answer = Answer::Attested {
            block: block(attested),
        };
        desk.on_answer(at(3), call, Ok(answer), &mut out);
        assert_eq!(out.asks.len(), scanning, "{attested}");
    }
    assert_eq!(desk.finalized(), Some(30));
}
