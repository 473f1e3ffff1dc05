//! The double-entry ledger: who owns what, and how it came to be so.
//!
//! It answers a [`Request`] with a [`Verdict`] ([`Ledger::decide`], which changes nothing) and changes only by a
//! [`LedgerRecord`] ([`Ledger::apply`]), so a fresh decision and a replayed journal run the same lines. It knows
//! no journal, no chain and no clock; its owner brings the date and keeps the records.
//!
//! What always holds, asserted at every step for what the step touched and by [`Ledger::check`] for everything:
//! 1. per asset, debits equal credits, posted and pending;
//! 2. no account is overdrawn or outside its limits, open holds counted in full;
//! 3. a transaction happens whole or not at all, a hold is resolved at most once, a transaction reversed at most
//!    once;
//! 4. the first answer under an idempotency key is the answer for ever, refusals included;
//! 5. no counter leaves its range: a command that would take one there is refused by name.
//!
//! It keeps every transaction and every answer, about 60 bytes and 85 bytes each, so that anything can be reversed
//! and nothing answered twice.

mod account;
mod apply;
mod book;
mod check;
mod command;
mod decide;
mod fingerprint;
mod hold;
mod idempotency;
mod limits;
mod record;
mod refusal;
mod transaction;
mod transfer;

use alloc::collections::BTreeSet;

pub use account::{AccountKey, Balance, Counters, Owner, Totals};
pub use command::{Command, Outcome, Request, Rules, Verdict};
pub use fingerprint::{Field, Fingerprint, Receipt};
pub use limits::Limits;
pub use record::LedgerRecord;
pub use refusal::Refusal;
pub use transaction::{TransactionState, TransactionView};
pub use transfer::Transfer;

use crate::id::{AssetId, TransactionId, UserId};
use crate::time::WallClock;

/// The whole ledger of one journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    books: book::Books,
    transactions: transaction::Transactions,
    /// The open holds that expire, by date.
    expiries: BTreeSet<(WallClock, TransactionId)>,
    answers: idempotency::Answers,
}

impl Ledger {
    /// A ledger in which nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the owner of `account` has in it; nothing if it was never opened.
    #[must_use]
    pub fn balance(&self, account: AccountKey) -> Balance {
        let found = self.books.account(account);
        found.map_or_else(Balance::default, |found| found.balance())
    }

    /// What a user has, by asset, in every account that was opened.
    pub fn balances_of(&self, user: UserId) -> impl Iterator<Item = (AssetId, Balance)> {
        let accounts = self.books.accounts_of(Owner::User(user));
        accounts.map(|account| (account.key.asset, account.balance()))
    }

    /// Every open account, by owner and asset.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountKey, Counters)> {
        let accounts = self.books.accounts();
        accounts.map(|account| (account.key, account.counters))
    }

    /// The counters of every account of `asset` together.
    #[must_use]
    pub fn totals(&self, asset: AssetId) -> Totals {
        self.books
            .find(asset)
            .map_or_else(Totals::default, |book| book.totals)
    }
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod script;
