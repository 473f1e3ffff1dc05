//! [`Lanes`]: which lane to use now. The immediate one while its breaker lets calls through, and else the database.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::Lane;
use crate::machine::Deadline;
use crate::resilience::{Admission, Breaker, BreakerPolicy, BreakerState, CallOutcome, Permit, Transition};
use crate::time::Instant;

/// When the immediate lane counts as down, and when it is tried again.
///
/// Three calls in a row that fail, of half a second each, and every worker is at the database lane within 2 s; that is
/// looked at each 5 s, so the first deposit that only a worker can find is credited within 10 s of the loss. Trying again
/// costs one call each 5 s.
const IMMEDIATE: BreakerPolicy = BreakerPolicy {
    open_for: Duration::from_secs(5),
    open_for_max: Duration::from_secs(5),
    ..BreakerPolicy::websocket()
};

/// A lane that may be called, and the right to do so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "it holds a permit that must be handed in"]
pub struct Place {
    /// The lane.
    pub lane: Lane,
    permit: Option<Permit>,
}

/// The choice between the lanes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lanes {
    /// `None`: there is no immediate lane.
    immediate: Option<Breaker>,
}

impl Lanes {
    /// The database lane, and an immediate one before it or not.
    #[must_use]
    pub fn new(has_immediate: bool) -> Self {
        Self {
            immediate: has_immediate.then(|| Breaker::new(IMMEDIATE)),
        }
    }

    /// The lane to use for a call that begins now.
    pub fn choose(&mut self, now: Instant) -> Place {
        let admission = self.immediate.as_mut().map(|breaker| breaker.try_acquire(now));
        match admission {
            Some(Admission::Granted(permit)) => Place {
                lane: Lane::Immediate,
                permit: Some(permit),
            },
            Some(Admission::Refused { .. }) | None => Self::database(),
        }
    }

    /// The database lane, whatever the state of the other.
    pub const fn database() -> Place {
        Place {
            lane: Lane::Database,
            permit: None,
        }
    }

    /// A call to `lane`, which has what it is about; `None` while that lane is not to be called.
    pub fn at(&mut self, now: Instant, lane: Lane) -> Option<Place> {
        match lane {
            Lane::Database => Some(Self::database()),
            Lane::Immediate => Some(self.choose(now)).filter(|place| place.lane == lane),
        }
    }

    /// Takes in how a call to `place` ended, and says if that changed what is known of the immediate lane.
    pub fn record(
        &mut self,
        now: Instant,
        place: Place,
        is_good: bool,
        took: Duration,
    ) -> Option<Transition> {
        let (permit, breaker) = (place.permit?, self.immediate.as_mut()?);
        let outcome = if is_good {
            CallOutcome::Success
        } else {
            CallOutcome::Failure
        };
        breaker.record(now, permit, outcome, took)
    }

    /// Makes the changes that are due.
    pub fn on_tick(&mut self, now: Instant) -> Option<Transition> {
        self.immediate.as_mut()?.on_tick(now)
    }

    /// When something changes by time alone.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        self.immediate.as_ref()?.next_deadline()
    }

    /// What is known of the immediate lane; `None` when there is none.
    #[must_use]
    pub fn state(&self) -> Option<BreakerState> {
        self.immediate.as_ref().map(Breaker::state)
    }
}

#[cfg(test)]
mod tests;
