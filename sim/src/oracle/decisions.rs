//! True decisions: what the ledger says to a request is so.
//!
//! A request that was granted has nothing against it, and one that was refused is refused for a reason that is true, by a
//! second set of books and the rules of the design. Which of several true reasons is named is the ledger's own affair, and
//! repetitions are the business of the oracle of idempotency.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{self, Act, AdminAct, Effect, Event, Record, Reply};
use plimsoll_core::id::{IdempotencyKey, RequestId, TransactionId, UserId};
use plimsoll_core::ledger::{AccountKey, Command, LedgerRecord, Owner, Refusal, Request, Transfer};
use plimsoll_core::limits::TRANSFERS_MAX;
use plimsoll_core::machine::Intent;
use plimsoll_core::money::Amount;
use plimsoll_core::time::{Instant, WallClock};

use super::books::{Books, Entry, Phase};
use super::broken;
use super::twin::{Follower, Twin};
use crate::model::assets::{MIN_MILLI, minor_units};
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Token;

const NAME: &str = "decisions";

/// The oracle.
#[derive(Debug, Default)]
pub struct Decisions {
    twin: Twin<Shadow>,
    /// The latest date that this life of the process has seen.
    wall: WallClock,
}

#[derive(Debug, Clone, Default)]
struct Shadow {
    books: Books,
    /// How many users there are; they are numbered from 1.
    users: u64,
    /// Whether operators let nothing new in.
    is_draining: bool,
}

impl Follower for Shadow {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::UserRegistered { .. } => self.users += 1,
                Record::Ledger(record) => {
                    let entered = self.books.enter(record);
                    entered.map_err(|why| broken(NAME, "impossible_record", why))?;
                }
                Record::Administered { act, .. } => match act {
                    AdminAct::Drain => self.is_draining = true,
                    AdminAct::Undrain => self.is_draining = false,
                    AdminAct::PauseChain(_)
                    | AdminAct::ResumeChain(_)
                    | AdminAct::PauseEndpoint(_)
                    | AdminAct::ResumeEndpoint(_)
                    | AdminAct::Breaker { .. }
                    | AdminAct::Sweep
                    | AdminAct::Process(_)
                    | AdminAct::Reconcile(_)
                    | AdminAct::Refund(_) => {}
                },
                Record::AssetRegistered { .. }
                | Record::AddressAssigned { .. }
                | Record::Escrow(_)
                | Record::Reconciled { .. } => {}
            }
        }
        Ok(())
    }
}

