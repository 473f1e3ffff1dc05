//! What the ledger can be asked, and how it answers.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::fingerprint::Field;
use super::record::LedgerRecord;
use super::refusal::Refusal;
use super::transfer::Transfer;
use crate::id::{IdempotencyKey, TransactionId};
use crate::money::{Amount, Registry};
use crate::time::WallClock;

/// A write: what to do, under a key that makes repeating it harmless.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// The client's name for this write.
    pub key: IdempotencyKey,
    /// What to do.
    pub command: Command,
}

/// What to do. Each command happens whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Move money for good, in one phase.
    Post {
        /// The movements, judged together: only where each account ends matters.
        transfers: Vec<Transfer>,
    },
    /// Reserve money: a pending transaction, to be posted or voided later.
    Hold {
        /// The movements. What they debit is no longer available; what they credit is not available yet.
        transfers: Vec<Transfer>,
        /// From when on the hold is over by itself, if ever.
        expires_at: Option<WallClock>,
    },
    /// Make a hold final, in full or in part; what is not posted is released.
    PostHold {
        /// The hold.
        hold: TransactionId,
        /// One amount for each transfer of the hold, from zero to what it held; `None` posts all of it.
        amounts: Option<Vec<Amount>>,
    },
    /// Release everything that a hold reserved.
    VoidHold {
        /// The hold.
        hold: TransactionId,
    },
    /// Undo a posted transaction by a new one that is linked to it.
    Reverse {
        /// The transaction to undo.
        transaction: TransactionId,
    },
}

/// Which rules a command must obey beyond those of the ledger itself.
#[derive(Debug, Clone, Copy)]
pub enum Rules<'a> {
    /// A user's command: the assets of new transfers must be known and enabled, the amounts within their bounds.
    /// Resolving or reversing what was once admitted asks nothing more of the asset.
    Registered(&'a Registry),
    /// The house's own posting: what is true on chain is accounted for, whatever the registry says today.
    Internal,
}

/// What the ledger says to a request.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Never seen before. The record must be journalled and applied; it says what to answer.
    Fresh(LedgerRecord),
    /// The same request was answered before, and this was the answer.
    Frozen(Outcome),
    /// The key was used for another request.
    Conflict {
        /// The first field in which the two differ.
        field: Field,
    },
}

/// The answer to a request, the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done. The new transaction; for a hold that was posted or voided, the hold.
    Accepted(TransactionId),
    /// Not done, and nothing changed.
    Refused(Refusal),
}
