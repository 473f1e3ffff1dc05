//! The root machine of a worker: leases jobs, verifies them, and reports what it found to the bank, which decides.
//!
//! A worker owns endpoints' pools of its own and the very verifier that the bank has, but no scanner and no money. It holds
//! as many jobs at once as there is work, up to a bound. `config` is what it is told at its start, `words` what can happen to
//! it and what it can wish for, `jobs` the leases that it holds, `errands` its calls to queues and reports under way.
//!
//! - A job is completed only when the bank has made durable what follows from the report, so a worker that dies at any
//!   moment loses no deposit: its lease ends, and another worker takes the job.
//! - A worker whose lease was lost goes on to report: the bank takes a second report of the same thing for what it is.
//! - What operators pause it hears of with the answer to a report, and obeys: `pauses`.
//! - While the immediate lane is down its jobs come from the database lane, which is looked at each few seconds in any
//!   case, so that nothing is forgotten there.

mod config;
mod errands;
mod jobs;
mod pauses;
mod words;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

pub use config::{WorkerConfig, WorkerPolicy};
pub use words::{Act, Answerless, Input, Notice};

use self::errands::Errands;
use self::jobs::{Job, Jobs};
use crate::bank::ConfigError;
use crate::escrow::verifier::{Finding, Out, Verifier};
use crate::escrow::{Answer, Fault, Pauses, Report, Sighting, Taken, Tried, TxKey};
use crate::id::{CallId, ChainId, EndpointId, ErrandId};
use crate::machine::{Deadline, Effects, Machine};
use crate::queue::{Lane, LaneFault, Lanes, Leased, QueueReply, QueueRequest, Token};
use crate::resilience::{Backoff, BackoffPolicy, Jitter, Retry};
use crate::rng::Rng;
use crate::time::Instant;

/// The backoff of the design, without an end.
const ENDLESS: BackoffPolicy = BackoffPolicy {
    initial: Duration::from_secs(1),
    factor: 2,
    cap: Duration::from_secs(30),
    jitter: Jitter::Proportional { percent: 10 },
    attempts_max: None,
    elapsed_max: None,
};

/// The lanes, in the order in which jobs are taken from them.
const LANES: [Lane; 2] = [Lane::Immediate, Lane::Database];

/// A worker.
#[derive(Debug, PartialEq, Eq)]
pub struct Worker {
    config: WorkerConfig,
    rng: Rng,
    lanes: Lanes,
    verifier: Verifier,
    out: Out,
    jobs: Jobs,
    errands: Errands,
    /// What operators hold up, by chain, as the bank said last.
    pauses: BTreeMap<ChainId, Pauses>,
    /// When each lane is asked for jobs next.
    next_immediate: Instant,
    next_database: Instant,
    /// Whether no more jobs are taken.
    is_draining: bool,
}

