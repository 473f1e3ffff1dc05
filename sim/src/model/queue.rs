//! A work queue: what one lane does with each request, at a time that its caller says.
//!
//! It has no faults of its own. The real lanes pass the same scripts of requests as this model, so what it does is what they
//! do, as long as they answer.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::queue::{
    JOBS_PER_REQUEST_MAX, Leased, Priority, QueueReply, QueueRequest, Token, VISIBILITY_MAX,
};
use plimsoll_core::time::Instant;

/// The order in which jobs are handed out: by priority, by how long each has been available, and by name.
type Turn = (Priority, Instant, TxKey);

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    jobs: BTreeMap<TxKey, Job>,
    turns: BTreeSet<Turn>,
}

/// A job in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    priority: Priority,
    /// When it is there for anybody.
    pub available_at: Instant,
    /// The last lease, until the job is released: it holds after its end too, while nobody else has the job.
    pub token: Option<Token>,
    /// How often it was handed out.
    pub attempts: u32,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what is asked.
    ///
    /// # Panics
    /// When the request is outside the bounds of its type.
    pub fn call(&mut self, now: Instant, request: &QueueRequest) -> QueueReply {
        match request {
            QueueRequest::Enqueue { jobs, priority } => self.enqueue(now, jobs, *priority),
            QueueRequest::Lease {
                most,
                visibility,
                token,
            } => {
                assert!(
                    (1..=JOBS_PER_REQUEST_MAX).contains(most),
                    "a lease of {most} jobs"
                );
                assert!(*visibility <= VISIBILITY_MAX, "a lease of {visibility:?}");
                self.lease(now, *most, now.after(*visibility), *token)
            }
            QueueRequest::Extend { leases, visibility } => {
                let until = now.after(*visibility);
                self.keep(leases, |queue, key, job| {
                    queue.put(
                        key,
                        Job {
                            available_at: until,
                            ..job
                        },
                    );
                })
            }
            QueueRequest::Complete { leases } => self.keep(leases, |_, _, _| {}),
            QueueRequest::Release { job, token, after } => self.keep(&[(*job, *token)], |queue, key, job| {
                let available_at = now.after(*after);
                queue.put(
                    key,
                    Job {
                        available_at,
                        token: None,
                        ..job
                    },
                );
            }),
        }
    }

    /// Every job, by its name.
    pub fn jobs(&self) -> impl Iterator<Item = (&TxKey, &Job)> {
        self.jobs.iter()
    }

    /// How many jobs are available.
    #[must_use]
    pub fn depth(&self, now: Instant) -> u64 {
        self.available(now).map(|_| 1).sum()
    }

    /// How many jobs there are, available or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Forgets everything.
    pub fn lose_all(&mut self) {
        *self = Self::default();
    }

    /// Forgets each job for which `is_lost` says so, in the order of their names.
    pub fn lose(&mut self, mut is_lost: impl FnMut() -> bool) {
        let lost: Vec<TxKey> = self.jobs.keys().copied().filter(|_| is_lost()).collect();
        for key in lost {
            self.take(key);
        }
    }

    /// Makes every job available that is handed out, though its lease is not over.
    pub fn end_leases(&mut self, now: Instant) {
        let is_held = |job: &Job| job.token.is_some() && job.available_at > now;
        let held = self.jobs.iter().filter(|(_, job)| is_held(job));
        let held: Vec<TxKey> = held.map(|(key, _)| *key).collect();
        for key in held {
            if let Some(job) = self.take(key) {
                let available_at = now;
                self.put(key, Job { available_at, ..job });
            }
        }
    }

    fn enqueue(&mut self, now: Instant, jobs: &[TxKey], priority: Priority) -> QueueReply {
        assert!(jobs.len() <= JOBS_PER_REQUEST_MAX, "{} jobs at once", jobs.len());
        for key in jobs {
            let fresh = Job {
                priority,
                available_at: now,
                token: None,
                attempts: 0,
            };
            let job = self.take(*key).unwrap_or(fresh);
            let priority = job.priority.min(priority);
            self.put(*key, Job { priority, ..job });
        }
        QueueReply::Enqueued
    }

    fn lease(&mut self, now: Instant, most: usize, until: Instant, token: Token) -> QueueReply {
        let chosen: Vec<TxKey> = self.available(now).take(most).collect();
        let mut jobs = Vec::with_capacity(chosen.len());
        for key in chosen {
            let Some(job) = self.take(key) else {
                unreachable!("a turn of no job")
            };
            let attempts = job.attempts.saturating_add(1);
            let leased = Job {
                available_at: until,
                token: Some(token),
                attempts,
                ..job
            };
            self.put(key, leased);
            jobs.push(Leased { job: key, attempts });
        }
        QueueReply::Leased {
            jobs,
            available: self.depth(now),
        }
    }

    /// Takes out each job whose lease is the one named, for `then` to put back or not.
    fn keep(&mut self, leases: &[(TxKey, Token)], then: impl Fn(&mut Self, TxKey, Job)) -> QueueReply {
        assert!(
            leases.len() <= JOBS_PER_REQUEST_MAX,
            "{} leases at once",
            leases.len()
        );
        let mut lost = Vec::new();
        for (key, token) in leases {
            let is_held = self.jobs.get(key).is_some_and(|job| job.token == Some(*token));
            match is_held.then(|| self.take(*key)).flatten() {
                Some(job) => then(self, *key, job),
                None => lost.push(*key),
            }
        }
        QueueReply::Kept { lost }
    }

    fn available(&self, now: Instant) -> impl Iterator<Item = TxKey> {
        let least = TxKey {
            chain: ChainId::new(0),
            tx: TxHash::Evm([0; 32]),
        };
        let of = move |priority| {
            let turns = self.turns.range((priority, Instant::ZERO, least)..);
            let is_so = move |turn: &&Turn| turn.0 == priority && turn.1 <= now;
            turns.take_while(is_so).map(|turn| turn.2)
        };
        of(Priority::High).chain(of(Priority::Normal))
    }

    fn put(&mut self, key: TxKey, job: Job) {
        self.turns.insert((job.priority, job.available_at, key));
        self.jobs.insert(key, job);
    }

    fn take(&mut self, key: TxKey) -> Option<Job> {
        let job = self.jobs.remove(&key)?;
        self.turns.remove(&(job.priority, job.available_at, key));
        Some(job)
    }
}

#[cfg(test)]
mod tests;
