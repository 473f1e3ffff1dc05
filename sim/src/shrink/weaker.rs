//! What a fault becomes when it is made weaker: of another kind, narrower, or less of the same.
//!
//! Kinds are ordered by how far what they do is from working: what is only slow is weaker than an error, an error than a
//! connection that is refused, that than silence, and silence than an untruth. Each answer here is weaker than the fault
//! that it is given, so weakening ends.

mod less;

use super::numbers::lower;
use crate::engine::Latency;
use crate::fault::{
    ChainFault, CrashLoss, Direction, DiskFault, EndpointFault, Fault, LaneName, LinkFault, LinkName,
    ProcessFault, QueueFault, StoreFault, Trigger, WorkerFault,
};
use crate::world::plan::{Plan, ScheduledFault};
use less::less;

/// A pause that people can count.
const SECOND_MS: u64 = 1_000;

/// Everything weaker that `one` may become, the weakest first.
pub(super) fn weaker(plan: &Plan, one: &ScheduledFault) -> Vec<ScheduledFault> {
    let with = |fault: Fault| ScheduledFault { fault, ..one.clone() };
    let mut found: Vec<ScheduledFault> = kinds(&one.fault).into_iter().map(with).collect();
    found.extend(narrower(plan, &one.fault).into_iter().map(with));
    found.extend(less(&one.fault).into_iter().map(with));
    if one.until_ms.is_none() {
        found.push(ScheduledFault {
            until_ms: Some(plan.duration_ms),
            ..one.clone()
        });
    }
    if let Some(Trigger { cue, count }) = one.after {
        found.extend(lower(count, 1).into_iter().map(|count| ScheduledFault {
            after: Some(Trigger { cue, count }),
            ..one.clone()
        }));
    }
    found
}

/// Weaker kinds.
fn kinds(fault: &Fault) -> Vec<Fault> {
    match *fault {
        Fault::Endpoint { endpoint, fault, .. } => {
            let known = [
                EndpointFault::Slow { extra_ms: SECOND_MS },
                EndpointFault::ServerError,
                EndpointFault::Dead,
                EndpointFault::NeverAnswers,
            ];
            let weaker = known
                .into_iter()
                .filter(|one| of_endpoint(*one) < of_endpoint(fault));
            let with = |fault| Fault::Endpoint {
                endpoint,
                fault,
                percent: 100,
            };
            weaker.map(with).collect()
        }
        Fault::Network {
            link,
            direction,
            fault,
        } => {
            let extra = Latency::Fixed {
                us: SECOND_MS * 1_000,
            };
            let known = [LinkFault::Delay { extra }, LinkFault::Partition];
            let weaker = known.into_iter().filter(|one| of_link(*one) < of_link(fault));
            let with = |fault| Fault::Network {
                link,
                direction,
                fault,
            };
            weaker.map(with).collect()
        }
        Fault::Store { fault, .. } => {
            let known = [
                StoreFault::SlowSync { extra_ms: SECOND_MS },
                StoreFault::Full,
                StoreFault::Unavailable,
            ];
            let weaker = known.into_iter().filter(|one| of_store(*one) < of_store(fault));
            weaker.map(|fault| Fault::Store { fault, percent: 100 }).collect()
        }
        Fault::Disk { fault } => {
            let known = [DiskFault::ReadError, DiskFault::SyncFailed { percent: 100 }];
            let weaker = known.into_iter().filter(|one| of_disk(*one) < of_disk(fault));
            weaker.map(|fault| Fault::Disk { fault }).collect()
        }
        Fault::Process { fault } => {
            let with = |fault| Fault::Process { fault };
            of_process(fault).into_iter().map(with).collect()
        }
        // A stall and a reorganisation have nothing to do with each other.
        Fault::Chain {
            fault: ChainFault::Reorg { .. } | ChainFault::FinalityStall,
        } => Vec::new(),
        Fault::Queue { lane, fault, .. } => kinds_of_queue(lane, fault),
        Fault::Worker { worker, fault } => match fault {
            WorkerFault::Crash => vec![Fault::Worker {
                worker,
                fault: WorkerFault::Pause,
            }],
            WorkerFault::Pause => Vec::new(),
        },
    }
}

fn kinds_of_queue(lane: LaneName, fault: QueueFault) -> Vec<Fault> {
    let known = [QueueFault::Full, QueueFault::Down, QueueFault::Silent];
    let weaker = known.into_iter().filter(|one| of_queue(*one) < of_queue(fault));
    let with = |fault| Fault::Queue {
        lane,
        fault,
        percent: 100,
    };
    weaker.map(with).collect()
}

