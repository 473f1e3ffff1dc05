//! [`Transfer`]: one movement, from one account to another of the same asset, and the rules of its form.

use serde::{Deserialize, Serialize};

use super::account::{AccountKey, Owner};
use super::command::Rules;
use super::refusal::Refusal;
use crate::id::AssetId;
use crate::limits::TRANSFERS_MAX;
use crate::money::Amount;

/// One movement of one asset. Each transfer is a debit and a credit of the same amount, so no sequence of
/// transfers can make or destroy anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transfer {
    /// Whose account is debited.
    pub debit: Owner,
    /// Whose account is credited.
    pub credit: Owner,
    /// What moves.
    pub asset: AssetId,
    /// How much, in minor units; positive in every command.
    pub amount: Amount,
}

impl Transfer {
    /// The debited account.
    #[must_use]
    pub const fn debit_account(&self) -> AccountKey {
        AccountKey {
            owner: self.debit,
            asset: self.asset,
        }
    }

    /// The credited account.
    #[must_use]
    pub const fn credit_account(&self) -> AccountKey {
        AccountKey {
            owner: self.credit,
            asset: self.asset,
        }
    }

    /// The movement that undoes this one.
    pub(super) const fn reversed(self) -> Self {
        Self {
            debit: self.credit,
            credit: self.debit,
            ..self
        }
    }

    fn check(&self, rules: Rules<'_>) -> Result<(), Refusal> {
        if !self.amount.is_positive() {
            return Err(Refusal::AmountNotPositive);
        }
        if self.debit == self.credit {
            return Err(Refusal::SameAccount);
        }
        match rules {
            Rules::Registered(registry) => {
                let asset = self.asset;
                let registered = registry.asset(asset).ok_or(Refusal::UnknownAsset { asset })?;
                if !registered.enabled {
                    Err(Refusal::AssetDisabled { asset })
                } else if self.amount < registered.min {
                    Err(Refusal::AmountBelowMin { asset })
                } else if self.amount > registered.max {
                    Err(Refusal::AmountAboveMax { asset })
                } else {
                    Ok(())
                }
            }
            Rules::Internal => Ok(()),
        }
    }
}

/// Whether the transfers of one command have a form that `rules` allow.
pub(super) fn check_form(rules: Rules<'_>, transfers: &[Transfer]) -> Result<(), Refusal> {
    if transfers.is_empty() {
        return Err(Refusal::NoTransfers);
    }
    if transfers.len() > TRANSFERS_MAX {
        return Err(Refusal::TooManyTransfers);
    }
    transfers.iter().try_for_each(|transfer| transfer.check(rules))
}
