//! Faults that wait for something to happen.

use plimsoll_core::bank::{Notice, Record};
use plimsoll_core::escrow::EscrowRecord;
use plimsoll_core::resilience::BreakerState;

use super::World;
use super::plan::Plan;
use crate::fault::{Cue, Trigger};

/// Every fault of a plan that still waits.
#[derive(Debug, Default)]
pub struct Cues(Vec<Waiting>);

#[derive(Debug, Clone, Copy)]
struct Waiting {
    fault: u32,
    cue: Cue,
    /// How often it must still happen, at least once.
    left: u64,
}

impl Cues {
    /// The faults of `plan` that wait for something.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let waiting = |(fault, one): (u32, &super::plan::ScheduledFault)| {
            let Trigger { cue, count } = one.after?;
            let left = count;
            Some(Waiting { fault, cue, left })
        };
        Self((0..).zip(&plan.faults).filter_map(waiting).collect())
    }

    /// Something happened: gives the places in the plan of the faults that have waited long enough.
    pub fn happened(&mut self, cue: Cue) -> Vec<u32> {
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

/// What happens when `record` becomes durable that a fault may wait for.
#[must_use]
pub const fn cue_of_record(record: &Record) -> Option<Cue> {
    let Record::Escrow(record) = record else {
        return None;
    };
    match record {
        EscrowRecord::Seen { .. } => Some(Cue::Seen),
        EscrowRecord::Final { .. } => Some(Cue::Credited),
        EscrowRecord::Reorged { .. } => Some(Cue::Reorged),
        EscrowRecord::DeadLettered { .. } => Some(Cue::DeadLetter),
        EscrowRecord::ClaimFiled { .. }
        | EscrowRecord::Rejected { .. }
        | EscrowRecord::DeadLetterResolved { .. }
        | EscrowRecord::DeadLetterDetailed { .. }
        | EscrowRecord::DismissalProposed { .. }
        | EscrowRecord::DeadLetterReopened { .. }
        | EscrowRecord::ReplayBegan { .. }
        | EscrowRecord::DeadLetterReplayed { .. }
        | EscrowRecord::ReplayEnded { .. }
        | EscrowRecord::ReplayCancelled { .. }
        | EscrowRecord::DustCredited { .. }
        | EscrowRecord::Refund(_)
        | EscrowRecord::SuspenseAttributed { .. }
        | EscrowRecord::Scanned { .. } => None,
    }
}

/// What `notice` tells of that a fault may wait for.
#[must_use]
pub fn cue_of_notice(notice: &Notice) -> Option<Cue> {
    let Notice::Breaker { endpoint, to, .. } = notice else {
        return None;
    };
    let endpoint = endpoint.index;
    (*to == BreakerState::Open).then_some(Cue::Opened { endpoint })
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
        for cue in records.iter().filter_map(cue_of_record) {
            self.cue(cue);
        }
    }

    /// The bank told something.
    pub(super) fn cue_notice(&mut self, notice: &Notice) {
        if let Some(cue) = cue_of_notice(notice) {
            self.cue(cue);
        }
    }
}
