//! Tasks are started here and nowhere else, so that nothing runs without an owner.

use std::future::{Future, pending};
use std::io;
use std::thread;

use tokio::task::{JoinHandle, JoinSet};

/// Starts `future` as a task of its own. Its owner must await the handle.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where a task is started")]
pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(future)
}

/// Starts a thread for work that waits for a disk. Its owner must join it.
pub(crate) fn start_thread(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Tasks of one kind. They are aborted when their owner drops them.
#[derive(Debug)]
pub(crate) struct Tasks<T>(JoinSet<T>);

impl<T: Send + 'static> Tasks<T> {
    /// No tasks.
    pub(crate) fn new() -> Self {
        Self(JoinSet::new())
    }

    /// Starts one more.
    #[expect(clippy::disallowed_methods, reason = "the one place where a task is started")]
    pub(crate) fn start(&mut self, future: impl Future<Output = T> + Send + 'static) {
        self.0.spawn(future);
    }

    /// The next result, whichever comes first; waits for ever while there is no task. One that panicked has no
    /// result: it is logged, and whoever needs it counts the time. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> T {
        loop {
            match self.0.join_next().await {
                Some(Ok(result)) => return result,
                Some(Err(error)) => tracing::error!(%error, "a task ended without a result"),
                None => pending().await,
            }
        }
    }
}
