//! What may legitimately wait for ever, and for which dependency that is gone.
//!
//! A plan may take something away for ever: a fault without an end, or a core that leaves endpoints broken. Whatever needs
//! that may wait; everything else must settle. An excuse names what is gone, so that a person can see whether it holds.

use core::fmt;
use std::collections::BTreeSet;

use super::plan::{Plan, ScheduledFault};
use super::quiet::Trouble;
use crate::fault::{ChainFault, DiskFault, EndpointFault, Fault, LinkFault, LinkName, StoreFault};

/// What the bank cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependency {
    /// Two endpoints of different providers.
    Endpoints,
    /// The store.
    Store,
    /// The network of the users.
    Users,
    /// Finality of the chain.
    Finality,
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Endpoints => "endpoints of two providers",
            Self::Store => "the store",
            Self::Users => "the users' network",
            Self::Finality => "finality",
        })
    }
}

/// Something that was not settled at the end of a run, and may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What.
    pub what: String,
    /// What it waits for, and why that is gone.
    pub reason: Reason,
}

/// A dependency that is gone for ever, and what took it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The dependency.
    pub dependency: Dependency,
    /// What took it away.
    pub cause: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.dependency, self.cause)
    }
}

/// Everything that is gone for ever.
#[derive(Debug)]
pub(super) struct Excuses(Vec<Reason>);

impl Excuses {
    /// What the faults of `plan` took away that will never end, as they stand.
    pub(super) fn of(plan: &Plan, troubles: &[Trouble]) -> Self {
        let is_lasting = |(one, trouble): &(&ScheduledFault, &Trouble)| {
            trouble.has_begun && (one.until_ms.is_none() || trouble.is_on)
        };
        let faults = || {
            plan.faults
                .iter()
                .zip(troubles)
                .filter(is_lasting)
                .map(|(one, _)| &one.fault)
        };
        let mut gone = Vec::new();
        for fault in faults() {
            gone.extend(takes_away(fault).map(|dependency| Reason {
                dependency,
                cause: format!("{fault:?} never ends"),
            }));
        }
        let silenced: BTreeSet<usize> = faults().filter_map(silences).map(usize::from).collect();
        // What nobody claims, only they can find who search logs.
        let sound = plan.topology.endpoints.iter().enumerate();
        let sound = sound.filter(|(place, one)| !silenced.contains(place) && one.tells_everything());
        let providers: BTreeSet<&str> = sound.map(|(_, one)| one.provider.as_str()).collect();
        if providers.len() < 2 {
            let name = |place: &usize| plan.topology.endpoints[*place].name.clone();
            let names: Vec<String> = silenced.iter().map(name).collect();
            gone.push(Reason {
                dependency: Dependency::Endpoints,
                cause: format!("{} never come back", names.join(", ")),
            });
        }
        Self(gone)
    }

    /// Why what needs all of `needs` may wait, if it may.
    pub(super) fn for_want_of(&self, needs: &[Dependency]) -> Option<Reason> {
        let is_needed = |reason: &&Reason| needs.contains(&reason.dependency);
        self.0.iter().find(is_needed).cloned()
    }
}

/// What a fault that never ends takes away by itself.
fn takes_away(fault: &Fault) -> Option<Dependency> {
    match fault {
        Fault::Network { link, fault, .. } => match (link, is_cut(*fault)) {
            (LinkName::Users, true) => Some(Dependency::Users),
            (LinkName::AllEndpoints, true) => Some(Dependency::Endpoints),
            (LinkName::Users | LinkName::AllEndpoints | LinkName::Endpoint { .. }, _) => None,
        },
        Fault::Store { fault, percent: 100 } => match fault {
            StoreFault::Unavailable | StoreFault::Full => Some(Dependency::Store),
            StoreFault::UnknownOutcome { committed_percent: 0 } => Some(Dependency::Store),
            StoreFault::UnknownOutcome { .. } | StoreFault::SlowSync { .. } => None,
        },
        Fault::Disk {
            fault: DiskFault::SyncFailed { percent: 100 },
        } => Some(Dependency::Store),
        Fault::Chain {
            fault: ChainFault::FinalityStall,
        } => Some(Dependency::Finality),
        // A process comes back, or the plan is refused.
        Fault::Store { .. }
        | Fault::Disk { .. }
        | Fault::Process { .. }
        | Fault::Endpoint { .. }
        | Fault::Chain { .. }
        // Whatever becomes of queues and workers, the bank does their work.
        | Fault::Queue { .. }
        | Fault::Worker { .. } => None,
    }
}

/// The endpoint that a fault which never ends leaves of no use.
const fn silences(fault: &Fault) -> Option<u8> {
    match fault {
        Fault::Endpoint { endpoint, fault, .. } => match fault {
            EndpointFault::Slow { .. } => None,
            EndpointFault::Dead
            | EndpointFault::NeverAnswers
            | EndpointFault::Lagging { .. }
            | EndpointFault::StuckHead
            | EndpointFault::Empty
            | EndpointFault::RateLimited { .. }
            | EndpointFault::Auth
            | EndpointFault::ServerError
            | EndpointFault::NotReady
            | EndpointFault::Malformed
            | EndpointFault::TooLarge
            | EndpointFault::Crossed
            | EndpointFault::WrongChain
            | EndpointFault::PrivateFork
            | EndpointFault::Lying { .. } => Some(*endpoint),
        },
        Fault::Network {
            link: LinkName::Endpoint { endpoint },
            fault,
            ..
        } if is_cut(*fault) => Some(*endpoint),
        Fault::Network { .. }
        | Fault::Store { .. }
        | Fault::Disk { .. }
        | Fault::Process { .. }
        | Fault::Chain { .. }
        | Fault::Queue { .. }
        | Fault::Worker { .. } => None,
    }
}

/// Whether nothing ever gets through.
const fn is_cut(fault: LinkFault) -> bool {
    match fault {
        LinkFault::Partition | LinkFault::Hold | LinkFault::Loss { percent: 100 } => true,
        LinkFault::Loss { .. }
        | LinkFault::Duplicate { .. }
        | LinkFault::Reorder { .. }
        | LinkFault::Delay { .. }
        | LinkFault::HalfOpen { .. } => false,
    }
}

#[cfg(test)]
mod tests;
