//! What can happen to the bank. Recordings store it: a change of what is here is another version of their format.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::orders::AdminAct;
use crate::escrow::{
    Answer, DepositKey, Fault, LetterFilter, LetterPlace, ReplayPlan, Report, Resolution, TxKey,
};
use crate::id::{
    CallId, ClaimId, ErrandId, IdempotencyKey, RefundId, ReplayId, RequestId, Text, TransactionId, UserId,
};
use crate::ledger;
use crate::queue::{LaneFault, QueueReply};
use crate::time::WallClock;

/// One thing that happened, and the date on the driver's clock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Input {
    /// The date. It may jump; what is recorded never goes backwards.
    pub wall: WallClock,
    /// What happened.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// Time passed. Due or not, it does no harm.
    Tick,
    /// Somebody wants something done.
    Command {
        /// Who waits for the reply.
        request: RequestId,
        /// What is wanted.
        command: Command,
    },
    /// Somebody wants to know something.
    Query {
        /// Who waits for the reply.
        request: RequestId,
        /// What is wanted.
        query: Query,
    },
    /// An endpoint answered, or did not. Late, repeated and unknown answers do no harm.
    Answered {
        /// The call.
        call: CallId,
        /// The outcome.
        outcome: Result<Answer, Fault>,
    },
    /// A queue took jobs over, or did not. Late, repeated and unknown answers do no harm.
    Queued {
        /// The call.
        errand: ErrandId,
        /// The outcome.
        outcome: Result<QueueReply, LaneFault>,
    },
}

/// A write. Each carries a key or is about something that has one, and repeating it does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Makes a user, with an account of every enabled asset and a deposit address on every chain.
    RegisterUser {
        /// The client's key.
        key: IdempotencyKey,
        /// A name for people, at most [`crate::limits::TEXT_BYTES_MAX`] bytes.
        name: Text,
    },
    /// Says that a transaction paid a user.
    Claim {
        /// The client's key.
        key: IdempotencyKey,
        /// Who claims.
        user: UserId,
        /// What is claimed.
        tx: TxKey,
    },
    /// Moves money.
    Transact(ledger::Request),
    /// Decides about a dead letter.
    ResolveDeadLetter {
        /// The transaction.
        tx: TxKey,
        /// What is decided.
        resolution: Resolution,
        /// Who decides.
        actor: Text,
        /// Why.
        reason: Text,
    },
    /// Says what a worker found out.
    Report(Box<Report>),
    /// Has automation try dead letters again, at a pace. One replay at a time.
    ReplayDeadLetters {
        /// Which, and how.
        plan: Box<ReplayPlan>,
        /// Who wants it.
        actor: Text,
        /// Why.
        reason: Text,
    },
    /// Ends a replay.
    CancelReplay {
        /// The replay.
        replay: ReplayId,
        /// Who decides.
        actor: Text,
        /// Why.
        reason: Text,
    },
    /// Says whose a suspended deposit is.
    AttributeSuspense {
        /// The deposit.
        deposit: DepositKey,
        /// Whose it is.
        user: UserId,
        /// Who decides.
        actor: Text,
        /// Why.
        reason: Text,
    },
    /// Orders something.
    Administer {
        /// The client's key.
        key: IdempotencyKey,
        /// What.
        act: AdminAct,
        /// Who orders it.
        actor: Text,
        /// Why.
        reason: Text,
    },
}

/// A read. Its reply leaves only once everything that it shows is committed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Query {
    /// A user, with deposit addresses.
    User(UserId),
    /// A user's balances, by asset.
    Balances(UserId),
    /// A claim.
    Claim(ClaimId),
    /// A ledger transaction.
    Transaction(TransactionId),
    /// Dead letters, oldest first.
    DeadLetters {
        /// Which.
        filter: LetterFilter,
        /// The place after which to begin.
        after: Option<LetterPlace>,
        /// How many, at most 1000.
        limit: usize,
    },
    /// One dead letter.
    DeadLetter(TxKey),
    /// The dead letters by fingerprint, the largest group first.
    DeadLetterGroups,
    /// What a replay of a dead letter would come to now: endpoints are asked, and nothing is recorded. The reply comes once
    /// they have answered.
    DryRun(TxKey),
    /// Deposits in suspense after one, by key, at most `limit`.
    Suspense {
        /// The last one already seen.
        after: Option<DepositKey>,
        /// How many, at most 1000.
        limit: usize,
    },
    /// Refunds by number, and what is proposed.
    Refunds {
        /// Whether only those are wanted that are to be paid.
        is_pending: bool,
        /// The last one already seen.
        after: Option<RefundId>,
        /// How many, at most 1000.
        limit: usize,
    },
    /// How everything stands.
    Status,
    /// The last reconciliation of each chain, and how far the one under way is.
    Reconciliations,
}
