//! [`TwoLanes`]: both queues, each call with the time that it has.

use std::path::Path;
use std::time::Duration;

use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};

use super::{JobQueue as _, RedisQueue, RedisUrlError, SqliteQueue};
use crate::clock::Clock;
use crate::config::WorkersConfig;
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

    /// The lanes that `workers` names, for the journal at `journal`.
    ///
    /// # Errors
    /// [`RedisUrlError`]: the address of Redis is none.
    pub fn open(workers: &WorkersConfig, journal: &Path, clock: Clock) -> Result<Self, RedisUrlError> {
        let redis = workers.redis.as_ref();
        let immediate = redis
            .map(|url| RedisQueue::new(url, &workers.queue))
            .transpose()?;
        let database = SqliteQueue::new(SqliteQueue::beside(journal), clock);
        Ok(Self::new(immediate, database))
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
