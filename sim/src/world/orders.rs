//! What operators order, and take back.

use plimsoll_core::bank::{ActDone, AdminAct, Command, EndpointName};
use plimsoll_core::escrow::{DepositKey, RefundAct};
use plimsoll_core::id::{Address, ChainId, Family, TxHash};
use plimsoll_core::resilience::BreakerOrder;
use plimsoll_core::time::Instant;

use super::World;
use super::event::Happening;
use super::plan::{Deed, OrderPlan, Paid};
use crate::model::users::{Message, Purpose};

/// Who gives orders.
const OPERATOR: &str = "operator";

impl World<'_> {
    /// An order is given.
    pub(super) fn order(&mut self, number: u32, order: OrderPlan) -> bool {
        self.order_as(OPERATOR, number, order);
        true
    }

    fn order_as(&mut self, actor: &str, number: u32, order: OrderPlan) {
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
            OrderPlan::Refund { deed, ordinal, .. } => {
                let Some(index) = self.transactions[deed as usize] else {
                    unreachable!("the plan was checked")
                };
                let tx = self.chain.key_of(index);
                let deposit = DepositKey { tx, ordinal };
                let to = payee(self.chain_id());
                AdminAct::Refund(RefundAct::Request { deposit, to })
            }
        };
        self.administer(actor, Purpose::Order { deed: number }, number, act);
    }

    /// An order was acknowledged.
    pub(super) fn on_ordered(&mut self, number: u32, done: ActDone) {
        let Deed::Order { order, .. } = self.plan.workload[number as usize] else {
            unreachable!("only an order is obeyed")
        };
        match (order, done) {
            (OrderPlan::Refund { .. }, ActDone::RefundProposed) => return self.approve(number),
            (OrderPlan::Refund { paid, .. }, ActDone::Refund { refund, .. }) => {
                self.refunds.insert(number, refund);
                if paid == Paid::Early {
                    self.pay_back(number);
                }
            }
            (_, _) => {}
        }
        self.schedule_countermand(number);
    }

    /// Another operator orders the same.
    fn approve(&mut self, number: u32) {
        let Deed::Order { order, .. } = self.plan.workload[number as usize] else {
            unreachable!("only an order is approved")
        };
        self.order_as("another operator", number, order);
    }

    /// An operator pays a refund on the chain.
    fn pay_back(&mut self, number: u32) {
        let Deed::Order {
            order: OrderPlan::Refund { deed, ordinal, .. },
            ..
        } = self.plan.workload[number as usize]
        else {
            unreachable!("only a refund is paid")
        };
        let now = self.schedule.now();
        if let Some(index) = self.transactions[deed as usize] {
            self.chain.pay_back(now, index, ordinal as usize);
        }
    }

    /// What came of the refund that a deed ordered.
    fn end_refund(&mut self, number: u32, paid: Paid) -> RefundAct {
        let Some(refund) = self.refunds.get(&number).copied() else {
            unreachable!("a refund ended that was not acknowledged")
        };
        match paid {
            Paid::Early => {}
            Paid::Late => self.pay_back(number),
            Paid::Never => return RefundAct::Withdraw { refund },
        }
        let paid_by = payment(self.chain_id(), number);
        RefundAct::Settle { refund, paid_by }
    }

    /// An order that lasts was acknowledged: it will be taken back.
    fn schedule_countermand(&mut self, deed: u32) {
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
            OrderPlan::Refund { paid, .. } => AdminAct::Refund(self.end_refund(deed, paid)),
            OrderPlan::Sweep | OrderPlan::Process { .. } => unreachable!("it does not last"),
        };
        self.administer(OPERATOR, Purpose::Nothing, deed, act);
    }

    fn administer(&mut self, actor: &str, purpose: Purpose, deed: u32, act: AdminAct) {
        let command = Command::Administer {
            key: self.users.own_key(),
            act,
            actor: actor.to_owned(),
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
        self.chain.chain_id()
    }
}

/// Where everything goes that is refunded: to nobody whom the bank knows.
const fn payee(chain: ChainId) -> Address {
    match chain.family() {
        Family::Evm => Address::Evm([0x0e; 20]),
        Family::Solana => Address::Solana([0x0e; 32]),
    }
}

/// The transaction that pays the refund of a deed.
fn payment(chain: ChainId, deed: u32) -> TxHash {
    let deed = deed.to_be_bytes();
    match chain.family() {
        Family::Evm => {
            let mut hash = [0x0e; 32];
            hash[..4].copy_from_slice(&deed);
            TxHash::Evm(hash)
        }
        Family::Solana => {
            let mut signature = [0x0e; 64];
            signature[..4].copy_from_slice(&deed);
            TxHash::Solana(signature)
        }
    }
}
