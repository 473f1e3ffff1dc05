//! [`Refusal`]: why the bank does not do what it is asked.

use crate::escrow::ReportError;
use crate::id::{ChainId, ClaimId, RefundId, UserId};

/// Why something cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// No such user.
    #[error("there is no {0}")]
    UnknownUser(UserId),
    /// No such claim.
    #[error("there is no {0}")]
    UnknownClaim(ClaimId),
    /// No such transaction.
    #[error("there is no such transaction")]
    UnknownTransaction,
    /// The chain is not configured.
    #[error("chain {0} is not configured")]
    UnknownChain(ChainId),
    /// The user has too many claims open.
    #[error("too many claims are open: wait until some are settled")]
    TooManyClaims,
    /// The transaction is not a dead letter.
    #[error("the transaction is not a dead letter")]
    NotADeadLetter,
    /// Whoever proposed a dismissal or a refund cannot approve it.
    #[error("whoever proposed it cannot approve it: another operator must")]
    SameApprover,
    /// A replay that goes nowhere.
    #[error(
        "a replay takes 1 to {} letters in a second, and stops after at least 1",
        crate::limits::REPLAY_RATE_MAX
    )]
    ReplayPlan,
    /// Another replay is under way.
    #[error("a replay is under way: wait until it ends, or cancel it")]
    ReplayUnderWay,
    /// No such replay is under way.
    #[error("no such replay is under way")]
    NoSuchReplay,
    /// Too many dry runs wait.
    #[error("too many dry runs wait for endpoints: try again when some are through")]
    TooManyDryRuns,
    /// The deposit is not in suspense.
    #[error("the deposit is not in suspense")]
    NotInSuspense,
    /// The deposit cannot be sent back, because nobody was credited with it.
    #[error("the deposit is neither credited nor in suspense")]
    NotCredited,
    /// The deposit is on its way back, or was sent back.
    #[error("the deposit is refunded already, by {0}")]
    AlreadyRefunded(RefundId),
    /// The address is one of the house's: nothing would leave custody.
    #[error("the address is one of the house's own: a refund goes to the payer's")]
    RefundToOurselves,
    /// Whoever was credited has not enough of it left.
    #[error("what was credited is spent: the account does not have as much available")]
    Spent,
    /// No such refund.
    #[error("there is no {0}")]
    UnknownRefund(RefundId),
    /// The refund was settled or withdrawn.
    #[error("{0} is settled or withdrawn already")]
    RefundEnded(RefundId),
    /// The transaction cannot have paid the refund.
    #[error("a refund is paid by a transaction on {0} that is not the deposit's own")]
    NotItsPayment(ChainId),
    /// A text is empty or too long.
    #[error("{field} must have 1 to {} bytes", crate::limits::TEXT_BYTES_MAX)]
    Text {
        /// The field.
        field: &'static str,
    },
    /// The command moves, resolves or reverses money that is not users' own.
    #[error(
        "only transfers from users to users or to fees are permitted, and only their holds and reversals"
    )]
    NotPermitted,
    /// A report does not hang together.
    #[error("{0}")]
    BadReport(ReportError),
    /// The chain has no endpoint of that name.
    #[error("chain {0} has no endpoint of that name")]
    UnknownEndpoint(ChainId),
    /// Nobody is asked about the chain, by order.
    #[error("chain {0} is paused: resume it first")]
    ChainPaused(ChainId),
    /// Nobody can be asked for balances on the chain.
    #[error("balances on {0} cannot be asked for: only EVM chains are reconciled")]
    NotReconciled(ChainId),
    /// The transaction is decided for good.
    #[error("the transaction is already settled")]
    AlreadySettled,
    /// Nothing new is taken in, by order.
    #[error("nothing new is taken in for now: what is open goes on")]
    Draining,
    /// The ledger refused to move the money out of suspense, or of a refund.
    #[error("the ledger refuses: {0}")]
    Ledger(crate::ledger::Refusal),
}

impl Refusal {
    /// The stable code that the API shows.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownUser(_) => "unknown_user",
            Self::UnknownClaim(_) => "unknown_claim",
            Self::UnknownTransaction => "unknown_transaction",
            Self::UnknownChain(_) => "unknown_chain",
            Self::TooManyClaims => "too_many_claims",
            Self::NotADeadLetter => "not_a_dead_letter",
            Self::SameApprover => "same_approver",
            Self::ReplayPlan => "replay_plan_invalid",
            Self::ReplayUnderWay => "replay_under_way",
            Self::NoSuchReplay => "no_such_replay",
            Self::TooManyDryRuns => "too_many_dry_runs",
            Self::NotInSuspense => "not_in_suspense",
            Self::NotCredited => "not_credited",
            Self::AlreadyRefunded(_) => "already_refunded",
            Self::RefundToOurselves => "refund_to_ourselves",
            Self::Spent => "spent",
            Self::UnknownRefund(_) => "unknown_refund",
            Self::RefundEnded(_) => "refund_ended",
            Self::NotItsPayment(_) => "not_its_payment",
            Self::Text { .. } => "bad_text",
            Self::NotPermitted => "not_permitted",
            Self::BadReport(_) => "bad_report",
            Self::UnknownEndpoint(_) => "unknown_endpoint",
            Self::ChainPaused(_) => "chain_paused",
            Self::NotReconciled(_) => "not_reconciled",
            Self::AlreadySettled => "already_settled",
            Self::Draining => "draining",
            Self::Ledger(_) => "ledger_refused",
        }
    }
}
