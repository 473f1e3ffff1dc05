//! Refunds: each is of one deposit that came, takes just what came from whoever has it, and ends once, out of custody or back.
//!
//! Told from the records alone: what the ledger did beside each step of a refund must be that step and nothing else, so that
//! nothing enters or leaves the account of refunds without one; and what it holds is at all times what is pending. An act
//! that is on record has its step in the same group.

use std::collections::BTreeMap;

use plimsoll_core::bank::{ActDone, AdminAct, Record};
use plimsoll_core::escrow::{Beneficiary, DepositKey, EscrowRecord, RefundAct, RefundRecord};
use plimsoll_core::id::{AssetId, RefundId, TransactionId, TxHash, UserId};
use plimsoll_core::ledger::{LedgerRecord, Owner, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;

use super::broken;
use super::twin::{Follower, Twin};
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "refunds";

/// The oracle.
#[derive(Debug, Default)]
pub struct Refunds {
    twin: Twin<Picture>,
}

#[derive(Debug, Clone, Default)]
struct Picture {
    /// What came, and who has it.
    came: BTreeMap<DepositKey, Came>,
    /// What each purchase moved.
    purchases: BTreeMap<TransactionId, Vec<Transfer>>,
    refunds: BTreeMap<RefundId, Taken>,
    /// What the account of refunds holds, by asset.
    held: BTreeMap<AssetId, i128>,
    /// What the ledger did with the account of refunds in the group at hand, and nothing explains yet.
    loose: BTreeMap<TransactionId, Loose>,
    /// The steps of the group at hand that no act has claimed yet.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Came {
    asset: AssetId,
    amount: Amount,
    holder: Owner,
    purchase: Option<TransactionId>,
    /// Whether it goes back, or went.
    is_refunded: bool,
}

#[derive(Debug, Clone)]
struct Taken {
    deposit: DepositKey,
    transaction: TransactionId,
    is_pending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Loose {
    Posted(Vec<Transfer>),
    Reverses(TransactionId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Proposed(DepositKey),
    Requested(DepositKey, RefundId),
    Settled(RefundId, TxHash),
    Withdrawn(RefundId),
}

impl Oracle for Refunds {
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

impl Follower for Picture {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Ledger(record) => self.follow_ledger(record),
                Record::Escrow(record) => self.follow_escrow(record)?,
                Record::Administered { act, done, .. } => self.follow_act(act, *done)?,
                Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::AddressAssigned { .. }
                | Record::Reconciled { .. } => {}
            }
        }
        if let Some((id, what)) = self.loose.first_key_value() {
            let detail = format!("{id} did {what:?} to the account of refunds, and nothing says why");
            return Err(broken(NAME, "moved_without_reason", detail));
        }
        if let Some(step) = self.steps.first() {
            let detail = format!("{step:?}, and nobody ordered it");
            return Err(broken(NAME, "unordered", detail));
        }
        self.check_sums()
    }
}

impl Picture {
    fn follow_ledger(&mut self, record: &LedgerRecord) {
        match record {
            LedgerRecord::Posted {
                transaction,
                transfers,
                ..
            } => {
                let touches = |owner| {
                    transfers
                        .iter()
                        .any(|one| one.debit == owner || one.credit == owner)
                };
                if touches(Owner::Refunds) {
                    self.count(transfers);
                    self.loose.insert(*transaction, Loose::Posted(transfers.clone()));
                } else if touches(Owner::Treasury) {
                    self.purchases.insert(*transaction, transfers.clone());
                }
            }
            LedgerRecord::Reversed {
                transaction,
                original,
                ..
            } => {
                let taken = self.refunds.values().find(|taken| taken.transaction == *original);
                if let Some(found) = taken.and_then(|taken| self.came.get(&taken.deposit)).copied() {
                    *self.held.entry(found.asset).or_default() -= found.amount.minor();
                    self.loose.insert(*transaction, Loose::Reverses(*original));
                }
            }
            LedgerRecord::Held { .. }
            | LedgerRecord::HoldPosted { .. }
            | LedgerRecord::HoldVoided { .. }
            | LedgerRecord::HoldExpired { .. }
            | LedgerRecord::Refused { .. }
            | LedgerRecord::AccountsOpened { .. }
            | LedgerRecord::LimitsSet { .. } => {}
        }
    }

    fn count(&mut self, transfers: &[Transfer]) {
        for transfer in transfers {
            let held = self.held.entry(transfer.asset).or_default();
            let amount = transfer.amount.minor();
            if transfer.credit == Owner::Refunds {
                *held += amount;
            }
            if transfer.debit == Owner::Refunds {
                *held -= amount;
            }
        }
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) -> Result<(), Violation> {
        match record {
            EscrowRecord::Final { tx, deposits, .. } => {
                for booked in deposits {
                    let (tx, ordinal) = (*tx, booked.deposit.ordinal);
                    let came = Came {
                        asset: booked.deposit.asset,
                        amount: booked.deposit.amount,
                        holder: owner(booked.deposit.beneficiary),
                        purchase: booked.purchase,
                        is_refunded: false,
                    };
                    self.came.insert(DepositKey { tx, ordinal }, came);
                }
            }
            EscrowRecord::SuspenseAttributed {
                deposit,
                user,
                purchase,
                ..
            } => self.give(deposit, *user, *purchase),
            EscrowRecord::DustCredited { user, deposits, .. } => {
                deposits
                    .iter()
                    .for_each(|deposit| self.give(deposit, *user, None));
            }
            EscrowRecord::Refund(record) => return self.follow_refund(record),
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::Scanned { .. }
            | EscrowRecord::Seen { .. }
            | EscrowRecord::Reorged { .. }
            | EscrowRecord::Rejected { .. }
            | EscrowRecord::DeadLettered { .. }
            | EscrowRecord::DeadLetterResolved { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::DeadLetterReopened { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::DeadLetterReplayed { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. } => {}
        }
        Ok(())
    }

    fn give(&mut self, deposit: &DepositKey, user: UserId, purchase: Option<TransactionId>) {
        if let Some(came) = self.came.get_mut(deposit) {
            (came.holder, came.purchase) = (Owner::User(user), purchase);
        }
    }

    fn follow_refund(&mut self, record: &RefundRecord) -> Result<(), Violation> {
        match record {
            RefundRecord::Proposed { deposit, .. } => {
                self.steps.push(Step::Proposed(*deposit));
                Ok(())
            }
            RefundRecord::Requested {
                refund,
                deposit,
                of,
                asset,
                amount,
                transaction,
                ..
            } => {
                self.steps.push(Step::Requested(*deposit, *refund));
                let taken = Taken {
                    deposit: *deposit,
                    transaction: *transaction,
                    is_pending: true,
                };
                self.request(*refund, taken, (owner(*of), *asset, *amount))
            }
            RefundRecord::Settled {
                refund,
                paid_by,
                transaction,
                ..
            } => {
                self.steps.push(Step::Settled(*refund, *paid_by));
                let (deposit, came) = self.end(*refund)?;
                let paid = Transfer {
                    debit: Owner::Refunds,
                    credit: Owner::Custody(deposit.tx.chain),
                    asset: came.asset,
                    amount: came.amount,
                };
                self.explain(*transaction, &Loose::Posted(vec![paid]))
            }
            RefundRecord::Withdrawn {
                refund, transaction, ..
            } => {
                self.steps.push(Step::Withdrawn(*refund));
                let (deposit, _) = self.end(*refund)?;
                if let Some(came) = self.came.get_mut(&deposit) {
                    came.is_refunded = false;
                }
                let original = self.refunds.get(refund).map(|taken| taken.transaction);
                let reversed = original.map(Loose::Reverses);
                reversed.map_or(Ok(()), |reversed| self.explain(*transaction, &reversed))
            }
        }
    }

    /// A refund must take all of one deposit, once, from whoever has it, and undo what it bought.
    fn request(
        &mut self,
        refund: RefundId,
        taken: Taken,
        (from, asset, amount): (Owner, AssetId, Amount),
    ) -> Result<(), Violation> {
        let place = format!("log {} of {}", taken.deposit.ordinal, taken.deposit.tx.tx);
        let Some(came) = self.came.get_mut(&taken.deposit) else {
            let detail = format!("{refund} is of {place}, which never came");
            return Err(broken(NAME, "of_nothing", detail));
        };
        if core::mem::replace(&mut came.is_refunded, true) {
            let detail = format!("{refund} is of {place}, which goes back already");
            return Err(broken(NAME, "refunded_twice", detail));
        }
        let came = *came;
        if (from, asset, amount) != (came.holder, came.asset, came.amount) {
            let detail = format!("{refund} takes {amount:?} {asset} from {from}, and {came:?} came");
            return Err(broken(NAME, "takes_other_money", detail));
        }
        let bought = came.purchase.and_then(|id| self.purchases.get(&id));
        let undone = bought.into_iter().flatten().map(|one| Transfer {
            debit: one.credit,
            credit: one.debit,
            ..*one
        });
        let out = Transfer {
            debit: from,
            credit: Owner::Refunds,
            asset,
            amount,
        };
        let expected = undone.chain([out]).collect();
        let transaction = taken.transaction;
        if self.refunds.insert(refund, taken).is_some() {
            return Err(broken(
                NAME,
                "numbered_twice",
                format!("there are two of {refund}"),
            ));
        }
        self.explain(transaction, &Loose::Posted(expected))
    }

    fn end(&mut self, refund: RefundId) -> Result<(DepositKey, Came), Violation> {
        let ended = self.refunds.get_mut(&refund).filter(|taken| taken.is_pending);
        let Some(taken) = ended else {
            return Err(broken(
                NAME,
                "ended_twice",
                format!("{refund} is not pending, and ended"),
            ));
        };
        taken.is_pending = false;
        let deposit = taken.deposit;
        let came = self.came.get(&deposit).copied();
        let came = came.ok_or_else(|| broken(NAME, "of_nothing", format!("{refund} is of nothing")))?;
        Ok((deposit, came))
    }

    fn explain(&mut self, id: TransactionId, expected: &Loose) -> Result<(), Violation> {
        let found = self.loose.remove(&id);
        if found.as_ref() == Some(expected) {
            return Ok(());
        }
        let detail = format!("{id} should have done {expected:?}, and did {found:?}");
        Err(broken(NAME, "posting_differs", detail))
    }

    /// An act that was done is on record with just what it did.
    fn follow_act(&mut self, act: &AdminAct, done: ActDone) -> Result<(), Violation> {
        let AdminAct::Refund(act) = act else {
            return Ok(());
        };
        let expected = match (act, done) {
            (RefundAct::Request { deposit, .. }, ActDone::RefundProposed) => Some(Step::Proposed(*deposit)),
            (RefundAct::Request { deposit, .. }, ActDone::Refund { refund, .. }) => {
                Some(Step::Requested(*deposit, refund))
            }
            (RefundAct::Settle { refund, paid_by }, ActDone::Refund { .. }) => {
                Some(Step::Settled(*refund, *paid_by))
            }
            (RefundAct::Withdraw { refund }, ActDone::Refund { .. }) => Some(Step::Withdrawn(*refund)),
            (_, _) => None,
        };
        let place = self.steps.iter().position(|step| Some(*step) == expected);
        match place {
            Some(place) => {
                self.steps.remove(place);
                Ok(())
            }
            None => {
                let detail = format!("{act:?} did {done:?}, and is not on record");
                Err(broken(NAME, "off_record", detail))
            }
        }
    }

    /// What the account of refunds holds is what is pending.
    fn check_sums(&self) -> Result<(), Violation> {
        let mut pending: BTreeMap<AssetId, i128> = BTreeMap::new();
        for taken in self.refunds.values().filter(|taken| taken.is_pending) {
            if let Some(came) = self.came.get(&taken.deposit) {
                *pending.entry(came.asset).or_default() += came.amount.minor();
            }
        }
        for (asset, held) in &self.held {
            let due = pending.get(asset).copied().unwrap_or_default();
            if *held != due {
                let detail = format!("{held} minor units of {asset} are to be refunded, {due} are pending");
                return Err(broken(NAME, "sum_differs", detail));
            }
        }
        Ok(())
    }
}

fn owner(of: Beneficiary) -> Owner {
    match of {
        Beneficiary::User(user) => Owner::User(user),
        Beneficiary::Suspense(_) => Owner::Suspense,
    }
}

#[cfg(test)]
mod tests;
