//! [`Judge`]: the oracles that watch a replay.
//!
//! Where a life is seen from its journal on, they are told of the journal first, as of commits; what waited for the journal
//! when a segment began is told as the doing of one tick. When the process died, they are told so, with what the journal
//! kept of it, and judge the next life as well.

use plimsoll_core::bank::{Bank, BankConfig, Event, Input, Record, State};
use plimsoll_core::journal::Head;
use plimsoll_core::machine::Intent;
use plimsoll_core::time::Instant;
use plimsoll_sim::fault::{CrashLoss, Fault, ProcessFault};
use plimsoll_sim::oracle;
use plimsoll_sim::world::observe::{Observation, Oracle, Violation};

use super::redrive::Redrive;
use crate::recorder::Opening;

/// The oracles, and the first thing that one of them complained of.
pub(super) struct Judge {
    oracles: Vec<Box<dyn Oracle + Send>>,
    violation: Option<Violation>,
}

impl Judge {
    /// Oracles for a life with `config`, that is or is not seen from its beginning.
    pub(super) fn new(config: &BankConfig, is_from_beginning: bool) -> Self {
        Self {
            oracles: oracle::of_recording(config, is_from_beginning),
            violation: None,
        }
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.oracles.iter().map(|oracle| oracle.name()).collect()
    }

    /// Shows them something. The first complaint is kept, and nothing is shown after it.
    pub(super) fn see(&mut self, at: Instant, seen: &Observation<'_>) {
        for oracle in &mut self.oracles {
            if self.violation.is_none() {
                self.violation = oracle.observe(at, seen).err();
            }
        }
    }

    /// What one of them complained of, if one did.
    pub(super) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Shows them a batch of the journal that they did not see decided.
    pub(super) fn see_batch(&mut self, records: &[Record], head: &Head) {
        self.see(Instant::ZERO, &Observation::Committed { records, head });
    }

    /// Shows them where a life begins, or is taken up in the middle: `durable` is what the journal holds by then.
    pub(super) fn begin(&mut self, opening: &Opening, durable: &State, life: &Redrive) {
        let head = &opening.outbox.head;
        match Bank::open(opening.config.clone(), durable.clone()) {
            Ok(bank) => self.see(
                opening.now,
                &Observation::Restarted {
                    bank: &bank,
                    durable: head,
                },
            ),
            Err(_) => unreachable!("the life was opened with this configuration and more than this state"),
        }
        let records = opening.outbox.groups.iter().flatten().cloned();
        let effects: Vec<_> = records.map(Intent::Record).collect();
        if !effects.is_empty() {
            let input = Input {
                wall: opening.wall,
                event: Event::Tick,
            };
            let handled = Observation::Handled {
                input: &input,
                effects: &effects,
                bank: life.bank(),
            };
            self.see(opening.now, &handled);
        }
    }

    /// Shows them the end of a life whose process died when the journal was at `durable`.
    pub(super) fn end(&mut self, at: Instant, life: &Redrive, durable: &Head) {
        let uncommitted = life.uncommitted();
        let kept = durable
            .position
            .count()
            .saturating_sub(life.head().position.count());
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(uncommitted.len());
        // Why it ended is not recorded; that it did is nobody's fault.
        let loss = CrashLoss::Kept;
        let fault = &Fault::Process {
            fault: ProcessFault::Crash { loss },
        };
        let is_over = false;
        self.see(at, &Observation::Fault { fault, is_over });
        let crashed = Observation::Crashed {
            bank: life.bank(),
            uncommitted: &uncommitted[kept..],
            durable,
        };
        self.see(at, &crashed);
        let is_over = true;
        self.see(at, &Observation::Fault { fault, is_over });
    }
}
