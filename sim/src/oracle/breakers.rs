//! Lawful breakers: each change of an endpoint's breaker has its cause, and each cause has its change.
//!
//! The oracle hears every outcome that the bank hears and every change that it tells of, and counts for itself. What it
//! counts of calls that were asked in the very step in which a breaker changed is uncertain, since an input may ask before
//! and after: such a call may be the cause of a change, and never must be. A change by time alone is made as of when it was
//! due, which a process that was stopped tells of later; and if a half-open call failed by time and the open time went by,
//! too, before anybody looked, nothing is told, and the breaker is half-open anew. Endpoints that ever said an untruth, or
//! answered what was not asked, are not judged, because what an answer of theirs is worth is for others to say.

mod count;
mod fits;
mod orders;

use std::collections::BTreeMap;

use core::time::Duration;

use plimsoll_core::bank::{Act, Effect, EndpointName, Event, Notice};
use plimsoll_core::escrow::{Fault as Silence, Question};
use plimsoll_core::id::{CallId, ChainId, Text};
use plimsoll_core::machine::{Intent, Machine as _};
use plimsoll_core::resilience::breaker::TripModel;
use plimsoll_core::resilience::{BreakerState, CallOutcome, PoolPolicy};
use plimsoll_core::time::Instant;

use super::broken;
use super::standing::Standing;
use super::twin::Twin;
use crate::fault::{EndpointFault, Fault};
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Plan;
use count::{count, failures_in_a_row};
use fits::fits;

const NAME: &str = "breakers";

/// How much later than it is due a change may come: the bank looks at least each time when it polls.
const SLACK: Duration = Duration::from_secs(5);

/// The oracle.
#[derive(Debug)]
pub struct Breakers {
    policy: PoolPolicy,
    names: Vec<EndpointName>,
    orders: Twin<Standing>,
    endpoints: Vec<Breaker>,
    calls: BTreeMap<CallId, Call>,
    /// The number of the step.
    step: u64,
    /// What each call asked, where nobody says who tells untruths: that must be seen from the answers.
    questions: Option<BTreeMap<CallId, Question>>,
}

/// What is known of an endpoint's breaker.
#[derive(Debug, Clone)]
struct Breaker {
    state: BreakerState,
    /// When it came to be so, as it was told, and in which step.
    since: (Instant, u64),
    /// When it may have come to be so.
    due: Instant,
    /// When the first permit since then ran out, if one did.
    ran_out: Option<Instant>,
    /// The last step in which it may have become half-open anew: what was asked until then may count for nothing.
    anew: u64,
    /// The outcomes since then that still matter, oldest first, each with whether it certainly counts.
    heard: Vec<(CallOutcome, bool)>,
    /// When it was last asked although it was open.
    probed_at: Option<Instant>,
    /// The state that an operator ordered it to have, until it is told that it has.
    ordered: Option<BreakerState>,
    has_lied: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: BreakerState::Closed,
            since: (Instant::ZERO, 0),
            due: Instant::ZERO,
            ran_out: None,
            anew: 0,
            heard: Vec::new(),
            probed_at: None,
            ordered: None,
            has_lied: false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Call {
    endpoint: u8,
    asked_at: Instant,
    deadline: Instant,
    /// The step in which it was asked.
    step: u64,
    /// Whether it may have counted as failed, because its time was over when the bank had not done all that was due.
    is_doubtful: bool,
}

impl Breakers {
    /// The oracle for a run of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let chain = plan.topology.chain.chain_id();
        let names = plan.topology.endpoints.iter().map(|one| one.name.clone());
        Self {
            policy: plan.topology.bank.pool.policy(),
            names: names.map(|name| EndpointName { chain, name }).collect(),
            orders: Twin::default(),
            endpoints: vec![Breaker::default(); plan.topology.endpoints.len()],
            calls: BTreeMap::new(),
            step: 0,
            questions: None,
        }
    }

    /// The oracle for recorded lives that are seen from their beginning, of a bank with `policy` and endpoints of `names`;
    /// `None` when its breakers count otherwise than in a row, which is not judged.
    ///
    /// No plan says who tells untruths. An endpoint is not judged any more once it answered what does not fit its question,
    /// or was shut out.
    #[must_use]
    pub fn of_recording(
        policy: PoolPolicy,
        chain: ChainId,
        names: impl Iterator<Item = Text>,
    ) -> Option<Self> {
        let names: Vec<_> = names.map(|name| EndpointName { chain, name }).collect();
        match policy.breaker.model {
            TripModel::Consecutive { .. } => Some(Self {
                policy,
                endpoints: vec![Breaker::default(); names.len()],
                names,
                orders: Twin::default(),
                calls: BTreeMap::new(),
                step: 0,
                questions: Some(BTreeMap::new()),
            }),
            TripModel::Rate { .. } => None,
        }
    }

