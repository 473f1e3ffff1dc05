//! The words in which a pool answers and reports.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::endpoint::Heights;
use super::leases::Hold;
use crate::resilience::breaker::{BreakerState, Counters, Permit};
use crate::time::Instant;

/// Whom to ask.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "a choice holds a lease that must be handed in again"]
pub enum Choice {
    /// This endpoint.
    Ask(Lease),
    /// Nobody.
    None {
        /// When it is worth choosing again, if that is only a matter of time.
        retry_at: Option<Instant>,
        /// What stands in the way at the endpoint that is nearest to being of use.
        why: Unavailable,
    },
}

/// Why nobody can be asked, from the most to the least lasting reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unavailable {
    /// All that there are have been asked, themselves or through their provider.
    Exhausted,
    /// Not to be asked, by a person's order.
    Paused,
    /// Shut out for what they said.
    Cordoned,
    /// Not known to be what they should be.
    Unverified,
    /// They asked to be left alone.
    Banned,
    /// Their breakers refuse.
    Refused,
    /// They have been asked as much as they were agreed to bear for now.
    Limited,
    /// They have as many attempts under way as they may.
    Busy,
}

impl Unavailable {
    /// Whether they would answer, and only our own restraint keeps us from asking: it is worth waiting for.
    #[must_use]
    pub const fn is_restraint(self) -> bool {
        match self {
            Self::Limited | Self::Busy => true,
            Self::Exhausted
            | Self::Paused
            | Self::Cordoned
            | Self::Unverified
            | Self::Banned
            | Self::Refused => false,
        }
    }

    /// The name in logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Paused => "paused",
            Self::Cordoned => "cordoned",
            Self::Unverified => "unverified",
            Self::Banned => "banned",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Busy => "busy",
        }
    }
}

/// One attempt at one endpoint. Handed in once, with what became of it; one that is lost frees itself in the end.
/// It is cloned with its owner alone, when a whole machine is forked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[must_use = "a lease that is dropped keeps its place until it expires"]
pub struct Lease {
    /// The endpoint to ask.
    pub endpoint: u8,
    /// How long to wait for it.
    pub timeout: Duration,
    pub(super) permit: Permit,
    pub(super) hold: Hold,
}

/// What an endpoint said that it must not be believed for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CordonReason {
    /// It serves another chain than it is configured for.
    WrongChain,
    /// It serves a chain that began with another block.
    WrongGenesis,
    /// It gives a token other decimals than are configured.
    WrongDecimals,
    /// It contradicted what others agreed on.
    Disagreed,
}

impl CordonReason {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongChain => "wrong_chain",
            Self::WrongGenesis => "wrong_genesis",
            Self::WrongDecimals => "wrong_decimals",
            Self::Disagreed => "disagreed",
        }
    }
}

/// An endpoint that is shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cordon {
    /// What it said.
    pub reason: CordonReason,
    /// When it may be asked for its identity again.
    pub until: Instant,
}

/// One endpoint, for metrics and for the person on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndpointStatus {
    /// Its index.
    pub endpoint: u8,
    /// The number of its provider.
    pub provider: u8,
    /// Whether it is not to be asked, by a person's order.
    pub paused: bool,
    /// Whether it has proved to be what it should be.
    pub verified: bool,
    /// The state of its breaker.
    pub breaker: BreakerState,
    /// What its breaker has seen.
    pub counters: Counters,
    /// Its average latency, once there is one.
    pub latency: Option<Duration>,
    /// The share of failures of late, in thousandths.
    pub failures_permille: u64,
    /// Attempts under way.
    pub in_flight: u8,
    /// Leases that were never handed in.
    pub leases_lost: u64,
    /// Until when it has asked to be left alone.
    pub banned_until: Option<Instant>,
    /// Whether and why it is shut out.
    pub cordon: Option<Cordon>,
    /// Until when it is rested, because it fails more often than the others.
    pub ejected_until: Option<Instant>,
    /// The heights that it reported since it was last shut out.
    pub heights: Option<Heights>,
}

#[cfg(test)]
mod tests;
