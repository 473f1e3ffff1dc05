//! One run: a scenario and a seed, with every oracle watching.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use super::{baseline, panics};
use crate::oracle::{self, expectation};
use crate::scenario::Scenario;
use crate::trace::{Comparison, Memory, Transcript};
use crate::world::observe::Violation;
use crate::world::plan::{Plan, PlanError};
use crate::world::{Fates, Outcome, Stats, Tracing, Verdict, World};

/// Who finds that the same run did not do the same twice.
pub const DETERMINISM: &str = "determinism";

/// What came of one run.
#[derive(Debug, Clone)]
pub struct Single {
    /// The seed.
    pub seed: u64,
    /// Whether it passed.
    pub ending: Ending,
    /// The digest of every step.
    pub digest: u128,
    /// What was counted.
    pub stats: Stats,
    /// Why the trace that was asked for is not whole, if it is not.
    pub trace_error: Option<String>,
    /// How long it took in the real world, as long as one thread worked on it. Differs each time.
    pub busy: Duration,
}

/// Whether a run passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It did.
    Passed,
    /// It did not.
    Failed(Failure),
}

/// How a run failed, worst first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The code under test panicked.
    Crash {
        /// The message.
        message: String,
        /// Where in the sources, if that is known: file, line and column.
        place: Option<String>,
    },
    /// An oracle found an invariant broken.
    Safety(Violation),
    /// The world did not settle.
    Liveness {
        /// What was left.
        left: Vec<String>,
    },
    /// Everything is sound, and not as the scenario expects.
    Expectation(Violation),
}

impl Ending {
    /// Whether the run passed.
    #[must_use]
    pub const fn is_passed(&self) -> bool {
        matches!(self, Self::Passed)
    }
}

impl Failure {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::Safety(_) => "safety",
            Self::Liveness { .. } => "liveness",
            Self::Expectation(_) => "expectation",
        }
    }

    /// Who found it.
    #[must_use]
    pub const fn oracle(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "the code's own assertions",
            Self::Safety(violation) | Self::Expectation(violation) => violation.oracle,
            Self::Liveness { .. } => "the world",
        }
    }

    /// Which invariant is broken.
    #[must_use]
    pub const fn invariant(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "no_panic",
            Self::Safety(violation) | Self::Expectation(violation) => violation.invariant,
            Self::Liveness { .. } => "everything_settles",
        }
    }

    /// What was found, for people.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Crash { message, place } => match place {
                Some(place) => format!("{message}, at {place}"),
                None => message.clone(),
            },
            Self::Safety(violation) | Self::Expectation(violation) => violation.detail.clone(),
            Self::Liveness { left } => left.join("; "),
        }
    }
}

impl core::fmt::Display for Failure {
    /// All of it on one line, as far as the finding is one line.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (oracle, invariant) = (self.oracle(), self.invariant());
        write!(f, "{oracle}: {invariant}: {}", self.detail())
    }
}

/// What is asked of each run of many.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watch {
    /// Whether each run that passes is done twice, which must come to the same digest.
    pub twice: bool,
    /// Whether it is noted what each fault meets: see [`coverage`](crate::coverage).
    pub coverage: bool,
}

/// Runs one seed, or twice the same.
pub(super) fn run(scenario: &Scenario, seed: u64, watch: Watch) -> Single {
    let single = prove_watched(&scenario.expand(seed), seed, watch);
    single.unwrap_or_else(|faults| unreachable!("an expanded plan is sound: {faults:?}"))
}

/// Runs `plan`, with `seed` for what it leaves to chance. If it passes and `twice` is asked for, it is run again, which
/// must come to the same digest.
///
/// # Errors
/// Everything that is wrong with the plan.
pub fn prove(plan: &Plan, seed: u64, twice: bool) -> Result<Single, Vec<PlanError>> {
    let watch = Watch {
        twice,
        ..Watch::default()
    };
    prove_watched(plan, seed, watch)
}

