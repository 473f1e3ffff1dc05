//! Decisions: what a request would do, as a record, without doing it.
//!
//! All transfers of a transaction are judged together: each touched account is checked where it would end, so legs
//! that pass money on need not be in any order. Range is checked on the totals of each asset: every counter and
//! every balance is a part of them, so what fits them fits everywhere, and posting a hold moves its amount from
//! pending to posted without raising their sum.

use alloc::vec::Vec;

use super::Ledger;
use super::account::{AccountKey, Phase, sum};
use super::command::{Command, Outcome, Request, Rules, Verdict};
use super::idempotency::{Fingerprint, Receipt};
use super::record::LedgerRecord;
use super::refusal::Refusal;
use super::transfer::{Transfer, check_form};
use crate::id::TransactionId;
use crate::money::Amount;
use crate::time::WallClock;

impl Ledger {
    /// What `request` comes to at the date `wall`. Changes nothing: a [`Verdict::Fresh`] record happens when it is
    /// given to [`Ledger::apply`], before anything else is decided.
    pub fn decide(&self, rules: Rules<'_>, wall: WallClock, request: &Request) -> Verdict {
        let receipt = Receipt {
            key: request.key,
            fingerprint: Fingerprint::of(&request.command),
        };
        match self.answers.recall(&receipt) {
            Some(Ok(outcome)) => return Verdict::Frozen(outcome),
            Some(Err(field)) => return Verdict::Conflict { field },
            None => {}
        }
        let decided = match &request.command {
            Command::Post { transfers } => self.decide_post(rules, receipt, transfers),
            Command::Hold {
                transfers,
                expires_at,
            } => self.decide_hold(rules, wall, receipt, transfers, *expires_at),
            Command::PostHold { hold, amounts } => {
                self.decide_post_hold(wall, receipt, *hold, amounts.as_deref())
            }
            Command::VoidHold { hold } => self.decide_void_hold(wall, receipt, *hold),
            Command::Reverse { transaction } => self.decide_reverse(receipt, *transaction),
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
        transfers: &[Transfer],
    ) -> Result<LedgerRecord, Refusal> {
        check_form(rules, transfers)?;
        self.admit(Phase::Posted, transfers)?;
        Ok(LedgerRecord::Posted {
            receipt,
            transaction: self.transactions.next_id(),
            transfers: transfers.to_vec(),
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
        self.admit_totals(transfers)?;
        match transfers {
            [one] => self.admit_accounts(phase, &mut Touch::both(one)),
            many => {
                let mut touches: Vec<Touch> = many.iter().flat_map(Touch::both).collect();
                self.admit_accounts(phase, &mut touches)
            }
        }
    }

    fn admit_totals(&self, transfers: &[Transfer]) -> Result<(), Refusal> {
        for (at, transfer) in transfers.iter().enumerate() {
            let asset = transfer.asset;
            if transfers[..at].iter().any(|earlier| earlier.asset == asset) {
                continue; // it was counted with the first of its asset
            }
            let totals = self.totals(asset);
            let before = sum(totals.debits_posted, totals.debits_pending);
            let of_asset = transfers[at..].iter().filter(|other| other.asset == asset);
            of_asset
                .map(|other| other.amount)
                .try_fold(before, Amount::plus)
                .map_err(|_| Refusal::Overflow { asset })?;
        }
        Ok(())
    }

    fn admit_accounts(&self, phase: Phase, touches: &mut [Touch]) -> Result<(), Refusal> {
        touches.sort_unstable_by_key(|touch| touch.account);
        for of_account in touches.chunk_by(|a, b| a.account == b.account) {
            let mut account = self.accounts.get_or_new(of_account[0].account);
            for touch in of_account {
                account.counters.add(phase, touch.debits, touch.credits);
            }
            account.admit()?;
        }
        Ok(())
    }
}

/// What one transfer does to one account.
#[derive(Clone, Copy)]
struct Touch {
    account: AccountKey,
    debits: Amount,
    credits: Amount,
}

impl Touch {
    fn both(transfer: &Transfer) -> [Self; 2] {
        let debited = Self {
            account: transfer.debit_account(),
            debits: transfer.amount,
            credits: Amount::ZERO,
        };
        let credited = Self {
            account: transfer.credit_account(),
            debits: Amount::ZERO,
            credits: transfer.amount,
        };
        [debited, credited]
    }
}
