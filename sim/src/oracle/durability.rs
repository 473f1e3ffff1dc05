//! Durability: nothing is said before it is committed, and what was said is never lost.
//!
//! An act that tells somebody something leaves only once every record that was decided before it is committed, in the
//! order in which it was decided. A question to an endpoint tells nobody anything: it leaves when it will, and once.
//! Whatever a reply acknowledged is there after every restart, and among what was committed at the end. A process ends
//! by a crash, or because another writer took the journal over; it is never shut out by what it did itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use plimsoll_core::bank::{Act, Bank, Command, Effect, Event, Input, Record, Reply};
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{DepositKey, EscrowRecord};
use plimsoll_core::id::{ClaimId, IdempotencyKey, RequestId, TransactionId, UserId};
use plimsoll_core::journal::Position;
use plimsoll_core::ledger::{self, LedgerRecord, Outcome, TransactionState};
use plimsoll_core::machine::Intent;
use plimsoll_core::time::Instant;

use super::broken;
use crate::fault::{Fault, ProcessFault};
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "durability";

/// The oracle.
#[derive(Debug, Default)]
pub struct Durability {
    /// The position after the last record decided.
    decided: Position,
    /// The position after the last record committed.
    committed: Position,
    /// The acts that have not left, oldest first, each with the position that it depends on.
    waiting: VecDeque<(u128, Position)>,
    /// The questions that have not left.
    questions: Vec<u128>,
    /// What each request of this life of the process would promise if it were granted.
    asked: BTreeMap<RequestId, Asked>,
    /// Whether a fault is ending the process at this moment.
    is_crashing: bool,
    /// Whether the process was told to stop in this life.
    is_stopping: bool,
    /// Whether another writer took the journal over in this life of the process.
    has_rival: bool,
    promises: BTreeSet<Promise>,
    /// What the committed records made true.
    kept: BTreeSet<Promise>,
}

/// What somebody asked for, as far as the reply alone does not tell.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Post,
    Hold,
    PostHold,
    VoidHold,
    Attribute(DepositKey),
    Act(IdempotencyKey),
}

/// What an acknowledgement promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    User(UserId),
    Claim(ClaimId),
    Posted(TransactionId),
    Held(TransactionId),
    HoldPosted(TransactionId),
    HoldVoided(TransactionId),
    Attributed(DepositKey),
    Acted(IdempotencyKey),
}

impl Oracle for Durability {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { input, effects, .. } => {
                self.note_question(input);
                self.note_effects(effects);
                Ok(())
            }
            Observation::Committed { records, head } => {
                self.committed = head.position;
                self.kept.extend(records.iter().filter_map(made_true));
                Ok(())
            }
            Observation::Released { act } => self.on_released(act),
            Observation::Crashed { .. } => {
                self.waiting.clear();
                self.questions.clear();
                self.asked.clear();
                if core::mem::take(&mut self.is_crashing) || self.is_stopping || self.has_rival {
                    return Ok(());
                }
                let detail = "the process ended without a crash, and nobody took the journal over".to_owned();
                Err(broken(NAME, "shut_out_by_itself", detail))
            }
            Observation::Fault { fault, is_over } => {
                self.is_crashing = is_crash(fault) && !is_over;
                self.is_stopping |= is_stop(fault) && !is_over;
                self.has_rival |= is_takeover(fault) && !is_over;
                Ok(())
            }
            Observation::Restarted { bank, durable } => {
                (self.is_crashing, self.is_stopping, self.has_rival) = (false, false, false);
                (self.decided, self.committed) = (durable.position, durable.position);
                let broken = self.promises.iter().find(|promise| !promise.is_kept_by(bank));
                broken.map_or(Ok(()), |promise| Err(lost(*promise, "after a restart")))
            }
            Observation::ReplyDelivered { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        // That the journal holds what was committed is for the oracle of replay to say.
        match self.promises.difference(&self.kept).next() {
            Some(promise) => Err(lost(*promise, "in anything that was committed")),
            None => Ok(()),
        }
    }
}

impl Durability {
    fn note_question(&mut self, input: &Input) {
        let Event::Command { request, command } = &input.event else {
            return;
        };
        let asked = match command {
            Command::Transact(wanted) => match wanted.command {
                ledger::Command::Post { .. } | ledger::Command::Reverse { .. } => Asked::Post,
                ledger::Command::Hold { .. } => Asked::Hold,
                ledger::Command::PostHold { .. } => Asked::PostHold,
                ledger::Command::VoidHold { .. } => Asked::VoidHold,
            },
            Command::AttributeSuspense { deposit, .. } => Asked::Attribute(*deposit),
            Command::Administer { key, .. } => Asked::Act(*key),
            Command::RegisterUser { .. }
            | Command::Claim { .. }
            | Command::ResolveDeadLetter { .. }
            | Command::ReplayDeadLetters { .. }
            | Command::CancelReplay { .. }
            | Command::Report(_) => return,
        };
        self.asked.insert(*request, asked);
    }

