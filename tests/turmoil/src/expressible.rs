//! What this world can do. Everything else is refused by name: a fault that is left out would prove nothing.

use plimsoll_sim::fault::{Direction, DiskFault, Fault, LinkFault, LinkName, ProcessFault};
use plimsoll_sim::world::expressible::{NO_WORKERS, Powers};
use plimsoll_sim::world::plan::Deed;

/// What this world can do.
pub const POWERS: Powers = Powers {
    world: "turmoil",
    deed: deed_refused,
    fault: fault_refused,
};

const fn deed_refused(deed: &Deed) -> Option<&'static str> {
    match deed {
        Deed::Deposit { .. }
        | Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. } => None,
        Deed::Attribute { .. } | Deed::Order { .. } => Some("the people of this world have no way to it"),
    }
}

const fn fault_refused(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Endpoint { .. } | Fault::Chain { .. } | Fault::Store { .. } => None,
        Fault::Network {
            link,
            direction,
            fault,
        } => link_refused(*link, *direction, *fault),
        Fault::Disk { fault } => match fault {
            DiskFault::SyncFailed { .. } => None,
            DiskFault::BitFlip | DiskFault::MisdirectedWrite { .. } | DiskFault::ReadError => {
                Some("nothing damages what its journal holds")
            }
        },
        Fault::Queue { .. } | Fault::Worker { .. } => Some(NO_WORKERS),
        Fault::Process { fault } => match fault {
            ProcessFault::Crash { .. }
            | ProcessFault::Restart
            | ProcessFault::Pause
            | ProcessFault::Usurped => None,
            ProcessFault::Slow { .. } => Some("the driver takes no time over an input"),
            ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. } => Some("the date is always right"),
        },
    }
}

const fn link_refused(link: LinkName, direction: Direction, fault: LinkFault) -> Option<&'static str> {
    match (fault, direction, link) {
        (LinkFault::Hold, Direction::ToBank | Direction::FromBank, _) => Some("a link is held both ways"),
        (
            LinkFault::Duplicate { .. },
            Direction::ToBank,
            LinkName::Endpoint { .. } | LinkName::AllEndpoints,
        )
        | (LinkFault::Duplicate { .. }, Direction::FromBank, LinkName::Users) => {
            Some("HTTP answers a request once")
        }
        (
            LinkFault::Partition
            | LinkFault::Hold
            | LinkFault::Loss { .. }
            | LinkFault::Duplicate { .. }
            | LinkFault::Reorder { .. }
            | LinkFault::Delay { .. }
            | LinkFault::HalfOpen { .. },
            _,
            _,
        ) => None,
    }
}
