use core::time::Duration;

use plimsoll_core::bank::{Act, Notice};
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::monitor::{Alert, ChainReading, Input, Monitor, MonitorPolicy, News, Reading};
use plimsoll_core::resilience::BreakerState;
use plimsoll_core::time::Instant;

use super::Alerts;
use crate::fault::{ChainFault, EndpointFault, Fault, StoreFault};
use crate::oracle::testing::{CHAIN, WALL, act, bank, claimed, input, judge_records};
use crate::world::observe::{Look, Observation, Oracle};
use crate::world::plan::Plan;

/// What becomes of the news before the oracle sees it.
type Twist = fn(Vec<News>) -> Vec<News>;

/// An oracle, and a monitor whose news may be falsified.
struct Script {
    oracle: Alerts,
    monitor: Monitor,
}

/// So long after a moment that is later than the beginning.
fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(100) + Duration::from_secs(seconds))
}

fn pending(pending: u64) -> Input {
    Input::Reading(Reading {
        pending,
        ..Reading::default()
    })
}

/// The seven endpoints of four providers of a calm world, so many up, and its finality.
fn chain(endpoints_up: u64, finality_lag: u64) -> Input {
    Input::Reading(Reading {
        chains: vec![ChainReading {
            chain: CHAIN,
            endpoints: 7,
            endpoints_up,
            providers_up: 4,
            finality_lag,
            history_used: 0,
            is_off: false,
        }],
        ..Reading::default()
    })
}

const fn silence(is_journal_failing: bool) -> Input {
    Input::NoReading { is_journal_failing }
}

impl Script {
    fn new() -> Self {
        Self {
            oracle: Alerts::new(&Plan::calm("test", 1)),
            monitor: Monitor::new(MonitorPolicy::default()),
        }
    }

    fn observe(&mut self, seconds: u64, seen: &Observation<'_>) -> &'static str {
        match self.oracle.observe(at(seconds), seen) {
            Ok(()) => "fine",
            Err(violation) => violation.invariant,
        }
    }

    fn fault(&mut self, seconds: u64, fault: Fault) {
        let is_over = false;
        let begun = Observation::Fault {
            fault: &fault,
            is_over,
        };
        assert_eq!(self.observe(seconds, &begun), "fine");
    }

    /// A look whose answer came at once, or came late, so that its figures are not held against the records.
    fn look(&mut self, seconds: u64, input: &Input, is_late: bool, twist: Twist) -> &'static str {
        let mut fx = Effects::new();
        self.monitor.handle(at(seconds), input.clone(), &mut fx);
        let news = twist(fx.drain().collect());
        let asked_at = if is_late { Instant::ZERO } else { at(seconds) };
        let monitor = self.monitor.clone();
        let look = Look {
            asked_at,
            wall: WALL,
            input,
            news: &news,
            monitor: &monitor,
        };
        self.observe(seconds, &Observation::Looked(look))
    }

    /// Looks each second, from the first to the last of `span`, and says the first complaint.
    fn looks(&mut self, span: core::ops::RangeInclusive<u64>, input: &Input, twist: Twist) -> &'static str {
        span.map(|second| self.look(second, input, true, twist))
            .find(|said| *said != "fine")
            .unwrap_or("fine")
    }
}

fn as_it_is(news: Vec<News>) -> Vec<News> {
    news
}

fn nothing(_: Vec<News>) -> Vec<News> {
    Vec::new()
}

fn twice(news: Vec<News>) -> Vec<News> {
    news.iter().chain(&news).cloned().collect()
}

fn false_alarm(_: Vec<News>) -> Vec<News> {
    vec![News::Raised {
        alert: Alert::PendingMany,
        value: 10,
        limit: 10,
        since: Instant::ZERO,
    }]
}

#[test]
fn what_should_be_told_is_told_once_and_nothing_else() {
    for (before, now, twist, expected) in [
        (0, pending(11), as_it_is as Twist, "fine"),
        (14, pending(11), as_it_is, "fine"),
        (14, pending(11), nothing, "raised_in_time"),
        (14, pending(11), twice, "told_once"),
        (13, pending(11), false_alarm, "told_for_nothing"),
        (14, pending(10), false_alarm, "told_for_nothing"),
    ] {
        let mut script = Script::new();
        if before > 0 {
            assert_eq!(script.looks(0..=before, &pending(11), as_it_is), "fine");
        }
        let said = script.look(before + 1, &now, true, twist);
        assert_eq!(said, expected, "{now:?} after {before} s");
    }
}

#[test]
fn what_is_over_is_told_a_minute_later() {
    for (seconds, well, twist, expected) in [
        (59, 8, as_it_is as Twist, "fine"),
        (60, 8, as_it_is, "fine"),
        (60, 8, nothing, "resolved_in_time"),
        (60, 9, as_it_is, "fine"),
    ] {
        let mut script = Script::new();
        assert_eq!(script.looks(0..=20, &pending(11), as_it_is), "fine");
        assert_eq!(script.looks(21..=20 + seconds, &pending(well), as_it_is), "fine");
        assert_eq!(script.look(21 + seconds, &pending(well), true, twist), expected);
    }
}

