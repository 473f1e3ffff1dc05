//! Each script is a sequence of lines `<seconds>s <word>..`, with `-> <state>` to say what the state then is:
//!
//! - `ok`, `fail`, `slow`, `ignored`: a call is let through and ends so at once
//! - `ask:x`, then later `x=ok` and so on, or `x=cancel`, or `x=lose`: a call under way
//! - `refused`, `probe:x`, `no_probe`, `tick`, `force_open`, `disable`, `reset`

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;
use std::format;

use super::{
    Admission, Breaker, BreakerPolicy, BreakerState, CallOutcome, Counters, Permit, Recent, RefusedBy,
    Transition, TripModel,
};
use crate::machine::Deadline;
use crate::time::Instant;

mod model;

const SLOW: Duration = Duration::from_secs(2);

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

fn growing() -> BreakerPolicy {
    BreakerPolicy {
        open_for: Duration::from_secs(10),
        open_for_max: Duration::from_secs(35),
        successes_to_close: 1,
        ..BreakerPolicy::api()
    }
}

fn rate() -> BreakerPolicy {
    BreakerPolicy {
        model: TripModel::Rate {
            window: 4,
            failure_percent: 50,
            minimum_calls: 3,
            slow_percent: Some(75),
        },
        slow_call: Some(SLOW),
        ..BreakerPolicy::api()
    }
}

/// A breaker and its calls under way, driven by scripts.
struct Bench {
    breaker: Breaker,
    permits: BTreeMap<String, Permit>,
}

impl Bench {
    #[track_caller]
    fn permit(&mut self, now: Instant) -> Permit {
        match self.breaker.try_acquire(now) {
            Admission::Granted(permit) => permit,
            Admission::Refused { why, .. } => panic!("refused by {why:?} at {now:?}"),
        }
    }

    #[track_caller]
    fn finish(&mut self, now: Instant, permit: Permit, how: &str) {
        let (outcome, took) = match how {
            "ok" => (CallOutcome::Success, Duration::ZERO),
            "slow" => (CallOutcome::Success, SLOW + Duration::from_nanos(1)),
            "fail" => (CallOutcome::Failure, Duration::ZERO),
            "ignored" => (CallOutcome::Ignored, Duration::ZERO),
            "cancel" => return self.breaker.cancel(now, permit),
            "lose" => return drop(permit),
            other => panic!("unknown end {other}"),
        };
        let before = self.breaker.state();
        let told = self.breaker.record(now, permit, outcome, took);
        let after = self.breaker.state();
        let seen = (before != after).then_some(Transition {
            from: before,
            to: after,
        });
        assert_eq!(told, seen, "what record tells");
    }

    #[track_caller]
    fn word(&mut self, now: Instant, word: &str) {
        if let Some(name) = word.strip_prefix("ask:") {
            let permit = self.permit(now);
            assert_eq!(
                self.permits.insert(name.into(), permit),
                None,
                "{name} is under way"
            );
        } else if let Some(name) = word.strip_prefix("probe:") {
            let permit = self.breaker.probe(now).expect("a probe");
            assert_eq!(
                self.permits.insert(name.into(), permit),
                None,
                "{name} is under way"
            );
        } else if let Some((name, how)) = word.split_once('=') {
            let permit = self.permits.remove(name).expect("a call under way");
            self.finish(now, permit, how);
        } else {
            self.plain_word(now, word);
        }
    }

    #[track_caller]
    fn plain_word(&mut self, now: Instant, word: &str) {
        match word {
            "refused" => {
                let admission = self.breaker.try_acquire(now);
                assert!(
                    matches!(admission, Admission::Refused { .. }),
                    "{admission:?} at {now:?}"
                );
            }
            "no_probe" => assert_eq!(self.breaker.probe(now), None),
            "tick" => drop(self.breaker.on_tick(now)),
            "force_open" => drop(self.breaker.force_open()),
            "disable" => drop(self.breaker.disable()),
            "reset" => drop(self.breaker.reset()),
            how => {
                let permit = self.permit(now);
                self.finish(now, permit, how);
            }
        }
    }
}