    /// Where no plan says who is not to be judged, finds out.
    fn doubt(&mut self, event: &Event, effects: &[Effect]) {
        let Some(questions) = &mut self.questions else {
            return;
        };
        if let Event::Answered { call, outcome } = event
            && let (Some(question), Some(call)) = (questions.remove(call), self.calls.get(call))
        {
            let is_odd = outcome.as_ref().is_ok_and(|answer| !fits(&question, answer));
            self.endpoints[usize::from(call.endpoint)].has_lied |= is_odd;
        }
        for effect in effects {
            match effect {
                Intent::Act(Act::Ask { call, question, .. }) => {
                    questions.insert(*call, question.clone());
                }
                Intent::Act(Act::Notice(
                    Notice::Disagreement { endpoint } | Notice::Cordoned { endpoint, .. },
                )) => {
                    self.endpoints[usize::from(endpoint.index)].has_lied = true;
                }
                Intent::Act(Act::Notice(_) | Act::Reply { .. } | Act::Queue { .. }) | Intent::Record(_) => {}
            }
        }
    }

    /// What has not changed yet is judged when nothing `is_due`: a bank that found more than it can record at once counts
    /// the calls whose time is over in a later step, at the same moment, and takes an answer that comes before it does.
    fn step(
        &mut self,
        at: Instant,
        event: &Event,
        effects: &[Effect],
        is_due: impl Fn() -> bool,
    ) -> Result<(), Violation> {
        self.step += 1;
        self.doubt(event, effects);
        self.let_go(effects);
        self.hear(at, event, &is_due);
        self.obey(at, effects);
        self.changes(at, effects)?;
        self.questions(at, effects)?;
        let is_answer = matches!(event, Event::Answered { .. });
        let judged = (0u8..)
            .zip(&self.endpoints)
            .filter(|(_, breaker)| !breaker.has_lied);
        for (index, breaker) in judged {
            if let Some((invariant, why)) = self.overdue(at, breaker, is_answer)
                && !is_due()
            {
                return Err(wrong(invariant, index, breaker, why));
            }
        }
        Ok(())
    }

    /// Takes in the outcome of a call, and those of the calls whose time is over.
    fn hear(&mut self, at: Instant, event: &Event, is_due: impl Fn() -> bool) {
        self.go_round(at);
        if let Event::Answered { call, outcome } = event
            && let Some(call) = self.calls.remove(call)
        {
            let outcome = match outcome {
                Ok(_)
                | Err(Silence::NotReady | Silence::TooLarge | Silence::Unsupported | Silence::Pruned) => {
                    CallOutcome::Success
                }
                Err(Silence::RateLimited { .. }) => CallOutcome::Ignored,
                Err(
                    Silence::Timeout
                    | Silence::Connection
                    | Silence::Auth
                    | Silence::Server { .. }
                    | Silence::Malformed { .. },
                ) => CallOutcome::Failure,
            };
            let index = usize::from(call.endpoint);
            let is_late = call.asked_at.after(self.policy.breaker.permit_timeout) <= at;
            if is_late && self.endpoints[index].state == BreakerState::HalfOpen {
                // It may have counted as failed before it was answered.
                self.endpoints[index].heard.push((CallOutcome::Failure, false));
            }
            self.note(call, outcome);
        }
        let is_over = |(_, call): &(CallId, Call)| call.deadline <= at;
        let calls = self.calls.iter().map(|(id, call)| (*id, *call));
        let over: Vec<(CallId, Call)> = calls.filter(is_over).collect();
        if over.is_empty() {
            return;
        }
        let is_due = is_due();
        for (id, call) in over {
            if !is_due {
                self.calls.remove(&id);
                self.note(call, CallOutcome::Failure);
            } else if !call.is_doubtful {
                let call = Call {
                    is_doubtful: true,
                    ..call
                };
                self.calls.insert(id, call);
                self.note(call, CallOutcome::Failure);
            }
        }
    }

