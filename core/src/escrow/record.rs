//! The facts of the escrow, as they are journalled.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::deposit::{Booked, DepositKey, Evidence, TxKey};
use super::evm::BlockRef;
use super::letter::History;
use super::reason::{DeadLetterReason, Reason};
use super::refund::RefundRecord;
use super::replay::{ReplayEnd, ReplayPlan};
use crate::id::{ChainId, ClaimId, IdempotencyKey, ReplayId, Text, TransactionId, TxHash, UserId};
use crate::time::WallClock;

/// What an operator decided about a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Resolution {
    /// Let automation try again.
    Retry,
    /// Leave it: the transaction is known to be worthless. The scanner still would revive it.
    Dismiss,
}

/// One fact. Money that moves with it is in ledger records of the same group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EscrowRecord {
    /// A user claimed a transaction.
    ClaimFiled {
        /// The claim.
        claim: ClaimId,
        /// The client's key.
        key: IdempotencyKey,
        /// Who claims.
        user: UserId,
        /// What is claimed.
        tx: TxKey,
        /// When.
        at: WallClock,
    },
    /// The scanner read finalized blocks up to and including `to`, and found these transactions for us.
    Scanned {
        /// The chain.
        chain: ChainId,
        /// The last block read.
        to: BlockRef,
        /// The transactions, by block and index.
        found: Vec<TxHash>,
        /// When.
        at: WallClock,
    },
    /// Two upstreams agree on the receipt; the block is not final yet.
    Seen {
        /// The transaction.
        tx: TxKey,
        /// Why we believe it.
        evidence: Evidence,
        /// Its deposits with their holds.
        deposits: Vec<Booked>,
        /// When.
        at: WallClock,
    },
    /// The block in which the transaction was seen is no longer part of the chain.
    Reorged {
        /// The transaction.
        tx: TxKey,
        /// The block that is gone.
        was: BlockRef,
        /// When.
        at: WallClock,
    },
    /// The transaction is final and its deposits are posted.
    Final {
        /// The transaction.
        tx: TxKey,
        /// Why we believe it.
        evidence: Evidence,
        /// Its deposits with their postings.
        deposits: Vec<Booked>,
        /// When.
        at: WallClock,
    },
    /// The transaction is final and holds nothing for us.
    Rejected {
        /// The transaction.
        tx: TxKey,
        /// The most telling reason.
        reason: Reason,
        /// Why we believe it.
        evidence: Evidence,
        /// When.
        at: WallClock,
    },
    /// Automation gave up.
    DeadLettered {
        /// The transaction.
        tx: TxKey,
        /// Why.
        reason: DeadLetterReason,
        /// When.
        at: WallClock,
    },
    /// An operator decided about a dead letter.
    DeadLetterResolved {
        /// The transaction.
        tx: TxKey,
        /// What was decided.
        resolution: Resolution,
        /// Who decided.
        actor: Text,
        /// Why.
        reason: Text,
        /// When.
        at: WallClock,
    },
    /// An operator said whose a suspended deposit is; the ledger transaction moved it.
    SuspenseAttributed {
        /// The deposit.
        deposit: DepositKey,
        /// Whose it is.
        user: UserId,
        /// The transfer out of suspense.
        transaction: TransactionId,
        /// The purchase of the product asset, if one is configured.
        purchase: Option<TransactionId>,
        /// Who decided.
        actor: Text,
        /// Why.
        reason: Text,
        /// When.
        at: WallClock,
    },
    /// What was tried before automation gave up. In the group of [`EscrowRecord::DeadLettered`], after it.
    DeadLetterDetailed {
        /// The transaction.
        tx: TxKey,
        /// The attempts.
        history: History,
    },
    /// An operator wants a dead letter dismissed, which takes another operator's word as well.
    DismissalProposed {
        /// The transaction.
        tx: TxKey,
        /// Who proposes.
        actor: Text,
        /// Why.
        reason: Text,
        /// When.
        at: WallClock,
    },
    /// The slow sweep found a dead letter decided on the chain: it is open again, and settled in the same group.
    DeadLetterReopened {
        /// The transaction.
        tx: TxKey,
        /// When.
        at: WallClock,
    },
    /// An operator began a replay.
    ReplayBegan {
        /// The replay, numbered without gaps.
        replay: ReplayId,
        /// What is wanted.
        plan: ReplayPlan,
        /// Who wants it.
        actor: Text,
        /// Why.
        reason: Text,
        /// When.
        at: WallClock,
    },
    /// A replay had automation try a dead letter again.
    DeadLetterReplayed {
        /// The transaction.
        tx: TxKey,
        /// The replay.
        replay: ReplayId,
        /// When.
        at: WallClock,
    },
    /// A replay ended by itself.
    ReplayEnded {
        /// The replay.
        replay: ReplayId,
        /// How.
        end: ReplayEnd,
        /// When.
        at: WallClock,
    },
    /// An operator ended a replay.
    ReplayCancelled {
        /// The replay.
        replay: ReplayId,
        /// Who decided.
        actor: Text,
        /// Why.
        reason: Text,
        /// When.
        at: WallClock,
    },
    /// Deposits below the minimum, paid to one address in one asset, have reached it together: the ledger transaction moved
    /// all of them out of suspense, to the owner of the address.
    DustCredited {
        /// Whose they are.
        user: UserId,
        /// The deposits, by key, at most [`crate::limits::DUST_TOGETHER_MAX`].
        deposits: Vec<DepositKey>,
        /// The transfer out of suspense, of their sum.
        transaction: TransactionId,
        /// The purchase of the product asset, if one is configured.
        purchase: Option<TransactionId>,
        /// When.
        at: WallClock,
    },
    /// A refund moved on.
    Refund(RefundRecord),
}

#[cfg(test)]
mod tests;
