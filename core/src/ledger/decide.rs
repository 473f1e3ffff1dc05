//! Decisions: what a request would do, as a record, without doing it.
//!
//! All transfers of a transaction are judged together: each touched account is checked where it would end, so legs
//! that pass money on need not be in any order. Range is checked on the totals of each asset: every counter and
//! every balance is a part of them, so what fits them fits everywhere, and posting a hold moves its amount from
//! pending to posted without raising their sum.

use alloc::vec::Vec;

use super::Ledger;
use super::account::{AccountKey, Owner, Phase, Totals, sum};
use super::book::{Account, Book};
use super::command::{Command, Outcome, Request, Rules, Verdict};
use super::fingerprint::{Fingerprint, Receipt};
use super::record::LedgerRecord;
use super::refusal::Refusal;
use super::transfer::{Transfer, check_form};
use crate::id::{AssetId, TransactionId};
use crate::money::Amount;
use crate::time::WallClock;

impl Ledger {
    /// What `request` comes to at the date `wall`. Changes nothing: a [`Verdict::Fresh`] record happens when it is
    /// given to [`Ledger::apply`], before anything else is decided.
    pub fn decide(&self, rules: Rules<'_>, wall: WallClock, request: Request) -> Verdict {
        let Request { key, command } = request;
        let receipt = Receipt {
            key,
            fingerprint: Fingerprint::of(&command),
        };
        match self.answers.recall(&receipt) {
            Some(Ok(outcome)) => return Verdict::Frozen(outcome),
            Some(Err(field)) => return Verdict::Conflict { field },
            None => {}
        }
        let decided = match command {
            Command::Post { transfers } => self.decide_post(rules, receipt, transfers),
            Command::Hold {
                transfers,
                expires_at,
            } => self.decide_hold(rules, wall, receipt, transfers, expires_at),
            Command::PostHold { hold, amounts } => self.decide_post_hold(wall, receipt, hold, amounts),
            Command::VoidHold { hold } => self.decide_void_hold(wall, receipt, hold),
            Command::Reverse { transaction } => self.decide_reverse(receipt, transaction),
        };
        Verdict::Fresh(decided.unwrap_or_else(|refusal| LedgerRecord::Refused { receipt, refusal }))
    }

    /// The answer that a fresh record stands for; `None` for records that no request makes.
    #[must_use]
    pub fn outcome_of(record: &LedgerRecord) -> Option<Outcome> {
        record.answer().map(|(_, outcome)| outcome)
    }

    fn decide_post(
        &self,
        rules: Rules<'_>,
        receipt: Receipt,
        transfers: Vec<Transfer>,
    ) -> Result<LedgerRecord, Refusal> {
        check_form(rules, &transfers)?;
        self.admit(Phase::Posted, &transfers)?;
        Ok(LedgerRecord::Posted {
            receipt,
            transaction: self.transactions.next_id(),
            transfers,
        })
    }

    fn decide_reverse(&self, receipt: Receipt, original: TransactionId) -> Result<LedgerRecord, Refusal> {
        let transaction = original;
        if !self.transactions.find(original)?.state.is_posted() {
            return Err(Refusal::NotPosted { transaction });
        }
        if let Some(by) = self.transactions.reversal_of(original) {
            return Err(Refusal::AlreadyReversed { transaction, by });
        }
        let transfers = self.opposite_of(original);
        self.admit(Phase::Posted, &transfers)?;
        Ok(LedgerRecord::Reversed {
            receipt,
            transaction: self.transactions.next_id(),
            original,
        })
    }

    /// Refuses transfers after which a counter would be out of range or an account where it may not be.
    pub(super) fn admit(&self, phase: Phase, transfers: &[Transfer]) -> Result<(), Refusal> {
        match transfers {
            [one] => self.admit_touches(phase, &Touch::both(one)),
            many => {
                let mut touches: Vec<Touch> = many.iter().flat_map(Touch::both).collect();
                touches.sort_unstable_by_key(|touch| (touch.asset, touch.owner));
                self.admit_touches(phase, &touches)
            }
        }
    }

    /// `touches` are in the order of their assets and owners.
    fn admit_touches(&self, phase: Phase, touches: &[Touch]) -> Result<(), Refusal> {
        for of_asset in touches.chunk_by(|a, b| a.asset == b.asset) {
            let asset = of_asset[0].asset;
            let book = self.books.find(asset);
            if !has_room(book, of_asset) {
                return Err(Refusal::Overflow { asset });
            }
            for of_owner in of_asset.chunk_by(|a, b| a.owner == b.owner) {
                let owner = of_owner[0].owner;
                let account = book.and_then(|book| book.account(owner));
                let mut account = account.unwrap_or_else(|| Account::new(AccountKey { owner, asset }));
                for touch in of_owner {
                    account.counters.add(phase, touch.debits, touch.credits);
                }
                account.admit()?;
            }
        }
        Ok(())
    }
}

/// Whether the totals of a book can take what `touches` would add, in whichever phase. Debits speak for credits, of
/// which there are as many.
fn has_room(book: Option<&Book>, touches: &[Touch]) -> bool {
    let totals = book.map_or_else(Totals::default, |book| book.totals);
    let before = sum(totals.debits_posted, totals.debits_pending);
    let mut debits = touches.iter().map(|touch| touch.debits);
    debits.try_fold(before, Amount::plus).is_ok()
}

/// What one transfer does to one account.
#[derive(Clone, Copy)]
struct Touch {
    owner: Owner,
    asset: AssetId,
    debits: Amount,
    credits: Amount,
}

impl Touch {
    /// In the order of their owners.
    fn both(transfer: &Transfer) -> [Self; 2] {
        let debited = Self {
            owner: transfer.debit,
            asset: transfer.asset,
            debits: transfer.amount,
            credits: Amount::ZERO,
        };
        let credited = Self {
            owner: transfer.credit,
            debits: Amount::ZERO,
            credits: transfer.amount,
            ..debited
        };
        if transfer.debit <= transfer.credit {
            [debited, credited]
        } else {
            [credited, debited]
        }
    }
}

#[cfg(test)]
mod tests;
