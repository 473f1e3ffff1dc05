//! Whether a plan's quiet periods are in its time, and its core can do without the rest.

use std::collections::BTreeSet;

use super::{Findings, Plan};
use crate::fault::Fault;

impl Plan {
    pub(super) fn check_settling(&self, found: &mut Findings) {
        for (place, at_ms) in self.quiet_at_ms.iter().enumerate() {
            self.time(format_args!("quiet_at_ms[{place}]"), *at_ms, found);
        }
        let Some(core) = &self.core else { return };
        for (place, endpoint) in core.iter().enumerate() {
            self.endpoint(format_args!("core[{place}]"), *endpoint, found);
        }
        let provider = |endpoint: &u8| {
            let found = self.topology.endpoints.get(usize::from(*endpoint));
            found.map(|one| one.provider.as_str())
        };
        let providers: BTreeSet<&str> = core.iter().filter_map(provider).collect();
        found.require(
            providers.len() >= 2,
            format_args!("core"),
            "endpoints of two providers or more",
        );
        let liar = |fault: &Fault| match fault {
            Fault::Endpoint { endpoint, fault, .. } if fault.is_byzantine() && !core.contains(endpoint) => {
                provider(endpoint)
            }
            Fault::Endpoint { .. }
            | Fault::Network { .. }
            | Fault::Store { .. }
            | Fault::Disk { .. }
            | Fault::Process { .. }
            | Fault::Chain { .. }
            | Fault::Queue { .. }
            | Fault::Worker { .. } => None,
        };
        let liars: BTreeSet<&str> = self.faults.iter().filter_map(|one| liar(&one.fault)).collect();
        found.require(
            liars.len() <= 1,
            format_args!("core"),
            "such that at most one provider outside of it ever lied: two make a quorum",
        );
    }
}
