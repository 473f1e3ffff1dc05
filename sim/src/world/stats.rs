//! What is counted of a run.

use core::time::Duration;

use plimsoll_core::chaos::{SITES, Site, site};

use super::excuse::Waiting;
use crate::coverage::Cells;
use crate::sometimes::Reached;

/// The figures of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// How many inputs the bank took.
    pub steps: u64,
    /// How many events happened in the world, the bank's inputs among them.
    pub events: u64,
    /// How much time passed in the world.
    pub simulated: Duration,
    /// How many faults began.
    pub faults: u64,
    /// How often the process ended, by a crash or because it was fenced off.
    pub crashes: u64,
    /// How often the disk damaged what was durable.
    pub damages: u64,
    /// How often a journal was not what was written, and no process was started from it.
    pub refused_starts: u64,
    /// How many batches became durable.
    pub commits: u64,
    /// How many records became durable.
    pub records: u64,
    /// How many questions were put to endpoints.
    pub questions: u64,
    /// How many valid deposits the chain finalized, whoever they are for.
    pub deposits: u64,
    /// How many deposits are credited to users, attributed ones included.
    pub credited: u64,
    /// How many deposits are in suspense.
    pub suspended: u64,
    /// How many transactions ever became dead letters.
    pub dead_lettered: u64,
    /// How many transactions were rejected.
    pub rejected: u64,
    /// How many transactions became final by the report of a worker.
    pub reported: u64,
    /// For each deposit that a user was credited with by automation, the time from the finality of its block on the
    /// chain to the commit of its posting, in the order of the commits.
    pub times_to_credit: Vec<Duration>,
    /// How long things took to work again.
    pub recoveries: Vec<Recovery>,
    /// The bad luck that the bank had on purpose.
    pub bad_luck: BadLuck,
    /// What was not settled at the end, and may wait for ever for something that is gone.
    pub waiting: Vec<Waiting>,
    /// The landmarks that were reached.
    pub reached: Reached,
    /// What each fault met, if it was asked for.
    pub coverage: Option<Box<Cells>>,
}

/// How long one thing took to work again after a fault.
///
/// The time runs from the end of the fault (for a crash: from the start of the new process) to the first success of
/// what the fault had stopped: a good answer of the endpoint that was hit, a batch committed by the store, a reply that
/// reached a user. A process has recovered with the first of these. What never was needed again gives no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// What was hit.
    pub part: Part,
    /// How long it took.
    pub took: Duration,
}

/// A part of the world that can fail and recover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// One endpoint, or the way to it.
    Endpoint(u8),
    /// The ways to all endpoints at once.
    AllEndpoints,
    /// The store.
    Store,
    /// The network of the users.
    Users,
    /// The process.
    Process,
}

/// The bad luck of one run or of many, by site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BadLuck([Luck; SITES.len()]);

/// The bad luck at one site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Luck {
    /// In how many runs the site was active and come upon.
    pub runs: u64,
    /// How often it fired; for a knob, for how many parts and lives it was turned.
    pub fired: u64,
}

impl BadLuck {
    /// Takes in what one part of one life had at a site.
    pub(super) fn note(&mut self, seen: &Site) {
        let luck = &mut self.0[site(seen.name)];
        luck.runs = luck.runs.max(u64::from(seen.is_active));
        luck.fired += seen.fired;
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        for (luck, more) in self.0.iter_mut().zip(&other.0) {
            luck.runs += more.runs;
            luck.fired += more.fired;
        }
    }

    /// Every site there is, with its bad luck.
    pub fn sites(&self) -> impl Iterator<Item = (&'static str, Luck)> {
        SITES.into_iter().zip(self.0)
    }
}
