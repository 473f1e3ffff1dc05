//! What must be so of every delivery. It knows the journal and what each receiver took, and nothing of how deliveries are made.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use plimsoll_core::time::Instant;
use plimsoll_core::webhook::{EventId, Parcel, Subscription, Topic};

/// What must not be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Violation {
    /// Which receiver, by its place.
    pub receiver: usize,
    /// What is wrong.
    pub what: String,
}

/// Judges one run.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// What was committed, in order.
    committed: BTreeMap<EventId, Topic>,
    /// Alerts raised in this life of the process.
    raised: BTreeSet<u64>,
    receivers: Vec<Seen>,
    pub(super) violations: Vec<Violation>,
}

/// What came of one receiver.
#[derive(Debug)]
struct Seen {
    subscription: Subscription,
    took: BTreeSet<EventId>,
    parked: BTreeSet<EventId>,
    /// The last event whose first attempt began in this life of the process.
    begun: Option<EventId>,
    repeated: u64,
    /// Up to here everything is known to be settled, which it stays.
    settled: EventId,
}

impl Oracle {
    pub(super) fn new(subscriptions: impl Iterator<Item = Subscription>) -> Self {
        let seen = |subscription| Seen {
            subscription,
            took: BTreeSet::new(),
            parked: BTreeSet::new(),
            begun: None,
            repeated: 0,
            settled: EventId::default(),
        };
        Self {
            receivers: subscriptions.map(seen).collect(),
            ..Self::default()
        }
    }

    pub(super) fn committed(&mut self, event: EventId, topic: Topic) {
        self.committed.insert(event, topic);
    }

    pub(super) fn raised(&mut self, alert: u64) {
        self.raised.insert(alert);
    }

    /// The process begins a life at these cursors: everything behind them must have been delivered or parked before.
    pub(super) fn started(&mut self, cursors: &[EventId]) {
        self.raised.clear();
        for (index, cursor) in cursors.iter().enumerate() {
            self.receivers[index].begun = None;
            self.cursor(index, *cursor);
        }
    }

    /// A call begins. What is sent for the first time comes in the order of the journal; orders of operators are sent
    /// again from their first attempt on, which is no first time.
    pub(super) fn called(&mut self, receiver: usize, parcel: Parcel, attempt: u32) {
        match parcel {
            Parcel::Alert(number) if !self.raised.contains(&number) => {
                self.complain(receiver, format!("alert {number} was sent and not raised"));
            }
            Parcel::Alert(_) => {}
            Parcel::Event(event) => {
                let subscription = &self.receivers[receiver].subscription;
                let is_due = self
                    .committed
                    .get(&event)
                    .is_some_and(|topic| subscription.has(*topic));
                if !is_due {
                    self.complain(receiver, format!("{event} was sent, which it is not to be told"));
                }
                let seen = &mut self.receivers[receiver];
                let is_known = seen.took.contains(&event) || seen.parked.contains(&event);
                if attempt == 1 && !is_known {
                    let before = seen.begun.replace(event);
                    if before.is_some_and(|before| before > event) {
                        self.complain(
                            receiver,
                            format!("{event} came for the first time after {before:?}"),
                        );
                    }
                }
            }
        }
    }

    /// The receiver has it, whatever the machine hears of that.
    pub(super) fn took(&mut self, receiver: usize, parcel: Parcel) {
        if let Parcel::Event(event) = parcel {
            let seen = &mut self.receivers[receiver];
            if !seen.took.insert(event) {
                seen.repeated += 1;
            }
        }
    }

    pub(super) fn parked(&mut self, receiver: usize, parcel: Parcel) {
        if let Parcel::Event(event) = parcel {
            self.receivers[receiver].parked.insert(event);
        }
    }

    /// A cursor is to be kept, or is gone on from.
    pub(super) fn cursor(&mut self, receiver: usize, cursor: EventId) {
        let missing = self.missing(receiver, cursor);
        if let Some(event) = missing {
            self.complain(
                receiver,
                format!("the cursor {cursor} passes {event}, which was not delivered"),
            );
        }
    }

    /// The machine asks for one tick after the other.
    pub(super) fn stuck(&mut self, now: Instant) {
        self.complain(0, format!("the machine gets nowhere at {now:?}"));
    }

    /// The storm is over, and everybody was well for long.
    pub(super) fn finish(&mut self) {
        for receiver in 0..self.receivers.len() {
            let last = self.committed.last_key_value().map(|(event, _)| *event);
            let missing = last.and_then(|last| self.missing(receiver, last));
            if let Some(event) = missing {
                self.complain(receiver, format!("{event} was never delivered"));
            }
        }
    }

    /// How often something was taken again, and how much was parked.
    pub(super) fn counts(&self) -> (u64, u64) {
        let repeated = self.receivers.iter().map(|seen| seen.repeated).sum();
        let parked = self.receivers.iter().map(|seen| seen.parked.len() as u64).sum();
        (repeated, parked)
    }

    /// How many events were taken.
    pub(super) fn taken(&self) -> u64 {
        self.receivers.iter().map(|seen| seen.took.len() as u64).sum()
    }

    fn missing(&self, receiver: usize, up_to: EventId) -> Option<EventId> {
        let seen = &self.receivers[receiver];
        let is_missing = |(event, topic): &(&EventId, &Topic)| {
            let is_settled = seen.took.contains(event) || seen.parked.contains(event);
            seen.subscription.has(**topic) && !is_settled
        };
        if up_to <= seen.settled {
            return None;
        }
        self.committed
            .range((Bound::Excluded(seen.settled), Bound::Included(up_to)))
            .find(is_missing)
            .map(|(event, _)| *event)
    }

    fn complain(&mut self, receiver: usize, what: String) {
        self.violations.push(Violation { receiver, what });
    }
}
