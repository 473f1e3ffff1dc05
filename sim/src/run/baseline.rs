//! The same run without faults: by how much do the faults delay each deposit?

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{DepositKey, EscrowRecord};
use plimsoll_core::time::Instant;

use crate::oracle::expectation;
use crate::world::World;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Plan;

/// When each deposit became durable.
pub(super) type Credits = BTreeMap<DepositKey, Instant>;

/// Notes when each deposit became durable. It judges nothing.
#[derive(Debug, Default)]
pub(super) struct Recorder(Rc<RefCell<Credits>>);

impl Recorder {
    /// The notes, to be read once the run is over.
    pub(super) fn notes(&self) -> Rc<RefCell<Credits>> {
        Rc::clone(&self.0)
    }
}

impl Oracle for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        let Observation::Committed { records, .. } = seen else {
            return Ok(());
        };
        for record in *records {
            let Record::Escrow(EscrowRecord::Final { tx, deposits, .. }) = record else {
                continue;
            };
            for booked in deposits {
                let ordinal = booked.deposit.ordinal;
                self.0.borrow_mut().insert(DepositKey { tx: *tx, ordinal }, at);
            }
        }
        Ok(())
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

/// When each deposit of `plan` is credited if nothing goes wrong.
pub(super) fn undisturbed(plan: &Plan, seed: u64) -> Credits {
    let mut plan = plan.clone();
    plan.faults.clear();
    let recorder = Recorder::default();
    let notes = recorder.notes();
    if let Ok(world) = World::new(&plan, seed) {
        let outcome = world.judged_by(Box::new(recorder)).run();
        drop(outcome);
    }
    notes.take()
}

/// Judges that no deposit was credited later than `most_ms` after the time at which it would have been undisturbed.
pub(super) fn judge(most_ms: u64, disturbed: &Credits, undisturbed: &Credits) -> Result<(), Violation> {
    let delay = |(key, at): (&DepositKey, &Instant)| Some((at.since(*undisturbed.get(key)?), *key));
    let longest = disturbed.iter().filter_map(delay).max();
    match longest {
        Some((delay, key)) if delay > Duration::from_millis(most_ms) => Err(Violation {
            oracle: expectation::NAME,
            invariant: "failover_added_ms_max",
            detail: format!(
                "log {} of {} was credited {} ms later than without faults, at most {most_ms} are expected",
                key.ordinal,
                key.tx.tx,
                delay.as_millis()
            ),
        }),
        Some(_) | None => Ok(()),
    }
}
