//! [`Twin`]: one picture of what was decided, and one of what is durable.

use plimsoll_core::bank::{Effect, Record};
use plimsoll_core::machine::Intent;

use crate::world::observe::{Observation, Violation};

/// A picture that is made from records alone.
pub(super) trait Follower: Clone + Default {
    /// Takes in the records that were decided or committed together, oldest first.
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation>;
}

/// The picture as the bank has decided it, and as the journal holds it. A process that begins
/// anew begins with the second.
#[derive(Debug, Clone, Default)]
pub(super) struct Twin<F> {
    pub(super) live: F,
    pub(super) durable: F,
}

impl<F: Follower> Twin<F> {
    pub(super) fn observe(&mut self, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { effects, .. } => {
                let mut records = records_of(effects).peekable();
                if records.peek().is_none() {
                    Ok(())
                } else {
                    self.live.follow(records)
                }
            }
            Observation::Committed { records, .. } => self.durable.follow(records.iter()),
            Observation::Restarted { .. } => {
                self.live = self.durable.clone();
                Ok(())
            }
            Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }
}

/// The records among `effects`, oldest first.
pub(super) fn records_of(effects: &[Effect]) -> impl Iterator<Item = &Record> {
    effects.iter().filter_map(|effect| match effect {
        Intent::Record(record) => Some(record),
        Intent::Act(_) => None,
    })
}
