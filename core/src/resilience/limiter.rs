//! How much may be asked of one endpoint: several quotas at once, each a number of calls in a span of time.
//!
//! Each window is a generic cell rate algorithm (GCRA; ITU-T I.371, and as `governor` and Cloudflare use it): one instant
//! that moves forward with each call says everything, so a limiter costs a few words however large its quotas are. Up to
//! [`Window::burst`] calls may come at once, and one more for each [`Window::interval`] after that. Both are chosen so
//! that in *no* span as long as the window are there ever more calls than the quota, wherever the other side lets its own
//! windows begin.
//!
//! A question may weigh several calls: upstreams count the entries of a batch, not the requests.

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{PolicyError, require};
use crate::time::Instant;

/// The most windows of one limiter.
pub const WINDOWS_MAX: usize = 4;
/// A burst is a quarter of the quota, so that three quarters of it flow evenly.
const BURSTS_IN_QUOTA: u32 = 4;
/// ... but at least this many calls, or half the quota if that is less: a batch must fit in.
const BURST_MIN: u32 = 8;
/// The longest window: a month.
const PER_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// One quota: at most `quota` calls in any span of `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The most calls. At least 1.
    pub quota: u32,
    /// The span of time. At least a nanosecond for each call, at most 31 days.
    pub per: Duration,
}

impl Window {
    /// Refuses a window that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        require(self.quota >= 1, "quota", "at least 1")?;
        let is_wide = self.per >= Duration::from_nanos(self.quota.into());
        require(
            is_wide && self.per <= PER_MAX,
            "per",
            "a nanosecond for each call to 31 days",
        )
    }

    /// The most calls at once, and so the most that one question may weigh.
    #[must_use]
    pub fn burst(&self) -> u32 {
        let least = BURST_MIN.min(self.quota.div_ceil(2));
        (self.quota / BURSTS_IN_QUOTA).max(least)
    }

    /// The time after which one more call may follow a burst.
    ///
    /// In a span shorter than `per` there are the burst and, after it, one call for each whole interval: with
    /// `quota - burst + 1` intervals in `per`, that comes to the quota and not to one more.
    #[must_use]
    pub fn interval(&self) -> Duration {
        let steps = u64::from(self.quota - self.burst()) + 1;
        Duration::from_nanos(nanos(self.per).div_ceil(steps))
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Allowance {
    /// Yes, and it is counted.
    Granted,
    /// Not before this instant. Nothing was counted.
    NotBefore(Instant),
}

/// One window's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Gauge {
    interval: u64,
    /// How far ahead of the present `earliest` may be: the burst, in intervals.
    tolerance: u64,
    /// When everything counted so far has flowed off: the theoretical arrival time of the next call.
    flowed_off: u64,
}

impl Gauge {
    fn new(window: &Window) -> Self {
        let interval = nanos(window.interval());
        Self {
            interval,
            tolerance: interval.saturating_mul(window.burst().into()),
            flowed_off: 0,
        }
    }

    /// The instant from which `weight` calls conform.
    const fn ready_at(&self, weight: u32) -> u64 {
        let after = self.flowed_off.saturating_add(self.cost(weight));
        after.saturating_sub(self.tolerance)
    }

    const fn count(&mut self, now: u64, weight: u32) {
        let from = if now > self.flowed_off {
            now
        } else {
            self.flowed_off
        };
        self.flowed_off = from.saturating_add(self.cost(weight));
    }

    const fn cost(&self, weight: u32) -> u64 {
        self.interval.saturating_mul(weight as u64)
    }
}

/// The quotas of one endpoint together: a call needs room in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limiter {
    gauges: Vec<Gauge>,
    /// The most that one call may weigh.
    weight_max: Option<u32>,
}

impl Limiter {
    /// A limiter that nothing has been counted in. Without windows it grants everything.
    ///
    /// # Panics
    /// When there are more than [`WINDOWS_MAX`] windows, or one fails its [`Window::check`].
    #[must_use]
    pub fn new(windows: &[Window]) -> Self {
        assert!(windows.len() <= WINDOWS_MAX, "a limiter has too many windows");
        let is_sound = |window: &Window| window.check() == Ok(());
        assert!(windows.iter().all(is_sound), "a window was not checked");
        Self {
            gauges: windows.iter().map(Gauge::new).collect(),
            weight_max: windows.iter().map(Window::burst).min(),
        }
    }

    /// The first instant from `now` on at which calls of `weight` in all may be made; `now` itself if they may.
    ///
    /// # Panics
    /// When `weight` is more than the smallest burst: that could never be granted.
    #[must_use]
    pub fn ready_at(&self, now: Instant, weight: u32) -> Instant {
        let fits = self.weight_max.is_none_or(|most| weight <= most);
        assert!(fits, "a call weighs more than a whole burst");
        let ready = self.gauges.iter().map(|gauge| gauge.ready_at(weight)).max();
        ready.map_or(now, |ready| now.max(Instant::from_nanos(ready)))
    }

    /// Asks for calls of `weight` in all.
    ///
    /// # Panics
    /// As [`Limiter::ready_at`].
    pub fn take(&mut self, now: Instant, weight: u32) -> Allowance {
        let ready = self.ready_at(now, weight);
        if ready > now {
            return Allowance::NotBefore(ready);
        }
        for gauge in &mut self.gauges {
            gauge.count(now.as_nanos(), weight);
        }
        Allowance::Granted
    }
}

/// Whole nanoseconds of a checked window's span.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
