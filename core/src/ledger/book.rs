//! Books: the accounts of each asset together with their totals.
//!
//! A transfer never leaves one book, so a book is where double entry is kept: a leg is entered on both of its
//! accounts and on both sides of the totals in one place. An account is opened by the first record that touches
//! it, exactly once.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::Hash;

use super::account::{AccountKey, Balance, Counters, Owner, Phase, Totals};
use super::limits::Limits;
use super::refusal::Refusal;
use super::transfer::Transfer;
use crate::digest::Digest;
use crate::id::AssetId;
use crate::money::Amount;
use crate::table::Table;

/// One account as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Account {
    pub(super) key: AccountKey,
    pub(super) counters: Counters,
    pub(super) limits: Limits,
}

impl Account {
    /// An account in which nothing has happened.
    pub(super) fn new(key: AccountKey) -> Self {
        Self {
            key,
            counters: Counters::default(),
            limits: Limits::default(),
        }
    }

    pub(super) fn balance(&self) -> Balance {
        self.counters.balance(self.key.owner)
    }

    /// Whether an account may stand like this one.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        let account = self.key;
        let balance = self.balance();
        if balance.available.is_negative() {
            Err(Refusal::InsufficientFunds { account })
        } else if balance.available < self.limits.minimum {
            Err(Refusal::BelowMinimum { account })
        } else if balance.most() > self.limits.maximum {
            Err(Refusal::AboveMaximum { account })
        } else {
            Ok(())
        }
    }
}

/// The place of a book among the books, fixed once it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct BookId(u32);

/// The place of an account in its book, fixed once it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot(u32);

/// A transfer between two open accounts of one book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Leg {
    book: BookId,
    debit: Slot,
    credit: Slot,
    pub(super) amount: Amount,
}

/// Every account of one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Book {
    pub(super) asset: AssetId,
    /// The counters of all accounts together, kept step by step.
    pub(super) totals: Totals,
    slots: Table<Owner, Slot>,
    /// By slot. What a transfer touches stands close together; the rest of an account is kept apart.
    counters: Vec<Counters>,
    /// By slot.
    owners: Vec<Owner>,
    /// Of the few accounts that have any.
    limits: BTreeMap<Slot, Limits>,
}

impl Book {
    fn new(asset: AssetId) -> Self {
        Self {
            asset,
            totals: Totals::default(),
            slots: Table::new(),
            counters: Vec::new(),
            owners: Vec::new(),
            limits: BTreeMap::new(),
        }
    }

    /// The account of `owner`, if it was ever opened.
    pub(super) fn account(&self, owner: Owner) -> Option<Account> {
        self.slots.get(&owner).map(|slot| self.at(*slot))
    }

    fn at(&self, slot: Slot) -> Account {
        let owner = self.owners[slot.0 as usize];
        let asset = self.asset;
        Account {
            key: AccountKey { owner, asset },
            counters: self.counters[slot.0 as usize],
            limits: self.limits.get(&slot).copied().unwrap_or_default(),
        }
    }

    fn counters_mut(&mut self, slot: Slot) -> &mut Counters {
        &mut self.counters[slot.0 as usize]
    }

    fn enter(&mut self, phase: Phase, leg: &Leg) {
        assert_ne!(leg.debit, leg.credit, "a leg has two accounts");
        assert!(!leg.amount.is_negative(), "a leg moves less than nothing");
        let (amount, none) = (leg.amount, Amount::ZERO);
        self.counters_mut(leg.debit).add(phase, amount, none);
        self.counters_mut(leg.credit).add(phase, none, amount);
        self.totals.add(phase, amount, amount);
    }

    fn release(&mut self, leg: &Leg) {
        let (amount, none) = (leg.amount, Amount::ZERO);
        self.counters_mut(leg.debit).release(amount, none);
        self.counters_mut(leg.credit).release(none, amount);
        self.totals.release(amount, amount);
    }

    fn assert_sound(&self, slot: Slot) {
        let standing = self.at(slot).admit();
        assert_eq!(standing, Ok(()), "an account stands where it may not");
    }
}

/// Every book, with an index for look-ups and one for listing by owner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Books {
    list: Vec<Book>,
    ids: BTreeMap<AssetId, BookId>,
    owners: BTreeMap<Owner, BTreeMap<AssetId, (BookId, Slot)>>,
}

impl Books {
    /// The book of `asset`, if anything ever touched it.
    pub(super) fn find(&self, asset: AssetId) -> Option<&Book> {
        self.ids.get(&asset).map(|id| self.at(*id))
    }

    /// The account called `key`, if it was ever opened.
    pub(super) fn account(&self, key: AccountKey) -> Option<Account> {
        self.find(key.asset)?.account(key.owner)
    }

    /// Opens the account called `key` if it was not.
    pub(super) fn open(&mut self, key: AccountKey) {
        let book = self.open_book(key.asset);
        self.open_account(book, key.owner);
    }

