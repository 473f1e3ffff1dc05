//! The root machine that tells receivers (webhooks) what is committed, each of them at its own pace.
//!
//! `event` are the words, `derive` makes events of the journal's records, `policy` says who is told what and how hard that
//! is tried, `receiver` is one receiver's deliveries. The machine decides nothing about money, and calls nobody: its owner
//! reads events, makes calls and keeps cursors.
//!
//! - **At least once.** A receiver's cursor moves over an event once that is delivered, or parked after as many attempts as
//!   it may have. After a crash everything behind the last cursor that was kept is delivered again, under the same names.
//! - **The journal is the queue.** A receiver holds a bounded piece of it and reads on when it has room, so that nothing is lost
//!   when it is slow, dead, or we are restarted. Alerts are not in the journal: they are tried as often, and gone with
//!   the process.
//! - **Order.** First attempts begin in the order of the journal. An event whose attempt fails steps aside and is tried again
//!   later, so that one which a receiver never takes does not hold back those behind it: retries and redeliveries are
//!   where a receiver sees an older event after a newer one.
//! - **Isolation.** Receivers share nothing: one that hangs, fails or asks for patience delays no other.

mod derive;
mod effect;
mod event;
mod policy;
mod receiver;

use alloc::vec::Vec;
use core::time::Duration;

pub use derive::{Deriver, Happening, RefundNews};
pub use effect::{Effect, Input, Next, Notice, Outcome, ReceiverId};
pub use event::{Event, EventId, Kind, Parcel, Topic};
pub use policy::{Subscription, WebhookPolicy};
pub use receiver::ReceiverStatus;

use crate::machine::{Deadline, Effects, Machine};
use crate::rng::Rng;
use crate::time::Instant;
use receiver::Receiver;

/// The most receivers.
pub const RECEIVERS_MAX: usize = 32;
/// The most calls of one receiver at once.
pub const CALLS_MAX: usize = 16;
/// The longest that one call may take.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// How much later than its timeout a call counts as lost, with whoever made it.
pub const CALL_GRACE: Duration = Duration::from_secs(5);
/// How many events one receiver holds that were not tried yet.
pub const FRESH_MAX: usize = 256;
/// How many events are read at once.
pub const READ_MAX: usize = 128;
/// How many events of one receiver may wait for another attempt before no new one is begun.
pub const ASIDE_MAX: usize = 64;
/// How many alerts one receiver holds that were not tried yet; and how many more that were.
pub const ALERTS_MAX: usize = 64;
/// How many orders to deliver again one receiver holds.
pub const REDELIVERIES_MAX: usize = 256;

const _: () = assert!(READ_MAX <= FRESH_MAX, "what is read must fit");

/// A receiver, and where its deliveries go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// What it is told of.
    pub subscription: Subscription,
    /// How hard it is tried.
    pub policy: WebhookPolicy,
    /// The last cursor that was kept, or where its story begins.
    pub cursor: EventId,
}

/// Tells every receiver what it subscribed to.
#[derive(Debug, Clone)]
pub struct Webhooks {
    receivers: Vec<Receiver>,
    /// Up to where events can be read.
    tail: EventId,
}

impl Webhooks {
    /// A machine that has called nobody yet. Jitter is drawn from `rng`.
    ///
    /// # Panics
    /// When there are more than [`RECEIVERS_MAX`] receivers, or a policy fails its [`WebhookPolicy::check`].
    #[must_use]
    pub fn new(receivers: Vec<ReceiverConfig>, rng: &Rng) -> Self {
        assert!(receivers.len() <= RECEIVERS_MAX, "too many receivers");
        let receiver = |(index, config): (usize, ReceiverConfig)| {
            let stream = rng.fork_indexed("webhook", u64::try_from(index).unwrap_or(u64::MAX));
            Receiver::new(ReceiverId(index), config, stream)
        };
        Self {
            receivers: receivers.into_iter().enumerate().map(receiver).collect(),
            tail: EventId::default(),
        }
    }

    /// How each receiver stands, in order.
    pub fn status(&self) -> impl Iterator<Item = ReceiverStatus> + '_ {
        self.receivers.iter().map(|receiver| receiver.status(self.tail))
    }

    fn each(&mut self, now: Instant, fx: &mut Effects<Effect>) {
        for receiver in &mut self.receivers {
            receiver.settle(now, self.tail, fx);
        }
    }

    /// Lets one receiver take something in, and go on.
    ///
    /// # Panics
    /// When there is no such receiver.
    fn one(
        &mut self,
        now: Instant,
        id: ReceiverId,
        fx: &mut Effects<Effect>,
        take: impl FnOnce(&mut Receiver, &mut Effects<Effect>),
    ) {
        let Some(receiver) = self.receivers.get_mut(id.0) else {
            unreachable!("{id:?} is not a receiver")
        };
        take(receiver, fx);
        receiver.settle(now, self.tail, fx);
    }
}

impl Machine for Webhooks {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Instant, input: Input, fx: &mut Effects<Effect>) {
        match input {
            Input::Tick => self.each(now, fx),
            Input::Committed { tail } => {
                assert!(self.tail <= tail, "the journal went back");
                self.tail = tail;
                self.each(now, fx);
            }
            Input::Events {
                receiver,
                events,
                reached,
            } => self.one(now, receiver, fx, |one, fx| {
                one.on_events(now, &events, reached, fx)
            }),
            Input::NotRead { receiver } => self.one(now, receiver, fx, |one, _| one.on_not_read(now)),
            Input::Alert { number, kind } => {
                for receiver in &mut self.receivers {
                    receiver.on_alert(number, kind, fx);
                }
                self.each(now, fx);
            }
            Input::Answered {
                receiver,
                parcel,
                attempt,
                outcome,
            } => self.one(now, receiver, fx, |one, fx| {
                one.on_answer(now, parcel, attempt, outcome, fx);
            }),
            Input::Redeliver { receiver, event } => {
                self.one(now, receiver, fx, |one, fx| one.on_redeliver(now, event, fx));
            }
        }
    }

    fn next_deadline(&self) -> Option<Deadline> {
        let each = self.receivers.iter();
        each.map(|receiver| receiver.next_deadline(self.tail))
            .fold(None, Deadline::earlier)
    }
}

#[cfg(test)]
mod tests;
