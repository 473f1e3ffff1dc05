//! The durability gate: nothing leaves before the facts that it depends on are committed.
//!
//! A machine pushes records and acts in causal order; an act depends on every record pushed before it, unless it says
//! that it depends on none. The outbox gathers records into batches, says when the store must be asked to append, and lets acts out once the store has
//! said that their records are safe. An append whose outcome is unknown is resolved by reading the head, never by
//! guessing. The tokio driver and the simulator use this same code.
//!
//! ```text
//!   Idle --append--> Appending --ok--------> Idle          (acts up to the batch leave)
//!    ^                  |  \---failed------> Resting --+   (the batch is offered again after a pause)
//!    |                  \------unknown-----> Doubtful  |   (the head is read until it answers)
//!    +--- head says committed or not --------/  ^------+
//!                        head says another writer: Fenced (the driver dies)
//! ```

mod moment;

use alloc::collections::VecDeque;
use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use moment::{ImpossibleMoment, Moment};

use crate::chaos::Chaos;
use crate::journal::{Batch, Head, Position, TooLarge};
use crate::limits::{BATCH_RECORDS_MAX, GROUP_RECORDS_MAX, UNCOMMITTED_RECORDS_MAX};
use crate::machine::{Deadline, DependsOnFacts, Effects, Intent};
use crate::time::{Instant, WallClock};
use crate::{buggify, buggify_knob};

/// The first pause after a failed append; doubled up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause: a store that heals is noticed within it.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How many uncommitted records an outbox with little room holds.
const LITTLE_ROOM: usize = 8;

/// What the store must be asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StoreRequest {
    /// Append this batch if the head still is what the batch follows.
    Append(Batch),
    /// Say what the head is.
    ReadHead,
}

/// How the store answered an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Appended {
    /// Durable.
    Committed,
    /// Certainly not durable; may be tried again.
    Failed,
    /// May or may not be durable.
    Unknown,
    /// Refused for ever: another writer has a later epoch, or the head is not where we left it.
    Fenced,
}

/// Whether the writer may go on.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Go on.
    Writer,
    /// Another writer took over: nothing that waits may ever leave, and the process must end.
    Fenced,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Idle,
    Appending(Batch),
    Doubtful {
        batch: Batch,
        asked: bool,
        not_before: Instant,
    },
    Resting {
        until: Instant,
    },
    Fenced,
}

/// The gate between one machine and one store.
#[derive(Debug, Clone)]
pub struct Outbox<R, A> {
    head: Head,
    /// The position after the last record accepted.
    next: Position,
    /// Records not yet committed, oldest first; the batch in flight is a prefix.
    records: VecDeque<R>,
    /// How many records each accepted group has, oldest first: a batch never splits one.
    groups: VecDeque<usize>,
    /// Acts that wait, with the position they depend on. Positions never decrease.
    acts: VecDeque<(Position, A)>,
    /// Acts that depend on no record.
    free: VecDeque<A>,
    state: State,
    pause: Duration,
    /// From how many uncommitted records on it is saturated.
    room: usize,
    chaos: Chaos,
}

impl<R: Serialize, A: DependsOnFacts> Outbox<R, A> {
    /// A gate at `head`, as the store gave it to this writer.
    #[must_use]
    pub fn new(head: Head) -> Self {
        Self {
            head,
            next: head.position,
            records: VecDeque::new(),
            groups: VecDeque::new(),
            acts: VecDeque::new(),
            free: VecDeque::new(),
            state: State::Idle,
            pause: PAUSE_MIN,
            room: UNCOMMITTED_RECORDS_MAX,
            chaos: Chaos::off(),
        }
    }

    /// The same gate under `chaos`.
    #[must_use]
    pub fn with_chaos(mut self, mut chaos: Chaos) -> Self {
        self.room = buggify_knob!(chaos, "outbox/little_room", self.room, LITTLE_ROOM);
        self.chaos = chaos;
        self
    }

