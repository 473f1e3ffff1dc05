//! How a clock goes wrong by and by.
//!
//! All arithmetic is on whole numbers, so a clock is wrong by the same on every machine.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// How a date wanders off from the moment when the fault began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Drift {
    /// The clock is too fast or too slow, always by the same rate.
    Linear {
        /// By how much, in millionths; negative is too slow. Within plus and minus 900000.
        ppm: i64,
    },
    /// It swings around the right date: ahead, back, behind, back.
    Periodic {
        /// The furthest that it is off.
        by_ms: u64,
        /// How long one swing takes, at least 1.
        every_ms: u64,
    },
    /// It stays right between jumps, each of which adds to the ones before.
    Step {
        /// How far one jump goes; negative is back.
        by_ms: i64,
        /// The time between two jumps, at least 1.
        every_ms: u64,
    },
}

impl Drift {
    /// By how many microseconds the date is off when the fault has lasted for `elapsed`; negative is behind.
    #[must_use]
    pub fn offset_micros(&self, elapsed: Duration) -> i64 {
        let micros = i128::try_from(elapsed.as_micros())
            .unwrap_or(i128::MAX)
            .min(LONGEST_MICROS);
        let offset = match *self {
            Self::Linear { ppm } => micros * i128::from(ppm) / 1_000_000,
            Self::Periodic { by_ms, every_ms } => {
                let (height, period) = (i128::from(by_ms) * 1_000, i128::from(every_ms.max(1)) * 1_000);
                let height = height.min(LONGEST_MICROS);
                // Quarters of the swing, each as long as the whole of it: 0 to 4 periods.
                let phase = micros % period * 4;
                let risen = if phase <= period {
                    phase
                } else if phase <= period * 3 {
                    period * 2 - phase
                } else {
                    phase - period * 4
                };
                height * risen / period
            }
            Self::Step { by_ms, every_ms } => {
                micros / (i128::from(every_ms.max(1)) * 1_000) * i128::from(by_ms) * 1_000
            }
        };
        i64::try_from(offset).unwrap_or(if offset < 0 { i64::MIN } else { i64::MAX })
    }
}

/// As far as the clock of the simulator goes: 584 years. Products of this with anything in a fault have room.
const LONGEST_MICROS: i128 = 1 << 54;

#[cfg(test)]
mod tests;
