//! [`LedgerRecord`]: the facts that the ledger's state is made of.
//!
//! A record holds what the state cannot tell by itself and no more: posting a hold does not repeat its transfers,
//! a reversal does not repeat what it reverses.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::account::AccountKey;
use super::command::Outcome;
use super::fingerprint::Receipt;
use super::limits::Limits;
use super::refusal::Refusal;
use super::transfer::Transfer;
use crate::id::{AssetId, TransactionId, UserId};
use crate::money::Amount;
use crate::time::WallClock;

/// Something that happened in the ledger. Journalled by place: new records go last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LedgerRecord {
    /// Money moved for good.
    Posted {
        /// Which request did it.
        receipt: Receipt,
        /// The new transaction.
        transaction: TransactionId,
        /// Its movements.
        transfers: Vec<Transfer>,
    },
    /// Money was reserved.
    Held {
        /// Which request did it.
        receipt: Receipt,
        /// The new transaction.
        transaction: TransactionId,
        /// Its movements.
        transfers: Vec<Transfer>,
        /// From when on the hold is over by itself, if ever.
        expires_at: Option<WallClock>,
    },
    /// A hold became final.
    HoldPosted {
        /// Which request did it.
        receipt: Receipt,
        /// The hold.
        hold: TransactionId,
        /// How much of each transfer was posted, the rest being released; `None` for all of it.
        amounts: Option<Vec<Amount>>,
    },
    /// A hold was given up by a request.
    HoldVoided {
        /// Which request did it.
        receipt: Receipt,
        /// The hold.
        hold: TransactionId,
    },
    /// A hold's time was over.
    HoldExpired {
        /// The hold.
        hold: TransactionId,
    },
    /// A posted transaction was undone.
    Reversed {
        /// Which request did it.
        receipt: Receipt,
        /// The new transaction, whose movements are the opposite of what the original posted.
        transaction: TransactionId,
        /// The transaction that it undoes.
        original: TransactionId,
    },
    /// A request was turned down.
    Refused {
        /// Which request.
        receipt: Receipt,
        /// Why.
        refusal: Refusal,
    },
    /// A user's accounts were opened; those that were open stay as they are.
    AccountsOpened {
        /// The user.
        user: UserId,
        /// One account for each of these.
        assets: Vec<AssetId>,
    },
    /// An account got other limits; it is opened if it was not.
    LimitsSet {
        /// The account.
        account: AccountKey,
        /// Its limits from here on.
        limits: Limits,
    },
}

impl LedgerRecord {
    /// The request that made this record and its answer; `None` for records that no keyed request makes.
    #[must_use]
    pub const fn answer(&self) -> Option<(Receipt, Outcome)> {
        match self {
            Self::Posted {
                receipt, transaction, ..
            }
            | Self::Held {
                receipt, transaction, ..
            }
            | Self::Reversed {
                receipt, transaction, ..
            } => Some((*receipt, Outcome::Accepted(*transaction))),
            Self::HoldPosted { receipt, hold, .. } | Self::HoldVoided { receipt, hold } => {
                Some((*receipt, Outcome::Accepted(*hold)))
            }
            Self::Refused { receipt, refusal } => Some((*receipt, Outcome::Refused(*refusal))),
            Self::HoldExpired { .. } | Self::AccountsOpened { .. } | Self::LimitsSet { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
