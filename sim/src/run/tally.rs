//! [`Tally`]: many runs of one scenario, added up in the order of their seeds.

use core::hash::Hash;
use core::time::Duration;

use plimsoll_core::digest::Digest;

use super::one::{Ending, Failure, Single};
use super::times::Times;
use crate::coverage::Matrix;
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
    /// The times from finality to credit, of each deposit.
    pub times_to_credit: Times,
    /// How long everything together took to recover after faults, and how many recoveries that were.
    pub recovered: (Duration, u32),
    /// In how many runs each landmark was reached.
    pub landmarks: Landmarks,
    /// The bad luck that the bank had on purpose, in all runs.
    pub bad_luck: BadLuck,
    /// What each fault met, if it was asked for.
    pub coverage: Matrix,
    /// The failures, each fingerprint with its lowest seed, in the order of these; at most five fingerprints.
    pub findings: Vec<Finding>,
    /// The digest of all runs: the same on every machine and however many threads there are.
    pub digest: u128,
    /// The seed and the digest of each run, in the order of the seeds, if the runs were counted beforehand.
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
    /// No run of `scenario`.
    #[must_use]
    pub(super) fn of(scenario: &Scenario) -> Self {
        Self {
            scenario: scenario.name.clone(),
            handle: scenario.handle.clone(),
            is_expanded: scenario.expanded().is_some(),
            seeds: 0,
            failed: 0,
            simulated: Duration::ZERO,
            steps: 0,
            faults: 0,
            deposits: 0,
            credited: 0,
            dead_lettered: 0,
            times_to_credit: Times::default(),
            recovered: (Duration::ZERO, 0),
            landmarks: Landmarks::default(),
            bad_luck: BadLuck::default(),
            coverage: Matrix::default(),
            findings: Vec::new(),
            digest: Digest::new().value(),
            digests: Vec::new(),
            busy: Duration::ZERO,
        }
    }

    /// Adds a run: the next one in the order of the seeds. What it takes does not grow with the number of runs.
    pub(super) fn add(&mut self, run: &Single) {
        let mut digest = Digest::resume(self.digest);
        run.digest.hash(&mut digest);
        self.digest = digest.value();
        let stats = &run.stats;
        self.seeds += 1;
        self.simulated += stats.simulated;
        self.steps += stats.steps;
        self.faults += stats.faults;
        self.deposits += stats.deposits;
        self.credited += stats.credited;
        self.dead_lettered += stats.dead_lettered;
        self.busy += run.busy;
        self.landmarks.add(stats.reached);
        self.bad_luck.add(&stats.bad_luck);
        if let Some(cells) = &stats.coverage {
            self.coverage.add(cells);
        }
        stats
            .times_to_credit
            .iter()
            .for_each(|time| self.times_to_credit.add(*time));
        for recovery in &stats.recoveries {
            self.recovered.0 += recovery.took;
            self.recovered.1 = self.recovered.1.saturating_add(1);
        }
        if let Ending::Failed(failure) = &run.ending {
            self.note(run.seed, failure);
        }
    }

    /// The mean time to recovery after a fault, if anything had to recover.
    #[must_use]
    pub const fn mean_recovery(&self) -> Option<Duration> {
        let (took, count) = self.recovered;
        took.checked_div(count)
    }

    /// How many times faster than the real world one thread was.
    #[must_use]
    pub fn speed_up(&self) -> u128 {
        self.simulated.as_nanos() / self.busy.as_nanos().max(1)
    }

    fn note(&mut self, seed: u64, failure: &Failure) {
        self.failed += 1;
        let fingerprint = failure.fingerprint();
        let known = self
            .findings
            .iter_mut()
            .find(|one| one.failure.fingerprint() == fingerprint);
        if let Some(known) = known {
            known.count += 1;
        } else if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                seed,
                failure: failure.clone(),
                count: 1,
            });
        }
    }
}
