//! Faults that wait for something to happen.

use plimsoll_core::bank::{Notice, Record};
use plimsoll_core::escrow::EscrowRecord;
use plimsoll_core::resilience::BreakerState;

use super::World;
use super::plan::Plan;
use crate::fault::{Cue, Trigger};

/// Every fault of the plan that still waits.
#[derive(Debug, Default)]
pub(super) struct Cues(Vec<Waiting>);

#[derive(Debug, Clone, Copy)]
struct Waiting {
    fault: u32,
    cue: Cue,
    /// How often it must still happen, at least once.
    left: u64,
}

impl Cues {
    pub(super) fn new(plan: &Plan) -> Self {
        let waiting = |(fault, one): (u32, &super::plan::ScheduledFault)| {
            let Trigger { cue, count } = one.after?;
            let left = count;
            Some(Waiting { fault, cue, left })
        };
        Self((0..).zip(&plan.faults).filter_map(waiting).collect())
    }

    /// Something happened: gives the faults that have waited long enough.
    fn happened(&mut self, cue: Cue) -> Vec<u32> {
        let mut due = Vec::new();
        self.0.retain_mut(|one| {
            if one.cue == cue {
                one.left -= 1;
            }
            if one.left == 0 {
                due.push(one.fault);
            }
            one.left > 0
        });
        due
    }
}

impl World<'_> {
    /// Something happened that a fault may wait for.
    pub(super) fn cue(&mut self, cue: Cue) {
        if self.cues.0.is_empty() {
            return;
        }
        let now = self.now();
        for fault in self.cues.happened(cue) {
            self.schedule_fault(fault, now);
        }
    }

    /// A batch with these records became durable.
    pub(super) fn cue_records(&mut self, records: &[Record]) {
        if self.cues.0.is_empty() {
            return;
        }
        self.cue(Cue::Commit);
        for record in records {
            let Record::Escrow(record) = record else { continue };
            match record {
                EscrowRecord::Seen { .. } => self.cue(Cue::Seen),
                EscrowRecord::Final { .. } => self.cue(Cue::Credited),
                EscrowRecord::Reorged { .. } => self.cue(Cue::Reorged),
                EscrowRecord::DeadLettered { .. } => self.cue(Cue::DeadLetter),
                EscrowRecord::ClaimFiled { .. }
                | EscrowRecord::Rejected { .. }
                | EscrowRecord::DeadLetterResolved { .. }
                | EscrowRecord::SuspenseAttributed { .. }
                | EscrowRecord::Scanned { .. } => {}
            }
        }
    }

    /// The bank told something.
    pub(super) fn cue_notice(&mut self, notice: &Notice) {
        if let Notice::Breaker { endpoint, to, .. } = notice
            && *to == BreakerState::Open
        {
            self.cue(Cue::Opened {
                endpoint: endpoint.index,
            });
        }
    }
}
