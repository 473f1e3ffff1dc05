//! Jobs for workers, and what workers report.
//!
//! The verifier says what is for the workers; here it waits until a queue takes it, by the immediate lane, or by the
//! database lane while that is down. What neither takes is dropped: the next sweep says it again, and what workers do not
//! report about is verified by the bank itself.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Act, Bank, Effect, Notice, Refusal, Reply};
use crate::escrow::{Pauses, Report, Sighting, Taken, TxKey, Workers};
use crate::id::{ChainId, ErrandId};
use crate::machine::{Deadline, Effects, Intent};
use crate::queue::{JOBS_PER_REQUEST_MAX, Lane, LaneFault, Lanes, Place, Priority, QueueReply, QueueRequest};
use crate::resilience::{BreakerOrder, BreakerState, EndpointSet, Transition};
use crate::time::Instant;

/// How long a queue may take to take jobs over.
const TIMEOUT: Duration = Duration::from_millis(500);
/// The most calls to queues at once.
const CALLS_MAX: usize = 4;

/// A call under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    place: Place,
    jobs: Vec<TxKey>,
    priority: Priority,
    begun: Instant,
}

/// What is on its way to workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dispatch {
    lanes: Lanes,
    high: BTreeSet<TxKey>,
    normal: BTreeSet<TxKey>,
    /// By number, so the oldest first.
    calls: BTreeMap<ErrandId, Call>,
    begun: u64,
}

impl Dispatch {
    pub(super) fn new(workers: Option<Workers>) -> Self {
        Self {
            lanes: Lanes::new(workers.is_some_and(|workers| workers.has_immediate)),
            high: BTreeSet::new(),
            normal: BTreeSet::new(),
            calls: BTreeMap::new(),
            begun: 0,
        }
    }

    fn add(&mut self, job: TxKey, priority: Priority) {
        match priority {
            Priority::High => self.high.insert(job),
            Priority::Normal => self.normal.insert(job),
        };
    }

    /// Forgets what `keeps` does not want: it is said again by a later sweep.
    fn keep(&mut self, keeps: impl Fn(&TxKey) -> bool) {
        self.high.retain(&keeps);
        self.normal.retain(&keeps);
    }

    /// The jobs to hand over next, somebody's first.
    fn take(&mut self) -> Option<(Vec<TxKey>, Priority)> {
        let (from, priority) = if self.high.is_empty() {
            (&mut self.normal, Priority::Normal)
        } else {
            (&mut self.high, Priority::High)
        };
        let mut jobs = Vec::new();
        while jobs.len() < JOBS_PER_REQUEST_MAX
            && let Some(job) = from.pop_first()
        {
            jobs.push(job);
        }
        (!jobs.is_empty()).then_some((jobs, priority))
    }

    /// What is known of the immediate lane, if there is one.
    pub(super) fn immediate(&self) -> Option<BreakerState> {
        self.lanes.state()
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let first = self.calls.values().next().map(|call| Deadline {
            at: call.begun.after(TIMEOUT),
            why: "a call to a queue times out",
        });
        Deadline::earlier(first, self.lanes.next_deadline())
    }
}

impl Bank {
    /// Hands on what is for the workers, as far as queues take it now.
    pub(super) fn dispatch(&mut self, fx: &mut Effects<Effect>) {
        for (job, priority) in self.out.jobs.drain(..) {
            self.dispatch.add(job, priority);
        }
        let orders = self.state.orders();
        self.dispatch.keep(|job| !orders.is_chain_paused(job.chain));
        while self.dispatch.calls.len() < CALLS_MAX
            && let Some((jobs, priority)) = self.dispatch.take()
        {
            let place = self.dispatch.lanes.choose(self.now);
            let errand = ErrandId::new(self.dispatch.begun);
            self.dispatch.begun += 1;
            fx.push(Intent::Act(Act::Queue {
                errand,
                lane: place.lane,
                request: QueueRequest::Enqueue {
                    jobs: jobs.clone(),
                    priority,
                },
                timeout: TIMEOUT,
            }));
            let call = Call {
                place,
                jobs,
                priority,
                begun: self.now,
            };
            self.dispatch.calls.insert(errand, call);
        }
    }

    /// Lets calls go whose time is over.
    pub(super) fn expire_dispatch(&mut self, fx: &mut Effects<Effect>) {
        let changed = self.dispatch.lanes.on_tick(self.now);
        self.lane_notice(changed, fx);
        while let Some((errand, _)) = self
            .dispatch
            .calls
            .first_key_value()
            .filter(|(_, call)| call.begun.after(TIMEOUT) <= self.now)
        {
            let errand = *errand;
            self.on_queued(errand, Err(LaneFault::Timeout), fx);
        }
    }

    pub(super) fn on_queued(
        &mut self,
        errand: ErrandId,
        outcome: Result<QueueReply, LaneFault>,
        fx: &mut Effects<Effect>,
    ) {
        let Some(call) = self.dispatch.calls.remove(&errand) else {
            return;
        };
        let is_taken = outcome == Ok(QueueReply::Enqueued);
        let (lane, took) = (call.place.lane, self.now.since(call.begun));
        let changed = self.dispatch.lanes.record(self.now, call.place, is_taken, took);
        self.lane_notice(changed, fx);
        // The immediate lane is tried until its breaker opens; whoever refuses at the database lane is not asked again.
        if !is_taken && lane == Lane::Immediate {
            for job in call.jobs {
                self.dispatch.add(job, call.priority);
            }
        }
    }

    fn lane_notice(&self, changed: Option<Transition>, fx: &mut Effects<Effect>) {
        if let Some(Transition { from, to }) = changed {
            self.notice(Notice::Lane { from, to }, fx);
        }
    }

    /// Takes in what a worker found out, as if the bank had itself.
    pub(super) fn on_report(&mut self, report: Report, fx: &mut Effects<Effect>) -> Result<Reply, Refusal> {
        let chains = &self.config.escrow.chains;
        let chain = chains.iter().find(|chain| chain.id == report.chain);
        let chain = chain.ok_or(Refusal::UnknownChain(report.chain))?;
        report.check(chain).map_err(Refusal::BadReport)?;
        let (chain, job) = (chain.id, report.job());
        self.keep_what_was_tried(job, &report.tried);
        // About a chain that is paused nothing is decided: the job is there again once it is resumed.
        if self.is_open(job) && !self.state.orders().is_chain_paused(chain) {
            let is_decided = !matches!(report.sighting, Sighting::Undecided { .. });
            self.verifier.on_reported(job, is_decided);
            // A report may be old. What is final stays so; what is not says nothing about what was seen since.
            if report.sighting.is_final() || self.seen_in(job).is_none() {
                self.on_finding(chain, report.sighting.into(), fx);
            }
        }
        Ok(Reply::Reported(Taken {
            is_open: self.is_open(job),
            pauses: self.pauses(chain),
        }))
    }

    /// What operators hold up on `chain`.
    fn pauses(&self, chain: ChainId) -> Pauses {
        let orders = self.state.orders();
        let mut endpoints = EndpointSet::EMPTY;
        for (name, ordered) in orders.endpoints() {
            let is_held_up = ordered.is_paused || ordered.breaker == Some(BreakerOrder::ForceOpen);
            if let Ok(endpoint) = self.configured(name)
                && endpoint.chain == chain
                && is_held_up
            {
                endpoints.insert(endpoint.index);
            }
        }
        Pauses {
            chain: orders.is_chain_paused(chain),
            endpoints,
        }
    }
}

#[cfg(test)]
mod tests;
