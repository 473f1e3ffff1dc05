mod property;

use alloc::vec::Vec;
use core::time::Duration;
use std::borrow::ToOwned as _;
use std::format;
use std::string::String;
use std::vec;

use super::*;
use crate::id::ChainId;
use crate::resilience::BreakerState;

const BSC: ChainId = ChainId::new(56);

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

/// One chain with seven endpoints of four providers, all up, and nothing to do.
fn well() -> Reading {
    Reading {
        chains: vec![ChainReading {
            chain: BSC,
            endpoints: 7,
            endpoints_up: 7,
            providers_up: 4,
            finality_lag: 3,
            history_used: 0,
            is_off: false,
        }],
        ..Reading::default()
    }
}

fn pending(pending: u64) -> Reading {
    Reading { pending, ..well() }
}

fn up(endpoints_up: u64, providers_up: u64) -> Reading {
    let mut reading = well();
    reading.chains[0].endpoints_up = endpoints_up;
    reading.chains[0].providers_up = providers_up;
    reading
}

fn lags(finality_lag: u64, history_used: u64) -> Reading {
    let mut reading = well();
    reading.chains[0].finality_lag = finality_lag;
    reading.chains[0].history_used = history_used;
    reading
}

/// A monitor that is read each second.
struct Script {
    monitor: Monitor,
    now: u64,
}

impl Script {
    fn new() -> Self {
        Self {
            monitor: Monitor::new(MonitorPolicy::default()),
            now: 0,
        }
    }

    fn hear(&mut self, input: Input) -> Vec<String> {
        let mut fx = Effects::new();
        self.monitor.handle(at(self.now), input, &mut fx);
        let tell = |news| {
            let what = match news {
                News::Raised {
                    alert, value, limit, ..
                } => format!("{alert}: {value} of {limit}"),
                News::Repeated { alert, .. } => format!("{alert}, still"),
                News::Resolved { alert, lasted } => format!("{alert} is over after {} s", lasted.as_secs()),
                News::Level { from, to } => format!("{} -> {}", from.code(), to.code()),
            };
            format!("{} s: {what}", self.now)
        };
        fx.drain().map(tell).collect()
    }

    /// The news of `seconds` in which everything stands like `reading`.
    fn stands(&mut self, reading: &Reading, seconds: u64) -> Vec<String> {
        let second = |_| {
            let news = self.hear(Input::Reading(reading.clone()));
            self.now += 1;
            news
        };
        (0..seconds).flat_map(second).collect()
    }
}

#[test]
fn a_threshold_is_crossed_for_a_while_and_left_well_behind() {
    let mut script = Script::new();
    assert!(script.stands(&pending(10), 100).is_empty(), "ten is borne");
    assert!(script.stands(&pending(11), 15).is_empty(), "a moment is borne");
    assert!(script.stands(&pending(10), 1).is_empty());
    assert_eq!(
        script.stands(&pending(40), 100),
        ["131 s: pending_many: 40 of 10", "131 s: healthy -> warning"]
    );
    assert!(
        script.stands(&pending(9), 1_000).is_empty(),
        "nine is not well clear of ten"
    );
    assert!(script.stands(&pending(8), 59).is_empty());
    assert!(script.stands(&pending(9), 1).is_empty());
    assert_eq!(
        script.stands(&pending(8), 100),
        [
            "1336 s: pending_many is over after 1220 s",
            "1336 s: warning -> healthy"
        ]
    );
}

/// Each alert alone, from the reading that means it.
#[test]
fn every_threshold_has_its_alert() {
    let seconds = Duration::from_secs;
    let day = 24 * 60 * 60;
    for (reading, expected) in [
        (pending(11), "pending_many: 11 of 10, warning"),
        (
            Reading {
                oldest_pending: seconds(61),
                ..pending(1)
            },
            "pending_old: 61 of 60, degraded",
        ),
        (
            {
                let mut reading = well();
                reading.chains[0].is_off = true;
                reading
            },
            "books_differ on eip155:56: 1 of 0, critical",
        ),
        (
            Reading {
                dead_letters: 11,
                ..well()
            },
            "dead_letters_many: 11 of 10, degraded",
        ),
        (
            Reading {
                oldest_dead_letter: seconds(day + 1),
                ..well()
            },
            "dead_letter_old: 86401 of 86400, critical",
        ),
        (
            Reading {
                is_journal_failing: true,
                ..well()
            },
            "journal_failing: 1 of 0, critical",
        ),
        (
            Reading {
                is_queue_down: true,
                ..well()
            },
            "queue_down: 1 of 0, degraded",
        ),
        (lags(21, 0), "finality_lags on eip155:56: 21 of 20, degraded"),
        (lags(3, 51), "history_short on eip155:56: 51 of 50, critical"),
        (up(6, 4), "endpoints_down on eip155:56: 1 of 0, warning"),
        (up(1, 1), "upstreams_few on eip155:56: 1 of 0, critical"),
    ] {
        let mut script = Script::new();
        let news = script.stands(&reading, 30);
        let [raised, level] = news.as_slice() else {
            panic!("{expected}: {news:?}")
        };
        let told = |text: &str| text.split_once(" s: ").map(|(_, text)| text.to_owned()).unwrap();
        let level = told(level).trim_start_matches("healthy -> ").to_owned();
        assert_eq!(format!("{}, {level}", told(raised)), expected);
        assert_eq!(script.monitor.level().code(), level);
    }
}

