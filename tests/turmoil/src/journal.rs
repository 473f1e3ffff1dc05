//! The journal: the simulator's model of a store behind the shell's interface. It outlives the process that writes it,
//! and has the faults of the model.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_adapters::store::{Journal, Progress};
use plimsoll_core::bank::{Record, State};
use plimsoll_core::journal::{Batch, BatchError, Head, OpenedBatch};
use plimsoll_core::outbox::Appended;
use plimsoll_sim::fault::CrashLoss;
use plimsoll_sim::model::store::{Done, Store};
use serde::de::DeserializeOwned;

/// A disk. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug)]
struct Platter {
    store: Store,
    /// Whether another writer took the journal over since it was opened last.
    is_usurped: bool,
}

impl Disk {
    /// A disk that holds `store`.
    pub(crate) fn new(store: Store) -> Self {
        let is_usurped = false;
        Self(Arc::new(Mutex::new(Platter { store, is_usurped })))
    }

    /// Opens the journal on it for a new term, which fences off whoever wrote before; `None` while it cannot be reached.
    pub(crate) fn open(&self) -> Option<DiskJournal> {
        let mut platter = self.lock();
        let head = platter.store.open()?;
        platter.is_usurped = false;
        Some(DiskJournal {
            epoch: head.epoch,
            disk: self.clone(),
        })
    }

    /// Lets a fault of the store begin or end.
    pub(crate) fn strike(&self, fault: impl FnOnce(&mut Store)) {
        fault(&mut self.lock().store);
    }

    /// Another writer takes the journal over.
    pub(crate) fn usurp(&self) {
        let mut platter = self.lock();
        platter.store.usurp();
        platter.is_usurped = true;
    }

    /// Whether another writer took the journal over since it was opened last.
    pub(crate) fn is_usurped(&self) -> bool {
        self.lock().is_usurped
    }

    /// The process is gone, and with it what a crash with `loss` leaves of what was not synced.
    pub(crate) fn crash(&self, loss: CrashLoss) {
        let _ = self.lock().store.crash(loss);
    }

    /// Every durable batch, oldest first: its hash and its bytes.
    pub(crate) fn batches(&self) -> Vec<(plimsoll_core::journal::ChainHash, Vec<u8>)> {
        let platter = self.lock();
        let batches = platter.store.batches();
        batches.map(|(hash, bytes)| (*hash, bytes.to_vec())).collect()
    }

    /// What a restart would find.
    ///
    /// # Panics
    /// When that is not what was written.
    pub(crate) fn state(&self) -> State {
        let mut state = State::default();
        let mut head = Head::default();
        for (hash, bytes) in self.batches() {
            let opened = Batch::open::<Record>(&mut head, &hash, &bytes);
            let opened =
                opened.unwrap_or_else(|error| unreachable!("the journal is not what was written: {error}"));
            opened.records.iter().for_each(|one| state.apply(one));
        }
        state.check();
        state
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self) -> Done {
        self.lock().store.finish()
    }
}

/// The journal on a [`Disk`], for one term.
#[derive(Debug)]
pub(crate) struct DiskJournal {
    epoch: u64,
    disk: Disk,
}

impl DiskJournal {
    /// The term.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl Journal for DiskJournal {
    type Error = BatchError;

    async fn append(&mut self, batch: &Batch) -> Appended {
        let takes = self.disk.lock().store.append(batch);
        tokio::time::sleep(takes).await;
        match self.disk.finish() {
            Done::Appended { answer, .. } => answer,
            Done::Head(_) => unreachable!("it was asked to append"),
        }
    }

    async fn head(&mut self) -> Option<Head> {
        let takes = self.disk.lock().store.read_head();
        tokio::time::sleep(takes).await;
        match self.disk.finish() {
            Done::Head(head) => head,
            Done::Appended { .. } => unreachable!("it was asked for its head"),
        }
    }

    async fn replay<R: DeserializeOwned + Send>(
        &mut self,
        mut each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> Result<Head, BatchError> {
        let of = self.disk.lock().store.head().position;
        let mut head = Head::default();
        for (hash, bytes) in self.disk.batches() {
            let opened = Batch::open(&mut head, &hash, &bytes)?;
            let position = head.position;
            each(opened, Progress { position, of });
        }
        let epoch = self.epoch;
        Ok(Head { epoch, ..head })
    }

    async fn close(self) {}
}
