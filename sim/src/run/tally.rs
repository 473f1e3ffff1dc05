//! [`Tally`]: many runs of one scenario, added up in the order of their seeds.

use core::hash::Hash;
use core::time::Duration;

use plimsoll_core::digest::Digest;

use super::one::{Ending, Failure, Single};
use crate::oracle::expectation::percentile;
use crate::scenario::Scenario;
use crate::sometimes::Landmarks;
use crate::world::BadLuck;

/// The most different failures that are kept of one scenario.
const FINDINGS_MAX: usize = 5;

/// Many runs of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The scenario.
    pub scenario: String,
    /// What names it on a command line.
    pub handle: String,
    /// Whether it is expanded: then there is one seed, and it is the file's.
    pub is_expanded: bool,
    /// How many seeds were run.
    pub seeds: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How much time passed in all worlds together.
    pub simulated: Duration,
    /// How many inputs the bank took.
    pub steps: u64,
    /// How many faults were injected.
    pub faults: u64,
    /// How many valid deposits the chains finalized.
    pub deposits: u64,
    /// How many deposits were credited to users.
    pub credited: u64,
    /// How many transactions became dead letters.
    pub dead_lettered: u64,
    /// The median and the 99th percentile of the times from finality to credit, if any deposit was credited.
    pub times_to_credit: Option<(Duration, Duration)>,
    /// The mean time to recovery after a fault, if anything had to recover.
    pub mean_recovery: Option<Duration>,
    /// In how many runs each landmark was reached.
    pub landmarks: Landmarks,
    /// The bad luck that the bank had on purpose, in all runs.
    pub bad_luck: BadLuck,
    /// The failures, each kind with its lowest seed, in the order of these; at most five kinds.
    pub findings: Vec<Finding>,
    /// The digest of all runs: the same on every machine and however many threads there are.
    pub digest: u128,
    /// The seed and the digest of each run, in the order of the seeds.
    pub digests: Vec<(u64, u128)>,
    /// How long all runs took, as if on one thread. The only figure here that differs each time.
    pub busy: Duration,
}

/// One kind of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The lowest seed that fails like this.
    pub seed: u64,
    /// How that seed fails.
    pub failure: Failure,
    /// How many seeds fail like this.
    pub count: u64,
}

impl Tally {
    /// Adds up `runs` of `scenario`, which are in the order of their seeds.
    #[must_use]
    pub(super) fn of(scenario: &Scenario, runs: Vec<Single>) -> Self {
        let mut digest = Digest::new();
        let (mut times, mut recoveries) = (Vec::new(), Vec::new());
        let mut tally = Self {
            scenario: scenario.name.clone(),
            handle: scenario.handle.clone(),
            is_expanded: scenario.expanded().is_some(),
            seeds: runs.len() as u64,
            failed: 0,
            simulated: Duration::ZERO,
            steps: 0,
            faults: 0,
            deposits: 0,
            credited: 0,
            dead_lettered: 0,
            times_to_credit: None,
            mean_recovery: None,
            landmarks: Landmarks::default(),
            bad_luck: BadLuck::default(),
            findings: Vec::new(),
            digest: 0,
            digests: Vec::with_capacity(runs.len()),
            busy: Duration::ZERO,
        };
        for run in runs {
            run.digest.hash(&mut digest);
            tally.digests.push((run.seed, run.digest));
            tally.simulated += run.stats.simulated;
            tally.steps += run.stats.steps;
            tally.faults += run.stats.faults;
            tally.deposits += run.stats.deposits;
            tally.credited += run.stats.credited;
            tally.dead_lettered += run.stats.dead_lettered;
            tally.busy += run.busy;
            tally.landmarks.add(run.stats.reached);
            tally.bad_luck.add(&run.stats.bad_luck);
            times.extend(run.stats.times_to_credit);
            recoveries.extend(run.stats.recoveries.iter().map(|recovery| recovery.took));
            if let Ending::Failed(failure) = run.ending {
                tally.note(run.seed, failure);
            }
        }
        times.sort_unstable();
        tally.times_to_credit = percentile(&times, 50).zip(percentile(&times, 99));
        let count = u32::try_from(recoveries.len()).unwrap_or(u32::MAX);
        tally.mean_recovery = recoveries.iter().sum::<Duration>().checked_div(count);
        tally.digest = digest.value();
        tally
    }

    /// How many times faster than the real world one thread was.
    #[must_use]
    pub fn speed_up(&self) -> u128 {
        self.simulated.as_nanos() / self.busy.as_nanos().max(1)
    }

    fn note(&mut self, seed: u64, failure: Failure) {
        self.failed += 1;
        let fingerprint = |one: &Failure| (one.kind(), one.oracle(), one.invariant());
        let known = self
            .findings
            .iter_mut()
            .find(|one| fingerprint(&one.failure) == fingerprint(&failure));
        if let Some(known) = known {
            known.count += 1;
        } else if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                seed,
                failure,
                count: 1,
            });
        }
    }
}
