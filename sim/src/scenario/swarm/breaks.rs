//! How each kind of fault breaks things in a swarm: whom it hits and how hard, drawn anew for each fault.

use plimsoll_core::rng::Rng;

use crate::engine::Latency;
use crate::fault::{
    ChainFault, CrashLoss, Direction, DiskFault, Drift, EndpointFault, Fault, LaneName, Lie, LinkFault,
    LinkName, ProcessFault, QueueFault, StoreFault, WorkerFault,
};
use crate::scenario::faults::Breakage;
use crate::scenario::kinds::FaultKind;

/// One fault of this kind, which does not unfold over time. Whatever tells untruths is the endpoint `liar`.
pub(super) fn fault(
    kind: FaultKind,
    (endpoints, workers): (usize, usize),
    liar: usize,
    rng: &mut Rng,
) -> Fault {
    match breakage(kind, rng) {
        Breakage::Endpoint(fault) => {
            let is_untrue = fault.is_byzantine();
            let endpoint = byte(if is_untrue { liar } else { rng.index(endpoints) });
            let percent = percent(rng);
            Fault::Endpoint {
                endpoint,
                fault,
                percent,
            }
        }
        Breakage::Link(fault) => {
            let link = link(endpoints, rng);
            Fault::Network {
                link,
                direction: direction(kind, link, rng),
                fault,
            }
        }
        Breakage::Store(fault) => Fault::Store {
            fault,
            percent: percent(rng),
        },
        Breakage::Disk(fault) => Fault::Disk { fault },
        Breakage::Process(fault) => Fault::Process { fault },
        Breakage::Chain(fault) => Fault::Chain { fault },
        Breakage::Queue(fault) => Fault::Queue {
            lane: if rng.chance(3, 4) {
                LaneName::Immediate
            } else {
                LaneName::Database
            },
            fault,
            percent: percent(rng),
        },
        Breakage::Worker(fault) => Fault::Worker {
            worker: byte(rng.index(workers)),
            fault,
        },
    }
}

/// What breaks, apart from where.
fn breakage(kind: FaultKind, rng: &mut Rng) -> Breakage {
    use Breakage::{Chain, Disk, Endpoint, Link, Process, Queue, Store, Worker};
    match kind {
        FaultKind::Dead => Endpoint(EndpointFault::Dead),
        FaultKind::NeverAnswers => Endpoint(EndpointFault::NeverAnswers),
        FaultKind::Slow => Endpoint(slow(rng)),
        FaultKind::Lagging => Endpoint(lagging(rng)),
        FaultKind::StuckHead => Endpoint(EndpointFault::StuckHead),
        FaultKind::Empty => Endpoint(EndpointFault::Empty),
        FaultKind::RateLimited => Endpoint(rate_limited(rng)),
        FaultKind::Auth => Endpoint(EndpointFault::Auth),
        FaultKind::ServerError => Endpoint(EndpointFault::ServerError),
        FaultKind::NotReady => Endpoint(EndpointFault::NotReady),
        FaultKind::Malformed => Endpoint(EndpointFault::Malformed),
        FaultKind::TooLarge => Endpoint(EndpointFault::TooLarge),
        FaultKind::Crossed => Endpoint(EndpointFault::Crossed),
        FaultKind::WrongChain => Endpoint(EndpointFault::WrongChain),
        FaultKind::PrivateFork => Endpoint(EndpointFault::PrivateFork),
        FaultKind::Lying => Endpoint(EndpointFault::Lying { lie: lie(rng) }),
        FaultKind::Partition | FaultKind::Isolate => Link(LinkFault::Partition),
        FaultKind::Hold | FaultKind::Swizzle => Link(LinkFault::Hold),
        FaultKind::Loss | FaultKind::ResponseLost => Link(loss(rng)),
        FaultKind::Duplicate => Link(duplicate(rng)),
        FaultKind::Reorder => Link(reorder(rng)),
        FaultKind::Delay => Link(LinkFault::Delay { extra: delay(rng) }),
        FaultKind::HalfOpen => Link(half_open(rng)),
        FaultKind::StoreUnavailable => Store(StoreFault::Unavailable),
        FaultKind::StoreFull => Store(StoreFault::Full),
        FaultKind::StoreSlow => Store(slow_sync(rng)),
        FaultKind::CommitUnknown => Store(unknown_outcome(rng)),
        FaultKind::BitFlip => Disk(DiskFault::BitFlip),
        FaultKind::MisdirectedWrite => Disk(misdirected_write(rng)),
        FaultKind::ReadError => Disk(DiskFault::ReadError),
        FaultKind::SyncFailed => Disk(sync_failed(rng)),
        FaultKind::Crash => Process(ProcessFault::Crash {
            loss: loss_of_crash(rng),
        }),
        FaultKind::Restart => Process(ProcessFault::Restart),
        FaultKind::Pause => Process(ProcessFault::Pause),
        FaultKind::ProcessSlow => Process(slow_process(rng)),
        FaultKind::Usurped => Process(ProcessFault::Usurped),
        FaultKind::ClockSkew => Process(ProcessFault::ClockSkew {
            by_ms: off(MINUTE_MS, rng),
        }),
        FaultKind::ClockDrift => Process(ProcessFault::ClockDrift { drift: drift(rng) }),
        FaultKind::ClockJump => Process(ProcessFault::ClockJump {
            by_ms: off(2 * DAY_MS, rng),
        }),
        FaultKind::Reorg => Chain(reorg(rng)),
        FaultKind::FinalityStall => Chain(ChainFault::FinalityStall),
        FaultKind::QueueDown => Queue(QueueFault::Down),
        FaultKind::QueueSilent => Queue(QueueFault::Silent),
        FaultKind::QueueFull => Queue(QueueFault::Full),
        FaultKind::QueueLosesAnswers => Queue(QueueFault::LosesAnswers),
        FaultKind::QueueRepeats => Queue(QueueFault::Repeats),
        FaultKind::QueueForgets => Queue(QueueFault::Forgets),
        FaultKind::QueueFailsOver => Queue(QueueFault::FailsOver),
        FaultKind::WorkerCrash => Worker(WorkerFault::Crash),
        FaultKind::WorkerPause => Worker(WorkerFault::Pause),
    }
}

