//! Payments between users: what a kind of them does, and when.

use super::number;
use crate::scenario::kinds::TransactionKind;
use crate::world::plan::{Deed, HoldEnd, HoldPlan, Token};

/// How long after it was posted a part of a hold moves back.
const REVERSED_AFTER_MS: u64 = 2_000;
/// How long after it is posted, at most, a hold expires that is overdue.
const OVERDUE_WITHIN_MS: u64 = 300;
/// What a user who overdraws asks for: more than anybody was ever given.
const OVERDRAWN_MILLI: u64 = 999_000_000_000;

/// A payment between users.
pub(super) struct Payment {
    pub(super) at_ms: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) amount_milli: u64,
    pub(super) key: Option<u64>,
    pub(super) run_ends_ms: u64,
}

impl Payment {
    /// What the user does, which ends at `end_at_ms` if it is a hold.
    pub(super) fn deed(&self, kind: TransactionKind, end_at_ms: u64) -> Deed {
        let end_at_ms = end_at_ms.max(self.at_ms);
        let is_overdrawn = kind == TransactionKind::Overdrawn;
        Deed::Transfer {
            at_ms: self.at_ms,
            from: number(self.from),
            to: number(self.to),
            token: Token::Usdc,
            amount_milli: if is_overdrawn {
                OVERDRAWN_MILLI
            } else {
                self.amount_milli
            },
            key: self.key,
            hold: self.hold(kind, end_at_ms),
            reverse_at_ms: match kind {
                TransactionKind::Reversed => Some(end_at_ms),
                TransactionKind::HoldReversed => Some((end_at_ms + REVERSED_AFTER_MS).min(self.run_ends_ms)),
                TransactionKind::Transfer
                | TransactionKind::HoldPosted
                | TransactionKind::HoldPostedPart
                | TransactionKind::HoldVoided
                | TransactionKind::HoldExpired
                | TransactionKind::HoldAbandoned
                | TransactionKind::HoldContested
                | TransactionKind::HoldOverdue
                | TransactionKind::HoldExceeded
                | TransactionKind::Overdrawn => None,
            },
        }
    }

    fn hold(&self, kind: TransactionKind, end_at_ms: u64) -> Option<HoldPlan> {
        let lasts_ms = (end_at_ms - self.at_ms).max(1);
        let percent = u8::try_from(self.amount_milli % 101).unwrap_or(100);
        let (end, expires_after_ms) = match kind {
            TransactionKind::Transfer | TransactionKind::Reversed | TransactionKind::Overdrawn => {
                return None;
            }
            TransactionKind::HoldPosted | TransactionKind::HoldContested => (HoldEnd::Post, None),
            TransactionKind::HoldPostedPart | TransactionKind::HoldReversed => {
                (HoldEnd::PostPercent(percent), None)
            }
            TransactionKind::HoldVoided => (HoldEnd::Void, None),
            TransactionKind::HoldExpired => (HoldEnd::Abandon, Some(lasts_ms)),
            TransactionKind::HoldAbandoned => (HoldEnd::Abandon, None),
            // The request travels meanwhile, so it may come before or after.
            TransactionKind::HoldOverdue => (
                HoldEnd::Post,
                Some(lasts_ms + self.amount_milli % OVERDUE_WITHIN_MS),
            ),
            TransactionKind::HoldExceeded => (HoldEnd::PostExcess, None),
        };
        Some(HoldPlan {
            expires_after_ms,
            end_at_ms,
            end,
            also: (kind == TransactionKind::HoldContested).then_some(HoldEnd::Void),
        })
    }
}
