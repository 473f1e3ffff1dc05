//! What breaks in one run of a swarm, and when.
//!
//! Each family of faults is off in half of the runs. A fault of a family that is on strikes at a time, or waits for
//! something; it stays, or comes and goes.

use plimsoll_core::rng::Rng;

use crate::engine::Latency;
use crate::fault::{
    ChainFault, CrashLoss, Cue, Direction, DiskFault, Drift, EndpointFault, Fault, Lie, LinkFault, LinkName,
    ProcessFault, StoreFault, Trigger,
};
use crate::scenario::kinds::Family;
use crate::scenario::schema::SwarmTable;
use crate::scenario::spread::{come_and_go, isolation, swizzle_all};
use crate::scenario::values::{Millis, Span};
use crate::world::plan::{Plan, ScheduledFault};

/// One fault in so many comes and goes, and one in so many waits for something.
const RARE: u64 = 6;
/// How long a fault that comes and goes stays on or off, at the least and at the most.
const DWELL_MS: (u64, u64) = (50, 4_000);
/// The most often that something must happen before a fault strikes.
const CUES_MAX: u64 = 30;
/// How long after its cue a fault strikes at the most.
const CUE_DELAY_MS_MAX: u64 = 1_000;

/// Everything that breaks in `plan`.
pub(super) fn draw(swarm: &SwarmTable, plan: &Plan, rng: &Rng) -> Vec<ScheduledFault> {
    // One liar at most: two make a quorum that nobody could see through.
    let endpoints = plan.topology.endpoints.len();
    let liar = rng.fork("liar").index(endpoints);
    let mut faults = Vec::new();
    for family in &swarm.families {
        let mut rng = rng.fork(family.word());
        if rng.chance(1, 2) {
            continue;
        }
        for _ in 0..swarm.faults.draw(&mut rng).0 {
            let from_ms = rng.below(plan.duration_ms);
            let until_ms = (from_ms + swarm.fault_ms.draw(&mut rng).0).min(plan.duration_ms);
            if *family == Family::Network && rng.chance(1, RARE) {
                faults.extend(unfolding(endpoints, (from_ms, until_ms), &mut rng));
                continue;
            }
            let one = ScheduledFault {
                after: None,
                from_ms,
                until_ms: Some(until_ms),
                fault: fault(*family, endpoints, liar, &mut rng),
            };
            faults.extend(schedule(one, plan, &mut rng));
        }
    }
    faults
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

/// One is cut off from everybody else, or every link is stopped and let go in turn.
fn unfolding(endpoints: usize, (from_ms, until_ms): (u64, u64), rng: &mut Rng) -> Vec<ScheduledFault> {
    if rng.chance(1, 2) {
        return swizzle_all(endpoints, (from_ms, until_ms), rng);
    }
    let scheduled = |fault| ScheduledFault {
        after: None,
        from_ms,
        until_ms: Some(until_ms),
        fault,
    };
    isolation(rng.index(endpoints + 1), endpoints)
        .into_iter()
        .map(scheduled)
        .collect()
}

fn fault(family: Family, endpoints: usize, liar: usize, rng: &mut Rng) -> Fault {
    match family {
        Family::Endpoint => endpoint_fault(endpoints, liar, rng),
        Family::Network => network_fault(endpoints, rng),
        Family::Store => Fault::Store {
            fault: store_fault(rng),
            percent: percent(rng),
        },
        Family::Disk => Fault::Disk {
            fault: disk_fault(rng),
        },
        Family::Process => Fault::Process {
            fault: process_fault(rng),
        },
        Family::Clock => Fault::Process {
            fault: clock_fault(rng),
        },
        Family::Chain => Fault::Chain {
            fault: chain_fault(rng),
        },
    }
}

fn endpoint_fault(endpoints: usize, liar: usize, rng: &mut Rng) -> Fault {
    use EndpointFault as E;
    const LIES: [Lie; 6] = [
        Lie::InventedPayment,
        Lie::InflatedAmount,
        Lie::OmittedLog,
        Lie::EarlyFinality,
        Lie::FutureFinality,
        Lie::ForgedHash,
    ];
    let fault = match rng.below(17) {
        0 => E::Dead,
        1 => E::NeverAnswers,
        2 => E::Slow {
            extra_ms: rng.between(10, 8_000),
        },
        3 => E::Lagging {
            blocks: rng.between(1, 40),
        },
        4 => E::StuckHead,
        5 => E::Empty,
        6 => E::RateLimited {
            retry_after_ms: rng.chance(1, 2).then(|| rng.between(100, 5_000)),
        },
        7 => E::Auth,
        8 => E::ServerError,
        9 => E::NotReady,
        10 => E::Malformed,
        11 => E::TooLarge,
        12 => E::WrongChain,
        13 => E::PrivateFork,
        14 => E::Crossed,
        _ => E::Lying {
            lie: LIES[rng.index(LIES.len())],
        },
    };
    let endpoint = if fault.is_byzantine() {
        liar
    } else {
        rng.index(endpoints)
    };
    Fault::Endpoint {
        endpoint: byte(endpoint),
        fault,
        percent: percent(rng),
    }
}

fn network_fault(endpoints: usize, rng: &mut Rng) -> Fault {
    let link = match rng.below(6) {
        0 => LinkName::AllEndpoints,
        1 => LinkName::Users,
        _ => LinkName::Endpoint {
            endpoint: byte(rng.index(endpoints)),
        },
    };
    let direction = match rng.below(4) {
        0 => Direction::ToBank,
        1 => Direction::FromBank,
        _ => Direction::Both,
    };
    let fault = match rng.below(7) {
        0 => LinkFault::Partition,
        1 => LinkFault::Hold,
        2 => LinkFault::Loss {
            percent: percent(rng),
        },
        3 => LinkFault::Duplicate {
            percent: percent(rng),
        },
        4 => LinkFault::Reorder {
            spread_ms: rng.between(10, 3_000),
        },
        5 => LinkFault::HalfOpen {
            notice_ms: rng.between(100, 10_000),
        },
        _ => LinkFault::Delay { extra: delay(rng) },
    };
    Fault::Network {
        link,
        direction,
        fault,
    }
}

fn delay(rng: &mut Rng) -> Latency {
    let us = rng.between(10, 5_000) * 1_000;
    match rng.below(4) {
        0 => Latency::Fixed { us },
        1 => Latency::Uniform {
            min_us: 0,
            max_us: us,
        },
        2 => Latency::Exponential {
            min_us: 0,
            mean_us: us / 2,
        },
        _ => Latency::Bimodal {
            fast_us: 0,
            slow_us: us,
            slow_percent: percent(rng) / 2,
        },
    }
}

fn store_fault(rng: &mut Rng) -> StoreFault {
    match rng.below(4) {
        0 => StoreFault::Unavailable,
        1 => StoreFault::Full,
        2 => StoreFault::SlowSync {
            extra_ms: rng.between(5, 3_000),
        },
        _ => StoreFault::UnknownOutcome {
            committed_percent: byte(rng.index(101)),
        },
    }
}

fn disk_fault(rng: &mut Rng) -> DiskFault {
    match rng.below(4) {
        0 => DiskFault::BitFlip,
        1 => DiskFault::MisdirectedWrite {
            percent: percent(rng),
        },
        2 => DiskFault::ReadError,
        _ => DiskFault::SyncFailed {
            percent: percent(rng),
        },
    }
}

fn process_fault(rng: &mut Rng) -> ProcessFault {
    match rng.below(10) {
        0 => ProcessFault::Pause,
        1 => ProcessFault::Slow {
            extra_ms: rng.between(1, 100),
        },
        2 => ProcessFault::Usurped,
        3 | 4 => ProcessFault::Restart,
        5 | 6 => ProcessFault::Crash {
            loss: CrashLoss::Kept,
        },
        7 => ProcessFault::Crash {
            loss: CrashLoss::Torn,
        },
        _ => ProcessFault::Crash {
            loss: CrashLoss::Lost,
        },
    }
}

fn clock_fault(rng: &mut Rng) -> ProcessFault {
    const MINUTE_MS: u64 = 60_000;
    const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
    let mut off = |most: u64| rng.between(0, most * 2).cast_signed() - most.cast_signed();
    match off(2) {
        -2 => ProcessFault::ClockSkew {
            by_ms: off(MINUTE_MS),
        },
        -1 => ProcessFault::ClockJump {
            by_ms: off(2 * DAY_MS),
        },
        0 => ProcessFault::ClockDrift {
            drift: Drift::Linear { ppm: off(500_000) },
        },
        1 => ProcessFault::ClockDrift {
            drift: Drift::Periodic {
                by_ms: off(MINUTE_MS).unsigned_abs(),
                every_ms: rng.between(500, 20_000),
            },
        },
        _ => ProcessFault::ClockDrift {
            drift: Drift::Step {
                by_ms: off(5_000),
                every_ms: rng.between(100, 5_000),
            },
        },
    }
}

fn chain_fault(rng: &mut Rng) -> ChainFault {
    if rng.chance(1, 4) {
        return ChainFault::FinalityStall;
    }
    ChainFault::Reorg {
        depth: rng.between(1, 12),
        vanish_percent: if rng.chance(1, 2) { 0 } else { percent(rng) },
    }
}

/// Everything, or 1 to 100.
fn percent(rng: &mut Rng) -> u8 {
    if rng.chance(1, 2) {
        100
    } else {
        byte(rng.index(100) + 1)
    }
}

fn byte(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}
