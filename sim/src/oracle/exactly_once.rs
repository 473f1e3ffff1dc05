//! Exactly once, the half about "not twice": no deposit is posted a second time, and nothing else comes out of custody.
//!
//! Every posting that debits custody must be the booking of one log of one transaction, for the log's amount, to the
//! one that it is booked to; and no log is booked again, in this life of the process or in any other. What is on its way
//! out of custody is on its way for as long as its transaction is seen, and no longer.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{Beneficiary, Booked, DepositKey, EscrowRecord, TxKey};
use plimsoll_core::id::TransactionId;
use plimsoll_core::ledger::{LedgerRecord, Owner, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;

use super::broken;
use super::twin::{Follower, Twin};
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "exactly_once";

/// The oracle.
#[derive(Debug, Default)]
pub struct ExactlyOnce {
    twin: Twin<Postings>,
}

#[derive(Debug, Clone, Default)]
struct Postings {
    /// Every deposit that was posted, and by what.
    deposits: BTreeMap<DepositKey, TransactionId>,
    /// Every transaction that took something out of custody.
    taken: BTreeSet<TransactionId>,
    /// Holds on custody, with what they hold.
    holds: BTreeMap<TransactionId, Vec<Transfer>>,
    /// The holds of each seen transaction.
    seen: BTreeMap<TxKey, Vec<TransactionId>>,
    /// Holds on custody that no seen transaction explains.
    loose: BTreeSet<TransactionId>,
    /// Holds on custody that ended in this group of records.
    ended: BTreeSet<TransactionId>,
    /// Postings from custody that no deposit explains yet.
    unexplained: BTreeMap<TransactionId, Vec<Transfer>>,
}

impl Oracle for ExactlyOnce {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.twin.observe(seen)
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Follower for Postings {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Ledger(record) => self.follow_ledger(record)?,
                Record::Escrow(record) => self.follow_escrow(record)?,
                Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::Reconciled { .. }
                | Record::AddressAssigned { .. }
                | Record::Administered { .. } => {}
            }
        }
        // Whatever an input does is one group of records, and so is what explains it.
        if let Some(hold) = self.loose.first() {
            let detail = format!("{hold} is held for a deposit that is not seen");
            return Err(broken(NAME, "hold_left_behind", detail));
        }
        let ended = core::mem::take(&mut self.ended);
        let mut still_seen = self.seen.values().flatten().filter(|hold| ended.contains(hold));
        if let Some(hold) = (!ended.is_empty()).then(|| still_seen.next()).flatten() {
            let detail = format!("{hold} ended, and its deposit is still seen");
            return Err(broken(NAME, "seen_without_hold", detail));
        }
        match self.unexplained.first_key_value() {
            None => Ok(()),
            Some((transaction, transfers)) => {
                let detail =
                    format!("{transaction} took {transfers:?} out of custody, and no deposit was booked");
                Err(broken(NAME, "posting_without_deposit", detail))
            }
        }
    }
}

