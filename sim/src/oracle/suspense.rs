//! Suspense: what leaves it leaves for a reason that is recorded with it, whole and once; and what is below the minimum
//! leaves it as soon as the deposits of one user, chain and asset have reached the minimum together, and no sooner (E7).
//!
//! Whose a deposit is, is told from the address that was paid.

use std::collections::BTreeMap;

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{
    Beneficiary, Booked, Deposit, DepositKey, EscrowRecord, RefundRecord, SuspenseReason, TxKey,
};
use plimsoll_core::id::{Address, AssetId, ChainId, RefundId, TransactionId, UserId};
use plimsoll_core::ledger::{LedgerRecord, Owner, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;

use super::broken;
use super::twin::{Follower, Twin};
use super::zero_loss::units_and_cost;
use crate::model::assets::{MIN_MILLI, minor_units};
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::{Plan, PricePlan, Token};

const NAME: &str = "suspense";

/// The oracle.
#[derive(Debug, Default)]
pub struct Suspense {
    twin: Twin<Picture>,
}

#[derive(Debug, Clone, Default)]
struct Picture {
    /// What a deposit of USDT buys.
    price: Option<PricePlan>,
    owners: BTreeMap<(ChainId, Address), UserId>,
    /// What is in suspense, and why.
    waiting: BTreeMap<DepositKey, (Deposit, SuspenseReason)>,
    /// What the records at hand took out of suspense and spent on the product, by transaction, and nothing explains yet.
    released: BTreeMap<TransactionId, Vec<Transfer>>,
    bought: BTreeMap<TransactionId, Vec<Transfer>>,
    /// What left to be refunded, and comes back if nobody pays.
    leaving: BTreeMap<RefundId, (DepositKey, Deposit, SuspenseReason)>,
}

/// Where deposits below the minimum wait for each other.
type Place = (ChainId, Address, AssetId);

impl Suspense {
    /// An oracle for runs of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut oracle = Self::default();
        for picture in [&mut oracle.twin.live, &mut oracle.twin.durable] {
            picture.price = plan.topology.bank.price;
        }
        oracle
    }
}

impl Oracle for Suspense {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.twin.observe(seen)
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        if end.may_lack_deposits() {
            return Ok(()); // what the act needs may be gone for ever
        }
        let heaps = self.twin.durable.heaps();
        let overdue = heaps
            .iter()
            .find(|((.., asset), sum)| **sum >= minimum(*asset).minor());
        match overdue {
            None => Ok(()),
            Some(((chain, to, asset), sum)) => {
                let detail = format!("{sum} minor units of {asset} to {to} on {chain} still wait");
                Err(broken(NAME, "minimum_reached", detail))
            }
        }
    }
}

impl Follower for Picture {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        self.bought.clear();
        for record in records {
            match record {
                Record::Ledger(record) => self.follow_ledger(record),
                Record::Escrow(record) => self.follow_escrow(record)?,
                Record::UserRegistered { user, addresses, .. } => {
                    let owned = addresses.iter().map(|address| (*address, *user));
                    self.owners.extend(owned);
                }
                Record::AddressAssigned { user, chain, address } => {
                    self.owners.insert((*chain, *address), *user);
                }
                Record::AssetRegistered { .. } | Record::Administered { .. } | Record::Reconciled { .. } => {}
            }
        }
        match self.released.first_key_value() {
            None => Ok(()),
            Some((id, transfers)) => {
                let detail = format!("{id} took {transfers:?} out of suspense, and nothing says why");
                Err(broken(NAME, "released_without_reason", detail))
            }
        }
    }
}

impl Picture {
    fn follow_ledger(&mut self, record: &LedgerRecord) {
        let LedgerRecord::Posted {
            transaction,
            transfers,
            ..
        } = record
        else {
            return; // people hold and reverse what is users'
        };
        if transfers.iter().any(|one| one.debit == Owner::Suspense) {
            self.released.insert(*transaction, transfers.clone());
        }
        if transfers.iter().any(|one| one.credit == Owner::Treasury) {
            self.bought.insert(*transaction, transfers.clone());
        }
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) -> Result<(), Violation> {
        match record {
            EscrowRecord::Final { tx, deposits, .. } => {
                deposits.iter().for_each(|booked| self.suspend(*tx, booked));
                Ok(())
            }
            EscrowRecord::SuspenseAttributed {
                deposit,
                user,
                transaction,
                ..
            } => {
                let (found, _) = self.leave(deposit)?;
                self.explain(
                    *transaction,
                    Owner::User(*user),
                    found.asset,
                    found.amount.minor(),
                )
            }
            EscrowRecord::DustCredited {
                user,
                deposits,
                transaction,
                purchase,
                ..
            } => {
                let (asset, sum) = self.gather(deposits, *user)?;
                self.explain(*transaction, Owner::User(*user), asset, sum)?;
                self.check_purchase((*user, asset, sum), *purchase)
            }
            EscrowRecord::Refund(record) => self.follow_refund(record),
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
            | EscrowRecord::ReplayCancelled { .. } => Ok(()),
        }
    }

