//! [`Links`]: what is wrong with the bank's links, fault by fault, so that one that ends leaves the others there.

use std::collections::BTreeMap;

use plimsoll_sim::fault::{Direction, LinkFault};
use turmoil::Sim;

use crate::run::BANK;

/// What every fault does to every link.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<String, Vec<(u32, Ill)>>);

/// What one fault does to one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ill {
    Cut(Direction),
    Held,
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Health {
    is_held: bool,
    is_cut_to_bank: bool,
    is_cut_from_bank: bool,
}

impl Links {
    /// Fault `id` hits the link to `peer`.
    pub(crate) fn hit(
        &mut self,
        id: u32,
        peer: &str,
        (direction, fault): (Direction, LinkFault),
        sim: &Sim<'_>,
    ) {
        let ill = match fault {
            LinkFault::Partition => Ill::Cut(direction),
            LinkFault::Hold => Ill::Held,
            LinkFault::Loss { .. }
            | LinkFault::Duplicate { .. }
            | LinkFault::Reorder { .. }
            | LinkFault::Delay { .. }
            | LinkFault::HalfOpen { .. } => unreachable!("{fault:?} befalls messages, not links"),
        };
        self.change(peer, sim, |ills| ills.push((id, ill)));
    }

    /// Fault `id` is over for the link to `peer`.
    pub(crate) fn heal(&mut self, id: u32, peer: &str, sim: &Sim<'_>) {
        self.change(peer, sim, |ills| ills.retain(|(other, _)| *other != id));
    }

    fn change(&mut self, peer: &str, sim: &Sim<'_>, change: impl FnOnce(&mut Vec<(u32, Ill)>)) {
        let ills = self.0.entry(peer.to_owned()).or_default();
        let before = health(ills);
        change(ills);
        let after = health(ills);
        if before != after {
            apply(peer, before, after, sim);
        }
    }
}

fn health(ills: &[(u32, Ill)]) -> Health {
    let mut health = Health::default();
    for (_, ill) in ills {
        match ill {
            Ill::Held => health.is_held = true,
            Ill::Cut(direction) => {
                health.is_cut_to_bank |= matches!(direction, Direction::Both | Direction::ToBank);
                health.is_cut_from_bank |= matches!(direction, Direction::Both | Direction::FromBank);
            }
        }
    }
    health
}

/// What was held is let go; then the link is held, and cut where it is to be.
fn apply(peer: &str, before: Health, after: Health, sim: &Sim<'_>) {
    if before.is_held {
        sim.release(BANK, peer);
    } else {
        sim.repair(BANK, peer);
    }
    if after.is_held {
        sim.hold(BANK, peer);
    }
    match (after.is_cut_to_bank, after.is_cut_from_bank) {
        (true, true) => sim.partition(BANK, peer),
        (true, false) => sim.partition_oneway(peer, BANK),
        (false, true) => sim.partition_oneway(BANK, peer),
        (false, false) => {}
    }
}
