//! Replays of dead letters: which, how fast, until when, and how far one is.

use serde::{Deserialize, Serialize};

use super::deposit::TxKey;
use super::letter::{LetterFilter, LetterPlace};
use crate::id::ReplayId;
use crate::time::WallClock;

/// Which dead letters automation is to try again, how fast, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplayPlan {
    /// This one alone; `None` for all that fit.
    pub only: Option<TxKey>,
    /// Those that fit, at the moment at which it begins.
    pub filter: LetterFilter,
    /// How many in a second, 1 to [`crate::limits::REPLAY_RATE_MAX`].
    pub rate: u32,
    /// Ends after so many, at least 1.
    pub stop_after: Option<u64>,
    /// Ends at this date.
    pub stop_at: Option<WallClock>,
}

/// How a replay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReplayEnd {
    /// Every letter that fits was tried again.
    Done,
    /// It came to where it was to stop.
    Stopped,
    /// An operator ended it.
    Cancelled,
}

impl ReplayEnd {
    /// The stable code that the API and the logs show.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A replay. Letters that were dead when it began are taken once each, the oldest first: one that dies again is newer than
/// the replay, and not its business any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Replay {
    /// Its name.
    pub id: ReplayId,
    /// What is wanted.
    pub plan: ReplayPlan,
    /// When it began.
    pub began: WallClock,
    /// How many letters were tried again.
    pub done: u64,
    /// The place of the last of them.
    pub place: Option<LetterPlace>,
    /// How it ended, if it has.
    pub end: Option<ReplayEnd>,
}

impl Replay {
    /// Whether it goes on.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it is where it was to stop, by `now`.
    pub(crate) fn is_at_its_stop(&self, now: WallClock) -> bool {
        self.plan.stop_after.is_some_and(|most| self.done >= most)
            || self.plan.stop_at.is_some_and(|date| now >= date)
    }
}

#[cfg(test)]
mod tests;
