//! [`Journal`]: what the driver needs of a store.

use std::error::Error;
use std::future::Future;

use plimsoll_core::journal::{Batch, Head, OpenedBatch, Position};
use plimsoll_core::outbox::Appended;
use serde::de::DeserializeOwned;

/// A journal that this process writes, opened for one term of office (an epoch).
///
/// Opening is each implementation's own affair; it begins a later epoch than any before, durably, so that every
/// earlier writer is fenced off from that moment.
pub trait Journal: Send + 'static {
    /// Why a stored journal cannot be read.
    type Error: Error + Send + Sync + 'static;

    /// Makes `batch` durable if the head still is what it follows: epoch, position and hash.
    ///
    /// The answer never promises more than is known: [`Appended::Failed`] only when the batch certainly is not
    /// durable, [`Appended::Unknown`] whenever a commit was sent and no success came back.
    fn append(&mut self, batch: &Batch) -> impl Future<Output = Appended> + Send;

    /// The durable head, with the epoch of the latest writer; `None` when the store cannot say.
    fn head(&mut self) -> impl Future<Output = Option<Head>> + Send;

    /// Reads every batch from the first, verifies the chain, and gives the records to `each`, oldest first.
    /// Returns the head that the batches lead to, with this writer's epoch.
    ///
    /// # Errors
    /// The first thing that is wrong; `each` then saw only what is right.
    fn replay<R>(
        &mut self,
        each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> impl Future<Output = Result<Head, Self::Error>> + Send
    where
        R: DeserializeOwned + Send;

    /// Lets the journal go, so that another writer can open it at once.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// How far a reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records up to here are read.
    pub position: Position,
    /// Where the journal ends.
    pub of: Position,
}
