//! What stands in for finality while it stalls: endpoints are asked what is attested, and what two providers say counts.
//!
//! How far finality trails the chain is what two providers say of both. So a process that was cut off takes nothing for
//! stalled, and a finality that merely crawls is.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Desk, Purpose};
use crate::escrow::evm::BlockRef;
use crate::escrow::verifier::{Out, QUORUM};
use crate::resilience::{Choice, ProviderSet};
use crate::time::Instant;

impl Desk {
    /// Asks every endpoint what is attested that was not asked already, while finality stalls and that counts; forgets what
    /// was said once it does not.
    pub(super) fn ask_attested(&mut self, now: Instant, out: &mut Out) {
        if !self.is_stalled() {
            return self.attested.forget_all();
        }
        let weight = self.weight(Purpose::Attested);
        for endpoint in self.endpoint_indices() {
            let mut calls = self.calls.values();
            if calls.any(|call| call.purpose == Purpose::Attested && call.lease.endpoint == endpoint) {
                continue;
            }
            let is_other = |other: &u8| *other != endpoint;
            let others = self.endpoint_indices().filter(is_other).collect();
            if let Choice::Ask(lease) = self.pool.choose(now, others, ProviderSet::EMPTY, weight) {
                self.ask(now, lease, Purpose::Attested, out);
            }
        }
    }

    /// Takes in what an endpoint says is attested. Means nothing unless finality stalls.
    pub(super) fn on_attested(&mut self, now: Instant, endpoint: u8, block: BlockRef, out: &mut Out) {
        if !self.is_stalled() {
            return;
        }
        self.attested.on_said(endpoint, block);
        let agreed = self.agreed_attested();
        let has_moved = agreed > self.finalized();
        if has_moved {
            self.agreed = agreed;
        }
        self.note_lag(endpoint, block.number);
        if let Some(agreed) = agreed.filter(|_| has_moved) {
            self.on_more_final(now, agreed, out);
        }
    }

    /// Whether finality trails the newest block so far that what is attested counts.
    fn is_stalled(&self) -> bool {
        let Some(least) = self.chain.stalled_lag else {
            return false;
        };
        let known = self
            .pool
            .agreed_latest(QUORUM)
            .zip(self.pool.agreed_finalized(QUORUM));
        known.is_some_and(|(latest, finalized)| latest.saturating_sub(finalized) >= least)
    }

    /// The highest block that two providers call final, by either rule.
    fn agreed_attested(&self) -> Option<u64> {
        let mut by_provider = BTreeMap::new();
        for endpoint in self.endpoint_indices() {
            // Who is shut out or paused has no heights, and no voice.
            if let Some(heights) = self.pool.heights(endpoint) {
                let height = self.attested.height(endpoint).max(Some(heights.finalized));
                let known = by_provider.entry(self.pool.provider(endpoint)).or_insert(height);
                *known = height.max(*known);
            }
        }
        let mut heights: Vec<u64> = by_provider.into_values().flatten().collect();
        heights.sort_unstable_by(|a, b| b.cmp(a));
        heights.get(QUORUM - 1).copied()
    }
}

#[cfg(test)]
mod tests;
