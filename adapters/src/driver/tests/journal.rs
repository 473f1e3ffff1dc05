//! A journal in memory that fails on command.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use plimsoll_core::bank::{Record, State};
use plimsoll_core::journal::{Batch, Head, OpenedBatch};
use plimsoll_core::outbox::Appended;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::store::{Journal, Progress};

/// What an append does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Commits,
    Fails,
    UnknownAndKept,
    UnknownAndLost,
    Fenced,
}

#[derive(Debug, Default)]
struct Disk {
    head: Head,
    batches: Vec<Batch>,
    /// What the next appends do; what is not said commits.
    fates: VecDeque<Fate>,
    /// How many readings of the head fail from now on.
    unreadable: u32,
    is_closed: bool,
}

/// A journal whose disk the test can see.
#[derive(Debug, Clone)]
pub(crate) struct MemoryJournal {
    disk: Arc<Mutex<Disk>>,
    /// One permit an append.
    gate: Arc<Semaphore>,
}

impl MemoryJournal {
    pub(crate) fn new(fates: &[Fate]) -> Self {
        let journal = Self::gated(fates);
        journal.open_gate();
        journal
    }

    /// A journal whose appends wait until the gate is opened.
    pub(super) fn gated(fates: &[Fate]) -> Self {
        let head = Head {
            epoch: 1,
            ..Head::default()
        };
        let disk = Disk {
            head,
            fates: fates.iter().copied().collect(),
            ..Disk::default()
        };
        Self {
            disk: Arc::new(Mutex::new(disk)),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    pub(super) fn open_gate(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    pub(crate) fn make_head_unreadable(&self, times: u32) {
        self.disk().unreadable = times;
    }

    pub(super) fn batches(&self) -> usize {
        self.disk().batches.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.disk().is_closed
    }

    /// What a restart would find, audited.
    pub(super) fn state(&self) -> State {
        let mut state = State::default();
        self.read(|opened: OpenedBatch<Record>, _| {
            opened.records.iter().for_each(|record| state.apply(record))
        });
        state.check();
        state
    }

    fn read<R: DeserializeOwned>(&self, mut each: impl FnMut(OpenedBatch<R>, Progress)) -> Head {
        let batches = self.disk().batches.clone();
        let stored = self.disk().head;
        let mut head = Head::default();
        for batch in &batches {
            let opened = Batch::open(&mut head, &batch.hash, &batch.bytes).unwrap();
            each(
                opened,
                Progress {
                    position: head.position,
                    of: stored.position,
                },
            );
        }
        assert_eq!((head.position, head.hash), (stored.position, stored.hash));
        stored
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }
}

impl Disk {
    fn keep(&mut self, batch: &Batch) {
        assert_eq!(batch.after, self.head.position, "the outbox lost count");
        assert_eq!(batch.previous, self.head.hash);
        self.head = Head {
            epoch: self.head.epoch,
            position: batch.last,
            hash: batch.hash,
        };
        self.batches.push(batch.clone());
    }
}

impl Journal for MemoryJournal {
    type Error = Infallible;

    async fn append(&mut self, batch: &Batch) -> Appended {
        self.gate.acquire().await.unwrap().forget();
        let mut disk = self.disk();
        match disk.fates.pop_front().unwrap_or(Fate::Commits) {
            Fate::Commits => {
                disk.keep(batch);
                Appended::Committed
            }
            Fate::Fails => Appended::Failed,
            Fate::UnknownAndKept => {
                disk.keep(batch);
                Appended::Unknown
            }
            Fate::UnknownAndLost => Appended::Unknown,
            Fate::Fenced => {
                disk.head.epoch += 1;
                Appended::Fenced
            }
        }
    }

    async fn head(&mut self) -> Option<Head> {
        let mut disk = self.disk();
        if disk.unreadable > 0 {
            disk.unreadable -= 1;
            return None;
        }
        Some(disk.head)
    }

    async fn replay<R>(
        &mut self,
        each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> Result<Head, Infallible>
    where
        R: DeserializeOwned + Send,
    {
        Ok(self.read(each))
    }

    async fn close(self) {
        self.disk().is_closed = true;
    }
}
