use std::vec;
use std::vec::Vec;

use super::{Desk, HEADS_UNDER_WAY_MAX, Purpose, Round};
use crate::escrow::testing::{block, chain, config, tx};
use crate::escrow::verifier::Out;
use crate::escrow::{Answer, ChainConfig, FinalityRule, Vote};
use crate::resilience::{Pool, PoolPolicy};
use crate::rng::Rng;
use crate::time::Instant;

pub(super) fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// A desk whose endpoints have these providers and are verified.
fn desk_of(providers: &[u8]) -> Desk {
    desk_under(&PoolPolicy::default(), chain(), providers)
}

/// A desk of `chain` whose pool has this policy and whose endpoints have these providers and are verified.
pub(super) fn desk_under(policy: &PoolPolicy, chain: ChainConfig, providers: &[u8]) -> Desk {
    let mut pool = Pool::new(*policy, providers, Rng::from_seed(7));
    (0..)
        .zip(providers)
        .for_each(|(endpoint, _)| pool.mark_verified(endpoint));
    Desk::new(&config(), &chain, Vec::new(), pool, None, (0, 1))
}

/// A desk of four endpoints of four providers.
pub(super) fn desk() -> Desk {
    desk_of(&[0, 1, 2, 3])
}

#[test]
fn who_is_more_than_twenty_blocks_behind_is_a_laggard_until_it_catches_up() {
    let (mut desk, mut out) = (desk(), Out::default());
    let mut laggards = |endpoint, finalized| {
        desk.on_height(at(0), endpoint, finalized + 2, finalized, &mut out);
        desk.laggards.iter().collect::<Vec<u8>>()
    };
    for (endpoint, finalized, expected) in [
        (0, 121, &[][..]),
        (1, 121, &[]),
        (2, 101, &[]),
        (3, 100, &[3]),
        (0, 122, &[3]),
        (2, 101, &[3]),
        (1, 122, &[3]),
        (2, 101, &[2, 3]),
        (3, 102, &[2]),
    ] {
        assert_eq!(
            laggards(endpoint, finalized),
            expected,
            "{endpoint} at {finalized}"
        );
    }
}

#[test]
fn the_second_voice_for_a_height_begins_a_scan_at_once() {
    let (mut desk, mut out) = (desk(), Out::default());
    let mut scans = |endpoint| {
        desk.on_height(at(0), endpoint, 12, 10, &mut out);
        let is_scan = |call: &&super::Call| matches!(call.purpose, Purpose::Scan { .. });
        desk.calls.values().filter(is_scan).count()
    };
    assert_eq!([0, 1, 2].map(&mut scans), [0, 2, 2]);
}

#[test]
fn nobody_is_flooded_with_questions_about_heads() {
    let (mut desk, mut out) = (desk(), Out::default());
    desk.schedule.add(at(0), tx(1));
    desk.schedule.set_height(at(0), tx(1), Some(5));
    let heads = [0, 200, 400, 600, 800].map(|millis| {
        desk.poll(at(millis), &mut out);
        let is_head = |call: &&super::Call| call.purpose == Purpose::Heads;
        desk.calls.values().filter(is_head).count()
    });
    assert_eq!(heads, [2, 4, 6, HEADS_UNDER_WAY_MAX, HEADS_UNDER_WAY_MAX]);
}

#[test]
fn what_an_endpoint_has_not_finalized_is_not_scanned_on_its_word() {
    for (finalized, scanned) in [(9, 0), (10, 10)] {
        let (mut desk, mut out) = (desk(), Out::default());
        (0..2).for_each(|endpoint| desk.on_height(at(0), endpoint, 12, 10, &mut out));
        assert_eq!(out.asks.len(), 2);
        for ask in core::mem::take(&mut out.asks) {
            let answer = Answer::Scan {
                finalized: block(finalized),
                last: Some(block(10)),
                logs: Vec::new(),
            };
            desk.on_answer(at(1), ask.call, Ok(answer), &mut out);
        }
        assert_eq!(desk.scanned(), scanned, "{finalized}");
    }
}

#[test]
fn another_endpoint_of_a_provider_is_asked_last() {
    let mut desk = desk_of(&[0, 0, 1, 2]);
    let mut round = Round::new(1);
    for (endpoint, provider, content) in [(0, 0, 'a'), (2, 1, 'b')] {
        let vote = Vote {
            endpoint,
            finalized: block(9),
            rule: FinalityRule::Finalized,
        };
        round.on_asked(endpoint, provider);
        round.on_shown(vote, provider, 5, content);
    }
    let purpose = Purpose::Receipt { tx: tx(1), round: 1 };
    let mut ask_one = |round: &mut Round<char>| {
        let mut out = Out::default();
        assert!(!desk.ask_for(at(0), 1, round, purpose, &mut out));
        let asked: Vec<u8> = out.asks.iter().map(|ask| ask.endpoint.index).collect();
        let under_way: Vec<u8> = desk.endpoints(at(0)).iter().map(|one| one.0.in_flight).collect();
        (asked, under_way)
    };
    assert_eq!(ask_one(&mut round), (vec![3], vec![0, 0, 0, 1]));
    assert_eq!(
        ask_one(&mut round),
        (vec![], vec![0, 0, 0, 1]),
        "one is under way"
    );
    round.on_failed(2);
    assert_eq!(ask_one(&mut round), (vec![1], vec![0, 1, 0, 1]));
}

