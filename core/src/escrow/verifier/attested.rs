//! [`Attested`]: what endpoints say is attested, while finality stalls.
//!
//! BSC's validators go on building while its fast finality stalls, and a node can say which block two thirds of them have
//! built upon (`eth_getFinalizedHeader(-2)`). That is weaker than `finalized`, so it counts only where it is configured, while
//! finality trails the chain by so many blocks, and, like `finalized`, each endpoint votes by its own word alone. A vote says
//! by which rule it was cast, and keeps that rule whatever is said or forgotten later.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::escrow::deposit::{FinalityRule, Vote};
use crate::escrow::evm::BlockRef;

/// What each endpoint of one chain said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attested {
    said: Vec<Option<BlockRef>>,
}

impl Attested {
    /// That of a chain with so many endpoints, none of which said anything.
    pub(super) fn new(endpoints: usize) -> Self {
        Self {
            said: vec![None; endpoints],
        }
    }

    /// An endpoint says that `block` is attested. It never takes that back.
    pub(super) fn on_said(&mut self, endpoint: u8, block: BlockRef) {
        let known = &mut self.said[usize::from(endpoint)];
        if known.is_none_or(|known| known.number < block.number) {
            *known = Some(block);
        }
    }

    /// What an endpoint said before counts no more.
    pub(super) fn forget(&mut self, endpoint: u8) {
        self.said[usize::from(endpoint)] = None;
    }

    /// What any endpoint said before counts no more.
    pub(super) fn forget_all(&mut self) {
        self.said.fill(None);
    }

    /// The height that an endpoint says is attested.
    pub(super) fn height(&self, endpoint: u8) -> Option<u64> {
        self.said[usize::from(endpoint)].map(|block| block.number)
    }

    /// The vote of an endpoint that calls `finalized` final, and may have said that more is attested.
    pub(super) fn vote(&self, endpoint: u8, finalized: BlockRef) -> Vote {
        let said = self.said[usize::from(endpoint)];
        let (finalized, rule) = match said.filter(|block| block.number > finalized.number) {
            Some(block) => (block, FinalityRule::Attested),
            None => (finalized, FinalityRule::Finalized),
        };
        Vote {
            endpoint,
            finalized,
            rule,
        }
    }
}

#[cfg(test)]
mod tests;
