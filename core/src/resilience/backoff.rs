//! When to try again: growing pauses with jitter, a bound on attempts and on time, and respect for Retry-After.
//!
//! [`Backoff::next`] is called after each failed attempt. The ceiling of the pause starts at `initial`, is multiplied by
//! `factor` at each failure and stops at `cap`; the jitter is drawn below or around that ceiling. No drawn pause is
//! longer than `cap`, and the jitter is kept there, so that clients which all reached the cap do not fall into step.
//!
//! The full, equal and decorrelated formulas are those of Marc Brooker, "Exponential Backoff And Jitter", AWS
//! Architecture Blog, 4 March 2015.

use core::time::Duration;

use super::{PolicyError, require};
use crate::rng::Rng;
use crate::time::Instant;

/// The longest Retry-After that is obeyed. A longer one is taken for a mistake or an attack: asking once an hour lengthens
/// no ban that we know of, and sleeping for as long as a header says could stop payments for ever.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// By how much chance a pause differs from the ceiling `c` that the policy gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Jitter {
    /// Not at all: `c`.
    None,
    /// Around it: between `c - percent` and `c + percent`, never over the cap.
    Proportional {
        /// The share of the ceiling, in percent, 0 to 100.
        percent: u8,
    },
    /// Anything up to it: between 0 and `c`.
    Full,
    /// Half of it for certain: between `c / 2` and `c`.
    Equal,
    /// By the pause before, not by the number of attempts: between `initial` and three times the last pause, at most the
    /// cap. `factor` has no part in it.
    Decorrelated,
}

/// The shape of a series of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BackoffPolicy {
    /// The ceiling of the first pause. Longer than zero.
    pub initial: Duration,
    /// What the ceiling is multiplied by at each failure. At least 1.
    pub factor: u32,
    /// The longest pause, but for Retry-After. At least `initial`.
    pub cap: Duration,
    /// How pauses are spread.
    pub jitter: Jitter,
    /// How many attempts there may be, the first one included; at least 1. `None`: any number.
    pub attempts_max: Option<u32>,
    /// How long after the first failure an attempt may still begin. `None`: at any time.
    pub elapsed_max: Option<Duration>,
}

impl Default for BackoffPolicy {
    /// 1 s, doubled up to 30 s, +-10 %, 5 attempts.
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            factor: 2,
            cap: Duration::from_secs(30),
            jitter: Jitter::Proportional { percent: 10 },
            attempts_max: Some(5),
            elapsed_max: None,
        }
    }
}

impl BackoffPolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let percent_fits = match self.jitter {
            Jitter::Proportional { percent } => percent <= 100,
            Jitter::None | Jitter::Full | Jitter::Equal | Jitter::Decorrelated => true,
        };
        require(!self.initial.is_zero(), "initial", "longer than zero")?;
        require(self.factor >= 1, "factor", "at least 1")?;
        require(self.cap >= self.initial, "cap", "at least initial")?;
        require(percent_fits, "jitter percent", "at most 100")?;
        require(self.attempts_max != Some(0), "attempts_max", "at least 1")
    }

    /// The ceiling after `ceiling`.
    fn raised(&self, ceiling: Duration) -> Duration {
        ceiling.saturating_mul(self.factor).min(self.cap)
    }
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Retry {
    /// Try again, not before this instant.
    At(Instant),
    /// Stop: the series is over.
    GiveUp(Exhausted),
}

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exhausted {
    /// The attempts.
    Attempts,
    /// The time: the next attempt would begin after `elapsed_max`.
    Elapsed,
}

/// One series of attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    policy: BackoffPolicy,
    rng: Rng,
    attempts: u32,
    first_failure_at: Option<Instant>,
    /// What the next pause is drawn from: its ceiling, or for decorrelated jitter the pause before it.
    base: Duration,
}

impl Backoff {
    /// A series in which nothing has failed yet. Its jitter is drawn from `rng`.
    ///
    /// # Panics
    /// When the policy fails its [`BackoffPolicy::check`].
    #[must_use]
    pub fn new(policy: BackoffPolicy, rng: Rng) -> Self {
        assert_eq!(policy.check(), Ok(()), "a backoff policy was not checked");
        Self {
            policy,
            rng,
            attempts: 0,
            first_failure_at: None,
            base: policy.initial,
        }
    }

    /// A series in which `failed` attempts have failed already, which somebody else counted.
    ///
    /// # Panics
    /// When the policy fails its [`BackoffPolicy::check`].
    #[must_use]
    pub fn resumed(policy: BackoffPolicy, rng: Rng, failed: u32) -> Self {
        let mut series = Self::new(policy, rng);
        series.attempts = failed;
        for _ in 0..failed {
            if series.base == policy.cap {
                break;
            }
            series.base = policy.raised(series.base);
        }
        series
    }

    /// Counts a failed attempt and says when to make the next one.
    ///
    /// `retry_after` is the pause that the other side asked for: a floor under the pause, itself bounded by
    /// [`RETRY_AFTER_MAX`].
    pub fn next(&mut self, now: Instant, retry_after: Option<Duration>) -> Retry {
        let first_failure_at = *self.first_failure_at.get_or_insert(now);
        self.attempts = self.attempts.saturating_add(1);
        if self.policy.attempts_max.is_some_and(|max| self.attempts >= max) {
            return Retry::GiveUp(Exhausted::Attempts);
        }
        let floor = retry_after.unwrap_or(Duration::ZERO).min(RETRY_AFTER_MAX);
        let at = now.after(self.draw().max(floor));
        if self
            .policy
            .elapsed_max
            .is_some_and(|max| at.since(first_failure_at) > max)
        {
            return Retry::GiveUp(Exhausted::Elapsed);
        }
        Retry::At(at)
    }

    /// Begins a new series, after a success. The random stream goes on where it is.
    pub fn reset(&mut self) {
        self.attempts = 0;
        self.first_failure_at = None;
        self.base = self.policy.initial;
    }

    /// How many attempts of this series have failed.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Draws a pause and moves the base on.
    fn draw(&mut self) -> Duration {
        let BackoffPolicy {
            initial, cap, jitter, ..
        } = self.policy;
        let ceiling = self.base;
        self.base = self.policy.raised(ceiling);
        match jitter {
            Jitter::None => ceiling,
            Jitter::Proportional { percent } => {
                let spread = ceiling.saturating_mul(u32::from(percent)) / 100;
                let high = ceiling.saturating_add(spread).min(cap);
                self.rng.duration(ceiling.saturating_sub(spread), high)
            }
            Jitter::Full => self.rng.duration(Duration::ZERO, ceiling),
            Jitter::Equal => self.rng.duration(ceiling / 2, ceiling),
            Jitter::Decorrelated => {
                let pause = self.rng.duration(initial, ceiling.saturating_mul(3)).min(cap);
                self.base = pause;
                pause
            }
        }
    }
}

#[cfg(test)]
mod tests;
