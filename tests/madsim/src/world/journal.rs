//! [`StoreJournal`]: the simulator's store, as the driver's journal.

use plimsoll_core::bank::{Record, State};
use plimsoll_core::journal::{Batch, BatchError, Head, OpenedBatch};
use plimsoll_core::outbox::Appended;
use plimsoll_sim::model::store::{Done, Store};
use serde::de::DeserializeOwned;

use super::stage::Shared;
use crate::store::{Journal, Progress};

/// The journal in the store, for one term.
pub(super) struct StoreJournal {
    epoch: u64,
    shared: Shared,
}

impl StoreJournal {
    /// Opens the store for a new term, which fences off whoever wrote before; `None` while it cannot be reached.
    pub(super) fn open(shared: &Shared) -> Option<Self> {
        let opened = shared.lock().store.open()?;
        Some(Self {
            epoch: opened.epoch,
            shared: shared.clone(),
        })
    }
}

impl Journal for StoreJournal {
    type Error = BatchError;

    async fn append(&mut self, batch: &Batch) -> Appended {
        let took = self.shared.lock().store.append(batch);
        self.shared.clock.sleep_until(self.shared.now().after(took)).await;
        let stage = &mut *self.shared.lock();
        let Done::Appended { answer, .. } = stage.store.finish() else {
            unreachable!("the store was asked to append")
        };
        stage.tally.doubts += u64::from(answer == Appended::Unknown);
        answer
    }

    async fn head(&mut self) -> Option<Head> {
        let took = self.shared.lock().store.read_head();
        self.shared.clock.sleep_until(self.shared.now().after(took)).await;
        let Done::Head(head) = self.shared.lock().store.finish() else {
            unreachable!("the store was asked for its head")
        };
        head
    }

    async fn replay<R: DeserializeOwned + Send>(
        &mut self,
        mut each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> Result<Head, BatchError> {
        let stage = self.shared.lock();
        let of = stage.store.head().position;
        let mut head = Head::default();
        for (hash, bytes) in stage.store.batches() {
            let opened = Batch::open(&mut head, hash, bytes)?;
            let position = head.position;
            each(opened, Progress { position, of });
        }
        let epoch = self.epoch;
        Ok(Head { epoch, ..head })
    }

    async fn close(self) {}
}

/// What a restart would find.
pub(super) fn durable_state(store: &Store) -> State {
    let mut state = State::default();
    let mut head = Head::default();
    for (hash, bytes) in store.batches() {
        match Batch::open::<Record>(&mut head, hash, bytes) {
            Ok(opened) => opened.records.iter().for_each(|record| state.apply(record)),
            Err(error) => unreachable!("the journal is not what was written: {error}"),
        }
    }
    state.check();
    state
}
