//! The words of a reconciliation: what custody addresses hold on a chain, what the books say they do, and what explains the
//! difference.
//!
//! Per asset, at one finalized block: balances on chain = custody account of the chain, as far as it was posted from that block
//! and those before it. What is in the block and not posted yet is known by then, because the scanner has read it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::deposit::TxKey;
use super::evm::BlockRef;
use crate::id::AssetId;
use crate::money::Amount;
use crate::time::WallClock;

/// What a reconciliation came to for one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Agreement {
    /// Both sides are equal, or they differ by what is known: what is not credited yet, and what is to be refunded.
    Even,
    /// There is more on chain, and some of what is in the block is not decided yet: it is reconciled again soon.
    Open,
    /// There is more on chain than the books explain.
    Surplus,
    /// There is less on chain than the books say.
    Deficit,
}

impl Agreement {
    /// The stable code that the API shows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Open => "open",
            Self::Surplus => "surplus",
            Self::Deficit => "deficit",
        }
    }

    /// Whether a person must look at it.
    #[must_use]
    pub const fn is_mismatch(self) -> bool {
        match self {
            Self::Even | Self::Open => false,
            Self::Surplus | Self::Deficit => true,
        }
    }
}

/// Why a transaction is named in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Part {
    /// It is in a block and seen, not posted yet.
    Seen,
    /// The scanner found it, and it is being verified.
    Found,
    /// It is on chain, and a person must decide.
    DeadLetter,
    /// It is on chain and credited to nobody by the rules: minted, or of a token that was not in force.
    Uncredited,
    /// It is posted, and the address that it paid holds less than was posted from it.
    Missing,
}

impl Part {
    /// The stable code that the API shows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Found => "found",
            Self::DeadLetter => "dead_letter",
            Self::Uncredited => "uncredited",
            Self::Missing => "missing",
        }
    }
}

/// A transaction that may explain a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Named {
    /// The transaction.
    pub tx: TxKey,
    /// What it came to in the asset, if that is known.
    pub amount: Option<Amount>,
    /// How it stands.
    pub part: Part,
}

/// One asset, reconciled.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Row {
    /// The asset.
    pub asset: AssetId,
    /// What custody addresses hold on chain, in the ledger's minor units; `None` if that is more than can be counted.
    pub on_chain: Option<Amount>,
    /// What the custody account of the chain holds from blocks up to the one that was asked about.
    pub in_custody: Amount,
    /// What of the rest is known to be in those blocks: seen, or in a dead letter.
    pub in_flight: Amount,
    /// What is to be refunded from the chain or was lately: it may be gone from there, all or in part.
    pub leaving: Amount,
    /// What the custody accounts of all chains hold, and what the house has issued itself.
    pub custody: Amount,
    /// What users, suspense, treasury, fees and refunds have: by double entry as much.
    pub owed: Amount,
    /// What it comes to.
    pub agreement: Agreement,
    /// What may explain a difference, at most [`crate::limits::NAMED_MAX`]; none if there is no difference.
    pub named: Vec<Named>,
    /// How many more there are.
    pub unnamed: u64,
}

/// A reconciliation of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The finalized block that two independent upstreams were asked about.
    pub block: BlockRef,
    /// How many custody addresses were asked about.
    pub addresses: u64,
    /// The assets, by symbol.
    pub rows: Vec<Row>,
    /// Whether an operator ordered it.
    pub is_ordered: bool,
    /// When it began.
    pub began: WallClock,
    /// When it was done.
    pub at: WallClock,
}

impl Reconciliation {
    /// The worst that it came to.
    #[must_use]
    pub fn worst(&self) -> Agreement {
        let all = self.rows.iter().map(|row| row.agreement);
        all.max().unwrap_or(Agreement::Even)
    }
}

#[cfg(test)]
mod tests;
