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

/// Judges how much later deposits were credited than they would have been undisturbed: at most `most` on average, and
/// none by more than `most` and one `poll` of the heads.
///
/// Whether a question arrives just before or just after a block becomes final is luck, which any disturbance deals
/// anew; the next chance comes with the next poll. On average luck adds nothing.
pub(super) fn judge(
    (most, poll): (Duration, Duration),
    disturbed: &Credits,
    undisturbed: &Credits,
) -> Result<(), Violation> {
    let later = |(key, at): (&DepositKey, &Instant)| Some((at.since(*undisturbed.get(key)?), *key));
    let delays: Vec<(Duration, DepositKey)> = disturbed.iter().filter_map(later).collect();
    let earlier = |(key, at): (&DepositKey, &Instant)| Some(undisturbed.get(key)?.since(*at));
    let gained: Duration = disturbed.iter().filter_map(earlier).sum();
    let lost: Duration = delays.iter().map(|(delay, _)| *delay).sum();
    let count = u32::try_from(delays.len()).unwrap_or(u32::MAX);
    let average = lost.saturating_sub(gained).checked_div(count).unwrap_or_default();
    let broken = |detail| Violation {
        oracle: expectation::NAME,
        invariant: "failover_added_ms_max",
        detail,
    };
    if average > most {
        let (found, most) = (average.as_millis(), most.as_millis());
        let detail = format!(
            "deposits were credited {found} ms later than without faults, expected {most} on average"
        );
        return Err(broken(detail));
    }
    match delays.into_iter().max() {
        Some((delay, key)) if delay > most + poll => {
            let (tx, found, most) = (key.tx.tx, delay.as_millis(), (most + poll).as_millis());
            let what = format!(
                "log {} of {tx} was credited {found} ms later than without faults",
                key.ordinal
            );
            Err(broken(format!("{what}, expected {most} at most")))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