#[test]
fn what_follows_from_something_worse_is_told_only_if_it_outlasts_it() {
    let mut script = Script::new();
    let starved = Reading {
        pending: 50,
        oldest_pending: Duration::from_secs(300),
        ..up(1, 1)
    };
    // One alert, though five conditions hold: what waits does so for want of upstreams.
    let news = script.stands(&starved, 60);
    let alone = news.iter().filter(|text| text.contains("on eip155:56")).count();
    assert_eq!(
        (news.last().map(String::as_str), alone),
        (Some("15 s: degraded -> critical"), 1),
        "{news:?}"
    );
    let waiting = Reading {
        pending: 50,
        oldest_pending: Duration::from_secs(300),
        ..well()
    };
    let news = script.stands(&waiting, 61);
    assert!(
        news.iter()
            .any(|text| text.contains("upstreams_few on eip155:56 is over")),
        "{news:?}"
    );
    assert_eq!(script.monitor.level(), Level::Degraded);
    let raised: Vec<_> = script.monitor.raised().map(|(alert, _)| alert.code()).collect();
    assert_eq!(
        raised,
        ["pending_old"],
        "that many wait follows from that one waits for long"
    );
}

#[test]
fn a_new_dead_letter_is_news_until_a_person_has_seen_to_it() {
    let mut script = Script::new();
    let one = Reading {
        dead_letters: 1,
        ..well()
    };
    assert_eq!(
        script.hear(Input::DeadLettered),
        ["0 s: dead_letter_new: 1 of 0", "0 s: healthy -> warning"]
    );
    assert!(script.hear(Input::DeadLettered).is_empty(), "told once");
    assert!(script.stands(&one, 300).is_empty());
    assert_eq!(
        script.stands(&well(), 100),
        [
            "360 s: dead_letter_new is over after 360 s",
            "360 s: warning -> healthy"
        ]
    );
    // Or until that is long ago.
    script.hear(Input::DeadLettered);
    let news = script.stands(&one, 3_600);
    assert_eq!(news.len(), 2, "{news:?}");
}

#[test]
fn silence_is_told_by_the_clock_and_drowns_the_rest() {
    let mut script = Script::new();
    assert!(script.stands(&well(), 1).is_empty());
    let due = script.monitor.next_deadline().unwrap();
    assert_eq!(
        (due.at, due.why),
        (at(10), "nothing was heard of the bank for long")
    );
    script.now = 10;
    assert_eq!(
        script.hear(Input::Tick),
        ["10 s: bank_silent: 1 of 0", "10 s: healthy -> critical"]
    );
    assert!(script.hear(Input::DeadLettered).is_empty(), "one thing at a time");
    let is_journal_failing = false;
    assert!(script.hear(Input::NoReading { is_journal_failing }).is_empty());
}

/// Nothing is told before its records are committed: while the journal fails there is no reading, and a person must hear
/// of the journal.
#[test]
fn a_bank_that_waits_for_its_journal_is_not_silent() {
    let mut script = Script::new();
    assert!(script.stands(&well(), 1).is_empty());
    let mut hear = |is_journal_failing, seconds: u64| -> Vec<String> {
        let second = |_| {
            let news = script.hear(Input::NoReading { is_journal_failing });
            script.now += 1;
            news
        };
        (0..seconds).flat_map(second).collect()
    };
    assert_eq!(
        hear(true, 60),
        ["16 s: journal_failing: 1 of 0", "16 s: healthy -> critical"]
    );
    assert!(hear(false, 9).is_empty(), "a moment without a word is borne");
    assert_eq!(hear(false, 1), ["70 s: bank_silent: 1 of 0"]);
}

/// Half-open is no proof that a lane is back.
#[test]
fn a_queue_is_down_until_a_call_succeeds() {
    let mut status = Status {
        users: 0,
        transactions: 0,
        stages: Vec::new(),
        open: 0,
        oldest_open: None,
        dead_letters: 0,
        oldest_dead_letter: None,
        is_draining: false,
        replay: None,
        refunds_pending: 0,
        oldest_refund: None,
        immediate: None,
        chains: Vec::new(),
    };
    for (immediate, is_down) in [
        (None, false),
        (Some(BreakerState::Closed), false),
        (Some(BreakerState::Open), true),
        (Some(BreakerState::HalfOpen), true),
    ] {
        status.immediate = immediate;
        let reading = Reading::of(&status, WallClock::from_micros(0));
        assert_eq!(reading.is_queue_down, is_down, "{immediate:?}");
    }
}

#[test]
fn what_nobody_mends_is_told_again() {
    let mut script = Script::new();
    let news = script.stands(&up(1, 1), 9 * 60 * 60);
    let hours = 4 * 60 * 60;
    let again = [1, 2].map(|nth| format!("{} s: upstreams_few on eip155:56, still", 15 + nth * hours));
    assert_eq!(news[2..], again);
}

#[test]
fn policies_say_what_they_cannot_do() {
    let zero = Duration::ZERO;
    let edit = |edit: fn(&mut MonitorPolicy, Duration)| {
        let mut policy = MonitorPolicy::default();
        edit(&mut policy, zero);
        policy.check().err().map(|error| error.setting)
    };
    assert_eq!(MonitorPolicy::default().check(), Ok(()));
    assert_eq!(
        edit(|policy, zero| policy.dead_letter_calm = zero),
        Some("dead_letter_calm")
    );
    assert_eq!(
        edit(|policy, zero| policy.silence_max = zero),
        Some("silence_max")
    );
    assert_eq!(
        edit(|policy, zero| policy.repeat_after = zero),
        Some("repeat_after")
    );
    assert_eq!(edit(|policy, _| policy.providers_min = 0), Some("providers_min"));
    assert_eq!(edit(|policy, _| policy.clear_percent = 0), Some("clear_percent"));
    assert_eq!(
        edit(|policy, _| policy.clear_percent = 101),
        Some("clear_percent")
    );
}
