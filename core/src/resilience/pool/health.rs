//! How well one endpoint does: its latency, how often it failed of late, and what that makes an attempt cost.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// A failure share of one, in the fixed point that shares are kept in.
const SHARE_ONE: u64 = 1_024;
/// The weight of one result is 1 in this, in the averages of latency and of failures.
const SMOOTHING: u64 = 4;
/// In this time without results the share of failures halves: what was long ago says little.
const FAILURES_HALF_LIFE: Duration = Duration::from_secs(10);
/// What an attempt is given, in latencies.
const TIMEOUT_LATENCIES: u64 = 4;

/// The recent past of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Health {
    /// Moving average in microseconds; `None` before the first result.
    latency_micros: Option<u64>,
    /// Moving share of failures as of `failures_at`, 0 to [`SHARE_ONE`].
    failures: u64,
    failures_at: Instant,
    timeouts_in_a_row: u32,
}

impl Health {
    /// Takes in an answer.
    pub(super) fn on_answer(&mut self, now: Instant, took: Duration) {
        self.timeouts_in_a_row = 0;
        self.observe_latency(took);
        self.observe_result(now, 0);
    }

    /// Takes in a failure. One that took the whole `timeout` is a time-out, and its latency is at least that.
    pub(super) fn on_failure(&mut self, now: Instant, took: Duration, timeout: Duration) {
        if took >= timeout {
            self.timeouts_in_a_row = self.timeouts_in_a_row.saturating_add(1);
            self.observe_latency(took);
        }
        self.observe_result(now, SHARE_ONE);
    }

    /// The average latency, once there is one.
    pub(super) fn latency(&self) -> Option<Duration> {
        self.latency_micros.map(Duration::from_micros)
    }

    /// The share of failures of late, in thousandths.
    pub(super) fn failures_permille(&self, now: Instant) -> u64 {
        self.failures_as_of(now) * 1_000 / SHARE_ONE
    }

    /// What the next attempt is given: four average latencies, doubled for each time-out in a row, within the bounds.
    pub(super) fn timeout(&self, min: Duration, max: Duration) -> Duration {
        let latency =
            Duration::from_micros(self.latency_micros.unwrap_or(0).saturating_mul(TIMEOUT_LATENCIES));
        let doublings = self.timeouts_in_a_row.min(u32::BITS - 1);
        latency.clamp(min, max).saturating_mul(1 << doublings).min(max)
    }

    /// What one more attempt is expected to cost its caller, in microseconds: the latency, once for each attempt that
    /// shares the endpoint, and the risk of losing `timeout_max` for nothing. An endpoint that is not known yet is taken
    /// to answer just in time for `timeout_min`.
    pub(super) fn cost(
        &self,
        now: Instant,
        in_flight: u8,
        timeout_min: Duration,
        timeout_max: Duration,
    ) -> u64 {
        let latency = self
            .latency_micros
            .unwrap_or_else(|| micros(timeout_min) / TIMEOUT_LATENCIES);
        let shared = latency.saturating_mul(u64::from(in_flight) + 1);
        let risk = micros(timeout_max).saturating_mul(self.failures_as_of(now)) / SHARE_ONE;
        shared.saturating_add(risk)
    }

    fn observe_latency(&mut self, took: Duration) {
        let sample = micros(took);
        let average = self
            .latency_micros
            .map_or(sample, |average| smooth(average, sample));
        self.latency_micros = Some(average);
    }

    fn observe_result(&mut self, now: Instant, share: u64) {
        self.failures = smooth(self.failures_as_of(now), share);
        self.failures_at = now;
    }

    fn failures_as_of(&self, now: Instant) -> u64 {
        if self.failures == 0 {
            return 0;
        }
        let halvings = now.since(self.failures_at).as_secs() / FAILURES_HALF_LIFE.as_secs();
        if halvings < u64::from(u64::BITS) {
            self.failures >> halvings
        } else {
            0
        }
    }
}

/// The moving average after one more sample.
const fn smooth(average: u64, sample: u64) -> u64 {
    if sample >= average {
        average.saturating_add((sample - average) / SMOOTHING)
    } else {
        average - (average - sample) / SMOOTHING
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