const fn of_endpoint(fault: EndpointFault) -> u8 {
    match fault {
        EndpointFault::Slow { .. } => 1,
        EndpointFault::ServerError => 2,
        EndpointFault::Lagging { .. }
        | EndpointFault::StuckHead
        | EndpointFault::Empty
        | EndpointFault::RateLimited { .. }
        | EndpointFault::Auth
        | EndpointFault::NotReady
        | EndpointFault::Malformed
        | EndpointFault::TooLarge => 3,
        EndpointFault::Dead => 4,
        EndpointFault::NeverAnswers => 5,
        EndpointFault::Crossed | EndpointFault::PrivateFork => 6,
        EndpointFault::WrongChain | EndpointFault::Lying { .. } => 7,
    }
}

const fn of_link(fault: LinkFault) -> u8 {
    match fault {
        LinkFault::Delay { .. } => 1,
        LinkFault::Reorder { .. } => 2,
        LinkFault::Duplicate { .. } => 3,
        LinkFault::Loss { .. } => 4,
        LinkFault::Partition => 5,
        LinkFault::Hold => 6,
        LinkFault::HalfOpen { .. } => 7,
    }
}

const fn of_store(fault: StoreFault) -> u8 {
    match fault {
        StoreFault::SlowSync { .. } => 1,
        StoreFault::Full => 2,
        StoreFault::Unavailable => 3,
        StoreFault::UnknownOutcome { .. } => 4,
    }
}

const fn of_disk(fault: DiskFault) -> u8 {
    match fault {
        DiskFault::ReadError => 1,
        DiskFault::SyncFailed { .. } => 2,
        DiskFault::BitFlip => 3,
        DiskFault::MisdirectedWrite { .. } => 4,
    }
}

const fn of_queue(fault: QueueFault) -> u8 {
    match fault {
        QueueFault::Full => 1,
        QueueFault::Down => 2,
        QueueFault::Silent => 3,
        QueueFault::LosesAnswers => 4,
        QueueFault::FailsOver => 5,
        QueueFault::Forgets => 6,
        QueueFault::Repeats => 7,
    }
}

/// What is weaker, of the same family: a process that is hit, or a clock that is wrong.
fn of_process(fault: ProcessFault) -> Vec<ProcessFault> {
    let weakest_first = [
        ProcessFault::Slow { extra_ms: 100 },
        ProcessFault::Restart,
        ProcessFault::Pause,
        ProcessFault::Crash {
            loss: CrashLoss::Kept,
        },
        ProcessFault::Crash {
            loss: CrashLoss::Lost,
        },
    ];
    let weaker = match fault {
        ProcessFault::Slow { .. } | ProcessFault::ClockSkew { .. } => 0,
        ProcessFault::Restart => 1,
        ProcessFault::Pause => 2,
        ProcessFault::Crash {
            loss: CrashLoss::Kept,
        } => 3,
        ProcessFault::Crash {
            loss: CrashLoss::Lost,
        } => 4,
        ProcessFault::Crash {
            loss: CrashLoss::Torn,
        }
        | ProcessFault::Usurped => 5,
        ProcessFault::ClockJump { by_ms } => return vec![ProcessFault::ClockSkew { by_ms }],
        ProcessFault::ClockDrift { .. } => {
            return [1_000, -1_000]
                .map(|by_ms| ProcessFault::ClockSkew { by_ms })
                .to_vec();
        }
    };
    weakest_first[..weaker].to_vec()
}

/// The same where it hits less: one endpoint instead of all, one way instead of both; and always instead of at times,
/// which is less to chance.
fn narrower(plan: &Plan, fault: &Fault) -> Vec<Fault> {
    match *fault {
        Fault::Network {
            link,
            direction,
            fault,
        } => {
            let with = |link, direction| Fault::Network {
                link,
                direction,
                fault,
            };
            let endpoints = (0u8..).take(plan.topology.endpoints.len());
            let links = endpoints.map(|endpoint| with(LinkName::Endpoint { endpoint }, direction));
            let links = links.filter(|_| link == LinkName::AllEndpoints);
            let ways = [Direction::ToBank, Direction::FromBank].map(|way| with(link, way));
            let ways = ways.into_iter().filter(|_| direction == Direction::Both);
            links.chain(ways).collect()
        }
        Fault::Endpoint {
            endpoint,
            fault,
            percent: 0..100,
        } => vec![Fault::Endpoint {
            endpoint,
            fault,
            percent: 100,
        }],
        Fault::Store {
            fault,
            percent: 0..100,
        } => vec![Fault::Store { fault, percent: 100 }],
        Fault::Queue {
            lane,
            fault,
            percent: 0..100,
        } => vec![Fault::Queue {
            lane,
            fault,
            percent: 100,
        }],
        Fault::Endpoint { .. }
        | Fault::Store { .. }
        | Fault::Disk { .. }
        | Fault::Process { .. }
        | Fault::Chain { .. }
        | Fault::Queue { .. }
        | Fault::Worker { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
