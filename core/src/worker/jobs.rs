//! [`Jobs`]: the jobs that a worker holds, how far each is, and until when its lease lasts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::escrow::{Tried, TxKey};
use crate::id::{ChainId, ErrandId};
use crate::limits::ATTEMPTS_KEPT_MAX;
use crate::machine::Deadline;
use crate::queue::{JOBS_PER_REQUEST_MAX, Lane, Token};
use crate::time::Instant;

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It is being verified.
    Verifying,
    /// The bank is being told; or only asked whether the chain is still held up.
    Reporting {
        errand: ErrandId,
        deadline: Instant,
        is_held_up: bool,
    },
}

/// A job that was handed out to this worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) lane: Lane,
    pub(super) token: Token,
    pub(super) attempts: u32,
    /// When its lease ends; `None` once it is lost.
    pub(super) lease: Option<Instant>,
    /// When it is prolonged.
    extend_at: Instant,
    step: Step,
    /// Whom it was asked of since the last report, and when: at most [`ATTEMPTS_KEPT_MAX`].
    tried: Vec<(Instant, Tried)>,
}

impl Job {
    pub(super) fn new(lane: Lane, token: Token, now: Instant, visibility: Duration, attempts: u32) -> Self {
        Self {
            lane,
            token,
            attempts,
            lease: Some(now.after(visibility)),
            extend_at: now.after(visibility / 2),
            step: Step::Verifying,
            tried: Vec::new(),
        }
    }

    /// Whether the bank was only asked whether the chain of the job is still held up.
    pub(super) const fn was_held_up(&self) -> bool {
        match self.step {
            Step::Verifying => false,
            Step::Reporting { is_held_up, .. } => is_held_up,
        }
    }
}

/// The jobs that a worker holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Jobs(BTreeMap<TxKey, Job>);

impl Jobs {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a job in; true if it was not held. One that comes again, from the other lane or after its lease was lost, goes
    /// on under the newer lease.
    pub(super) fn insert(&mut self, key: TxKey, job: Job) -> bool {
        match self.0.get_mut(&key) {
            None => self.0.insert(key, job).is_none(),
            Some(held) => {
                let (step, tried) = (held.step.clone(), core::mem::take(&mut held.tried));
                *held = Job { step, tried, ..job };
                false
            }
        }
    }

    /// The bank is told of a job, or asked whether its chain is still held up; false if it is not held, or the bank is being
    /// told already: with nobody to ask, attempts end as soon as they begin, and one tick may end several.
    pub(super) fn report(
        &mut self,
        key: TxKey,
        errand: ErrandId,
        deadline: Instant,
        is_held_up: bool,
    ) -> bool {
        let verified = self.0.get_mut(&key).filter(|job| job.step == Step::Verifying);
        let is_news = verified.is_some();
        if let Some(job) = verified {
            job.step = Step::Reporting {
                errand,
                deadline,
                is_held_up,
            };
        }
        is_news
    }

    /// Somebody was asked for a job. Of a job that is not held nobody wants to know it.
    pub(super) fn hear(&mut self, now: Instant, key: TxKey, tried: Tried) {
        if let Some(job) = self.0.get_mut(&key) {
            if job.tried.len() >= ATTEMPTS_KEPT_MAX {
                job.tried.remove(0);
            }
            job.tried.push((now, tried));
        }
    }

    /// Takes out what was tried with a job so far, each with how long ago that was.
    pub(super) fn take_tried(&mut self, now: Instant, key: TxKey) -> Vec<Tried> {
        let tried = self.0.get_mut(&key).map(|job| core::mem::take(&mut job.tried));
        let told = |(at, tried): (Instant, Tried)| Tried {
            ago_micros: u64::try_from(now.since(at).as_micros()).unwrap_or(u64::MAX),
            ..tried
        };
        tried.unwrap_or_default().into_iter().map(told).collect()
    }

    /// The jobs of `chain` that are being verified.
    pub(super) fn verified_on(&self, chain: ChainId) -> Vec<TxKey> {
        let jobs = self.0.iter();
        jobs.filter(|(key, job)| key.chain == chain && job.step == Step::Verifying)
            .map(|(key, _)| *key)
            .collect()
    }

    /// The lease of a job is lost; true if nobody needs to know of the job any more.
    pub(super) fn drop_lease(&mut self, key: TxKey) -> bool {
        let Some(job) = self.0.get_mut(&key) else {
            return false;
        };
        job.lease = None;
        let is_idle = job.step == Step::Verifying;
        if is_idle {
            self.0.remove(&key);
        }
        is_idle
    }

    /// Takes out the job that `errand` reports about.
    pub(super) fn take_reported(&mut self, errand: ErrandId) -> Option<(TxKey, Job)> {
        let of = |job: &Job| matches!(job.step, Step::Reporting { errand: of, .. } if of == errand);
        let key = self.0.iter().find(|(_, job)| of(job)).map(|(key, _)| *key)?;
        self.0.remove(&key).map(|job| (key, job))
    }

    /// A report whose time is over.
    pub(super) fn first_report_over(&self, now: Instant) -> Option<ErrandId> {
        self.0.values().find_map(|job| match job.step {
            Step::Reporting { errand, deadline, .. } if deadline <= now => Some(errand),
            Step::Reporting { .. } | Step::Verifying => None,
        })
    }

    /// A job whose lease is over.
    pub(super) fn first_lease_over(&self, now: Instant) -> Option<TxKey> {
        let is_over = |job: &Job| job.lease.is_some_and(|ends| ends <= now);
        self.0.iter().find(|(_, job)| is_over(job)).map(|(key, _)| *key)
    }

    /// The leases of `lane` that are to be prolonged now. Each is tried again before it is over, should that fail.
    pub(super) fn take_extendable(
        &mut self,
        now: Instant,
        lane: Lane,
        visibility: Duration,
    ) -> Vec<(TxKey, Token)> {
        let mut leases = Vec::new();
        for (key, job) in &mut self.0 {
            let is_due = job.lane == lane && job.lease.is_some() && job.extend_at <= now;
            if is_due && leases.len() < JOBS_PER_REQUEST_MAX {
                job.extend_at = now.after(visibility / 4);
                leases.push((*key, job.token));
            }
        }
        leases
    }

    /// The leases of `jobs` were prolonged to `until`, unless they were lost.
    pub(super) fn extended(&mut self, jobs: &[TxKey], until: Instant, visibility: Duration) {
        for key in jobs {
            if let Some(job) = self.0.get_mut(key).filter(|job| job.lease.is_some()) {
                job.lease = Some(until);
                job.extend_at = until.before(visibility / 2);
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let report = self.0.values().filter_map(|job| match job.step {
            Step::Reporting { deadline, .. } => Some(deadline),
            Step::Verifying => None,
        });
        let leases = self
            .0
            .values()
            .filter_map(|job| Some(job.lease?.min(job.extend_at)));
        let report = report.min().map(|at| Deadline {
            at,
            why: "a report times out",
        });
        let lease = leases.min().map(|at| Deadline {
            at,
            why: "a lease is half over, or over",
        });
        Deadline::earlier(report, lease)
    }
}

#[cfg(test)]
mod tests;
