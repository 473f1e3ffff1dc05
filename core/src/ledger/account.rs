//! Accounts: who owns what, as four counters that only transactions move.
//!
//! An account belongs to one owner and one asset. Two counters grow for ever (posted debits and credits), two hold
//! what open holds have reserved (pending debits and credits). Every balance is computed from them, so there is no
//! second figure to fall out of step. An account is opened by the first record that touches it, exactly once.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AssetId, ChainId, UserId};
use crate::money::Amount;

/// Who an account belongs to. All but users are the house's own. Journalled by place: new ones go last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Owner {
    /// A registered user.
    User(UserId),
    /// What the house's addresses hold on a chain. Debit-normal: it grows by debits.
    Custody(ChainId),
    /// Valid deposits that nobody could be found for yet.
    Suspense,
    /// The house's own money.
    Treasury,
    /// Where the house's own product assets come from. Debit-normal: it counts what was issued.
    Issuance,
    /// What the house has earned in fees.
    Fees,
    /// What is to be sent back on chain, and is not known to be paid yet.
    Refunds,
}

impl Owner {
    /// Whether debits make its accounts grow (assets of the house) and not credits (what the house owes).
    #[must_use]
    pub const fn is_debit_normal(self) -> bool {
        match self {
            Self::Custody(_) | Self::Issuance => true,
            Self::User(_) | Self::Suspense | Self::Treasury | Self::Fees | Self::Refunds => false,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "{user}"),
            Self::Custody(chain) => write!(f, "custody-{chain}"),
            Self::Suspense => f.write_str("suspense"),
            Self::Treasury => f.write_str("treasury"),
            Self::Issuance => f.write_str("issuance"),
            Self::Fees => f.write_str("fees"),
            Self::Refunds => f.write_str("refunds"),
        }
    }
}

/// The name of an account: one owner, one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountKey {
    /// Who owns it.
    pub owner: Owner,
    /// What it counts.
    pub asset: AssetId,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.asset)
    }
}

/// Debits and credits, in minor units, none ever negative. Posted ones never shrink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Everything ever debited for good.
    pub debits_posted: Amount,
    /// Everything ever credited for good.
    pub credits_posted: Amount,
    /// What open holds would debit.
    pub debits_pending: Amount,
    /// What open holds would credit.
    pub credits_pending: Amount,
}

/// The counters of every account of one asset together: debits equal credits, posted and pending.
pub type Totals = Counters;

impl Counters {
    /// What these counters mean to `owner`.
    ///
    /// # Panics
    /// When a counter is out of the range that the ledger keeps it in.
    #[must_use]
    pub fn balance(&self, owner: Owner) -> Balance {
        let credit_side = (self.credits_posted, self.credits_pending);
        let debit_side = (self.debits_posted, self.debits_pending);
        let (inward, outward) = if owner.is_debit_normal() {
            (debit_side, credit_side)
        } else {
            (credit_side, debit_side)
        };
        let ((posted_in, pending_in), (posted_out, pending_out)) = (inward, outward);
        Balance {
            available: difference(difference(posted_in, posted_out), pending_out),
            held: pending_out,
            incoming: pending_in,
        }
    }

    /// Adds debits and credits in `phase`.
    pub(super) fn add(&mut self, phase: Phase, debits: Amount, credits: Amount) {
        let (debit, credit) = self.of(phase);
        *debit = sum(*debit, debits);
        *credit = sum(*credit, credits);
    }

    /// Takes out what a hold had reserved.
    pub(super) fn release(&mut self, debits: Amount, credits: Amount) {
        self.debits_pending = difference(self.debits_pending, debits);
        self.credits_pending = difference(self.credits_pending, credits);
        assert!(
            !self.debits_pending.is_negative(),
            "more debits were released than held"
        );
        assert!(
            !self.credits_pending.is_negative(),
            "more credits were released than held"
        );
    }

    /// Whether debits equal credits, posted and pending.
    pub(super) fn is_balanced(&self) -> bool {
        self.debits_posted == self.credits_posted && self.debits_pending == self.credits_pending
    }

    fn of(&mut self, phase: Phase) -> (&mut Amount, &mut Amount) {
        match phase {
            Phase::Posted => (&mut self.debits_posted, &mut self.credits_posted),
            Phase::Pending => (&mut self.debits_pending, &mut self.credits_pending),
        }
    }
}

/// Which pair of counters a transfer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// For good.
    Posted,
    /// Reserved by a hold.
    Pending,
}

/// What an account's owner has, in minor units and in the account's own direction: a debit-normal account is
/// shown as positive when it is net-debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Balance {
    /// What may be spent. Never negative in an account of the ledger.
    pub available: Amount,
    /// What open holds have reserved to leave.
    pub held: Amount,
    /// What open holds have announced to arrive.
    pub incoming: Amount,
}

impl Balance {
    /// What is there or announced, but not to be spent: held and incoming.
    ///
    /// # Panics
    /// When it does not fit, which the ledger rules out: both are parts of one asset's pending total.
    #[must_use]
    pub fn locked(&self) -> Amount {
        sum(self.held, self.incoming)
    }

    /// The most that the account could come to hold: available, held and incoming.
    ///
    /// # Panics
    /// When it does not fit, which the ledger rules out for every balance that is not overdrawn.
    #[must_use]
    pub fn most(&self) -> Amount {
        sum(sum(self.available, self.held), self.incoming)
    }
}

/// A sum that the totals of the asset keep in range.
pub(super) fn sum(a: Amount, b: Amount) -> Amount {
    a.plus(b)
        .unwrap_or_else(|_| unreachable!("a sum left the range that the asset's totals were admitted to"))
}

/// A difference of two amounts that are not negative, which is always in range.
fn difference(a: Amount, b: Amount) -> Amount {
    a.minus(b).unwrap_or_else(|_| {
        unreachable!("a difference left the range that the asset's totals were admitted to")
    })
}

#[cfg(test)]
mod tests;
