//! [`Dust`]: deposits below the minimum, gathered by where they were paid until together they reach it (trap E7).
//!
//! A user's deposit address is one address of one chain, so "per user, chain and asset" is per address and asset here. Each
//! deposit keeps its own posting and evidence; what is gathered is only which of them are credited together.

use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::deposit::DepositKey;
use super::reason::SuspenseReason;
use super::state::Suspended;
use crate::id::{Address, AssetId, ChainId};
use crate::money::Amount;

/// Where dust gathers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DustPlace {
    /// The chain.
    pub chain: ChainId,
    /// The address that was paid.
    pub to: Address,
    /// What was paid.
    pub asset: AssetId,
}

impl DustPlace {
    /// Where a suspended deposit gathers, if it is there because it is below the minimum.
    #[must_use]
    pub fn of(key: &DepositKey, suspended: &Suspended) -> Option<Self> {
        match suspended.reason {
            SuspenseReason::BelowMinimum => Some(Self {
                chain: key.tx.chain,
                to: suspended.booked.deposit.to,
                asset: suspended.booked.deposit.asset,
            }),
            SuspenseReason::Unattributed
            | SuspenseReason::AssetDisabled
            | SuspenseReason::AccountLimit
            | SuspenseReason::AboveMaximum => None,
        }
    }
}

/// What lies at one place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Heap {
    /// The deposits.
    pub deposits: BTreeSet<DepositKey>,
    /// What they come to.
    pub sum: Amount,
    /// Whether they reached the minimum before, together with what was credited already: one act had no room for all.
    pub has_reached: bool,
}

/// All dust in suspense, by place. Derived from suspense.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Dust {
    heaps: BTreeMap<DustPlace, Heap>,
}

impl Dust {
    /// Takes in what went into suspense, if it is dust.
    pub(super) fn put(&mut self, key: DepositKey, suspended: &Suspended) {
        let Some(place) = DustPlace::of(&key, suspended) else {
            return;
        };
        let heap = self.heaps.entry(place).or_default();
        let Ok(sum) = heap.sum.plus(suspended.booked.deposit.amount) else {
            unreachable!("a heap has more than the ledger can count")
        };
        heap.sum = sum;
        assert!(heap.deposits.insert(key), "{key:?} is dust twice");
    }

    /// Lets go what left suspense, if it was dust.
    pub(super) fn take(&mut self, key: &DepositKey, suspended: &Suspended) {
        let Some(place) = DustPlace::of(key, suspended) else {
            return;
        };
        let Some(heap) = self.heaps.get_mut(&place) else {
            unreachable!("{key:?} is dust and lies nowhere")
        };
        assert!(heap.deposits.remove(key), "{key:?} is dust and lies nowhere");
        let Ok(left) = heap.sum.minus(suspended.booked.deposit.amount) else {
            unreachable!("a heap is less than {key:?}, which lies in it")
        };
        heap.sum = left;
        if heap.deposits.is_empty() {
            self.heaps.remove(&place);
        }
    }

    /// Notes that what is left at `place` belongs to what was credited.
    pub(super) fn reach(&mut self, place: &DustPlace) {
        if let Some(heap) = self.heaps.get_mut(place) {
            heap.has_reached = true;
        }
    }

    /// What lies at `place`.
    pub(super) fn heap(&self, place: &DustPlace) -> Option<&Heap> {
        self.heaps.get(place)
    }

    /// Every place where something lies, with what it comes to.
    pub(super) fn heaps(&self) -> impl Iterator<Item = (DustPlace, &Heap)> {
        self.heaps.iter().map(|(place, heap)| (*place, heap))
    }
}

#[cfg(test)]
mod tests;
