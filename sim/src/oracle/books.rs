//! [`Books`]: a second set of books, kept from the ledger's records alone, as plainly as can be.
//!
//! It shares no line of code with the ledger. Every transaction keeps its own movements and how much of each counts;
//! an account is four sums. A record that cannot be is refused with a sentence about why.

use std::collections::{BTreeMap, btree_map};

use plimsoll_core::id::{AssetId, TransactionId};
use plimsoll_core::ledger::{AccountKey, LedgerRecord, Owner, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::time::WallClock;

/// What an account amounts to, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Line {
    pub(super) debits: i128,
    pub(super) credits: i128,
    pub(super) debits_held: i128,
    pub(super) credits_held: i128,
}

impl Line {
    /// What the owner may spend.
    pub(super) fn available(&self, owner: Owner) -> i128 {
        if owner.is_debit_normal() {
            self.debits - self.credits - self.credits_held
        } else {
            self.credits - self.debits - self.debits_held
        }
    }

    /// What is reserved to leave, and what is announced to arrive.
    pub(super) const fn held_and_incoming(&self, owner: Owner) -> (i128, i128) {
        if owner.is_debit_normal() {
            (self.credits_held, self.debits_held)
        } else {
            (self.debits_held, self.credits_held)
        }
    }
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Posted,
    Held,
    HoldPosted,
    Voided,
    Expired,
}

/// A transaction.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its movements; of a hold that was posted in part, that part.
    pub(super) transfers: Vec<Transfer>,
    pub(super) phase: Phase,
    /// When its hold is over by itself, if ever.
    pub(super) expires_at: Option<WallClock>,
    pub(super) is_reversed: bool,
}

impl Entry {
    /// Whether it was posted, at once or from a hold.
    pub(super) const fn is_posted(&self) -> bool {
        matches!(self.phase, Phase::Posted | Phase::HoldPosted)
    }
}

/// The second set of books.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    lines: BTreeMap<AccountKey, Line>,
    entries: BTreeMap<TransactionId, Entry>,
}

impl Books {
    /// Enters one record and gives the movements of the transaction that it touched, or says why it cannot be.
    pub(super) fn enter(&mut self, record: &LedgerRecord) -> Result<&[Transfer], String> {
        match record {
            LedgerRecord::Posted {
                transaction,
                transfers,
                ..
            } => self.open(*transaction, transfers.clone(), Phase::Posted, None),
            LedgerRecord::Held {
                transaction,
                transfers,
                expires_at,
                ..
            } => self.open(*transaction, transfers.clone(), Phase::Held, *expires_at),
            LedgerRecord::HoldPosted { hold, amounts, .. } => self.post_hold(*hold, amounts.as_deref()),
            LedgerRecord::HoldVoided { hold, .. } => self.release(*hold, Phase::Voided),
            LedgerRecord::HoldExpired { hold } => self.release(*hold, Phase::Expired),
            LedgerRecord::Reversed {
                transaction,
                original,
                ..
            } => self.reverse(*transaction, *original),
            LedgerRecord::Refused { .. }
            | LedgerRecord::AccountsOpened { .. }
            | LedgerRecord::LimitsSet { .. } => Ok(&[]),
        }
    }

    /// What `account` amounts to.
    pub(super) fn line(&self, account: AccountKey) -> Line {
        self.lines.get(&account).copied().unwrap_or_default()
    }

