//! How long things take: the shapes that delays of networks, disks and services have.
//!
//! All arithmetic is on whole numbers, so a shape draws the same delays on every machine.

use core::time::Duration;

use plimsoll_core::rng::Rng;
use serde::{Deserialize, Serialize};

/// A distribution of delays, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// The delay.
        us: u64,
    },
    /// Anything between two bounds, equally likely.
    Uniform {
        /// The shortest delay.
        min_us: u64,
        /// The longest delay, not below `min_us`.
        max_us: u64,
    },
    /// Mostly short, sometimes long: the waiting time of a Poisson process, on top of a floor.
    Exponential {
        /// The shortest delay.
        min_us: u64,
        /// How much longer it is on average.
        mean_us: u64,
    },
    /// Two modes: usually one, now and then another, each spread by a quarter around its centre.
    Bimodal {
        /// The centre of the usual mode.
        fast_us: u64,
        /// The centre of the other mode.
        slow_us: u64,
        /// How many of a hundred delays are of the other mode, 0 to 100.
        slow_percent: u8,
    },
}

impl Default for Latency {
    /// A link between data centres: 2 to 12 ms.
    fn default() -> Self {
        Self::Uniform {
            min_us: 2_000,
            max_us: 12_000,
        }
    }
}

impl Latency {
    /// No delay at all.
    pub const NONE: Self = Self::Fixed { us: 0 };

    /// Draws one delay, to the nanosecond.
    pub fn draw(&self, rng: &mut Rng) -> Duration {
        match *self {
            Self::Fixed { us } => Duration::from_micros(us),
            Self::Uniform { min_us, max_us } => uniform(rng, min_us, max_us.max(min_us)),
            Self::Exponential { min_us, mean_us } => {
                Duration::from_micros(min_us).saturating_add(exponential(rng, mean_us))
            }
            Self::Bimodal {
                fast_us,
                slow_us,
                slow_percent,
            } => {
                let slow = rng.chance(u64::from(slow_percent.min(100)), 100);
                let centre = if slow { slow_us } else { fast_us };
                uniform(rng, centre - centre / 4, centre.saturating_add(centre / 4))
            }
        }
    }

    /// Whether the bounds are in order and nothing lasts longer than an hour.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        const HOUR_US: u64 = 3_600_000_000;
        match *self {
            Self::Fixed { us } => us <= HOUR_US,
            Self::Uniform { min_us, max_us } => min_us <= max_us && max_us <= HOUR_US,
            Self::Exponential { min_us, mean_us } => min_us.max(mean_us) <= HOUR_US,
            Self::Bimodal {
                fast_us,
                slow_us,
                slow_percent,
            } => fast_us.max(slow_us) <= HOUR_US && slow_percent <= 100,
        }
    }
}

fn uniform(rng: &mut Rng, low_us: u64, high_us: u64) -> Duration {
    rng.duration(Duration::from_micros(low_us), Duration::from_micros(high_us))
}

/// `-ln(u) * mean` for a uniform `u`, as `(leading zeros + linear part) * ln 2`: within 6 % of the true curve, at most
/// 65 half-lives.
fn exponential(rng: &mut Rng, mean_us: u64) -> Duration {
    /// ln 2 in 16 fractional bits.
    const LN2: u128 = 45_426;
    let bits = rng.next_u64() | 1;
    let zeros = bits.leading_zeros();
    // The bits behind the first one say where in the half-life: all ones is its start.
    let behind = (bits << zeros << 1) >> 48;
    let halvings = (u128::from(zeros) << 16) + u128::from(0x1_0000 - behind);
    let nanos = (u128::from(mean_us) * 1_000 * halvings * LN2) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