impl Worker {
    /// A worker that holds nothing.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub fn open(mut config: WorkerConfig) -> Result<Self, Vec<ConfigError>> {
        config.check()?;
        // What it holds it verifies.
        config.escrow.workers = None;
        let rng = Rng::from_seed(config.seed).fork("worker");
        let mut verifier = Verifier::new(&config.escrow, &config.registry, &config.pool, &rng, |_| None);
        verifier.stop_scanning();
        Ok(Self {
            lanes: Lanes::new(config.has_immediate),
            rng,
            verifier,
            out: Out::default(),
            jobs: Jobs::default(),
            pauses: BTreeMap::new(),
            errands: Errands::new(config.policy.call_timeout),
            next_immediate: Instant::ZERO,
            next_database: Instant::ZERO,
            is_draining: false,
            config,
        })
    }

    /// What it was told at its start.
    #[must_use]
    pub const fn config(&self) -> &WorkerConfig {
        &self.config
    }

    /// How many jobs it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.jobs.len()
    }

    /// Whether it holds nothing and takes nothing more.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.is_draining && self.jobs.is_empty() && self.errands.is_empty()
    }

    fn on_queue(
        &mut self,
        now: Instant,
        errand: ErrandId,
        outcome: Result<QueueReply, LaneFault>,
        fx: &mut Effects<Act>,
    ) {
        let Some(call) = self.errands.take_call(errand) else {
            return;
        };
        let lane = call.place.lane;
        let outcome = outcome.and_then(|reply| errands::fitting(&call.purpose, reply));
        let changed = self
            .lanes
            .record(now, call.place, outcome.is_ok(), now.since(call.begun));
        if let Some(change) = changed {
            fx.push(Act::Notice(Notice::Lane {
                from: change.from,
                to: change.to,
            }));
        }
        match (call.purpose, outcome) {
            (errands::Purpose::Lease { token }, Ok(QueueReply::Leased { jobs, .. })) => {
                self.on_leased(now, lane, token, &jobs, fx);
            }
            (errands::Purpose::Lease { .. }, _) => self.pause(now, lane),
            (errands::Purpose::Extend { jobs }, Ok(QueueReply::Kept { lost })) => {
                let visibility = self.config.policy.visibility;
                self.jobs
                    .extended(&jobs, call.begun.after(visibility), visibility);
                for job in lost {
                    self.drop_lease(job, fx);
                }
            }
            (errands::Purpose::Extend { .. } | errands::Purpose::End, _) => {}
        }
    }

    fn on_leased(&mut self, now: Instant, lane: Lane, token: Token, jobs: &[Leased], fx: &mut Effects<Act>) {
        if jobs.is_empty() {
            return self.pause(now, lane);
        }
        let visibility = self.config.policy.visibility;
        for leased in jobs {
            // A chain that is not configured here is another worker's: its lease ends by itself.
            if !self.config.escrow.has_chain(leased.job.chain) {
                continue;
            }
            let job = Job::new(lane, token, now, visibility, leased.attempts);
            if !self.jobs.insert(leased.job, job) {
                continue;
            }
            if self.is_held_up(leased.job.chain) {
                self.ask_the_bank(now, leased.job, fx);
            } else {
                self.verifier.watch(now, leased.job);
            }
        }
    }

    /// A lane had nothing, or did not answer: looks again after its time.
    fn pause(&mut self, now: Instant, lane: Lane) {
        match lane {
            Lane::Immediate => self.next_immediate = now.after(self.config.policy.immediate_poll),
            Lane::Database => self.next_database = now.after(self.config.policy.database_poll),
        }
    }

    /// Another worker has this job, or will: what is known of it is still reported, if it is about to be.
    fn drop_lease(&mut self, job: TxKey, fx: &mut Effects<Act>) {
        if self.jobs.drop_lease(job) {
            self.verifier.unwatch(job);
        }
        fx.push(Act::Notice(Notice::LeaseLost { job }));
    }

    fn on_reported(
        &mut self,
        now: Instant,
        errand: ErrandId,
        outcome: Result<Taken, Answerless>,
        fx: &mut Effects<Act>,
    ) {
        let Some((job, held)) = self.jobs.take_reported(errand) else {
            return;
        };
        if let Ok(taken) = outcome {
            self.obey(now, job.chain, taken.pauses, fx);
        }
        let Some(place) = held.lease.and_then(|_| self.lanes.at(now, held.lane)) else {
            return;
        };
        let token = held.token;
        let request = match outcome {
            Ok(Taken { is_open: false, .. }) => QueueRequest::Complete {
                leases: alloc::vec![(job, token)],
            },
            // It was only held up, and is no more, whoever was told so first.
            Ok(_) if held.was_held_up() && !self.is_held_up(job.chain) => QueueRequest::Release {
                job,
                token,
                after: Duration::ZERO,
            },
            Ok(_) | Err(Answerless) => QueueRequest::Release {
                job,
                token,
                after: self.pause_of(now, errand, held.attempts),
            },
        };
        self.errands.call(now, place, errands::Purpose::End, request, fx);
    }

    /// How long a job waits that was handed out `attempts` times in vain.
    fn pause_of(&self, now: Instant, errand: ErrandId, attempts: u32) -> Duration {
        let rng = self.rng.fork_indexed("release", errand.number());
        match Backoff::resumed(ENDLESS, rng, attempts.saturating_sub(1)).next(now, None) {
            Retry::At(at) => at.since(now),
            Retry::GiveUp(_) => unreachable!("a worker gives nothing up: that is the bank's to decide"),
        }
    }

    /// Lets go what its time is over: calls to queues, reports, and leases.
    fn expire(&mut self, now: Instant, fx: &mut Effects<Act>) {
        if let Some(change) = self.lanes.on_tick(now) {
            fx.push(Act::Notice(Notice::Lane {
                from: change.from,
                to: change.to,
            }));
        }
        while let Some(errand) = self.errands.first_over(now) {
            self.on_queue(now, errand, Err(LaneFault::Timeout), fx);
        }
        while let Some(errand) = self.jobs.first_report_over(now) {
            self.on_reported(now, errand, Err(Answerless), fx);
        }
        while let Some(job) = self.jobs.first_lease_over(now) {
            self.drop_lease(job, fx);
        }
    }

    /// Asks the lanes for jobs, as far as there is room.
    fn lease(&mut self, now: Instant, fx: &mut Effects<Act>) {
        let policy = self.config.policy;
        for lane in LANES {
            let due = match lane {
                Lane::Immediate => self.next_immediate,
                Lane::Database => self.next_database,
            };
            let room = policy
                .jobs_max
                .saturating_sub(self.jobs.len() + self.errands.jobs_asked_for());
            let most = room.min(crate::queue::JOBS_PER_REQUEST_MAX);
            if self.is_draining || most == 0 || now < due || self.errands.is_leasing(lane) {
                continue;
            }
            let Some(place) = self.lanes.at(now, lane) else {
                self.pause(now, lane);
                continue;
            };
            let token = Token {
                worker: self.config.worker,
                number: self.errands.next_number(),
            };
            let request = QueueRequest::Lease {
                most,
                visibility: policy.visibility,
                token,
            };
            let purpose = errands::Purpose::Lease { token };
            self.errands.call(now, place, purpose, request, fx);
        }
    }

    /// Prolongs the leases that are half over.
    fn extend(&mut self, now: Instant, fx: &mut Effects<Act>) {
        let policy = self.config.policy;
        for lane in LANES {
            let leases = self.jobs.take_extendable(now, lane, policy.visibility);
            if leases.is_empty() {
                continue;
            }
            let Some(place) = self.lanes.at(now, lane) else {
                continue;
            };
            let jobs = leases.iter().map(|(job, _)| *job).collect();
            let request = QueueRequest::Extend {
                leases,
                visibility: policy.visibility,
            };
            let purpose = errands::Purpose::Extend { jobs };
            self.errands.call(now, place, purpose, request, fx);
        }
    }

    /// Verifies on, and reports what was found.
    fn verify(&mut self, now: Instant, fx: &mut Effects<Act>) {
        if self
            .verifier
            .next_deadline()
            .is_some_and(|deadline| deadline.at <= now)
        {
            self.verifier.on_tick(now, &mut self.out);
        }
        for heard in self.out.heard.drain(..) {
            let tried = Tried {
                ago_micros: 0,
                endpoint: heard.endpoint,
                class: heard.class,
                height: heard.height,
            };
            self.jobs.hear(now, heard.tx, tried);
        }
        for (chain, finding) in core::mem::take(&mut self.out.findings) {
            self.on_finding(now, chain, finding, fx);
        }
        for ask in self.out.asks.drain(..) {
            fx.push(Act::Ask {
                call: ask.call,
                endpoint: ask.endpoint,
                question: ask.question,
                timeout: ask.timeout,
            });
        }
    }

    fn on_finding(&mut self, now: Instant, chain: ChainId, finding: Finding, fx: &mut Effects<Act>) {
        let endpoint = |index| EndpointId { chain, index };
        match finding {
            Finding::Mined { receipt, evidence } => {
                self.report(now, chain, Sighting::Mined { receipt, evidence }, fx);
            }
            Finding::Absent { tx, votes } => self.report(now, chain, Sighting::Absent { tx, votes }, fx),
            Finding::Undecided { tx } => self.report(now, chain, Sighting::Undecided { tx }, fx),
            Finding::Scanned { .. } => unreachable!("a worker does not scan"),
            Finding::Counted { .. } | Finding::Uncounted { .. } => {
                unreachable!("a worker does not reconcile")
            }
            Finding::Disagreed { endpoint: index } => {
                fx.push(Act::Notice(Notice::Disagreement {
                    endpoint: endpoint(index),
                }));
            }
            Finding::Cordoned {
                endpoint: index,
                reason,
            } => fx.push(Act::Notice(Notice::Cordoned {
                endpoint: endpoint(index),
                reason,
            })),
            Finding::Breaker {
                endpoint: index,
                from,
                to,
            } => fx.push(Act::Notice(Notice::Breaker {
                endpoint: endpoint(index),
                from,
                to,
            })),
        }
    }

    fn report(&mut self, now: Instant, chain: ChainId, sighting: Sighting, fx: &mut Effects<Act>) {
        let mut report = Report {
            chain,
            sighting,
            tried: Vec::new(),
        };
        let job = report.job();
        report.tried = self.jobs.take_tried(now, job);
        self.verifier.unwatch(job);
        let errand = self.errands.next_id();
        let timeout = self.config.policy.report_timeout;
        let is_held_up = self.is_held_up(chain);
        if self.jobs.report(job, errand, now.after(timeout), is_held_up) {
            fx.push(Act::Report {
                errand,
                report: alloc::boxed::Box::new(report),
                timeout,
            });
        }
    }

    fn on_answer(&mut self, now: Instant, call: CallId, outcome: Result<Answer, Fault>) {
        self.verifier.on_answer(now, call, outcome, &mut self.out);
    }
}

