//! What operators ordered, as deeds: an order and what took it back are one deed.

use std::collections::BTreeMap;

use plimsoll_core::bank::{AdminAct, EndpointName};
use plimsoll_core::escrow::{ChainConfig, TxKey};
use plimsoll_core::resilience::BreakerOrder;
use plimsoll_sim::world::plan::{Deed, OrderPlan};

/// What an order is about; a later one about the same takes it back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Chain(u64),
    Endpoint(EndpointName),
    Breaker(EndpointName),
    Intake,
}

/// The orders so far.
#[derive(Debug, Default)]
pub(super) struct Orders {
    given: Vec<Given>,
    /// The places of those that stand.
    standing: BTreeMap<Subject, usize>,
}

#[derive(Debug)]
struct Given {
    at_ms: u64,
    until_ms: Option<u64>,
    act: AdminAct,
}

impl Orders {
    /// An act was done.
    pub(super) fn note(&mut self, at_ms: u64, act: &AdminAct) {
        let (subject, begins) = match act {
            AdminAct::PauseChain(chain) => (Subject::Chain(chain.number()), true),
            AdminAct::ResumeChain(chain) => (Subject::Chain(chain.number()), false),
            AdminAct::PauseEndpoint(name) => (Subject::Endpoint(name.clone()), true),
            AdminAct::ResumeEndpoint(name) => (Subject::Endpoint(name.clone()), false),
            AdminAct::Breaker { endpoint, order } => {
                (Subject::Breaker(endpoint.clone()), *order != BreakerOrder::Reset)
            }
            AdminAct::Drain => (Subject::Intake, true),
            AdminAct::Undrain => (Subject::Intake, false),
            AdminAct::Sweep | AdminAct::Process(_) | AdminAct::Reconcile(_) | AdminAct::Refund(_) => {
                self.give(at_ms, act);
                return;
            }
        };
        if let Some(place) = self.standing.remove(&subject) {
            self.given[place].until_ms = Some(at_ms);
        }
        if begins {
            let place = self.give(at_ms, act);
            self.standing.insert(subject, place);
        }
    }

    fn give(&mut self, at_ms: u64, act: &AdminAct) -> usize {
        self.given.push(Given {
            at_ms,
            until_ms: None,
            act: act.clone(),
        });
        self.given.len() - 1
    }

    /// The deeds, on a chain of this configuration and in a run of such a length; `place` knows the deeds of transactions.
    /// `None` for each that is about something else.
    pub(super) fn finish(
        self,
        chain: &ChainConfig,
        duration_ms: u64,
        place: impl Fn(TxKey) -> Option<u32>,
    ) -> Vec<Option<Deed>> {
        let endpoint = |name: &EndpointName| {
            let named = chain.endpoints.iter().position(|one| one.name == name.name)?;
            u8::try_from(named).ok().filter(|_| name.chain == chain.id)
        };
        let deed = |given: &Given| {
            let until_ms = given.until_ms.unwrap_or(duration_ms);
            let order = match &given.act {
                AdminAct::PauseChain(id) if *id == chain.id => OrderPlan::PauseChain { until_ms },
                AdminAct::PauseEndpoint(name) => OrderPlan::PauseEndpoint {
                    endpoint: endpoint(name)?,
                    until_ms,
                },
                AdminAct::Breaker {
                    endpoint: name,
                    order,
                } => {
                    let endpoint = endpoint(name)?;
                    match order {
                        BreakerOrder::ForceOpen => OrderPlan::ForceOpen { endpoint, until_ms },
                        BreakerOrder::Disable => OrderPlan::Disable { endpoint, until_ms },
                        BreakerOrder::Reset => return None,
                    }
                }
                AdminAct::Drain => OrderPlan::Drain { until_ms },
                AdminAct::Sweep => OrderPlan::Sweep,
                AdminAct::Process(tx) => OrderPlan::Process { deed: place(*tx)? },
                AdminAct::PauseChain(_)
                | AdminAct::ResumeChain(_)
                | AdminAct::ResumeEndpoint(_)
                | AdminAct::Undrain
                | AdminAct::Reconcile(_)
                | AdminAct::Refund(_) => return None,
            };
            Some(Deed::Order {
                at_ms: given.at_ms,
                order,
            })
        };
        self.given.iter().map(deed).collect()
    }
}

#[cfg(test)]
mod tests;
