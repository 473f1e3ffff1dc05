//! What the machine hears, and what it wishes for.

use alloc::vec::Vec;
use core::time::Duration;

use super::event::{Event, EventId, Kind, Parcel};
use crate::resilience::BreakerState;
use crate::time::Instant;

/// A receiver, by its place in the configuration, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverId(pub usize);

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// Time passed.
    Tick,
    /// The journal is committed, and its events can be read, up to `tail`.
    Committed {
        /// Never less than before.
        tail: EventId,
    },
    /// The answer to [`Effect::Read`].
    Events {
        /// Who wanted to know.
        receiver: ReceiverId,
        /// The events after the one that was named, in order, whatever their kinds.
        events: Vec<Event>,
        /// Up to where these are all: the last of them, or the tail when there are no more.
        reached: EventId,
    },
    /// [`Effect::Read`] failed.
    NotRead {
        /// Who wanted to know.
        receiver: ReceiverId,
    },
    /// The monitor raised an alert, or resolved one.
    Alert {
        /// Its number in this process, each one greater than the one before.
        number: u64,
        /// Which of the two.
        kind: Kind,
    },
    /// The answer to [`Effect::Deliver`].
    Answered {
        /// Who was called.
        receiver: ReceiverId,
        /// With what.
        parcel: Parcel,
        /// Which attempt.
        attempt: u32,
        /// What came of it.
        outcome: Outcome,
    },
    /// An operator wants an event of the journal delivered once more, whatever came of it.
    Redeliver {
        /// To whom.
        receiver: ReceiverId,
        /// Which.
        event: EventId,
    },
}

/// What came of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The receiver took it.
    Delivered {
        /// The HTTP status, 200 to 299.
        status: u16,
    },
    /// The receiver answered, and did not take it.
    Refused {
        /// The HTTP status, any other.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// There was no connection, or it broke off.
    Unreachable,
    /// There was no answer in time. Whether it was taken is not known.
    TimedOut,
}

impl Outcome {
    /// The stable name in the delivery log and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Refused { .. } => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
        }
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Delivered { status } | Self::Refused { status, .. } => Some(status),
            Self::Unreachable | Self::TimedOut => None,
        }
    }
}

/// What the machine wishes for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Read the events of the journal after `after`: at most `limit`, in order.
    Read {
        /// For whom. It has one reading under way at a time.
        receiver: ReceiverId,
        /// The last event that it has.
        after: EventId,
        /// At least 1.
        limit: usize,
    },
    /// Send `parcel` to `receiver`, and give up after `timeout`.
    Deliver {
        /// To whom.
        receiver: ReceiverId,
        /// What.
        parcel: Parcel,
        /// Which attempt, from 1.
        attempt: u32,
        /// How long the call may take in all.
        timeout: Duration,
    },
    /// Keep, durably, that a start may go on behind `cursor`. It may be late or lost: then more is delivered again.
    Remember {
        /// Of whom.
        receiver: ReceiverId,
        /// Every event up to here is delivered or parked.
        cursor: EventId,
    },
    /// Tell the delivery log, metrics and people.
    Notice(Notice),
}

/// What came next for a parcel after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// Nothing: it is delivered.
    Done,
    /// Another attempt, not before then.
    RetryAt(Instant),
    /// Nothing: it was tried as often as it may be. An operator can have it delivered again.
    Parked,
}

/// What is told. Nothing depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// A call ended.
    Attempted {
        /// Who was called.
        receiver: ReceiverId,
        /// With what.
        parcel: Parcel,
        /// Which attempt.
        attempt: u32,
        /// What came of it.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
        /// What follows.
        next: Next,
    },
    /// An alert was not sent: newer ones took its place.
    AlertDropped {
        /// To whom.
        receiver: ReceiverId,
        /// Which.
        number: u64,
    },
    /// An order to deliver again was not taken: too many wait.
    RedeliveryRefused {
        /// To whom.
        receiver: ReceiverId,
        /// Which.
        event: EventId,
    },
    /// The breaker of a receiver changed its state.
    Breaker {
        /// Whose.
        receiver: ReceiverId,
        /// From which state.
        from: BreakerState,
        /// To which state.
        to: BreakerState,
    },
}
