//! [`Until`]: where a replay stops.

use std::str::FromStr;

use plimsoll_core::time::WallClock;

use super::play::Place;
use crate::http::read_date;

/// Where a replay stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// After so many inputs.
    Inputs(u64),
    /// After this input of this segment.
    Place {
        /// The number of the segment.
        segment: u64,
        /// The number of the input in it, from 1.
        input: u64,
    },
    /// Before the first input that came later.
    Date(WallClock),
}

impl Until {
    /// Whether an input of that date is not to be played any more.
    pub(super) fn is_past(self, wall: WallClock) -> bool {
        match self {
            Self::Inputs(_) | Self::Place { .. } => false,
            Self::Date(date) => wall > date,
        }
    }

    /// Whether the input at `place`, the `played`-th of the replay, is the last one.
    pub(super) fn is_at(self, played: u64, place: &Place) -> bool {
        match self {
            Self::Inputs(count) => played >= count,
            Self::Place { segment, input } => (place.segment, place.input) >= (segment, input),
            Self::Date(_) => false,
        }
    }
}

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "write a number of inputs such as 1500, SEGMENT:INPUT such as 3:17, or a date such as 2026-11-22T10:21:00Z";
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
        if let Some(date) = read_date(text) {
            return Ok(Self::Date(date));
        }
        let until = match text.split_once(':') {
            None => number(text).map(Self::Inputs),
            Some((segment, input)) => number(segment)
                .zip(number(input))
                .map(|(segment, input)| Self::Place { segment, input }),
        };
        until.ok_or(EXPECTED)
    }
}
