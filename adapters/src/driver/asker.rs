//! [`Asker`]: what the driver needs of whoever talks to endpoints.

use std::future::Future;
use std::time::Duration;

use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::EndpointId;

/// Puts questions to endpoints.
pub trait Asker: Clone + Send + Sync + 'static {
    /// Asks `endpoint` once, and gives up after `timeout`.
    fn ask(
        &self,
        endpoint: EndpointId,
        question: Question,
        timeout: Duration,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send;
}
