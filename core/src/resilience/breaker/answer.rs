//! The words in which a breaker answers and reports.

use serde::{Deserialize, Serialize};

use super::tally::Recent;
use crate::time::Instant;

/// What the breaker does at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BreakerState {
    /// Lets every call through.
    Closed,
    /// Lets no call through until its open time is over.
    Open,
    /// Lets a few calls through, to see.
    HalfOpen,
    /// Lets no call through, by a person's order.
    ForcedOpen,
    /// Lets every call through whatever becomes of it, by a person's order.
    Disabled,
}

impl BreakerState {
    /// The name in logs, metrics and interfaces.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transition {
    /// The state before.
    pub from: BreakerState,
    /// The state after.
    pub to: BreakerState,
}

/// Whether a call may be made.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "an admission holds a permit that must be recorded or cancelled"]
pub enum Admission {
    /// Yes. The permit is handed in again with what became of the call.
    Granted(Permit),
    /// No.
    Refused {
        /// When it is worth asking again, if that is only a matter of time.
        retry_at: Option<Instant>,
        /// What stands in the way.
        why: RefusedBy,
    },
}

/// What stands in the way of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusedBy {
    /// The breaker is open.
    Open,
    /// The breaker is half-open and all its permits are out.
    HalfOpen,
    /// A person forced it open.
    ForcedOpen,
}

/// The right to make one call. Handed in once: by [`record`](super::Breaker::record) or [`cancel`](super::Breaker::cancel).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[must_use = "a permit that is dropped counts as a failed call once its deadline has passed"]
pub struct Permit {
    /// The state change after which it was granted.
    pub(super) generation: u64,
    /// The slot of a half-open call.
    pub(super) slot: Option<u8>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallOutcome {
    /// It worked.
    Success,
    /// It failed in a way that speaks against the dependency.
    Failure,
    /// It says nothing about the dependency: our own mistake, a refusal that was earned.
    Ignored,
}

/// What a breaker has seen since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Calls let through, early probes among them.
    pub admitted: u64,
    /// Calls refused.
    pub refused: u64,
    /// Calls that worked.
    pub successes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that say nothing.
    pub ignored: u64,
    /// Calls that took longer than `slow_call`; each is also counted above.
    pub slow: u64,
    /// Results from before a state change.
    pub stale: u64,
    /// Calls that were not made after all.
    pub cancelled: u64,
    /// Half-open calls that were not heard of before their deadline.
    pub expired: u64,
    /// Changes to Open.
    pub opened: u64,
    /// Changes to HalfOpen.
    pub half_opened: u64,
    /// Changes to Closed, by success or by [`reset`](super::Breaker::reset).
    pub closed: u64,
    /// What the model looks at, while closed.
    pub recent: Recent,
}

/// What a breaker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BreakerOrder {
    /// Refuse every call, until it is reset.
    ForceOpen,
    /// Let every call through, until it is reset.
    Disable,
    /// Close with a clean record, and decide by what is seen again.
    Reset,
}

impl BreakerOrder {
    /// The state that a breaker has once it obeyed.
    #[must_use]
    pub const fn state(self) -> BreakerState {
        match self {
            Self::ForceOpen => BreakerState::ForcedOpen,
            Self::Disable => BreakerState::Disabled,
            Self::Reset => BreakerState::Closed,
        }
    }
}
