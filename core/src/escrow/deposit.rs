//! The words of the escrow: deposits, evidence, and the stages of a watched transaction.
//!
//! A deposit is one token movement: one log of one transaction. All the logs of a transaction share its block and
//! so its finality, so the lifecycle belongs to the transaction and the money to the log (trap E8).
//!
//! ```text
//!   observed --two upstreams agree--> seen --finalized on both--> final
//!      |  ^                            |
//!      |  +----------- reorged <-------+   (the chain went on without it, or with it in another block)
//!      +--finalized, nothing for us--> rejected
//!      +--nothing known in time------> dead letter --operator retries, or the scanner finds it--> observed
//!                                          +-------operator dismisses--> dismissed --the scanner finds it--> observed
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::evm::BlockRef;
use super::reason::{DeadLetterReason, Reason, SuspenseReason};
use crate::id::{Address, AssetId, ChainId, ClaimId, TransactionId, TxHash, UserId};
use crate::money::Amount;
use crate::time::WallClock;

/// A transaction on a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TxKey {
    /// The chain (trap E22: the same hash on another chain is another transaction).
    pub chain: ChainId,
    /// The hash.
    pub tx: TxHash,
}

/// One token movement. The block is not part of it, so a transaction that is mined again is the same deposit, and
/// the ordinal counts inside the receipt, so it does not change either (trap E11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DepositKey {
    /// The transaction.
    pub tx: TxKey,
    /// The place of the log inside the receipt, from 0; on Solana that of the token account in the transaction (trap S14).
    pub ordinal: u32,
}

/// Whose a deposit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Beneficiary {
    /// The user to whom the receiving address was assigned.
    User(UserId),
    /// Nobody's yet.
    Suspense(SuspenseReason),
}

/// A valid deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deposit {
    /// The place of its log in the receipt, on Solana of its token account in the transaction.
    pub ordinal: u32,
    /// What was paid.
    pub asset: AssetId,
    /// How much, in the ledger's minor units.
    pub amount: Amount,
    /// Who paid: the second topic of the log, never the sender of the transaction (trap E18).
    pub from: Address,
    /// The address of ours that was paid, on Solana the wallet, whose token account gained it.
    pub to: Address,
    /// Whose it is.
    pub beneficiary: Beneficiary,
}

/// What one upstream said of its finality when it voted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vote {
    /// The endpoint's place in the chain's configuration.
    pub endpoint: u8,
    /// The newest block that is final by its word.
    pub finalized: BlockRef,
    /// By which rule it said so.
    pub rule: FinalityRule,
}

/// By which rule an upstream calls a block final, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FinalityRule {
    /// It calls the block `finalized`.
    Finalized,
    /// While `finalized` stalled, it said that two thirds of the validators had built upon the block.
    Attested,
}

impl FinalityRule {
    /// The name in bodies and logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Finalized => "finalized",
            Self::Attested => "attested",
        }
    }
}

/// Why a transaction is believed: which independent upstreams showed the same receipt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// The block of the receipt.
    pub block: BlockRef,
    /// The digest of the receipt, equal on every voter.
    pub digest: u128,
    /// Who voted, at least two of different providers.
    pub votes: Vec<Vote>,
}

impl Evidence {
    /// The weakest rule by which a voter calls a block final: what a credit rests on.
    #[must_use]
    pub fn rule(&self) -> FinalityRule {
        let rules = self.votes.iter().map(|vote| vote.rule);
        rules.max().unwrap_or(FinalityRule::Finalized)
    }

    /// Whether the block is finalized on every voter (the minimum decides; traps E12, E16).
    #[must_use]
    pub fn is_final(&self) -> bool {
        !self.votes.is_empty()
            && self
                .votes
                .iter()
                .all(|vote| vote.finalized.number >= self.block.number)
    }
}

/// A deposit with what the ledger did about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Booked {
    /// The deposit.
    pub deposit: Deposit,
    /// The ledger transaction: the hold while seen, the posting once final. `None` for suspense while seen.
    pub transaction: Option<TransactionId>,
    /// The purchase of the product asset, once final and if one is configured.
    pub purchase: Option<TransactionId>,
}

