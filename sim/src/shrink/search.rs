//! [`Search`]: the smallest run so far, and what was tried.

use core::ops::ControlFlow;
use std::collections::BTreeSet;

use plimsoll_core::digest::Digest;

use super::Size;
use crate::world::plan::Plan;

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// Whether large parts alone are tried, and not everything.
    pub(super) is_coarse: bool,
    /// How many other seeds each candidate is tried with: latencies may fit then.
    pub(super) seeds: u64,
}

impl Effort {
    /// Everything, with the seed that is kept.
    pub(super) const FINE: Self = Self {
        is_coarse: false,
        seeds: 0,
    };
}

/// Whether a run fails alike, and what was seen of it if so.
pub(super) type Judge<'a> = dyn FnMut(&Plan, u64) -> Option<Sight> + 'a;
/// Whoever decides whether the search goes on.
pub(super) type Watch<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// What was seen of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    /// When it ended, in milliseconds of simulated time, rounded up.
    pub(super) ended_ms: u64,
    /// How many events happened.
    pub(super) events: u64,
}

/// How far the shrinker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being tried, for people.
    pub pass: &'static str,
    /// How many runs there were.
    pub runs: u64,
    /// How large the smallest run is so far.
    pub smallest: Size,
}

/// The smallest run so far, and what was tried.
pub(super) struct Search<'a> {
    plan: Plan,
    seed: u64,
    sight: Sight,
    judge: &'a mut Judge<'a>,
    watch: &'a mut Watch<'a>,
    /// Digests of the plans and seeds that do not fail alike.
    refused: BTreeSet<u128>,
    runs: u64,
    runs_max: u64,
    is_over: bool,
    accepted: u64,
    pass: &'static str,
    effort: Effort,
}

impl<'a> Search<'a> {
    /// A search that begins at a run that fails.
    pub(super) fn new(
        (plan, seed, sight): (&Plan, u64, Sight),
        judge: &'a mut Judge<'a>,
        watch: &'a mut Watch<'a>,
        runs_max: u64,
    ) -> Self {
        Self {
            plan: plan.clone(),
            seed,
            sight,
            judge,
            watch,
            refused: BTreeSet::new(),
            runs: 0,
            runs_max,
            is_over: false,
            accepted: 0,
            pass: "",
            effort: Effort::FINE,
        }
    }

    /// The smallest plan so far.
    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What was seen of its run.
    pub(super) const fn sight(&self) -> Sight {
        self.sight
    }

    /// How many runs there were.
    pub(super) const fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether it was stopped: nothing is tried any more.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// How many changes were kept.
    pub(super) const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// The smallest plan, and its seed.
    pub(super) fn into_best(self) -> (Plan, u64) {
        (self.plan, self.seed)
    }

    /// Says what is being tried from here on, and how hard.
    pub(super) const fn begin(&mut self, pass: &'static str, effort: Effort) {
        (self.pass, self.effort) = (pass, effort);
    }

    /// How much is being tried.
    pub(super) const fn effort(&self) -> Effort {
        self.effort
    }

    /// Whether `candidate` is what is kept already, or is kept from here on.
    pub(super) fn holds(&mut self, candidate: &Plan) -> bool {
        *candidate == self.plan || self.attempt(candidate)
    }

    /// Keeps `candidate` if it makes sense and fails alike. Says whether it does.
    pub(super) fn attempt(&mut self, candidate: &Plan) -> bool {
        if self.is_over || *candidate == self.plan || candidate.check().is_err() {
            return false;
        }
        let own = self.seed;
        let seeds = (0..self.effort.seeds).filter(|seed| *seed != own);
        let kept = core::iter::once(own)
            .chain(seeds)
            .find_map(|seed| self.try_seed(candidate, seed).map(|sight| (seed, sight)));
        let Some((seed, sight)) = kept else { return false };
        self.plan.clone_from(candidate);
        (self.seed, self.sight) = (seed, sight);
        self.accepted += 1;
        true
    }

    fn try_seed(&mut self, candidate: &Plan, seed: u64) -> Option<Sight> {
        let digest = Digest::of(&(candidate, seed));
        if self.is_over || self.refused.contains(&digest) {
            return None;
        }
        let progress = Progress {
            pass: self.pass,
            runs: self.runs,
            smallest: Size::of(&self.plan, self.sight.events),
        };
        if self.runs >= self.runs_max || (self.watch)(&progress).is_break() {
            self.is_over = true;
            return None;
        }
        self.runs += 1;
        let sight = (self.judge)(candidate, seed);
        if sight.is_none() {
            self.refused.insert(digest);
        }
        sight
    }
}

#[cfg(test)]
mod tests;
