//! Tells every oracle and the scribe what happened, and keeps the first complaint.

use plimsoll_core::time::Instant;

use super::landmarks::Watcher;
use super::observe::{End, Observation, Oracle, Violation};
use super::scribe::Scribe;
use super::struck::Struck;

/// Everybody who watches.
#[derive(Default)]
pub(super) struct Jury {
    pub(super) oracles: Vec<Box<dyn Oracle>>,
    /// Writes the trace, if anybody asked for one.
    pub(super) scribe: Option<Box<Scribe>>,
    /// Notes what faults meet, if anybody asked for it.
    pub(super) struck: Option<Box<Struck>>,
    pub(super) violation: Option<Violation>,
    pub(super) watcher: Watcher,
}

impl Jury {
    /// Shows one observation to everybody.
    pub(super) fn see(&mut self, at: Instant, seen: &Observation<'_>) {
        if let Some(scribe) = &mut self.scribe {
            scribe.see(seen);
        }
        if self.violation.is_some() {
            return;
        }
        self.watcher.observe(seen);
        if let Some(struck) = &mut self.struck {
            struck.observe(at, seen);
        }
        let complaint = self
            .oracles
            .iter_mut()
            .find_map(|oracle| oracle.observe(at, seen).err());
        if let Some(violation) = complaint {
            self.complain(violation);
        }
    }

    /// Shows the end of the run to every oracle, if nothing was found before.
    pub(super) fn finish(&mut self, end: &End<'_>) {
        if self.violation.is_some() {
            return;
        }
        let complaint = self
            .oracles
            .iter_mut()
            .find_map(|oracle| oracle.finish(end).err());
        if let Some(violation) = complaint {
            self.complain(violation);
        }
    }

    fn complain(&mut self, violation: Violation) {
        if let Some(scribe) = &mut self.scribe {
            scribe.violated(&violation);
        }
        self.violation = Some(violation);
    }
}
