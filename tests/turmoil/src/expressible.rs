//! What this world can do. Everything else is refused by name: a fault that is left out would prove nothing.

use plimsoll_sim::fault::{CrashLoss, Direction, Fault, LinkFault, ProcessFault};
use plimsoll_sim::world::plan::{Deed, Plan};

/// Something in a plan that this world cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("run {field} in the turmoil world: {why}")]
pub struct Inexpressible {
    /// The entry: `faults[3]`.
    pub field: String,
    /// Why not.
    pub why: &'static str,
}

/// Checks the whole plan.
///
/// # Errors
/// Everything that this world cannot do, not the first alone.
pub fn check(plan: &Plan) -> Result<(), Vec<Inexpressible>> {
    let mut found = Vec::new();
    let mut refuse = |field: String, why: Option<&'static str>| {
        found.extend(why.map(|why| Inexpressible { field, why }));
    };
    refuse(
        "core".to_owned(),
        plan.core.as_ref().map(|_| "what heals must heal for all"),
    );
    let quiet = (!plan.quiet_at_ms.is_empty()).then_some("faults do not pause here");
    refuse("quiet_at_ms".to_owned(), quiet);
    let bad_luck = plan
        .topology
        .bank
        .buggify
        .map(|_| "the driver takes no bad luck on purpose");
    refuse("topology.bank.buggify".to_owned(), bad_luck);
    for (place, deed) in plan.workload.iter().enumerate() {
        refuse(format!("workload[{place}]"), deed_refused(deed));
    }
    for (place, one) in plan.faults.iter().enumerate() {
        let at = format!("faults[{place}]");
        refuse(
            at.clone(),
            one.after.as_ref().map(|_| "faults come by the clock alone"),
        );
        refuse(at, fault_refused(&one.fault));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

const fn deed_refused(deed: &Deed) -> Option<&'static str> {
    match deed {
        Deed::Deposit { .. } => None,
        Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. } => Some("people pay and claim, and do nothing else"),
    }
}

const fn fault_refused(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Endpoint { .. } | Fault::Chain { .. } => None,
        Fault::Network { direction, fault, .. } => link_refused(*fault, *direction),
        Fault::Store { .. } | Fault::Disk { .. } => Some("its journal is in memory and never fails"),
        Fault::Process { fault } => match fault {
            ProcessFault::Crash {
                loss: CrashLoss::Torn,
            } => Some("its journal keeps whole batches"),
            ProcessFault::Crash { .. } => None,
            ProcessFault::Restart
            | ProcessFault::Pause
            | ProcessFault::Slow { .. }
            | ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. }
            | ProcessFault::Usurped => Some("a process can only crash here"),
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