fn prove_watched(plan: &Plan, seed: u64, watch: Watch) -> Result<Single, Vec<PlanError>> {
    let mut single = run_plan(plan, seed, None, watch.coverage)?;
    if watch.twice && single.ending.is_passed() {
        let digest = run_plan(plan, seed, None, false)?.digest;
        if digest != single.digest {
            single.ending = Ending::Failed(Failure::Safety(Violation {
                oracle: DETERMINISM,
                invariant: "same_digest",
                detail: format!(
                    "the first run came to {:032x}, the second to {digest:032x}{}",
                    single.digest,
                    parting(plan, seed)
                ),
            }));
        }
    }
    Ok(single)
}

/// Where two more runs part, if these do too.
fn parting(plan: &Plan, seed: u64) -> String {
    let (Ok((_, a)), Ok((_, b))) = (traced(plan, seed), traced(plan, seed)) else {
        unreachable!("a plan that ran is sound")
    };
    let comparison = Comparison::of(("third run", &a), ("fourth run", &b));
    if comparison.is_same() {
        "; two more runs came to the same".to_owned()
    } else {
        format!("; two more runs part too:\n{comparison}")
    }
}

/// Runs `plan` once, with `seed` for what it leaves to chance, and gives its trace too.
///
/// # Errors
/// Everything that is wrong with the plan.
pub fn traced(plan: &Plan, seed: u64) -> Result<(Single, Transcript), Vec<PlanError>> {
    let memory = Memory::new();
    let tracing = Tracing {
        out: Box::new(memory.clone()),
        build: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let single = run_plan(plan, seed, Some(tracing), false)?;
    let read = Transcript::parse(Path::new("the trace of this run"), &memory.take());
    let transcript = read.unwrap_or_else(|error| unreachable!("what was just written is not whole: {error}"));
    Ok((single, transcript))
}

/// Runs `plan` once, with `seed` for what it leaves to chance, and writes a trace if one is wanted.
///
/// # Errors
/// Everything that is wrong with the plan.
pub fn replay(plan: &Plan, seed: u64, tracing: Option<Tracing>) -> Result<Single, Vec<PlanError>> {
    run_plan(plan, seed, tracing, false)
}

/// Runs `plan` once, unwatched, with `seed` for what it leaves to chance, and gives what came of it; nothing if the bank's
/// process was down in the end, which it is not in a run that passes.
///
/// # Errors
/// Everything that is wrong with the plan.
///
/// # Panics
/// When the code under test does.
pub fn fates(plan: &Plan, seed: u64) -> Result<Option<Fates>, Vec<PlanError>> {
    let mut world = World::new(plan, seed)?;
    while world.step() {}
    Ok(world.fates())
}

fn run_plan(
    plan: &Plan,
    seed: u64,
    tracing: Option<Tracing>,
    coverage: bool,
) -> Result<Single, Vec<PlanError>> {
    let begun = Instant::now();
    let mut world = World::new(plan, seed)?.watched();
    if let Some(tracing) = tracing {
        world = world.traced_to(tracing);
    }
    if coverage {
        world = world.covered();
    }
    for oracle in oracle::all(plan) {
        world = world.judged_by(oracle);
    }
    if plan.expect.failover_added_ms_max.is_some() {
        world = world.judged_by(Box::new(baseline::Comparison::new(seed)));
    }
    let Outcome {
        verdict,
        digest,
        stats,
        trace_error,
    } = panics::watched(|| world.run());
    Ok(Single {
        seed,
        ending: ending(verdict),
        digest,
        stats,
        trace_error,
        busy: begun.elapsed(),
    })
}

fn ending(verdict: Verdict) -> Ending {
    Ending::Failed(match verdict {
        Verdict::Passed => return Ending::Passed,
        Verdict::Safety(violation) if violation.oracle == expectation::NAME => {
            Failure::Expectation(violation)
        }
        Verdict::Safety(violation) => Failure::Safety(violation),
        Verdict::Liveness(left) => Failure::Liveness { left },
        Verdict::Crash { message } => Failure::Crash {
            message,
            place: panics::place(),
        },
    })
}