impl Machine for Worker {
    type Input = Input;
    type Effect = Act;

    fn handle(&mut self, now: Instant, input: Input, fx: &mut Effects<Act>) {
        self.expire(now, fx);
        match input {
            Input::Tick => {}
            Input::Queue { errand, outcome } => self.on_queue(now, errand, outcome, fx),
            Input::Answered { call, outcome } => self.on_answer(now, call, outcome),
            Input::Reported { errand, outcome } => self.on_reported(now, errand, outcome, fx),
            Input::Drain => self.is_draining = true,
        }
        self.verify(now, fx);
        self.extend(now, fx);
        self.lease(now, fx);
        assert!(self.out.asks.is_empty(), "somebody is to be asked and was not");
        assert!(
            self.jobs.len() <= self.config.policy.jobs_max,
            "a worker took more jobs than it may hold"
        );
    }

    fn next_deadline(&self) -> Option<Deadline> {
        let has_room = self.jobs.len() + self.errands.jobs_asked_for() < self.config.policy.jobs_max;
        let poll = |at, why, lane| {
            let may = has_room && !self.is_draining && !self.errands.is_leasing(lane);
            may.then_some(Deadline { at, why })
        };
        [
            self.verifier.next_deadline(),
            self.errands.next_deadline(),
            self.jobs.next_deadline(),
            self.lanes.next_deadline(),
            poll(
                self.next_database,
                "look for jobs in the database",
                Lane::Database,
            ),
            poll(
                self.next_immediate,
                "look for jobs in the immediate lane",
                Lane::Immediate,
            )
            .filter(|_| self.config.has_immediate),
        ]
        .into_iter()
        .fold(None, Deadline::earlier)
    }
}

#[cfg(test)]
mod tests;