    /// Notes which half-open breakers may have failed by time, and which of them have been open for long enough since.
    fn go_round(&mut self, at: Instant) {
        let policy = self.policy.breaker;
        for call in self.calls.values() {
            let breaker = &mut self.endpoints[usize::from(call.endpoint)];
            let ran_out = call.asked_at.after(policy.permit_timeout);
            let is_tried = breaker.state == BreakerState::HalfOpen && call.step >= breaker.since.1;
            if !is_tried || at < ran_out {
                continue;
            }
            breaker.ran_out = Some(breaker.ran_out.map_or(ran_out, |first| first.min(ran_out)));
            if ran_out.after(policy.open_for) <= at {
                breaker.anew = self.step;
                breaker.heard.iter_mut().for_each(|(_, certain)| *certain = false);
            }
        }
    }

    fn note(&mut self, call: Call, outcome: CallOutcome) {
        let breaker = &mut self.endpoints[usize::from(call.endpoint)];
        let (_, since) = breaker.since;
        // What was asked before a change says nothing about the state after it.
        if call.step < since {
            return;
        }
        let is_certain = call.step > since.max(breaker.anew) && !call.is_doubtful;
        // While it is closed only failures in a row count, and a success ends every row.
        if breaker.state == BreakerState::Closed && outcome == CallOutcome::Success && is_certain {
            breaker.heard.clear();
        }
        breaker.heard.push((outcome, is_certain));
    }

    /// Judges every change that this step tells of.
    fn changes(&mut self, at: Instant, effects: &[Effect]) -> Result<(), Violation> {
        for effect in effects {
            let Intent::Act(Act::Notice(Notice::Breaker { endpoint, from, to })) = effect else {
                continue;
            };
            let breaker = &self.endpoints[usize::from(endpoint.index)];
            if !breaker.has_lied {
                if breaker.state != *from {
                    let why = format!("it is told to leave {}", from.code());
                    return Err(wrong("untold_change", endpoint.index, breaker, &why));
                }
                let is_ordered = breaker.ordered == Some(*to);
                if !is_ordered && !self.has_cause(at, endpoint.index, *to) {
                    let why = format!("it became {} without cause", to.code());
                    return Err(wrong("change_without_cause", endpoint.index, breaker, &why));
                }
            }
            let breaker = &mut self.endpoints[usize::from(endpoint.index)];
            (breaker.state, breaker.since) = (*to, (at, self.step));
            breaker.ordered = breaker.ordered.filter(|ordered| ordered != to);
            breaker.due = breaker.ran_out.take().unwrap_or(at);
            // A probe that found out that the endpoint is well counts as its first success.
            let has_answered = count(&breaker.heard, CallOutcome::Success, false) > 0;
            breaker.heard.clear();
            if *from == BreakerState::Open && has_answered {
                breaker.heard.push((CallOutcome::Success, false));
            }
        }
        Ok(())
    }

    /// Whether something that was heard can have made the breaker of `index` change to `to`.
    fn has_cause(&self, at: Instant, index: u8, to: BreakerState) -> bool {
        let breaker = &self.endpoints[usize::from(index)];
        let policy = self.policy.breaker;
        let successes = count(&breaker.heard, CallOutcome::Success, false);
        let failures = count(&breaker.heard, CallOutcome::Failure, false);
        match (breaker.state, to) {
            (BreakerState::Closed, BreakerState::Open) => {
                failures_in_a_row(&breaker.heard, false) >= self.trips_at()
            }
            (BreakerState::Open, BreakerState::HalfOpen) => {
                breaker.due.after(policy.open_for) <= at || successes > 0
            }
            // An early probe that is well makes it half-open with its success counted, which may be enough to close it.
            (BreakerState::Open, BreakerState::Closed) => {
                successes > 0 && successes >= policy.successes_to_close
            }
            (BreakerState::HalfOpen, BreakerState::Open) => failures > 0 || breaker.ran_out.is_some(),
            (BreakerState::HalfOpen, BreakerState::Closed) => successes >= policy.successes_to_close,
            (_, _) => false,
        }
    }

