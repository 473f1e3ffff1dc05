//! What is left made weaker, shorter, sooner and rounder.

use crate::shrink::numbers::{cheaper, lower, raise, rounded_up};
use crate::shrink::search::Search;
use crate::shrink::{edit, simpler, weaker};
use crate::world::plan::{Deed, Plan, ScheduledFault};

/// By what parts of it a gap closes.
const GAP_PARTS: [(u64, u64); 3] = [(1, 1), (1, 2), (1, 4)];
/// What a gap closes by multiples of: what is round stays so.
const GAP_UNITS: [u64; 3] = [1_000, 100, 10];

/// Ends the run where it failed, or sooner.
pub(super) fn cut_short(search: &mut Search<'_>) {
    for failed_ms in rounded_up(search.sight().ended_ms.max(1)) {
        if failed_ms < search.plan().duration_ms {
            let candidate = edit::cut(search.plan(), failed_ms);
            search.attempt(&candidate);
        }
    }
    loop {
        let sooner = lower(search.plan().duration_ms, 1);
        let is_shorter = |search: &mut Search<'_>, ms: u64| {
            let candidate = edit::cut(search.plan(), ms);
            search.attempt(&candidate)
        };
        if !sooner.into_iter().any(|ms| is_shorter(search, ms)) {
            return;
        }
    }
}

/// Begins the run where it was later, as late as it goes.
pub(super) fn begin_later(search: &mut Search<'_>) {
    for part in [7, 6, 5, 4, 3, 2, 1] {
        let topology = &search.plan().topology;
        // Users must register before they do anything, and blocks come at the same times as before.
        let block_ms = topology.chain.block_ms;
        let from_ms = search.plan().duration_ms * part / 8;
        let from_ms = from_ms.saturating_sub(topology.register_ms) / block_ms * block_ms;
        let candidate = edit::begin_at(search.plan(), from_ms);
        if from_ms > 0 && search.attempt(&candidate) {
            return;
        }
    }
}

pub(super) fn weaken(search: &mut Search<'_>) {
    each_fault(search, &weaker::weaker);
}

/// Lets faults end sooner and begin later.
pub(super) fn shorten(search: &mut Search<'_>) {
    each_fault(search, &|plan, one| {
        let from_ms = one.from_ms;
        let ends = one.until_ms.map(|until_ms| lower(until_ms, from_ms));
        let sooner = ends.into_iter().flatten().map(|until_ms| ScheduledFault {
            until_ms: Some(until_ms),
            ..one.clone()
        });
        let begins = raise(from_ms, one.until_ms.unwrap_or(plan.duration_ms));
        let later = begins.into_iter().map(|from_ms| ScheduledFault {
            from_ms,
            ..one.clone()
        });
        sooner.chain(later).collect()
    });
}

/// Takes out time in which nothing begins or ends, so that everything after it happens sooner.
pub(super) fn close_gaps(search: &mut Search<'_>) {
    let mut place = 0;
    loop {
        let moments = edit::moments(search.plan());
        let Some(&until_ms) = moments.get(place) else {
            break;
        };
        let from_ms = place.checked_sub(1).map_or(0, |before| moments[before]);
        if !close(search, from_ms, until_ms) {
            place += 1;
        }
    }
    let last_ms = edit::moments(search.plan()).last().copied().unwrap_or(0);
    for duration_ms in lower(search.plan().duration_ms, last_ms.max(1)) {
        let candidate = edit::cut(search.plan(), duration_ms);
        if search.attempt(&candidate) {
            return;
        }
    }
}

/// Takes some of the time between two moments out. Says whether any.
fn close(search: &mut Search<'_>, from_ms: u64, until_ms: u64) -> bool {
    let gap_ms = until_ms - from_ms;
    let block_ms = search.plan().topology.chain.block_ms;
    // Blocks come at fixed times: so many of them less leaves everything where it was among them.
    let units = GAP_UNITS.into_iter().chain([block_ms]);
    let steps = units.flat_map(|unit| GAP_PARTS.map(|(part, of)| gap_ms * part / of / unit * unit));
    let mut steps: Vec<u64> = steps.collect();
    steps.dedup();
    steps.into_iter().any(|by_ms| {
        let candidate = edit::pull(search.plan(), until_ms, by_ms);
        by_ms > 0 && search.attempt(&candidate)
    })
}

/// Lowers equal amounts together.
pub(super) fn lower_amounts(search: &mut Search<'_>) {
    for milli in edit::amounts(search.plan()) {
        let mut now = milli;
        loop {
            let is_taken = |search: &mut Search<'_>, new: &u64| {
                let candidate = edit::with_amount(search.plan(), now, *new);
                search.attempt(&candidate)
            };
            let Some(new) = cheaper(now).into_iter().find(|new| is_taken(search, new)) else {
                break;
            };
            now = new;
        }
    }
}

pub(super) fn simplify(search: &mut Search<'_>) {
    each_deed(search, &simpler::simpler);
}

pub(super) fn bring_forward(search: &mut Search<'_>) {
    each_deed(search, &simpler::sooner);
}

/// Puts faults and deeds in the order of their times.
pub(super) fn sort(search: &mut Search<'_>) {
    let plan = search.plan();
    let mut faults: Vec<usize> = (0..plan.faults.len()).collect();
    faults.sort_by_key(|place| plan.faults[*place].from_ms);
    let mut deeds: Vec<usize> = (0..plan.workload.len()).collect();
    deeds.sort_by_key(|place| plan.workload[*place].at_ms());
    let sorted = edit::keep_faults(plan, &faults);
    search.attempt(&sorted);
    let sorted = edit::keep_deeds(search.plan(), &deeds);
    search.attempt(&sorted);
}

/// Replaces each fault by what `propose` makes of it, as long as something of that holds.
fn each_fault(search: &mut Search<'_>, propose: &dyn Fn(&Plan, &ScheduledFault) -> Vec<ScheduledFault>) {
    for place in 0..search.plan().faults.len() {
        loop {
            let proposed = propose(search.plan(), &search.plan().faults[place]);
            let is_taken = |search: &mut Search<'_>, one: ScheduledFault| {
                let mut candidate = search.plan().clone();
                candidate.faults[place] = one;
                search.attempt(&candidate)
            };
            if !proposed.into_iter().any(|one| is_taken(search, one)) {
                break;
            }
        }
    }
}

/// Replaces each deed by what `propose` makes of it, as long as something of that holds.
fn each_deed(search: &mut Search<'_>, propose: &dyn Fn(&Deed) -> Vec<Deed>) {
    for place in 0..search.plan().workload.len() {
        loop {
            let proposed = propose(&search.plan().workload[place]);
            let is_taken = |search: &mut Search<'_>, one: Deed| {
                let mut candidate = search.plan().clone();
                candidate.workload[place] = one;
                search.attempt(&candidate)
            };
            if !proposed.into_iter().any(|one| is_taken(search, one)) {
                break;
            }
        }
    }
}
