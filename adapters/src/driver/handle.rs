//! [`Handle`]: the door to a running bank.

use std::time::Duration;

use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::time::Instant;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::callers::Caller;
use crate::clock::Clock;

/// The most requests that may wait for their turn.
pub(super) const MAILBOX_MAX: usize = 16_384;

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too much waits already, for its turn or for the journal. Nothing was done.
    #[error("the bank has as much to do as it can bear")]
    Overloaded,
    /// The driver has ended. If it took the request before, whether it was done is not known: repeating it with the
    /// same key finds out.
    #[error("the bank is not running")]
    Stopped,
}

impl Unavailable {
    /// How long to wait before trying again.
    #[must_use]
    pub const fn retry_after(self) -> Duration {
        match self {
            Self::Overloaded => Duration::from_secs(1),
            Self::Stopped => Duration::from_secs(5),
        }
    }
}

/// A request and where its reply goes.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) request: Request,
    pub(super) caller: Caller,
}

/// What somebody wants.
#[derive(Debug)]
pub(super) enum Request {
    Command(Box<Command>),
    Query(Query),
}

/// How the driver is, as it last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// When it last went round.
    pub at: Instant,
    /// Whether the last thing that the journal was asked did not succeed.
    pub is_journal_failing: bool,
    /// How many records the journal has committed.
    pub committed: u64,
    /// How many records wait for a commit.
    pub uncommitted: u64,
    /// How long the last commit took.
    pub commit_latency: Duration,
}

/// The door to a running bank. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Handle {
    mailbox: mpsc::Sender<Mail>,
    pulse: watch::Receiver<Pulse>,
    clock: Clock,
}

impl Handle {
    pub(super) const fn new(
        mailbox: mpsc::Sender<Mail>,
        pulse: watch::Receiver<Pulse>,
        clock: Clock,
    ) -> Self {
        Self {
            mailbox,
            pulse,
            clock,
        }
    }

    /// Has something done. The reply comes once everything that it says is durable.
    ///
    /// # Errors
    /// [`Unavailable`]: turned away, or the driver ended meanwhile.
    pub async fn command(&self, command: Command) -> Result<Reply, Unavailable> {
        self.request(Request::Command(Box::new(command))).await
    }

    /// Asks something. The reply comes once everything that it shows is durable.
    ///
    /// # Errors
    /// [`Unavailable`]: turned away, or the driver ended meanwhile.
    pub async fn query(&self, query: Query) -> Result<Reply, Unavailable> {
        self.request(Request::Query(query)).await
    }

    /// How the driver is, without asking it.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        *self.pulse.borrow()
    }

    /// How the driver is, each time that it goes round.
    #[must_use]
    pub fn pulses(&self) -> watch::Receiver<Pulse> {
        self.pulse.clone()
    }

    /// How long ago the driver last went round. It does so at least once a second.
    #[must_use]
    pub fn heartbeat_age(&self) -> Duration {
        self.clock.now().since(self.pulse().at)
    }

    async fn request(&self, request: Request) -> Result<Reply, Unavailable> {
        let (caller, reply) = oneshot::channel();
        self.mailbox
            .try_send(Mail { request, caller })
            .map_err(|error| match error {
                TrySendError::Full(_) => Unavailable::Overloaded,
                TrySendError::Closed(_) => Unavailable::Stopped,
            })?;
        reply.await.unwrap_or(Err(Unavailable::Stopped))
    }
}
