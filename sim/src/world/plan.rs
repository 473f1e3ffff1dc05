//! The plan of one run, fully expanded: topology, workload, faults and expectations, as plain data.
//!
//! Scenario files and the swarm generator produce plans; the world reads nothing else but a seed. Every time is absolute
//! virtual time in milliseconds, so leaving one entry out moves no other.

mod check;
mod topology;
mod workload;

use serde::{Deserialize, Serialize};

pub use check::PlanError;
pub use topology::{BankPlan, ChainPlan, EndpointPlan, LinkPlan, PricePlan, StorePlan, Topology};
pub use workload::{ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, Shape, Token};

use crate::fault::Fault;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What people call it.
    pub name: String,
    /// How long users act and faults strike. When it is over, every fault that ends at all has ended.
    pub duration_ms: u64,
    /// How long the world may run on after that until everything is settled.
    #[serde(default = "converge_ms")]
    pub converge_ms: u64,
    /// What the world is made of.
    #[serde(default)]
    pub topology: Topology,
    /// What users and operators do.
    #[serde(default)]
    pub workload: Vec<Deed>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<ScheduledFault>,
    /// What must come out, beyond what the oracles demand of every run.
    #[serde(default)]
    pub expect: Expectations,
}

const fn converge_ms() -> u64 {
    30_000
}

impl Plan {
    /// A run of `duration_ms` in the default topology in which nobody does anything and nothing goes wrong.
    #[must_use]
    pub fn calm(name: &str, duration_ms: u64) -> Self {
        Self {
            name: name.to_owned(),
            duration_ms,
            converge_ms: converge_ms(),
            topology: Topology::default(),
            workload: Vec::new(),
            faults: Vec::new(),
            expect: Expectations::default(),
        }
    }
}

/// A fault, and when it is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledFault {
    /// When it begins.
    pub from_ms: u64,
    /// When it ends, at most the plan's `duration_ms`; left out, it never heals.
    #[serde(default)]
    pub until_ms: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

/// What must come out of a run. What is left out is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectations {
    /// How many deposits are credited to users, attributed ones included.
    pub credited: Option<u64>,
    /// How many deposits are in suspense at the end.
    pub suspense: Option<u64>,
    /// The fewest transactions that ever became dead letters.
    pub dead_letters_min: Option<u64>,
    /// The most transactions that ever became dead letters.
    pub dead_letters_max: Option<u64>,
    /// How many claims end as rejected.
    pub rejected_claims: Option<u64>,
    /// The longest time from finality on chain to a committed credit.
    pub time_to_credit_ms_max: Option<u64>,
    /// The longest time from the end of a fault to the first success of what it had stopped.
    pub recovery_ms_max: Option<u64>,
}
