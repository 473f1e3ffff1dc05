//! Whether faults make sense, and what they wait for.

use core::fmt::Arguments;

use super::{BLOCKS_MAX, DURATION_MS_MAX, Findings, Plan, ScheduledFault};
use crate::fault::{
    ChainFault, Cue, Direction, DiskFault, Drift, EndpointFault, Fault, LaneName, LinkFault, LinkName,
    ProcessFault, StoreFault, Trigger, WorkerFault,
};

/// The most that a clock may be too fast or too slow, in millionths.
const DRIFT_PPM_MAX: u64 = 900_000;
/// The most often that anything must happen before a fault strikes.
const CUES_MAX: u64 = 1_000_000;

/// Checks one fault of `plan`, which is at `at`.
pub(super) fn check(plan: &Plan, at: Arguments<'_>, one: &ScheduledFault, found: &mut Findings) {
    let ScheduledFault {
        after,
        from_ms,
        until_ms,
        fault,
    } = one;
    plan.time(format_args!("{at}.from_ms"), *from_ms, found);
    if let Some(until_ms) = until_ms {
        let field = format_args!("{at}.until_ms");
        found.within(field, *until_ms, *from_ms, plan.duration_ms);
    }
    if let Some(trigger) = after {
        check_trigger(plan, format_args!("{at}.after"), *trigger, found);
    }
    let at = format_args!("{at}.fault");
    match *fault {
        Fault::Endpoint {
            endpoint,
            fault,
            percent,
        } => {
            let at = format_args!("{at}.endpoint");
            plan.endpoint(at, endpoint, found);
            found.percent(at, percent);
            check_endpoint(format_args!("{at}.fault"), fault, found);
        }
        Fault::Network {
            link,
            direction: Direction::Both | Direction::ToBank | Direction::FromBank,
            fault,
        } => {
            let at = format_args!("{at}.network");
            match link {
                LinkName::Endpoint { endpoint } => {
                    plan.endpoint(format_args!("{at}.link.endpoint"), endpoint, found);
                }
                LinkName::AllEndpoints | LinkName::Users => {}
            }
            check_link(format_args!("{at}.fault"), fault, one, found);
        }
        Fault::Store { percent, fault } => {
            let at = format_args!("{at}.store");
            found.percent(at, percent);
            check_store(format_args!("{at}.fault"), fault, found);
        }
        Fault::Disk { fault } => check_disk(format_args!("{at}.disk.fault"), fault, found),
        Fault::Process { fault } => check_process(format_args!("{at}.process.fault"), fault, one, found),
        Fault::Chain { fault } => check_chain(format_args!("{at}.chain.fault"), fault, found),
        Fault::Queue {
            lane: LaneName::Immediate | LaneName::Database,
            percent,
            fault: _,
        } => check_queue(plan, format_args!("{at}.queue"), percent, found),
        Fault::Worker { worker, fault } => {
            check_worker(plan, format_args!("{at}.worker"), (worker, fault), one, found);
        }
    }
}

