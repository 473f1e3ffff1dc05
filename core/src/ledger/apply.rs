//! [`Ledger::apply`]: the only way in which the ledger changes, the same for a fresh decision and for replay.
//!
//! A record that does not follow from the state is our bug or a damaged journal: applying it panics before any
//! answer that depends on it can leave.

use super::Ledger;
use super::account::{AccountKey, Owner, Phase};
use super::record::LedgerRecord;
use super::transaction::TransactionState;
use super::transfer::Transfer;
use crate::id::{AssetId, TransactionId, UserId};
use crate::money::Amount;
use crate::time::WallClock;

impl Ledger {
    /// Makes `record` happen.
    ///
    /// # Panics
    /// When the record does not follow from the state, or leaves an invariant broken in anything it touched:
    /// debits equal credits, no account overdrawn or outside its limits, no hold resolved twice, no key answered
    /// twice.
    pub fn apply(&mut self, record: &LedgerRecord) {
        match record {
            LedgerRecord::Posted {
                transaction,
                transfers,
                ..
            } => self.apply_posted(*transaction, transfers),
            LedgerRecord::Held {
                transaction,
                transfers,
                expires_at,
                ..
            } => self.apply_held(*transaction, transfers, *expires_at),
            LedgerRecord::HoldPosted { hold, amounts, .. } => {
                self.apply_hold_posted(*hold, amounts.as_deref());
            }
            LedgerRecord::HoldVoided { hold, .. } => self.apply_hold_voided(*hold),
            LedgerRecord::HoldExpired { hold } => self.apply_hold_expired(*hold),
            LedgerRecord::Reversed {
                transaction,
                original,
                ..
            } => self.apply_reversed(*transaction, *original),
            LedgerRecord::Refused { .. } => {} // its answer is all there is of it
            LedgerRecord::AccountsOpened { user, assets } => self.apply_accounts_opened(*user, assets),
            LedgerRecord::LimitsSet { account, limits } => self.books.set_limits(*account, *limits),
        }
        if let Some((receipt, outcome)) = record.answer() {
            self.answers.freeze(receipt, outcome);
        }
    }

    fn apply_posted(&mut self, id: TransactionId, transfers: &[Transfer]) {
        let state = TransactionState::Posted;
        self.transactions.begin(id, state);
        self.enter(Phase::Posted, transfers);
        self.assert_sound(id);
    }

    fn apply_held(&mut self, id: TransactionId, transfers: &[Transfer], expires_at: Option<WallClock>) {
        let state = TransactionState::Pending { expires_at };
        self.transactions.begin(id, state);
        self.enter(Phase::Pending, transfers);
        if let Some(at) = expires_at {
            self.expiries.insert((at, id));
        }
        self.assert_sound(id);
    }

    fn apply_hold_posted(&mut self, hold: TransactionId, amounts: Option<&[Amount]>) {
        self.close(hold, TransactionState::HoldPosted);
        self.release(hold);
        let legs = self.transactions.legs_mut(hold);
        if let Some(amounts) = amounts {
            assert_eq!(amounts.len(), legs.len(), "a partial post has one amount a leg");
            for (leg, amount) in legs.iter_mut().zip(amounts) {
                assert!(*amount <= leg.amount, "more was posted than held");
                assert!(!amount.is_negative(), "a negative amount was posted");
                leg.amount = *amount;
            }
        }
        for leg in self.transactions.legs(hold) {
            self.books.enter_leg(Phase::Posted, leg);
        }
        self.assert_sound(hold);
    }

    fn apply_hold_voided(&mut self, hold: TransactionId) {
        self.close(hold, TransactionState::Voided);
        self.release(hold);
        self.assert_sound(hold);
    }

    fn apply_hold_expired(&mut self, hold: TransactionId) {
        let expires_at = self.close(hold, TransactionState::Expired);
        assert_ne!(expires_at, None, "{hold} expired, which it never would");
        self.release(hold);
        self.assert_sound(hold);
    }

    fn apply_reversed(&mut self, id: TransactionId, original: TransactionId) {
        let state = self.transactions.at(original).state;
        assert!(
            state.is_posted(),
            "{original} was reversed without having been posted"
        );
        self.transactions.link(id, original);
        let transfers = self.opposite_of(original);
        self.transactions.begin(id, TransactionState::Posted);
        self.enter(Phase::Posted, &transfers);
        self.assert_sound(id);
    }

    fn apply_accounts_opened(&mut self, user: UserId, assets: &[AssetId]) {
        for asset in assets {
            self.books.open(AccountKey {
                owner: Owner::User(user),
                asset: *asset,
            });
        }
    }

    /// Adds the legs of the transaction that was begun last.
    fn enter(&mut self, phase: Phase, transfers: &[Transfer]) {
        for transfer in transfers {
            let leg = self.books.enter(phase, transfer);
            self.transactions.push_leg(leg);
        }
    }

    /// Moves a hold from pending to `state` and out of the expiries; says when it would have expired.
    fn close(&mut self, hold: TransactionId, state: TransactionState) -> Option<WallClock> {
        let entry = self.transactions.at_mut(hold);
        let TransactionState::Pending { expires_at } = entry.state else {
            unreachable!("{hold} was resolved while it was not pending")
        };
        entry.state = state;
        if let Some(at) = expires_at {
            let listed = self.expiries.remove(&(at, hold));
            assert!(listed, "an open hold was not among the expiries");
        }
        expires_at
    }

    /// Takes everything that `hold` reserved out of the pending counters.
    fn release(&mut self, hold: TransactionId) {
        for leg in self.transactions.legs(hold) {
            self.books.release(leg);
        }
    }

    /// Asserts the invariants of everything that a transaction touches.
    fn assert_sound(&self, id: TransactionId) {
        for leg in self.transactions.legs(id) {
            self.books.assert_sound(leg);
        }
    }
}

#[cfg(test)]
mod tests;
