//! Exactly once, the half about "not twice": no deposit is posted a second time, and nothing else comes out of custody.
//!
//! Every posting that debits custody must be the booking of one log of one transaction, for the log's amount, to the
//! one that it is booked to; and no log is booked again, in this life of the process or in any other.

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
    fn follow(&mut self, records: &[&Record]) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Ledger(record) => self.follow_ledger(record)?,
                Record::Escrow(EscrowRecord::Final { tx, deposits, .. }) => {
                    deposits.iter().try_for_each(|booked| self.explain(*tx, booked))?;
                }
                Record::Escrow(_)
                | Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::AddressAssigned { .. } => {}
            }
        }
        // Whatever an input does is one group of records, and so is what explains it.
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
                }
                Ok(())
            }
            LedgerRecord::HoldPosted { hold, amounts, .. } => match self.holds.remove(hold) {
                Some(transfers) => self.take(*hold, &posted(transfers, amounts.as_deref())),
                None => Ok(()),
            },
            LedgerRecord::HoldVoided { hold, .. } | LedgerRecord::HoldExpired { hold } => {
                self.holds.remove(hold);
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
