//! Zero loss: at the end, the books hold what the chain says, no less and no more.
//!
//! Every valid deposit that is final on the chain is posted once, for its amount, to its owner or to suspense, and has
//! bought what it should; or it is a dead letter, so that a person has it. A deposit that only a person can judge has
//! called one. Nothing else was ever posted, and what was rejected is rejected for a reason that one of its logs gives.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{AdminAct, Record};
use plimsoll_core::escrow::{Beneficiary, Booked, DepositKey, EscrowRecord, Reason, Resolution, TxKey};
use plimsoll_core::id::{TransactionId, UserId};
use plimsoll_core::ledger::{Owner, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;

use super::books::Books;
use super::broken;
use crate::model::chain::{Chain, Due, Truth, TxIndex};
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::{ChainKind, PricePlan, Shape, Token};

const NAME: &str = "zero_loss";

/// The oracle.
#[derive(Debug, Default)]
pub struct ZeroLoss {
    /// What the committed records say.
    books: Books,
    booked: BTreeMap<DepositKey, Booked>,
    attributed: BTreeMap<DepositKey, Attribution>,
    /// Why transactions were rejected.
    rejected: BTreeMap<TxKey, Reason>,
    /// The transactions that ever were dead letters.
    called: BTreeSet<TxKey>,
    /// Those that still are.
    dead: BTreeSet<TxKey>,
}

#[derive(Debug, Clone, Copy)]
struct Attribution {
    user: UserId,
    transaction: TransactionId,
    purchase: Option<TransactionId>,
}

impl Oracle for ZeroLoss {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, .. } => records.iter().try_for_each(|record| self.read(record)),
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let price = end.plan.topology.bank.price;
        let due: BTreeMap<DepositKey, &Truth> = end.chain.deposits(end.at).collect();
        let is_booked = |key: &DepositKey| self.booked.contains_key(key);
        for (key, truth) in &due {
            // What posting needs may be gone for ever: then it is late, not lost.
            if is_booked(key) || !end.may_lack_deposits() {
                self.check_deposit(*key, truth, price)?;
            }
        }
        if let Some((key, booked)) = self.booked.iter().find(|(key, _)| !due.contains_key(key)) {
            let deposit = booked.deposit;
            let detail = format!(
                "{} was posted as {deposit:?}, the chain knows of no such deposit",
                shown(*key)
            );
            return Err(broken(NAME, "invented", detail));
        }
        let is_untrue = |(tx, reason): &(&TxKey, &Reason)| !gives(end.chain, **tx, **reason);
        if let Some((tx, reason)) = self.rejected.iter().find(is_untrue) {
            let detail = format!("{} was rejected as {reason}, and is nothing of the kind", tx.tx);
            return Err(broken(NAME, "untrue_reason", detail));
        }
        let is_for_person =
            |index: &TxIndex| end.chain.needs_person(*index) && end.chain.is_final(*index, end.at);
        let for_person = end.chain.transactions().filter(is_for_person);
        match for_person
            .map(|index| end.chain.key_of(index))
            .find(|tx| !self.called.contains(tx))
        {
            None => Ok(()),
            Some(_) if end.may_lack_deposits() => Ok(()),
            Some(tx) => {
                let detail = format!("{} needs a person, and never was a dead letter", tx.tx);
                Err(broken(NAME, "nobody_called", detail))
            }
        }
    }
}

impl ZeroLoss {
    fn read(&mut self, record: &Record) -> Result<(), Violation> {
        match record {
            Record::Ledger(record) => match self.books.enter(record) {
                Ok(_) => Ok(()),
                Err(why) => Err(broken(NAME, "impossible_record", why)),
            },
            Record::Escrow(record) => self.read_escrow(record),
            Record::Administered { act, .. } => {
                if let AdminAct::Process(tx) = act {
                    self.dead.remove(tx);
                }
                Ok(())
            }
            Record::AssetRegistered { .. }
            | Record::Reconciled { .. }
            | Record::UserRegistered { .. }
            | Record::AddressAssigned { .. } => Ok(()),
        }
    }

