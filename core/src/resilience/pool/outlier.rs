//! [`Outlier`]: when an endpoint that fails far more often than the others is rested, for how long, and how it comes back.
//!
//! A breaker opens when several calls in a row fail. An endpoint that answers every second call never opens it, and costs
//! every second caller an attempt all the same: such a one is ejected. Each ejection in a row is longer than the one
//! before, and a time of good behaviour as long as the shortest forgives one of them. Who comes back, from an ejection or an
//! open breaker, starts slowly: it is taken to cost several times what it does, less and less so, so that a crowd does not
//! fall upon it at once. The practice is Envoy's (outlier detection, slow start).

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::policy::PoolPolicy;
use crate::time::Instant;

/// So many results say whether an endpoint is an outlier: many more than failures open a breaker, which comes first.
const RESULTS: u32 = 16;
/// What an endpoint that has just come back is taken to cost, in what it does.
const SLOW_START_FACTOR: u64 = 8;

/// One endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Outlier {
    /// Results that were not judged yet, and how many of them were failures.
    results: u32,
    failures: u32,
    /// Ejections in a row that are not forgiven.
    ejections: u32,
    /// When it comes back, or came back last.
    back_at: Option<Instant>,
}

impl Outlier {
    /// Takes in a result. Now and then, when there are enough of them to judge: how many failed, in thousandths.
    pub(super) const fn on_result(&mut self, has_failed: bool) -> Option<u64> {
        self.results += 1;
        self.failures += has_failed as u32;
        if self.results < RESULTS {
            return None;
        }
        let failed = self.failures as u64 * 1_000 / RESULTS as u64;
        self.results = 0;
        self.failures = 0;
        Some(failed)
    }

    /// Rests it: for the shortest time, and once more of that for each ejection before that is not forgiven.
    pub(super) fn eject(&mut self, now: Instant, policy: &PoolPolicy) {
        let behaved = self.back_at.map(|back_at| now.since(back_at)).unwrap_or_default();
        let forgiven = behaved.as_nanos() / policy.eject_for.as_nanos();
        self.ejections = self
            .ejections
            .saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
            .saturating_add(1);
        let times = self.ejections.min(policy.eject_times_max.into());
        self.back_at = Some(now.after(policy.eject_for.saturating_mul(times)));
        self.results = 0;
        self.failures = 0;
    }

    /// It comes back from something else than an ejection.
    pub(super) fn come_back(&mut self, now: Instant) {
        if !self.is_ejected(now) {
            self.back_at = Some(now);
        }
    }

    /// Whether it rests.
    pub(super) fn is_ejected(&self, now: Instant) -> bool {
        self.back_at.is_some_and(|back_at| now < back_at)
    }

    /// Until when it rests, if it does.
    pub(super) fn ejected_until(&self, now: Instant) -> Option<Instant> {
        self.back_at.filter(|back_at| now < *back_at)
    }

    /// `cost`, or several times that while it starts slowly.
    pub(super) fn costing(&self, now: Instant, cost: u64, slow_start: Duration) -> u64 {
        let Some(left) = self.slow_start_left(now, slow_start) else {
            return cost;
        };
        let (left, whole) = (millis(left), millis(slow_start).max(1));
        let extra = cost.saturating_mul(SLOW_START_FACTOR - 1).saturating_mul(left) / whole;
        cost.saturating_add(extra)
    }

    fn slow_start_left(&self, now: Instant, slow_start: Duration) -> Option<Duration> {
        let back_at = self.back_at?;
        let end = back_at.after(slow_start);
        (now < end).then(|| end.since(now.max(back_at)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
