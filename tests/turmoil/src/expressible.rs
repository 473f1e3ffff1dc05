//! What this world can do. Everything else is refused by name: a fault that is left out would prove nothing.

use plimsoll_sim::fault::{Direction, DiskFault, Fault, LinkFault, ProcessFault};
use plimsoll_sim::world::expressible::Powers;
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
        Deed::Attribute { .. } => Some("the HTTP interface has no route for it"),
    }
}

const fn fault_refused(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Endpoint { .. } | Fault::Chain { .. } | Fault::Store { .. } => None,
        Fault::Network { direction, fault, .. } => link_refused(*fault, *direction),
        Fault::Disk { fault } => match fault {
            DiskFault::SyncFailed { .. } => None,
            DiskFault::BitFlip | DiskFault::MisdirectedWrite { .. } | DiskFault::ReadError => {
                Some("nothing damages what its journal holds")
            }
        },
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

const fn link_refused(fault: LinkFault, direction: Direction) -> Option<&'static str> {
    match (fault, direction) {
        (LinkFault::Partition, _) | (LinkFault::Hold, Direction::Both) => None,
        (LinkFault::Hold, Direction::ToBank | Direction::FromBank) => Some("a link is held both ways"),
        (
            LinkFault::Loss { .. }
            | LinkFault::Duplicate { .. }
            | LinkFault::Reorder { .. }
            | LinkFault::Delay { .. }
            | LinkFault::HalfOpen { .. },
            _,
        ) => Some("TCP hides it from the program, or turmoil cannot do it"),
    }
}
