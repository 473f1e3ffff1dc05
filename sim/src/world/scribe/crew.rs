//! What workers and queues do: calls, jobs from hand to hand, reports, deaths.
//!
//! A queue is looked at after whatever may have changed it, and what became of each job is told from the difference. A
//! lease that runs out is told when it does, though the queue only finds out when it is asked again.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{Report, Taken, TxKey};
use plimsoll_core::id::ErrandId;
use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};
use plimsoll_core::time::Instant;
use plimsoll_core::worker::{Answerless, Input, Worker};

use super::wires::{Name, ids_of, name_of, said as message};
use super::{BANK, Scribe, about, said, worker_name};
use crate::engine::Delivery;
use crate::model::queue::{Job, Queue};
use crate::trace::{Body, Died, Ids, JobMoved, JobStep, Note, Reception, Worked};
use crate::world::crew::Tenant;

/// What the scribe knows of jobs.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The jobs of each queue, as they were told last.
    jobs: BTreeMap<Lane, BTreeMap<TxKey, Job>>,
    /// When each lease ends that has not.
    leases: BTreeSet<(Instant, Lane, TxKey)>,
    /// The number of each worker, by the name in its tokens, a new one in each life.
    workers: BTreeMap<u64, u8>,
    /// The name of each worker in its last life.
    names: BTreeMap<u8, u64>,
    /// What each report is about.
    reports: BTreeMap<(Tenant, u64), TxKey>,
}

impl Ledger {
    /// Who has, or had, the last lease of a job.
    fn holder(&self, job: &Job) -> Option<String> {
        let number = self.workers.get(&job.token?.worker)?;
        Some(worker_name(*number))
    }
}

impl Scribe {
    pub(in crate::world) fn queue_call_sent(
        &mut self,
        (by, errand): (Tenant, ErrandId),
        lane: Lane,
        request: &QueueRequest,
        delivery: Delivery,
    ) {
        let what = message("call", said::queue_request(request));
        let name = Name::Call(by, errand.number());
        let (from, ids) = (name_of(by), of_jobs(by, request));
        self.sent((&from, "queues"), lane.code(), name, ids, (delivery, what));
    }

    /// A call reaches a queue, which may have done as it was asked and may answer.
    pub(in crate::world) fn queue_called(
        &mut self,
        (by, errand): (Tenant, ErrandId),
        (lane, queue): (Lane, &Queue),
        request: &QueueRequest,
        answer: Option<(&Result<QueueReply, LaneFault>, Delivery)>,
    ) {
        let (who, ids) = (name_of(by), of_jobs(by, request));
        let met = if answer.is_some() {
            Reception::Taken
        } else {
            Reception::Silence
        };
        let name = Name::Call(by, errand.number());
        self.arrived((lane.code(), "calls"), &who, name, ids.clone(), met);
        self.queue_changed(lane, queue, Some(request));
        if let Some((outcome, delivery)) = answer {
            let what = message("return", said::queued(outcome));
            let name = Name::Return(by, errand.number());
            self.sent((lane.code(), "calls"), &who, name, ids, (delivery, what));
        }
    }

    pub(in crate::world) fn queue_returned(
        &mut self,
        by: Tenant,
        errand: ErrandId,
        lane: Lane,
        met: Reception,
    ) {
        let name = Name::Return(by, errand.number());
        self.arrived((&name_of(by), "queues"), lane.code(), name, ids_of(by), met);
    }

    /// Tells what became of each job of a queue since it was looked at last. `request` is what it was asked, if anything.
    pub(in crate::world) fn queue_changed(
        &mut self,
        lane: Lane,
        queue: &Queue,
        request: Option<&QueueRequest>,
    ) {
        let were = self.crew.jobs.remove(&lane).unwrap_or_default();
        let are: BTreeMap<TxKey, Job> = queue.jobs().map(|(key, job)| (*key, *job)).collect();
        for (key, before) in &were {
            match are.get(key) {
                None => self.job((lane, *key), gone(key, request), before, None),
                Some(job) => self.job_changed((lane, *key), before, job),
            }
        }
        for (key, job) in are.iter().filter(|(key, _)| !were.contains_key(key)) {
            self.job((lane, *key), JobStep::Pushed, job, None);
        }
        let jobs = BTreeMap::from([("jobs".to_owned(), are.len().to_string())]);
        self.sample(lane.code(), (lane.code(), "figures"), jobs);
        self.crew.jobs.insert(lane, are);
    }

