//! [`Schedule`]: when each watched transaction is verified next.
//!
//! The fast track (0, 1, 2 s after a transaction was named), then the sweep (each 3 s, over everything that is not
//! terminal), oldest due first, so nothing starves. A transaction that was seen is also due as soon as its height is
//! final, without waiting for the sweep.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::TxHash;
use crate::time::Instant;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Job {
    named: Instant,
    attempts: u32,
    /// When it is due; `None` while it is being verified.
    due: Option<Instant>,
    /// The height at which it was seen.
    height: Option<u64>,
}

/// The timetable of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    fast_track: Vec<Duration>,
    sweep: Duration,
    jobs: BTreeMap<TxHash, Job>,
    due: BTreeSet<(Instant, TxHash)>,
    heights: BTreeSet<(u64, TxHash)>,
}

impl Schedule {
    /// An empty timetable.
    pub(crate) fn new(fast_track: Vec<Duration>, sweep: Duration) -> Self {
        Self {
            fast_track,
            sweep,
            jobs: BTreeMap::new(),
            due: BTreeSet::new(),
            heights: BTreeSet::new(),
        }
    }

    /// Puts `tx` on the fast track, from `now`. Does nothing if it is there already.
    pub(crate) fn add(&mut self, now: Instant, tx: TxHash) {
        if self.jobs.contains_key(&tx) {
            return;
        }
        let due = now.after(self.fast_track.first().copied().unwrap_or_default());
        self.jobs.insert(
            tx,
            Job {
                named: now,
                attempts: 0,
                due: Some(due),
                height: None,
            },
        );
        self.due.insert((due, tx));
    }

    /// Forgets `tx`: it is terminal.
    pub(crate) fn remove(&mut self, tx: TxHash) {
        if let Some(job) = self.jobs.remove(&tx) {
            job.due.map(|due| self.due.remove(&(due, tx)));
            job.height.map(|height| self.heights.remove(&(height, tx)));
        }
    }

    /// Notes the height at which `tx` was seen; `None` when it no longer is.
    pub(crate) fn set_height(&mut self, tx: TxHash, height: Option<u64>) {
        let Some(job) = self.jobs.get_mut(&tx) else { return };
        if let Some(old) = core::mem::replace(&mut job.height, height) {
            self.heights.remove(&(old, tx));
        }
        if let Some(height) = height {
            self.heights.insert((height, tx));
        }
    }

    /// Makes everything due that was seen at or below `finalized`. Each is hurried once.
    pub(crate) fn on_finalized(&mut self, now: Instant, finalized: u64) {
        while let Some((height, tx)) = self
            .heights
            .first()
            .copied()
            .filter(|(height, _)| *height <= finalized)
        {
            self.heights.remove(&(height, tx));
            let Some(job) = self.jobs.get_mut(&tx) else {
                continue;
            };
            job.height = None;
            if let Some(due) = job.due.filter(|due| *due > now) {
                self.due.remove(&(due, tx));
                self.due.insert((now, tx));
                job.due = Some(now);
            }
        }
    }

    /// Takes the transaction that has been due longest, if one is.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<TxHash> {
        let (due, tx) = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        self.due.remove(&(due, tx));
        if let Some(job) = self.jobs.get_mut(&tx) {
            job.due = None;
            job.attempts += 1;
        }
        Some(tx)
    }

    /// Puts `tx` back after an attempt: to the next place on the fast track, or to the next sweep.
    pub(crate) fn put_back(&mut self, now: Instant, tx: TxHash) {
        let Some(job) = self.jobs.get_mut(&tx) else { return };
        assert!(job.due.is_none(), "{tx} was put back and never taken");
        let next = usize::try_from(job.attempts)
            .ok()
            .and_then(|next| self.fast_track.get(next));
        let due = next.map_or_else(
            || now.after(self.sweep),
            |offset| job.named.after(*offset).max(now),
        );
        job.due = Some(due);
        self.due.insert((due, tx));
    }

    /// When the next one is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// How long ago by `now` `tx` was put on the fast track.
    pub(crate) fn tried_for(&self, now: Instant, tx: TxHash) -> Duration {
        self.jobs
            .get(&tx)
            .map_or(Duration::ZERO, |job| now.since(job.named))
    }

    /// How often `tx` was taken.
    pub(crate) fn attempts(&self, tx: TxHash) -> u32 {
        self.jobs.get(&tx).map_or(0, |job| job.attempts)
    }
}

#[cfg(test)]
mod tests;
