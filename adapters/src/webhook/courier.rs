//! [`Courier`]: runs the machine, and does what it wishes for.
//!
//! One input after the other: what was decided about one is done, but for the calls, before the next is handed over. A line
//! of the log and the cursor that moves with it are written in one step, after the call; a crash between the two
//! is a call that is made again.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::monitor::News;
use plimsoll_core::time::WallClock;
use plimsoll_core::webhook::{
    Effect, EventId, Input, Kind, Next, Notice, Outcome, Parcel, ReceiverId, ReceiverStatus, Webhooks,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::WebhookConfig;
use super::desk::{Order, Redelivered};
use super::payload;
use super::post::Poster;
use super::store::{Delivery, DeskError, Store};
use crate::chain::Dial;
use crate::clock::Clock;
use crate::driver::spawn::Tasks;

/// The longest that the courier sleeps.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// How many alerts are remembered for those that were not told of them yet.
const ALERTS_KEPT: usize = 4_096;

/// How each receiver stands, and for how much longer it is left alone.
pub(super) type Standing = Vec<(ReceiverStatus, Duration)>;

/// Runs the machine.
pub(super) struct Courier<D> {
    machine: Webhooks,
    poster: Poster<D>,
    store: Arc<Store>,
    clock: Clock,
    /// Of the journal's writer: names of alerts differ from those of every process before.
    epoch: u64,
    calls: Tasks<Input>,
    /// What is sent of alerts, by number.
    alerts: BTreeMap<u64, (Kind, String)>,
    alert_last: u64,
    /// What the file is told with the next writing.
    lines: Vec<Delivery>,
    cursors: BTreeMap<usize, EventId>,
    /// How many lines were written.
    written: u64,
    ears: Ears,
}

/// Where a courier hears what happens, and says how things stand.
pub(super) struct Ears {
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) tail: watch::Receiver<EventId>,
    pub(super) standing: watch::Sender<Standing>,
}

impl<D: Dial> Courier<D> {
    /// One that calls by `poster` and keeps in `store`, of the process that writes the journal in `epoch`.
    pub(super) fn new(
        machine: Webhooks,
        poster: Poster<D>,
        store: Arc<Store>,
        epoch: u64,
        ears: Ears,
    ) -> Self {
        let courier = Self {
            machine,
            clock: poster.clock(),
            poster,
            store,
            epoch,
            calls: Tasks::new(),
            alerts: BTreeMap::new(),
            alert_last: 0,
            lines: Vec::new(),
            cursors: BTreeMap::new(),
            written: 0,
            ears,
        };
        courier.publish();
        courier
    }

    /// Delivers for ever.
    pub(super) async fn run(mut self) -> Infallible {
        loop {
            let heartbeat = self.clock.now().after(HEARTBEAT);
            let due = self.machine.next_deadline();
            let due = due.map_or(heartbeat, |due| due.at.min(heartbeat));
            tokio::select! {
                biased;
                answered = self.calls.next() => self.handle(answered).await,
                Some(order) = self.ears.orders.recv() => self.obey(order).await,
                Ok(()) = self.ears.tail.changed() => {
                    let tail = *self.ears.tail.borrow_and_update();
                    self.handle(Input::Committed { tail }).await;
                }
                () = self.clock.sleep_until(due) => self.handle(Input::Tick).await,
            }
            self.keep().await;
            self.publish();
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::News(news) => self.alert(&news).await,
            Order::Redeliver {
                receiver,
                events,
                answer,
            } => self.redeliver(receiver, events, answer).await,
        }
    }

    async fn alert(&mut self, news: &News) {
        let number = self.alert_last + 1;
        let name = self.alert_name(number);
        let Some((kind, body)) = payload::of_alert(news, &name, self.clock.wall()) else {
            return;
        };
        self.alert_last = number;
        self.alerts.insert(number, (kind, body));
        if self.alerts.len() > ALERTS_KEPT {
            self.alerts.pop_first();
        }
        self.handle(Input::Alert { number, kind }).await;
    }

