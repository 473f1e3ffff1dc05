//! What operators order, and take back.

use plimsoll_core::bank::{AdminAct, Command, EndpointName};
use plimsoll_core::id::ChainId;
use plimsoll_core::resilience::BreakerOrder;
use plimsoll_core::time::Instant;

use super::World;
use super::event::Happening;
use super::plan::{Deed, OrderPlan};
use crate::model::users::{Message, Purpose};

impl World<'_> {
    /// An order is given.
    pub(super) fn order(&mut self, deed: u32, order: OrderPlan) -> bool {
        let act = match order {
            OrderPlan::PauseChain { .. } => AdminAct::PauseChain(self.chain_id()),
            OrderPlan::PauseEndpoint { endpoint, .. } => {
                AdminAct::PauseEndpoint(self.endpoint_name(endpoint))
            }
            OrderPlan::ForceOpen { endpoint, .. } => self.breaker_order(endpoint, BreakerOrder::ForceOpen),
            OrderPlan::Disable { endpoint, .. } => self.breaker_order(endpoint, BreakerOrder::Disable),
            OrderPlan::Drain { .. } => AdminAct::Drain,
            OrderPlan::Sweep => AdminAct::Sweep,
            OrderPlan::Process { deed } => {
                let Some(index) = self.transactions[deed as usize] else {
                    unreachable!("the plan was checked")
                };
                AdminAct::Process(self.chain.key_of(index))
            }
        };
        self.administer(Purpose::Order { deed }, deed, act);
        true
    }

    /// An order that lasts was acknowledged: it will be taken back.
    pub(super) fn schedule_countermand(&mut self, deed: u32) {
        let Deed::Order { order, .. } = &self.plan.workload[deed as usize] else {
            unreachable!("only an order is taken back")
        };
        if let Some(until_ms) = order.until_ms() {
            self.outstanding += 1;
            let at = Instant::from_nanos(until_ms * 1_000_000);
            self.schedule
                .at(at.max(self.schedule.now()), Happening::Countermand(deed));
        }
    }

    /// An order is taken back.
    pub(super) fn on_countermand(&mut self, deed: u32) {
        self.outstanding -= 1;
        let Deed::Order { order, .. } = self.plan.workload[deed as usize] else {
            unreachable!("only an order is taken back")
        };
        let act = match order {
            OrderPlan::PauseChain { .. } => AdminAct::ResumeChain(self.chain_id()),
            OrderPlan::PauseEndpoint { endpoint, .. } => {
                AdminAct::ResumeEndpoint(self.endpoint_name(endpoint))
            }
            OrderPlan::ForceOpen { endpoint, .. } | OrderPlan::Disable { endpoint, .. } => {
                self.breaker_order(endpoint, BreakerOrder::Reset)
            }
            OrderPlan::Drain { .. } => AdminAct::Undrain,
            OrderPlan::Sweep | OrderPlan::Process { .. } => unreachable!("it does not last"),
        };
        self.administer(Purpose::Nothing, deed, act);
    }

    fn administer(&mut self, purpose: Purpose, deed: u32, act: AdminAct) {
        let command = Command::Administer {
            key: self.users.own_key(),
            act,
            actor: "operator".to_owned(),
            reason: format!("deed {deed} says so"),
        };
        self.call(purpose, Message::Command(command));
    }

    fn breaker_order(&self, endpoint: u8, order: BreakerOrder) -> AdminAct {
        AdminAct::Breaker {
            endpoint: self.endpoint_name(endpoint),
            order,
        }
    }

    fn endpoint_name(&self, endpoint: u8) -> EndpointName {
        let one = &self.plan.topology.endpoints[usize::from(endpoint)];
        EndpointName {
            chain: self.chain_id(),
            name: one.name.clone(),
        }
    }

    const fn chain_id(&self) -> ChainId {
        ChainId::new(self.chain.id())
    }
}
