//! What a closed breaker remembers of the calls that it let through.
//!
//! The window is two shift registers of one bit a call, so that a record costs a few instructions and no memory moves.

use serde::{Deserialize, Serialize};

use super::policy::TripModel;

/// The most calls that a window can look back on: the bits of its registers.
pub const WINDOW_CALLS_MAX: u32 = u128::BITS;

/// The calls since the breaker closed, as far back as the model looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Failures since the last success.
    failures_in_a_row: u32,
    /// How many calls the registers hold.
    calls: u32,
    /// One bit a call, the youngest lowest: whether it failed.
    failed: u128,
    /// One bit a call, the youngest lowest: whether it was slow.
    slow: u128,
}

/// How many calls a closed breaker looks back on, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Recent {
    /// Calls that are looked back on. In the consecutive model, the failures in a row.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that were slow. Always zero in the consecutive model, where they are failures.
    pub slow: u32,
}

impl Tally {
    /// Counts one call; true when it is the one that opens the breaker.
    pub(super) fn record(&mut self, model: TripModel, failed: bool, slow: bool) -> bool {
        match model {
            TripModel::Consecutive { failures } => {
                let bad = failed || slow;
                self.failures_in_a_row = if bad { self.failures_in_a_row + 1 } else { 0 };
                self.failures_in_a_row >= failures
            }
            TripModel::Rate {
                window,
                failure_percent,
                minimum_calls,
                slow_percent,
            } => {
                self.shift(window, failed, slow);
                let over = |count: u32, percent: u8| count * 100 >= u32::from(percent) * self.calls;
                self.calls >= minimum_calls
                    && (over(self.failed.count_ones(), failure_percent)
                        || slow_percent.is_some_and(|percent| over(self.slow.count_ones(), percent)))
            }
        }
    }

    /// What the model sees at this moment.
    pub(super) fn recent(&self, model: TripModel) -> Recent {
        match model {
            TripModel::Consecutive { .. } => Recent {
                calls: self.failures_in_a_row,
                failures: self.failures_in_a_row,
                slow: 0,
            },
            TripModel::Rate { .. } => Recent {
                calls: self.calls,
                failures: self.failed.count_ones(),
                slow: self.slow.count_ones(),
            },
        }
    }

    fn shift(&mut self, window: u32, failed: bool, slow: bool) {
        let mask = u128::MAX >> (WINDOW_CALLS_MAX - window);
        self.failed = ((self.failed << 1) | u128::from(failed)) & mask;
        self.slow = ((self.slow << 1) | u128::from(slow)) & mask;
        self.calls = (self.calls + 1).min(window);
    }
}