#[test]
fn the_whole_is_as_bad_as_the_worst() {
    let mut script = Script::new();
    assert_eq!(script.looks(0..=14, &pending(11), as_it_is), "fine");
    let other = Monitor::new(MonitorPolicy::default());
    let input = pending(11);
    let mut fx = Effects::new();
    script.monitor.handle(at(15), input.clone(), &mut fx);
    let look = Look {
        asked_at: Instant::ZERO,
        wall: WALL,
        input: &input,
        news: fx.as_slice(),
        monitor: &other,
    };
    assert_eq!(script.observe(15, &Observation::Looked(look)), "level");
}

#[test]
fn a_process_that_begins_anew_has_told_nothing() {
    let mut script = Script::new();
    assert_eq!(script.looks(0..=20, &pending(11), as_it_is), "fine");
    let durable = plimsoll_core::journal::Head::default();
    let bank = bank(&[]);
    let restarted = Observation::Restarted {
        bank: &bank,
        durable: &durable,
    };
    assert_eq!(script.observe(21, &restarted), "fine");
    script.monitor = Monitor::new(MonitorPolicy::default());
    assert_eq!(script.looks(21..=35, &pending(11), as_it_is), "fine");
    assert_eq!(script.look(36, &pending(11), true, nothing), "raised_in_time");
}

#[test]
fn a_status_says_what_the_records_say() {
    let mut script = Script::new();
    assert_eq!(script.look(0, &pending(0), false, as_it_is), "fine");
    assert_eq!(script.look(1, &pending(1), false, as_it_is), "false_figures");
    let said = judge_records(&mut script.oracle, &bank(&[]), &[claimed(1)]);
    assert_eq!(said, "fine");
    assert_eq!(script.look(2, &pending(1), false, as_it_is), "fine");
    assert_eq!(script.look(3, &pending(0), false, as_it_is), "false_figures");
    assert_eq!(
        script.look(4, &pending(0), true, as_it_is),
        "fine",
        "it is an old one"
    );
}

#[test]
fn a_lane_is_down_from_when_that_is_told() {
    let mut script = Script::new();
    let down = Input::Reading(Reading {
        is_queue_down: true,
        ..Reading::default()
    });
    assert_eq!(script.look(0, &down, false, as_it_is), "false_figures");
    let (from, to) = (BreakerState::Closed, BreakerState::Open);
    let bank = bank(&[]);
    let handled = Observation::Handled {
        input: &input(plimsoll_core::bank::Event::Tick),
        effects: &[act(Act::Notice(Notice::Lane { from, to }))],
        bank: &bank,
    };
    assert_eq!(script.observe(1, &handled), "fine");
    assert_eq!(script.look(1, &down, false, as_it_is), "fine");
    assert_eq!(script.look(2, &pending(0), false, as_it_is), "false_figures");
}

#[test]
fn what_nothing_ever_disturbed_is_well() {
    let failing = Input::Reading(Reading {
        is_journal_failing: true,
        ..Reading::default()
    });
    for (second, input, expected) in [
        (5, chain(6, 3), "fine"),
        (20, chain(7, 3), "fine"),
        (20, chain(6, 3), "without_cause"),
        (20, chain(7, 40), "false_figures"),
        (20, failing, "without_cause"),
        (20, silence(false), "without_cause"),
    ] {
        let said = Script::new().look(second, &input, true, as_it_is);
        assert_eq!(said, expected, "{input:?} at {second} s");
    }
}

#[test]
fn what_surely_is_broken_is_seen() {
    let store = |fault| Fault::Store { fault, percent: 100 };
    let dead = Fault::Endpoint {
        endpoint: 1,
        fault: EndpointFault::Dead,
        percent: 100,
    };
    let stall = Fault::Chain {
        fault: ChainFault::FinalityStall,
    };
    for (fault, second, input, expected) in [
        (store(StoreFault::Unavailable), 10, silence(false), "fine"),
        (store(StoreFault::Unavailable), 20, silence(false), "unseen"),
        (store(StoreFault::Unavailable), 20, silence(true), "fine"),
        (dead.clone(), 59, chain(7, 3), "fine"),
        (dead.clone(), 60, chain(7, 3), "unseen"),
        (dead, 30, chain(6, 3), "fine"),
        (stall.clone(), 60, chain(7, 3), "false_figures"),
        (stall, 60, chain(7, 136), "fine"),
    ] {
        let mut script = Script::new();
        script.fault(0, fault.clone());
        let said = script.look(second, &input, true, as_it_is);
        assert_eq!(said, expected, "{fault:?}: {input:?} at {second} s");
    }
}