impl Oracle for Decisions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { input, effects, .. } => {
                self.wall = self.wall.max(input.wall);
                match &input.event {
                    Event::Command {
                        request,
                        command: bank::Command::Transact(wanted),
                    } => self.on_request(*request, wanted, effects),
                    Event::Command { .. }
                    | Event::Tick
                    | Event::Query { .. }
                    | Event::Answered { .. }
                    | Event::Queued { .. } => self.twin.observe(seen),
                }
            }
            Observation::Restarted { .. } => {
                self.wall = WallClock::default();
                self.twin.observe(seen)
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => self.twin.observe(seen),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Decisions {
    /// Judges the decision among `effects`, by the books as they stood before it: what else the input brought about comes
    /// before or after.
    fn on_request(
        &mut self,
        asked: RequestId,
        wanted: &Request,
        effects: &[Effect],
    ) -> Result<(), Violation> {
        let mut is_judged = false;
        for effect in effects {
            match effect {
                Intent::Record(record) => {
                    if let Some(refusal) = decision(record, wanted.key).filter(|_| !is_judged) {
                        is_judged = true;
                        self.judge(wanted, refusal)?;
                    }
                    self.twin.live.follow(std::iter::once(record))?;
                }
                Intent::Act(Act::Reply { request, reply }) if *request == asked && !is_judged => {
                    self.judge_turning_away(wanted, reply)?;
                }
                Intent::Act(_) => {}
            }
        }
        Ok(())
    }

    fn judge(&self, wanted: &Request, refusal: Option<Refusal>) -> Result<(), Violation> {
        let shadow = &self.twin.live;
        let against = shadow.against(&wanted.command, self.wall);
        match refusal {
            None if shadow.is_forbidden(&wanted.command) => {
                Err(wrong("granted", wanted, "it is not permitted"))
            }
            None if against.is_empty() => Ok(()),
            None => Err(wrong("granted", wanted, &format!("{against:?}"))),
            Some(refusal) if against.contains(refusal.code()) => Ok(()),
            Some(refusal) => Err(wrong(
                "refused",
                wanted,
                &format!("as {}, which is not so: {against:?}", refusal.code()),
            )),
        }
    }

    /// Judges a reply to a request that left no trace.
    fn judge_turning_away(&self, wanted: &Request, reply: &Reply) -> Result<(), Violation> {
        let shadow = &self.twin.live;
        let is_true = match reply {
            Reply::Refused(bank::Refusal::NotPermitted) => shadow.is_forbidden(&wanted.command),
            Reply::Refused(bank::Refusal::UnknownUser(user)) => !shadow.knows(*user),
            Reply::Refused(bank::Refusal::Draining) => shadow.is_draining,
            Reply::Refused(_)
            | Reply::User { .. }
            | Reply::Claim { .. }
            | Reply::Transaction(_)
            | Reply::Balances(_)
            | Reply::DeadLetters(_)
            | Reply::DeadLetter(_)
            | Reply::DeadLetterGroups(_)
            | Reply::DryRun(_)
            | Reply::Replay(_)
            | Reply::Proposed
            | Reply::Suspense(_)
            | Reply::Refunds { .. }
            | Reply::Done
            | Reply::Reported { .. }
            | Reply::Administered { .. }
            | Reply::Status(_)
            | Reply::Reconciliations { .. } => false,
            Reply::Outcome { .. } | Reply::Conflict { .. } => true,
        };
        if is_true {
            Ok(())
        } else {
            Err(wrong("refused", wanted, &format!("and told {reply:?}")))
        }
    }
}

impl Shadow {
    fn knows(&self, user: UserId) -> bool {
        (1..=self.users).contains(&user.number())
    }

    /// Whether the command moves what is not users' own.
    fn is_forbidden(&self, command: &Command) -> bool {
        let is_users = |transfer: &Transfer| match (transfer.debit, transfer.credit) {
            (Owner::User(payer), Owner::User(payee)) => self.knows(payer) && self.knows(payee),
            (Owner::User(payer), Owner::Fees) => self.knows(payer),
            (_, _) => false,
        };
        let transfers = match command {
            Command::Post { transfers } | Command::Hold { transfers, .. } => transfers.as_slice(),
            Command::PostHold { hold: id, .. }
            | Command::VoidHold { hold: id }
            | Command::Reverse { transaction: id } => {
                let entry = self.books.entry(*id);
                entry.map_or(&[][..], |entry| entry.transfers.as_slice())
            }
        };
        !transfers.iter().all(is_users)
    }

    /// Every reason against a command at the date `wall`, by its stable name.
    fn against(&self, command: &Command, wall: WallClock) -> BTreeSet<&'static str> {
        match command {
            Command::Post { transfers } => {
                let mut against = form(transfers);
                against.extend(self.funds(transfers));
                against
            }
            Command::Hold {
                transfers,
                expires_at,
            } => {
                let mut against = form(transfers);
                against.extend(self.funds(transfers));
                if expires_at.is_some_and(|at| at <= wall) {
                    against.insert("expiry_in_the_past");
                }
                against
            }
            Command::PostHold { hold, amounts } => {
                let mut against = self.resolution(*hold, wall);
                if let (Some(amounts), Some(entry)) = (amounts, self.books.entry(*hold)) {
                    against.extend(parts(amounts, entry));
                }
                against
            }
            Command::VoidHold { hold } => self.resolution(*hold, wall),
            Command::Reverse { transaction } => self.reversal(*transaction),
        }
    }

    /// Whether everybody who pays has it to spend, whatever they are paid in the same transaction counted in.
    fn funds(&self, transfers: &[Transfer]) -> Option<&'static str> {
        let mut changes: BTreeMap<AccountKey, i128> = BTreeMap::new();
        for transfer in transfers {
            let amount = transfer.amount.minor();
            *changes.entry(transfer.debit_account()).or_default() -= amount;
            *changes.entry(transfer.credit_account()).or_default() += amount;
        }
        let is_short = |(account, change): (&AccountKey, &i128)| {
            self.books.line(*account).available(account.owner) + change < 0
        };
        changes.iter().any(is_short).then_some("insufficient_funds")
    }

    /// What stands against resolving `hold`.
    fn resolution(&self, hold: TransactionId, wall: WallClock) -> BTreeSet<&'static str> {
        let why = match self.books.entry(hold) {
            None => Some("unknown_transaction"),
            Some(entry) => match entry.phase {
                Phase::Held if entry.expires_at.is_some_and(|at| at <= wall) => Some("hold_expired"),
                Phase::Held => None,
                Phase::Posted => Some("not_a_hold"),
                Phase::HoldPosted => Some("hold_already_posted"),
                Phase::Voided => Some("hold_already_voided"),
                Phase::Expired => Some("hold_expired"),
            },
        };
        why.into_iter().collect()
    }

    /// What stands against moving `original` back.
    fn reversal(&self, original: TransactionId) -> BTreeSet<&'static str> {
        let Some(entry) = self.books.entry(original) else {
            return ["unknown_transaction"].into();
        };
        let mut against = BTreeSet::new();
        if !entry.is_posted() {
            against.insert("not_posted");
        }
        if entry.is_reversed {
            against.insert("already_reversed");
        }
        let opposite = |transfer: &Transfer| Transfer {
            debit: transfer.credit,
            credit: transfer.debit,
            ..*transfer
        };
        let opposite: Vec<Transfer> = entry.transfers.iter().map(opposite).collect();
        against.extend(self.funds(&opposite));
        against
    }
}

