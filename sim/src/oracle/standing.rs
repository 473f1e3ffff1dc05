//! [`Standing`]: what operators ordered, made from records alone. Not an oracle.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{AdminAct, Effect, EndpointName, Record};
use plimsoll_core::id::ChainId;
use plimsoll_core::resilience::{BreakerOrder, BreakerState};

use super::twin::{Follower, records_of};
use crate::world::observe::Violation;

/// The orders that stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    chains: BTreeSet<ChainId>,
    endpoints: BTreeSet<EndpointName>,
    breakers: BTreeMap<EndpointName, BreakerState>,
}

impl Standing {
    /// By which order `endpoint` may not be asked, if there is one.
    pub(super) fn forbids(&self, endpoint: &EndpointName) -> Option<&'static str> {
        if self.chains.contains(&endpoint.chain) {
            Some("its chain is paused")
        } else if self.endpoints.contains(endpoint) {
            Some("it is paused")
        } else if self.breaker(endpoint) == Some(BreakerState::ForcedOpen) {
            Some("its breaker is forced open")
        } else {
            None
        }
    }

    /// The state that the breaker of `endpoint` was ordered to have, if it may not decide by itself.
    pub(super) fn breaker(&self, endpoint: &EndpointName) -> Option<BreakerState> {
        self.breakers.get(endpoint).copied()
    }
}

impl Follower for Standing {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        records.filter_map(act_of).for_each(|act| match act {
            AdminAct::PauseChain(chain) => {
                self.chains.insert(*chain);
            }
            AdminAct::ResumeChain(chain) => {
                self.chains.remove(chain);
            }
            AdminAct::PauseEndpoint(name) => {
                self.endpoints.insert(name.clone());
            }
            AdminAct::ResumeEndpoint(name) => {
                self.endpoints.remove(name);
            }
            AdminAct::Breaker { endpoint, order } => {
                let state = match order {
                    BreakerOrder::ForceOpen => BreakerState::ForcedOpen,
                    BreakerOrder::Disable => BreakerState::Disabled,
                    BreakerOrder::Reset => {
                        self.breakers.remove(endpoint);
                        return;
                    }
                };
                self.breakers.insert(endpoint.clone(), state);
            }
            AdminAct::Sweep
            | AdminAct::Process(_)
            | AdminAct::Drain
            | AdminAct::Undrain
            | AdminAct::Reconcile(_)
            | AdminAct::Refund(_) => {}
        });
        Ok(())
    }
}

/// The acts among `effects`, oldest first.
pub(super) fn acts_of(effects: &[Effect]) -> impl Iterator<Item = &AdminAct> {
    records_of(effects).filter_map(act_of)
}

fn act_of(record: &Record) -> Option<&AdminAct> {
    match record {
        Record::Administered { act, .. } => Some(act),
        Record::AssetRegistered { .. }
        | Record::UserRegistered { .. }
        | Record::AddressAssigned { .. }
        | Record::Ledger(_)
        | Record::Escrow(_)
        | Record::Reconciled { .. } => None,
    }
}
