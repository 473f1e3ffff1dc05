//! [`Endpoints`]: the simulator's endpoints, asked over the simulator's links.

use std::future::pending;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::EndpointId;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::endpoint::Reaction;

use super::stage::Shared;
use crate::driver::Asker;
use crate::time::timeout;

/// Every endpoint of the world.
#[derive(Clone)]
pub(super) struct Endpoints(pub(super) Shared);

impl Asker for Endpoints {
    async fn ask(
        &self,
        endpoint: EndpointId,
        question: Question,
        patience: Duration,
    ) -> Result<Answer, Fault> {
        let answered = timeout(patience, self.exchange(endpoint, &question));
        answered.await.unwrap_or(Err(Fault::Timeout))
    }
}

impl Endpoints {
    /// The answer that comes first: a question may arrive twice, and each time be answered twice, or never.
    async fn exchange(&self, endpoint: EndpointId, question: &Question) -> Result<Answer, Fault> {
        let sent = {
            let stage = &mut *self.0.lock();
            stage.tally.questions += 1;
            let wire = &mut stage.wires.endpoints[usize::from(endpoint.index)];
            wire.from_bank.send(self.0.now())
        };
        let arrivals = [sent.first, sent.second].into_iter().flatten();
        let arrivals = arrivals.map(|at| self.react(at, endpoint, question));
        let mut answers: FuturesUnordered<_> = arrivals.collect();
        match answers.next().await {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    /// What comes back when a question reaches `endpoint` at `at`.
    async fn react(&self, at: Instant, endpoint: EndpointId, question: &Question) -> Result<Answer, Fault> {
        self.0.clock.sleep_until(at).await;
        let reaction = self.0.lock().ask(self.0.now(), endpoint, question);
        let Reaction::Answers(after, outcome) = reaction else {
            return pending().await;
        };
        let sent = {
            let stage = &mut *self.0.lock();
            let wire = &mut stage.wires.endpoints[usize::from(endpoint.index)];
            wire.to_bank.send(self.0.now().after(after))
        };
        match sent.first.into_iter().chain(sent.second).min() {
            Some(at) => self.0.clock.sleep_until(at).await,
            None => pending().await,
        }
        outcome
    }
}
