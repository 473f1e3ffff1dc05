//! What follows from the figures, by the published contract: when each alert is raised, repeated and resolved, which of them
//! drowns which, and how the whole is.
//!
//! The numbers are the contract's own, written down again: the monitor of a world has the settings that nobody changed.

use core::time::Duration;
use std::collections::BTreeMap;

use plimsoll_core::monitor::{Alert, ChainReading, Input, Level, News, Reading};
use plimsoll_core::time::Instant;

use super::super::broken;
use super::NAME;
use crate::world::observe::{Look, Violation};

/// How long what comes and goes must be wrong.
const RAISE: Duration = Duration::from_secs(15);
/// How long something must be well.
const CLEAR: Duration = Duration::from_secs(60);
const REPEAT: Duration = Duration::from_secs(4 * 3_600);
/// The longest without a word of the bank.
const SILENCE: Duration = Duration::from_secs(10);
/// For how long a dead letter is news.
const NEWS: Duration = Duration::from_secs(15 * 60);

/// One alert, as this life of the process must see it.
#[derive(Debug, Clone, Default)]
struct Case {
    wrong_since: Option<Instant>,
    well_since: Option<Instant>,
    /// When it was told last, if it is raised.
    told_at: Option<Instant>,
}

/// Every alert of one life of the process.
#[derive(Debug, Default)]
pub(super) struct Rules {
    cases: BTreeMap<Alert, Case>,
    heard_at: Option<Instant>,
    died_at: Option<Instant>,
}

impl Rules {
    /// Whether `is` fits something that is raised.
    pub(super) fn is_raised(&self, is: impl Fn(&Alert) -> bool) -> bool {
        self.cases
            .iter()
            .any(|(alert, case)| case.told_at.is_some() && is(alert))
    }

    /// Takes a look in, and holds what was told against what should be.
    pub(super) fn judge(&mut self, now: Instant, look: &Look<'_>) -> Result<(), Violation> {
        self.heard_at.get_or_insert(now);
        match look.input {
            Input::Tick => {}
            Input::DeadLettered => self.died_at = Some(now),
            Input::Reading(reading) => self.read(now, reading),
            Input::NoReading { is_journal_failing } => {
                self.measure(now, &Alert::JournalFailing, u64::from(*is_journal_failing), 0);
                if *is_journal_failing {
                    self.heard_at = Some(now);
                    self.measure(now, &Alert::BankSilent, 0, 0);
                }
            }
        }
        if self.heard_at.is_some_and(|at| now.since(at) >= SILENCE) {
            self.measure(now, &Alert::BankSilent, 1, 0);
        }
        let is_news = self.died_at.is_some_and(|at| now.since(at) < NEWS);
        self.measure(now, &Alert::DeadLetterNew, u64::from(is_news), 0);
        let expected = self.settle(now);
        compare(&expected, look.news)?;
        let level = self.cases.iter().filter(|(_, case)| case.told_at.is_some());
        let level = level
            .map(|(alert, _)| level_of(alert))
            .max()
            .unwrap_or(Level::Healthy);
        if look.monitor.level() != level {
            let detail = format!("{level:?}, and the monitor says {:?}", look.monitor.level());
            return Err(broken(NAME, "level", detail));
        }
        Ok(())
    }

    fn read(&mut self, now: Instant, reading: &Reading) {
        self.heard_at = Some(now);
        let hours = |hours: u64| hours * 3_600;
        for (alert, value, limit) in [
            (Alert::BankSilent, 0, 0),
            (Alert::JournalFailing, u64::from(reading.is_journal_failing), 0),
            (Alert::QueueDown, u64::from(reading.is_queue_down), 0),
            (Alert::PendingMany, reading.pending, 10),
            (Alert::PendingOld, reading.oldest_pending.as_secs(), 60),
            (Alert::DeadLettersMany, reading.dead_letters, 10),
            (
                Alert::DeadLetterOld,
                reading.oldest_dead_letter.as_secs(),
                hours(24),
            ),
        ] {
            self.measure(now, &alert, value, limit);
        }
        for ChainReading {
            chain,
            endpoints,
            endpoints_up,
            providers_up,
            finality_lag,
            history_used,
            is_off,
        } in reading.chains.iter().copied()
        {
            self.measure(now, &Alert::EndpointsDown(chain), endpoints - endpoints_up, 0);
            self.measure(now, &Alert::UpstreamsFew(chain), u64::from(providers_up < 2), 0);
            self.measure(now, &Alert::FinalityLags(chain), finality_lag, 20);
            self.measure(now, &Alert::HistoryShort(chain), history_used, 50);
            self.measure(now, &Alert::BooksDiffer(chain), u64::from(is_off), 0);
        }
        if reading.dead_letters == 0 {
            self.died_at = None;
        }
    }

    /// Above the limit is wrong; at four fifths of it and below is well.
    fn measure(&mut self, now: Instant, alert: &Alert, value: u64, limit: u64) {
        let case = match self.cases.get_mut(alert) {
            Some(case) => case,
            None => self.cases.entry(alert.clone()).or_default(),
        };
        if value > limit {
            case.wrong_since.get_or_insert(now);
            case.well_since = None;
        } else if case.told_at.is_none() {
            case.wrong_since = None;
        } else if value * 5 <= limit * 4 {
            case.well_since.get_or_insert(now);
        } else {
            case.well_since = None;
        }
    }