    async fn redeliver(
        &mut self,
        receiver: usize,
        events: Vec<EventId>,
        answer: oneshot::Sender<Redelivered>,
    ) {
        let mut come = Redelivered {
            accepted: 0,
            refused: 0,
            unknown: 0,
        };
        for event in events {
            if !matches!(self.store.body(event).await, Ok(Some(_))) {
                come.unknown += 1;
                continue;
            }
            let refused = self.refused(Input::Redeliver {
                receiver: ReceiverId(receiver),
                event,
            });
            if refused.await {
                come.refused += 1;
            } else {
                come.accepted += 1;
            }
        }
        // Whoever asked may have gone.
        let _ = answer.send(come);
    }

    /// Hands an order over, and says whether it was refused.
    async fn refused(&mut self, order: Input) -> bool {
        let effects = self.take(order);
        let is_refusal = |effect: &Effect| matches!(effect, Effect::Notice(Notice::RedeliveryRefused { .. }));
        let is_refused = effects.iter().any(is_refusal);
        self.act(effects).await;
        is_refused
    }

    async fn handle(&mut self, input: Input) {
        let effects = self.take(input);
        self.act(effects).await;
    }

    fn take(&mut self, input: Input) -> Vec<Effect> {
        let mut fx = Effects::new();
        self.machine.handle(self.clock.now(), input, &mut fx);
        fx.drain().collect()
    }

    /// Does what was wished for, and what comes of it.
    async fn act(&mut self, effects: Vec<Effect>) {
        let mut wishes = VecDeque::from(effects);
        while let Some(effect) = wishes.pop_front() {
            match effect {
                Effect::Read {
                    receiver,
                    after,
                    limit,
                } => {
                    let read = self.read(receiver, after, limit).await;
                    wishes.extend(self.take(read));
                }
                Effect::Deliver {
                    receiver,
                    parcel,
                    attempt,
                    timeout,
                } => self.deliver(receiver, parcel, attempt, timeout).await,
                Effect::Remember { receiver, cursor } => {
                    self.cursors.insert(receiver.0, cursor);
                }
                Effect::Notice(notice) => self.note(notice).await,
            }
        }
    }

    async fn read(&self, receiver: ReceiverId, after: EventId, limit: usize) -> Input {
        match self.store.read(after, limit).await {
            Ok((events, reached)) => Input::Events {
                receiver,
                events,
                reached: reached.max(after),
            },
            Err(error) => {
                warn("events cannot be read for a webhook", &error);
                Input::NotRead { receiver }
            }
        }
    }

    async fn deliver(&mut self, receiver: ReceiverId, parcel: Parcel, attempt: u32, timeout: Duration) {
        let found = self.content(parcel).await;
        let poster = self.poster.clone();
        self.calls.start(async move {
            let outcome = match found {
                Some((kind, body)) => poster.post(receiver.0, kind, body, timeout).await,
                // Its file cannot be read, or it was an alert of long ago.
                None => Outcome::Unreachable,
            };
            Input::Answered {
                receiver,
                parcel,
                attempt,
                outcome,
            }
        });
    }

    async fn content(&self, parcel: Parcel) -> Option<(Kind, String)> {
        match parcel {
            Parcel::Alert(number) => self.alerts.get(&number).cloned(),
            Parcel::Event(event) => match self.store.body(event).await {
                Ok(found) => found,
                Err(error) => {
                    warn("an event cannot be read for a webhook", &error);
                    None
                }
            },
        }
    }

