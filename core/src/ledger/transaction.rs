//! Transactions: what was moved or reserved, all or nothing, and what became of it.
//!
//! ```text
//!   Post, Reverse --> Posted
//!   Hold -----------> Pending --post---> HoldPosted
//!                        \------void---> Voided
//!                        \------time---> Expired
//! ```
//!
//! What is posted may be reversed once, by a new transaction; both keep their state and are linked.
//!
//! Ids are handed out in sequence from 1, so transactions are a plain list, and their legs share one arena: a
//! transaction of one transfer costs 56 bytes on a 64-bit machine.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Ledger;
use super::book::Leg;
use super::refusal::Refusal;
use super::transfer::Transfer;
use crate::id::TransactionId;
use crate::time::WallClock;

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionState {
    /// Posted in a single phase.
    Posted,
    /// A hold that waits.
    Pending {
        /// From when on it is over by itself, if ever.
        expires_at: Option<WallClock>,
    },
    /// A hold that became final, in full or in part.
    HoldPosted,
    /// A hold that was given up.
    Voided,
    /// A hold whose time was over.
    Expired,
}

impl TransactionState {
    /// Whether its movements are final.
    #[must_use]
    pub const fn is_posted(self) -> bool {
        match self {
            Self::Posted | Self::HoldPosted => true,
            Self::Pending { .. } | Self::Voided | Self::Expired => false,
        }
    }
}

/// A transaction as one may look at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TransactionView {
    /// Its id.
    pub id: TransactionId,
    /// What became of it.
    pub state: TransactionState,
    /// Its movements. Of a posted hold: what was posted, which may be zero; of other holds: what was held.
    pub transfers: Vec<Transfer>,
    /// The transaction that it undoes, if it is a reversal.
    pub reverses: Option<TransactionId>,
    /// The transaction that undid it, if one did.
    pub reversed_by: Option<TransactionId>,
}

impl Ledger {
    /// How many transactions there are, in every state.
    #[must_use]
    pub fn transaction_count(&self) -> u64 {
        self.transactions.next_id().number() - 1
    }

    /// The transaction called `id`, if there is one.
    #[must_use]
    pub fn transaction(&self, id: TransactionId) -> Option<TransactionView> {
        let entry = self.transactions.get(id)?;
        Some(TransactionView {
            id,
            state: entry.state,
            transfers: self.transfers_of(id),
            reverses: self.transactions.original_of(id),
            reversed_by: self.transactions.reversal_of(id),
        })
    }

    /// The movements that would undo a transaction that exists.
    pub(super) fn opposite_of(&self, id: TransactionId) -> Vec<Transfer> {
        let mut transfers = self.transfers_of(id);
        for transfer in &mut transfers {
            *transfer = transfer.reversed();
        }
        transfers
    }

    /// The movements of a transaction that exists.
    fn transfers_of(&self, id: TransactionId) -> Vec<Transfer> {
        let legs = self.transactions.legs(id).iter();
        legs.map(|leg| self.books.transfer(leg)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    /// Where its legs begin; they end where those of the next begin.
    first_leg: usize,
    pub(super) state: TransactionState,
}

/// Every transaction, by id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Transactions {
    entries: Vec<Entry>,
    legs: Vec<Leg>,
    /// The reversal of each transaction that was reversed.
    reversals: BTreeMap<TransactionId, TransactionId>,
    /// What each reversal reverses.
    originals: BTreeMap<TransactionId, TransactionId>,
}

impl Transactions {
    /// The id that the next transaction gets.
    pub(super) fn next_id(&self) -> TransactionId {
        TransactionId::new(self.entries.len() as u64 + 1)
    }

    pub(super) fn get(&self, id: TransactionId) -> Option<&Entry> {
        self.entries.get(index(id)?)
    }

    /// The transaction called `id`.
    pub(super) fn find(&self, id: TransactionId) -> Result<&Entry, Refusal> {
        let unknown = Refusal::UnknownTransaction { transaction: id };
        self.get(id).ok_or(unknown)
    }

    /// The transaction that a record names.
    ///
    /// # Panics
    /// When there is none.
    pub(super) fn at(&self, id: TransactionId) -> &Entry {
        let entry = self.get(id);
        entry.unwrap_or_else(|| unreachable!("a record names {id}, which does not exist"))
    }

    /// The transaction that a record names, to change.
    ///
    /// # Panics
    /// When there is none.
    pub(super) fn at_mut(&mut self, id: TransactionId) -> &mut Entry {
        let entry = index(id).and_then(|index| self.entries.get_mut(index));
        entry.unwrap_or_else(|| unreachable!("a record names {id}, which does not exist"))
    }

    pub(super) fn legs(&self, id: TransactionId) -> &[Leg] {
        let (first, end) = self.bounds(id);
        &self.legs[first..end]
    }

    pub(super) fn legs_mut(&mut self, id: TransactionId) -> &mut [Leg] {
        let (first, end) = self.bounds(id);
        &mut self.legs[first..end]
    }

    /// Adds the transaction `id`; its legs are pushed next.
    ///
    /// # Panics
    /// When `id` is not the next.
    pub(super) fn begin(&mut self, id: TransactionId, state: TransactionState) {
        assert_eq!(id, self.next_id(), "transaction ids have no gaps");
        self.entries.push(Entry {
            first_leg: self.legs.len(),
            state,
        });
    }

    /// Links a reversal and its original.
    ///
    /// # Panics
    /// When either is linked already.
    pub(super) fn link(&mut self, reversal: TransactionId, original: TransactionId) {
        let before = self.reversals.insert(original, reversal);
        assert_eq!(before, None, "{original} was reversed twice");
        let before = self.originals.insert(reversal, original);
        assert_eq!(before, None, "{reversal} reverses two transactions");
    }

    /// The transaction that undid `id`, if one did.
    pub(super) fn reversal_of(&self, id: TransactionId) -> Option<TransactionId> {
        self.reversals.get(&id).copied()
    }

    /// The transaction that `id` undoes, if it is a reversal.
    pub(super) fn original_of(&self, id: TransactionId) -> Option<TransactionId> {
        self.originals.get(&id).copied()
    }

    /// Adds a leg to the transaction that was begun last.
    pub(super) fn push_leg(&mut self, leg: Leg) {
        self.legs.push(leg);
    }

    /// Every transaction, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TransactionId, &Entry)> {
        let numbered = (1..).map(TransactionId::new);
        numbered.zip(&self.entries)
    }

    fn bounds(&self, id: TransactionId) -> (usize, usize) {
        let at = index(id).filter(|at| *at < self.entries.len());
        let at = at.unwrap_or_else(|| unreachable!("the legs of {id}, which does not exist, were asked for"));
        let end = self
            .entries
            .get(at + 1)
            .map_or(self.legs.len(), |next| next.first_leg);
        (self.entries[at].first_leg, end)
    }
}

fn index(id: TransactionId) -> Option<usize> {
    usize::try_from(id.number().checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests;