    /// The misfortune that it had.
    #[must_use]
    pub const fn chaos(&self) -> &Chaos {
        &self.chaos
    }

    /// Takes the effects of one `handle`: its records are one group, committed together or not at all.
    ///
    /// # Panics
    /// When the group has more than [`GROUP_RECORDS_MAX`] records.
    pub fn accept(&mut self, fx: &mut Effects<Intent<R, A>>) {
        let mut group = 0;
        for intent in fx.drain() {
            match intent {
                Intent::Record(record) => {
                    self.records.push_back(record);
                    self.next = self.next.after(1);
                    group += 1;
                }
                // Once too much waits for the store nothing leaves before it, so that no more comes in.
                Intent::Act(act) if act.depends_on_facts() || self.is_saturated() => {
                    self.acts.push_back((self.next, act));
                }
                Intent::Act(act) => self.free.push_back(act),
            }
        }
        assert!(group <= GROUP_RECORDS_MAX, "one input made {group} records");
        if group > 0 {
            self.groups.push_back(group);
        }
        assert_eq!(
            self.head.position.after(self.records.len() as u64),
            self.next,
            "every accepted record is committed or waits"
        );
    }

    /// What the store must be asked, if anything. Each call that returns a request expects its answer before the
    /// next one is made.
    pub fn store_request(&mut self, now: Instant, wall: WallClock) -> Option<StoreRequest> {
        match &mut self.state {
            State::Resting { until } if *until <= now => self.state = State::Idle,
            State::Doubtful {
                asked, not_before, ..
            } if !*asked && *not_before <= now => {
                *asked = true;
                return Some(StoreRequest::ReadHead);
            }
            State::Idle
            | State::Appending(_)
            | State::Doubtful { .. }
            | State::Resting { .. }
            | State::Fenced => {}
        }
        if !matches!(self.state, State::Idle) || self.groups.is_empty() {
            return None;
        }
        if buggify!(self.chaos, "outbox/late_append") {
            let until = now.after(PAUSE_MIN);
            self.state = State::Resting { until };
            return None;
        }
        let batch = self.seal(wall);
        self.state = State::Appending(batch.clone());
        Some(StoreRequest::Append(batch))
    }

    /// As many whole groups as one batch may hold, oldest first.
    fn seal(&mut self, wall: WallClock) -> Batch {
        let mut taken = 0;
        let fits = |group: &&usize| {
            taken += **group;
            taken <= BATCH_RECORDS_MAX
        };
        let mut groups = self.groups.iter().take_while(fits).count();
        if buggify!(self.chaos, "outbox/batch_of_one") {
            groups = 1;
        }
        loop {
            let records: usize = self.groups.range(..groups).sum();
            match Batch::try_seal(&self.head, wall, self.records.range(..records)) {
                Ok(batch) => return batch,
                Err(TooLarge { bytes }) => {
                    assert!(groups > 1, "one input made {bytes} bytes of records");
                    groups /= 2;
                }
            }
        }
    }

    /// Takes the store's answer to an append.
    ///
    /// # Panics
    /// When no append was asked for.
    pub fn on_appended(&mut self, now: Instant, answer: Appended) -> Standing {
        let state = core::mem::replace(&mut self.state, State::Idle);
        let State::Appending(batch) = state else {
            unreachable!("an append was answered that nobody asked for")
        };
        let is_doubted = answer == Appended::Committed && buggify!(self.chaos, "outbox/doubt_commit");
        match answer {
            Appended::Committed if !is_doubted => self.settle(&batch),
            Appended::Failed => self.rest(now),
            Appended::Committed | Appended::Unknown => {
                self.state = State::Doubtful {
                    batch,
                    asked: false,
                    not_before: now,
                };
            }
            Appended::Fenced => self.state = State::Fenced,
        }
        self.standing()
    }