    fn read_escrow(&mut self, record: &EscrowRecord) -> Result<(), Violation> {
        match record {
            EscrowRecord::Final { tx, deposits, .. } => {
                for booked in deposits {
                    let key = DepositKey {
                        tx: *tx,
                        ordinal: booked.deposit.ordinal,
                    };
                    if self.booked.insert(key, *booked).is_some() {
                        return Err(broken(
                            NAME,
                            "booked_twice",
                            format!("{} is final twice", shown(key)),
                        ));
                    }
                }
            }
            EscrowRecord::SuspenseAttributed {
                deposit,
                user,
                transaction,
                purchase,
                ..
            } => {
                let attribution = Attribution {
                    user: *user,
                    transaction: *transaction,
                    purchase: *purchase,
                };
                self.attributed.insert(*deposit, attribution);
            }
            EscrowRecord::DeadLettered { tx, .. } => {
                self.called.insert(*tx);
                self.dead.insert(*tx);
            }
            EscrowRecord::DeadLetterResolved {
                tx,
                resolution: Resolution::Retry,
                ..
            }
            | EscrowRecord::DeadLetterReopened { tx, .. }
            | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                self.dead.remove(tx);
            }
            EscrowRecord::Scanned { chain, found, .. } => {
                let found = found.iter().map(|tx| TxKey {
                    chain: *chain,
                    tx: *tx,
                });
                found.for_each(|tx| {
                    self.dead.remove(&tx);
                });
            }
            EscrowRecord::Rejected { tx, reason, .. } => {
                self.rejected.insert(*tx, *reason);
            }
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::Seen { .. }
            | EscrowRecord::Reorged { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DeadLetterResolved { .. } => {}
        }
        Ok(())
    }

    /// Whether one deposit of the chain is in the books as it should be.
    fn check_deposit(
        &self,
        key: DepositKey,
        truth: &Truth,
        price: Option<PricePlan>,
    ) -> Result<(), Violation> {
        let Some(booked) = self.booked.get(&key) else {
            if self.dead.contains(&key.tx) {
                return Ok(());
            }
            let detail = format!(
                "{} paid {} minor units of {} to {:?} and was never posted",
                shown(key),
                truth.amount.minor(),
                truth.asset,
                truth.due
            );
            return Err(broken(NAME, "lost", detail));
        };
        let deposit = booked.deposit;
        let is_same = deposit.asset == truth.asset && deposit.amount == truth.amount;
        if !is_same || deposit.from != truth.from || deposit.to != truth.to {
            return Err(broken(
                NAME,
                "differs",
                format!("{} is {truth:?}, and was posted as {deposit:?}", shown(key)),
            ));
        }
        let (due, owner) = match truth.due {
            Due::User(user) => (Beneficiary::User(user), Owner::User(user)),
            Due::Suspense(reason) => (Beneficiary::Suspense(reason), Owner::Suspense),
            Due::Person | Due::Nothing(_) => unreachable!("no deposit is due for {truth:?}"),
        };
        if deposit.beneficiary != due {
            let detail = format!(
                "{} is due to {due:?}, and was posted to {:?}",
                shown(key),
                deposit.beneficiary
            );
            return Err(broken(NAME, "wrong_owner", detail));
        }
        let received = moved(Owner::Custody(key.tx.chain), owner, truth);
        self.check_posting(key, booked.transaction, &[received])?;
        match truth.due {
            Due::User(user) => self.check_purchase(key, truth, user, booked.purchase, price),
            Due::Suspense(_) | Due::Person | Due::Nothing(_) => self.check_attribution(key, truth, price),
        }
    }

    fn check_attribution(
        &self,
        key: DepositKey,
        truth: &Truth,
        price: Option<PricePlan>,
    ) -> Result<(), Violation> {
        let Some(found) = self.attributed.get(&key) else {
            return Ok(());
        };
        let released = moved(Owner::Suspense, Owner::User(found.user), truth);
        self.check_posting(key, Some(found.transaction), &[released])?;
        self.check_purchase(key, truth, found.user, found.purchase, price)
    }