    async fn note(&mut self, notice: Notice) {
        match notice {
            Notice::Attempted {
                receiver,
                parcel,
                attempt,
                outcome,
                took,
                next,
            } => {
                let name = self.name(receiver);
                let line = Delivery {
                    id: 0,
                    receiver: name.clone(),
                    event: self.parcel_name(parcel),
                    kind: self.kind(parcel).await,
                    attempt,
                    outcome: outcome.code().to_owned(),
                    status: outcome.status(),
                    took,
                    at: self.clock.wall(),
                    next: next_name(next).to_owned(),
                    retry_at: self.retry_at(next),
                };
                tell(&line);
                self.lines.push(line);
            }
            Notice::AlertDropped { receiver, number } => {
                let (receiver, alert) = (self.name(receiver), self.alert_name(number));
                tracing::warn!(receiver, alert, "an alert is not told: newer ones took its place");
            }
            Notice::RedeliveryRefused { receiver, event } => {
                let receiver = self.name(receiver);
                tracing::warn!(receiver, %event, "not delivered again: as many orders wait as may");
            }
            Notice::Breaker { receiver, from, to } => {
                let receiver = self.name(receiver);
                tracing::info!(
                    receiver,
                    from = from.code(),
                    to = to.code(),
                    "webhook breaker changed"
                );
            }
        }
    }

    async fn kind(&self, parcel: Parcel) -> String {
        let content = self.content(parcel).await;
        content.map_or_else(|| "unknown".to_owned(), |(kind, _)| kind.code().to_owned())
    }

    fn retry_at(&self, next: Next) -> Option<WallClock> {
        match next {
            Next::RetryAt(at) => Some(self.clock.wall().after(at.since(self.clock.now()))),
            Next::Done | Next::Parked => None,
        }
    }

    /// Writes what came about. What cannot be written is kept for the next time; what is lost then is delivered again.
    async fn keep(&mut self) {
        if self.lines.is_empty() && self.cursors.is_empty() {
            return;
        }
        let receivers = self.poster.receivers();
        let name = |(index, cursor): (&usize, &EventId)| {
            let config: Option<&WebhookConfig> = receivers.get(*index);
            config.map(|config| (config.name.as_str(), *cursor))
        };
        let cursors: Vec<(&str, EventId)> = self.cursors.iter().filter_map(name).collect();
        if let Err(error) = self.store.keep(&self.lines, &cursors).await {
            warn("what came of deliveries cannot be written", &error);
            // The log is for people; it does not grow without end for a disk that is full.
            self.lines.truncate(ALERTS_KEPT);
            return;
        }
        let before = self.written;
        self.written += u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        self.lines.clear();
        self.cursors.clear();
        if Store::wants_pruning(before, self.written) {
            let least = self.machine.status().map(|status| status.cursor).min();
            if let Err(error) = self.store.prune(least.unwrap_or_default()).await {
                warn("old deliveries cannot be dropped", &error);
            }
        }
    }

    fn publish(&self) {
        let now = self.clock.now();
        let standing = |status: ReceiverStatus| (status, status.rest_until.since(now));
        let standing = self.machine.status().map(standing).collect();
        self.ears.standing.send_replace(standing);
    }

    fn name(&self, receiver: ReceiverId) -> String {
        let config = self.poster.receivers().get(receiver.0);
        config.map(|config| config.name.clone()).unwrap_or_default()
    }

    fn parcel_name(&self, parcel: Parcel) -> String {
        match parcel {
            Parcel::Alert(number) => self.alert_name(number),
            Parcel::Event(event) => event.to_string(),
        }
    }

    fn alert_name(&self, number: u64) -> String {
        format!("alert-{}-{number}", self.epoch)
    }
}

const fn next_name(next: Next) -> &'static str {
    match next {
        Next::Done => "done",
        Next::RetryAt(_) => "retry",
        Next::Parked => "parked",
    }
}

fn warn(what: &str, error: &DeskError) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}

/// Tells the log of one attempt: what was parked needs a person, what is tried again does not.
fn tell(line: &Delivery) {
    let Delivery {
        receiver,
        event,
        attempt,
        outcome,
        status,
        took,
        next,
        ..
    } = line;
    match next.as_str() {
        "parked" => {
            tracing::warn!(
                receiver,
                event,
                attempt,
                outcome,
                status,
                "a webhook was not delivered: redeliver it"
            );
        }
        "retry" => tracing::info!(
            receiver,
            event,
            attempt,
            outcome,
            status,
            "a webhook will be tried again"
        ),
        _ => tracing::debug!(receiver, event, attempt, ?took, "a webhook was delivered"),
    }
}
