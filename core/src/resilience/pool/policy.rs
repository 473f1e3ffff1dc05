//! The settings of a pool, and how they must relate.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::leases::IN_FLIGHT_MAX;
use crate::resilience::breaker::BreakerPolicy;
use crate::resilience::hedge::HedgePolicy;
use crate::resilience::{PolicyError, require};

/// How a pool chooses, waits, and shuts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PoolPolicy {
    /// The breaker of each endpoint. Its permits must outlast `attempt_timeout_max`.
    pub breaker: BreakerPolicy,
    /// The shortest time that an attempt is given. Longer than zero. Failing over costs the caller this much for each
    /// endpoint that has just died.
    pub attempt_timeout_min: Duration,
    /// The longest time that an attempt is given; identity probes always get it. At least `attempt_timeout_min`.
    pub attempt_timeout_max: Duration,
    /// The most attempts under way at one endpoint: 1 to 64.
    pub in_flight_max: u8,
    /// How long an endpoint is shut out that contradicted the others. Longer than zero.
    pub disagreement_cordon: Duration,
    /// How long an endpoint is shut out that serves another chain, genesis or token than it should, before it is asked for
    /// its identity again. Longer than zero.
    pub identity_cordon: Duration,
    /// The pause for an endpoint that is rate limiting us and names none. Doubled each time in a row, up to `ban_max`.
    /// Longer than zero.
    pub ban: Duration,
    /// The longest that an endpoint is left alone because it asked for it; a longer Retry-After is cut to this. At least
    /// `ban`.
    pub ban_max: Duration,
    /// The pause between two probes of one endpoint, be it for its identity or in panic mode. Longer than zero.
    pub probe_interval: Duration,
    /// The share of failures of late, in hundredths, from which on an endpoint is an outlier, if it is at least twice that of
    /// the others: 1 to 100.
    pub eject_percent: u8,
    /// How long an outlier is rested the first time. Longer than zero. Each time in a row takes so much longer, and so long a
    /// time of good behaviour forgives one.
    pub eject_for: Duration,
    /// The longest that an outlier is rested, in `eject_for`. At least 1.
    pub eject_times_max: u8,
    /// The most endpoints that are rested at once, in hundredths of all: 0 to 100; 0 rests none.
    pub eject_share_max: u8,
    /// When fewer endpoints than this, in hundredths of the verified ones, are neither rested nor refused by their breakers,
    /// all that are rested are used again: 0 to 100.
    pub panic_percent: u8,
    /// How long an endpoint that came back is taken to cost more than it does. Zero: not at all.
    pub slow_start: Duration,
    /// When, and how often, an answer about money that is slow is asked of another provider, too.
    pub hedge: HedgePolicy,
    /// One choice in so many goes to chance instead of to the best, so that a verdict about an endpoint is never final. At
    /// least 2.
    pub explore_one_in: u32,
}

impl Default for PoolPolicy {
    /// Made for a handful of public RPC endpoints that answer in 20 ms to 1 s.
    fn default() -> Self {
        Self {
            breaker: BreakerPolicy::api(),
            attempt_timeout_min: Duration::from_millis(400),
            attempt_timeout_max: Duration::from_secs(5),
            in_flight_max: 32,
            disagreement_cordon: Duration::from_secs(60),
            identity_cordon: Duration::from_secs(60),
            ban: Duration::from_secs(1),
            ban_max: Duration::from_secs(600),
            probe_interval: Duration::from_secs(1),
            eject_percent: 50,
            eject_for: Duration::from_secs(30),
            eject_times_max: 10,
            eject_share_max: 50,
            panic_percent: 50,
            slow_start: Duration::from_secs(10),
            hedge: HedgePolicy::default(),
            explore_one_in: 32,
        }
    }
}

impl PoolPolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.breaker.check()?;
        for (setting, value) in [
            ("attempt_timeout_min", self.attempt_timeout_min),
            ("disagreement_cordon", self.disagreement_cordon),
            ("identity_cordon", self.identity_cordon),
            ("ban", self.ban),
            ("probe_interval", self.probe_interval),
            ("eject_for", self.eject_for),
        ] {
            require(!value.is_zero(), setting, "longer than zero")?;
        }
        self.hedge.check()?;
        let ordered = self.attempt_timeout_max >= self.attempt_timeout_min;
        require(ordered, "attempt_timeout_max", "at least attempt_timeout_min")?;
        require(
            (1..=IN_FLIGHT_MAX).contains(&self.in_flight_max),
            "in_flight_max",
            "1 to 64",
        )?;
        require(self.ban_max >= self.ban, "ban_max", "at least ban")?;
        require(self.eject_times_max >= 1, "eject_times_max", "at least 1")?;
        let percent = |low: u8, value: u8| (low..=100).contains(&value);
        require(percent(1, self.eject_percent), "eject_percent", "1 to 100")?;
        require(percent(0, self.eject_share_max), "eject_share_max", "0 to 100")?;
        require(percent(0, self.panic_percent), "panic_percent", "0 to 100")?;
        require(self.explore_one_in >= 2, "explore_one_in", "at least 2")?;
        let outlasts = self.breaker.permit_timeout >= self.attempt_timeout_max;
        require(outlasts, "permit_timeout", "at least attempt_timeout_max")
    }
}