    /// What should have changed by now and has not, if anything.
    fn overdue(
        &self,
        at: Instant,
        breaker: &Breaker,
        is_answer: bool,
    ) -> Option<(&'static str, &'static str)> {
        let policy = self.policy.breaker;
        let (since, _) = breaker.since;
        let successes = || count(&breaker.heard, CallOutcome::Success, true);
        let failures = || count(&breaker.heard, CallOutcome::Failure, true);
        let is_late = is_answer && since.after(policy.open_for_max).after(SLACK) < at;
        match breaker.state {
            BreakerState::Closed if failures_in_a_row(&breaker.heard, true) >= self.trips_at() => {
                Some(("never_opens", "it has failed too often to be closed"))
            }
            BreakerState::Open if is_late => Some(("never_half_opens", "it is open for too long")),
            BreakerState::Open if successes() > 0 => {
                Some(("probe_forgotten", "it answered a probe, and is open"))
            }
            BreakerState::HalfOpen if failures() > 0 => {
                Some(("failure_forgiven", "it failed, and is half-open"))
            }
            BreakerState::HalfOpen if successes() >= policy.successes_to_close => {
                Some(("never_closes", "it has answered often enough to be closed"))
            }
            BreakerState::Closed
            | BreakerState::Open
            | BreakerState::HalfOpen
            | BreakerState::ForcedOpen
            | BreakerState::Disabled => None,
        }
    }

    /// Judges every question that this step asks.
    fn questions(&mut self, at: Instant, effects: &[Effect]) -> Result<(), Violation> {
        for effect in effects {
            let Intent::Act(Act::Ask {
                call,
                endpoint,
                timeout,
                ..
            }) = effect
            else {
                continue;
            };
            let index = endpoint.index;
            let asked = Call {
                endpoint: index,
                asked_at: at,
                deadline: at.after(*timeout),
                step: self.step,
                is_doubtful: false,
            };
            self.calls.insert(*call, asked);
            let breaker = &mut self.endpoints[usize::from(index)];
            let (_, since) = breaker.since;
            if breaker.has_lied || since == self.step {
                continue;
            }
            let of_trial = |call: &&Call| call.endpoint == index && call.step > since;
            let on_trial = self.calls.values().filter(of_trial).count();
            match breaker.state {
                BreakerState::Open => {
                    let may_again = breaker
                        .probed_at
                        .map(|last| last.after(self.policy.probe_interval));
                    breaker.probed_at = Some(at);
                    if may_again.is_some_and(|may_again| at < may_again) {
                        return Err(wrong("hammered", index, breaker, "it is asked though it is open"));
                    }
                }
                BreakerState::HalfOpen if on_trial > usize::from(self.policy.breaker.half_open_permits) => {
                    return Err(wrong(
                        "flooded",
                        index,
                        breaker,
                        "it is asked too much while it is tried",
                    ));
                }
                BreakerState::Closed
                | BreakerState::HalfOpen
                | BreakerState::ForcedOpen
                | BreakerState::Disabled => {}
            }
        }
        Ok(())
    }

    fn trips_at(&self) -> u32 {
        match self.policy.breaker.model {
            TripModel::Consecutive { failures } => failures,
            TripModel::Rate { .. } => unreachable!("the world's breakers count failures in a row"),
        }
    }
}

fn wrong(invariant: &'static str, index: u8, breaker: &Breaker, why: &str) -> Violation {
    let (state, since) = (breaker.state.code(), breaker.since.0.as_nanos() / 1_000_000);
    let heard = &breaker.heard;
    let detail = format!("endpoint {index} is {state} since {since} ms and was heard {heard:?}: {why}");
    broken(NAME, invariant, detail)
}

impl Oracle for Breakers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.orders.observe(seen)?;
        match seen {
            Observation::Handled { input, effects, bank } => {
                let is_due = || bank.next_deadline().is_some_and(|deadline| deadline.at <= at);
                self.step(at, &input.event, effects, is_due)
            }
            Observation::Crashed { .. } => {
                self.calls.clear();
                self.questions.iter_mut().for_each(BTreeMap::clear);
                for breaker in &mut self.endpoints {
                    *breaker = Breaker {
                        has_lied: breaker.has_lied,
                        ..Breaker::default()
                    };
                }
                Ok(())
            }
            Observation::Fault { fault, .. } => {
                if let Fault::Endpoint { endpoint, fault, .. } = fault {
                    let is_doubtful = fault.is_byzantine() || *fault == EndpointFault::Crossed;
                    self.endpoints[usize::from(*endpoint)].has_lied |= is_doubtful;
                }
                Ok(())
            }
            Observation::Restarted { .. } => {
                for (name, breaker) in self.names.iter().zip(&mut self.endpoints) {
                    breaker.state = self.orders.live.breaker(name).unwrap_or(BreakerState::Closed);
                }
                Ok(())
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
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

#[cfg(test)]
mod tests;
