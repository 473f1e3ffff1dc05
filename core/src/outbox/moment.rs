//! [`Moment`]: what an outbox holds, so that somebody can go on from the middle of its life.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Outbox, State};
use crate::journal::{Batch, Head, Position};
use crate::limits::{BATCH_RECORDS_MAX, GROUP_RECORDS_MAX};
use crate::machine::DependsOnFacts;
use crate::time::{Instant, WallClock};

/// The head of the journal as the writer knows it, the records that wait for it, and what the journal was asked. Acts
/// are left out: they follow from what was handled before, and whoever goes on from here cannot do them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment<R> {
    /// The committed tip.
    pub head: Head,
    /// The records that wait for a commit, in the groups in which they were accepted, oldest first.
    pub groups: Vec<Vec<R>>,
    flight: Flight,
    pause: Duration,
}

/// [`State`], with the count of its records in the place of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Flight {
    Idle,
    Appending {
        records: usize,
    },
    Doubtful {
        records: usize,
        asked: bool,
        not_before: Instant,
    },
    Resting {
        until: Instant,
    },
    Fenced,
}

/// A moment that no outbox can have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no writer's records and requests can have stood so")]
pub struct ImpossibleMoment;

impl<R: Serialize + Clone, A: DependsOnFacts> Outbox<R, A> {
    /// What it holds, without the acts.
    #[must_use]
    pub fn moment(&self) -> Moment<R> {
        let mut records = self.records.iter().cloned();
        let group = |size: &usize| records.by_ref().take(*size).collect();
        Moment {
            head: self.head,
            groups: self.groups.iter().map(group).collect(),
            flight: self.state.flight(),
            pause: self.pause,
        }
    }

    /// An outbox that goes on where another one was, without its acts. A batch that was under way is sealed anew: its
    /// date, and so its hash and every later one, are not those of the other outbox.
    ///
    /// # Errors
    /// [`ImpossibleMoment`]: no outbox was ever there.
    pub fn resume(moment: Moment<R>) -> Result<Self, ImpossibleMoment> {
        let Moment {
            head,
            groups,
            flight,
            pause,
        } = moment;
        let sizes: VecDeque<usize> = groups.iter().map(Vec::len).collect();
        let records: VecDeque<R> = groups.into_iter().flatten().collect();
        let is_group = |size: &usize| (1..=GROUP_RECORDS_MAX).contains(size);
        let next = head.position.count().checked_add(records.len() as u64);
        let next = next
            .filter(|_| sizes.iter().all(is_group))
            .ok_or(ImpossibleMoment)?;
        let batch = |count: usize| {
            let mut end = 0;
            let ends_a_group = |size: &usize| {
                end += *size;
                end == count
            };
            let is_batch = count <= BATCH_RECORDS_MAX && sizes.iter().any(ends_a_group);
            let sealed =
                is_batch.then(|| Batch::try_seal(&head, WallClock::default(), records.range(..count)));
            sealed.and_then(Result::ok).ok_or(ImpossibleMoment)
        };
        let state = match flight {
            Flight::Idle => State::Idle,
            Flight::Appending { records } => State::Appending(batch(records)?),
            Flight::Doubtful {
                records,
                asked,
                not_before,
            } => State::Doubtful {
                batch: batch(records)?,
                asked,
                not_before,
            },
            Flight::Resting { until } => State::Resting { until },
            Flight::Fenced => State::Fenced,
        };
        Ok(Self {
            next: Position::new(next),
            records,
            groups: sizes,
            state,
            pause,
            ..Self::new(head)
        })
    }
}

impl State {
    fn flight(&self) -> Flight {
        let count = |batch: &Batch| {
            let count = batch.last.count() - batch.after.count();
            usize::try_from(count).unwrap_or(usize::MAX)
        };
        match self {
            Self::Idle => Flight::Idle,
            Self::Appending(batch) => Flight::Appending {
                records: count(batch),
            },
            Self::Doubtful {
                batch,
                asked,
                not_before,
            } => Flight::Doubtful {
                records: count(batch),
                asked: *asked,
                not_before: *not_before,
            },
            Self::Resting { until } => Flight::Resting { until: *until },
            Self::Fenced => Flight::Fenced,
        }
    }
}
