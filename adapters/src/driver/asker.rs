//! [`Asker`]: what the driver needs of whoever talks to endpoints.

use std::future::Future;
use std::time::Duration;

use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::EndpointId;

use crate::chain::{Dial, EvmClient};

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

impl<D: Dial> Asker for EvmClient<D> {
    async fn ask(
        &self,
        endpoint: EndpointId,
        question: Question,
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        self.ask(endpoint, &question, timeout).await
    }
}
