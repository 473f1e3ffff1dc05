//! [`neighbour`]: the run that differs from a failing one in one fault alone, and passes.

use super::one::traced;
use crate::trace::{Body, Event, Transcript};
use crate::world::plan::{Plan, PlanError};

/// A run that passes where the one with one more fault fails.
#[derive(Debug)]
pub struct Neighbour {
    /// Which fault of the plan it is without, by place.
    pub without: usize,
    /// What happened in it. Its faults have the numbers that they have in the failing run.
    pub told: Transcript,
    /// How many events at the beginning are the same in both runs, but for the simulator's own numbers.
    pub common: usize,
}

/// The nearest run to that of `plan` with `seed`, which is `failing`, that passes: one fault is left out, and the longest
/// beginning is the same. None if the run fails without any one of its faults too.
///
/// # Errors
/// Everything that is wrong with the plan, or with the plan when a fault is left out.
pub fn neighbour(plan: &Plan, seed: u64, failing: &Transcript) -> Result<Option<Neighbour>, Vec<PlanError>> {
    let mut nearest: Option<Neighbour> = None;
    let events = unnumbered(failing);
    for without in 0..plan.faults.len() {
        let mut fewer = plan.clone();
        fewer.faults.remove(without);
        let (single, mut told) = traced(&fewer, seed)?;
        if !single.ending.is_passed() {
            continue;
        }
        renumber(&mut told, without);
        let pairs = events.iter().zip(unnumbered(&told));
        let common = pairs.take_while(|(a, b)| *a == b).count();
        if nearest.as_ref().is_none_or(|nearest| nearest.common < common) {
            nearest = Some(Neighbour {
                without,
                told,
                common,
            });
        }
    }
    Ok(nearest)
}

/// The events without what counts the simulator's own steps: one fault less is one step less from the beginning on.
fn unnumbered(told: &Transcript) -> Vec<Event> {
    let mut events = told.events.clone();
    for event in &mut events {
        event.seq = 0;
        if let Body::Input(input) = &mut event.body {
            input.digest.clear();
        } else if let Body::Checkpoint(checkpoint) = &mut event.body {
            checkpoint.digest.clear();
        }
    }
    events
}

/// Gives faults the numbers that they have with the one that was left out.
fn renumber(told: &mut Transcript, without: usize) {
    for event in &mut told.events {
        if let Some(fault) = &mut event.ids.fault
            && usize::try_from(*fault).is_ok_and(|fault| fault >= without)
        {
            *fault += 1;
        }
    }
}

#[cfg(test)]
mod tests;
