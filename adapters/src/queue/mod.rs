//! The work queues: where jobs wait until a worker takes them.
//!
//! What a queue promises, and what for, is written in `plimsoll_core::queue`. Here are two that keep it: [`RedisQueue`], the
//! immediate lane, and [`SqliteQueue`], the database lane. Both do each request in one step that others see whole or not at
//! all, both measure time by one clock that all their users share, and both may lose what they have. [`TwoLanes`] is what a
//! server or a worker holds.

mod job;
mod lanes;
mod redis;
mod sqlite;

use std::future::Future;

use plimsoll_core::queue::{LaneFault, QueueReply, QueueRequest};

pub use lanes::TwoLanes;
pub use redis::{RedisQueue, RedisUrl, RedisUrlError};
pub use sqlite::SqliteQueue;

/// A queue that is somewhere else.
pub trait JobQueue {
    /// Does what is asked, whole or not at all. After a fault it may have done it. It may take for ever: its caller counts
    /// the time, and letting the call go is in order.
    fn call(&self, request: QueueRequest) -> impl Future<Output = Result<QueueReply, LaneFault>> + Send;
}
