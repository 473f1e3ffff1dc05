//! The work queue, as the core sees it: the words in which jobs are handed over and leased, and which lane is used.
//!
//! A job is the wish that somebody verifies one transaction. It is a hint and never a record: the journal is the list of
//! jobs, the bank hands each that is not terminal over again at every sweep, and takes a job up itself when nobody reports
//! about it. So a queue may lose jobs, deliver them twice or be gone, and costs time alone.
//!
//! There are two lanes with the same words. The immediate one is fast and forgets (Redis); the database lane is slow and
//! keeps, and serves while the immediate one is down. What a queue promises:
//!
//! - **Enqueue** makes a job available at once; a job that is there already is left as it is, but for a higher priority.
//! - **Lease** hands out available jobs, those of high priority first, then those available longest, and makes each
//!   unavailable until its lease is over. What is not completed or released by then is available again, once more tried.
//! - **Extend, complete and release** work with the token of the lease alone: whoever's lease is over and taken by another
//!   has lost the job, and is told so. (BullMQ's stalled jobs are completed twice for want of this.)

mod lanes;
mod words;

pub use lanes::{Lanes, Place};
pub use words::{
    JOBS_PER_REQUEST_MAX, Lane, LaneFault, Leased, Priority, QueueReply, QueueRequest, Token, VISIBILITY_MAX,
};
