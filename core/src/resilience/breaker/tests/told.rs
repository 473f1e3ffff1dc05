//! What a breaker tells: its counters, why it refuses and until when, its changes, and what is wrong with a policy.

use core::time::Duration;
use std::format;

use super::super::{
    Admission, BreakerPolicy, BreakerState, Counters, Recent, RefusedBy, Transition, TripModel,
};
use super::{SLOW, at, check, growing, rate};
use crate::machine::Deadline;

/// Polly#647 and #886: nobody could see how near a breaker is to opening.
#[test]
fn what_it_has_seen_can_be_read() {
    let script = "
        0s   ok fail slow ignored
        1s   ask:a ask:b b=cancel fail
        2s   refused a=ok
        61s  ask:c fail
    ";
    let policy = BreakerPolicy {
        model: TripModel::Consecutive { failures: 3 },
        slow_call: Some(SLOW),
        ..BreakerPolicy::api()
    };
    let counters = check(policy, script).counters();
    let expected = Counters {
        admitted: 9,
        refused: 1,
        successes: 2,
        failures: 3,
        ignored: 1,
        slow: 1,
        stale: 1,
        cancelled: 1,
        expired: 0,
        opened: 2,
        half_opened: 1,
        closed: 0,
        recent: Recent::default(),
    };
    assert_eq!(counters, expected);
    let recent = Recent {
        calls: 2,
        failures: 2,
        slow: 0,
    };
    assert_eq!(check(policy, "0s ok fail slow").counters().recent, recent);
    let recent = Recent {
        calls: 4,
        failures: 1,
        slow: 2,
    };
    assert_eq!(
        check(rate(), "0s fail ok slow fail -> open").counters().recent,
        Recent::default()
    );
    assert_eq!(
        check(rate(), "0s ok ok ok fail slow ok slow -> closed")
            .counters()
            .recent,
        recent
    );
}

#[test]
fn refusals_and_deadlines_say_when() {
    let mut breaker = check(BreakerPolicy::api(), "0s fail fail fail fail\n 3s fail");
    let until = Deadline {
        at: at(63),
        why: "breaker becomes half-open",
    };
    assert_eq!(breaker.next_deadline(), Some(until));
    let open = Admission::Refused {
        retry_at: Some(at(63)),
        why: RefusedBy::Open,
    };
    assert_eq!(breaker.try_acquire(at(4)), open);

    let mut breaker = check(BreakerPolicy::websocket(), "0s fail fail fail\n 31s ask:a");
    let until = Deadline {
        at: at(46),
        why: "half-open call counts as failed",
    };
    assert_eq!(breaker.next_deadline(), Some(until));
    let full = Admission::Refused {
        retry_at: Some(at(46)),
        why: RefusedBy::HalfOpen,
    };
    assert_eq!(breaker.try_acquire(at(32)), full);

    let mut breaker = check(BreakerPolicy::api(), "0s force_open");
    assert_eq!(breaker.next_deadline(), None);
    let forced = Admission::Refused {
        retry_at: None,
        why: RefusedBy::ForcedOpen,
    };
    assert_eq!(breaker.try_acquire(at(9)), forced);
}

#[test]
fn ticks_tell_of_changes_once() {
    let mut breaker = check(BreakerPolicy::websocket(), "0s fail fail fail");
    assert_eq!(breaker.on_tick(at(29)), None);
    let half_open = Transition {
        from: BreakerState::Open,
        to: BreakerState::HalfOpen,
    };
    assert_eq!(breaker.on_tick(at(30)), Some(half_open));
    assert_eq!(breaker.on_tick(at(30)), None);
}

/// redisctl#1010: settings that were accepted and then without effect.
#[test]
fn a_setting_that_would_do_nothing_is_refused() {
    #[track_caller]
    fn refused(setting: &str, change: fn(&mut BreakerPolicy)) {
        let mut policy = rate();
        assert_eq!(policy.check(), Ok(()));
        change(&mut policy);
        assert_eq!(policy.check().map_err(|error| error.setting), Err(setting));
    }
    fn model(window: u32, failure_percent: u8, minimum_calls: u32, slow_percent: Option<u8>) -> TripModel {
        TripModel::Rate {
            window,
            failure_percent,
            minimum_calls,
            slow_percent,
        }
    }
    refused("failures", |policy| {
        policy.model = TripModel::Consecutive { failures: 0 }
    });
    refused("window", |policy| policy.model = model(0, 50, 0, None));
    refused("window", |policy| policy.model = model(129, 50, 10, None));
    refused("failure_percent", |policy| policy.model = model(100, 0, 10, None));
    refused("failure_percent", |policy| {
        policy.model = model(100, 101, 10, None)
    });
    refused("minimum_calls", |policy| policy.model = model(100, 50, 0, None));
    refused("minimum_calls", |policy| policy.model = model(100, 50, 101, None));
    refused("slow_percent", |policy| {
        policy.model = model(100, 50, 10, Some(0))
    });
    refused("slow_percent", |policy| policy.model = model(100, 50, 10, None));
    refused("slow_percent", |policy| policy.slow_call = None);
    refused("open_for", |policy| policy.open_for = Duration::ZERO);
    refused("open_for_max", |policy| {
        policy.open_for_max = Duration::from_secs(59)
    });
    refused("successes_to_close", |policy| policy.successes_to_close = 0);
    refused("half_open_permits", |policy| policy.half_open_permits = 0);
    refused("half_open_permits", |policy| policy.half_open_permits = 17);
    refused("permit_timeout", |policy| policy.permit_timeout = Duration::ZERO);
}

#[test]
fn every_change_is_counted_once() {
    let changes = |policy, script: &str| {
        let counters = check(policy, script).counters();
        [
            counters.admitted,
            counters.opened,
            counters.half_opened,
            counters.closed,
        ]
    };
    let trips = "0s fail fail fail fail fail -> open\n";
    let probed = format!("{trips} 5s probe:a a=ok -> closed");
    assert_eq!(changes(growing(), &probed), [6, 1, 1, 1]);
    let waited = format!("{trips} 10s ok -> closed");
    assert_eq!(changes(growing(), &waited), [6, 1, 1, 1]);
    let ordered = format!("{trips} 1s disable force_open -> forced_open\n 1s reset -> closed");
    assert_eq!(changes(growing(), &ordered), [5, 1, 0, 1]);
}
