//! [`Condition`]: whether one thing is wrong, steadily enough to be told.

use core::time::Duration;

use crate::machine::Deadline;
use crate::time::Instant;

/// How steady is steady enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// For how long it must be wrong before it is raised.
    pub(super) raise_after: Duration,
    /// For how long it must be well before it is resolved.
    pub(super) clear_after: Duration,
    /// How often it is told again.
    pub(super) repeat_after: Duration,
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Raise { since: Instant },
    Repeat { since: Instant },
    Resolve { lasted: Duration },
}

/// One condition. `beyond_since` and `clear_since` are never both there: between the threshold and where it is well clear of
/// it, it stays what it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    value: u64,
    limit: u64,
    /// Since when it is wrong. Kept while it is not well for long enough.
    beyond_since: Option<Instant>,
    /// Since when it is well again.
    clear_since: Option<Instant>,
    /// When it was told last, if it is told and not resolved.
    told_at: Option<Instant>,
    /// Whether it follows from something worse.
    is_inhibited: bool,
}

impl Condition {
    /// Takes in a measurement: wrong beyond `limit`, well at `clear_percent` of it and below.
    pub(super) fn measure(&mut self, now: Instant, value: u64, limit: u64, clear_percent: u8) {
        (self.value, self.limit) = (value, limit);
        let clear = u128::from(limit) * u128::from(clear_percent) / 100;
        if value > limit {
            self.beyond_since.get_or_insert(now);
            self.clear_since = None;
        } else if self.told_at.is_none() {
            self.beyond_since = None; // it was a moment, and nobody was told
        } else if u128::from(value) <= clear {
            self.clear_since.get_or_insert(now);
        } else {
            self.clear_since = None;
        }
    }

    /// What was measured last, and the limit then.
    pub(super) const fn measured(&self) -> (u64, u64) {
        (self.value, self.limit)
    }

    /// Whether it is wrong at all.
    pub(super) const fn is_beyond(&self) -> bool {
        self.beyond_since.is_some() && self.clear_since.is_none()
    }

    /// Since when it is wrong, if that was told.
    pub(super) fn told_since(&self) -> Option<Instant> {
        self.told_at.and(self.beyond_since)
    }

    /// Whether it has been wrong for long enough to be told.
    pub(super) fn holds(&self, now: Instant, pace: &Pace) -> bool {
        let is_old = |since: Instant| now.since(since) >= pace.raise_after;
        self.beyond_since.is_some_and(is_old) && !self.has_cleared(now, pace)
    }

    fn has_cleared(&self, now: Instant, pace: &Pace) -> bool {
        self.clear_since
            .is_some_and(|since| now.since(since) >= pace.clear_after)
    }

    /// What is to be told at `now`. What is inhibited is neither raised nor repeated; what was told is resolved all the same.
    pub(super) fn step(&mut self, now: Instant, pace: &Pace, is_inhibited: bool) -> Step {
        self.is_inhibited = is_inhibited;
        let Some(since) = self.beyond_since else {
            return Step::Nothing;
        };
        if self.has_cleared(now, pace) {
            (self.beyond_since, self.clear_since) = (None, None);
            let was_told = self.told_at.take().is_some();
            assert!(was_told, "what was never told cannot be resolved");
            return Step::Resolve {
                lasted: now.since(since),
            };
        }
        if is_inhibited || !self.holds(now, pace) {
            return Step::Nothing;
        }
        match self.told_at {
            None => {
                self.told_at = Some(now);
                Step::Raise { since }
            }
            Some(last) if now.since(last) >= pace.repeat_after && self.clear_since.is_none() => {
                self.told_at = Some(now);
                Step::Repeat { since }
            }
            Some(_) => Step::Nothing,
        }
    }

    /// When time alone changes what is to be told. What is inhibited waits for what inhibits it.
    pub(super) fn next_deadline(&self, pace: &Pace) -> Option<Deadline> {
        let since = self.beyond_since?;
        let due = |at: Instant, why| Some(Deadline { at, why });
        match (self.clear_since, self.told_at) {
            (Some(clear), _) => due(clear.after(pace.clear_after), "an alert resolves"),
            (None, _) if self.is_inhibited => None,
            (None, Some(told)) => due(told.after(pace.repeat_after), "an alert is repeated"),
            (None, None) => due(since.after(pace.raise_after), "an alert is raised"),
        }
    }
}
