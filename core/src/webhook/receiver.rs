//! One receiver: what it is to be told, what was tried, and when that is tried again.
//!
//! ```text
//!   journal --read--> fresh --call--> under way --delivered------> settled: the cursor moves
//!                                      |    ^  \--too many times--> parked: the cursor moves
//!                                      v    |
//!                                     waiting (its pause, the breaker, the receiver's own Retry-After)
//! ```

mod item;

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use super::effect::{Effect, Next, Notice, Outcome, ReceiverId};
use super::event::{Event, EventId, Kind, Parcel, Topic};
use super::policy::{Subscription, WebhookPolicy};
use super::{ALERTS_MAX, ASIDE_MAX, CALL_GRACE, FRESH_MAX, READ_MAX, REDELIVERIES_MAX, ReceiverConfig};
use crate::machine::{Deadline, Effects};
use crate::resilience::backoff::RETRY_AFTER_MAX;
use crate::resilience::{Admission, Backoff, Breaker, BreakerState, CallOutcome, Retry, Transition};
use crate::rng::Rng;
use crate::time::Instant;
use item::{Item, Origin, Stand};

/// The pause after a reading that failed, or came no further.
const READ_PAUSE: Duration = Duration::from_secs(1);
/// After how many records without an event for this receiver its cursor is kept all the same.
const SKIPPED_RECORDS: u64 = 1_024;

/// How a receiver stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiverStatus {
    /// Every event up to here is delivered or parked.
    pub cursor: EventId,
    /// How many records of the journal are behind the cursor.
    pub lag: u64,
    /// How many events and alerts are in hand and not settled.
    pub in_hand: usize,
    /// How many calls are under way.
    pub calling: usize,
    /// The state of its breaker.
    pub breaker: BreakerState,
    /// Until when it is left alone, if that is in the future.
    pub rest_until: Instant,
    /// How many parcels were delivered, since the start of the process.
    pub delivered: u64,
    /// How many attempts failed.
    pub failed: u64,
    /// How many parcels were parked.
    pub parked: u64,
}

/// One receiver's deliveries.
#[derive(Debug, Clone)]
pub(super) struct Receiver {
    id: ReceiverId,
    subscription: Subscription,
    policy: WebhookPolicy,
    breaker: Breaker,
    rng: Rng,
    /// How many parcels were begun: each has its own stream of jitter.
    begun: u64,
    /// Every event up to here is in hand or settled.
    taken: EventId,
    /// The last cursor that was pushed.
    remembered: EventId,
    is_reading: bool,
    read_not_before: Instant,
    /// Events that were not tried yet, oldest first.
    fresh: VecDeque<EventId>,
    /// Alerts that were not tried yet, oldest first.
    alerts: VecDeque<u64>,
    /// What was tried and is not settled, and what is to be delivered again.
    under_way: BTreeMap<Parcel, Item>,
    /// No call begins before.
    rest_until: Instant,
    /// Whether the last call was a retry, so that the next one is not, if there is a choice.
    retried_last: bool,
    delivered: u64,
    failed: u64,
    parked: u64,
}

impl Receiver {
    pub(super) fn new(id: ReceiverId, config: ReceiverConfig, rng: Rng) -> Self {
        let checked = config.policy.check();
        assert_eq!(checked, Ok(()), "a webhook policy was not checked");
        Self {
            id,
            subscription: config.subscription,
            policy: config.policy,
            breaker: Breaker::new(config.policy.breaker),
            rng,
            begun: 0,
            taken: config.cursor,
            remembered: config.cursor,
            is_reading: false,
            read_not_before: Instant::ZERO,
            fresh: VecDeque::new(),
            alerts: VecDeque::new(),
            under_way: BTreeMap::new(),
            rest_until: Instant::ZERO,
            retried_last: false,
            delivered: 0,
            failed: 0,
            parked: 0,
        }
    }

    pub(super) fn status(&self, tail: EventId) -> ReceiverStatus {
        let cursor = self.cursor();
        ReceiverStatus {
            cursor,
            lag: tail.position.count().saturating_sub(cursor.position.count()),
            in_hand: self.fresh.len() + self.alerts.len() + self.under_way.len(),
            calling: self.calling(),
            breaker: self.breaker.state(),
            rest_until: self.rest_until,
            delivered: self.delivered,
            failed: self.failed,
            parked: self.parked,
        }
    }

