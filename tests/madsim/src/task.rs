//! Tasks as tokio has them, on madsim's.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use madsim::task as simulated;

/// A task. Dropping the handle lets it run on.
#[derive(Debug)]
pub struct JoinHandle<T>(simulated::JoinHandle<T>);

impl<T> JoinHandle<T> {
    pub(crate) const fn new(handle: simulated::JoinHandle<T>) -> Self {
        Self(handle)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(JoinError)
    }
}

/// Why a task has no result.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JoinError(simulated::JoinError);

impl JoinError {
    /// What the task panicked with.
    ///
    /// # Errors
    /// Always: a panic ends the whole run, so the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        assert!(self.0.is_cancelled(), "a panic ends the run: {}", self.0);
        Err(self)
    }
}

/// Tasks of one kind, aborted when the set is dropped.
#[derive(Debug)]
pub struct JoinSet<T>(FuturesUnordered<JoinHandle<T>>);

impl<T: Send + 'static> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// No tasks.
    #[must_use]
    pub fn new() -> Self {
        Self(FuturesUnordered::new())
    }

    /// Starts one more.
    pub fn spawn(&mut self, future: impl Future<Output = T> + Send + 'static) {
        self.0.push(JoinHandle::new(simulated::spawn(future)));
    }

    /// The next that ends, whichever it is; `None` when there is none.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.0.next().await
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(|task| task.0.abort());
    }
}
