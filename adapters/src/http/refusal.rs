//! The bank's refusals as problems. Each maps to the code of the same name.

use plimsoll_core::bank::{Refusal, Reply};
use plimsoll_core::ledger;

use super::problem::{Code, Problem};
use crate::driver::Unavailable;

/// When to ask again whether new things are taken in: a person decides that.
const DRAINING_RETRY_SECONDS: u64 = 30;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::UnknownUser(_) => Code::UnknownUser,
            Refusal::UnknownClaim(_) => Code::UnknownClaim,
            Refusal::UnknownTransaction => Code::UnknownTransaction,
            Refusal::UnknownChain(_) => Code::UnknownChain,
            Refusal::TooManyClaims => Code::TooManyClaims,
            Refusal::NotADeadLetter => Code::NotADeadLetter,
            Refusal::SameApprover => Code::SameApprover,
            Refusal::ReplayPlan => Code::ReplayPlanInvalid,
            Refusal::ReplayUnderWay => Code::ReplayUnderWay,
            Refusal::NoSuchReplay => Code::NoSuchReplay,
            Refusal::TooManyDryRuns => Code::TooManyDryRuns,
            Refusal::NotInSuspense => Code::NotInSuspense,
            Refusal::NotCredited => Code::NotCredited,
            Refusal::AlreadyRefunded(_) => Code::AlreadyRefunded,
            Refusal::RefundToOurselves => Code::RefundToOurselves,
            Refusal::Spent => Code::Spent,
            Refusal::UnknownRefund(_) => Code::UnknownRefund,
            Refusal::RefundEnded(_) => Code::RefundEnded,
            Refusal::NotItsPayment(_) => Code::NotItsPayment,
            Refusal::Text { .. } => Code::BadText,
            Refusal::NotPermitted => Code::NotPermitted,
            Refusal::BadReport(_) => Code::BadReport,
            Refusal::UnknownEndpoint(_) => Code::UnknownEndpoint,
            Refusal::ChainPaused(_) => Code::ChainPaused,
            Refusal::NotReconciled(_) => Code::NotReconciled,
            Refusal::AlreadySettled => Code::AlreadySettled,
            Refusal::Draining => Code::Draining,
            Refusal::Ledger(refusal) => return Self::from(refusal),
        };
        let problem = Self::new(code, refusal.to_string());
        match refusal {
            Refusal::Text { field } => problem.at(field),
            Refusal::UnknownChain(_) | Refusal::ChainPaused(_) | Refusal::NotReconciled(_) => {
                problem.at("chain")
            }
            Refusal::UnknownEndpoint(_) => problem.at("endpoint"),
            Refusal::RefundToOurselves => problem.at("to"),
            Refusal::NotItsPayment(_) => problem.at("paid_by"),
            Refusal::UnknownRefund(_) => problem.at("refund"),
            Refusal::Draining => problem.retry_after(DRAINING_RETRY_SECONDS),
            Refusal::UnknownUser(_)
            | Refusal::UnknownClaim(_)
            | Refusal::UnknownTransaction
            | Refusal::TooManyClaims
            | Refusal::NotADeadLetter
            | Refusal::SameApprover
            | Refusal::ReplayPlan
            | Refusal::ReplayUnderWay
            | Refusal::NoSuchReplay
            | Refusal::TooManyDryRuns
            | Refusal::NotInSuspense
            | Refusal::NotCredited
            | Refusal::AlreadyRefunded(_)
            | Refusal::Spent
            | Refusal::RefundEnded(_)
            | Refusal::NotPermitted
            | Refusal::BadReport(_)
            | Refusal::AlreadySettled
            | Refusal::Ledger(_) => problem,
        }
    }
}

impl From<ledger::Refusal> for Problem {
    fn from(refusal: ledger::Refusal) -> Self {
        use ledger::Refusal as R;
        let code = match refusal {
            R::NoTransfers => Code::NoTransfers,
            R::TooManyTransfers => Code::TooManyTransfers,
            R::AmountNotPositive => Code::AmountNotPositive,
            R::SameAccount => Code::SameAccount,
            R::UnknownAsset { .. } => Code::UnknownAsset,
            R::AssetDisabled { .. } => Code::AssetDisabled,
            R::AmountBelowMin { .. } => Code::AmountBelowMin,
            R::AmountAboveMax { .. } => Code::AmountAboveMax,
            R::ExpiryInThePast => Code::ExpiryInThePast,
            R::UnknownTransaction { .. } => Code::UnknownTransaction,
            R::NotAHold { .. } => Code::NotAHold,
            R::HoldAlreadyPosted { .. } => Code::HoldAlreadyPosted,
            R::HoldAlreadyVoided { .. } => Code::HoldAlreadyVoided,
            R::HoldExpired { .. } => Code::HoldExpired,
            R::AmountsCountDiffers { .. } => Code::AmountsCountDiffers,
            R::AmountExceedsHold { .. } => Code::AmountExceedsHold,
            R::NotPosted { .. } => Code::NotPosted,
            R::AlreadyReversed { .. } => Code::AlreadyReversed,
            R::Overflow { .. } => Code::Overflow,
            R::InsufficientFunds { .. } => Code::InsufficientFunds,
            R::BelowMinimum { .. } => Code::BelowMinimum,
            R::AboveMaximum { .. } => Code::AboveMaximum,
            R::LimitsInvalid => Code::LimitsInvalid,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        let detail =
            format!("{unavailable}; repeat the request with the same Idempotency-Key a little later");
        Self::new(Code::Unavailable, detail).retry_after(unavailable.retry_after().as_secs())
    }
}

/// The problem in a reply that is not the one hoped for.
pub(super) fn problem_in(reply: Reply) -> Problem {
    match reply {
        Reply::Conflict { field } => {
            let detail = format!(
                "this Idempotency-Key was used before with another {field}: send the same body again, or a new key"
            );
            Problem::new(Code::IdempotencyConflict, detail).at(field)
        }
        Reply::Refused(refusal) => Problem::from(refusal),
        Reply::User { .. }
        | Reply::Claim { .. }
        | Reply::Outcome { .. }
        | Reply::Transaction(_)
        | Reply::Balances(_)
        | Reply::DeadLetters(_)
        | Reply::DeadLetter(_)
        | Reply::DeadLetterGroups(_)
        | Reply::DryRun(_)
        | Reply::Replay(_)
        | Reply::Proposed
        | Reply::Suspense(_)
        | Reply::Refunds { .. }
        | Reply::Done
        | Reply::Reported { .. }
        | Reply::Administered { .. }
        | Reply::Status(_)
        | Reply::Reconciliations { .. } => {
            tracing::error!(?reply, "the bank answered another question than it was asked");
            Problem::new(
                Code::Internal,
                "the request was not understood inside; nothing more is known of it",
            )
        }
    }
}
