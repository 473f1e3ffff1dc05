//! Lawful questions: whom the bank may ask, and whom it may shut out.
//!
//! An endpoint is asked nothing but who it is until it has said so; nothing at all while it is shut out, or before it may
//! be asked again because it was asked too much; never more at once than was agreed, nor more than its quotas allow since
//! the process began. Who refused to search logs is not asked to within a minute, and who has forgotten a block not for
//! ranges from there, but for single blocks that show how far back it goes. Nobody is shut out who never said an
//! untruth: an endpoint that is ahead of the others, behind them, empty or slow is honest.

use std::collections::BTreeMap;

use core::time::Duration;

use plimsoll_core::bank::{Act, AdminAct, Effect, Event, Notice};
use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::CallId;
use plimsoll_core::machine::Intent;
use plimsoll_core::resilience::PoolPolicy;
use plimsoll_core::time::Instant;

use super::broken;
use super::standing::acts_of;
use crate::fault::{EndpointFault, Fault};
use crate::model::endpoint::Quota;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::{Plan, QuotaPlan};

const NAME: &str = "asking";
/// For how long a refusal to search logs is taken for true.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// The oracle.
#[derive(Debug)]
pub struct Asking {
    chain_id: u64,
    policy: PoolPolicy,
    names: Vec<String>,
    endpoints: Vec<Endpoint>,
    calls: BTreeMap<CallId, Call>,
}

/// What is known of an endpoint. All but the last is forgotten when the process ends.
#[derive(Debug, Clone, Default)]
struct Endpoint {
    /// Whether it said that it serves this chain, since it was last shut out.
    is_proved: bool,
    shut_until: Instant,
    banned_until: Instant,
    /// When it was last asked who it is.
    probed_at: Option<Instant>,
    /// Until when it is not asked to search logs, since it refused.
    no_logs_until: Instant,
    /// The highest block whose logs it said it has forgotten.
    forgotten: Option<u64>,
    /// What it was asked since the process began.
    quotas: Vec<Quota>,
    /// Whether it ever said an untruth.
    has_lied: bool,
}

