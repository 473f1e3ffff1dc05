//! Runs scenarios over many seeds, on several threads, with a result that does not depend on how many.
//!
//! `one` runs one seed, `baseline` compares it with the same run undisturbed, `threads` spreads seeds over threads,
//! `panics` keeps a panic of the code under test from the terminal, `fingerprint` says which failures are the same,
//! `neighbour` finds the run that passes for want of one fault, `tally` adds the runs up in the order of their seeds,
//! `soak` goes on with fresh seeds until it is told to end.

mod baseline;
mod fingerprint;
mod neighbour;
mod one;
mod panics;
mod soak;
mod tally;
mod threads;
mod times;

use core::num::NonZeroUsize;

pub use fingerprint::Fingerprint;
pub use neighbour::{Neighbour, neighbour};
pub use one::{DETERMINISM, Ending, Failure, Single, Watch, fates, prove, replay, traced};
pub use soak::{FINDINGS_MAX, Known, Soak, Soaked, State};
pub use tally::{Finding, Tally};
pub use times::Times;

use crate::scenario::Scenario;

/// How many seeds a scenario gets when nobody says: enough for a lesson, so that the whole suite takes seconds.
pub const SEEDS: u64 = 100;
/// How many seeds a swarm gets when nobody says: its runs differ more.
pub const SWARM_SEEDS: u64 = 1_000;

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Campaign<'a> {
    /// The scenarios.
    pub scenarios: &'a [Scenario],
    /// The first seed. An expanded scenario has one of its own.
    pub first_seed: u64,
    /// How many seeds each scenario gets; what its file says, or [`SEEDS`] or [`SWARM_SEEDS`], when nothing is said, and one
    /// if it is expanded.
    pub seeds: Option<u64>,
    /// How many threads to use.
    pub jobs: NonZeroUsize,
    /// What is asked of each run.
    pub watch: Watch,
}

/// Why nothing could be run. Nothing run is never a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CampaignError {
    /// There is no scenario.
    #[error("there is no scenario to run")]
    NoScenario,
    /// No scenario draws from fresh seeds.
    #[error(
        "none of these is run with fresh seeds: an expanded scenario is one run, and `weight = 0` leaves one out"
    )]
    NoWeight,
    /// There are no seeds.
    #[error("a run of zero seeds proves nothing")]
    NoSeed,
    /// The seeds go past the last one.
    #[error("{first} and {count} seeds from there go past the last seed")]
    TooManySeeds {
        /// The first.
        first: u64,
        /// How many.
        count: u64,
    },
}

impl Campaign<'_> {
    /// How many runs there are in all.
    ///
    /// # Errors
    /// [`CampaignError`] when there are none, or seeds that do not exist.
    pub fn size(&self) -> Result<u64, CampaignError> {
        if self.scenarios.is_empty() {
            return Err(CampaignError::NoScenario);
        }
        if self.seeds == Some(0) {
            return Err(CampaignError::NoSeed);
        }
        let mut total: u64 = 0;
        for scenario in self.scenarios {
            let (first, count) = self.seeds_of(scenario);
            let past_the_last = CampaignError::TooManySeeds { first, count };
            first.checked_add(count).ok_or(past_the_last)?;
            total = total.checked_add(count).ok_or(past_the_last)?;
        }
        Ok(total)
    }

    /// Runs everything. `on_run` is told after each run, from any thread, which scenario it was and whether it passed.
    ///
    /// # Errors
    /// [`CampaignError`] when there is nothing to run.
    pub fn run(&self, on_run: &(dyn Fn(&Scenario, bool) + Sync)) -> Result<Vec<Tally>, CampaignError> {
        self.size()?;
        let tallies = self.scenarios.iter().map(|scenario| {
            let (first, count) = self.seeds_of(scenario);
            let run = |seed| {
                let single = one::run(scenario, seed, self.watch);
                on_run(scenario, single.ending.is_passed());
                single
            };
            let runs = threads::map(self.jobs, first..first + count, &run);
            let mut tally = Tally::of(scenario);
            runs.iter().for_each(|run| tally.add(run));
            tally.digests = runs.iter().map(|run| (run.seed, run.digest)).collect();
            tally
        });
        Ok(tallies.collect())
    }

    /// The first seed of a scenario, and how many there are.
    fn seeds_of(&self, scenario: &Scenario) -> (u64, u64) {
        if let Some(expanded) = scenario.expanded() {
            return (expanded.seed, 1);
        }
        let usual = if scenario.is_swarm() { SWARM_SEEDS } else { SEEDS };
        let usual = scenario.seeds().unwrap_or(usual);
        (self.first_seed, self.seeds.unwrap_or(usual))
    }
}

#[cfg(test)]
mod tests;
