//! [`Schedule`]: when each watched transaction is verified next.
//!
//! The fast track (0, 1, 2 s after a transaction was named), then the sweep (each 3 s, over everything that is not
//! terminal), oldest due first, so nothing starves. A transaction that was seen is also due as soon as its height is
//! agreed to be final, even if it is being verified at that moment: its answers may be older. Whoever answers may be
//! behind those who agreed, so it is looked for again at a pace of its own until two show it final.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::pace::pace;
use crate::id::TxHash;
use crate::queue::Priority;
use crate::time::Instant;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// This transaction is to be verified.
    Verify(TxHash),
    /// This one is for the workers, and due again at the next sweep.
    HandOver(TxHash, Priority),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Job {
    named: Instant,
    attempts: u32,
    /// When it is due; `None` while it is being verified.
    due: Option<Instant>,
    /// When it was taken last.
    taken: Instant,
    /// The height at which it was seen, while that is not agreed to be final.
    height: Option<u64>,
    /// Since when it is.
    final_since: Option<Instant>,
    /// Since when the workers have it, while none has reported what it found.
    handed: Option<Instant>,
    /// Whether it is to be verified here next, by an operator's order.
    is_forced: bool,
    /// Whether the last look at it found no quorum that said anything: whoever is here may be cut off from the endpoints.
    is_blind: bool,
}

/// The timetable of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    fast_track: Vec<Duration>,
    sweep: Duration,
    /// For how long the workers may have a transaction before it is verified here all the same; `None`: there are none.
    takeover: Option<Duration>,
    jobs: BTreeMap<TxHash, Job>,
    due: BTreeSet<(Instant, TxHash)>,
    heights: BTreeSet<(u64, TxHash)>,
    /// When something was seen last.
    last_sighting: Instant,
}

impl Schedule {
    /// An empty timetable. What the fast track did not decide is for workers, if `takeover` says for how long.
    pub(crate) fn new(fast_track: Vec<Duration>, sweep: Duration, takeover: Option<Duration>) -> Self {
        Self {
            fast_track,
            sweep,
            takeover,
            jobs: BTreeMap::new(),
            due: BTreeSet::new(),
            heights: BTreeSet::new(),
            last_sighting: Instant::ZERO,
        }
    }

