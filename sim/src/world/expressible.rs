//! What another world than the engine's can do of a plan. The rest is refused by name: a fault that is left out would
//! prove nothing.

use super::plan::{ChainKind, Deed, Plan};
use crate::fault::Fault;

/// Why no other world does anything to workers and their queues.
pub const NO_WORKERS: &str = "the bank has no workers here";

/// What a world can do.
#[derive(Debug, Clone, Copy)]
pub struct Powers {
    /// What people call it.
    pub world: &'static str,
    /// Why it cannot do a deed, if it cannot.
    pub deed: fn(&Deed) -> Option<&'static str>,
    /// Why it cannot do a fault, if it cannot.
    pub fault: fn(&Fault) -> Option<&'static str>,
}

/// Something in a plan that a world cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("run {field} in the {world} world: {why}")]
pub struct Inexpressible {
    /// Which world.
    pub world: &'static str,
    /// The entry: `faults[3]`.
    pub field: String,
    /// Why not.
    pub why: &'static str,
}

impl Powers {
    /// Checks the whole plan.
    ///
    /// # Errors
    /// Everything that the world cannot do, not the first alone.
    pub fn check(&self, plan: &Plan) -> Result<(), Vec<Inexpressible>> {
        let core = plan.core.as_ref().map(|_| "what heals must heal for all");
        let quiet = (!plan.quiet_at_ms.is_empty()).then_some("faults do not pause here");
        let mut found = Vec::new();
        found.extend(self.refusal("core", core));
        found.extend(self.refusal("quiet_at_ms", quiet));
        for (place, one) in plan.faults.iter().enumerate() {
            let trigger = one.after.as_ref().map(|_| "faults come by the clock alone");
            found.extend(self.refusal(&format!("faults[{place}]"), trigger));
        }
        found.extend(self.check_parts(plan).err().into_iter().flatten());
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// As [`Powers::check`], for a world in which faults wait for what happens, pause, and heal for a core alone.
    ///
    /// # Errors
    /// Everything that the world cannot do, not the first alone.
    pub fn check_parts(&self, plan: &Plan) -> Result<(), Vec<Inexpressible>> {
        let mut found = Vec::new();
        let mut refuse = |field: &str, why| found.extend(self.refusal(field, why));
        let bad_luck = plan.topology.bank.buggify;
        let bad_luck = bad_luck.map(|_| "the driver takes no bad luck on purpose");
        refuse("topology.bank.buggify", bad_luck);
        let cluster = plan.topology.chain.kind == ChainKind::Solana;
        refuse(
            "topology.chain.kind",
            cluster.then_some("its nodes speak as those of EVM chains do"),
        );
        let workers = plan.topology.workers.map(|_| NO_WORKERS);
        refuse("topology.workers", workers);
        for (place, deed) in plan.workload.iter().enumerate() {
            refuse(&format!("workload[{place}]"), (self.deed)(deed));
        }
        for (place, one) in plan.faults.iter().enumerate() {
            let at = format!("faults[{place}]");
            refuse(&at, (self.fault)(&one.fault));
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    fn refusal(&self, field: &str, why: Option<&'static str>) -> Option<Inexpressible> {
        why.map(|why| Inexpressible {
            world: self.world,
            field: field.to_owned(),
            why,
        })
    }
}