    /// Takes the store's answer to the question for its head; `None` when it could not say.
    ///
    /// # Panics
    /// When the head was not asked for.
    pub fn on_head(&mut self, now: Instant, head: Option<Head>) -> Standing {
        let state = core::mem::replace(&mut self.state, State::Idle);
        let State::Doubtful {
            batch, asked: true, ..
        } = state
        else {
            unreachable!("a head was answered that nobody asked for")
        };
        match head {
            None => {
                let not_before = now.after(self.grow_pause());
                self.state = State::Doubtful {
                    batch,
                    asked: false,
                    not_before,
                };
            }
            Some(head) if head.epoch != self.head.epoch => self.state = State::Fenced,
            Some(head) if head.hash == batch.hash => self.settle(&batch),
            Some(head) if head == self.head => self.rest(now),
            Some(_) => self.state = State::Fenced,
        }
        self.standing()
    }

    /// The next act that may leave.
    pub fn pop(&mut self) -> Option<A> {
        if matches!(self.state, State::Fenced) {
            return None;
        }
        if let Some(act) = self.free.pop_front() {
            return Some(act);
        }
        let (needs, _) = self.acts.front()?;
        if *needs > self.head.position {
            return None;
        }
        self.acts.pop_front().map(|(_, act)| act)
    }

    /// When the store must be asked again, if it is being rested.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match &self.state {
            State::Resting { until } => Some(Deadline {
                at: *until,
                why: "append again",
            }),
            State::Doubtful {
                asked: false,
                not_before,
                ..
            } => Some(Deadline {
                at: *not_before,
                why: "read the head",
            }),
            State::Idle | State::Appending(_) | State::Doubtful { .. } | State::Fenced => None,
        }
    }

    /// The committed tip.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The position after the last record accepted, committed or not.
    #[must_use]
    pub fn accepted(&self) -> Position {
        self.next
    }

    /// The batch that the store was asked to append, while it is not known what became of it.
    #[must_use]
    pub const fn in_flight(&self) -> Option<&Batch> {
        match &self.state {
            State::Appending(batch) | State::Doubtful { batch, .. } => Some(batch),
            State::Idle | State::Resting { .. } | State::Fenced => None,
        }
    }

    /// Whether it is in doubt what became of the batch in flight.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        matches!(self.state, State::Doubtful { .. })
    }

    /// The records that wait for a commit, oldest first.
    pub fn uncommitted(&self) -> impl Iterator<Item = &R> {
        self.records.iter()
    }

    /// Whether so many records wait that new commands should be turned away.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.records.len() >= self.room
    }

    /// Whether nothing waits: neither a record nor an act.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.acts.is_empty() && self.free.is_empty()
    }

    /// Whether the store is failing: the last thing it was asked did not succeed.
    #[must_use]
    pub fn is_store_failing(&self) -> bool {
        self.pause > PAUSE_MIN || matches!(self.state, State::Doubtful { .. } | State::Fenced)
    }

    fn settle(&mut self, batch: &Batch) {
        assert_eq!(
            batch.after, self.head.position,
            "a batch was committed out of order"
        );
        let mut left = usize::try_from(batch.last.count() - batch.after.count()).unwrap_or(usize::MAX);
        self.records.drain(..left);
        while left > 0 {
            let Some(group) = self.groups.pop_front() else {
                unreachable!("a batch had more records than groups")
            };
            assert!(group <= left, "a batch split a group");
            left -= group;
        }
        self.head.position = batch.last;
        self.head.hash = batch.hash;
        self.pause = PAUSE_MIN;
        self.state = State::Idle;
    }

    fn rest(&mut self, now: Instant) {
        let until = now.after(self.grow_pause());
        self.state = State::Resting { until };
    }

    fn grow_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSE_MAX);
        pause
    }

    fn standing(&self) -> Standing {
        if self.state == State::Fenced {
            Standing::Fenced
        } else {
            Standing::Writer
        }
    }
}

#[cfg(test)]
mod tests;
