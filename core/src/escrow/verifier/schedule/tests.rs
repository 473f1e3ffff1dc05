use core::time::Duration;
use std::vec::Vec;

use super::{Due, Schedule};
use crate::escrow::testing::tx;
use crate::queue::Priority;
use crate::time::Instant;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn schedule() -> Schedule {
    Schedule::new(
        [0, 1, 2].map(Duration::from_secs).to_vec(),
        Duration::from_secs(3),
        None,
    )
}

fn verify(n: u8) -> Option<Due> {
    Some(Due::Verify(tx(n)))
}

fn hand_over(n: u8, priority: Priority) -> Option<Due> {
    Some(Due::HandOver(tx(n), priority))
}

#[test]
fn the_fast_track_then_the_sweep() {
    let mut schedule = schedule();
    schedule.add(at(100), tx(1));
    schedule.add(at(200), tx(1));
    let mut starts = Vec::new();
    for _ in 0..6 {
        let due = schedule.next_due().unwrap();
        assert_eq!(schedule.take_due(due), verify(1));
        assert_eq!(schedule.next_due(), None, "it is not due while it is verified");
        starts.push(due.as_nanos() / 1_000_000);
        schedule.put_back(due.after(Duration::from_millis(40)), tx(1), true);
    }
    assert_eq!(starts, [100, 1_100, 2_100, 5_140, 8_180, 11_220]);
    assert_eq!(schedule.attempts(tx(1)), 6);
}

#[test]
fn the_longest_due_goes_first() {
    let mut schedule = schedule();
    schedule.add(at(5), tx(1));
    schedule.add(at(3), tx(2));
    let order: Vec<_> = core::iter::from_fn(|| schedule.take_due(at(10))).collect();
    assert_eq!(order, [2, 1].map(|n| Due::Verify(tx(n))));
}

/// When it is due, after it was put back at `now`.
#[track_caller]
fn put_back(schedule: &mut Schedule, now: Instant) -> Instant {
    schedule.put_back(now, tx(1), true);
    schedule.next_due().unwrap()
}

#[test]
fn finality_hurries_what_was_seen_and_then_it_comes_at_its_own_pace() {
    let mut schedule = schedule();
    schedule.add(at(0), tx(1));
    assert_eq!(schedule.take_due(at(0)), verify(1));
    assert_eq!(put_back(&mut schedule, at(10)), at(1_000));
    schedule.set_height(at(10), tx(1), Some(7));
    schedule.on_finalized(at(20), 6);
    assert_eq!(schedule.next_due(), Some(at(1_000)));
    schedule.on_finalized(at(20), 7);
    assert_eq!(schedule.next_due(), Some(at(20)));
    let mut now = at(20);
    let mut waits = Vec::new();
    for _ in 0..40 {
        assert_eq!(schedule.take_due(now), verify(1));
        let done = now.after(Duration::from_millis(40));
        let due = put_back(&mut schedule, done);
        schedule.on_finalized(done, 8);
        waits.push(due.since(done));
        now = due;
    }
    let ms = Duration::from_millis;
    assert!(
        waits.iter().all(|wait| *wait >= ms(200)),
        "no hot loop: {waits:?}"
    );
    assert_eq!(waits[0], ms(200), "those who are asked may be a little behind");
    assert_eq!(waits.last(), Some(&ms(3_000)), "{waits:?}");
}

#[test]
fn what_becomes_final_while_it_is_verified_is_verified_again_at_once() {
    let mut schedule = schedule();
    schedule.add(at(0), tx(1));
    schedule.set_height(at(0), tx(1), Some(7));
    assert_eq!(schedule.take_due(at(0)), verify(1));
    schedule.on_finalized(at(20), 7);
    assert_eq!(schedule.next_due(), None, "it is under way");
    assert_eq!(put_back(&mut schedule, at(50)), at(50));
    assert_eq!(schedule.take_due(at(50)), verify(1));
    assert_eq!(put_back(&mut schedule, at(90)), at(290));
}

#[test]
fn what_is_not_seen_any_more_is_not_hurried() {
    let mut schedule = schedule();
    schedule.add(at(0), tx(1));
    schedule.set_height(at(0), tx(1), Some(7));
    assert_eq!(schedule.awaits_finality(), Some(at(0)));
    schedule.set_height(at(5), tx(1), None);
    assert_eq!(schedule.awaits_finality(), None);
    assert_eq!(schedule.take_due(at(5)), verify(1));
    schedule.on_finalized(at(20), 7);
    assert_eq!(put_back(&mut schedule, at(50)), at(1_000));
}

#[test]
fn what_is_removed_is_gone_from_every_index() {
    let mut schedule = schedule();
    schedule.add(at(0), tx(1));
    schedule.set_height(at(0), tx(1), Some(7));
    schedule.remove(tx(1));
    assert_eq!(schedule, self::schedule());
    schedule.put_back(at(0), tx(1), true);
    assert_eq!(schedule, self::schedule());
}

#[test]
fn what_is_hurried_is_due_sooner_and_never_later() {
    let mut schedule = schedule();
    schedule.add(at(0), tx(1));
    assert_eq!(schedule.take_due(at(0)), verify(1));
    schedule.hurry(at(0), tx(1), Duration::ZERO);
    assert_eq!(schedule.next_due(), None, "it is under way");
    assert_eq!(put_back(&mut schedule, at(50)), at(1_000));
    for (wait, due) in [(960, 1_000), (900, 950), (50, 100), (70, 100)] {
        schedule.hurry(at(50), tx(1), Duration::from_millis(wait));
        assert_eq!(schedule.next_due(), Some(at(due)), "{wait}");
    }
    assert_eq!(schedule.take_due(at(100)), verify(1));
    assert_eq!(schedule.next_due(), None, "it is listed once");
}