    /// Takes in events that were read.
    ///
    /// # Panics
    /// When nothing was to be read, or the events are not those that were asked for.
    pub(super) fn on_events(
        &mut self,
        now: Instant,
        events: &[Event],
        reached: EventId,
        fx: &mut Effects<Effect>,
    ) {
        assert!(self.is_reading, "events came that nobody asked for");
        assert!(events.len() <= READ_MAX, "{} events came at once", events.len());
        assert!(self.taken <= reached, "the journal went back to {reached}");
        self.is_reading = false;
        if reached == self.taken {
            self.read_not_before = now.after(READ_PAUSE);
        }
        let mut last = self.taken;
        for event in events {
            assert!(
                last < event.id && event.id <= reached,
                "{} out of order",
                event.id
            );
            last = event.id;
            if self.subscription.has(event.topic) {
                self.fresh.push_back(event.id);
            }
        }
        self.taken = reached;
        let skipped = self.cursor().position.count() - self.remembered.position.count();
        if skipped >= SKIPPED_RECORDS {
            self.remember(fx);
        }
    }

    pub(super) fn on_not_read(&mut self, now: Instant) {
        assert!(self.is_reading, "a reading failed that nobody asked for");
        self.is_reading = false;
        self.read_not_before = now.after(READ_PAUSE);
    }

    /// Takes an alert in; the oldest makes room for it.
    pub(super) fn on_alert(&mut self, number: u64, kind: Kind, fx: &mut Effects<Effect>) {
        if !self.subscription.has(Topic { kind, user: None }) {
            return;
        }
        if self.alerts.len() >= ALERTS_MAX
            && let Some(number) = self.alerts.pop_front()
        {
            let receiver = self.id;
            fx.push(Effect::Notice(Notice::AlertDropped { receiver, number }));
        }
        self.alerts.push_back(number);
    }

    /// Obeys an operator: what waits for a pause is due, what is settled is begun anew. The cursor does not move for it.
    pub(super) fn on_redeliver(&mut self, now: Instant, event: EventId, fx: &mut Effects<Effect>) {
        let parcel = Parcel::Event(event);
        if let Some(item) = self.under_way.get_mut(&parcel) {
            item.hurry(now);
        } else if event > self.taken || self.fresh.contains(&event) {
            // It will be delivered for the first time.
        } else if self.count(Origin::Redelivery) >= REDELIVERIES_MAX {
            let receiver = self.id;
            fx.push(Effect::Notice(Notice::RedeliveryRefused { receiver, event }));
        } else {
            let item = self.item(Origin::Redelivery, Stand::Waiting { due: now });
            self.under_way.insert(parcel, item);
        }
    }

    /// Takes in what came of a call. What comes too late says nothing: the call was counted as timed out.
    pub(super) fn on_answer(
        &mut self,
        now: Instant,
        parcel: Parcel,
        attempt: u32,
        outcome: Outcome,
        fx: &mut Effects<Effect>,
    ) {
        let is_awaited = self
            .under_way
            .get(&parcel)
            .is_some_and(|item| item.attempts() == attempt && item.deadline().is_some());
        if is_awaited {
            self.end_call(now, parcel, outcome, fx);
        }
    }

    /// Does what is due: ends calls that are lost, begins calls, reads on.
    pub(super) fn settle(&mut self, now: Instant, tail: EventId, fx: &mut Effects<Effect>) {
        let turned = self.breaker.on_tick(now);
        self.tell(turned, fx);
        let lost =
            |(parcel, item): (&Parcel, &Item)| item.deadline().filter(|at| *at <= now).map(|_| *parcel);
        while let Some(parcel) = self.under_way.iter().find_map(lost) {
            self.end_call(now, parcel, Outcome::TimedOut, fx);
        }
        while self.calling() < self.policy.calls_max && self.rest_until <= now {
            let Some(parcel) = self.pick(now) else { break };
            match self.breaker.try_acquire(now) {
                Admission::Granted(permit) => {
                    let deadline = now.after(self.policy.timeout).after(CALL_GRACE);
                    let calling = Stand::Calling {
                        since: now,
                        deadline,
                        permit,
                    };
                    self.call(parcel, calling, fx);
                }
                Admission::Refused { retry_at, .. } => {
                    self.rest_until = retry_at.unwrap_or_else(|| now.after(self.policy.breaker.open_for));
                }
            }
        }
        self.read_on(now, tail, fx);
        self.check();
    }

