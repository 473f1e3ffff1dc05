//! Which block stood at a height at a moment: a hash is a function of height and fork, so blocks cost nothing.

use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::BlockRef;
use plimsoll_core::id::BlockHash;
use plimsoll_core::time::Instant;

use crate::world::plan::ChainKind;

/// One slot in so many is skipped, as on mainnet in a bad hour.
const ONE_SKIPPED_IN: u128 = 12;

/// Every reorganisation so far.
#[derive(Debug, Clone)]
pub(super) struct Forks {
    kind: ChainKind,
    salt: u64,
    forks: Vec<Fork>,
}

#[derive(Debug, Clone, Copy)]
struct Fork {
    at: Instant,
    from: u64,
}

impl Forks {
    /// A chain that no other one shares a hash with, unless it has the same `salt`.
    pub(super) const fn new(kind: ChainKind, salt: u64) -> Self {
        let forks = Vec::new();
        Self { kind, salt, forks }
    }

    /// Whether the leader of a slot makes no block, on any fork.
    pub(super) fn is_skipped(&self, number: u64) -> bool {
        number > 0 && Digest::of(&(self.salt, "skipped", number)).is_multiple_of(ONE_SKIPPED_IN)
    }

    /// How many reorganisations there were.
    pub(super) const fn count(&self) -> u64 {
        self.forks.len() as u64
    }

    /// Replaces every block from `from` up.
    pub(super) fn replace(&mut self, at: Instant, from: u64) {
        self.forks.push(Fork { at, from });
    }

    /// The block at a height, as it stood at a moment.
    pub(super) fn block(&self, number: u64, as_of: Instant) -> BlockRef {
        let hash = self.hash(number, self.fork(number, as_of));
        BlockRef { number, hash }
    }

    /// The block at a height on the private fork called `name`, which is nobody else's.
    pub(super) fn private_block(&self, number: u64, name: u64) -> BlockRef {
        // Real forks count from 0, so these numbers never meet theirs.
        let hash = self.hash(number, u64::MAX - name);
        BlockRef { number, hash }
    }

    /// How many logs of other people's transactions come first in a block.
    pub(super) fn other_logs(&self, number: u64, as_of: Instant) -> u64 {
        let fork = self.fork(number, as_of);
        let others = Digest::of(&(self.salt, "others", number, fork)) % 97;
        u64::try_from(others).unwrap_or(0)
    }

    /// Which fork a height belonged to: 0 before any reorganisation reached it.
    fn fork(&self, number: u64, as_of: Instant) -> u64 {
        let reached = |fork: &Fork| fork.at <= as_of && fork.from <= number;
        self.forks
            .iter()
            .rposition(reached)
            .map_or(0, |place| place as u64 + 1)
    }

    fn hash(&self, number: u64, fork: u64) -> BlockHash {
        let mut hash = [0; 32];
        let (high, low) = hash.split_at_mut(16);
        high.copy_from_slice(&Digest::of(&(self.salt, number, fork)).to_be_bytes());
        low.copy_from_slice(&Digest::of(&(number, fork, self.salt)).to_be_bytes());
        match self.kind {
            ChainKind::Evm => BlockHash::Evm(hash),
            ChainKind::Solana => BlockHash::Solana(hash),
        }
    }
}
