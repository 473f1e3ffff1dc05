//! A journal whose disk outlives the process that writes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_adapters::store::{Journal, Progress};
use plimsoll_core::bank::{Record, State};
use plimsoll_core::journal::{Batch, BatchError, Head, OpenedBatch, Position};
use plimsoll_core::outbox::Appended;
use serde::de::DeserializeOwned;

/// How long a sync takes, once before the batch is durable and once before anybody is told.
const HALF_SYNC: Duration = Duration::from_millis(6);

/// What is durable.
#[derive(Debug, Default)]
struct Platter {
    head: Head,
    batches: Vec<Batch>,
}

/// A disk. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    /// Opens the journal on it for a new term, which fences off whoever wrote before.
    pub(crate) fn open(&self) -> DiskJournal {
        let mut platter = self.lock();
        platter.head.epoch += 1;
        DiskJournal {
            epoch: platter.head.epoch,
            disk: self.clone(),
        }
    }

    /// Every durable batch, oldest first.
    pub(crate) fn batches(&self) -> Vec<Batch> {
        self.lock().batches.clone()
    }

    /// The durable head.
    pub(crate) fn head(&self) -> Head {
        self.lock().head
    }

    /// What a restart would find.
    pub(crate) fn state(&self) -> State {
        let mut state = State::default();
        let each = |opened: OpenedBatch<Record>, _| opened.records.iter().for_each(|one| state.apply(one));
        if let Err(error) = self.read(each) {
            unreachable!("the journal is not what was written: {error}")
        }
        state.check();
        state
    }

    fn read<R: DeserializeOwned>(
        &self,
        mut each: impl FnMut(OpenedBatch<R>, Position),
    ) -> Result<Head, BatchError> {
        let mut head = Head::default();
        for batch in self.batches() {
            let opened = Batch::open(&mut head, &batch.hash, &batch.bytes)?;
            each(opened, head.position);
        }
        Ok(head)
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal on a [`Disk`], for one term.
#[derive(Debug)]
pub(crate) struct DiskJournal {
    epoch: u64,
    disk: Disk,
}

impl Journal for DiskJournal {
    type Error = BatchError;

    async fn append(&mut self, batch: &Batch) -> Appended {
        tokio::time::sleep(HALF_SYNC).await;
        if !self.keep(batch) {
            return Appended::Fenced;
        }
        tokio::time::sleep(HALF_SYNC).await;
        Appended::Committed
    }

    async fn head(&mut self) -> Option<Head> {
        tokio::time::sleep(HALF_SYNC).await;
        Some(self.disk.head())
    }

    async fn replay<R: DeserializeOwned + Send>(
        &mut self,
        mut each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> Result<Head, BatchError> {
        let of = self.disk.head().position;
        let read = self
            .disk
            .read(|opened, position| each(opened, Progress { position, of }));
        let head = read?;
        let epoch = self.epoch;
        Ok(Head { epoch, ..head })
    }

    async fn close(self) {}
}

impl DiskJournal {
    /// Keeps `batch` if it comes from the current term and follows the head.
    fn keep(&self, batch: &Batch) -> bool {
        let mut platter = self.disk.lock();
        let head = platter.head;
        let follows =
            batch.epoch == head.epoch && batch.after == head.position && batch.previous == head.hash;
        if follows {
            platter.head = Head {
                position: batch.last,
                hash: batch.hash,
                ..head
            };
            platter.batches.push(batch.clone());
        }
        follows
    }
}
