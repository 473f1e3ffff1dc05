//! [`Hub`]: who listens to which transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_core::bank::Notice;
use plimsoll_core::escrow::TxKey;
use tokio::sync::watch;

/// The most who may listen to one transaction.
const LISTENERS_PER_TX_MAX: usize = 64;
/// How often something is sent when there is no news.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Wakes listeners when their transaction may have changed.
#[derive(Debug)]
pub struct Hub {
    topics: Mutex<Topics>,
    listeners_max: usize,
    heartbeat: Duration,
    draining: watch::Sender<bool>,
    /// How many listen.
    listening: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Topics {
    by_tx: BTreeMap<TxKey, Topic>,
}

/// A transaction that somebody listens to.
#[derive(Debug)]
struct Topic {
    /// Counts what was told of it.
    told: watch::Sender<u64>,
    listeners: usize,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new(4_096)
    }
}

impl Hub {
    /// A hub that lets `listeners_max` listen at once.
    #[must_use]
    pub fn new(listeners_max: usize) -> Self {
        Self::with_heartbeat(listeners_max, HEARTBEAT)
    }

    /// The same with another heartbeat.
    #[must_use]
    pub fn with_heartbeat(listeners_max: usize, heartbeat: Duration) -> Self {
        Self {
            topics: Mutex::default(),
            listeners_max,
            heartbeat,
            draining: watch::Sender::new(false),
            listening: watch::Sender::new(0),
        }
    }

    /// Wakes whoever listens to the transaction that `notice` is about.
    pub fn observe(&self, notice: &Notice) {
        let tx = match notice {
            Notice::Stage { tx, .. } | Notice::DeadLettered { tx, .. } => *tx,
            Notice::Credited { deposit, .. } | Notice::Refund { deposit, .. } => deposit.tx,
            Notice::Lane { .. }
            | Notice::Disagreement { .. }
            | Notice::Cordoned { .. }
            | Notice::Breaker { .. } => return,
        };
        if let Some(topic) = self.lock().by_tx.get(&tx) {
            topic.told.send_modify(|told| *told += 1);
        }
    }

    /// Has every listener leave, and lets in no other.
    pub(in crate::http) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Waits until nobody listens.
    pub(in crate::http) async fn emptied(&self) {
        let mut listening = self.listening.subscribe();
        // The sender is this hub's own.
        let _ = listening.wait_for(|count| *count == 0).await;
    }

    /// How many listen.
    #[must_use]
    pub fn listening(&self) -> usize {
        *self.listening.borrow()
    }

    /// How often something is sent when there is no news.
    pub(super) const fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// Listens to `tx`; `None` when as many listen as may, or the server is stopping.
    pub(super) fn listen(self: Arc<Self>, tx: TxKey) -> Option<Listener> {
        if *self.draining.borrow() {
            return None;
        }
        let told = {
            let mut topics = self.lock();
            if self.listening() >= self.listeners_max {
                return None;
            }
            let topic = topics.by_tx.entry(tx).or_insert_with(|| Topic {
                told: watch::Sender::new(0),
                listeners: 0,
            });
            if topic.listeners >= LISTENERS_PER_TX_MAX {
                return None;
            }
            topic.listeners += 1;
            self.listening.send_modify(|count| *count += 1);
            topic.told.subscribe()
        };
        let draining = self.draining.subscribe();
        Some(Listener {
            hub: self,
            tx,
            told,
            draining,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who listens, until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    hub: Arc<Hub>,
    tx: TxKey,
    told: watch::Receiver<u64>,
    draining: watch::Receiver<bool>,
}

impl Listener {
    /// Waits until something was told of the transaction since this last returned, or the server stops. Dropping the future
    /// loses nothing.
    pub(super) async fn wake(&mut self) -> Wake {
        // Both senders are the hub's, which this listener holds.
        tokio::select! {
            biased;
            _ = self.draining.wait_for(|is_draining| *is_draining) => Wake::Stopping,
            _ = self.told.changed() => Wake::Told,
        }
    }
}

/// Why a listener woke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// The transaction may have changed.
    Told,
    /// The server stops.
    Stopping,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.hub.lock();
        if let Some(topic) = topics.by_tx.get_mut(&self.tx) {
            topic.listeners -= 1;
            if topic.listeners == 0 {
                topics.by_tx.remove(&self.tx);
            }
        }
        self.hub.listening.send_modify(|count| *count -= 1);
    }
}
