//! Webhooks: what is committed is told to receivers over HTTP, signed.
//!
//! Core decides (`plimsoll_core::webhook`): who is told what, when, how often. Here, `project` follows the journal and keeps
//! the events that core derives from it in `store`, `courier` runs the machine and does what it wishes for (`open` makes
//! it), `post` makes one call, `payload` writes bodies, `signature` signs them and says how a receiver verifies that, and `desk` is what
//! people see of it all.

mod courier;
mod desk;
mod open;
mod payload;
mod post;
mod project;
pub mod signature;
mod store;

use std::fmt;

use plimsoll_core::webhook::{Subscription, WebhookPolicy};

pub use desk::{Desk, Receiver, Redelivered};
pub use open::{Deliveries, Unopened};
pub use store::{Delivery, DeskError, LogPage};

use crate::chain::EndpointUrl;

/// One receiver of a configuration.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Its name, for people and for the file that keeps where it is.
    pub name: String,
    /// Where it is called.
    pub url: EndpointUrl,
    /// What deliveries are signed with; several while one is being replaced.
    pub secrets: Vec<Secret>,
    /// What it is told of.
    pub subscription: Subscription,
    /// How hard it is tried.
    pub policy: WebhookPolicy,
}

/// What deliveries are signed with. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret `text`.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret, for the one who signs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests;