    /// That what was paid bought the product: units rounded down, their cost up, the rest left with the user.
    fn check_purchase(
        &self,
        key: DepositKey,
        truth: &Truth,
        user: UserId,
        purchase: Option<TransactionId>,
        price: Option<PricePlan>,
    ) -> Result<(), Violation> {
        let product = price.filter(|_| truth.asset == Token::Usdt.facts().id);
        let bought = product.and_then(|price| units_and_cost(truth.amount.minor(), price));
        let Some((units, cost)) = bought else {
            return match purchase {
                None => Ok(()),
                Some(id) => Err(broken(
                    NAME,
                    "bought_nothing",
                    format!("{} buys nothing, and {id} was made", shown(key)),
                )),
            };
        };
        let user = Owner::User(user);
        let paid = Transfer {
            debit: user,
            credit: Owner::Treasury,
            asset: truth.asset,
            amount: Amount::from_minor(cost),
        };
        let given = Transfer {
            debit: Owner::Issuance,
            credit: user,
            asset: Token::Gold.facts().id,
            amount: Amount::from_minor(units),
        };
        self.check_posting(key, purchase, &[paid, given])
    }

    fn check_posting(
        &self,
        key: DepositKey,
        id: Option<TransactionId>,
        expected: &[Transfer],
    ) -> Result<(), Violation> {
        let entry = id.and_then(|id| self.books.entry(id));
        let found = entry
            .filter(|entry| entry.is_posted())
            .map(|entry| entry.transfers.as_slice());
        if found == Some(expected) {
            return Ok(());
        }
        let detail = format!(
            "{} should have moved {expected:?}, {id:?} moved {found:?}",
            shown(key)
        );
        Err(broken(NAME, "posting_differs", detail))
    }
}

/// Whether a transaction of the chain gives this reason to be rejected.
fn gives(chain: &Chain, tx: TxKey, reason: Reason) -> bool {
    let Some(index) = chain.find(&tx.tx) else {
        return false;
    };
    let logs = chain.truth(index);
    if chain.has_reverted(index) {
        return reason == Reason::Reverted;
    }
    if logs.is_empty() {
        return reason == Reason::NoTransfer;
    }
    logs.iter().any(|truth| match truth.due {
        Due::Nothing(shape) => fault_of(chain.kind(), shape) == Some(reason),
        Due::User(_) | Due::Suspense(_) => {
            reason == Reason::TokenNotInForce && !chain.is_in_force(index, truth.asset)
        }
        Due::Person => false,
    })
}

/// Why a movement of this shape is no deposit, if it is none.
const fn fault_of(kind: ChainKind, shape: Shape) -> Option<Reason> {
    Some(match (kind, shape) {
        (_, Shape::Payment | Shape::ToCollect | Shape::Huge) => return None,
        (_, Shape::ToStranger) | (ChainKind::Solana, Shape::LongData) => Reason::NotToUs,
        (_, Shape::FakeToken) => Reason::ForeignContract,
        (ChainKind::Evm, Shape::Erc721 | Shape::DirtyTopic | Shape::LongData) => Reason::MalformedLog,
        (ChainKind::Solana, Shape::Erc721) => Reason::ForeignProgram,
        (ChainKind::Solana, Shape::DirtyTopic) => Reason::NotAssociated,
        (ChainKind::Evm, Shape::Native) => Reason::NativeTransfer,
        (ChainKind::Evm, Shape::ZeroValue) => Reason::ZeroAmount,
        (ChainKind::Evm, Shape::SelfTransfer) | (_, Shape::OwnSweep) => Reason::OwnTransfer,
        (_, Shape::Minted) => Reason::Minted,
        (_, Shape::Approval)
        | (ChainKind::Solana, Shape::Native | Shape::ZeroValue | Shape::SelfTransfer) => Reason::NoTransfer,
    })
}

fn moved(debit: Owner, credit: Owner, truth: &Truth) -> Transfer {
    Transfer {
        debit,
        credit,
        asset: truth.asset,
        amount: truth.amount,
    }
}

/// What `paid` minor units buy: units of the product, and what they cost; nothing if it is less than one unit.
pub(super) fn units_and_cost(paid: i128, price: PricePlan) -> Option<(i128, i128)> {
    let (numerator, denominator) = (i128::from(price.numerator), i128::from(price.denominator));
    let units = paid * numerator / denominator;
    let cost = (units * denominator + numerator - 1) / numerator;
    (units > 0).then_some((units, cost))
}

fn shown(key: DepositKey) -> String {
    format!("log {} of {}", key.ordinal, key.tx.tx)
}

#[cfg(test)]
mod tests;