/// What is wrong with the form of `transfers`.
fn form(transfers: &[Transfer]) -> BTreeSet<&'static str> {
    let mut against = BTreeSet::new();
    if transfers.is_empty() {
        against.insert("no_transfers");
    }
    if transfers.len() > TRANSFERS_MAX {
        against.insert("too_many_transfers");
    }
    for transfer in transfers {
        if !transfer.amount.is_positive() {
            against.insert("amount_not_positive");
        }
        if transfer.debit == transfer.credit {
            against.insert("same_account");
        }
        match Token::ALL
            .iter()
            .map(|token| token.facts())
            .find(|facts| facts.id == transfer.asset)
        {
            None => drop(against.insert("unknown_asset")),
            Some(facts) => {
                if !facts.is_enabled {
                    against.insert("asset_disabled");
                }
                if transfer.amount < minor_units(MIN_MILLI, facts.scale) {
                    against.insert("amount_below_min");
                }
            }
        }
    }
    against
}

/// What is wrong with posting `amounts` of a hold.
fn parts(amounts: &[Amount], hold: &Entry) -> Option<&'static str> {
    let fits = |(transfer, amount): (&Transfer, &Amount)| !amount.is_negative() && *amount <= transfer.amount;
    if amounts.len() != hold.transfers.len() {
        Some("amounts_count_differs")
    } else if hold.transfers.iter().zip(amounts).all(fits) {
        None
    } else {
        Some("amount_exceeds_hold")
    }
}

/// The refusal that a record of the request called `key` stands for, or that it was granted.
fn decision(record: &Record, key: IdempotencyKey) -> Option<Option<Refusal>> {
    let Record::Ledger(record) = record else {
        return None;
    };
    let (receipt, refusal) = match record {
        LedgerRecord::Posted { receipt, .. }
        | LedgerRecord::Held { receipt, .. }
        | LedgerRecord::HoldPosted { receipt, .. }
        | LedgerRecord::HoldVoided { receipt, .. }
        | LedgerRecord::Reversed { receipt, .. } => (receipt, None),
        LedgerRecord::Refused { receipt, refusal } => (receipt, Some(*refusal)),
        LedgerRecord::HoldExpired { .. }
        | LedgerRecord::AccountsOpened { .. }
        | LedgerRecord::LimitsSet { .. } => return None,
    };
    (receipt.key == key).then_some(refusal)
}

fn wrong(what: &'static str, wanted: &Request, why: &str) -> Violation {
    let invariant = if what == "granted" {
        "granted_against_the_rules"
    } else {
        "refused_without_reason"
    };
    broken(NAME, invariant, format!("{:?} was {what}: {why}", wanted.command))
}

#[cfg(test)]
mod tests;