    fn job_changed(&mut self, of: (Lane, TxKey), before: &Job, job: &Job) {
        let until = Some(job.available_at);
        match (before.token, job.token) {
            (was, Some(is)) if was != Some(is) => {
                if was.is_some() && before.available_at > self.now {
                    self.job(of, JobStep::Repeated, before, None);
                }
                self.job(of, JobStep::Leased, job, until);
            }
            (Some(_), None) => self.job(of, JobStep::Returned, before, until),
            (Some(_), Some(_)) if job.available_at > before.available_at => {
                self.job(of, JobStep::Extended, job, until);
            }
            (Some(_), Some(_)) if job.available_at < before.available_at => {
                self.job(of, JobStep::Repeated, before, None);
            }
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
    }

    /// Tells what became of one job, and keeps in mind when its lease ends.
    fn job(&mut self, of: (Lane, TxKey), step: JobStep, job: &Job, until: Option<Instant>) {
        self.crew.leases.retain(|(_, lane, key)| (*lane, *key) != of);
        if let (JobStep::Leased | JobStep::Extended, Some(until)) = (step, until) {
            self.crew.leases.insert((until, of.0, of.1));
        }
        let queue = of.0.code();
        let moved = JobMoved {
            step,
            queue: queue.to_owned(),
            worker: self.crew.holder(job),
            attempts: job.attempts,
            until: until.map(Instant::as_nanos),
        };
        self.write((queue, "jobs"), about(&of.1), Body::Job(moved));
    }

    /// Tells of the leases that end up to `now`, each when it does.
    pub(super) fn leases_ran_out(&mut self, now: Instant) {
        while let Some((at, lane, key)) = self.crew.leases.first().copied()
            && at <= now
        {
            self.crew.leases.pop_first();
            self.now = self.now.max(at);
            let job = self.crew.jobs.get(&lane).and_then(|jobs| jobs.get(&key));
            if let Some(job) = job.copied() {
                self.job((lane, key), JobStep::RanOut, &job, None);
            }
        }
    }

    pub(in crate::world) fn worker_started(&mut self, by: Tenant, name: u64) {
        if let Some(number) = by.worker {
            self.crew.workers.insert(name, number);
            self.crew.names.insert(number, name);
        }
        let started = Body::Started(Note { text: String::new() });
        self.write((&name_of(by), "process"), ids_of(by), started);
    }

    /// A worker died: what was leased to it waits until its lease runs out.
    pub(in crate::world) fn worker_died(&mut self, by: Tenant) {
        self.calls.retain(|(asker, _), _| *asker != by);
        let node = name_of(by);
        let name = by.worker.and_then(|number| self.crew.names.get(&number).copied());
        let leases: Vec<(Lane, TxKey)> = self
            .crew
            .leases
            .iter()
            .map(|(_, lane, key)| (*lane, *key))
            .collect();
        let job = |(lane, key): (Lane, TxKey)| Some((lane, key, *self.crew.jobs.get(&lane)?.get(&key)?));
        let held = leases.into_iter().filter_map(job);
        let held: Vec<(Lane, TxKey, Job)> = held
            .filter(|(.., job)| job.token.map(|token| token.worker) == name)
            .collect();
        let died = Died {
            jobs: held.len() as u64,
        };
        self.write((&node, "process"), ids_of(by), Body::Died(died));
        for (lane, key, job) in held {
            let orphaned = JobMoved {
                step: JobStep::Orphaned,
                queue: lane.code().to_owned(),
                worker: Some(node.clone()),
                attempts: job.attempts,
                until: Some(job.available_at.as_nanos()),
            };
            let ids = Ids {
                tx: about(&key).tx,
                ..ids_of(by)
            };
            self.write((&node, "process"), ids, Body::Job(orphaned));
        }
    }

    /// A worker is held up by a fault, or goes on.
    pub(in crate::world) fn worker_stopped(&mut self, by: Tenant, is_stopped: bool) {
        let text = Note { text: String::new() };
        let body = if is_stopped {
            Body::Paused(text)
        } else {
            Body::Resumed(text)
        };
        self.write((&name_of(by), "process"), ids_of(by), body);
    }

    /// A worker took an input.
    pub(in crate::world) fn worked(
        &mut self,
        by: Tenant,
        input: &Input,
        acts: usize,
        (worker, digest): (&Worker, &Digest),
    ) {
        let (event, what, ids) = match input {
            Input::Tick => ("tick", "time passed".to_owned(), ids_of(by)),
            Input::Queue { outcome, .. } => ("queue", said::queued(outcome), ids_of(by)),
            Input::Answered { call, outcome } => {
                ("answer", said::outcome(outcome), self.ids_of_call(by, *call))
            }
            Input::Reported { outcome, .. } => ("reported", acknowledged(*outcome), ids_of(by)),
            Input::Drain => ("drain", "takes no more jobs".to_owned(), ids_of(by)),
        };
        let worked = Worked {
            event: event.to_owned(),
            what,
            jobs: worker.held() as u64,
            acts: acts as u64,
            digest: digest.to_string(),
        };
        self.write((&name_of(by), "machine"), ids, Body::Worked(worked));
    }

    pub(in crate::world) fn report_sent(
        &mut self,
        (by, errand): (Tenant, ErrandId),
        report: &Report,
        delivery: Delivery,
    ) {
        self.crew.reports.insert((by, errand.number()), report.job());
        let what = message("report", said::report(report));
        let ids = self.ids_of_report(by, errand);
        let name = Name::Report(by, errand.number());
        self.sent((&name_of(by), "reports"), BANK, name, ids, (delivery, what));
    }

    pub(in crate::world) fn report_arrived(&mut self, by: Tenant, errand: ErrandId, met: Reception) {
        let ids = self.ids_of_report(by, errand);
        let name = Name::Report(by, errand.number());
        self.arrived((BANK, "door"), &name_of(by), name, ids, met);
    }

    pub(in crate::world) fn acknowledgement_sent(
        &mut self,
        (by, errand): (Tenant, ErrandId),
        outcome: Result<Taken, Answerless>,
        delivery: Delivery,
    ) {
        let what = message("acknowledgement", acknowledged(outcome));
        let ids = self.ids_of_report(by, errand);
        let name = Name::Acknowledgement(by, errand.number());
        self.sent((BANK, "door"), &name_of(by), name, ids, (delivery, what));
    }

    pub(in crate::world) fn acknowledgement_arrived(&mut self, by: Tenant, errand: ErrandId, met: Reception) {
        let ids = self.ids_of_report(by, errand);
        let name = Name::Acknowledgement(by, errand.number());
        self.arrived((&name_of(by), "reports"), BANK, name, ids, met);
    }

    fn ids_of_report(&self, by: Tenant, errand: ErrandId) -> Ids {
        let job = self.crew.reports.get(&(by, errand.number()));
        Ids {
            tx: job.and_then(|job| about(job).tx),
            ..ids_of(by)
        }
    }
}

/// The ids of a call to a queue: that of its job, if it is about one.
fn of_jobs(by: Tenant, request: &QueueRequest) -> Ids {
    let job = match request {
        QueueRequest::Enqueue { jobs, .. } if jobs.len() == 1 => jobs.first(),
        QueueRequest::Extend { leases, .. } | QueueRequest::Complete { leases } if leases.len() == 1 => {
            leases.first().map(|(job, _)| job)
        }
        QueueRequest::Release { job, .. } => Some(job),
        QueueRequest::Enqueue { .. }
        | QueueRequest::Lease { .. }
        | QueueRequest::Extend { .. }
        | QueueRequest::Complete { .. } => None,
    };
    Ids {
        tx: job.and_then(|job| about(job).tx),
        ..ids_of(by)
    }
}

/// What became of a job that is in its queue no more.
fn gone(key: &TxKey, request: Option<&QueueRequest>) -> JobStep {
    match request {
        Some(QueueRequest::Complete { leases }) if leases.iter().any(|(job, _)| job == key) => {
            JobStep::Completed
        }
        Some(
            QueueRequest::Enqueue { .. }
            | QueueRequest::Lease { .. }
            | QueueRequest::Extend { .. }
            | QueueRequest::Complete { .. }
            | QueueRequest::Release { .. },
        )
        | None => JobStep::Lost,
    }
}

fn acknowledged(outcome: Result<Taken, Answerless>) -> String {
    match outcome {
        Ok(taken) => said::taken(taken),
        Err(Answerless) => "not taken".to_owned(),
    }
}
