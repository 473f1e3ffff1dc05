//! The words of what is told to receivers: an event, its name, its kind, whom it concerns.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{IdParseError, UserId};
use crate::journal::Position;

/// The name of an event that was derived from the journal. The order is that of the journal, and the same journal gives the
/// same names, so a receiver that keeps the greatest one, or those it has seen, knows what is told to it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct EventId {
    /// The record that it was derived from, by how many records stand at or before it.
    pub position: Position,
    /// Its place among the events of that record, from 0.
    pub part: u32,
}

impl EventId {
    /// The last name that a record at `position` could give: a cursor there has everything up to that record behind it.
    #[must_use]
    pub const fn end_of(position: Position) -> Self {
        Self {
            position,
            part: u32::MAX,
        }
    }

    /// The greatest name below this one; the least one is its own.
    #[must_use]
    pub const fn before(self) -> Self {
        match self.part.checked_sub(1) {
            Some(part) => Self { part, ..self },
            None => Self::end_of(Position::new(self.position.count().saturating_sub(1))),
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event-{}-{}", self.position, self.part)
    }
}

impl FromStr for EventId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        let expected = "\"event-\", a position, \"-\" and a part";
        let number = |digits: &str| {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u64>().ok().filter(|_| is_plain)
        };
        let named = || {
            let (position, part) = text.strip_prefix("event-")?.split_once('-')?;
            let id = Self {
                position: Position::new(number(position)?),
                part: u32::try_from(number(part)?).ok()?,
            };
            Some(id)
        };
        named().ok_or(IdParseError { expected })
    }
}

/// What is delivered once for each receiver: an event of the journal, or an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parcel {
    /// An alert of this process, by its number. Gone with the process. Before events: it is for a person, who waits.
    Alert(u64),
    /// An event of the journal.
    Event(EventId),
}

impl fmt::Display for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(number) => write!(f, "alert-{number}"),
            Self::Event(id) => fmt::Display::fmt(id, f),
        }
    }
}

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A deposit is in a block that is not final: locked.
    DepositSeen,
    /// A deposit is final, and available.
    DepositFinal,
    /// A transaction is final, and nothing in it is for the user.
    DepositRejected,
    /// The block in which a deposit was seen is gone.
    DepositReorged,
    /// A deposit is valid, and nobody's yet.
    DepositSuspended,
    /// A suspended deposit was attributed to a user by an operator.
    DepositAttributed,
    /// Automation gave a transaction up; a person must look at it.
    DepositDeadLettered,
    /// Something is wrong with the house.
    AlertRaised,
    /// It is well again.
    AlertResolved,
    /// A deposit is to be sent back.
    RefundRequested,
    /// It was sent back.
    RefundSettled,
    /// It is not sent back: the money is where it was.
    RefundWithdrawn,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::DepositSeen,
        Self::DepositFinal,
        Self::DepositRejected,
        Self::DepositReorged,
        Self::DepositSuspended,
        Self::DepositAttributed,
        Self::DepositDeadLettered,
        Self::AlertRaised,
        Self::AlertResolved,
        Self::RefundRequested,
        Self::RefundSettled,
        Self::RefundWithdrawn,
    ];

    /// The stable name in configurations, bodies and logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DepositSeen => "deposit.seen",
            Self::DepositFinal => "deposit.final",
            Self::DepositRejected => "deposit.rejected",
            Self::DepositReorged => "deposit.reorged",
            Self::DepositSuspended => "deposit.suspended",
            Self::DepositAttributed => "deposit.attributed",
            Self::DepositDeadLettered => "deposit.dead_lettered",
            Self::RefundRequested => "refund.requested",
            Self::RefundSettled => "refund.settled",
            Self::RefundWithdrawn => "refund.withdrawn",
            Self::AlertRaised => "alert.raised",
            Self::AlertResolved => "alert.resolved",
        }
    }

    /// The kind called `code`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it is about the house, and not about a deposit or its refund.
    #[must_use]
    pub const fn is_alert(self) -> bool {
        match self {
            Self::AlertRaised | Self::AlertResolved => true,
            Self::DepositSeen
            | Self::DepositFinal
            | Self::DepositRejected
            | Self::DepositReorged
            | Self::DepositSuspended
            | Self::DepositAttributed
            | Self::DepositDeadLettered
            | Self::RefundRequested
            | Self::RefundSettled
            | Self::RefundWithdrawn => false,
        }
    }
}

/// What decides who is told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic {
    /// What it is.
    pub kind: Kind,
    /// Whom it concerns, if it concerns one user.
    pub user: Option<UserId>,
}

/// An event of the journal, as far as the delivery of it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event {
    /// Its name.
    pub id: EventId,
    /// What decides who is told of it.
    pub topic: Topic,
}

#[cfg(test)]
mod tests;
