//! A ledger that is slow and obvious: it keeps no counter and re-sums every transaction for every question.
//!
//! It shares the words of the ledger (commands, refusals) and none of its code.

use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;

use crate::id::{AssetId, IdempotencyKey, TransactionId};
use crate::ledger::{AccountKey, Command, Field, Limits, Outcome, Owner, Refusal, Request, Transfer};
use crate::money::{Amount, Registry};

const LARGEST: u128 = i128::MAX as u128;
const TRANSFERS_MAX: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Posted,
    Pending(Option<i64>),
    HoldPosted,
    Voided,
    Expired,
}

#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) transfers: Vec<Transfer>,
    pub(super) status: Status,
    pub(super) reverses: Option<TransactionId>,
    pub(super) reversed_by: Option<TransactionId>,
}

/// Posted debits, posted credits, pending debits, pending credits.
pub(super) type Sums = [u128; 4];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    New(Outcome),
    Same(Outcome),
    Conflict(Field),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) transactions: Vec<Transaction>,
    pub(super) opened: BTreeSet<AccountKey>,
    limits: BTreeMap<AccountKey, Limits>,
    answers: BTreeMap<IdempotencyKey, (Command, Outcome)>,
}

impl Model {
    /// Does what `request` asks; the rules of `registry` count for a user's command.
    pub(super) fn answer(&mut self, registry: Option<&Registry>, now: i64, request: &Request) -> Answer {
        if let Some((before, outcome)) = self.answers.get(&request.key) {
            return match first_difference(before, &request.command) {
                Some(field) => Answer::Conflict(field),
                None => Answer::Same(*outcome),
            };
        }
        let outcome = match self.execute(registry, now, &request.command) {
            Ok(transaction) => Outcome::Accepted(transaction),
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.answers
            .insert(request.key, (request.command.clone(), outcome));
        Answer::New(outcome)
    }

    /// The first `max` holds that are over, by date.
    pub(super) fn due(&self, now: i64, max: usize) -> Vec<TransactionId> {
        let mut over: Vec<(i64, TransactionId)> = Vec::new();
        for (index, transaction) in self.transactions.iter().enumerate() {
            if let Status::Pending(Some(expiry)) = transaction.status
                && expiry <= now
            {
                over.push((expiry, id_at(index)));
            }
        }
        over.sort();
        over.truncate(max);
        over.into_iter().map(|(_, hold)| hold).collect()
    }

    pub(super) fn expire(&mut self, hold: TransactionId) {
        self.find(hold).unwrap().status = Status::Expired;
    }

    pub(super) fn next_expiry(&self) -> Option<i64> {
        let expiries = self.transactions.iter().filter_map(|t| match t.status {
            Status::Pending(expiry) => expiry,
            Status::Posted | Status::HoldPosted | Status::Voided | Status::Expired => None,
        });
        expiries.min()
    }

    pub(super) fn set_limits(&mut self, account: AccountKey, limits: Limits) -> Result<(), Refusal> {
        if limits.minimum.minor() < 0 || limits.minimum > limits.maximum {
            return Err(Refusal::LimitsInvalid);
        }
        let mut after = self.clone();
        after.limits.insert(account, limits);
        after.opened.insert(account);
        after.judge(account)?;
        *self = after;
        Ok(())
    }

    pub(super) fn sums(&self, of: impl Fn(AccountKey) -> bool) -> Option<Sums> {
        let mut sums = [0u128; 4];
        for transaction in &self.transactions {
            let column = match transaction.status {
                Status::Posted | Status::HoldPosted => 0,
                Status::Pending(_) => 2,
                Status::Voided | Status::Expired => continue,
            };
            for Transfer {
                debit,
                credit,
                asset,
                amount,
            } in transaction.transfers.iter().copied()
            {
                let amount = u128::try_from(amount.minor()).unwrap();
                for (owner, column) in [(debit, column), (credit, column + 1)] {
                    if of(AccountKey { owner, asset }) {
                        sums[column] = sums[column].checked_add(amount)?;
                    }
                }
            }
        }
        Some(sums)
    }

    /// Available, held, incoming.
    pub(super) fn balance(&self, account: AccountKey) -> [i128; 3] {
        let sums = self.sums(|other| other == account).unwrap();
        let [debits, credits, debits_pending, credits_pending] = sums.map(|sum| i128::try_from(sum).unwrap());
        match account.owner {
            Owner::Custody(_) | Owner::Issuance => [
                debits - credits - credits_pending,
                credits_pending,
                debits_pending,
            ],
            Owner::User(_) | Owner::Suspense | Owner::Treasury | Owner::Fees | Owner::Refunds => {
                [credits - debits - debits_pending, debits_pending, credits_pending]
            }
        }
    }

    fn execute(
        &mut self,
        registry: Option<&Registry>,
        now: i64,
        command: &Command,
    ) -> Result<TransactionId, Refusal> {
        match command {
            Command::Post { transfers } => {
                well_formed(registry, transfers)?;
                self.enter(transfers, Status::Posted)
            }
            Command::Hold {
                transfers,
                expires_at,
            } => {
                well_formed(registry, transfers)?;
                let expiry = expires_at.map(|at| at.as_micros());
                if expiry.is_some_and(|expiry| expiry <= now) {
                    return Err(Refusal::ExpiryInThePast);
                }
                self.enter(transfers, Status::Pending(expiry))
            }
            Command::PostHold { hold, amounts } => self.post_hold(now, *hold, amounts.as_ref()),
            Command::VoidHold { hold } => {
                self.open_hold(now, *hold)?.status = Status::Voided;
                Ok(*hold)
            }
            Command::Reverse { transaction } => self.reverse(*transaction),
        }
    }

    fn post_hold(
        &mut self,
        now: i64,
        hold: TransactionId,
        amounts: Option<&Vec<Amount>>,
    ) -> Result<TransactionId, Refusal> {
        let transaction = self.open_hold(now, hold)?;
        if let Some(amounts) = amounts {
            if amounts.len() != transaction.transfers.len() {
                return Err(Refusal::AmountsCountDiffers { transaction: hold });
            }
            for (index, amount) in amounts.iter().enumerate() {
                let held = transaction.transfers[index].amount;
                if amount.minor() < 0 || amount.minor() > held.minor() {
                    return Err(Refusal::AmountExceedsHold { transaction: hold });
                }
            }
            for (index, amount) in amounts.iter().enumerate() {
                transaction.transfers[index].amount = *amount;
            }
        }
        transaction.status = Status::HoldPosted;
        Ok(hold)
    }

    fn reverse(&mut self, id: TransactionId) -> Result<TransactionId, Refusal> {
        let original = self.find(id)?.clone();
        if original.status != Status::Posted && original.status != Status::HoldPosted {
            return Err(Refusal::NotPosted { transaction: id });
        }
        if let Some(by) = original.reversed_by {
            return Err(Refusal::AlreadyReversed { transaction: id, by });
        }
        let mut transfers = original.transfers;
        for transfer in &mut transfers {
            (transfer.debit, transfer.credit) = (transfer.credit, transfer.debit);
        }
        let reversal = self.enter(&transfers, Status::Posted)?;
        self.find(reversal)?.reverses = Some(id);
        self.find(id)?.reversed_by = Some(reversal);
        Ok(reversal)
    }

    /// Does it in a copy first, and keeps the copy if every account it touched may stand like that.
    fn enter(&mut self, transfers: &[Transfer], status: Status) -> Result<TransactionId, Refusal> {
        let mut after = self.clone();
        after.transactions.push(Transaction {
            transfers: transfers.to_vec(),
            status,
            reverses: None,
            reversed_by: None,
        });
        let mut touched: BTreeMap<AssetId, BTreeSet<Owner>> = BTreeMap::new();
        for transfer in transfers {
            let owners = touched.entry(transfer.asset).or_default();
            owners.extend([transfer.debit, transfer.credit]);
        }
        for (asset, owners) in touched {
            let sums = after.sums(|account| account.asset == asset);
            let total = sums.and_then(|[debits, _, pending, _]| debits.checked_add(pending));
            if total.is_none_or(|total| total > LARGEST) {
                return Err(Refusal::Overflow { asset });
            }
            for owner in owners {
                let account = AccountKey { owner, asset };
                after.judge(account)?;
                after.opened.insert(account);
            }
        }
        *self = after;
        Ok(id_at(self.transactions.len() - 1))
    }

    fn judge(&self, account: AccountKey) -> Result<(), Refusal> {
        let [available, held, incoming] = self.balance(account);
        let limits = self.limits.get(&account);
        if available < 0 {
            return Err(Refusal::InsufficientFunds { account });
        }
        if limits.is_some_and(|limits| available < limits.minimum.minor()) {
            return Err(Refusal::BelowMinimum { account });
        }
        if limits.is_some_and(|limits| available + held + incoming > limits.maximum.minor()) {
            return Err(Refusal::AboveMaximum { account });
        }
        Ok(())
    }

    fn open_hold(&mut self, now: i64, id: TransactionId) -> Result<&mut Transaction, Refusal> {
        let transaction = self.find(id)?;
        match transaction.status {
            Status::Posted => Err(Refusal::NotAHold { transaction: id }),
            Status::HoldPosted => Err(Refusal::HoldAlreadyPosted { transaction: id }),
            Status::Voided => Err(Refusal::HoldAlreadyVoided { transaction: id }),
            Status::Expired => Err(Refusal::HoldExpired { transaction: id }),
            Status::Pending(Some(expiry)) if expiry <= now => Err(Refusal::HoldExpired { transaction: id }),
            Status::Pending(_) => Ok(transaction),
        }
    }

    fn find(&mut self, id: TransactionId) -> Result<&mut Transaction, Refusal> {
        for (index, transaction) in self.transactions.iter_mut().enumerate() {
            if id_at(index) == id {
                return Ok(transaction);
            }
        }
        Err(Refusal::UnknownTransaction { transaction: id })
    }
}

pub(super) fn id_at(index: usize) -> TransactionId {
    TransactionId::new(u64::try_from(index).unwrap() + 1)
}

fn well_formed(registry: Option<&Registry>, transfers: &[Transfer]) -> Result<(), Refusal> {
    if transfers.is_empty() {
        return Err(Refusal::NoTransfers);
    }
    if transfers.len() > TRANSFERS_MAX {
        return Err(Refusal::TooManyTransfers);
    }
    for transfer in transfers {
        let asset = transfer.asset;
        if transfer.amount.minor() < 1 {
            return Err(Refusal::AmountNotPositive);
        }
        if transfer.debit == transfer.credit {
            return Err(Refusal::SameAccount);
        }
        let Some(registry) = registry else { continue };
        let Some(found) = registry.asset(asset) else {
            return Err(Refusal::UnknownAsset { asset });
        };
        if !found.enabled {
            return Err(Refusal::AssetDisabled { asset });
        }
        if transfer.amount.minor() < found.min.minor() {
            return Err(Refusal::AmountBelowMin { asset });
        }
        if transfer.amount.minor() > found.max.minor() {
            return Err(Refusal::AmountAboveMax { asset });
        }
    }
    Ok(())
}

/// Compares two bodies word by word.
fn first_difference(a: &Command, b: &Command) -> Option<Field> {
    type Parties = Vec<(Owner, Owner)>;
    let split = |transfers: &[Transfer]| -> (Parties, Vec<AssetId>, Vec<Amount>) {
        (
            transfers.iter().map(|t| (t.debit, t.credit)).collect(),
            transfers.iter().map(|t| t.asset).collect(),
            transfers.iter().map(|t| t.amount).collect(),
        )
    };
    let differ =
        |pairs: [(bool, Field); 4]| pairs.into_iter().find(|(same, _)| !same).map(|(_, field)| field);
    let movements = |a: &[Transfer], b: &[Transfer], same_expiry| {
        let (a, b) = (split(a), split(b));
        differ([
            (a.0 == b.0, Field::Accounts),
            (a.1 == b.1, Field::Assets),
            (a.2 == b.2, Field::Amounts),
            (same_expiry, Field::Expiry),
        ])
    };
    let target = |same| if same { None } else { Some(Field::Target) };
    match (a, b) {
        (Command::Post { transfers: a }, Command::Post { transfers: b }) => movements(a, b, true),
        (
            Command::Hold {
                transfers: a,
                expires_at: until_a,
            },
            Command::Hold {
                transfers: b,
                expires_at: until_b,
            },
        ) => movements(a, b, until_a == until_b),
        (
            Command::PostHold {
                hold: a,
                amounts: amounts_a,
            },
            Command::PostHold {
                hold: b,
                amounts: amounts_b,
            },
        ) => target(a == b).or_else(|| (amounts_a != amounts_b).then_some(Field::Amounts)),
        (Command::VoidHold { hold: a }, Command::VoidHold { hold: b }) => target(a == b),
        (Command::Reverse { transaction: a }, Command::Reverse { transaction: b }) => target(a == b),
        (
            Command::Post { .. }
            | Command::Hold { .. }
            | Command::PostHold { .. }
            | Command::VoidHold { .. }
            | Command::Reverse { .. },
            _,
        ) => Some(Field::Kind),
    }
}
