//! [`Queues`]: what the driver needs of whoever talks to the queues of jobs.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};

/// An answer that is to come.
pub type Answering = Pin<Box<dyn Future<Output = Result<QueueReply, LaneFault>> + Send>>;

/// Puts requests to queues.
pub trait Queues: Send + Sync {
    /// Asks the queue of `lane` once, and gives up after `timeout`.
    fn call(&self, lane: Lane, request: QueueRequest, timeout: Duration) -> Answering;
}

/// There are none.
pub(super) struct NoQueues;

impl Queues for NoQueues {
    fn call(&self, _: Lane, _: QueueRequest, _: Duration) -> Answering {
        Box::pin(async { Err(LaneFault::Connection) })
    }
}
