//! The shrinker: from a run that fails to the least run that fails alike.
//!
//! Given an [expanded](Expanded) scenario, it leaves out faults, deeds, endpoints and users, makes what is left weaker,
//! shorter and rounder, and keeps every change after which the run still fails with the same [`Fingerprint`]. It ends when
//! nothing more can be changed: then no fault and no deed can be left out alone (the run is *1-minimal*), or when whoever
//! called it has had enough. What was found by then is whole, and can be shrunk further at any time.
//!
//! `passes` are the ways to make a run smaller, in their order; `ddmin` finds what can be left out; `edit` leaves it out
//! of a plan with what refers to it; `weaker` and `simpler` say what a fault and a deed become; `search` tries each
//! candidate, remembers it, and stops. Candidates that make no sense are refused by the plan's own check. Nothing here reads
//! a clock: the result is the same on every machine, unless it was stopped.

mod ddmin;
mod edit;
mod numbers;
mod passes;
mod search;
mod simpler;
mod size;
mod weaker;

use core::ops::ControlFlow;

pub use ddmin::ddmin;
pub use search::Progress;
pub use size::Size;

use crate::oracle::expectation;
use crate::run::{DETERMINISM, Ending, Failure, Fingerprint, Single, prove};
use crate::scenario::Expanded;
use crate::world::plan::{Plan, PlanError};
use search::{Judge, Search, Sight};

/// A run that was made smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest run that was found. Its `origin` tells the fingerprint, and where the first run came from.
    pub expanded: Expanded,
    /// How it fails.
    pub failure: Failure,
    /// How large the run was.
    pub before: Size,
    /// How large it is.
    pub after: Size,
    /// How many runs it took.
    pub runs: u64,
    /// Whether nothing more can be left out or made simpler; else it was stopped before.
    pub is_minimal: bool,
}

/// Why a run cannot be shrunk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its plan makes no sense.
    #[error("the plan makes no sense: {}", list(.0))]
    Unsound(Vec<PlanError>),
    /// It passes.
    #[error("the run passes, so there is nothing to shrink")]
    Passes,
    /// It fails, and not the same way each time.
    #[error("the run is not the same twice: first it failed as {first}, then it {second}")]
    Unsteady {
        /// How it failed first.
        first: Fingerprint,
        /// What it did when it was run again.
        second: String,
    },
    /// It fails because fewer of something came about than its scenario expects.
    #[error(
        "the run falls short of what its scenario expects, and every smaller run would: {invariant}: {detail}"
    )]
    Shortfall {
        /// Which expectation.
        invariant: &'static str,
        /// By how much.
        detail: String,
    },
}

fn list(faults: &[PlanError]) -> String {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    told.join("; ")
}

/// Shrinks the run of `expanded`, with at most `runs_max` runs after those that prove that it fails. `watch` is asked
/// before each run whether it may go on, and told how far it is.
///
/// # Errors
/// [`Refusal`], when the run does not fail, or cannot be shrunk.
pub fn shrink(
    expanded: &Expanded,
    runs_max: u64,
    watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Shrunk, Refusal> {
    // What differs from one run to the next is only found by running each of these twice.
    let (target, proven) = reproved(&mut || prove(&expanded.plan, expanded.seed, true))?;
    let mut judge = |plan: &Plan, seed: u64| {
        let single = run(plan, seed, target.oracle()).ok()?;
        is_alike(&single, &target).then(|| sight(&single))
    };
    let mut search = Search::new(
        (&expanded.plan, expanded.seed, sight(&proven)),
        &mut judge as &mut Judge<'_>,
        watch,
        runs_max,
    );
    passes::to_fixpoint(&mut search);
    let (runs, is_minimal) = (search.runs(), !search.is_over());
    let (plan, seed) = search.into_best();
    let last = run(&plan, seed, target.oracle());
    let last = last.unwrap_or_else(|faults| unreachable!("a plan that ran is sound: {faults:?}"));
    let after = Size::of(&plan, last.stats.events);
    let Ending::Failed(failure) = last.ending else {
        unreachable!("the run failed when it was found, and is the same run")
    };
    let mut smallest = expanded.clone();
    (smallest.plan, smallest.seed) = (plan, seed);
    smallest.origin.fingerprint = Some(target.to_string());
    Ok(Shrunk {
        expanded: smallest,
        failure,
        before: Size::of(&expanded.plan, proven.stats.events),
        after,
        runs,
        is_minimal,
    })
}

/// Runs it twice: how it fails, both times.
fn reproved(
    run: &mut dyn FnMut() -> Result<Single, Vec<PlanError>>,
) -> Result<(Fingerprint, Single), Refusal> {
    let first = run().map_err(Refusal::Unsound)?;
    let Ending::Failed(failure) = &first.ending else {
        return Err(Refusal::Passes);
    };
    if let Failure::Expectation(violation) = failure
        && expectation::is_shortfall(violation)
    {
        return Err(Refusal::Shortfall {
            invariant: violation.invariant,
            detail: violation.detail.clone(),
        });
    }
    let target = failure.fingerprint();
    let second = run().map_err(Refusal::Unsound)?;
    if !is_alike(&second, &target) {
        return Err(Refusal::Unsteady {
            first: target,
            second: match second.ending {
                Ending::Passed => "passed".to_owned(),
                Ending::Failed(other) => format!("failed as {}", other.fingerprint()),
            },
        });
    }
    Ok((target, first))
}

/// Runs `plan`, and once more if only that can show what `oracle` found.
fn run(plan: &Plan, seed: u64, oracle: &str) -> Result<Single, Vec<PlanError>> {
    prove(plan, seed, oracle == DETERMINISM)
}

fn is_alike(single: &Single, target: &Fingerprint) -> bool {
    match &single.ending {
        Ending::Passed => false,
        Ending::Failed(failure) => failure.fingerprint() == *target,
    }
}

fn sight(single: &Single) -> Sight {
    let simulated = single.stats.simulated.as_nanos().div_ceil(1_000_000);
    Sight {
        ended_ms: u64::try_from(simulated).unwrap_or(u64::MAX),
        events: single.stats.events,
    }
}

#[cfg(test)]
mod tests;
