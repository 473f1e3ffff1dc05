//! The canary: finds something in a sound run, on purpose, so that a pipeline that can no longer fail is noticed.
//!
//! It does not just say so. For a failure of safety it shows a real oracle one commit twice, which must be a deposit
//! posted twice to it; for a crash it gives a copy of the bank an input from the past, which must break an assertion of
//! the code's own. A run that has to fail like this and passes shows that nobody looks any more.

use plimsoll_core::bank::{Bank, Event, Input, Record};
use plimsoll_core::escrow::EscrowRecord;
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::time::Instant;

use super::broken;
use super::exactly_once::ExactlyOnce;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Canary as Kind;

const NAME: &str = "canary";

/// The oracle.
#[derive(Debug)]
pub struct Canary {
    kind: Kind,
    misled: ExactlyOnce,
}

impl Canary {
    /// One that brings about a failure of this kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            misled: ExactlyOnce::default(),
        }
    }

    /// Shows an oracle everything once, and the commit of a deposit twice.
    fn mislead(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.misled.observe(at, seen)?;
        let Observation::Committed { records, .. } = seen else {
            return Ok(());
        };
        let posts = |record: &Record| match record {
            Record::Escrow(EscrowRecord::Final { deposits, .. }) => !deposits.is_empty(),
            Record::Escrow(_)
            | Record::Ledger(_)
            | Record::AssetRegistered { .. }
            | Record::UserRegistered { .. }
            | Record::AddressAssigned { .. }
            | Record::Administered { .. }
            | Record::Reconciled { .. } => false,
        };
        if records.iter().any(posts) {
            self.misled.observe(at, seen)?;
        }
        Ok(())
    }
}

impl Oracle for Canary {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match self.kind {
            Kind::Safety => self.mislead(at, seen).map_err(|violation| {
                let detail = format!("as it should, for one commit was shown twice: {violation}");
                broken(NAME, "a_misled_oracle_complains", detail)
            }),
            Kind::Crash => {
                if let Observation::Handled { bank, input, .. } = seen
                    && at > Instant::ZERO
                {
                    go_back_in_time(bank, input);
                }
                Ok(())
            }
            // The plan leaves no time to settle.
            Kind::Liveness => Ok(()),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

/// Lets a copy of the bank take an input of the very first moment.
fn go_back_in_time(bank: &Bank, input: &Input) {
    let tick = Input {
        wall: input.wall,
        event: Event::Tick,
    };
    bank.clone().handle(Instant::ZERO, tick, &mut Effects::new());
}

#[cfg(test)]
mod tests;
