//! The `[workers]` table: how jobs are handed over to workers, and how workers work. A server without it verifies everything
//! itself.

use std::time::Duration;

use figment::value::Value;
use plimsoll_core::escrow::Workers;
use plimsoll_core::worker::WorkerPolicy;

use super::fault::Faults;
use super::section::{Section, Unfit, duration, name, text, within};
use crate::queue::RedisUrl;

/// The most worker tasks inside a server: each has pools of its own.
const TASKS_MAX: u64 = 64;
/// The most characters of a queue's name.
const NAME_CHARS_MAX: usize = 64;

/// How jobs get to workers, and what a worker does with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkersConfig {
    /// Where the immediate lane is; `None`: there is the database lane alone.
    pub redis: Option<RedisUrl>,
    /// What the queue is called in Redis.
    pub queue: String,
    /// How long workers may have a transaction before the bank verifies it itself.
    pub takeover: Duration,
    /// How many worker tasks the server runs itself.
    pub tasks: usize,
    /// How each worker works.
    pub policy: WorkerPolicy,
}

impl Default for WorkersConfig {
    /// No immediate lane, half a minute, one task.
    fn default() -> Self {
        Self {
            redis: None,
            queue: "plimsoll".to_owned(),
            takeover: Duration::from_secs(30),
            tasks: 1,
            policy: WorkerPolicy::default(),
        }
    }
}

impl WorkersConfig {
    /// What the bank is told of it.
    pub(super) const fn for_bank(&self) -> Workers {
        Workers {
            has_immediate: self.redis.is_some(),
            takeover: self.takeover,
        }
    }
}

/// Reads the table, and checks how workers work.
pub(super) fn read(mut section: Section, faults: &mut Faults) -> WorkersConfig {
    let default = WorkersConfig::default();
    let redis = section.optional("redis", |value| redis(value).map(Some), None, faults);
    let queue = section.optional("queue", name(NAME_CHARS_MAX), default.queue, faults);
    let takeover = section.optional("takeover", duration, default.takeover, faults);
    let tasks = section.optional("tasks", count(0, TASKS_MAX), default.tasks, faults);
    let given = default.policy;
    let policy = WorkerPolicy {
        jobs_max: section.optional("jobs_max", count(1, 1024), given.jobs_max, faults),
        visibility: section.optional("visibility", duration, given.visibility, faults),
        immediate_poll: section.optional("immediate_poll", duration, given.immediate_poll, faults),
        database_poll: section.optional("database_poll", duration, given.database_poll, faults),
        call_timeout: section.optional("call_timeout", duration, given.call_timeout, faults),
        report_timeout: section.optional("report_timeout", duration, given.report_timeout, faults),
    };
    if let Err(error) = policy.check() {
        faults.add(
            section.path_of(error.setting),
            format!("must be {}", error.expected),
            "leave it out to get the default, which fits the others' defaults",
        );
    }
    section.finish(faults);
    WorkersConfig {
        redis,
        queue,
        takeover,
        tasks,
        policy,
    }
}

/// The address itself is never repeated in a fault: it may hold a password.
fn redis(value: Value) -> Result<RedisUrl, Unfit> {
    text(value)?.parse().map_err(|error| {
        Unfit::new(
            format!("is {error}"),
            "write redis://[user:password@]host[:port][/database] or unix:///path/to/socket; to reach one by TLS, put a \
             tunnel before it",
        )
    })
}

fn count(low: u64, high: u64) -> impl Fn(Value) -> Result<usize, Unfit> {
    move |value| within(low, high)(value).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