impl Endpoint {
    fn new(quotas: &[QuotaPlan]) -> Self {
        Self {
            quotas: quotas.iter().copied().map(Quota::new).collect(),
            ..Self::default()
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Call {
    endpoint: u8,
    deadline: Instant,
    /// The first and last block whose logs were asked for, if it was about logs.
    range: Option<(u64, u64)>,
}

impl Asking {
    /// The oracle for a run of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let endpoints = &plan.topology.endpoints;
        Self {
            chain_id: plan.topology.chain.chain_id().number(),
            policy: plan.topology.bank.pool.policy(),
            names: endpoints.iter().map(|one| one.name.clone()).collect(),
            endpoints: endpoints.iter().map(|one| Endpoint::new(&one.quotas)).collect(),
            calls: BTreeMap::new(),
        }
    }

    /// Takes in what operators ordered: what is paused owes nothing any more, and says anew who it is once it is resumed.
    fn obey(&mut self, effects: &[Effect]) {
        for act in acts_of(effects) {
            match act {
                AdminAct::PauseChain(_) => self.calls.clear(),
                AdminAct::PauseEndpoint(name) => {
                    let place = self.names.iter().position(|known| *known == name.name);
                    self.calls
                        .retain(|_, call| Some(usize::from(call.endpoint)) != place);
                    if let Some(endpoint) = place.and_then(|place| self.endpoints.get_mut(place)) {
                        endpoint.is_proved = false;
                    }
                }
                AdminAct::ResumeEndpoint(name) => {
                    let place = self.names.iter().position(|known| *known == name.name);
                    if let Some(endpoint) = place.and_then(|place| self.endpoints.get_mut(place)) {
                        endpoint.probed_at = None;
                    }
                }
                AdminAct::ResumeChain(_)
                | AdminAct::Breaker { .. }
                | AdminAct::Sweep
                | AdminAct::Process(_)
                | AdminAct::Drain
                | AdminAct::Undrain
                | AdminAct::Reconcile(_)
                | AdminAct::Refund(_) => {}
            }
        }
    }

    /// Takes in an answer. One that comes after its call was given up means nothing.
    fn hear(&mut self, at: Instant, event: &Event) {
        let Event::Answered { call, outcome } = event else {
            return;
        };
        let Some(Call { endpoint, range, .. }) = self.calls.remove(call) else {
            return;
        };
        let endpoint = &mut self.endpoints[usize::from(endpoint)];
        match outcome {
            Ok(Answer::Identity { chain_id, .. }) => {
                endpoint.is_proved |= *chain_id == self.chain_id && endpoint.shut_until <= at;
            }
            Err(Silence::RateLimited { retry_after }) => {
                let asked_for = retry_after.filter(|pause| !pause.is_zero());
                let pause = asked_for.unwrap_or(self.policy.ban).min(self.policy.ban_max);
                endpoint.banned_until = endpoint.banned_until.max(at.after(pause));
            }
            Err(Silence::Unsupported) if range.is_some() => {
                endpoint.no_logs_until = endpoint.no_logs_until.max(at.after(REFUSED_FOR));
            }
            Err(Silence::Pruned) => endpoint.forgotten = endpoint.forgotten.max(range.map(|(from, _)| from)),
            // Another node may stand there since: what it tells, it may be asked.
            Ok(Answer::Scan { .. }) => {
                let from = range.map(|(from, _)| from);
                endpoint.forgotten = endpoint.forgotten.filter(|forgotten| from > Some(*forgotten));
            }
            Ok(
                Answer::Heads { .. }
                | Answer::Attested { .. }
                | Answer::Receipt { .. }
                | Answer::Balances { .. },
            )
            | Err(_) => {}
        }
    }

    fn judge_question(&mut self, at: Instant, act: &Act) -> Result<(), Violation> {
        let Act::Ask {
            call,
            endpoint,
            question,
            timeout,
        } = act
        else {
            return Ok(());
        };
        let index = endpoint.index;
        let known = &mut self.endpoints[usize::from(index)];
        let wrong = |invariant, why: &str| {
            let detail = format!("endpoint {index} was asked {question:?} {why}");
            Err(broken(NAME, invariant, detail))
        };
        if at < known.shut_until {
            return wrong("asked_while_shut_out", "while it was shut out");
        }
        if at < known.banned_until {
            return wrong("asked_during_ban", "before it said that it may be asked again");
        }
        let calls = question.calls();
        if known
            .quotas
            .iter_mut()
            .any(|quota| quota.pause(at, calls).is_some())
        {
            return wrong("asked_beyond_quota", "beyond its quota");
        }
        known.quotas.iter_mut().for_each(|quota| quota.count(at, calls));
        if matches!(question, Question::Identity { .. }) {
            let may_again = known.probed_at.map(|last| last.after(self.policy.probe_interval));
            known.probed_at = Some(at);
            if may_again.is_some_and(|may_again| at < may_again) {
                return wrong("probed_too_often", "twice within a probe interval");
            }
        } else if !known.is_proved {
            return wrong("asked_unproved", "and has not said who it is");
        }
        let range = range_of(question);
        if range.is_some() && at < known.no_logs_until {
            return wrong("asked_what_it_refuses", "though it searches no logs");
        }
        if range.is_some_and(|(from, to)| from < to && Some(from) <= known.forgotten) {
            return wrong("asked_what_it_forgot", "though it has forgotten that");
        }
        let times: core::ops::RangeInclusive<Duration> =
            self.policy.attempt_timeout_min..=self.policy.attempt_timeout_max;
        if !times.contains(timeout) {
            return wrong("given_no_time", "and given no time that was agreed");
        }
        let deadline = at.after(*timeout);
        let endpoint = index;
        self.calls.insert(
            *call,
            Call {
                endpoint,
                deadline,
                range,
            },
        );
        let in_flight = self.calls.values().filter(|call| call.endpoint == index).count();
        if in_flight > usize::from(self.policy.in_flight_max) {
            return wrong("asked_too_much", "beside more than it was agreed to bear");
        }
        Ok(())
    }

    fn judge_notice(&mut self, at: Instant, act: &Act) -> Result<(), Violation> {
        let (Act::Notice(Notice::Disagreement { endpoint }) | Act::Notice(Notice::Cordoned { endpoint, .. })) =
            act
        else {
            return Ok(());
        };
        let pause = self.policy.disagreement_cordon.min(self.policy.identity_cordon);
        let known = &mut self.endpoints[usize::from(endpoint.index)];
        known.is_proved = false;
        known.shut_until = known.shut_until.max(at.after(pause));
        if known.has_lied {
            return Ok(());
        }
        let detail = format!(
            "endpoint {} was shut out, and never said an untruth",
            endpoint.index
        );
        Err(broken(NAME, "honest_endpoint_shut_out", detail))
    }
}

impl Oracle for Asking {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { input, effects, .. } => {
                self.hear(at, &input.event);
                self.calls.retain(|_, call| call.deadline > at);
                self.obey(effects);
                let acts = || {
                    effects.iter().filter_map(|effect| match effect {
                        Intent::Act(act) => Some(act),
                        Intent::Record(_) => None,
                    })
                };
                // Within one input an endpoint may have been asked before it was shut out.
                acts().try_for_each(|act| self.judge_question(at, act))?;
                acts().try_for_each(|act| self.judge_notice(at, act))
            }
            Observation::Crashed { .. } => {
                self.calls.clear();
                for endpoint in &mut self.endpoints {
                    let (has_lied, mut quotas) = (endpoint.has_lied, core::mem::take(&mut endpoint.quotas));
                    quotas.iter_mut().for_each(Quota::forget);
                    *endpoint = Endpoint {
                        has_lied,
                        quotas,
                        ..Endpoint::default()
                    };
                }
                Ok(())
            }
            Observation::Fault { fault, .. } => {
                if let Fault::Endpoint { endpoint, fault, .. } = fault {
                    self.endpoints[usize::from(*endpoint)].has_lied |= EndpointFault::is_byzantine(fault);
                }
                Ok(())
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Restarted { .. }
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

/// The blocks whose logs are asked for.
const fn range_of(question: &Question) -> Option<(u64, u64)> {
    match question {
        Question::Scan { from, to, .. } => Some((*from, *to)),
        Question::Identity { .. }
        | Question::Heads
        | Question::Attested
        | Question::Receipt { .. }
        | Question::Balances { .. } => None,
    }
}

#[cfg(test)]
mod tests;
