//! Whether faults of the disk and of the process make sense, and what faults wait for.

use core::fmt::Arguments;

use super::{DURATION_MS_MAX, Findings, Plan, ScheduledFault};
use crate::fault::{Cue, DiskFault, Drift, ProcessFault, Trigger};

/// The most that a clock may be too fast or too slow, in millionths.
const DRIFT_PPM_MAX: u64 = 900_000;
/// The most often that anything must happen before a fault strikes.
const CUES_MAX: u64 = 1_000_000;

impl Plan {
    pub(super) fn check_trigger(&self, at: Arguments<'_>, trigger: Trigger, found: &mut Findings) {
        found.within(format_args!("{at}.count"), trigger.count, 1, CUES_MAX);
        match trigger.cue {
            Cue::Question { endpoint } | Cue::Opened { endpoint } => {
                self.endpoint(format_args!("{at}.cue"), endpoint, found);
            }
            Cue::Commit
            | Cue::Request
            | Cue::Seen
            | Cue::Credited
            | Cue::Reorged
            | Cue::DeadLetter
            | Cue::Start => {}
        }
    }
}

/// When a fault may be there, at the widest: one that waits for something may come at any time.
pub(super) fn span(one: &ScheduledFault) -> (u64, u64) {
    match one.after {
        Some(_) => (0, u64::MAX),
        None => (one.from_ms, one.until_ms.unwrap_or(u64::MAX)),
    }
}

pub(super) fn check_disk(at: Arguments<'_>, fault: DiskFault, found: &mut Findings) {
    match fault {
        DiskFault::MisdirectedWrite { percent } | DiskFault::SyncFailed { percent } => {
            found.within(format_args!("{at}.fault.percent"), percent.into(), 1, 100);
        }
        DiskFault::BitFlip | DiskFault::ReadError => {}
    }
}

pub(super) fn check_process(
    at: Arguments<'_>,
    fault: ProcessFault,
    one: &ScheduledFault,
    found: &mut Findings,
) {
    let mut lasts = |name: &str, ms: u64| {
        found.within(format_args!("{at}.fault.{name}"), ms, 0, DURATION_MS_MAX);
    };
    match fault {
        ProcessFault::Crash { .. } | ProcessFault::Restart | ProcessFault::Pause => {
            found.require(one.until_ms.is_some(), at, "ended: the process must come back");
        }
        ProcessFault::Slow { extra_ms } => {
            lasts("extra_ms", extra_ms);
            found.require(one.until_ms.is_some(), at, "ended: a slow process never settles");
        }
        ProcessFault::ClockSkew { by_ms } | ProcessFault::ClockJump { by_ms } => {
            lasts("by_ms", by_ms.unsigned_abs());
        }
        ProcessFault::ClockDrift { drift } => check_drift(at, drift, found),
        ProcessFault::Usurped => {}
    }
}

fn check_drift(at: Arguments<'_>, drift: Drift, found: &mut Findings) {
    let at = format_args!("{at}.fault.drift");
    let mut within = |name: &str, value: u64, low: u64, high: u64| {
        found.within(format_args!("{at}.{name}"), value, low, high);
    };
    match drift {
        Drift::Linear { ppm } => within("ppm", ppm.unsigned_abs(), 0, DRIFT_PPM_MAX),
        Drift::Periodic { by_ms, every_ms } => {
            within("by_ms", by_ms, 0, DURATION_MS_MAX);
            within("every_ms", every_ms, 1, DURATION_MS_MAX);
        }
        Drift::Step { by_ms, every_ms } => {
            within("by_ms", by_ms.unsigned_abs(), 0, DURATION_MS_MAX);
            within("every_ms", every_ms, 1, DURATION_MS_MAX);
        }
    }
}
