//! When an answer is slow enough to ask somebody else, too, and how often that may be done: [`HedgePolicy`] for each class.
//!
//! The measure is that of Dean and Barroso, *The Tail at Scale* (Communications of the ACM 56, 2, 2013): a second request goes
//! out once the first has taken longer than 19 of 20 of its class do, which adds about a twentieth to the load. Where
//! everything is slow that would not hold, so a budget bounds the share of requests that are hedged: answers fill it, silence
//! does not, and it is never overdrawn. All arithmetic is in whole numbers.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::retry_budget::{RetryBudget, RetryBudgetPolicy, Withdrawal};
use super::{PolicyError, require};

/// When and how often a class of requests is hedged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HedgePolicy {
    /// The most requests that are hedged, in hundredths of those that are answered: 0 to 100; 0 hedges none.
    pub share_max: u8,
    /// The soonest that a request is hedged. Longer than zero.
    pub after_min: Duration,
    /// The latest that a request is hedged, and when one is of whose class too little is known. At least `after_min`.
    pub after_max: Duration,
}

impl HedgePolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        require(self.share_max <= 100, "hedge_share_max", "0 to 100")?;
        require(!self.after_min.is_zero(), "hedge_min", "longer than zero")?;
        require(
            self.after_max >= self.after_min,
            "hedge_max",
            "at least hedge_min",
        )
    }
}

impl Default for HedgePolicy {
    /// None; where some are, after 50 ms to 2 s.
    fn default() -> Self {
        Self {
            share_max: 0,
            after_min: Duration::from_millis(50),
            after_max: Duration::from_secs(2),
        }
    }
}

/// What hedges came to, since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hedges {
    /// How many were sent.
    pub sent: u64,
    /// How many of them were answered, and the slow request not before.
    pub won: u64,
}

impl Hedges {
    /// These and those.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            won: self.won + other.won,
        }
    }
}

/// In no digest: a recording does not hold them, and who goes on from the middle of one counts anew.
impl Hash for Hedges {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// The requests of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hedge {
    policy: HedgePolicy,
    tail: Tail,
    budget: RetryBudget,
}

impl Hedge {
    /// A class of which nothing is known; `None` when the policy hedges none.
    pub(crate) fn new(policy: HedgePolicy) -> Option<Self> {
        let share = u32::from(policy.share_max);
        (share > 0).then(|| Self {
            policy,
            tail: Tail::default(),
            budget: RetryBudget::new(RetryBudgetPolicy {
                capacity: BURST * HEDGE_COST,
                retry_cost: HEDGE_COST,
                success_deposit: share,
            }),
        })
    }

    /// A request was answered after `took`.
    pub(crate) fn on_answer(&mut self, took: Duration) {
        self.tail.observe(took);
        self.budget.deposit();
    }

    /// A request was given up after `took`: it would have taken longer.
    pub(crate) fn on_timeout(&mut self, took: Duration) {
        self.tail.observe(took);
    }

    /// After how long without an answer a request that is made now is hedged.
    pub(crate) fn after(&self) -> Duration {
        let HedgePolicy {
            after_min, after_max, ..
        } = self.policy;
        self.tail
            .p95()
            .map_or(after_max, |p95| p95.clamp(after_min, after_max))
    }

    /// Whether one hedge can be paid for.
    pub(crate) const fn can_pay(&self) -> bool {
        self.budget.tokens() >= HEDGE_COST
    }

    /// Pays for one hedge.
    pub(crate) fn withdraw(&mut self) -> Withdrawal {
        self.budget.withdraw()
    }
}

/// How long the last requests took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Tail {
    /// In microseconds, at most [`SAMPLES_MAX`]; once there are so many, each takes the place of the oldest.
    micros: Vec<u64>,
    oldest: usize,
}

impl Tail {
    fn observe(&mut self, took: Duration) {
        let sample = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if self.micros.len() < SAMPLES_MAX {
            self.micros.push(sample);
        } else {
            self.micros[self.oldest] = sample;
            self.oldest = (self.oldest + 1) % SAMPLES_MAX;
        }
    }

    /// What 19 of 20 take at most (nearest rank); `None` while fewer than [`SAMPLES_MIN`] are known.
    fn p95(&self) -> Option<Duration> {
        if self.micros.len() < SAMPLES_MIN {
            return None;
        }
        let mut micros = self.micros.clone();
        let rank = (micros.len() * 95).div_ceil(100);
        let (_, p95, _) = micros.select_nth_unstable(rank - 1);
        Some(Duration::from_micros(*p95))
    }
}

/// How many of the last requests are known.
const SAMPLES_MAX: usize = 128;
/// Of fewer, the slowest twentieth is not one.
const SAMPLES_MIN: usize = 20;
/// What one hedge costs, in hundredths of a request.
const HEDGE_COST: u32 = 100;
/// How many hedges a budget holds that nobody used.
const BURST: u32 = 10;

#[cfg(test)]
mod tests;
