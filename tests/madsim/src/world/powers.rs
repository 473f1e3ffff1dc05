//! What this world can do.

use plimsoll_sim::fault::{DiskFault, Fault, ProcessFault};
use plimsoll_sim::world::expressible::{NO_WORKERS, Powers};
use plimsoll_sim::world::plan::Deed;

/// What this world can do.
pub const POWERS: Powers = Powers {
    world: "madsim",
    deed: deed_refused,
    fault: fault_refused,
};

const fn deed_refused(deed: &Deed) -> Option<&'static str> {
    match deed {
        Deed::Deposit { .. } | Deed::Balances { .. } => None,
        Deed::Transfer { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. }
        | Deed::Order { .. } => {
            Some("what comes of it depends on who is first, which each world decides for itself")
        }
    }
}

const fn fault_refused(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Endpoint { .. } | Fault::Network { .. } | Fault::Store { .. } | Fault::Chain { .. } => None,
        Fault::Disk { fault } => match fault {
            DiskFault::SyncFailed { .. } => None,
            DiskFault::BitFlip | DiskFault::MisdirectedWrite { .. } | DiskFault::ReadError => {
                Some("nobody restores a damaged journal here")
            }
        },
        Fault::Queue { .. } | Fault::Worker { .. } => Some(NO_WORKERS),
        Fault::Process { fault } => match fault {
            ProcessFault::Crash { .. }
            | ProcessFault::Restart
            | ProcessFault::Pause
            | ProcessFault::Usurped => None,
            ProcessFault::Slow { .. } => Some("an input takes the driver no time here"),
            ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. } => Some("the date is the runtime's"),
        },
    }
}
