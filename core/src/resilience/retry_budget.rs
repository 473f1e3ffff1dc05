//! How much retrying is affordable: a bucket of tokens that successes fill and retries empty.
//!
//! When little fails, every failure may be retried; when most things fail, retries stop, so that they do not multiply the
//! load of a system that is already down. First attempts are never charged, so traffic itself earns the budget back.
//! The design and the figures are those of the AWS SDKs' standard retry mode (500 tokens, a retry costs 5, a success
//! gives 1 back); the arithmetic is whole numbers.

use serde::{Deserialize, Serialize};

use super::{PolicyError, require};

/// The size and the prices of a budget, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RetryBudgetPolicy {
    /// What a full bucket holds. At least `retry_cost`.
    pub capacity: u32,
    /// What one retry costs. At least 1.
    pub retry_cost: u32,
    /// What one success gives back. At least 1. `retry_cost / success_deposit` successes pay for a retry.
    pub success_deposit: u32,
}

impl Default for RetryBudgetPolicy {
    /// 500 tokens, 5 for a retry, 1 back for a success.
    fn default() -> Self {
        Self {
            capacity: 500,
            retry_cost: 5,
            success_deposit: 1,
        }
    }
}

impl RetryBudgetPolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        require(self.retry_cost >= 1, "retry_cost", "at least 1")?;
        require(self.success_deposit >= 1, "success_deposit", "at least 1")?;
        require(
            self.capacity >= self.retry_cost,
            "capacity",
            "at least retry_cost",
        )
    }
}

/// Whether a retry may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Withdrawal {
    /// Yes, and it has been paid for.
    Granted,
    /// No: too much failed. Nothing was charged.
    Refused,
}

/// The budget of all callers of one dependency together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryBudget {
    policy: RetryBudgetPolicy,
    tokens: u32,
}

impl RetryBudget {
    /// A full bucket.
    ///
    /// # Panics
    /// When the policy fails its [`RetryBudgetPolicy::check`].
    #[must_use]
    pub fn new(policy: RetryBudgetPolicy) -> Self {
        assert_eq!(policy.check(), Ok(()), "a retry budget was not checked");
        Self {
            policy,
            tokens: policy.capacity,
        }
    }

    /// Counts a success.
    pub fn deposit(&mut self) {
        let tokens = self.tokens.saturating_add(self.policy.success_deposit);
        self.tokens = tokens.min(self.policy.capacity);
    }

    /// Asks for one retry.
    pub fn withdraw(&mut self) -> Withdrawal {
        match self.tokens.checked_sub(self.policy.retry_cost) {
            Some(rest) => {
                self.tokens = rest;
                Withdrawal::Granted
            }
            None => Withdrawal::Refused,
        }
    }

    /// The tokens that are left, 0 to the capacity.
    #[must_use]
    pub const fn tokens(&self) -> u32 {
        self.tokens
    }
}

#[cfg(test)]
mod tests;
