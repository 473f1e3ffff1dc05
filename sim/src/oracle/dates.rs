//! Dates: what one life of the process records never goes back in time, whatever its clock does.

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{EscrowRecord, Reconciliation, RefundRecord};
use plimsoll_core::time::{Instant, WallClock};

use super::broken;
use super::twin::records_of;
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "dates";

/// The oracle.
#[derive(Debug, Default)]
pub struct Dates {
    /// The latest date recorded in this life of the process.
    latest: Option<WallClock>,
}

impl Oracle for Dates {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { effects, .. } => {
                records_of(effects).try_for_each(|record| self.note(record))
            }
            Observation::Crashed { .. } => {
                self.latest = None;
                Ok(())
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Dates {
    fn note(&mut self, record: &Record) -> Result<(), Violation> {
        let Some(date) = date_of(record) else {
            return Ok(());
        };
        match self.latest.replace(date).filter(|latest| *latest > date) {
            None => Ok(()),
            Some(latest) => {
                let (latest, date) = (latest.as_micros(), date.as_micros());
                let detail = format!("{record:?} bears the date {date}, and {latest} was recorded before");
                Err(broken(NAME, "went_back", detail))
            }
        }
    }
}

/// When a record says that it was made, if it does.
const fn date_of(record: &Record) -> Option<WallClock> {
    match record {
        Record::UserRegistered { at, .. }
        | Record::Administered { at, .. }
        | Record::Reconciled {
            reconciliation: Reconciliation { at, .. },
            ..
        }
        | Record::Escrow(
            EscrowRecord::ClaimFiled { at, .. }
            | EscrowRecord::Scanned { at, .. }
            | EscrowRecord::Seen { at, .. }
            | EscrowRecord::Reorged { at, .. }
            | EscrowRecord::Final { at, .. }
            | EscrowRecord::Rejected { at, .. }
            | EscrowRecord::DeadLettered { at, .. }
            | EscrowRecord::DeadLetterResolved { at, .. }
            | EscrowRecord::DismissalProposed { at, .. }
            | EscrowRecord::DeadLetterReopened { at, .. }
            | EscrowRecord::ReplayBegan { at, .. }
            | EscrowRecord::DeadLetterReplayed { at, .. }
            | EscrowRecord::ReplayEnded { at, .. }
            | EscrowRecord::ReplayCancelled { at, .. }
            | EscrowRecord::SuspenseAttributed { at, .. }
            | EscrowRecord::DustCredited { at, .. }
            | EscrowRecord::Refund(
                RefundRecord::Proposed { at, .. }
                | RefundRecord::Requested { at, .. }
                | RefundRecord::Settled { at, .. }
                | RefundRecord::Withdrawn { at, .. },
            ),
        ) => Some(*at),
        Record::AssetRegistered { .. }
        | Record::AddressAssigned { .. }
        | Record::Ledger(_)
        | Record::Escrow(EscrowRecord::DeadLetterDetailed { .. }) => None,
    }
}

#[cfg(test)]
mod tests;
