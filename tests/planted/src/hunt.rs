//! Runs scenarios with a bug at work, from several first seeds, until somebody complains.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_sim::run::{self, Ending, Failure, Single};
use plimsoll_sim::scenario::{Expanded, Origin, Scenario, library};
use plimsoll_sim::world::plan::Plan;

/// How far the first seeds of two hunts for one bug lie apart.
const APART: u64 = 1_000_000;

/// How hunts are made.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The first seed of the first hunt.
    pub first_seed: u64,
    /// How many hunts there are for each bug, each with seeds of its own.
    pub hunts: u64,
    /// The most runs of one hunt.
    pub runs_max: u64,
    /// How many threads hunt.
    pub jobs: NonZeroUsize,
}

/// A bug that was found.
#[derive(Debug, Clone)]
pub struct Catch {
    /// How many runs it took.
    pub runs: u64,
    /// How long they took, as if on one thread.
    pub took: Duration,
    /// Who found it: an oracle, or how the run failed otherwise.
    pub finder: String,
    /// Which invariant is broken.
    pub invariant: String,
    /// What was said about it.
    pub detail: String,
    /// The run.
    pub run: Expanded,
}

/// The scenarios of these names.
///
/// # Errors
/// Why they cannot be had.
pub fn scenarios(root: &Path, names: &[String]) -> Result<Vec<Scenario>, String> {
    let mut found = Vec::new();
    for name in names {
        found.extend(library::find(root, name).map_err(|error| error.to_string())?);
    }
    Ok(found)
}

/// The catch of each hunt through `scenarios`, in the order of their first seeds; `None` where nobody complained.
pub fn hunt(rules: &Rules, scenarios: &[Scenario], twice: bool) -> Vec<Option<Catch>> {
    let next = AtomicUsize::new(0);
    let firsts: Vec<u64> = (0..rules.hunts)
        .map(|hunt| rules.first_seed + hunt * APART)
        .collect();
    let catches = Mutex::new(vec![None; firsts.len()]);
    let work = || {
        while let Some((place, first)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            firsts.get(place).map(|first| (place, *first))
        } {
            let caught = hunt_from(first, rules.runs_max, scenarios, twice);
            catches.lock().unwrap_or_else(PoisonError::into_inner)[place] = caught;
        }
    };
    thread::scope(|scope| {
        for _ in 0..rules.jobs.get() {
            scope.spawn(work);
        }
    });
    catches.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One hunt: the scenarios in turn, each with the next seed.
fn hunt_from(first: u64, runs_max: u64, scenarios: &[Scenario], twice: bool) -> Option<Catch> {
    let begun = Instant::now();
    let in_turn = (first..).flat_map(|seed| scenarios.iter().map(move |scenario| (scenario, seed)));
    for ((scenario, seed), runs) in in_turn.zip(1..=runs_max) {
        let plan = scenario.expand(seed);
        if let Some((finder, failure)) = complaint(&plan, seed, twice) {
            return Some(Catch {
                runs,
                took: begun.elapsed(),
                finder,
                invariant: failure.invariant().to_owned(),
                detail: failure.detail(),
                run: expanded(scenario, seed, plan),
            });
        }
    }
    None
}

/// The run of `scenario` that `seed` came to.
fn expanded(scenario: &Scenario, seed: u64, plan: Plan) -> Expanded {
    Expanded {
        proves: scenario.proves().to_owned(),
        seed,
        origin: Origin {
            scenario: scenario.name.clone(),
            seed,
            commit: "with a planted bug".to_owned(),
            fingerprint: None,
        },
        plan,
    }
}

/// Who complains about a run, if somebody does.
pub fn complaint(plan: &Plan, seed: u64, twice: bool) -> Option<(String, Failure)> {
    let single = single(plan, seed);
    let failure = match single.ending {
        Ending::Failed(failure) => failure,
        Ending::Passed if twice && self::single(plan, seed).digest != single.digest => {
            return Some((
                "determinism".to_owned(),
                Failure::Liveness {
                    left: vec!["two runs differ".to_owned()],
                },
            ));
        }
        Ending::Passed => return None,
    };
    let finder = match &failure {
        Failure::Crash { .. } => "assertion",
        Failure::Liveness { .. } => "liveness",
        Failure::Safety(violation) | Failure::Expectation(violation) => violation.oracle,
    };
    Some((finder.to_owned(), failure))
}

fn single(plan: &Plan, seed: u64) -> Single {
    run::replay(plan, seed, None).unwrap_or_else(|faults| panic!("an expanded plan is unsound: {faults:?}"))
}