    pub(super) fn next_deadline(&self, tail: EventId) -> Option<Deadline> {
        let calls = self.under_way.values().filter_map(Item::deadline);
        let lost = calls.min().map(|at| Deadline {
            at,
            why: "a call to a receiver is lost",
        });
        let due = self
            .first_due()
            .filter(|_| self.calling() < self.policy.calls_max);
        let due = due.map(|due| Deadline {
            at: due.max(self.rest_until),
            why: "a receiver is called",
        });
        let read = self.wants_to_read(tail).then_some(Deadline {
            at: self.read_not_before,
            why: "events are read for a receiver",
        });
        [lost, due, read, self.breaker.next_deadline()]
            .into_iter()
            .fold(None, Deadline::earlier)
    }

    /// What is called with next, if anything is due: alerts, then retries and first attempts in turns, so that neither
    /// what fails nor what is new has to wait for all of the other.
    fn pick(&self, now: Instant) -> Option<Parcel> {
        let alert = self.next_alert();
        let waiting = |(parcel, item): (&Parcel, &Item)| Some((item.due()?, *parcel));
        let retry = self.under_way.iter().filter_map(waiting).min();
        let retry = retry.filter(|(due, _)| *due <= now).map(|(_, parcel)| parcel);
        let fresh = self.next_fresh();
        match (alert, retry, fresh) {
            (Some(alert), _, _) => Some(alert),
            (None, Some(_), Some(fresh)) if self.retried_last => Some(fresh),
            (None, Some(retry), _) => Some(retry),
            (None, None, fresh) => fresh,
        }
    }

    fn next_alert(&self) -> Option<Parcel> {
        let has_room = self.count(Origin::Alert) < ALERTS_MAX;
        self.alerts
            .front()
            .filter(|_| has_room)
            .map(|number| Parcel::Alert(*number))
    }

    fn next_fresh(&self) -> Option<Parcel> {
        let has_room = self.count(Origin::Journal) < ASIDE_MAX;
        self.fresh
            .front()
            .filter(|_| has_room)
            .map(|event| Parcel::Event(*event))
    }

    /// When the next call could begin, for all that the receiver's own rest has to say.
    fn first_due(&self) -> Option<Instant> {
        if self.next_alert().is_some() || self.next_fresh().is_some() {
            return Some(Instant::ZERO);
        }
        self.under_way.values().filter_map(Item::due).min()
    }

    /// Begins a call with `parcel`, which [`Receiver::pick`] chose.
    fn call(&mut self, parcel: Parcel, calling: Stand, fx: &mut Effects<Effect>) {
        self.retried_last = self.under_way.contains_key(&parcel);
        let item = match self.under_way.remove(&parcel) {
            Some(item) => item.calling(calling),
            None => match parcel {
                Parcel::Alert(_) => {
                    self.alerts.pop_front();
                    self.item(Origin::Alert, calling)
                }
                Parcel::Event(_) => {
                    self.fresh.pop_front();
                    self.item(Origin::Journal, calling)
                }
            },
        };
        fx.push(Effect::Deliver {
            receiver: self.id,
            parcel,
            attempt: item.attempts(),
            timeout: self.policy.timeout,
        });
        self.under_way.insert(parcel, item);
    }

    /// Ends the call with `parcel`, which is under way.
    fn end_call(&mut self, now: Instant, parcel: Parcel, outcome: Outcome, fx: &mut Effects<Effect>) {
        let Some(mut item) = self.under_way.remove(&parcel) else {
            unreachable!("{parcel} is not under way")
        };
        let Stand::Calling { since, permit, .. } = item.stand else {
            unreachable!("{parcel} is not being sent")
        };
        let (attempt, took) = (item.backoff.attempts() + 1, now.since(since));
        let (judgement, retry_after) = judge(outcome);
        let turned = self.breaker.record(now, permit, judgement, took);
        if let Some(pause) = retry_after {
            let until = now.after(pause.min(RETRY_AFTER_MAX));
            self.rest_until = self.rest_until.max(until);
        }
        let next = match outcome {
            Outcome::Delivered { .. } => Next::Done,
            Outcome::Refused { .. } | Outcome::Unreachable | Outcome::TimedOut => {
                match item.backoff.next(now, retry_after) {
                    Retry::At(due) => Next::RetryAt(due),
                    Retry::GiveUp(_) => Next::Parked,
                }
            }
        };
        fx.push(Effect::Notice(Notice::Attempted {
            receiver: self.id,
            parcel,
            attempt,
            outcome,
            took,
            next,
        }));
        self.tell(turned, fx);
        match next {
            Next::Done => self.delivered += 1,
            Next::RetryAt(_) => self.failed += 1,
            Next::Parked => {
                self.failed += 1;
                self.parked += 1;
            }
        }
        match next {
            Next::RetryAt(due) => {
                item.stand = Stand::Waiting { due };
                self.under_way.insert(parcel, item);
            }
            Next::Done | Next::Parked => self.remember(fx),
        }
    }

