//! The root machine that watches the house: from readings of how everything stands it tells what a person must hear of,
//! once, and how the whole is.
//!
//! `alert` are the words, `policy` the thresholds, `condition` is what keeps one alert from flapping. The monitor decides
//! nothing about money, and its owner sends what it says to logs, metrics and people.
//!
//! - **Hysteresis.** An alert is raised when its condition has held for a while, and resolved when it has been well clear
//!   of its threshold for a while.
//! - **Dedup.** Raised once, and repeated after hours if nobody has mended it.
//! - **Inhibition.** What follows from something worse is not told beside it: whoever hears that a chain has too few
//!   upstreams need not hear that its deposits wait. It is told if it outlasts what it followed from.
//!
//! The practice is Alertmanager's (`for`, `keep_firing_for`, `repeat_interval`, inhibition rules;
//! <https://prometheus.io/docs/alerting/latest/alertmanager/>), inside the process, so that it is simulated and tested.

mod alert;
mod condition;
mod policy;
mod reading;

use alloc::collections::BTreeMap;

pub use alert::{Alert, Level, News};
pub use policy::MonitorPolicy;
pub use reading::{ChainReading, Reading};

use condition::{Condition, Step};

use crate::bank::Status;
use crate::machine::{Deadline, Effects, Machine};
use crate::time::{Instant, WallClock};

/// What a monitor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time passed.
    Tick,
    /// How everything stands.
    Reading(Reading),
    /// The bank did not say how it stands.
    NoReading {
        /// Whether that is no wonder: nothing is told before its records are committed, and the journal does not take them.
        is_journal_failing: bool,
    },
    /// A transaction became a dead letter.
    DeadLettered,
}

impl Input {
    /// What a look at the bank at `wall` comes to: the status that it told in time, if it did, and what its driver says of
    /// the journal.
    #[must_use]
    pub fn looked(status: Option<&Status>, is_journal_failing: bool, wall: WallClock) -> Self {
        match status {
            None => Self::NoReading { is_journal_failing },
            Some(status) => Self::Reading(Reading {
                is_journal_failing,
                ..Reading::of(status, wall)
            }),
        }
    }
}

/// Watches the house.
#[derive(Debug, Clone)]
pub struct Monitor {
    policy: MonitorPolicy,
    /// Every condition that was ever met, with what it was like.
    conditions: BTreeMap<Alert, Condition>,
    level: Level,
    /// When the last dead letter came, until that is long ago.
    dead_lettered_at: Option<Instant>,
    heard_at: Option<Instant>,
}

impl Monitor {
    /// A monitor that has heard nothing yet, and holds everything to be well.
    ///
    /// # Panics
    /// When the policy fails its [`MonitorPolicy::check`].
    #[must_use]
    pub fn new(policy: MonitorPolicy) -> Self {
        assert_eq!(policy.check(), Ok(()), "a monitor's policy was not checked");
        Self {
            policy,
            conditions: BTreeMap::new(),
            level: Level::Healthy,
            dead_lettered_at: None,
            heard_at: None,
        }
    }

    /// How the whole is: the worst of what is raised.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Every alert whose condition was measured so far.
    pub fn known(&self) -> impl Iterator<Item = &Alert> {
        self.conditions.keys()
    }

    /// What is raised and not inhibited, with the instant since when its condition holds.
    pub fn raised(&self) -> impl Iterator<Item = (&Alert, Instant)> {
        let told = |(alert, condition): (_, &Condition)| Some((alert, condition.told_since()?));
        self.conditions.iter().filter_map(told)
    }

    fn read(&mut self, now: Instant, reading: &Reading) {
        let policy = self.policy;
        let mut note = |alert, value, limit| self.note(now, alert, value, limit);
        note(Alert::BankSilent, 0, 0);
        note(Alert::JournalFailing, u64::from(reading.is_journal_failing), 0);
        note(Alert::QueueDown, u64::from(reading.is_queue_down), 0);
        note(Alert::PendingMany, reading.pending, policy.pending_max);
        note(
            Alert::PendingOld,
            reading.oldest_pending.as_secs(),
            policy.oldest_pending_max.as_secs(),
        );
        note(
            Alert::DeadLettersMany,
            reading.dead_letters,
            policy.dead_letters_max,
        );
        note(
            Alert::DeadLetterOld,
            reading.oldest_dead_letter.as_secs(),
            policy.dead_letter_age_max.as_secs(),
        );
        for chain in &reading.chains {
            let down = chain.endpoints.saturating_sub(chain.endpoints_up);
            note(Alert::EndpointsDown(chain.chain), down, policy.endpoints_down_max);
            let missing = policy.providers_min.saturating_sub(chain.providers_up);
            note(Alert::UpstreamsFew(chain.chain), missing, 0);
            note(
                Alert::FinalityLags(chain.chain),
                chain.finality_lag,
                policy.finality_lag_max,
            );
            note(
                Alert::HistoryShort(chain.chain),
                chain.history_used,
                policy.history_used_max,
            );
            note(Alert::BooksDiffer(chain.chain), u64::from(chain.is_off), 0);
        }
        if reading.dead_letters == 0 {
            self.dead_lettered_at = None; // a person has dealt with all of them
        }
    }