impl Postings {
    fn follow_ledger(&mut self, record: &LedgerRecord) -> Result<(), Violation> {
        match record {
            LedgerRecord::Posted {
                transaction,
                transfers,
                ..
            } => self.take(*transaction, transfers),
            LedgerRecord::Held {
                transaction,
                transfers,
                ..
            } => {
                if takes(transfers) {
                    self.holds.insert(*transaction, transfers.clone());
                    self.loose.insert(*transaction);
                }
                Ok(())
            }
            LedgerRecord::HoldPosted { hold, amounts, .. } => match self.release(*hold) {
                Some(transfers) => self.take(*hold, &posted(transfers, amounts.as_deref())),
                None => Ok(()),
            },
            LedgerRecord::HoldVoided { hold, .. } | LedgerRecord::HoldExpired { hold } => {
                self.release(*hold);
                Ok(())
            }
            LedgerRecord::Reversed {
                transaction,
                original,
                ..
            } if self.taken.contains(original) => {
                let detail = format!("{transaction} put the deposit of {original} back into custody");
                Err(broken(NAME, "deposit_reversed", detail))
            }
            LedgerRecord::Reversed { .. }
            | LedgerRecord::Refused { .. }
            | LedgerRecord::AccountsOpened { .. }
            | LedgerRecord::LimitsSet { .. } => Ok(()),
        }
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) -> Result<(), Violation> {
        match record {
            EscrowRecord::Seen { tx, deposits, .. } => {
                let holds: Vec<TransactionId> =
                    deposits.iter().filter_map(|booked| booked.transaction).collect();
                for hold in &holds {
                    if !self.loose.remove(hold) {
                        let detail = format!("{} is seen, and {hold} was not held with it", tx.tx);
                        return Err(broken(NAME, "seen_without_hold", detail));
                    }
                }
                self.seen.insert(*tx, holds);
                Ok(())
            }
            EscrowRecord::Final { tx, deposits, .. } => {
                self.leave(*tx);
                deposits.iter().try_for_each(|booked| self.explain(*tx, booked))
            }
            EscrowRecord::Reorged { tx, .. }
            | EscrowRecord::Rejected { tx, .. }
            | EscrowRecord::DeadLettered { tx, .. } => {
                self.leave(*tx);
                Ok(())
            }
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::Scanned { .. }
            | EscrowRecord::DeadLetterResolved { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::DeadLetterReopened { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::DeadLetterReplayed { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => Ok(()),
        }
    }

    /// A transaction is seen no longer: nothing explains what is still held for it.
    fn leave(&mut self, tx: TxKey) {
        let holds = self.seen.remove(&tx).unwrap_or_default();
        self.loose
            .extend(holds.into_iter().filter(|hold| self.holds.contains_key(hold)));
    }

    /// A hold has ended: what it held, if it was one on custody.
    fn release(&mut self, hold: TransactionId) -> Option<Vec<Transfer>> {
        self.loose.remove(&hold);
        let held = self.holds.remove(&hold)?;
        self.ended.insert(hold);
        Some(held)
    }

    fn take(&mut self, transaction: TransactionId, transfers: &[Transfer]) -> Result<(), Violation> {
        if !takes(transfers) {
            return Ok(());
        }
        self.unexplained.insert(transaction, transfers.to_vec());
        if self.taken.insert(transaction) {
            Ok(())
        } else {
            Err(broken(
                NAME,
                "posted_twice",
                format!("{transaction} was posted twice"),
            ))
        }
    }

    fn explain(&mut self, tx: TxKey, booked: &Booked) -> Result<(), Violation> {
        let key = DepositKey {
            tx,
            ordinal: booked.deposit.ordinal,
        };
        let posting = booked
            .transaction
            .and_then(|id| Some((id, self.unexplained.remove(&id)?)));
        let earlier = self.deposits.get(&key).copied();
        if let Some(earlier) = earlier {
            let detail = format!(
                "log {} of {} was posted by {earlier}, and again",
                key.ordinal, tx.tx
            );
            return Err(broken(NAME, "posted_twice", detail));
        }
        let Some((id, transfers)) = posting else {
            let detail = format!(
                "log {} of {} is final, and nothing was posted with it",
                key.ordinal, tx.tx
            );
            return Err(broken(NAME, "deposit_without_posting", detail));
        };
        let credit = match booked.deposit.beneficiary {
            Beneficiary::User(user) => Owner::User(user),
            Beneficiary::Suspense(_) => Owner::Suspense,
        };
        let expected = Transfer {
            debit: Owner::Custody(tx.chain),
            credit,
            asset: booked.deposit.asset,
            amount: booked.deposit.amount,
        };
        if transfers != [expected] {
            let detail = format!(
                "log {} of {} is {expected:?}, {id} posted {transfers:?}",
                key.ordinal, tx.tx
            );
            return Err(broken(NAME, "posting_differs", detail));
        }
        self.deposits.insert(key, id);
        Ok(())
    }
}

/// Whether `transfers` take something out of custody.
fn takes(transfers: &[Transfer]) -> bool {
    transfers
        .iter()
        .any(|transfer| matches!(transfer.debit, Owner::Custody(_)))
}

/// What was posted of a hold.
fn posted(mut transfers: Vec<Transfer>, amounts: Option<&[Amount]>) -> Vec<Transfer> {
    for (transfer, amount) in transfers.iter_mut().zip(amounts.unwrap_or_default()) {
        transfer.amount = *amount;
    }
    transfers
}

#[cfg(test)]
mod tests;