/// Whom it asks in a round of its own that wants so many, and whether it waits for somebody busy.
pub(super) fn ask(desk: &mut Desk, count: usize) -> (Vec<u8>, bool) {
    let mut out = Out::default();
    let purpose = Purpose::Receipt { tx: tx(9), round: 9 };
    let is_crowded = desk.ask_for(at(0), count, &mut Round::<u8>::new(9), purpose, &mut out);
    let asked = out.asks.iter().map(|ask| ask.endpoint.index).collect();
    (asked, is_crowded)
}

#[test]
fn a_laggard_is_asked_when_nobody_else_is_left_and_not_while_others_are_busy() {
    let (mut desk, mut out) = (desk_of(&[0, 1, 2]), Out::default());
    for (endpoint, finalized) in [(0, 100), (1, 100), (2, 50)] {
        desk.on_height(at(0), endpoint, finalized, finalized, &mut out);
    }
    assert_eq!(ask(&mut desk, 3), (vec![0, 1, 2], false));
    while ask(&mut desk, 2).0.len() == 2 {}
    assert_eq!(ask(&mut desk, 1), (vec![], true));
}

#[test]
fn so_many_rounds_are_under_way_and_each_has_its_number() {
    let mut desk = desk();
    desk.rounds_max = 2;
    (1..=3).for_each(|n| desk.schedule.add(at(0), tx(n)));
    desk.verify_due(at(0), &mut Out::default());
    let numbers: Vec<u64> = desk.rounds.values().map(|round| round.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(!desk.may_begin_round());
    desk.unwatch(tx(1));
    assert!(desk.may_begin_round());
}

#[test]
fn a_range_that_two_have_not_got_is_asked_for_of_others() {
    let (mut desk, mut out) = (desk(), Out::default());
    (0..2).for_each(|endpoint| desk.on_height(at(0), endpoint, 12, 10, &mut out));
    let mut asked = Vec::new();
    for _ in 0..4 {
        let ask = out.asks.remove(0);
        asked.push(ask.endpoint.index);
        let answer = Answer::Scan {
            finalized: block(9),
            last: None,
            logs: Vec::new(),
        };
        desk.on_answer(at(1), ask.call, Ok(answer), &mut out);
    }
    asked.sort_unstable();
    assert_eq!(asked, [0, 1, 2, 3]);
}

#[test]
fn a_scan_waits_for_room_only_while_nobody_is_asked() {
    for (left, is_stalled) in [(0, true), (1, false), (2, false)] {
        let (mut desk, mut out) = (desk(), Out::default());
        (0..31).for_each(|_| assert_eq!(ask(&mut desk, 4).0.len(), 4));
        assert_eq!(ask(&mut desk, 4 - left).0.len(), 4 - left);
        (0..2).for_each(|endpoint| desk.on_height(at(0), endpoint, 12, 10, &mut out));
        assert_eq!((out.asks.len(), desk.is_scan_stalled), (left, is_stalled));
    }
}

#[test]
fn what_is_watched_already_goes_on_as_it_was() {
    let (mut desk, mut out) = (desk(), Out::default());
    desk.watch(at(0), tx(1));
    desk.verify_due(at(0), &mut out);
    let before = desk.clone();
    desk.watch(at(100), tx(1));
    assert_eq!(desk, before);
}

#[test]
fn every_look_is_a_round_of_its_own_and_one_that_is_under_way_is_not_begun_again() {
    let (mut desk, mut out) = (desk(), Out::default());
    let mut look = |desk: &mut Desk| {
        desk.look(at(0), tx(1), &mut out);
        desk.rounds[&tx(1)].number
    };
    let first = look(&mut desk);
    assert_eq!(look(&mut desk), first);
    desk.unwatch(tx(1));
    assert_ne!(look(&mut desk), first, "answers to the first do not vote in it");
}

#[test]
fn what_an_endpoint_can_do_is_due_once_its_height_is_known_and_while_blocks_are_read() {
    for (is_known, scans, is_due) in [(false, true, false), (true, true, true), (true, false, false)] {
        let (mut desk, mut out) = (desk(), Out::default());
        if is_known {
            desk.on_height(at(0), 2, 12, 10, &mut out);
        }
        if !scans {
            desk.stop_scanning();
        }
        let due = desk.abilities_due().map(|deadline| deadline.at);
        assert_eq!(due, is_due.then_some(at(0)), "{is_known} {scans}");
    }
}
