//! What the HTTP surface needs of whoever drives the bank.

use std::future::Future;
use std::pin::Pin;

use plimsoll_core::bank::{Command, Query, Reply};

use crate::driver::{Handle, Pulse, Unavailable};

/// A reply that will come.
pub type Replying<'a> = Pin<Box<dyn Future<Output = Result<Reply, Unavailable>> + Send + 'a>>;

/// The bank behind its driver.
pub trait BankService: Send + Sync + 'static {
    /// Has something done. The reply comes once everything that it says is durable.
    fn command(&self, command: Command) -> Replying<'_>;

    /// Asks something. The reply comes once everything that it shows is durable.
    fn query(&self, query: Query) -> Replying<'_>;

    /// How the driver is, without asking it.
    fn pulse(&self) -> Pulse;
}

impl BankService for Handle {
    fn command(&self, command: Command) -> Replying<'_> {
        Box::pin(Self::command(self, command))
    }

    fn query(&self, query: Query) -> Replying<'_> {
        Box::pin(Self::query(self, query))
    }

    fn pulse(&self) -> Pulse {
        Self::pulse(self)
    }
}
