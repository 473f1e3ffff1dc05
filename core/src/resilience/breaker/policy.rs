//! The settings of a breaker, and which of them make no sense together.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{HALF_OPEN_PERMITS_MAX, WINDOW_CALLS_MAX};
use crate::resilience::{PolicyError, require};

/// What makes a closed breaker open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TripModel {
    /// So many failures in a row, with no success between them. Works at any traffic, so it is the default. A slow call
    /// is a failure.
    Consecutive {
        /// At least 1.
        failures: u32,
    },
    /// A share of the last calls failed, or was slow. For busy dependencies that always fail a little.
    Rate {
        /// How many calls are looked back on: 1 to [`WINDOW_CALLS_MAX`].
        window: u32,
        /// The share of failures that opens, in percent, 1 to 100.
        failure_percent: u8,
        /// How many calls there must be before shares mean anything: 1 to `window`.
        minimum_calls: u32,
        /// The share of slow calls that opens, in percent, 1 to 100. Given if and only if `slow_call` is.
        slow_percent: Option<u8>,
    },
}

/// When a breaker opens, for how long, and what it takes to close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BreakerPolicy {
    /// What opens it.
    pub model: TripModel,
    /// How long it stays open the first time. Longer than zero.
    pub open_for: Duration,
    /// Each time that half-open fails the next open time is doubled, up to this; closing starts over. At least
    /// `open_for`; equal to it, the open time is constant.
    pub open_for_max: Duration,
    /// How many half-open calls must succeed, without a failure, to close it. At least 1.
    pub successes_to_close: u32,
    /// How many half-open calls may be under way at once: 1 to [`HALF_OPEN_PERMITS_MAX`].
    pub half_open_permits: u8,
    /// How long a half-open call may take before it counts as failed, whatever becomes of it. Longer than zero, and
    /// longer than the time-out of the calls themselves.
    pub permit_timeout: Duration,
    /// A call that took longer is slow. `None`: no call is.
    pub slow_call: Option<Duration>,
}

impl BreakerPolicy {
    /// For request and response: 5 failures in a row, open for 60 s, 3 successes.
    ///
    /// The open time is constant: growing it spares a dead dependency, but delays the recovery of a healed one.
    #[must_use]
    pub const fn api() -> Self {
        Self {
            model: TripModel::Consecutive { failures: 5 },
            open_for: Duration::from_secs(60),
            open_for_max: Duration::from_secs(60),
            successes_to_close: 3,
            half_open_permits: 3,
            permit_timeout: Duration::from_secs(10),
            slow_call: None,
        }
    }

    /// For connections: 3 failures in a row, open for 30 s, 2 successes. One attempt at a time, because a connection
    /// that is being made is as costly to the other side as one that is in use.
    #[must_use]
    pub const fn websocket() -> Self {
        Self {
            model: TripModel::Consecutive { failures: 3 },
            open_for: Duration::from_secs(30),
            open_for_max: Duration::from_secs(30),
            successes_to_close: 2,
            half_open_permits: 1,
            permit_timeout: Duration::from_secs(15),
            slow_call: None,
        }
    }

    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range or without effect.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.check_model()?;
        require(!self.open_for.is_zero(), "open_for", "longer than zero")?;
        require(
            self.open_for_max >= self.open_for,
            "open_for_max",
            "at least open_for",
        )?;
        require(self.successes_to_close >= 1, "successes_to_close", "at least 1")?;
        let permits_fit = (1..=HALF_OPEN_PERMITS_MAX).contains(&self.half_open_permits);
        require(permits_fit, "half_open_permits", "1 to 16")?;
        require(
            !self.permit_timeout.is_zero(),
            "permit_timeout",
            "longer than zero",
        )
    }

    fn check_model(&self) -> Result<(), PolicyError> {
        match self.model {
            TripModel::Consecutive { failures } => require(failures >= 1, "failures", "at least 1"),
            TripModel::Rate {
                window,
                failure_percent,
                minimum_calls,
                slow_percent,
            } => {
                let share = 1..=100;
                require((1..=WINDOW_CALLS_MAX).contains(&window), "window", "1 to 128")?;
                require(share.contains(&failure_percent), "failure_percent", "1 to 100")?;
                require(
                    (1..=window).contains(&minimum_calls),
                    "minimum_calls",
                    "1 to window",
                )?;
                require(
                    slow_percent.is_none_or(|s| share.contains(&s)),
                    "slow_percent",
                    "1 to 100",
                )?;
                let paired = slow_percent.is_some() == self.slow_call.is_some();
                require(paired, "slow_percent", "given if and only if slow_call is")
            }
        }
    }
}
