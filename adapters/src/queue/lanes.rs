//! [`TwoLanes`]: both queues, each call with the time that it has.

use std::time::Duration;

use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};

use super::{JobQueue as _, RedisQueue, SqliteQueue};
use crate::driver::{Answering, Queues};

/// The lanes of one server or worker. Clones lead to the same queues.
#[derive(Debug, Clone)]
pub struct TwoLanes {
    immediate: Option<RedisQueue>,
    database: SqliteQueue,
}

impl TwoLanes {
    /// The database lane, and an immediate one if there is one.
    #[must_use]
    pub const fn new(immediate: Option<RedisQueue>, database: SqliteQueue) -> Self {
        Self { immediate, database }
    }

    async fn ask(&self, lane: Lane, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        match (lane, &self.immediate) {
            (Lane::Immediate, Some(queue)) => queue.call(request).await,
            (Lane::Immediate, None) => Err(LaneFault::Connection),
            (Lane::Database, _) => self.database.call(request).await,
        }
    }
}

impl Queues for TwoLanes {
    fn call(&self, lane: Lane, request: QueueRequest, timeout: Duration) -> Answering {
        let lanes = self.clone();
        Box::pin(async move {
            let outcome = tokio::time::timeout(timeout, lanes.ask(lane, request)).await;
            outcome.unwrap_or(Err(LaneFault::Timeout))
        })
    }
}
