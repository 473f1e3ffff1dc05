//! Every link of the world.

use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::plan::{LinkPlan, Topology};
use crate::engine::Link;
use crate::fault::{Direction, LinkFault, LinkName};

/// The two directions of one link.
#[derive(Debug)]
pub struct Wire {
    /// What travels to the bank.
    pub to_bank: Link,
    /// What the bank sends.
    pub from_bank: Link,
}

/// The links between the bank and everybody else.
#[derive(Debug)]
pub struct Wires {
    /// The link of the users.
    pub users: Wire,
    /// The link of each endpoint.
    pub endpoints: Vec<Wire>,
}

impl Wires {
    /// The links of `topology`. Each draws from a fork of `rng`.
    #[must_use]
    pub fn new(topology: &Topology, rng: &Rng) -> Self {
        let endpoint = |(one, index): (&super::plan::EndpointPlan, u64)| {
            Wire::new(&one.link, &rng.fork_indexed("endpoint", index))
        };
        Self {
            users: Wire::new(&topology.users_link, &rng.fork("users")),
            endpoints: topology.endpoints.iter().zip(0u64..).map(endpoint).collect(),
        }
    }

    /// Begins a fault on the named links, known as `id`, that ends at `until` at the latest.
    pub fn begin(
        &mut self,
        id: u32,
        (name, direction): (LinkName, Direction),
        fault: LinkFault,
        until: Instant,
    ) {
        for link in self.links(name, direction) {
            link.begin(id, fault, until);
        }
    }

    /// Ends the fault known as `id` on the named links.
    pub fn end(&mut self, id: u32, name: LinkName) {
        for link in self.links(name, Direction::Both) {
            link.end(id);
        }
    }

    fn links(&mut self, name: LinkName, direction: Direction) -> impl Iterator<Item = &mut Link> {
        let wires = match name {
            LinkName::Users => core::slice::from_mut(&mut self.users),
            LinkName::AllEndpoints => self.endpoints.as_mut_slice(),
            LinkName::Endpoint { endpoint } => {
                core::slice::from_mut(&mut self.endpoints[usize::from(endpoint)])
            }
        };
        wires.iter_mut().flat_map(move |wire| {
            let to_bank = (direction != Direction::FromBank).then_some(&mut wire.to_bank);
            let from_bank = (direction != Direction::ToBank).then_some(&mut wire.from_bank);
            to_bank.into_iter().chain(from_bank)
        })
    }
}

impl Wire {
    /// A link as planned, each way with a fork of `rng`.
    pub(super) fn new(plan: &LinkPlan, rng: &Rng) -> Self {
        let link = |way| {
            Link::new(
                plan.latency,
                plan.loss_percent,
                plan.duplicate_percent,
                rng.fork(way),
            )
        };
        Self {
            to_bank: link("to bank"),
            from_bank: link("from bank"),
        }
    }
}
