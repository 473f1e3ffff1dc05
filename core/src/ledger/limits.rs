//! Per-account limits: how little must stay and how much may come.
//!
//! A limit always holds: it is refused while the account stands outside it, and from then on every transaction
//! that would break it is. Resolving a hold never breaks one, because both bounds already count the hold in full.

use serde::{Deserialize, Serialize};

use super::account::AccountKey;
use super::book::Account;
use super::{Ledger, LedgerRecord, Refusal, Rules};
use crate::money::Amount;

/// The bounds of one account, in minor units. The default binds nothing beyond "no overdraft".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limits {
    /// The least that must stay available; zero or more.
    pub minimum: Amount,
    /// The most that may be available, held and incoming together; not below `minimum`.
    pub maximum: Amount,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            minimum: Amount::ZERO,
            maximum: Amount::MAX,
        }
    }
}

impl Limits {
    /// Whether some balance can be within them.
    pub(super) fn are_valid(&self) -> bool {
        !self.minimum.is_negative() && self.minimum <= self.maximum
    }
}

impl Ledger {
    /// The record that gives `account` these limits; it opens the account if nothing has.
    ///
    /// # Errors
    /// [`Refusal::UnknownAsset`] under [`Rules::Registered`], [`Refusal::LimitsInvalid`] when the bounds
    /// contradict themselves, and [`Refusal::BelowMinimum`] or [`Refusal::AboveMaximum`] while the account stands
    /// outside them.
    pub fn decide_limits(
        &self,
        rules: Rules<'_>,
        account: AccountKey,
        limits: Limits,
    ) -> Result<LedgerRecord, Refusal> {
        if let Rules::Registered(registry) = rules
            && registry.asset(account.asset).is_none()
        {
            let asset = account.asset;
            return Err(Refusal::UnknownAsset { asset });
        }
        if !limits.are_valid() {
            return Err(Refusal::LimitsInvalid);
        }
        let found = self.books.account(account);
        let mut limited = found.unwrap_or_else(|| Account::new(account));
        limited.limits = limits;
        limited.admit()?;
        Ok(LedgerRecord::LimitsSet { account, limits })
    }

    /// The limits of `account`; the default if none were set.
    #[must_use]
    pub fn limits(&self, account: AccountKey) -> Limits {
        let found = self.books.account(account);
        found.map_or_else(Limits::default, |found| found.limits)
    }
}

#[cfg(test)]
mod tests;