    /// Whether `tx` is on it.
    pub(crate) fn knows(&self, tx: TxHash) -> bool {
        self.jobs.contains_key(&tx)
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
                taken: now,
                height: None,
                final_since: None,
                handed: None,
                is_forced: false,
                is_blind: false,
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
    pub(crate) fn set_height(&mut self, now: Instant, tx: TxHash, height: Option<u64>) {
        let Some(job) = self.jobs.get_mut(&tx) else { return };
        job.final_since = None;
        if let Some(old) = core::mem::replace(&mut job.height, height) {
            self.heights.remove(&(old, tx));
        }
        if let Some(height) = height {
            self.heights.insert((height, tx));
            self.last_sighting = now;
        }
    }

    /// Since when, at the latest, something that was seen waits for finality.
    pub(crate) fn awaits_finality(&self) -> Option<Instant> {
        (!self.heights.is_empty()).then_some(self.last_sighting)
    }

    /// Makes everything due that was seen at or below `finalized`, which is agreed to be final.
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
            job.final_since = Some(now);
            job.is_blind = false;
            if let Some(due) = job.due.filter(|due| *due > now) {
                self.due.remove(&(due, tx));
                self.due.insert((now, tx));
                job.due = Some(now);
            }
        }
    }

    /// Takes the transaction that has been due longest, if one is.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Due> {
        let (due, tx) = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        self.due.remove(&(due, tx));
        if let Some(priority) = self.for_workers(now, tx) {
            let again = now.after(self.sweep);
            self.due.insert((again, tx));
            if let Some(job) = self.jobs.get_mut(&tx) {
                job.due = Some(again);
            }
            return Some(Due::HandOver(tx, priority));
        }
        if let Some(job) = self.jobs.get_mut(&tx) {
            job.due = None;
            job.is_forced = false;
            job.taken = now;
            job.attempts += 1;
        }
        Some(Due::Verify(tx))
    }

    /// Whether `tx` is for the workers now: not while it is on the fast track, nor once it was seen, because what waits for
    /// finality is due at moments that are known here, as long as heads are; and not when they have had it for long and
    /// none has reported what it found.
    fn for_workers(&mut self, now: Instant, tx: TxHash) -> Option<Priority> {
        let takeover = self.takeover?;
        let job = self.jobs.get_mut(&tx)?;
        let is_fresh = usize::try_from(job.attempts).is_ok_and(|attempts| attempts < self.fast_track.len());
        let is_seen = job.height.is_some() || job.final_since.is_some();
        if is_fresh || job.is_forced || (is_seen && !job.is_blind) {
            return None;
        }
        let Some(since) = job.handed else {
            job.handed = Some(now);
            return Some(Priority::High);
        };
        (now.since(since) < takeover).then_some(Priority::Normal)
    }

    /// A worker has verified `tx`. One that could not tell has not used its time: whoever is here may be able to.
    pub(crate) fn on_reported(&mut self, tx: TxHash, is_decided: bool) {
        if let Some(job) = self.jobs.get_mut(&tx) {
            job.attempts += 1;
            job.handed = job.handed.filter(|_| !is_decided);
        }
    }

    /// Puts `tx` back after an attempt, which a quorum decided or not: to the next place on the fast track, or to the next sweep. What is agreed to be
    /// final comes sooner: at once if that was agreed during the attempt, or else at its own pace.
    pub(crate) fn put_back(&mut self, now: Instant, tx: TxHash, is_decided: bool) {
        let Some(job) = self.jobs.get_mut(&tx) else { return };
        job.is_blind = !is_decided;
        assert!(job.due.is_none(), "{tx} was put back and never taken");
        let next = usize::try_from(job.attempts)
            .ok()
            .and_then(|next| self.fast_track.get(next));
        let due = next.map_or_else(
            || now.after(self.sweep),
            |offset| job.named.after(*offset).max(now),
        );
        let hurried = job.final_since.map(|since| {
            let is_news = since > job.taken;
            let wait = pace(now.since(since), self.sweep);
            if is_news { now } else { now.after(wait) }
        });
        let due = hurried.map_or(due, |hurried| hurried.min(due));
        job.due = Some(due);
        self.due.insert((due, tx));
    }

    /// Makes `tx` due within `wait`, if it waits at all.
    pub(crate) fn hurry(&mut self, now: Instant, tx: TxHash, wait: Duration) {
        let Some(job) = self.jobs.get_mut(&tx) else { return };
        let soon = now.after(wait);
        if let Some(due) = job.due.filter(|due| *due > soon) {
            self.due.remove(&(due, tx));
            self.due.insert((soon, tx));
            job.due = Some(soon);
        }
    }

    /// How many transactions there are.
    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Makes everything due that waits.
    pub(crate) fn all_due(&mut self, now: Instant) {
        for (due, tx) in core::mem::take(&mut self.due) {
            let due = due.min(now);
            self.due.insert((due, tx));
            if let Some(job) = self.jobs.get_mut(&tx) {
                job.due = Some(due);
            }
        }
    }

    /// Begins anew with everything, as if it had been named `now`; how often it was taken is kept.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.all_due(now);
        for job in self.jobs.values_mut() {
            (job.named, job.handed) = (now, None);
        }
    }

    /// Makes `tx` due at once, to be verified here; does nothing while it is.
    pub(crate) fn force(&mut self, now: Instant, tx: TxHash) {
        self.hurry(now, tx, Duration::ZERO);
        if let Some(job) = self.jobs.get_mut(&tx) {
            job.is_forced = job.due.is_some();
        }
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
