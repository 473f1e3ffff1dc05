//! [`Reading`]: how everything stands at one moment, in the figures that a monitor watches.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use crate::bank::{ChainStatus, Status};
use crate::id::ChainId;
use crate::resilience::BreakerState;
use crate::time::WallClock;

/// How everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// How many transactions are not settled.
    pub pending: u64,
    /// How long the oldest of them is known.
    pub oldest_pending: Duration,
    /// How many dead letters stand.
    pub dead_letters: u64,
    /// How long the oldest of them stands.
    pub oldest_dead_letter: Duration,
    /// Whether the journal does not take what it is given.
    pub is_journal_failing: bool,
    /// Whether the queue's server cannot be used; false where there is none.
    pub is_queue_down: bool,
    /// The chains.
    pub chains: Vec<ChainReading>,
}

impl Reading {
    /// What `status` comes to at `now`.
    #[must_use]
    pub fn of(status: &Status, now: WallClock) -> Self {
        let age = |since: Option<WallClock>| since.map(|since| now.since(since)).unwrap_or_default();
        Self {
            pending: status.open as u64,
            oldest_pending: age(status.oldest_open),
            dead_letters: status.dead_letters as u64,
            oldest_dead_letter: age(status.oldest_dead_letter),
            is_journal_failing: false,
            is_queue_down: status.immediate.is_some_and(is_down),
            chains: status.chains.iter().map(ChainReading::of).collect(),
        }
    }
}

/// Whether a lane in `state` serves nobody for certain. Half-open is no proof that it is back: it is when a call succeeds.
const fn is_down(state: BreakerState) -> bool {
    match state {
        BreakerState::Open | BreakerState::HalfOpen | BreakerState::ForcedOpen => true,
        BreakerState::Closed | BreakerState::Disabled => false,
    }
}

/// How the endpoints of one chain stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainReading {
    /// The chain.
    pub chain: ChainId,
    /// How many endpoints it has.
    pub endpoints: u64,
    /// How many of them may be asked.
    pub endpoints_up: u64,
    /// How many providers run those.
    pub providers_up: u64,
    /// By how many blocks finality trails the head.
    pub finality_lag: u64,
    /// How much of the history that endpoints keep the scanner is behind, in hundredths.
    pub history_used: u64,
    /// Whether it had not what the books say when it was last reconciled.
    pub is_off: bool,
}

impl ChainReading {
    fn of(status: &ChainStatus) -> Self {
        let up = || status.endpoints.iter().filter(|one| one.is_up());
        let providers: BTreeSet<_> = up().map(|one| &one.provider).collect();
        Self {
            chain: status.chain,
            endpoints: status.endpoints.len() as u64,
            endpoints_up: up().count() as u64,
            providers_up: providers.len() as u64,
            finality_lag: status.finality_lag().unwrap_or(0),
            history_used: status.history_used().unwrap_or(0),
            is_off: status.reconciled.is_some_and(|(_, worst)| worst.is_mismatch()),
        }
    }
}