    fn note_effects(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Intent::Record(_) => self.decided = self.decided.after(1),
                Intent::Act(act @ (Act::Ask { .. } | Act::Queue { .. })) => {
                    self.questions.push(Digest::of(act))
                }
                Intent::Act(act @ (Act::Reply { .. } | Act::Notice(_))) => {
                    self.waiting.push_back((Digest::of(act), self.decided))
                }
            }
        }
    }

    fn on_released(&mut self, act: &Act) -> Result<(), Violation> {
        if matches!(act, Act::Ask { .. } | Act::Queue { .. }) {
            return self.on_asked(act);
        }
        let Some((digest, needs)) = self.waiting.pop_front() else {
            return Err(broken(
                NAME,
                "released_unasked",
                format!("nothing waited, and {act:?} left"),
            ));
        };
        if digest != Digest::of(act) {
            return Err(broken(
                NAME,
                "released_out_of_order",
                format!("{act:?} left before another act"),
            ));
        }
        if needs > self.committed {
            let detail = format!(
                "{act:?} left at position {}, it depends on {needs}",
                self.committed
            );
            return Err(broken(NAME, "released_early", detail));
        }
        if let Act::Reply { request, reply } = act {
            self.promises.extend(self.promise(*request, reply));
        }
        Ok(())
    }

    fn on_asked(&mut self, act: &Act) -> Result<(), Violation> {
        let digest = Digest::of(act);
        match self.questions.iter().position(|waiting| *waiting == digest) {
            Some(place) => {
                self.questions.remove(place);
                Ok(())
            }
            None => Err(broken(
                NAME,
                "released_unasked",
                format!("{act:?} left, and nobody asked for it"),
            )),
        }
    }

    /// What a reply promises.
    fn promise(&self, request: RequestId, reply: &Reply) -> Option<Promise> {
        let asked = self.asked.get(&request);
        match reply {
            Reply::User { user, .. } => Some(Promise::User(*user)),
            Reply::Claim { claim, .. } => Some(Promise::Claim(claim.id)),
            Reply::Outcome {
                outcome: Outcome::Accepted(id),
                ..
            } => match asked? {
                Asked::Post => Some(Promise::Posted(*id)),
                Asked::Hold => Some(Promise::Held(*id)),
                Asked::PostHold => Some(Promise::HoldPosted(*id)),
                Asked::VoidHold => Some(Promise::HoldVoided(*id)),
                Asked::Attribute(_) | Asked::Act(_) => None,
            },
            Reply::Done => match asked? {
                Asked::Attribute(deposit) => Some(Promise::Attributed(*deposit)),
                Asked::Post | Asked::Hold | Asked::PostHold | Asked::VoidHold | Asked::Act(_) => None,
            },
            Reply::Administered { .. } => match asked? {
                Asked::Act(key) => Some(Promise::Acted(*key)),
                Asked::Post | Asked::Hold | Asked::PostHold | Asked::VoidHold | Asked::Attribute(_) => None,
            },
            Reply::Outcome {
                outcome: Outcome::Refused(_),
                ..
            }
            | Reply::Transaction(_)
            | Reply::Suspense(_)
            | Reply::Refunds { .. }
            | Reply::Balances(_)
            | Reply::DeadLetters(_)
            | Reply::DeadLetter(_)
            | Reply::DeadLetterGroups(_)
            | Reply::DryRun(_)
            | Reply::Replay(_)
            | Reply::Proposed
            | Reply::Status(_)
            | Reply::Reconciliations { .. }
            | Reply::Reported { .. }
            | Reply::Conflict { .. }
            | Reply::Refused(_) => None,
        }
    }
}

impl Promise {
    fn is_kept_by(self, bank: &Bank) -> bool {
        let state = bank.state();
        let phase = |id| state.ledger().transaction(id).map(|view| view.state);
        match self {
            Self::User(user) => state.user(user).is_some(),
            Self::Claim(claim) => state.escrow().claim(claim).is_some(),
            Self::Posted(id) => phase(id) == Some(TransactionState::Posted),
            Self::Held(id) => phase(id).is_some(),
            Self::HoldPosted(id) => phase(id) == Some(TransactionState::HoldPosted),
            Self::HoldVoided(id) => phase(id) == Some(TransactionState::Voided),
            Self::Attributed(deposit) => state.escrow().suspended(&deposit).is_none(),
            Self::Acted(key) => state.orders().knows(&key),
        }
    }
}

/// What a record makes true.
fn made_true(record: &Record) -> Option<Promise> {
    match record {
        Record::UserRegistered { user, .. } => Some(Promise::User(*user)),
        Record::Administered { key, .. } => Some(Promise::Acted(*key)),
        Record::Escrow(EscrowRecord::ClaimFiled { claim, .. }) => Some(Promise::Claim(*claim)),
        Record::Escrow(EscrowRecord::SuspenseAttributed { deposit, .. }) => {
            Some(Promise::Attributed(*deposit))
        }
        Record::Ledger(
            LedgerRecord::Posted { transaction, .. } | LedgerRecord::Reversed { transaction, .. },
        ) => Some(Promise::Posted(*transaction)),
        Record::Ledger(LedgerRecord::Held { transaction, .. }) => Some(Promise::Held(*transaction)),
        Record::Ledger(LedgerRecord::HoldPosted { hold, .. }) => Some(Promise::HoldPosted(*hold)),
        Record::Ledger(LedgerRecord::HoldVoided { hold, .. }) => Some(Promise::HoldVoided(*hold)),
        Record::Ledger(_)
        | Record::Escrow(_)
        | Record::Reconciled { .. }
        | Record::AssetRegistered { .. }
        | Record::AddressAssigned { .. } => None,
    }
}

const fn is_crash(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Process {
            fault: ProcessFault::Crash { .. }
        }
    )
}

const fn is_stop(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Process {
            fault: ProcessFault::Restart
        }
    )
}

const fn is_takeover(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Process {
            fault: ProcessFault::Usurped
        }
    )
}

fn lost(promise: Promise, when: &str) -> Violation {
    broken(
        NAME,
        "promise_lost",
        format!("{promise:?} was acknowledged and is not so {when}"),
    )
}

#[cfg(test)]
mod tests;