    /// Every account in which something ever happened.
    pub(super) fn lines(&self) -> impl Iterator<Item = (AccountKey, Line)> + '_ {
        self.lines.iter().map(|(account, line)| (*account, *line))
    }

    /// A transaction, if there is one.
    pub(super) fn entry(&self, transaction: TransactionId) -> Option<&Entry> {
        self.entries.get(&transaction)
    }

    /// Everything debited and credited of each asset, by asset.
    pub(super) fn totals(&self) -> BTreeMap<AssetId, Line> {
        let mut totals: BTreeMap<AssetId, Line> = BTreeMap::new();
        for (account, line) in &self.lines {
            let total = totals.entry(account.asset).or_default();
            total.debits += line.debits;
            total.credits += line.credits;
            total.debits_held += line.debits_held;
            total.credits_held += line.credits_held;
        }
        totals
    }

    fn open(
        &mut self,
        id: TransactionId,
        transfers: Vec<Transfer>,
        phase: Phase,
        expires_at: Option<WallClock>,
    ) -> Result<&[Transfer], String> {
        if let Some(bad) = transfers.iter().find(|transfer| !transfer.amount.is_positive()) {
            return Err(format!(
                "{id} moves {} minor units of {}",
                bad.amount.minor(),
                bad.asset
            ));
        }
        let entry = Entry {
            transfers,
            phase,
            expires_at,
            is_reversed: false,
        };
        count(&mut self.lines, &entry, 1);
        match self.entries.entry(id) {
            btree_map::Entry::Vacant(place) => Ok(&place.insert(entry).transfers),
            btree_map::Entry::Occupied(_) => Err(format!("{id} was recorded twice")),
        }
    }

    fn post_hold(&mut self, id: TransactionId, amounts: Option<&[Amount]>) -> Result<&[Transfer], String> {
        let entry = close(&mut self.lines, &mut self.entries, id, Phase::HoldPosted)?;
        if let Some(amounts) = amounts {
            let fits = |(transfer, amount): (&Transfer, &Amount)| {
                !amount.is_negative() && *amount <= transfer.amount
            };
            let all_fit = entry.transfers.iter().zip(amounts).all(fits);
            if amounts.len() != entry.transfers.len() || !all_fit {
                return Err(format!("{id} was posted for other amounts than it held"));
            }
            for (transfer, amount) in entry.transfers.iter_mut().zip(amounts) {
                transfer.amount = *amount;
            }
        }
        count(&mut self.lines, entry, 1);
        Ok(&entry.transfers)
    }

    fn release(&mut self, id: TransactionId, end: Phase) -> Result<&[Transfer], String> {
        let entry = close(&mut self.lines, &mut self.entries, id, end)?;
        Ok(&entry.transfers)
    }

    fn reverse(&mut self, id: TransactionId, original: TransactionId) -> Result<&[Transfer], String> {
        let posted = self.entries.get_mut(&original).filter(|entry| entry.is_posted());
        let Some(entry) = posted else {
            return Err(format!("{id} reverses {original}, which is not posted"));
        };
        if core::mem::replace(&mut entry.is_reversed, true) {
            return Err(format!("{original} was reversed twice"));
        }
        let opposite = |transfer: &Transfer| Transfer {
            debit: transfer.credit,
            credit: transfer.debit,
            ..*transfer
        };
        // What a partial posting left at nothing moves nothing back.
        let moved = entry
            .transfers
            .iter()
            .filter(|transfer| transfer.amount.is_positive());
        let transfers = moved.map(opposite).collect();
        self.open(id, transfers, Phase::Posted, None)
    }
}

/// Takes a hold's reservation out again, since it ended so, and gives what it was.
fn close<'a>(
    lines: &mut BTreeMap<AccountKey, Line>,
    entries: &'a mut BTreeMap<TransactionId, Entry>,
    id: TransactionId,
    end: Phase,
) -> Result<&'a mut Entry, String> {
    let held = entries.get_mut(&id).filter(|entry| entry.phase == Phase::Held);
    let Some(entry) = held else {
        return Err(format!("{id} was resolved and is no open hold"));
    };
    count(lines, entry, -1);
    entry.phase = end;
    Ok(entry)
}

/// Adds what an entry moves to the accounts, or takes it away.
fn count(lines: &mut BTreeMap<AccountKey, Line>, entry: &Entry, sign: i128) {
    for transfer in &entry.transfers {
        let amount = sign * transfer.amount.minor();
        let debited = lines.entry(transfer.debit_account()).or_default();
        match entry.phase {
            Phase::Posted | Phase::HoldPosted => debited.debits += amount,
            Phase::Held => debited.debits_held += amount,
            Phase::Voided | Phase::Expired => {}
        }
        let credited = lines.entry(transfer.credit_account()).or_default();
        match entry.phase {
            Phase::Posted | Phase::HoldPosted => credited.credits += amount,
            Phase::Held => credited.credits_held += amount,
            Phase::Voided | Phase::Expired => {}
        }
    }
}

#[cfg(test)]
mod tests;
