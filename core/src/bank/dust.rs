//! Deposits below the minimum: once those of one user, chain and asset have reached it together, they are credited in one act.
//!
//! It is a chore, not part of the finding that brought the last of them: a transaction may bring many. What is due is told
//! from the state alone, so a restart, or a minimum that was lowered, finds it too. An account that refuses leaves everything
//! in suspense: it is tried again with the next deposit there, and at a start.

use alloc::vec::Vec;

use super::due::Backlog;
use super::{Bank, BankConfig, Effect, State};
use crate::escrow::{Beneficiary, Booked, DepositKey, DustPlace, EscrowRecord, Heap, SuspenseReason, TxKey};
use crate::limits::DUST_TOGETHER_MAX;
use crate::machine::Effects;
use crate::money::Amount;

/// The most records that one act makes: the transfer, the purchase, and what they were for.
pub(super) const DUST_RECORDS_MAX: usize = 3;

impl Backlog {
    /// Every place at which what lies there has reached the minimum.
    pub(super) fn dust_due(config: &BankConfig, state: &State) -> Vec<DustPlace> {
        let heaps = state.escrow().dust_heaps();
        let due = heaps.filter(|(place, heap)| is_due(config, place, heap));
        due.map(|(place, _)| place).collect()
    }
}

impl Bank {
    /// Looks at the places at which the deposits of `tx` lie that are below the minimum.
    pub(super) fn look_at_dust(&mut self, tx: TxKey, deposits: &[Booked]) {
        for Booked { deposit, .. } in deposits {
            if deposit.beneficiary != Beneficiary::Suspense(SuspenseReason::BelowMinimum) {
                continue;
            }
            let place = DustPlace {
                chain: tx.chain,
                to: deposit.to,
                asset: deposit.asset,
            };
            let heap = self.state.escrow().dust(&place);
            let due = heap.is_some_and(|heap| is_due(&self.config, &place, heap));
            if due && !self.backlog.dust.contains(&place) {
                self.backlog.dust.push(place);
            }
        }
    }

    /// Credits what lies at `place`, if that is still due.
    pub(super) fn credit_dust(&mut self, place: DustPlace, fx: &mut Effects<Effect>) {
        let escrow = self.state.escrow();
        let heap = escrow
            .dust(&place)
            .filter(|heap| is_due(&self.config, &place, heap));
        let (Some(heap), Some(user)) = (heap, self.state.owner_of(place.chain, place.to)) else {
            return;
        };
        let is_all = heap.deposits.len() <= DUST_TOGETHER_MAX;
        let deposits: Vec<DepositKey> = heap.deposits.iter().copied().take(DUST_TOGETHER_MAX).collect();
        let amounts = deposits.iter().filter_map(|key| escrow.suspended(key));
        let sum = amounts.fold(Amount::ZERO, |sum, one| {
            let Ok(sum) = sum.plus(one.booked.deposit.amount) else {
                unreachable!("a part of a heap is more than the heap")
            };
            sum
        });
        let Some(first) = deposits.first().copied() else {
            unreachable!("nothing lies where something is due")
        };
        let released = self.release("escrow/dust", first, (user, place.asset, sum), fx);
        let Ok((transaction, purchase)) = released else {
            return;
        };
        let at = self.wall;
        let record = EscrowRecord::DustCredited {
            user,
            deposits,
            transaction,
            purchase,
            at,
        };
        self.escrow(record, fx);
        if !is_all {
            self.backlog.dust.push(place);
        }
    }
}

/// Whether what lies at `place` is to be credited.
fn is_due(config: &BankConfig, place: &DustPlace, heap: &Heap) -> bool {
    let asset = config.registry.asset(place.asset).filter(|asset| asset.enabled);
    asset.is_some_and(|asset| heap.has_reached || heap.sum >= asset.min)
}
