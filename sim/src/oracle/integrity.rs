//! Integrity: what the disk damaged is found out before anybody relies on it.
//!
//! A process that starts from a journal that is not what was written serves damage, however well it goes on; a journal that
//! is what was written and can be read is never refused; and whoever reads a damaged journal finds out.

use plimsoll_core::time::Instant;

use super::broken;
use crate::fault::{DiskFault, Fault};
use crate::world::observe::{DiskEvent, End, Observation, Oracle, Violation};

const NAME: &str = "integrity";

/// The oracle.
#[derive(Debug, Default)]
pub struct Integrity {
    /// The first damage since the journal was last sound.
    damaged: Option<usize>,
    /// Whether somebody has found out about it.
    is_noticed: bool,
    /// How many faults keep something from being read.
    read_errors: u32,
}

impl Oracle for Integrity {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Disk(event) => self.on_disk(event),
            Observation::Restarted { durable, .. } => match self.damaged {
                None => Ok(()),
                Some(offset) => {
                    let position = durable.position;
                    let detail = format!(
                        "byte {offset} of the journal was damaged, and a process started from it at position {position}"
                    );
                    Err(broken(NAME, "damage_served", detail))
                }
            },
            Observation::Fault {
                fault: Fault::Disk {
                    fault: DiskFault::ReadError,
                },
                is_over,
            } => {
                self.read_errors = if *is_over {
                    self.read_errors.saturating_sub(1)
                } else {
                    self.read_errors + 1
                };
                Ok(())
            }
            Observation::Looked(_)
            | Observation::Handled { .. }
            | Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Chain(_) => Ok(()),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        match self.damaged {
            Some(offset) => Err(unnoticed(offset)),
            None => Ok(()),
        }
    }
}

impl Integrity {
    fn on_disk(&mut self, event: &DiskEvent) -> Result<(), Violation> {
        match event {
            DiskEvent::Damaged { offset } => {
                self.damaged.get_or_insert(*offset);
            }
            DiskEvent::Refused { offset, why } => {
                if self.damaged.is_none() && self.read_errors == 0 {
                    let detail = format!("a sound journal was refused at byte {offset}: {why}");
                    return Err(broken(NAME, "sound_journal_refused", detail));
                }
                self.is_noticed = true;
            }
            DiskEvent::Restored => {
                if let Some(offset) = self.damaged.take().filter(|_| !self.is_noticed) {
                    return Err(unnoticed(offset));
                }
                self.is_noticed = false;
            }
        }
        Ok(())
    }
}

fn unnoticed(offset: usize) -> Violation {
    let detail = format!("byte {offset} of the journal was damaged, and reading all of it did not show that");
    broken(NAME, "damage_unnoticed", detail)
}

#[cfg(test)]
mod tests;