    /// Asks for more of the journal, if there is room for it.
    fn read_on(&mut self, now: Instant, tail: EventId, fx: &mut Effects<Effect>) {
        if self.wants_to_read(tail) && self.read_not_before <= now {
            self.is_reading = true;
            fx.push(Effect::Read {
                receiver: self.id,
                after: self.taken,
                limit: READ_MAX,
            });
        }
    }

    fn wants_to_read(&self, tail: EventId) -> bool {
        !self.is_reading && self.taken < tail && self.fresh.len() + READ_MAX <= FRESH_MAX
    }

    /// Every event of this receiver up to here is settled.
    fn cursor(&self) -> EventId {
        let unsettled = |(parcel, item): (&Parcel, &Item)| match (parcel, item.origin) {
            (Parcel::Event(event), Origin::Journal) => Some(*event),
            (Parcel::Event(_), Origin::Redelivery | Origin::Alert) | (Parcel::Alert(_), _) => None,
        };
        let aside = self.under_way.iter().find_map(unsettled);
        let first = aside.into_iter().chain(self.fresh.front().copied()).min();
        first.map_or(self.taken, EventId::before)
    }

    /// Has the cursor kept, if it moved.
    fn remember(&mut self, fx: &mut Effects<Effect>) {
        let cursor = self.cursor();
        assert!(self.remembered <= cursor, "a cursor went back to {cursor}");
        if self.remembered < cursor {
            self.remembered = cursor;
            let receiver = self.id;
            fx.push(Effect::Remember { receiver, cursor });
        }
    }

    fn tell(&self, turned: Option<Transition>, fx: &mut Effects<Effect>) {
        if let Some(Transition { from, to }) = turned {
            let receiver = self.id;
            fx.push(Effect::Notice(Notice::Breaker { receiver, from, to }));
        }
    }

    fn item(&mut self, origin: Origin, stand: Stand) -> Item {
        self.begun += 1;
        let rng = self.rng.fork_indexed("parcel", self.begun);
        Item {
            origin,
            stand,
            backoff: Backoff::new(self.policy.backoff, rng),
        }
    }

    fn calling(&self) -> usize {
        let calls = self.under_way.values().filter_map(Item::deadline);
        calls.count()
    }

    fn count(&self, origin: Origin) -> usize {
        let is_it = |item: &&Item| item.origin == origin;
        self.under_way.values().filter(is_it).count()
    }

    fn check(&self) {
        assert!(self.fresh.len() <= FRESH_MAX, "too many events in hand");
        assert!(self.alerts.len() <= ALERTS_MAX, "too many alerts in hand");
        debug_assert!(self.calling() <= self.policy.calls_max, "too many calls");
        debug_assert!(self.count(Origin::Journal) <= ASIDE_MAX, "too much stepped aside");
        debug_assert!(
            self.count(Origin::Redelivery) <= REDELIVERIES_MAX,
            "too many orders"
        );
    }
}

/// What a call says of the receiver, and how long it asks to be left alone. One that asks for patience is alive.
const fn judge(outcome: Outcome) -> (CallOutcome, Option<Duration>) {
    match outcome {
        Outcome::Delivered { .. } => (CallOutcome::Success, None),
        Outcome::Refused {
            retry_after: Some(pause),
            ..
        } => (CallOutcome::Ignored, Some(pause)),
        Outcome::Refused {
            retry_after: None, ..
        }
        | Outcome::Unreachable
        | Outcome::TimedOut => (CallOutcome::Failure, None),
    }
}
