//! What a queue is asked, and what it answers, already parsed.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::escrow::TxKey;

/// The most jobs in one request.
pub const JOBS_PER_REQUEST_MAX: usize = 256;
/// The longest lease.
pub const VISIBILITY_MAX: Duration = Duration::from_secs(3_600);

/// Where jobs wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// Redis: fast, and may forget.
    Immediate,
    /// The database, asked each few seconds: serves while the immediate lane is down.
    Database,
}

impl Lane {
    /// The name in logs, metrics and interfaces.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Database => "database",
        }
    }
}

/// Which jobs are handed out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Before all others: somebody waits.
    High,
    /// In its turn.
    Normal,
}

/// The name of one lease: no two requests of any process ever carry the same one, as far as 64 drawn bits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token {
    /// The process that leases, drawn at its start: a name that two processes share would let one complete the other's
    /// jobs.
    pub worker: u64,
    /// The number of its request.
    pub number: u64,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.worker, self.number)
    }
}

/// A job that was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leased {
    /// The transaction to verify.
    pub job: TxKey,
    /// How often the job was handed out, this time included, as far as the queue remembers: at least 1.
    pub attempts: u32,
}

/// What a queue is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum QueueRequest {
    /// These jobs are to be done. At most [`JOBS_PER_REQUEST_MAX`].
    Enqueue {
        /// The transactions.
        jobs: Vec<TxKey>,
        /// Before others or not.
        priority: Priority,
    },
    /// Hand out up to `most` jobs.
    Lease {
        /// 1 to [`JOBS_PER_REQUEST_MAX`].
        most: usize,
        /// For how long; up to [`VISIBILITY_MAX`].
        visibility: Duration,
        /// The name of the lease.
        token: Token,
    },
    /// Prolong these leases, from now.
    Extend {
        /// The jobs, each with the token of its lease.
        leases: Vec<(TxKey, Token)>,
        /// For how long.
        visibility: Duration,
    },
    /// These jobs are done. At most [`JOBS_PER_REQUEST_MAX`].
    Complete {
        /// The jobs, each with the token of its lease.
        leases: Vec<(TxKey, Token)>,
    },
    /// This job is not done: hand it out again, not before `after`.
    Release {
        /// The job.
        job: TxKey,
        /// The token of its lease.
        token: Token,
        /// How long it waits.
        after: Duration,
    },
}

/// What a queue answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum QueueReply {
    /// To [`QueueRequest::Enqueue`]: they are there.
    Enqueued,
    /// To [`QueueRequest::Lease`].
    Leased {
        /// The jobs, those to be done first in front.
        jobs: Vec<Leased>,
        /// How many more are available now.
        available: u64,
    },
    /// To [`QueueRequest::Extend`], [`QueueRequest::Complete`] and [`QueueRequest::Release`].
    Kept {
        /// The jobs whose lease was not this one any more: untouched.
        lost: Vec<TxKey>,
    },
}

/// Why a queue did not do what it was asked, as far as is known: it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LaneFault {
    /// Nothing came in time.
    Timeout,
    /// It cannot be reached.
    Connection,
    /// It has no room and refuses writes (Redis: `OOM command not allowed`).
    Full,
    /// It refuses for a reason of its own (Redis: `LOADING`, `READONLY`, `MISCONF`; a database: busy, read-only, corrupt).
    Refused,
    /// What it said is not an answer.
    Malformed,
}

impl LaneFault {
    /// The name in logs, metrics and interfaces.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Full => "full",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
        }
    }
}

#[cfg(test)]
mod tests;