/// One on the fast track (0 and 1 s), a sweep each 3 s, workers that have 10 s.
fn with_workers() -> Schedule {
    let mut schedule = Schedule::new(
        [0, 1].map(Duration::from_secs).to_vec(),
        Duration::from_secs(3),
        Some(Duration::from_secs(10)),
    );
    schedule.add(at(0), tx(1));
    for now in [0, 1_000] {
        assert_eq!(schedule.take_due(at(now)), verify(1));
        schedule.put_back(at(now), tx(1), true);
    }
    schedule
}

#[test]
fn what_the_fast_track_did_not_decide_is_for_the_workers_until_they_have_had_their_time() {
    let mut schedule = with_workers();
    assert_eq!(schedule.take_due(at(3_999)), None);
    assert_eq!(schedule.take_due(at(4_000)), hand_over(1, Priority::High));
    for now in [7_000, 10_000, 13_000] {
        assert_eq!(
            schedule.take_due(at(now)),
            hand_over(1, Priority::Normal),
            "{now}"
        );
    }
    assert_eq!(schedule.attempts(tx(1)), 2, "nobody has verified it since");
    // Ten seconds, and no report: at every sweep from here on.
    for now in [16_000, 19_000] {
        assert_eq!(schedule.take_due(at(now)), verify(1), "{now}");
        schedule.put_back(at(now), tx(1), true);
    }
    schedule.on_reported(tx(1), true);
    assert_eq!(schedule.attempts(tx(1)), 5);
    assert_eq!(schedule.take_due(at(22_000)), hand_over(1, Priority::High));
}

#[test]
fn the_time_of_the_workers_ends_with_its_last_instant() {
    for (millis, due) in [(13_999, hand_over(1, Priority::Normal)), (14_000, verify(1))] {
        let mut schedule = with_workers();
        assert_eq!(schedule.take_due(at(4_000)), hand_over(1, Priority::High));
        schedule.all_due(at(5_000));
        assert_eq!(schedule.take_due(at(millis)), due, "{millis}");
    }
}

#[test]
fn what_begins_anew_is_due_at_once_and_the_workers_have_all_their_time() {
    let mut schedule = with_workers();
    assert_eq!(schedule.take_due(at(4_000)), hand_over(1, Priority::High));
    schedule.restart(at(5_000));
    assert_eq!(schedule.next_due(), Some(at(5_000)));
    assert_eq!(schedule.tried_for(at(5_000), tx(1)), Duration::ZERO);
    assert_eq!(
        schedule.take_due(at(14_500)),
        hand_over(1, Priority::High),
        "the workers have it from here on"
    );
    assert_eq!(schedule.attempts(tx(1)), 2);
}

#[test]
fn what_is_forced_is_verified_here_once_though_it_is_for_the_workers() {
    let mut schedule = with_workers();
    schedule.force(at(2_000), tx(1));
    assert_eq!(schedule.take_due(at(2_000)), verify(1));
    schedule.force(at(2_000), tx(1));
    schedule.put_back(at(2_100), tx(1), true);
    assert_eq!(
        schedule.take_due(at(5_100)),
        hand_over(1, Priority::High),
        "what is being verified is not forced again"
    );
}

#[test]
fn a_report_gives_the_workers_their_time_anew() {
    let mut schedule = with_workers();
    for now in [4_000, 7_000, 10_000, 13_000, 16_000, 19_000] {
        assert_eq!(schedule.take_due(at(now)), hand_over(1, Priority::High), "{now}");
        schedule.on_reported(tx(1), true);
    }
}

#[test]
fn what_was_seen_is_not_for_the_workers() {
    let mut schedule = with_workers();
    schedule.set_height(at(2_000), tx(1), Some(7));
    assert_eq!(schedule.take_due(at(4_000)), verify(1));
    schedule.put_back(at(4_000), tx(1), true);
    schedule.on_finalized(at(5_000), 7);
    assert_eq!(schedule.take_due(at(5_000)), verify(1));
    schedule.put_back(at(5_000), tx(1), true);
    assert_eq!(
        schedule.take_due(at(5_200)),
        verify(1),
        "it is final, and looked for"
    );
}

#[test]
fn what_was_seen_is_for_the_workers_while_nothing_can_be_seen_here() {
    let mut schedule = with_workers();
    schedule.set_height(at(2_000), tx(1), Some(7));
    assert_eq!(schedule.take_due(at(4_000)), verify(1));
    schedule.put_back(at(4_000), tx(1), false);
    assert_eq!(schedule.take_due(at(7_000)), hand_over(1, Priority::High));
    // Heads are heard of again.
    schedule.on_finalized(at(8_000), 7);
    assert_eq!(schedule.take_due(at(8_000)), verify(1));
}

#[test]
fn a_report_that_says_nothing_gives_the_workers_no_more_time() {
    let mut schedule = with_workers();
    for now in [4_000, 7_000, 10_000, 13_000] {
        assert!(
            matches!(schedule.take_due(at(now)), Some(Due::HandOver(..))),
            "{now}"
        );
        schedule.on_reported(tx(1), false);
    }
    assert_eq!(schedule.take_due(at(16_000)), verify(1));
    assert_eq!(schedule.attempts(tx(1)), 7);
    schedule.put_back(at(16_000), tx(1), true);
    schedule.on_reported(tx(1), true);
    assert_eq!(schedule.take_due(at(19_000)), hand_over(1, Priority::High));
}