fn check_trigger(plan: &Plan, at: Arguments<'_>, trigger: Trigger, found: &mut Findings) {
    found.within(format_args!("{at}.count"), trigger.count, 1, CUES_MAX);
    match trigger.cue {
        Cue::Question { endpoint } => plan.endpoint(format_args!("{at}.cue.question"), endpoint, found),
        Cue::Opened { endpoint } => plan.endpoint(format_args!("{at}.cue.opened"), endpoint, found),
        Cue::Leased { worker } => {
            let workers = plan
                .topology
                .workers
                .map_or(0, |workers| u64::from(workers.count));
            found.require(
                u64::from(worker) < workers,
                format_args!("{at}.cue.leased.worker"),
                "the number of a worker",
            );
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

/// When a fault may be there, at the widest: one that waits for something may come at any time.
pub(super) fn span(one: &ScheduledFault) -> (u64, u64) {
    match one.after {
        Some(_) => (0, u64::MAX),
        None => (one.from_ms, one.until_ms.unwrap_or(u64::MAX)),
    }
}

fn check_endpoint(at: Arguments<'_>, fault: EndpointFault, found: &mut Findings) {
    match fault {
        EndpointFault::Slow { extra_ms } => found.lasts(format_args!("{at}.slow.extra_ms"), extra_ms),
        EndpointFault::Lagging { blocks } => {
            found.within(format_args!("{at}.lagging.blocks"), blocks, 0, BLOCKS_MAX);
        }
        EndpointFault::RateLimited { retry_after_ms } => {
            let after = retry_after_ms.unwrap_or_default();
            found.lasts(format_args!("{at}.rate_limited.retry_after_ms"), after);
        }
        EndpointFault::Dead
        | EndpointFault::NeverAnswers
        | EndpointFault::StuckHead
        | EndpointFault::Empty
        | EndpointFault::Auth
        | EndpointFault::ServerError
        | EndpointFault::NotReady
        | EndpointFault::Malformed
        | EndpointFault::TooLarge
        | EndpointFault::Crossed
        | EndpointFault::WrongChain
        | EndpointFault::PrivateFork
        | EndpointFault::Lying { .. } => {}
    }
}

fn check_link(at: Arguments<'_>, fault: LinkFault, one: &ScheduledFault, found: &mut Findings) {
    match fault {
        LinkFault::Hold => found.require(one.until_ms.is_some(), at, "ended: a hold must release"),
        LinkFault::Loss { percent } => found.percent(format_args!("{at}.loss"), percent),
        LinkFault::Duplicate { percent } => found.percent(format_args!("{at}.duplicate"), percent),
        LinkFault::Reorder { spread_ms } => found.lasts(format_args!("{at}.reorder.spread_ms"), spread_ms),
        LinkFault::Delay { extra } => {
            let field = format_args!("{at}.delay.extra");
            found.require(extra.is_sound(), field, "in order and at most an hour");
        }
        LinkFault::HalfOpen { notice_ms } => {
            found.lasts(format_args!("{at}.half_open.notice_ms"), notice_ms);
        }
        LinkFault::Partition => {}
    }
}

fn check_store(at: Arguments<'_>, fault: StoreFault, found: &mut Findings) {
    match fault {
        StoreFault::UnknownOutcome { committed_percent } => {
            let field = format_args!("{at}.unknown_outcome.committed_percent");
            found.within(field, committed_percent.into(), 0, 100);
        }
        StoreFault::SlowSync { extra_ms } => found.lasts(format_args!("{at}.slow_sync.extra_ms"), extra_ms),
        StoreFault::Unavailable | StoreFault::Full => {}
    }
}

fn check_chain(at: Arguments<'_>, fault: ChainFault, found: &mut Findings) {
    match fault {
        ChainFault::Reorg {
            depth,
            vanish_percent,
        } => {
            found.within(format_args!("{at}.reorg.depth"), depth, 1, BLOCKS_MAX);
            let field = format_args!("{at}.reorg.vanish_percent");
            found.within(field, vanish_percent.into(), 0, 100);
        }
        ChainFault::FinalityStall => {}
    }
}

fn check_queue(plan: &Plan, at: Arguments<'_>, percent: u8, found: &mut Findings) {
    found.percent(at, percent);
    let has_workers = plan.topology.workers.is_some();
    found.require(
        has_workers,
        at,
        "left out: the bank has no workers, and no queues",
    );
}

fn check_worker(
    plan: &Plan,
    at: Arguments<'_>,
    (worker, fault): (u8, WorkerFault),
    one: &ScheduledFault,
    found: &mut Findings,
) {
    let count = plan.topology.workers.map_or(0, |workers| workers.count);
    found.require(worker < count, at, "of one of the workers, which count from 0");
    match fault {
        WorkerFault::Crash | WorkerFault::Pause => {
            found.require(one.until_ms.is_some(), at, "ended: a worker comes back");
        }
    }
}

fn check_disk(at: Arguments<'_>, fault: DiskFault, found: &mut Findings) {
    match fault {
        DiskFault::MisdirectedWrite { percent } => {
            found.percent(format_args!("{at}.misdirected_write"), percent);
        }
        DiskFault::SyncFailed { percent } => found.percent(format_args!("{at}.sync_failed"), percent),
        DiskFault::BitFlip | DiskFault::ReadError => {}
    }
}

fn check_process(at: Arguments<'_>, fault: ProcessFault, one: &ScheduledFault, found: &mut Findings) {
    match fault {
        ProcessFault::Crash { .. } | ProcessFault::Restart | ProcessFault::Pause => {
            found.require(one.until_ms.is_some(), at, "ended: the process must come back");
        }
        ProcessFault::Slow { extra_ms } => {
            found.lasts(format_args!("{at}.slow.extra_ms"), extra_ms);
            found.require(one.until_ms.is_some(), at, "ended: a slow process never settles");
        }
        ProcessFault::ClockSkew { by_ms } => {
            found.lasts(format_args!("{at}.clock_skew.by_ms"), by_ms.unsigned_abs());
        }
        ProcessFault::ClockJump { by_ms } => {
            found.lasts(format_args!("{at}.clock_jump.by_ms"), by_ms.unsigned_abs());
        }
        ProcessFault::ClockDrift { drift } => {
            check_drift(format_args!("{at}.clock_drift.drift"), drift, found);
        }
        ProcessFault::Usurped => {}
    }
}

fn check_drift(at: Arguments<'_>, drift: Drift, found: &mut Findings) {
    let mut within = |name: &str, value: u64, low: u64, high: u64| {
        found.within(format_args!("{at}.{name}"), value, low, high);
    };
    match drift {
        Drift::Linear { ppm } => within("linear.ppm", ppm.unsigned_abs(), 0, DRIFT_PPM_MAX),
        Drift::Periodic { by_ms, every_ms } => {
            within("periodic.by_ms", by_ms, 0, DURATION_MS_MAX);
            within("periodic.every_ms", every_ms, 1, DURATION_MS_MAX);
        }
        Drift::Step { by_ms, every_ms } => {
            within("step.by_ms", by_ms.unsigned_abs(), 0, DURATION_MS_MAX);
            within("step.every_ms", every_ms, 1, DURATION_MS_MAX);
        }
    }
}
