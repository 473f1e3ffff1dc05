//! When blocks come and when they are final: heights are divisions of time, and finality trails unless it stalls.

use plimsoll_core::time::Instant;

use crate::world::plan::ChainPlan;

/// The height of the chain when time begins.
pub const FIRST_HEIGHT: u64 = 1_000;

/// The clock of a chain.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    block_nanos: u64,
    finality_blocks: u64,
    attested_blocks: Option<u64>,
    stalls: Vec<Stall>,
}

#[derive(Debug, Clone, Copy)]
struct Stall {
    id: u32,
    from: Instant,
    until: Instant,
}

impl Calendar {
    pub(super) const fn new(plan: &ChainPlan) -> Self {
        Self {
            block_nanos: plan.block_ms * 1_000_000,
            finality_blocks: plan.finality_blocks,
            attested_blocks: plan.attested_blocks,
            stalls: Vec::new(),
        }
    }

    /// The height of the latest block.
    pub(super) const fn height(&self, at: Instant) -> u64 {
        FIRST_HEIGHT + at.as_nanos() / self.block_nanos
    }

    /// When a height is reached.
    pub(super) fn time_of(&self, height: u64) -> Instant {
        let blocks = height.saturating_sub(FIRST_HEIGHT);
        Instant::from_nanos(blocks.saturating_mul(self.block_nanos))
    }

    /// The moment `blocks` blocks before `at`.
    pub(super) const fn before(&self, at: Instant, blocks: u64) -> Instant {
        let nanos = blocks.saturating_mul(self.block_nanos);
        Instant::from_nanos(at.as_nanos().saturating_sub(nanos))
    }

    /// The height of the finalized block.
    pub(super) fn finalized(&self, at: Instant) -> u64 {
        let stalled = self
            .stalls
            .iter()
            .filter(|stall| stall.from <= at && at < stall.until);
        let as_of = stalled.map(|stall| stall.from).min().unwrap_or(at);
        self.height(as_of).saturating_sub(self.finality_blocks)
    }

    /// The height of the newest block that two thirds of the validators have built upon, where the chain tells that.
    pub(super) fn attested(&self, at: Instant) -> Option<u64> {
        let attested = self.height(at).saturating_sub(self.attested_blocks?);
        Some(attested.max(self.finalized(at)))
    }

    /// When a block at `height` is final, if finality does not stall.
    pub(super) fn finality_of(&self, height: u64) -> Instant {
        self.time_of(height + self.finality_blocks)
    }

    /// Stops finality at the height that it has.
    pub(super) fn stall(&mut self, id: u32, from: Instant, until: Instant) {
        self.stalls.push(Stall { id, from, until });
    }

    /// Ends the stall known as `id`.
    pub(super) fn resume(&mut self, id: u32, now: Instant) {
        for stall in self.stalls.iter_mut().filter(|stall| stall.id == id) {
            stall.until = stall.until.min(now);
        }
    }
}
