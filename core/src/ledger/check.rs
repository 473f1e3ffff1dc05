//! The full audit, and the digest that two ledgers are compared by.

use alloc::collections::{BTreeMap, BTreeSet};
use core::hash::Hash;

use super::Ledger;
use super::account::{AccountKey, Counters, Phase};
use super::transaction::{TransactionState, TransactionView};
use crate::digest::Digest;
use crate::id::AssetId;
use crate::money::Amount;

impl Ledger {
    /// Audits everything: every account is re-summed from the transactions and every total from the accounts, and
    /// both must be what was kept step by step. Takes time in proportion to all that ever happened.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub fn check(&self) {
        self.books.check();
        self.answers.check();
        self.check_totals();
        self.check_counters();
        self.check_expiries();
        self.check_reversals();
    }

    /// A digest of the whole state. Two ledgers to which the same records were applied have the same digest.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        self.books.digest(&mut digest);
        self.transactions.hash(&mut digest);
        self.expiries.hash(&mut digest);
        self.answers.digest(&mut digest);
        digest.value()
    }

    fn views(&self) -> impl Iterator<Item = TransactionView> {
        let ids = self.transactions.iter().map(|(id, _)| id);
        ids.filter_map(|id| self.transaction(id))
    }

    fn check_totals(&self) {
        let mut resummed: BTreeMap<AssetId, Counters> = BTreeMap::new();
        for account in self.books.accounts() {
            let counters = &account.counters;
            let totals = resummed.entry(account.key.asset).or_default();
            totals.add(Phase::Posted, counters.debits_posted, counters.credits_posted);
            totals.add(Phase::Pending, counters.debits_pending, counters.credits_pending);
            assert_eq!(account.admit(), Ok(()), "an account stands where it may not");
        }
        for (asset, totals) in &resummed {
            assert!(totals.is_balanced(), "debits and credits of {asset} differ");
        }
        let kept = self.books.iter().map(|book| (book.asset, book.totals));
        assert!(kept.eq(resummed), "the totals are not those of the accounts");
    }

    fn check_counters(&self) {
        let mut resummed: BTreeMap<AccountKey, Counters> = BTreeMap::new();
        for view in self.views() {
            let phase = match view.state {
                TransactionState::Posted | TransactionState::HoldPosted => Phase::Posted,
                TransactionState::Pending { .. } => Phase::Pending,
                TransactionState::Voided | TransactionState::Expired => continue,
            };
            for transfer in &view.transfers {
                let debited = resummed.entry(transfer.debit_account()).or_default();
                debited.add(phase, transfer.amount, Amount::ZERO);
                let credited = resummed.entry(transfer.credit_account()).or_default();
                credited.add(phase, Amount::ZERO, transfer.amount);
            }
        }
        for account in self.books.accounts() {
            let key = account.key;
            let counters = resummed.get(&key).copied().unwrap_or_default();
            assert_eq!(
                account.counters, counters,
                "account {key} is not the sum of its transactions"
            );
        }
    }

    fn check_expiries(&self) {
        let mut open = BTreeSet::new();
        for (id, entry) in self.transactions.iter() {
            if let TransactionState::Pending { expires_at: Some(at) } = entry.state {
                open.insert((at, id));
            }
        }
        assert_eq!(
            open, self.expiries,
            "the expiries are not those of the open holds"
        );
    }

    fn check_reversals(&self) {
        for view in self.views() {
            if let Some(by) = view.reversed_by {
                let id = view.id;
                assert!(
                    view.state.is_posted(),
                    "{id} was reversed without having been posted"
                );
                let named = self.transactions.original_of(by);
                assert_eq!(named, Some(id), "the reversal of {id} names another transaction");
            }
            if let Some(original) = view.reverses {
                let named = self.transactions.reversal_of(original);
                assert_eq!(named, Some(view.id), "{original} names another reversal");
            }
        }
    }
}

#[cfg(test)]
mod tests;
