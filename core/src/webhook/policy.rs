//! Who is told what, and how hard that is tried.

use alloc::collections::BTreeSet;
use core::time::Duration;

use super::event::{Kind, Topic};
use super::{CALL_GRACE, CALLS_MAX, TIMEOUT_MAX};
use crate::id::UserId;
use crate::resilience::{BackoffPolicy, BreakerPolicy, Jitter, PolicyError, breaker::TripModel};

/// How hard it is tried to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebhookPolicy {
    /// How long a call may take. Longer than zero, at most [`TIMEOUT_MAX`].
    pub timeout: Duration,
    /// How many calls of one receiver may be under way at once: 1 to [`CALLS_MAX`]. With one, an event is not sent before the
    /// attempt before it has ended.
    pub calls_max: usize,
    /// When an event is sent again, and how often at most. `attempts_max` must be given.
    pub backoff: BackoffPolicy,
    /// When a receiver that fails is left alone.
    pub breaker: BreakerPolicy,
}

impl Default for WebhookPolicy {
    /// 10 s a call, one at a time; 16 attempts within about three hours; left alone after 5 failures in a row.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            calls_max: 1,
            backoff: BackoffPolicy {
                initial: Duration::from_secs(2),
                factor: 3,
                cap: Duration::from_secs(15 * 60),
                jitter: Jitter::Proportional { percent: 20 },
                attempts_max: Some(16),
                elapsed_max: None,
            },
            breaker: BreakerPolicy {
                model: TripModel::Consecutive { failures: 5 },
                open_for: Duration::from_secs(15),
                open_for_max: Duration::from_secs(5 * 60),
                successes_to_close: 1,
                half_open_permits: 1,
                permit_timeout: Duration::from_secs(60),
                slow_call: None,
            },
        }
    }
}

impl WebhookPolicy {
    /// Refuses a policy that could not do what it says.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let require = |holds, setting, expected| {
            if holds {
                Ok(())
            } else {
                Err(PolicyError { setting, expected })
            }
        };
        let timeout = !self.timeout.is_zero() && self.timeout <= TIMEOUT_MAX;
        require(timeout, "timeout", "longer than zero, and at most 30 s")?;
        require((1..=CALLS_MAX).contains(&self.calls_max), "calls_max", "1 to 16")?;
        let is_bounded = self.backoff.attempts_max.is_some();
        require(is_bounded, "attempts_max", "given")?;
        let is_patient = self.breaker.permit_timeout >= self.timeout + CALL_GRACE;
        require(is_patient, "permit_timeout", "at least the timeout and 5 s")?;
        self.backoff.check()?;
        self.breaker.check()
    }
}

/// What one receiver is told of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subscription {
    /// Which kinds.
    pub kinds: BTreeSet<Kind>,
    /// Whose events alone; `None`: everybody's, and those that concern no user. Alerts concern no user, and are not filtered.
    pub users: Option<BTreeSet<UserId>>,
}

impl Subscription {
    /// Whether an event of `topic` is told.
    #[must_use]
    pub fn has(&self, topic: Topic) -> bool {
        let is_theirs = match (&self.users, topic.user) {
            (None, _) => true,
            (Some(users), Some(user)) => users.contains(&user),
            (Some(_), None) => topic.kind.is_alert(),
        };
        is_theirs && self.kinds.contains(&topic.kind)
    }
}
