//! What a recording holds, in the order in which it happened. A change of anything here, or of the parts of the core
//! that are stored in it, is another [`FORMAT`].

use std::borrow::Cow;

use plimsoll_core::bank::{BankConfig, Event, Record, Volatile};
use plimsoll_core::journal::Position;
use plimsoll_core::outbox::{Appended, Moment};
use plimsoll_core::time::{Instant, WallClock};
use serde::{Deserialize, Serialize};

use super::redact::KeyId;

/// The version of the stored form that this build writes, and the only one that it reads: a recording is driven by the
/// code that made it.
pub const FORMAT: u16 = 19;

/// One thing that a driver did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time is written or read, and most of them are inputs"
)]
pub enum Frame<'a> {
    /// Where a segment begins: the first frame of each, and of no other place.
    Opening(Box<Opening>),
    /// The bank is about to be told something. Written before it is handled, so that an input that brings the process
    /// down is there.
    Input {
        /// The driver's clock.
        now: Instant,
        /// The date.
        wall: WallClock,
        /// A half of the digest of everything that the bank wished for before.
        digest: u64,
        /// What happened, redacted.
        event: Cow<'a, Event>,
    },
    /// The journal was asked.
    Asked {
        /// The driver's clock.
        now: Instant,
        /// The date.
        wall: WallClock,
        /// What for.
        request: Asked,
    },
    /// The journal answered.
    Answered {
        /// The driver's clock.
        now: Instant,
        /// What.
        answer: Answered,
    },
    /// The recording ends as it should.
    Closing {
        /// How many inputs the bank has had in its life.
        inputs: u64,
        /// The digest of everything that it wished for.
        digest: u128,
    },
}

/// Where a segment begins, and all that is needed to begin there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The version of the program.
    pub version: String,
    /// The driver's clock.
    pub now: Instant,
    /// The date.
    pub wall: WallClock,
    /// How many inputs the bank has had in its life.
    pub inputs: u64,
    /// How many of these were lost since the frame before.
    pub lost: u64,
    /// The digest of everything that the bank wished for, as far as it was not lost.
    pub digest: u128,
    /// The key with which texts about persons are redacted.
    pub key: KeyId,
    /// What the bank was told at its start.
    pub config: BankConfig,
    /// How far the journal is, and what waits for it, redacted. Its epoch names the life.
    pub outbox: Moment<Record>,
    /// What the bank holds beside what is durable or waits to be; `None` at the start of a life, when it is what
    /// `Bank::open` makes.
    pub bank: Option<Volatile>,
}

impl Opening {
    /// The number of the life that it belongs to: the writer's term of office.
    #[must_use]
    pub const fn life(&self) -> u64 {
        self.outbox.head.epoch
    }
}

/// What the journal was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// To append every record up to this one.
    Append {
        /// The position of the last one.
        last: Position,
    },
    /// What its head is.
    ReadHead,
}

/// What the journal answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// To an append.
    Appended(Appended),
    /// To the question for its head, in terms of the batch that was in doubt: hashes would tell what is redacted.
    Head(HeadSeen),
}

/// What the head of the journal says of the batch in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeadSeen {
    /// It could not be read.
    Unreadable,
    /// The batch is durable.
    Committed,
    /// The batch is not durable.
    NotCommitted,
    /// Another writer took the journal over.
    Another,
}

#[cfg(test)]
mod tests;
