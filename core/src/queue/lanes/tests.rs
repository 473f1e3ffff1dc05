use core::time::Duration;

use super::{Lane, Lanes};
use crate::resilience::BreakerState;
use crate::time::Instant;

fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}

/// One call at `ms`, which ends at once: where it went.
fn call(lanes: &mut Lanes, ms: u64, is_up: bool) -> Lane {
    let place = lanes.choose(at(ms));
    let lane = place.lane;
    let _changed = lanes.record(at(ms), place, is_up || lane == Lane::Database, Duration::ZERO);
    lane
}

#[test]
fn the_database_serves_while_the_immediate_lane_is_down_and_no_longer() {
    let mut lanes = Lanes::new(true);
    for (ms, is_up, expected) in [
        (0, true, Lane::Immediate),
        (100, false, Lane::Immediate),
        (200, false, Lane::Immediate),
        (300, false, Lane::Immediate),
        (400, true, Lane::Database),
        (5_299, true, Lane::Database),
        // Tried again after five seconds, in vain.
        (5_300, false, Lane::Immediate),
        (5_400, true, Lane::Database),
        // And for good.
        (10_300, true, Lane::Immediate),
        (10_400, true, Lane::Immediate),
        (10_500, false, Lane::Immediate),
        (10_600, true, Lane::Immediate),
    ] {
        assert_eq!(call(&mut lanes, ms, is_up), expected, "at {ms} ms");
    }
    assert_eq!(lanes.state(), Some(BreakerState::Closed));
}

#[test]
fn something_is_due_when_the_immediate_lane_is_tried_again_though_nobody_calls() {
    let mut lanes = Lanes::new(true);
    assert_eq!(lanes.next_deadline(), None);
    for ms in [0, 100, 200] {
        assert_eq!(call(&mut lanes, ms, false), Lane::Immediate);
    }
    assert_eq!(lanes.next_deadline().map(|due| due.at), Some(at(5_200)));
    assert_eq!(lanes.on_tick(at(5_199)), None);
    let turned = lanes.on_tick(at(5_200)).map(|turned| turned.to);
    assert_eq!(turned, Some(BreakerState::HalfOpen));
}

#[test]
fn without_an_immediate_lane_there_is_the_database_alone() {
    let mut lanes = Lanes::new(false);
    assert_eq!(call(&mut lanes, 0, false), Lane::Database);
    assert_eq!((lanes.state(), lanes.next_deadline()), (None, None));
}