    /// What must be told now, by kind and alert, and is taken for told.
    fn settle(&mut self, now: Instant) -> Vec<(&'static str, Alert)> {
        let mut expected = Vec::new();
        if self.cases.values().all(|case| case.wrong_since.is_none()) {
            return expected;
        }
        for (alert, case) in &mut self.cases {
            if case.well_since.is_some_and(|at| now.since(at) >= CLEAR) {
                *case = Case::default();
                expected.push(("resolved", alert.clone()));
            }
        }
        let holds = |(alert, case): &(&Alert, &Case)| {
            case.wrong_since
                .is_some_and(|at| now.since(at) >= raise_after(alert))
        };
        let holding: Vec<Alert> = self
            .cases
            .iter()
            .filter(holds)
            .map(|(one, _)| one.clone())
            .collect();
        for alert in &holding {
            let Some(case) = self.cases.get_mut(alert) else {
                continue;
            };
            let is_drowned = holding.iter().any(|other| drowns(other, alert));
            let is_due = case.told_at.is_some_and(|at| now.since(at) >= REPEAT);
            let what = match case.told_at {
                _ if is_drowned => continue,
                None => "raised",
                Some(_) if is_due && case.well_since.is_none() => "repeated",
                Some(_) => continue,
            };
            case.told_at = Some(now);
            expected.push((what, alert.clone()));
        }
        expected
    }
}

/// Holds what was told against what should be.
fn compare(expected: &[(&'static str, Alert)], news: &[News]) -> Result<(), Violation> {
    let told: Vec<(&'static str, &Alert)> = news.iter().filter_map(words).collect();
    if told.is_empty() && expected.is_empty() {
        return Ok(());
    }
    for (what, alert) in expected {
        if !told.contains(&(what, alert)) {
            let invariant = match *what {
                "raised" => "raised_in_time",
                "resolved" => "resolved_in_time",
                _ => "repeated_in_time",
            };
            return Err(broken(NAME, invariant, format!("{alert} was not {what}")));
        }
    }
    for (what, alert) in &told {
        let is_expected = |(should, of): &(&str, Alert)| should == what && of == *alert;
        if expected.iter().filter(|one| is_expected(one)).count() != 1 {
            return Err(broken(NAME, "told_for_nothing", format!("{alert} was {what}")));
        }
    }
    if told.len() == expected.len() {
        return Ok(());
    }
    Err(broken(NAME, "told_once", format!("{told:?}")))
}

const fn words(news: &News) -> Option<(&'static str, &Alert)> {
    match news {
        News::Raised { alert, .. } => Some(("raised", alert)),
        News::Repeated { alert, .. } => Some(("repeated", alert)),
        News::Resolved { alert, .. } => Some(("resolved", alert)),
        News::Level { .. } => None,
    }
}

/// What is told only if it outlasts `cause`.
fn drowns(cause: &Alert, other: &Alert) -> bool {
    let waits = matches!(other, Alert::PendingOld | Alert::PendingMany);
    match cause {
        Alert::BankSilent => *other != Alert::BankSilent,
        Alert::JournalFailing | Alert::FinalityLags(_) => waits,
        Alert::UpstreamsFew(chain) => {
            waits || *other == Alert::EndpointsDown(*chain) || *other == Alert::FinalityLags(*chain)
        }
        Alert::PendingOld => *other == Alert::PendingMany,
        Alert::DeadLettersMany => *other == Alert::DeadLetterNew,
        Alert::BooksDiffer(_)
        | Alert::HistoryShort(_)
        | Alert::DeadLetterOld
        | Alert::QueueDown
        | Alert::PendingMany
        | Alert::EndpointsDown(_)
        | Alert::DeadLetterNew => false,
    }
}

/// What is counted over time, or certain when it is seen, is raised at once.
const fn raise_after(alert: &Alert) -> Duration {
    match alert {
        Alert::BankSilent
        | Alert::BooksDiffer(_)
        | Alert::DeadLetterOld
        | Alert::DeadLettersMany
        | Alert::PendingOld
        | Alert::DeadLetterNew => Duration::ZERO,
        Alert::JournalFailing
        | Alert::UpstreamsFew(_)
        | Alert::HistoryShort(_)
        | Alert::QueueDown
        | Alert::FinalityLags(_)
        | Alert::PendingMany
        | Alert::EndpointsDown(_) => RAISE,
    }
}

const fn level_of(alert: &Alert) -> Level {
    match alert {
        Alert::BankSilent
        | Alert::JournalFailing
        | Alert::UpstreamsFew(_)
        | Alert::BooksDiffer(_)
        | Alert::HistoryShort(_)
        | Alert::DeadLetterOld => Level::Critical,
        Alert::DeadLettersMany | Alert::QueueDown | Alert::FinalityLags(_) | Alert::PendingOld => {
            Level::Degraded
        }
        Alert::PendingMany | Alert::EndpointsDown(_) | Alert::DeadLetterNew => Level::Warning,
    }
}