    /// Gives the account called `key` other limits; opens it if it was not.
    ///
    /// # Panics
    /// When no balance, or not its balance, is within them.
    pub(super) fn set_limits(&mut self, key: AccountKey, limits: Limits) {
        assert!(limits.are_valid(), "the limits of {key} contradict themselves");
        let id = self.open_book(key.asset);
        let slot = self.open_account(id, key.owner);
        let book = self.at_mut(id);
        book.limits.insert(slot, limits);
        book.assert_sound(slot);
    }

    /// Moves `transfer`, between accounts that are opened if they were not.
    pub(super) fn enter(&mut self, phase: Phase, transfer: &Transfer) -> Leg {
        let book = self.open_book(transfer.asset);
        let leg = Leg {
            book,
            debit: self.open_account(book, transfer.debit),
            credit: self.open_account(book, transfer.credit),
            amount: transfer.amount,
        };
        self.at_mut(book).enter(phase, &leg);
        leg
    }

    /// Moves `leg` again.
    pub(super) fn enter_leg(&mut self, phase: Phase, leg: &Leg) {
        self.at_mut(leg.book).enter(phase, leg);
    }

    /// Takes what `leg` reserved out of the pending counters.
    pub(super) fn release(&mut self, leg: &Leg) {
        self.at_mut(leg.book).release(leg);
    }

    /// Asserts the invariants of everything that `leg` touches.
    ///
    /// # Panics
    /// When one is broken.
    pub(super) fn assert_sound(&self, leg: &Leg) {
        let book = self.at(leg.book);
        book.assert_sound(leg.debit);
        book.assert_sound(leg.credit);
        let asset = book.asset;
        assert!(book.totals.is_balanced(), "debits and credits of {asset} differ");
    }

    /// The transfer that `leg` stands for.
    pub(super) fn transfer(&self, leg: &Leg) -> Transfer {
        let book = self.at(leg.book);
        Transfer {
            debit: book.owners[leg.debit.0 as usize],
            credit: book.owners[leg.credit.0 as usize],
            asset: book.asset,
            amount: leg.amount,
        }
    }

    /// Every book, by asset.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Book> {
        self.ids.values().map(|id| self.at(*id))
    }

    /// Every account, by owner and asset.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Account> {
        let places = self.owners.values().flatten();
        places.map(|(_, (book, slot))| self.at(*book).at(*slot))
    }

    /// The accounts of one owner, by asset.
    pub(super) fn accounts_of(&self, owner: Owner) -> impl Iterator<Item = Account> {
        let places = self.owners.get(&owner).into_iter().flatten();
        places.map(|(_, (book, slot))| self.at(*book).at(*slot))
    }

    /// Asserts that the books and their indexes say the same.
    ///
    /// # Panics
    /// When they do not.
    pub(super) fn check(&self) {
        assert_eq!(self.ids.len(), self.list.len(), "every book is found once");
        for book in &self.list {
            assert_eq!(self.find(book.asset), Some(book), "a look-up finds another book");
            assert_eq!(
                book.slots.len(),
                book.counters.len(),
                "every account is found once"
            );
            assert_eq!(
                book.owners.len(),
                book.counters.len(),
                "every account has one owner"
            );
        }
        let accounts: usize = self.list.iter().map(|book| book.counters.len()).sum();
        assert_eq!(accounts, self.accounts().count(), "every account is listed once");
        for (owner, places) in &self.owners {
            for (asset, (book, slot)) in places {
                let (owner, asset) = (*owner, *asset);
                let account = self.at(*book).at(*slot);
                let key = AccountKey { owner, asset };
                assert_eq!(account.key, key, "the listing names another account");
                assert_eq!(
                    self.account(key),
                    Some(account),
                    "a look-up finds another account"
                );
            }
        }
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        for account in self.accounts() {
            account.hash(digest);
        }
        for book in self.iter() {
            (book.asset, book.totals).hash(digest);
        }
    }

    fn at(&self, id: BookId) -> &Book {
        &self.list[id.0 as usize]
    }

    fn at_mut(&mut self, id: BookId) -> &mut Book {
        &mut self.list[id.0 as usize]
    }

    fn open_book(&mut self, asset: AssetId) -> BookId {
        if let Some(id) = self.ids.get(&asset) {
            return *id;
        }
        let id = BookId(place(self.list.len()));
        self.list.push(Book::new(asset));
        self.ids.insert(asset, id);
        id
    }

    fn open_account(&mut self, id: BookId, owner: Owner) -> Slot {
        let book = self.at_mut(id);
        if let Some(slot) = book.slots.get(&owner) {
            return *slot;
        }
        let slot = Slot(place(book.counters.len()));
        book.slots.insert(owner, slot);
        book.counters.push(Counters::default());
        book.owners.push(owner);
        let asset = book.asset;
        self.owners.entry(owner).or_default().insert(asset, (id, slot));
        slot
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or_else(|_| unreachable!("more than 2^32 accounts of one asset"))
}

#[cfg(test)]
mod tests;
