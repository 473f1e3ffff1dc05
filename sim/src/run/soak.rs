//! The soak: fresh seeds without end, of scenarios as often as their weights say, until somebody says that it is enough.
//!
//! The soak's seed and the number of a run decide which scenario it is and with which seed, so a soak can be repeated, and
//! one that goes on where an earlier one ended never runs the same twice. Runs are told in the order of their numbers,
//! whichever thread is done first, so what is found does not depend on how many there are.

mod state;

use core::num::NonZeroUsize;
use core::ops::ControlFlow;

use plimsoll_core::rng::Rng;

pub use state::{FINDINGS_MAX, Known, State};

use super::{CampaignError, Single, Tally, Watch, one, threads};
use crate::scenario::Scenario;

/// How many seeds a soak draws from: few enough that people can copy one, many enough that none comes twice.
const SEEDS: u64 = 1 << 48;

/// What to run, from which number on.
#[derive(Debug, Clone)]
pub struct Soak<'a> {
    /// The scenarios. Each is run as often as its weight says.
    pub scenarios: &'a [Scenario],
    /// What all draws come from.
    pub seed: u64,
    /// The number of the first run.
    pub first: u64,
    /// How many threads to use.
    pub jobs: NonZeroUsize,
    /// What is asked of each run.
    pub watch: Watch,
}

/// What came of a soak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soaked {
    /// The runs of each scenario that had any, added up.
    pub tallies: Vec<Tally>,
    /// The number of the run that comes next.
    pub next: u64,
}

impl Soak<'_> {
    /// Runs until `on_run` says that it is enough. It is told each run, in the order of their numbers, on this thread. What
    /// other threads are at when it breaks off is not counted.
    ///
    /// # Errors
    /// [`CampaignError`] when there is nothing to run.
    pub fn run(
        &self,
        on_run: &mut dyn FnMut(&Scenario, &Single) -> ControlFlow<()>,
    ) -> Result<Soaked, CampaignError> {
        if self.scenarios.is_empty() {
            return Err(CampaignError::NoScenario);
        }
        if self.weights() == 0 {
            return Err(CampaignError::NoWeight);
        }
        let mut tallies: Vec<Tally> = self.scenarios.iter().map(Tally::of).collect();
        let run = |number| {
            let (place, seed) = self.draw(number);
            (place, one::run(&self.scenarios[place], seed, self.watch))
        };
        let next = threads::stream(self.jobs, self.first, &run, &mut |(place, single)| {
            tallies[place].add(&single);
            on_run(&self.scenarios[place], &single)
        });
        tallies.retain(|tally| tally.seeds > 0);
        Ok(Soaked { tallies, next })
    }

    /// Which scenario run `number` is, and with which seed.
    fn draw(&self, number: u64) -> (usize, u64) {
        let mut rng = Rng::from_seed(self.seed).fork_indexed("soak", number);
        let mut point = rng.below(self.weights());
        for (place, scenario) in self.scenarios.iter().enumerate() {
            match point.checked_sub(scenario.weight()) {
                Some(rest) => point = rest,
                None => return (place, rng.below(SEEDS)),
            }
        }
        unreachable!("a point below the sum of the weights is inside one of them")
    }

    fn weights(&self) -> u64 {
        self.scenarios.iter().map(Scenario::weight).sum()
    }
}

#[cfg(test)]
mod tests;
