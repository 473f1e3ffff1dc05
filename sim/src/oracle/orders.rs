//! Obedience: what operators order is done, stands until they order otherwise, and is on record.
//!
//! Nobody is asked whom an order forbids to ask: not from the input on that took the order, and not after a restart if the
//! order was durable. Each act that was acknowledged is in the journal once, with who ordered it and why.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, AdminAct, BankConfig, Command, Effect, EndpointName, Event, Record, Reply};
use plimsoll_core::id::{EndpointId, IdempotencyKey, RequestId, Text};
use plimsoll_core::machine::Intent;
use plimsoll_core::time::Instant;

use super::broken;
use super::standing::Standing;
use super::twin::Twin;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Plan;

const NAME: &str = "orders";

/// The oracle.
#[derive(Debug, Default)]
pub struct Orders {
    names: BTreeMap<EndpointId, EndpointName>,
    standing: Twin<Standing>,
    /// The acts that this life of the process was asked for.
    asked: BTreeMap<RequestId, Wanted>,
    /// The acts that are durable.
    journalled: BTreeMap<IdempotencyKey, Wanted>,
    /// Whether the journal is seen from its beginning: then everything that is acknowledged was seen to become durable.
    is_whole: bool,
}

/// An act, as somebody wanted it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    key: IdempotencyKey,
    act: AdminAct,
    actor: Text,
    reason: Text,
}

impl Orders {
    /// The oracle for a run of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let chain = plan.topology.chain.chain_id();
        let names = plan.topology.endpoints.iter().map(|one| one.name.clone());
        Self {
            names: numbered(chain, names).collect(),
            is_whole: true,
            ..Self::default()
        }
    }

    /// The oracle for a recording of a bank with `config`.
    #[must_use]
    pub fn of_recording(config: &BankConfig, is_whole: bool) -> Self {
        let chains = config.escrow.chains.iter();
        let names = chains.flat_map(|chain| {
            let names = chain.endpoints.iter().map(|one| one.name.clone());
            numbered(chain.id, names)
        });
        Self {
            names: names.collect(),
            is_whole,
            ..Self::default()
        }
    }

    fn note_wish(&mut self, event: &Event) {
        let Event::Command {
            request,
            command:
                Command::Administer {
                    key,
                    act,
                    actor,
                    reason,
                },
        } = event
        else {
            return;
        };
        let wanted = Wanted {
            key: *key,
            act: act.clone(),
            actor: actor.clone(),
            reason: reason.clone(),
        };
        self.asked.insert(*request, wanted);
    }

    fn judge_questions(&self, effects: &[Effect]) -> Result<(), Violation> {
        for effect in effects {
            let Intent::Act(Act::Ask {
                endpoint, question, ..
            }) = effect
            else {
                continue;
            };
            let Some(name) = self.names.get(endpoint) else {
                continue;
            };
            if let Some(why) = self.standing.live.forbids(name) {
                let detail = format!("{} was asked {question:?}, and {why}", name.name);
                return Err(broken(NAME, "asked_against_orders", detail));
            }
        }
        Ok(())
    }

    fn note_committed(&mut self, records: &[Record]) -> Result<(), Violation> {
        for record in records {
            let Record::Administered {
                key,
                act,
                actor,
                reason,
                ..
            } = record
            else {
                continue;
            };
            let wanted = Wanted {
                key: *key,
                act: act.clone(),
                actor: actor.clone(),
                reason: reason.clone(),
            };
            if let Some(earlier) = self.journalled.insert(*key, wanted) {
                let detail = format!("{earlier:?} is in the journal, and again as {act:?}");
                return Err(broken(NAME, "journalled_twice", detail));
            }
        }
        Ok(())
    }

    /// What is acknowledged is on record as it was wanted.
    fn judge_acknowledgement(&self, act: &Act) -> Result<(), Violation> {
        let Act::Reply {
            request,
            reply: Reply::Administered { .. },
        } = act
        else {
            return Ok(());
        };
        let Some(wanted) = self.asked.get(request) else {
            let detail = format!("{request} was told of an act and did not want one");
            return Err(broken(NAME, "acknowledged_unasked", detail));
        };
        if !self.is_whole || self.journalled.get(&wanted.key) == Some(wanted) {
            return Ok(());
        }
        let detail = format!("{wanted:?} was acknowledged and is not in the journal");
        Err(broken(NAME, "acknowledged_off_record", detail))
    }
}

fn numbered(
    chain: plimsoll_core::id::ChainId,
    names: impl Iterator<Item = Text>,
) -> impl Iterator<Item = (EndpointId, EndpointName)> {
    (0..).zip(names).map(move |(index, name)| {
        let endpoint = EndpointId { chain, index };
        (endpoint, EndpointName { chain, name })
    })
}

impl Oracle for Orders {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.standing.observe(seen)?;
        match seen {
            Observation::Handled { input, effects, .. } => {
                self.note_wish(&input.event);
                self.judge_questions(effects)
            }
            Observation::Committed { records, .. } => self.note_committed(records),
            Observation::Released { act } => self.judge_acknowledgement(act),
            Observation::Crashed { .. } => {
                self.asked.clear();
                Ok(())
            }
            Observation::ReplyDelivered { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let journal = end
            .journal()
            .map_err(|error| broken(NAME, "unreadable_journal", error.to_string()))?;
        let is_act = |record: &&Record| matches!(record, Record::Administered { .. });
        let keys: BTreeSet<IdempotencyKey> = self.journalled.keys().copied().collect();
        let kept = journal.iter().filter(is_act).count();
        if kept == keys.len() {
            return Ok(());
        }
        let detail = format!(
            "{} acts became durable, and {kept} are in the journal",
            keys.len()
        );
        Err(broken(NAME, "acts_lost", detail))
    }
}

#[cfg(test)]
mod tests;
