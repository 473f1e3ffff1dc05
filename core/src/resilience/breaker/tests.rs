//! Each script is a sequence of lines `<seconds>s <word>..`, with `-> <state>` to say what the state then is:
//!
//! - `ok`, `fail`, `slow`, `ignored`: a call is let through and ends so at once
//! - `ask:x`, then later `x=ok` and so on, or `x=cancel`, or `x=lose`: a call under way
//! - `refused`, `probe:x`, `no_probe`, `tick`, `force_open`, `disable`, `reset`

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;
use std::format;

use super::{Admission, Breaker, BreakerPolicy, BreakerState, CallOutcome, Permit, Transition, TripModel};
use crate::time::Instant;

mod half_open;
mod model;
mod told;

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
            "ok" => (CallOutcome::Success, SLOW), // the longest that is not slow
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
