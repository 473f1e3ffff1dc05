//! Replay equality: what the journal says is all that there is.
//!
//! At every crash, the durable records and then those not yet durable, applied to an empty state, give the state that
//! the bank died with; after every restart, the durable ones alone give the state that it came up with. This is the one
//! oracle that runs code under test, because that code is what it is about: a decision must not differ from its replay.

use plimsoll_core::bank::State;
use plimsoll_core::journal::{Head, Position};
use plimsoll_core::time::Instant;

use super::broken;
use crate::world::observe::{End, Observation, Oracle, Violation};

const NAME: &str = "replay";

/// The oracle.
#[derive(Debug, Default)]
pub struct Replay {
    /// What the durable records come to.
    durable: State,
    /// How many they are.
    position: Position,
}

impl Oracle for Replay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Committed { records, head } => {
                for record in *records {
                    self.durable.apply(record);
                    self.position = self.position.after(1);
                }
                self.check_head("a commit", head)
            }
            Observation::Crashed {
                bank,
                uncommitted,
                durable,
            } => {
                self.check_head("a crash", durable)?;
                let mut state = self.durable.clone();
                uncommitted.iter().for_each(|record| state.apply(record));
                let what = format!(
                    "{} durable and {} other records",
                    self.position,
                    uncommitted.len()
                );
                check_state("state_differs", bank.state(), &state, &what)
            }
            Observation::Restarted { bank, durable } => {
                self.check_head("a restart", durable)?;
                let what = format!("{} durable records", self.position);
                check_state("restart_differs", bank.state(), &self.durable, &what)
            }
            Observation::Handled { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let journal = end
            .journal()
            .map_err(|why| broken(NAME, "journal_unreadable", why.to_string()))?;
        let mut state = State::default();
        journal.iter().for_each(|record| state.apply(record));
        check_state("journal_differs", &self.durable, &state, "the whole journal")
    }
}

impl Replay {
    /// That nothing durable was hidden from us or taken away.
    fn check_head(&self, when: &str, head: &Head) -> Result<(), Violation> {
        if head.position == self.position {
            return Ok(());
        }
        let detail = format!(
            "after {when} the head is at {}, and {} records were committed",
            head.position, self.position
        );
        Err(broken(NAME, "records_missing", detail))
    }
}

fn check_state(
    invariant: &'static str,
    found: &State,
    replayed: &State,
    what: &str,
) -> Result<(), Violation> {
    if found == replayed {
        return Ok(());
    }
    let (found, replayed) = (found.digest(), replayed.digest());
    let detail = format!("the state {found:032x} is not what {what} come to: {replayed:032x}");
    Err(broken(NAME, invariant, detail))
}

#[cfg(test)]
mod tests;
