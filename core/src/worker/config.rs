//! What a worker is told at its start.

use alloc::vec::Vec;
use core::time::Duration;

use crate::bank::ConfigError;
use crate::escrow::EscrowConfig;
use crate::money::Registry;
use crate::queue::VISIBILITY_MAX;
use crate::resilience::{PolicyError, PoolPolicy};

/// Everything a worker must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerConfig {
    /// The assets.
    pub registry: Registry,
    /// The chains: those of the bank that is reported to.
    pub escrow: EscrowConfig,
    /// How endpoints are chosen, timed out and rested.
    pub pool: PoolPolicy,
    /// Whether there is an immediate lane.
    pub has_immediate: bool,
    /// How it works.
    pub policy: WorkerPolicy,
    /// The name of this start of this process: drawn, and never used again.
    pub worker: u64,
    /// The seed of every random choice.
    pub seed: u64,
}

/// How a worker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkerPolicy {
    /// The most jobs that it holds at once, 1 to 1024. It holds as many as there is work.
    pub jobs_max: usize,
    /// How long a lease lasts: 1 s to [`VISIBILITY_MAX`]. It is prolonged at half of it, so what a dead worker held is taken
    /// up by another after at most so long.
    pub visibility: Duration,
    /// How soon the immediate lane is asked again when it was empty, at least 10 ms.
    pub immediate_poll: Duration,
    /// How soon the database lane is, at least 100 ms.
    pub database_poll: Duration,
    /// How long a call to a lane may take. Longer than zero.
    pub call_timeout: Duration,
    /// How long the bank may take to answer a report. Longer than zero.
    pub report_timeout: Duration,
}

impl Default for WorkerPolicy {
    /// 64 jobs, leases of 30 s, 200 ms, 5 s, half a second, 5 s.
    fn default() -> Self {
        Self {
            jobs_max: 64,
            visibility: Duration::from_secs(30),
            immediate_poll: Duration::from_millis(200),
            database_poll: Duration::from_secs(5),
            call_timeout: Duration::from_millis(500),
            report_timeout: Duration::from_secs(5),
        }
    }
}

impl WorkerPolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let require = |holds, setting, expected| {
            let error = PolicyError { setting, expected };
            if holds { Ok(()) } else { Err(error) }
        };
        let ms = Duration::from_millis;
        require((1..=1024).contains(&self.jobs_max), "jobs_max", "1 to 1024")?;
        require(
            (ms(1_000)..=VISIBILITY_MAX).contains(&self.visibility),
            "visibility",
            "1 s to 1 h",
        )?;
        require(self.immediate_poll >= ms(10), "immediate_poll", "at least 10 ms")?;
        require(self.database_poll >= ms(100), "database_poll", "at least 100 ms")?;
        require(!self.call_timeout.is_zero(), "call_timeout", "longer than zero")?;
        require(
            self.call_timeout < self.visibility,
            "call_timeout",
            "shorter than visibility",
        )?;
        require(
            !self.report_timeout.is_zero(),
            "report_timeout",
            "longer than zero",
        )
    }
}

impl WorkerConfig {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// Every fault found, not the first alone.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        let mut errors: Vec<ConfigError> = Vec::new();
        if let Err(found) = self.escrow.check(&self.registry) {
            errors.extend(found.into_iter().map(ConfigError::from));
        }
        errors.extend(self.pool.check().err().map(ConfigError::from));
        errors.extend(self.policy.check().err().map(ConfigError::Worker));
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests;