    /// Takes in that the bank says nothing. While the journal fails it cannot, and the driver, which tells of that, is heard.
    fn miss(&mut self, now: Instant, is_journal_failing: bool) {
        self.note(now, Alert::JournalFailing, u64::from(is_journal_failing), 0);
        if is_journal_failing {
            self.heard_at = Some(now);
            self.note(now, Alert::BankSilent, 0, 0);
        }
    }

    /// Takes in what was measured for one alert: beyond `limit`, at it, or well within it.
    fn note(&mut self, now: Instant, alert: Alert, value: u64, limit: u64) {
        let condition = self.conditions.entry(alert).or_default();
        condition.measure(now, value, limit, self.policy.clear_percent);
    }

    /// What only time changes: whether anything was heard, and whether the last dead letter is news still.
    fn look_at_the_clock(&mut self, now: Instant) {
        let silence = self.heard_at.map(|at| now.since(at)).unwrap_or_default();
        if silence >= self.policy.silence_max {
            self.note(now, Alert::BankSilent, 1, 0);
        }
        let calm = self.policy.dead_letter_calm;
        self.dead_lettered_at = self.dead_lettered_at.filter(|at| now.since(*at) < calm);
        let is_news = self.dead_lettered_at.is_some();
        self.note(now, Alert::DeadLetterNew, u64::from(is_news), 0);
    }

    /// Raises, repeats and resolves what is due, the worst first, and tells of the level if it is another one.
    fn settle(&mut self, now: Instant, fx: &mut Effects<News>) {
        let held: alloc::vec::Vec<Alert> = self.holding(now).collect();
        let is_inhibited = |alert: &Alert| held.iter().any(|other| other.inhibits(alert));
        for (alert, condition) in &mut self.conditions {
            let step = condition.step(now, &self.policy.pace_of(alert), is_inhibited(alert));
            let (value, limit) = condition.measured();
            match step {
                Step::Nothing => {}
                Step::Raise { since } => fx.push(News::Raised {
                    alert: alert.clone(),
                    value,
                    limit,
                    since,
                }),
                Step::Repeat { since } => fx.push(News::Repeated {
                    alert: alert.clone(),
                    value,
                    limit,
                    since,
                }),
                Step::Resolve { lasted } => fx.push(News::Resolved {
                    alert: alert.clone(),
                    lasted,
                }),
            }
        }
        let level = self.raised().map(|(alert, _)| alert.level()).max();
        let level = level.unwrap_or(Level::Healthy);
        let before = core::mem::replace(&mut self.level, level);
        if level != before {
            fx.push(News::Level {
                from: before,
                to: level,
            });
        }
    }

    /// The alerts whose condition has held for long enough, inhibited or not.
    fn holding(&self, now: Instant) -> impl Iterator<Item = Alert> {
        let holds = move |(alert, condition): &(&Alert, &Condition)| {
            condition.holds(now, &self.policy.pace_of(alert))
        };
        self.conditions
            .iter()
            .filter(holds)
            .map(|(alert, _)| alert.clone())
    }
}

impl Machine for Monitor {
    type Input = Input;
    type Effect = News;

    fn handle(&mut self, now: Instant, input: Input, fx: &mut Effects<News>) {
        self.heard_at.get_or_insert(now);
        match input {
            Input::Tick => {}
            Input::Reading(reading) => {
                self.heard_at = Some(now);
                self.read(now, &reading);
            }
            Input::NoReading { is_journal_failing } => self.miss(now, is_journal_failing),
            Input::DeadLettered => self.dead_lettered_at = Some(now),
        }
        self.look_at_the_clock(now);
        self.settle(now, fx);
    }

    fn next_deadline(&self) -> Option<Deadline> {
        let silence = self.heard_at.map(|at| Deadline {
            at: at.after(self.policy.silence_max),
            why: "nothing was heard of the bank for long",
        });
        let is_raised = self
            .conditions
            .get(&Alert::BankSilent)
            .is_some_and(Condition::is_beyond);
        let calm = self.dead_lettered_at.map(|at| Deadline {
            at: at.after(self.policy.dead_letter_calm),
            why: "the last dead letter is no news any more",
        });
        let each = self.conditions.iter();
        each.map(|(alert, condition)| condition.next_deadline(&self.policy.pace_of(alert)))
            .chain([silence.filter(|_| !is_raised), calm])
            .fold(None, Deadline::earlier)
    }
}

#[cfg(test)]
mod tests;
