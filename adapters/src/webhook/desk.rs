//! [`Desk`]: what people see of the deliveries, and may order.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::monitor::News;
use plimsoll_core::webhook::{EventId, ReceiverStatus};
use tokio::sync::{mpsc, oneshot, watch};

use super::WebhookConfig;
use super::courier::Standing;
use super::store::{DeskError, LogPage, Store};

/// How many orders and alerts may wait for the courier.
pub(super) const ORDERS_MAX: usize = 256;
/// How long an order may wait for its answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The most events that one order delivers again.
const REDELIVERED_MAX: usize = 100;

/// What the courier is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Deliver these again.
    Redeliver {
        receiver: usize,
        events: Vec<EventId>,
        /// Hears how many were taken.
        answer: oneshot::Sender<Redelivered>,
    },
    /// The monitor has something to tell.
    News(News),
}

/// What became of an order to deliver again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivered {
    /// How many events are on their way.
    pub accepted: usize,
    /// How many were not taken, because as many wait as may.
    pub refused: usize,
    /// How many are not kept any more, or never were.
    pub unknown: usize,
}

/// A receiver and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// The scheme, host and port of its URL: the rest may be secret.
    pub url: String,
    /// The kinds of events it is told of, by code.
    pub events: Vec<&'static str>,
    /// How its deliveries stand.
    pub status: ReceiverStatus,
    /// For how much longer it is left alone.
    pub rests: Duration,
}

/// The deliveries as people see them. Clones show the same ones.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(super) receivers: Arc<[WebhookConfig]>,
    pub(super) standing: watch::Receiver<Standing>,
    pub(super) store: Option<Arc<Store>>,
    pub(super) orders: mpsc::Sender<Order>,
}

impl Desk {
    /// The desk of a server without receivers.
    #[must_use]
    pub fn none() -> Self {
        let (orders, _) = mpsc::channel(1);
        let (_, standing) = watch::channel(Vec::new());
        Self {
            receivers: Arc::from([]),
            standing,
            store: None,
            orders,
        }
    }

    /// Every receiver, in the order of the configuration.
    #[must_use]
    pub fn receivers(&self) -> Vec<Receiver> {
        let standing = self.standing.borrow();
        let receiver = |(config, (status, rests)): (&WebhookConfig, &(ReceiverStatus, Duration))| Receiver {
            name: config.name.clone(),
            url: config.url.to_string(),
            events: config.subscription.kinds.iter().map(|kind| kind.code()).collect(),
            status: *status,
            rests: *rests,
        };
        self.receivers.iter().zip(standing.iter()).map(receiver).collect()
    }

    /// The place of the receiver called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.receivers.iter().position(|receiver| receiver.name == name)
    }

    /// Lines of the delivery log older than `before`, newest first.
    ///
    /// # Errors
    /// [`DeskError`]: the file cannot be read.
    pub async fn log(
        &self,
        receiver: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<LogPage, DeskError> {
        match &self.store {
            Some(store) => store.log(receiver, before, limit).await,
            None => Ok(LogPage {
                deliveries: Vec::new(),
                next: None,
            }),
        }
    }

    /// Has `event` delivered to `receiver` again, or, if none is named, what was parked for it: up to a hundred events.
    /// `None`: the courier does not answer.
    ///
    /// # Errors
    /// [`DeskError`]: the file cannot be read.
    pub async fn redeliver(
        &self,
        receiver: usize,
        event: Option<EventId>,
    ) -> Result<Option<Redelivered>, DeskError> {
        let (Some(config), Some(store)) = (self.receivers.get(receiver), &self.store) else {
            return Ok(None);
        };
        let events = match event {
            Some(event) => vec![event],
            None => store.parked(&config.name, REDELIVERED_MAX).await?,
        };
        let (answer, answered) = oneshot::channel();
        let order = Order::Redeliver {
            receiver,
            events,
            answer,
        };
        if self.orders.try_send(order).is_err() {
            return Ok(None);
        }
        let answered = tokio::time::timeout(ANSWER_MAX, answered).await;
        Ok(answered.ok().and_then(Result::ok))
    }

    /// Tells of an alert, as well as may be: one that finds no room is not told.
    pub fn tell(&self, news: &News) {
        if !self.receivers.is_empty() && self.orders.try_send(Order::News(news.clone())).is_err() {
            tracing::warn!("an alert is not told to webhooks: too much waits");
        }
    }
}
