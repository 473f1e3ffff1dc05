//! Less of the same fault: shorter delays, fewer blocks, lower percentages.

use crate::engine::Latency;
use crate::fault::{ChainFault, Drift, EndpointFault, Fault, LinkFault, ProcessFault, StoreFault};
use crate::shrink::numbers::lower;

/// Less of the same kind.
pub(super) fn less(fault: &Fault) -> Vec<Fault> {
    match *fault {
        Fault::Endpoint {
            endpoint,
            fault,
            percent,
        } => {
            let with = |fault| Fault::Endpoint {
                endpoint,
                fault,
                percent,
            };
            less_of_endpoint(fault).into_iter().map(with).collect()
        }
        Fault::Network {
            link,
            direction,
            fault,
        } => {
            let with = |fault| Fault::Network {
                link,
                direction,
                fault,
            };
            less_of_link(fault).into_iter().map(with).collect()
        }
        Fault::Store { fault, percent } => {
            let with = |fault| Fault::Store { fault, percent };
            less_of_store(fault).into_iter().map(with).collect()
        }
        Fault::Disk { .. } | Fault::Queue { .. } | Fault::Worker { .. } => Vec::new(),
        Fault::Process { fault } => {
            let with = |fault| Fault::Process { fault };
            less_of_process(fault).into_iter().map(with).collect()
        }
        Fault::Chain { fault } => {
            let with = |fault| Fault::Chain { fault };
            less_of_chain(fault).into_iter().map(with).collect()
        }
    }
}

fn less_of_endpoint(fault: EndpointFault) -> Vec<EndpointFault> {
    match fault {
        EndpointFault::Slow { extra_ms } => {
            each(lower(extra_ms, 1), |extra_ms| EndpointFault::Slow { extra_ms })
        }
        EndpointFault::Lagging { blocks } => {
            each(lower(blocks, 1), |blocks| EndpointFault::Lagging { blocks })
        }
        EndpointFault::RateLimited {
            retry_after_ms: Some(ms),
        } => each(lower(ms, 1), |ms| EndpointFault::RateLimited {
            retry_after_ms: Some(ms),
        }),
        EndpointFault::RateLimited { retry_after_ms: None }
        | EndpointFault::Dead
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
        | EndpointFault::Lying { .. } => Vec::new(),
    }
}

fn less_of_link(fault: LinkFault) -> Vec<LinkFault> {
    match fault {
        LinkFault::Loss { percent } => each(lower_percent(percent), |percent| LinkFault::Loss { percent }),
        LinkFault::Duplicate { percent } => {
            each(lower_percent(percent), |percent| LinkFault::Duplicate { percent })
        }
        LinkFault::Reorder { spread_ms } => {
            each(lower(spread_ms, 1), |spread_ms| LinkFault::Reorder { spread_ms })
        }
        LinkFault::Delay {
            extra: Latency::Fixed { us },
        } => each(lower(us, 1_000), |us| LinkFault::Delay {
            extra: Latency::Fixed { us },
        }),
        LinkFault::Delay { extra } => vec![LinkFault::Delay {
            extra: Latency::Fixed {
                us: longest_usual_us(extra),
            },
        }],
        LinkFault::HalfOpen { notice_ms } => {
            each(lower(notice_ms, 1), |notice_ms| LinkFault::HalfOpen { notice_ms })
        }
        LinkFault::Partition | LinkFault::Hold => Vec::new(),
    }
}

/// A delay that stands for all of a shape.
const fn longest_usual_us(extra: Latency) -> u64 {
    match extra {
        Latency::Fixed { us } => us,
        Latency::Uniform { max_us, .. } => max_us,
        Latency::Exponential { min_us, mean_us } => min_us.saturating_add(mean_us),
        Latency::Bimodal { slow_us, .. } => slow_us,
    }
}

fn less_of_store(fault: StoreFault) -> Vec<StoreFault> {
    match fault {
        StoreFault::SlowSync { extra_ms } => {
            each(lower(extra_ms, 1), |extra_ms| StoreFault::SlowSync { extra_ms })
        }
        StoreFault::UnknownOutcome { committed_percent } => {
            each(lower_percent(committed_percent), |percent| {
                StoreFault::UnknownOutcome {
                    committed_percent: percent,
                }
            })
        }
        StoreFault::Unavailable | StoreFault::Full => Vec::new(),
    }
}

fn less_of_process(fault: ProcessFault) -> Vec<ProcessFault> {
    match fault {
        ProcessFault::Slow { extra_ms } => {
            each(lower(extra_ms, 1), |extra_ms| ProcessFault::Slow { extra_ms })
        }
        ProcessFault::ClockSkew { by_ms } => {
            each(nearer_zero(by_ms), |by_ms| ProcessFault::ClockSkew { by_ms })
        }
        ProcessFault::ClockJump { by_ms } => {
            each(nearer_zero(by_ms), |by_ms| ProcessFault::ClockJump { by_ms })
        }
        ProcessFault::ClockDrift { drift } => match drift {
            Drift::Linear { ppm } => each(nearer_zero(ppm), |ppm| ProcessFault::ClockDrift {
                drift: Drift::Linear { ppm },
            }),
            Drift::Periodic { by_ms, every_ms } => each(lower(by_ms, 1), |by_ms| ProcessFault::ClockDrift {
                drift: Drift::Periodic { by_ms, every_ms },
            }),
            Drift::Step { by_ms, every_ms } => each(nearer_zero(by_ms), |by_ms| ProcessFault::ClockDrift {
                drift: Drift::Step { by_ms, every_ms },
            }),
        },
        ProcessFault::Crash { .. } | ProcessFault::Restart | ProcessFault::Pause | ProcessFault::Usurped => {
            Vec::new()
        }
    }
}

fn less_of_chain(fault: ChainFault) -> Vec<ChainFault> {
    match fault {
        ChainFault::Reorg {
            depth,
            vanish_percent,
        } => {
            let shallower = each(lower(depth, 1), |depth| ChainFault::Reorg {
                depth,
                vanish_percent,
            });
            let gentler = each(lower_percent(vanish_percent), |vanish_percent| {
                ChainFault::Reorg {
                    depth,
                    vanish_percent,
                }
            });
            shallower.into_iter().chain(gentler).collect()
        }
        ChainFault::FinalityStall => Vec::new(),
    }
}

fn each<N, T>(numbers: Vec<N>, make: impl Fn(N) -> T) -> Vec<T> {
    numbers.into_iter().map(make).collect()
}

/// Lower percentages, none included; where none makes no sense the plan's check says so.
fn lower_percent(percent: u8) -> Vec<u8> {
    let lower = lower(percent.into(), 0);
    lower
        .into_iter()
        .filter_map(|one| u8::try_from(one).ok())
        .collect()
}

/// Numbers of the same sign that are less far from zero.
fn nearer_zero(number: i64) -> Vec<i64> {
    let sizes = lower(number.unsigned_abs(), 1).into_iter();
    let sizes = sizes.filter_map(|size| i64::try_from(size).ok());
    sizes.map(|size| size * number.signum()).collect()
}
