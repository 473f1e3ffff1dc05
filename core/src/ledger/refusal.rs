//! [`Refusal`]: every reason why the ledger turns a command down.
//!
//! When several hold, the first in this order is given: the form of the command and the rules of its assets,
//! transfer by transfer; the state of the transaction that it names; then, asset by asset in the order of their
//! symbols, the range of the totals and the accounts in the order of their owners.

use serde::{Deserialize, Serialize};

use super::account::AccountKey;
use crate::id::{AssetId, TransactionId};
use crate::limits::TRANSFERS_MAX;

/// Why a command was turned down. Frozen under the command's idempotency key like any other outcome, and journalled
/// by place: new reasons go last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// A transaction must move something.
    #[error("a transaction needs at least one transfer")]
    NoTransfers,
    /// More transfers than [`TRANSFERS_MAX`].
    #[error("a transaction has at most {TRANSFERS_MAX} transfers")]
    TooManyTransfers,
    /// Zero or less.
    #[error("the amount of a transfer must be positive")]
    AmountNotPositive,
    /// The debited account is the credited one.
    #[error("a transfer cannot debit and credit the same account")]
    SameAccount,
    /// No such asset in the registry.
    #[error("asset {asset} is not known")]
    UnknownAsset {
        /// The asset.
        asset: AssetId,
    },
    /// New money may not move in this asset.
    #[error("asset {asset} is disabled")]
    AssetDisabled {
        /// The asset.
        asset: AssetId,
    },
    /// Less than the asset's least transfer.
    #[error("the amount is below the minimum of asset {asset}")]
    AmountBelowMin {
        /// The asset.
        asset: AssetId,
    },
    /// More than the asset's largest transfer.
    #[error("the amount is above the maximum of asset {asset}")]
    AmountAboveMax {
        /// The asset.
        asset: AssetId,
    },
    /// The hold would be over before it began.
    #[error("the hold would expire in the past")]
    ExpiryInThePast,
    /// No transaction has this id.
    #[error("{transaction} does not exist")]
    UnknownTransaction {
        /// The id.
        transaction: TransactionId,
    },
    /// The transaction was posted in a single phase.
    #[error("{transaction} is not a hold")]
    NotAHold {
        /// The transaction.
        transaction: TransactionId,
    },
    /// The hold was posted before.
    #[error("the hold {transaction} is already posted")]
    HoldAlreadyPosted {
        /// The hold.
        transaction: TransactionId,
    },
    /// The hold was voided before.
    #[error("the hold {transaction} is already voided")]
    HoldAlreadyVoided {
        /// The hold.
        transaction: TransactionId,
    },
    /// The hold's time is over.
    #[error("the hold {transaction} has expired")]
    HoldExpired {
        /// The hold.
        transaction: TransactionId,
    },
    /// A partial post must say one amount for each transfer of the hold.
    #[error("posting part of the hold {transaction} takes one amount for each of its transfers")]
    AmountsCountDiffers {
        /// The hold.
        transaction: TransactionId,
    },
    /// A partial post must stay within what was held.
    #[error("an amount to post is negative or more than the hold {transaction} reserved")]
    AmountExceedsHold {
        /// The hold.
        transaction: TransactionId,
    },
    /// Only what was posted can be reversed.
    #[error("{transaction} is not posted, so it cannot be reversed")]
    NotPosted {
        /// The transaction.
        transaction: TransactionId,
    },
    /// A transaction is reversed once.
    #[error("{transaction} is already reversed by {by}")]
    AlreadyReversed {
        /// The transaction.
        transaction: TransactionId,
        /// Its reversal.
        by: TransactionId,
    },
    /// The asset's counters could not hold the result.
    #[error("the amounts exceed what the ledger can count of asset {asset}")]
    Overflow {
        /// The asset.
        asset: AssetId,
    },
    /// The account's available balance would be negative.
    #[error("account {account} does not have enough available")]
    InsufficientFunds {
        /// The account.
        account: AccountKey,
    },
    /// The account's available balance would fall below its minimum.
    #[error("account {account} would fall below its minimum balance")]
    BelowMinimum {
        /// The account.
        account: AccountKey,
    },
    /// The account could come to hold more than its maximum.
    #[error("account {account} would rise above its maximum balance")]
    AboveMaximum {
        /// The account.
        account: AccountKey,
    },
    /// Limits that no balance can meet.
    #[error("limits need a minimum of zero or more and a maximum not below it")]
    LimitsInvalid,
}

impl Refusal {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoTransfers => "no_transfers",
            Self::TooManyTransfers => "too_many_transfers",
            Self::AmountNotPositive => "amount_not_positive",
            Self::SameAccount => "same_account",
            Self::UnknownAsset { .. } => "unknown_asset",
            Self::AssetDisabled { .. } => "asset_disabled",
            Self::AmountBelowMin { .. } => "amount_below_min",
            Self::AmountAboveMax { .. } => "amount_above_max",
            Self::ExpiryInThePast => "expiry_in_the_past",
            Self::UnknownTransaction { .. } => "unknown_transaction",
            Self::NotAHold { .. } => "not_a_hold",
            Self::HoldAlreadyPosted { .. } => "hold_already_posted",
            Self::HoldAlreadyVoided { .. } => "hold_already_voided",
            Self::HoldExpired { .. } => "hold_expired",
            Self::AmountsCountDiffers { .. } => "amounts_count_differs",
            Self::AmountExceedsHold { .. } => "amount_exceeds_hold",
            Self::NotPosted { .. } => "not_posted",
            Self::AlreadyReversed { .. } => "already_reversed",
            Self::Overflow { .. } => "overflow",
            Self::InsufficientFunds { .. } => "insufficient_funds",
            Self::BelowMinimum { .. } => "below_minimum",
            Self::AboveMaximum { .. } => "above_maximum",
            Self::LimitsInvalid => "limits_invalid",
        }
    }
}

#[cfg(test)]
mod tests;
