//! Holds: money reserved now and posted, voided or expired later, exactly once.
//!
//! A hold is over at its expiry, whether or not the fact was journalled yet: an answer depends on the date, never
//! on how soon somebody looked.

use alloc::vec::Vec;

use super::Ledger;
use super::account::Phase;
use super::book::Leg;
use super::command::Rules;
use super::fingerprint::Receipt;
use super::record::LedgerRecord;
use super::refusal::Refusal;
use super::transaction::TransactionState;
use super::transfer::{Transfer, check_form};
use crate::id::TransactionId;
use crate::money::Amount;
use crate::time::WallClock;

impl Ledger {
    /// A record for each hold whose time is over at `wall`, the earliest first, `max` at most. They happen when
    /// they are given to [`Ledger::apply`].
    #[must_use]
    pub fn due(&self, wall: WallClock, max: usize) -> Vec<LedgerRecord> {
        let over = self.expiries.iter().take_while(|(at, _)| *at <= wall);
        let record = |(_, hold): &(WallClock, TransactionId)| LedgerRecord::HoldExpired { hold: *hold };
        over.take(max).map(record).collect()
    }

    /// When the next hold expires, if any does.
    #[must_use]
    pub fn next_expiry(&self) -> Option<WallClock> {
        self.expiries.first().map(|(at, _)| *at)
    }

    pub(super) fn decide_hold(
        &self,
        rules: Rules<'_>,
        wall: WallClock,
        receipt: Receipt,
        transfers: Vec<Transfer>,
        expires_at: Option<WallClock>,
    ) -> Result<LedgerRecord, Refusal> {
        check_form(rules, &transfers)?;
        if expires_at.is_some_and(|at| at <= wall) {
            return Err(Refusal::ExpiryInThePast);
        }
        self.admit(Phase::Pending, &transfers)?;
        Ok(LedgerRecord::Held {
            receipt,
            transaction: self.transactions.next_id(),
            transfers,
            expires_at,
        })
    }

    /// Posting never lacks funds or room: both were reserved by the hold.
    pub(super) fn decide_post_hold(
        &self,
        wall: WallClock,
        receipt: Receipt,
        hold: TransactionId,
        amounts: Option<Vec<Amount>>,
    ) -> Result<LedgerRecord, Refusal> {
        self.check_open(wall, hold)?;
        if let Some(amounts) = &amounts {
            let legs = self.transactions.legs(hold);
            if amounts.len() != legs.len() {
                return Err(Refusal::AmountsCountDiffers { transaction: hold });
            }
            let within = |(amount, leg): (&Amount, &Leg)| !amount.is_negative() && *amount <= leg.amount;
            if !amounts.iter().zip(legs).all(within) {
                return Err(Refusal::AmountExceedsHold { transaction: hold });
            }
        }
        Ok(LedgerRecord::HoldPosted {
            receipt,
            hold,
            amounts,
        })
    }

    pub(super) fn decide_void_hold(
        &self,
        wall: WallClock,
        receipt: Receipt,
        hold: TransactionId,
    ) -> Result<LedgerRecord, Refusal> {
        self.check_open(wall, hold)?;
        Ok(LedgerRecord::HoldVoided { receipt, hold })
    }

    /// Whether `hold` may still be resolved by a command.
    fn check_open(&self, wall: WallClock, hold: TransactionId) -> Result<(), Refusal> {
        let transaction = hold;
        match self.transactions.find(hold)?.state {
            TransactionState::Pending { expires_at: Some(at) } if at <= wall => {
                Err(Refusal::HoldExpired { transaction })
            }
            TransactionState::Pending { .. } => Ok(()),
            TransactionState::Posted => Err(Refusal::NotAHold { transaction }),
            TransactionState::HoldPosted => Err(Refusal::HoldAlreadyPosted { transaction }),
            TransactionState::Voided => Err(Refusal::HoldAlreadyVoided { transaction }),
            TransactionState::Expired => Err(Refusal::HoldExpired { transaction }),
        }
    }
}

#[cfg(test)]
mod tests;
