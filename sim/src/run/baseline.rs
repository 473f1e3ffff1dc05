//! The same run without faults: by how much do the faults delay each deposit?

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{DepositKey, EscrowRecord};
use plimsoll_core::time::Instant;

use crate::oracle::expectation;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::{Deed, Plan};
use crate::world::{Verdict, World};

/// How long people waited for each deposit: from the moment when its block was final and, if anybody claims it, the
/// first of them wanted to, until its posting was durable. Nobody waits for what the scanner found before that.
type Waits = BTreeMap<DepositKey, Duration>;

/// Compares a sound run with the same one undisturbed, at its end.
#[derive(Debug)]
pub(super) struct Comparison {
    seed: u64,
    recorder: Recorder,
}

impl Comparison {
    /// For a run with `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            recorder: Recorder::default(),
        }
    }
}

impl Oracle for Comparison {
    fn name(&self) -> &'static str {
        expectation::NAME
    }

    fn observe(&mut self, at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        self.recorder.observe(at, seen)
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        let Some(most_ms) = end.plan.expect.failover_added_ms_max else {
            return Ok(());
        };
        self.recorder.finish(end)?;
        let undisturbed = undisturbed(end.plan, self.seed)?;
        judge(
            Duration::from_millis(most_ms),
            &self.recorder.waits.take(),
            &undisturbed,
        )
    }
}

/// Notes when each deposit became durable, and tells at the end how long that was waited for. It judges nothing.
#[derive(Debug, Default)]
struct Recorder {
    credited: BTreeMap<DepositKey, Instant>,
    waits: Rc<RefCell<Waits>>,
}

impl Recorder {
    /// The waits, to be read once the run is over. None of a run that did not come to its end.
    fn waits(&self) -> Rc<RefCell<Waits>> {
        Rc::clone(&self.waits)
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
                self.credited.insert(DepositKey { tx: *tx, ordinal }, at);
            }
        }
        Ok(())
    }

    fn finish(&mut self, end: &End<'_>) -> Result<(), Violation> {
        // The chain announces a transaction for each deed that sends one, in their order.
        let claims = end.plan.workload.iter().filter_map(|deed| match deed {
            Deed::Deposit { claims, .. } => Some(claims.iter().map(|claim| claim.at_ms).min()),
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => None,
        });
        let mut waits = self.waits.borrow_mut();
        for (index, claimed_ms) in end.chain.transactions().zip(claims) {
            let Some(finalized) = end.chain.finalized_at(index) else {
                continue;
            };
            let claimed = claimed_ms.map(|ms| Instant::ZERO.after(Duration::from_millis(ms)));
            let since = claimed.map_or(finalized, |claimed| claimed.max(finalized));
            for (key, _) in end.chain.deposits_of(index) {
                if let Some(credited) = self.credited.get(&key) {
                    waits.insert(key, credited.since(since));
                }
            }
        }
        Ok(())
    }
}

/// How long people wait for each deposit of `plan` if nothing goes wrong.
///
/// # Errors
/// When something goes wrong all the same.
fn undisturbed(plan: &Plan, seed: u64) -> Result<Waits, Violation> {
    let mut plan = plan.clone();
    plan.faults.clear();
    let recorder = Recorder::default();
    let waits = recorder.waits();
    let world = World::new(&plan, seed).unwrap_or_else(|faults| unreachable!("a fault less: {faults:?}"));
    match world.judged_by(Box::new(recorder)).run().verdict {
        Verdict::Passed => Ok(waits.take()),
        verdict @ (Verdict::Safety(_) | Verdict::Liveness(_) | Verdict::Crash { .. }) => {
            Err(broken(format!("the run fails without faults too: {verdict:?}")))
        }
    }
}

/// Judges how much longer each deposit was waited for than it would have been undisturbed: none by more than `most`.
fn judge(most: Duration, disturbed: &Waits, undisturbed: &Waits) -> Result<(), Violation> {
    let longer =
        |(key, wait): (&DepositKey, &Duration)| Some((wait.saturating_sub(*undisturbed.get(key)?), *key));
    match disturbed.iter().filter_map(longer).max() {
        None => Err(broken("no deposit was credited in both runs".to_owned())),
        Some((added, key)) if added > most => {
            let (ordinal, tx) = (key.ordinal, key.tx.tx);
            let (added, most) = (added.as_millis(), most.as_millis());
            Err(broken(format!(
                "log {ordinal} of {tx} was waited for {added} ms longer than without faults, expected {most} at most"
            )))
        }
        Some(_) => Ok(()),
    }
}

fn broken(detail: String) -> Violation {
    Violation {
        oracle: expectation::NAME,
        invariant: "failover_added_ms_max",
        detail,
    }
}

#[cfg(test)]
mod tests;
