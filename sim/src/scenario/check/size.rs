//! That no run has more users, deeds and faults than a plan may.

use super::Findings;
use crate::scenario::schema::{FaultTable, ScenarioTable};
use crate::scenario::spread::FLAPS_MAX;
use crate::world::plan::ENTRIES_MAX;

/// The most users and deeds that a scenario may ask for, by its counts: some deeds come to two.
const ASKED_MAX: u64 = ENTRIES_MAX as u64 / 2;
/// What one occurrence of a fault that stays comes to at the most: one for each link.
const LINKS_MAX: u64 = 33;

impl Findings<'_> {
    pub(super) fn size(&mut self, table: &ScenarioTable) {
        let workload = &table.workload;
        let counts = workload.deposits.iter().map(|one| one.count.get_ref().0);
        let counts = counts.chain(workload.transactions.iter().map(|one| one.count.get_ref().0));
        let counts = counts.chain(workload.orders.iter().map(|one| one.count.get_ref().0));
        let users = &workload.users;
        let asked = users.get_ref().0 + counts.sum::<u64>();
        self.require(
            asked <= ASKED_MAX,
            users.span(),
            "a run has at most 50000 users, deposits, transactions and orders",
        );
        let faults: u64 = table.faults.iter().map(|fault| entries(fault.get_ref())).sum();
        if let Some(last) = table.faults.last() {
            let message = "with those before it comes to more than the 100000 faults that a run may have";
            self.require(faults <= ENTRIES_MAX as u64, last.span(), message);
        }
        if let Some(swarm) = &table.swarm {
            let users = &swarm.users;
            let asked = users.get_ref().high.0 + swarm.deposits.high.0 + swarm.transactions.high.0;
            self.require(
                asked <= ASKED_MAX,
                users.span(),
                "a run has at most 50000 users, deposits and transactions",
            );
        }
    }
}

/// How many faults of a plan one table comes to at the most.
fn entries(fault: &FaultTable) -> u64 {
    let count = fault.count.as_ref().map_or(1, |count| count.get_ref().0);
    let each = if fault.dwell_ms.is_some() {
        FLAPS_MAX as u64
    } else {
        LINKS_MAX
    };
    count.saturating_mul(each)
}