/// Where a watched transaction is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Somebody named it; nothing is known of it.
    Observed,
    /// Two upstreams agree that it is in a block; its deposits are pending (locked).
    Seen {
        /// Why we believe it.
        evidence: Evidence,
        /// Its deposits, with their holds.
        deposits: Vec<Booked>,
    },
    /// It was seen and its block is no longer part of the chain; its holds were voided. It may be mined again.
    Reorged {
        /// The block that is gone.
        was: BlockRef,
    },
    /// Finalized, its deposits posted. For ever.
    Final {
        /// Why we believe it.
        evidence: Evidence,
        /// Its deposits, with their postings.
        deposits: Vec<Booked>,
    },
    /// Finalized, and nothing in it is for us. For ever.
    Rejected {
        /// The most telling reason.
        reason: Reason,
        /// Why we believe it.
        evidence: Evidence,
    },
    /// Automation gave up; a person or the scanner may revive it.
    DeadLetter {
        /// Why.
        reason: DeadLetterReason,
        /// Since when.
        since: WallClock,
    },
    /// An operator said that the dead letter is worthless. The scanner still would revive it.
    Dismissed,
}

impl Stage {
    /// The stable name that the API, the logs and the metrics show.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Seen { .. } => "seen",
            Self::Reorged { .. } => "reorged",
            Self::Final { .. } => "final",
            Self::Rejected { .. } => "rejected",
            Self::DeadLetter { .. } => "dead_letter",
            Self::Dismissed => "dismissed",
        }
    }

    /// Whether automation still works on it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Observed | Self::Seen { .. } | Self::Reorged { .. } => true,
            Self::Final { .. } | Self::Rejected { .. } | Self::DeadLetter { .. } | Self::Dismissed => false,
        }
    }

    /// The height of the block in which it is seen, while it is.
    #[must_use]
    pub const fn seen_height(&self) -> Option<u64> {
        match self {
            Self::Seen { evidence, .. } => Some(evidence.block.number),
            Self::Observed
            | Self::Reorged { .. }
            | Self::Final { .. }
            | Self::Rejected { .. }
            | Self::DeadLetter { .. }
            | Self::Dismissed => None,
        }
    }

    /// Whether the life of a watched transaction may go on to `next`.
    #[must_use]
    pub const fn may_become(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Observed | Self::Reorged { .. }, Self::Seen { .. })
            | (Self::Seen { .. }, Self::Reorged { .. })
            | (
                Self::Observed | Self::Seen { .. } | Self::Reorged { .. },
                Self::Final { .. } | Self::Rejected { .. },
            )
            | (Self::Observed | Self::Seen { .. } | Self::Reorged { .. }, Self::DeadLetter { .. })
            | (Self::DeadLetter { .. }, Self::Observed | Self::Dismissed)
            | (Self::Dismissed, Self::Observed) => true,
            (
                Self::Observed
                | Self::Seen { .. }
                | Self::Reorged { .. }
                | Self::Final { .. }
                | Self::Rejected { .. }
                | Self::DeadLetter { .. }
                | Self::Dismissed,
                _,
            ) => false,
        }
    }
}

/// A user's claim that a transaction paid them. It starts the work; it decides nothing (trap E19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Its name.
    pub id: ClaimId,
    /// Who claims.
    pub user: UserId,
    /// What is claimed.
    pub tx: TxKey,
    /// When it was filed.
    pub filed_at: WallClock,
}

/// What `deposits` come to, by asset; the most that can be counted where it is more.
pub(crate) fn sums<'a>(deposits: impl IntoIterator<Item = &'a Deposit>) -> Vec<(AssetId, Amount)> {
    let mut sums: BTreeMap<AssetId, Amount> = BTreeMap::new();
    for deposit in deposits {
        let sum = sums.entry(deposit.asset).or_insert(Amount::ZERO);
        *sum = sum.plus(deposit.amount).unwrap_or(Amount::MAX);
    }
    sums.into_iter().collect()
}

#[cfg(test)]
mod tests;
