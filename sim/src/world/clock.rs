//! The date on the process's clock: right, but for what faults do to it.

use core::time::Duration;

use plimsoll_core::time::{Instant, WallClock};

use crate::fault::Drift;

/// The date when time begins: 2026-11-01, in microseconds.
const FIRST_DATE_MICROS: i64 = 1_793_491_200_000_000;

/// A clock that may be off.
#[derive(Debug, Default)]
pub(super) struct HostClock {
    /// What is added while nothing else is said, in microseconds.
    offset_micros: i64,
    drifts: Vec<(u32, Drift, Instant)>,
}

impl HostClock {
    /// Moves the date by `by_ms`, for good.
    pub(super) fn shift(&mut self, by_ms: i64) {
        self.offset_micros = self.offset_micros.saturating_add(by_ms.saturating_mul(1_000));
    }

    /// Lets the date wander off from `now`, until [`HostClock::steady`] with the same `id`.
    pub(super) fn drift(&mut self, id: u32, drift: Drift, now: Instant) {
        self.drifts.push((id, drift, now));
    }

    /// Ends the drift known as `id`: the date is right again, as far as that goes.
    pub(super) fn steady(&mut self, id: u32) {
        self.drifts.retain(|(known, ..)| *known != id);
    }

    /// The date that the clock shows at `now`.
    pub(super) fn date(&self, now: Instant) -> WallClock {
        let drifted = self.drifts.iter().fold(0, |sum: i64, (_, drift, since)| {
            sum.saturating_add(drift.offset_micros(now.since(*since)))
        });
        let off = self.offset_micros.saturating_add(drifted);
        WallClock::from_micros(true_date(now).as_micros().saturating_add(off))
    }
}

/// The date at `now`, on a clock that is right.
#[must_use]
pub fn true_date(now: Instant) -> WallClock {
    let elapsed: Duration = now.since(Instant::ZERO);
    let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
    WallClock::from_micros(FIRST_DATE_MICROS.saturating_add(micros))
}
