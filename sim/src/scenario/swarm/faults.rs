//! What breaks in one run of a swarm, and when.
//!
//! Each family of faults is off in half of the runs, and so is each kind of a family that is on: the others have weights.
//! A fault strikes at a time, or waits for something; it stays, or comes and goes.

use plimsoll_core::rng::Rng;

use super::breaks::{byte, fault};
use super::{pick, weights};
use crate::fault::{ChainFault, Cue, DiskFault, Fault, ProcessFault, QueueFault, Trigger};
use crate::scenario::kinds::{Family, FaultKind};
use crate::scenario::schema::SwarmTable;
use crate::scenario::spread::{come_and_go, isolation, swizzle_all};
use crate::scenario::values::{Millis, Span};
use crate::world::plan::{ENTRIES_MAX, Plan, ScheduledFault};

/// One fault in so many comes and goes, and one in so many waits for something.
const RARE: u64 = 6;
/// How long a fault that comes and goes stays on or off, at the least and at the most.
const DWELL_MS: (u64, u64) = (50, 4_000);
/// The most often that something must happen before a fault strikes.
const CUES_MAX: u64 = 30;
/// How long after its cue a fault strikes at the most.
const CUE_DELAY_MS_MAX: u64 = 1_000;

/// Everything that breaks in `plan`. A plan has no room for more than so many faults: what is drawn behind those is left out.
pub(super) fn draw(swarm: &SwarmTable, plan: &Plan, rng: &Rng) -> Vec<ScheduledFault> {
    // One liar at most: two make a quorum that nobody could see through.
    let endpoints = plan.topology.endpoints.len();
    let liar = rng.fork("liar").index(endpoints);
    let workers = plan
        .topology
        .workers
        .map_or(0, |workers| usize::from(workers.count));
    let mut faults = Vec::new();
    for family in &swarm.families {
        let mut rng = rng.fork(family.word());
        let is_of_workers = matches!(family, Family::Queue | Family::Worker);
        if rng.chance(1, 2) || (is_of_workers && workers == 0) {
            continue;
        }
        let alphabet = alphabet(*family, &mut rng.fork("kinds"));
        for _ in 0..swarm.faults.draw(&mut rng).0 {
            let from_ms = rng.below(plan.duration_ms);
            let until_ms = (from_ms + swarm.fault_ms.draw(&mut rng).0).min(plan.duration_ms);
            let kind = pick(&alphabet, &mut rng);
            let scheduled = |fault| ScheduledFault {
                after: None,
                from_ms,
                until_ms: Some(until_ms),
                fault,
            };
            if kind == FaultKind::Swizzle {
                faults.extend(swizzle_all(endpoints, (from_ms, until_ms), &mut rng));
            } else if kind == FaultKind::Isolate {
                let cut_off = isolation(rng.index(endpoints + 1), endpoints);
                faults.extend(cut_off.into_iter().map(scheduled));
            } else {
                let one = scheduled(fault(kind, (endpoints, workers), liar, &mut rng));
                faults.extend(schedule(one, plan, &mut rng));
            }
            if faults.len() >= ENTRIES_MAX {
                faults.truncate(ENTRIES_MAX);
                return faults;
            }
        }
    }
    faults
}

/// What may break in one run of a family that is on, and how often each beside the others.
fn alphabet(family: Family, rng: &mut Rng) -> Vec<(FaultKind, u64)> {
    let kinds = FaultKind::ALL.iter().copied();
    let kinds: Vec<FaultKind> = kinds.filter(|kind| kind.family() == family).collect();
    weights(&kinds, rng)
}

/// One fault as it was drawn, or coming and going, or waiting for something.
fn schedule(one: ScheduledFault, plan: &Plan, rng: &mut Rng) -> Vec<ScheduledFault> {
    if rng.chance(1, RARE) && !is_momentary(&one.fault) {
        let low = rng.between(DWELL_MS.0, DWELL_MS.1);
        let dwell = Span {
            low: Millis(low),
            high: Millis(rng.between(low, DWELL_MS.1)),
        };
        return come_and_go(&one, dwell, rng);
    }
    if rng.chance(1, RARE) {
        let lasts_ms = one.until_ms.map_or(0, |until| until - one.from_ms);
        let from_ms = rng.below(CUE_DELAY_MS_MAX).min(plan.duration_ms);
        return vec![ScheduledFault {
            after: Some(trigger(plan.topology.endpoints.len(), rng)),
            from_ms,
            until_ms: Some((from_ms + lasts_ms).min(plan.duration_ms)),
            ..one
        }];
    }
    vec![one]
}

/// Whether it happens when it begins, so that coming and going would be happening again.
const fn is_momentary(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Process {
            fault: ProcessFault::Usurped | ProcessFault::ClockJump { .. }
        } | Fault::Disk {
            fault: DiskFault::BitFlip
        } | Fault::Chain {
            fault: ChainFault::Reorg { .. }
        } | Fault::Queue {
            fault: QueueFault::Forgets | QueueFault::FailsOver,
            ..
        }
    )
}

fn trigger(endpoints: usize, rng: &mut Rng) -> Trigger {
    let endpoint = byte(rng.index(endpoints));
    let (cue, most) = match rng.below(9) {
        0 | 1 => (Cue::Commit, CUES_MAX),
        2 => (Cue::Question { endpoint }, CUES_MAX),
        3 => (Cue::Request, CUES_MAX),
        4 | 5 => (Cue::Seen, 5),
        6 => (Cue::Credited, 5),
        7 => (Cue::Opened { endpoint }, 1),
        _ => (Cue::Start, 3),
    };
    Trigger {
        cue,
        count: rng.between(1, most),
    }
}

#[cfg(test)]
mod tests;