fn slow(rng: &mut Rng) -> EndpointFault {
    let extra_ms = rng.between(10, 8_000);
    EndpointFault::Slow { extra_ms }
}

fn lagging(rng: &mut Rng) -> EndpointFault {
    let blocks = rng.between(1, 40);
    EndpointFault::Lagging { blocks }
}

fn rate_limited(rng: &mut Rng) -> EndpointFault {
    let retry_after_ms = rng.chance(1, 2).then(|| rng.between(100, 5_000));
    EndpointFault::RateLimited { retry_after_ms }
}

fn lie(rng: &mut Rng) -> Lie {
    const LIES: [Lie; 6] = [
        Lie::InventedPayment,
        Lie::InflatedAmount,
        Lie::OmittedLog,
        Lie::EarlyFinality,
        Lie::FutureFinality,
        Lie::ForgedHash,
    ];
    LIES[rng.index(LIES.len())]
}

fn link(endpoints: usize, rng: &mut Rng) -> LinkName {
    match rng.below(6) {
        0 => LinkName::AllEndpoints,
        1 => LinkName::Users,
        _ => LinkName::Endpoint {
            endpoint: byte(rng.index(endpoints)),
        },
    }
}

/// Which way a link is hit. The answers of endpoints travel to the bank, and those to users from it.
fn direction(kind: FaultKind, link: LinkName, rng: &mut Rng) -> Direction {
    if kind == FaultKind::ResponseLost {
        return match link {
            LinkName::Users => Direction::FromBank,
            LinkName::Endpoint { .. } | LinkName::AllEndpoints => Direction::ToBank,
        };
    }
    match rng.below(4) {
        0 => Direction::ToBank,
        1 => Direction::FromBank,
        _ => Direction::Both,
    }
}

fn loss(rng: &mut Rng) -> LinkFault {
    let percent = percent(rng);
    LinkFault::Loss { percent }
}

fn duplicate(rng: &mut Rng) -> LinkFault {
    let percent = percent(rng);
    LinkFault::Duplicate { percent }
}

fn reorder(rng: &mut Rng) -> LinkFault {
    let spread_ms = rng.between(10, 3_000);
    LinkFault::Reorder { spread_ms }
}

fn half_open(rng: &mut Rng) -> LinkFault {
    let notice_ms = rng.between(100, 10_000);
    LinkFault::HalfOpen { notice_ms }
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

fn slow_sync(rng: &mut Rng) -> StoreFault {
    let extra_ms = rng.between(5, 3_000);
    StoreFault::SlowSync { extra_ms }
}

fn unknown_outcome(rng: &mut Rng) -> StoreFault {
    let committed_percent = byte(rng.index(101));
    StoreFault::UnknownOutcome { committed_percent }
}

fn misdirected_write(rng: &mut Rng) -> DiskFault {
    let percent = percent(rng);
    DiskFault::MisdirectedWrite { percent }
}

fn sync_failed(rng: &mut Rng) -> DiskFault {
    let percent = percent(rng);
    DiskFault::SyncFailed { percent }
}

fn loss_of_crash(rng: &mut Rng) -> CrashLoss {
    match rng.below(5) {
        0 | 1 => CrashLoss::Kept,
        2 => CrashLoss::Torn,
        _ => CrashLoss::Lost,
    }
}

fn slow_process(rng: &mut Rng) -> ProcessFault {
    let extra_ms = rng.between(1, 100);
    ProcessFault::Slow { extra_ms }
}

fn drift(rng: &mut Rng) -> Drift {
    match rng.below(3) {
        0 => Drift::Linear {
            ppm: off(500_000, rng),
        },
        1 => Drift::Periodic {
            by_ms: rng.between(0, MINUTE_MS),
            every_ms: rng.between(500, 20_000),
        },
        _ => Drift::Step {
            by_ms: off(5_000, rng),
            every_ms: rng.between(100, 5_000),
        },
    }
}

fn reorg(rng: &mut Rng) -> ChainFault {
    ChainFault::Reorg {
        depth: rng.between(1, 12),
        vanish_percent: if rng.chance(1, 2) { 0 } else { percent(rng) },
    }
}

/// So much at the most, to either side.
fn off(most: u64, rng: &mut Rng) -> i64 {
    rng.between(0, most * 2).cast_signed() - most.cast_signed()
}

/// Everything, or 1 to 100.
fn percent(rng: &mut Rng) -> u8 {
    if rng.chance(1, 2) {
        100
    } else {
        byte(rng.index(100) + 1)
    }
}

pub(super) fn byte(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
