//! Idempotency: the first answer under a key is the answer for ever.
//!
//! A command whose key was decided before decides nothing more. The same body gets the same answer, marked as a
//! repetition; another body gets no success. What a crash took with it was never answered, so its key is free again.

use std::collections::BTreeMap;

use plimsoll_core::bank::{Act, ActDone, Command, Effect, Event, Record, Reply};
use plimsoll_core::escrow::EscrowRecord;
use plimsoll_core::id::{ClaimId, IdempotencyKey, RequestId, UserId};
use plimsoll_core::ledger::{LedgerRecord, Outcome};
use plimsoll_core::machine::Intent;
use plimsoll_core::time::Instant;

use super::broken;
use super::twin::records_of;
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "idempotency";

/// The oracle.
#[derive(Debug, Default)]
pub struct Idempotency {
    frozen: BTreeMap<Scoped, Frozen>,
}

/// A key, in the scope of one kind of command.
type Scoped = (Scope, IdempotencyKey);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Users,
    Claims,
    Ledger,
    Acts,
}

#[derive(Debug)]
struct Frozen {
    command: Command,
    answer: Answer,
    is_durable: bool,
}

/// A success, or a decision of the ledger, without what may change around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    User(UserId),
    Claim(ClaimId),
    Outcome(Outcome),
    Act(ActDone),
}

impl Oracle for Idempotency {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { input, effects, .. } => match &input.event {
                Event::Command { request, command } => self.on_command(*request, command, effects),
                Event::Tick | Event::Query { .. } | Event::Answered { .. } | Event::Queued { .. } => Ok(()),
            },
            Observation::Committed { records, .. } => {
                for key in records.iter().filter_map(key_of_record) {
                    if let Some(frozen) = self.frozen.get_mut(&key) {
                        frozen.is_durable = true;
                    }
                }
                Ok(())
            }
            Observation::Crashed { .. } => {
                self.frozen.retain(|_, frozen| frozen.is_durable);
                Ok(())
            }
            Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Idempotency {
    fn on_command(
        &mut self,
        request: RequestId,
        command: &Command,
        effects: &[Effect],
    ) -> Result<(), Violation> {
        let Some(reply) = reply_to(request, effects) else {
            return Err(broken(
                NAME,
                "unanswered",
                format!("{command:?} was taken and not answered"),
            ));
        };
        let Some(key) = key_of_command(command) else {
            return Ok(());
        };
        let is_decided = records_of(effects).any(|record| key_of_record(record) == Some(key));
        let (answer, is_repetition) = answer(reply);
        match (self.frozen.get(&key), is_decided) {
            (None, true) => self.freeze(key, command, answer, is_repetition),
            (None, false) => Ok(()),
            (Some(_), true) => Err(broken(
                NAME,
                "decided_twice",
                format!("{command:?} was decided before under its key"),
            )),
            (Some(frozen), false) if frozen.command == *command => {
                if answer == Some(frozen.answer) && is_repetition {
                    return Ok(());
                }
                let detail = format!(
                    "{command:?} was first answered {:?}, and then {reply:?}",
                    frozen.answer
                );
                Err(broken(NAME, "answer_changed", detail))
            }
            (Some(frozen), false) => match answer {
                None => Ok(()),
                Some(_) => {
                    let detail = format!(
                        "{command:?} took the key of {:?} and got {reply:?}",
                        frozen.command
                    );
                    Err(broken(NAME, "key_shared", detail))
                }
            },
        }
    }

    fn freeze(
        &mut self,
        key: Scoped,
        command: &Command,
        answer: Option<Answer>,
        is_repetition: bool,
    ) -> Result<(), Violation> {
        let Some(answer) = answer.filter(|_| !is_repetition) else {
            let detail = format!("{command:?} was decided, and the answer hides it");
            return Err(broken(NAME, "decided_silently", detail));
        };
        let frozen = Frozen {
            command: command.clone(),
            answer,
            is_durable: false,
        };
        self.frozen.insert(key, frozen);
        Ok(())
    }
}

fn reply_to(asked: RequestId, effects: &[Effect]) -> Option<&Reply> {
    effects.iter().find_map(|effect| match effect {
        Intent::Act(Act::Reply { request, reply }) if *request == asked => Some(reply),
        Intent::Act(_) | Intent::Record(_) => None,
    })
}

/// What a reply says for good, and whether it repeats an earlier one.
fn answer(reply: &Reply) -> (Option<Answer>, bool) {
    match reply {
        Reply::User { user, replayed, .. } => (Some(Answer::User(*user)), *replayed),
        Reply::Claim { claim, replayed } => (Some(Answer::Claim(claim.id)), *replayed),
        Reply::Outcome { outcome, replayed } => (Some(Answer::Outcome(*outcome)), *replayed),
        Reply::Administered { done, replayed } => (Some(Answer::Act(*done)), *replayed),
        Reply::Transaction(_)
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
        | Reply::Status(_)
        | Reply::Reconciliations { .. }
        | Reply::Conflict { .. }
        | Reply::Refused(_) => (None, false),
    }
}

fn key_of_command(command: &Command) -> Option<Scoped> {
    match command {
        Command::RegisterUser { key, .. } => Some((Scope::Users, *key)),
        Command::Claim { key, .. } => Some((Scope::Claims, *key)),
        Command::Transact(request) => Some((Scope::Ledger, request.key)),
        Command::Administer { key, .. } => Some((Scope::Acts, *key)),
        Command::ResolveDeadLetter { .. }
        | Command::ReplayDeadLetters { .. }
        | Command::CancelReplay { .. }
        | Command::AttributeSuspense { .. }
        | Command::Report(_) => None,
    }
}

fn key_of_record(record: &Record) -> Option<Scoped> {
    match record {
        Record::UserRegistered { key, .. } => Some((Scope::Users, *key)),
        Record::Administered { key, .. } => Some((Scope::Acts, *key)),
        Record::Escrow(EscrowRecord::ClaimFiled { key, .. }) => Some((Scope::Claims, *key)),
        Record::Ledger(
            LedgerRecord::Posted { receipt, .. }
            | LedgerRecord::Held { receipt, .. }
            | LedgerRecord::HoldPosted { receipt, .. }
            | LedgerRecord::HoldVoided { receipt, .. }
            | LedgerRecord::Reversed { receipt, .. }
            | LedgerRecord::Refused { receipt, .. },
        ) => Some((Scope::Ledger, receipt.key)),
        Record::Ledger(_)
        | Record::Escrow(_)
        | Record::AssetRegistered { .. }
        | Record::Reconciled { .. }
        | Record::AddressAssigned { .. } => None,
    }
}

#[cfg(test)]
mod tests;
