//! [`Size`]: how large a run is.

use crate::world::plan::Plan;

/// How large a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// How many faults are scheduled.
    pub faults: usize,
    /// How many deeds are.
    pub deeds: usize,
    /// How many endpoints there are.
    pub endpoints: usize,
    /// How many users.
    pub users: u32,
    /// How long users act and faults strike, in milliseconds.
    pub duration_ms: u64,
    /// How many events happen in the simulated world until the run ends.
    pub events: u64,
}

impl Size {
    /// The size of `plan`, whose run took so many `events`.
    #[must_use]
    pub const fn of(plan: &Plan, events: u64) -> Self {
        Self {
            faults: plan.faults.len(),
            deeds: plan.workload.len(),
            endpoints: plan.topology.endpoints.len(),
            users: plan.topology.users,
            duration_ms: plan.duration_ms,
            events,
        }
    }

    /// How much a person must read: faults and deeds.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.faults + self.deeds
    }
}
