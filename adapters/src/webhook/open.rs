//! [`Deliveries`]: the deliveries of one server, from what they are made of to their end.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::journal::Head;
use plimsoll_core::money::Registry;
use plimsoll_core::rng::Rng;
use plimsoll_core::webhook::{EventId, ReceiverConfig, Webhooks};
use tokio::sync::{mpsc, watch};

use super::WebhookConfig;
use super::courier::{Courier, Ears};
use super::desk::{Desk, ORDERS_MAX};
use super::post::Poster;
use super::project::Projector;
use super::store::{DeskError, Store, path_beside};
use crate::chain::Dial;
use crate::clock::Clock;
use crate::driver::Pulse;
use crate::store::hash_at;

/// What deliveries are made of.
#[derive(Debug)]
pub struct Unopened<'a> {
    /// Who is told.
    pub receivers: Vec<WebhookConfig>,
    /// The journal's file.
    pub journal: &'a Path,
    /// Where the journal ends, with the epoch of its writer.
    pub head: Head,
    /// What amounts are written with.
    pub registry: Registry,
    /// Of the random pauses.
    pub seed: u64,
    /// The clocks.
    pub clock: Clock,
}

/// The deliveries of one server; none if it has no receivers, and then no file.
pub struct Deliveries<D>(Option<(Courier<D>, Projector)>);

impl<D: Dial> Deliveries<D> {
    /// Opens the file beside the journal, and goes on where each receiver is.
    ///
    /// # Errors
    /// [`DeskError`]: the file cannot be used, or is not this journal's.
    pub async fn open(from: Unopened<'_>, dial: D) -> Result<(Self, Desk), DeskError> {
        if from.receivers.is_empty() {
            return Ok((Self(None), Desk::none()));
        }
        let path = path_beside(from.journal);
        let store = Arc::new(Store::open(&path, &from.head).await?);
        let (checkpoint, hash) = store.checkpoint().await?;
        if hash_at(from.journal, checkpoint).await? != Some(hash) {
            return Err(DeskError::Foreign { path });
        }
        let configs = cursors(&from, &store).await?;
        let receivers: Arc<[WebhookConfig]> = Arc::from(from.receivers);
        let (orders, ordered) = mpsc::channel(ORDERS_MAX);
        let (standing, seen) = watch::channel(Vec::new());
        let (tail, reached) = watch::channel(EventId::default());
        let courier = Courier::new(
            Webhooks::new(configs, &Rng::from_seed(from.seed).fork("webhooks")),
            Poster::new(Arc::clone(&receivers), dial, from.clock),
            Arc::clone(&store),
            from.head.epoch,
            Ears {
                orders: ordered,
                tail: reached,
                standing,
            },
        );
        let projector = Projector {
            journal: from.journal.to_owned(),
            store: Arc::clone(&store),
            registry: from.registry,
            tail,
        };
        let desk = Desk {
            receivers,
            standing: seen,
            store: Some(store),
            orders,
        };
        Ok((Self(Some((courier, projector))), desk))
    }

    /// Delivers for ever what the driver whose pulse this is commits. Dropping the future ends it: what is being sent then is
    /// sent again at the next start.
    pub async fn deliver(self, pulse: watch::Receiver<Pulse>) -> Infallible {
        match self.0 {
            Some((courier, projector)) => tokio::select! {
                never = projector.follow(pulse) => never,
                never = courier.run() => never,
            },
            None => std::future::pending().await,
        }
    }
}

async fn cursors(from: &Unopened<'_>, store: &Store) -> Result<Vec<ReceiverConfig>, DeskError> {
    let mut configs = Vec::new();
    for receiver in &from.receivers {
        configs.push(ReceiverConfig {
            subscription: receiver.subscription.clone(),
            policy: receiver.policy,
            cursor: store.cursor(&receiver.name, from.head.position).await?,
        });
    }
    Ok(configs)
}