    fn follow_refund(&mut self, record: &RefundRecord) -> Result<(), Violation> {
        match record {
            RefundRecord::Requested {
                refund,
                deposit,
                of: Beneficiary::Suspense(_),
                transaction,
                ..
            } => {
                let (found, reason) = self.leave(deposit)?;
                self.leaving.insert(*refund, (*deposit, found, reason));
                self.explain(*transaction, Owner::Refunds, found.asset, found.amount.minor())
            }
            RefundRecord::Withdrawn { refund, .. } => {
                if let Some((key, deposit, reason)) = self.leaving.remove(refund) {
                    self.waiting.insert(key, (deposit, reason));
                }
                Ok(())
            }
            RefundRecord::Requested { .. } | RefundRecord::Proposed { .. } | RefundRecord::Settled { .. } => {
                Ok(())
            }
        }
    }

    fn suspend(&mut self, tx: TxKey, booked: &Booked) {
        if let Beneficiary::Suspense(reason) = booked.deposit.beneficiary {
            let ordinal = booked.deposit.ordinal;
            self.waiting
                .insert(DepositKey { tx, ordinal }, (booked.deposit, reason));
        }
    }

    fn leave(&mut self, key: &DepositKey) -> Result<(Deposit, SuspenseReason), Violation> {
        self.waiting.remove(key).ok_or_else(|| {
            let detail = format!("log {} of {} is not in suspense", key.ordinal, key.tx.tx);
            broken(NAME, "released_twice", detail)
        })
    }

    /// Takes out of suspense what was credited together, and says what it comes to.
    fn gather(&mut self, deposits: &[DepositKey], user: UserId) -> Result<(AssetId, i128), Violation> {
        let (mut places, mut sum) = (Vec::new(), 0);
        for key in deposits {
            let (found, reason) = self.leave(key)?;
            if reason != SuspenseReason::BelowMinimum {
                let detail = format!("log {} of {} is there for another reason", key.ordinal, key.tx.tx);
                return Err(broken(NAME, "gathered_what_is_no_dust", detail));
            }
            places.push((key.tx.chain, found.to, found.asset));
            sum += found.amount.minor();
        }
        places.dedup();
        let [place @ (chain, to, asset)] = places.as_slice() else {
            let detail = format!("what came to {places:?} was credited together");
            return Err(broken(NAME, "gathered_from_several_places", detail));
        };
        if self.owners.get(&(*chain, *to)) != Some(&user) {
            let detail = format!("what came to {to} was credited to {user}");
            return Err(broken(NAME, "wrong_owner", detail));
        }
        if sum < minimum(*asset).minor() {
            let detail = format!("{sum} minor units of {asset} were credited together to {user}");
            return Err(broken(NAME, "below_minimum", detail));
        }
        if let Some(left) = self.heaps().get(place) {
            let detail = format!("{left} minor units of {asset} to {to} were left behind");
            return Err(broken(NAME, "left_behind", detail));
        }
        Ok((*asset, sum))
    }

    /// What the ledger did must be to move just that out of suspense.
    fn explain(
        &mut self,
        id: TransactionId,
        credit: Owner,
        asset: AssetId,
        sum: i128,
    ) -> Result<(), Violation> {
        let found = self.released.remove(&id).unwrap_or_default();
        let expected = Transfer {
            debit: Owner::Suspense,
            credit,
            asset,
            amount: Amount::from_minor(sum),
        };
        if found == [expected] {
            return Ok(());
        }
        let detail = format!("{id} should have moved {expected:?}, and moved {found:?}");
        Err(broken(NAME, "posting_differs", detail))
    }

    /// What is credited together buys what it would have bought as one deposit.
    fn check_purchase(
        &self,
        (user, asset, sum): (UserId, AssetId, i128),
        purchase: Option<TransactionId>,
    ) -> Result<(), Violation> {
        let price = self.price.filter(|_| asset == Token::Usdt.facts().id);
        let due = price.and_then(|price| units_and_cost(sum, price));
        let moved = |debit, credit, asset, minor| Transfer {
            debit,
            credit,
            asset,
            amount: Amount::from_minor(minor),
        };
        let expected = due.map(|(units, cost)| {
            let gold = Token::Gold.facts().id;
            let user = Owner::User(user);
            vec![
                moved(user, Owner::Treasury, asset, cost),
                moved(Owner::Issuance, user, gold, units),
            ]
        });
        let found = purchase.and_then(|id| self.bought.get(&id));
        if found == expected.as_ref() {
            return Ok(());
        }
        let detail = format!("{sum} minor units should have bought {expected:?}, and bought {found:?}");
        Err(broken(NAME, "purchase_differs", detail))
    }

    /// What waits below the minimum, by place.
    fn heaps(&self) -> BTreeMap<Place, i128> {
        let mut heaps = BTreeMap::new();
        for (key, (deposit, reason)) in &self.waiting {
            if *reason == SuspenseReason::BelowMinimum {
                let place = (key.tx.chain, deposit.to, deposit.asset);
                *heaps.entry(place).or_default() += deposit.amount.minor();
            }
        }
        heaps
    }
}

/// The least deposit of `asset` that is credited alone.
fn minimum(asset: AssetId) -> Amount {
    let facts = Token::ALL.iter().map(|token| token.facts());
    let found = facts.into_iter().find(|facts| facts.id == asset);
    found.map_or(Amount::ZERO, |facts| minor_units(MIN_MILLI, facts.scale))
}

#[cfg(test)]
mod tests;