#[track_caller]
fn check(policy: BreakerPolicy, script: &str) -> Breaker {
    let mut bench = Bench {
        breaker: Breaker::new(policy),
        permits: BTreeMap::new(),
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (words, state) = line.split_once("->").unwrap_or((line, ""));
        let mut words = words.split_whitespace();
        let seconds = words
            .next()
            .and_then(|time| time.strip_suffix('s'))
            .expect("a time");
        let now = at(seconds.parse().expect("whole seconds"));
        words.for_each(|word| bench.word(now, word));
        if !state.is_empty() {
            assert_eq!(bench.breaker.state().code(), state.trim(), "after {line}");
        }
    }
    bench.breaker
}

#[test]
fn the_api_contract() {
    let contract = "
        0s   fail fail fail fail     -> closed
        1s   fail                    -> open
        60s  refused                 -> open
        61s  ok ok                   -> half_open
        61s  ok                      -> closed
    ";
    check(BreakerPolicy::api(), contract);
}

#[test]
fn the_websocket_contract() {
    let contract = "
        0s   fail fail               -> closed
        1s   fail                    -> open
        30s  refused                 -> open
        31s  ask:a refused a=ok      -> half_open
        32s  ok                      -> closed
    ";
    check(BreakerPolicy::websocket(), contract);
}

#[test]
fn only_failures_in_a_row_count() {
    let script = "
        0s  fail fail fail fail ok fail fail fail fail  -> closed
        1s  ignored fail                                -> open
    ";
    check(BreakerPolicy::api(), script);
}

/// Polly#1854, #316, #320, Ocelot#2085: a share of a window never opens on a dependency that is seldom asked.
#[test]
fn a_dependency_that_is_asked_once_an_hour_still_opens() {
    let hours = (1..=5)
        .map(|hour| format!("{}s fail\n", hour * 3_600))
        .collect::<String>();
    assert_eq!(check(BreakerPolicy::api(), &hours).state(), BreakerState::Open);
}

/// resilience4j#903 and #935, opossum#276, OmniRoute#13836, cc-switch#7206: a half-open permit whose call hangs, panics or
/// is dropped held the breaker half-open for ever.
#[test]
fn half_open_is_never_stuck() {
    let lost = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a ask:b ask:c refused           -> half_open
        60s   a=lose b=lose c=lose refused
        69s   refused                             -> half_open
        70s   tick                                -> open
        129s  refused                             -> open
        130s  ok ok ok                            -> closed
    ";
    let breaker = check(BreakerPolicy::api(), lost);
    assert_eq!(breaker.counters().expired, 1);
    let unseen = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a                               -> half_open
        130s  ok ok ok                            -> closed
    ";
    check(BreakerPolicy::api(), unseen);
    let cancelled = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a ask:b ask:c refused b=cancel ask:d refused  -> half_open
        61s   a=ok c=ignored d=cancel ok ok       -> closed
    ";
    check(BreakerPolicy::api(), cancelled);
}

/// resilience4j#1432, actor-ts#457, tower-resilience#407: half-open let a burst through.
#[test]
fn half_open_lets_no_burst_through() {
    let script = "
        0s   fail fail fail fail fail             -> open
        60s  ask:a ask:b ask:c refused refused refused
        60s  a=ignored ask:d refused b=ok ask:e refused
        61s  c=fail                               -> open
        61s  refused
    ";
    let counters = check(BreakerPolicy::api(), script).counters();
    assert_eq!((counters.admitted, counters.refused), (10, 6));
}

#[test]
fn results_from_before_a_change_are_ignored() {
    let late_failure = "
        0s    ask:late fail fail fail fail fail   -> open
        60s   ok                                  -> half_open
        60s   late=fail                           -> half_open
        60s   ok ok                               -> closed
    ";
    assert_eq!(check(BreakerPolicy::api(), late_failure).counters().stale, 1);
    let late_success = "
        0s    ask:a ask:b ask:c fail fail fail fail fail  -> open
        1s    a=ok                                -> open
        60s   tick b=ok c=ok                      -> half_open
        60s   ok ok                               -> half_open
        60s   ok                                  -> closed
    ";
    check(BreakerPolicy::api(), late_success);
    let expired = "
        0s    fail fail fail fail fail            -> open
        60s   ask:a                               -> half_open
        70s   tick                                -> open
        70s   a=ok                                -> open
        130s  fail                                -> open
    ";
    check(BreakerPolicy::api(), expired);
    let after_reset = "
        0s    ask:a fail fail fail fail reset a=fail fail fail fail fail -> closed
    ";
    check(BreakerPolicy::api(), after_reset);
}

#[test]
fn the_open_time_doubles_up_to_its_maximum_and_starts_over_once_closed() {
    let script = "
        0s    fail fail fail fail fail            -> open
        9s    refused
        10s   fail                                -> open
        29s   refused
        30s   fail                                -> open
        64s   refused
        65s   fail                                -> open
        99s   refused
        100s  ok                                  -> closed
        100s  fail fail fail fail fail            -> open
        109s  refused
        110s  ok                                  -> closed
    ";
    check(growing(), script);
}

#[test]
fn an_early_probe_opens_the_door_and_never_lengthens_the_wait() {
    let policy = BreakerPolicy::api();
    let failing = "
        0s    no_probe fail fail fail fail fail   -> open
        5s    probe:a refused a=fail              -> open
        6s    probe:b probe:c b=ignored c=lose    -> open
        60s   no_probe ok                         -> half_open
    ";
    check(policy, failing);
    let succeeding = "
        0s    fail fail fail fail fail            -> open
        5s    probe:a probe:b a=ok                -> half_open
        5s    b=fail                              -> half_open
        5s    ok ok                               -> closed
    ";
    check(policy, succeeding);
    let one_is_enough = "
        0s    fail fail fail fail fail            -> open
        5s    probe:a a=ok                        -> closed
    ";
    check(growing(), one_is_enough);
}

#[test]
fn a_person_has_the_last_word() {
    let forced = "
        0s     force_open refused no_probe        -> forced_open
        9999s  refused                            -> forced_open
        9999s  reset fail fail fail fail          -> closed
    ";
    check(BreakerPolicy::api(), forced);
    let disabled = "
        0s     disable fail fail fail fail fail fail ok  -> disabled
        0s     ask:a force_open a=fail refused    -> forced_open
    ";
    check(BreakerPolicy::api(), disabled);
    let mut breaker = check(BreakerPolicy::api(), "0s disable fail fail fail fail fail");
    let closed = Transition {
        from: BreakerState::Disabled,
        to: BreakerState::Closed,
    };
    assert_eq!(breaker.reset(), Some(closed));
    assert_eq!(breaker.reset(), None);
}

#[test]
fn a_share_of_the_last_calls_opens_the_rate_model() {
    check(rate(), "0s fail fail -> closed\n 1s ok -> open");
    check(rate(), "0s ok ok fail ok -> closed\n 1s fail -> open");
    check(rate(), "0s fail ok ok ok ok fail ok ok fail -> open");
    check(rate(), "0s fail ok ok ok ok fail ok ok ok fail ok ok -> closed");
    check(rate(), "0s slow slow ok -> closed\n 1s slow -> open");
    check(
        rate(),
        "0s slow fail ok -> closed\n 1s ignored ignored fail -> open",
    );
}

#[test]
fn a_slow_call_is_a_failure_where_failures_are_counted_singly() {
    let policy = BreakerPolicy {
        slow_call: Some(SLOW),
        ..BreakerPolicy::api()
    };
    check(
        policy,
        "0s fail slow slow slow -> closed\n 1s slow -> open\n 61s ok ok slow -> open",
    );
}

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
