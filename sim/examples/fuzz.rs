#![allow(missing_docs, clippy::all)]
use plimsoll_core::rng::Rng;
use plimsoll_sim::fault::*;
use plimsoll_sim::world::plan::*;
use plimsoll_sim::world::*;

fn plan(seed: u64) -> Plan {
    let mut r = Rng::from_seed(seed).fork("fuzz");
    let mut plan = Plan::calm("fuzz", 60_000);
    plan.converge_ms = std::env::var("CONV").map_or(30_000, |s| s.parse().unwrap());
    let n = 2 + r.below(6) as usize;
    plan.topology.endpoints.truncate(n);
    let toks = [Token::Usdt, Token::Usdc, Token::Busd];
    if r.chance(1, 2) {
        plan.topology.bank.price = Some(PricePlan {
            numerator: 1 + r.below(5),
            denominator: 10_000_000_000 * (1 + r.below(3)),
        });
    }
    if r.chance(1, 3) {
        plan.topology.bank.patience_ms = 10_000;
    }
    for _ in 0..r.below(15) {
        let at_ms = 1_000 + r.below(50_000);
        let movements: Vec<_> = (0..r.below(4))
            .map(|_| Movement {
                shape: if r.chance(1, 2) {
                    Shape::Payment
                } else {
                    Shape::ALL[r.index(14)]
                },
                user: r.below(6) as u32,
                token: toks[r.index(3)],
                amount_milli: 500 + r.below(10_000),
            })
            .collect();
        let claims = (0..r.below(4))
            .map(|_| ClaimPlan {
                at_ms: (at_ms + r.below(8_000)).saturating_sub(2_000),
                user: r.below(6) as u32,
                key: if r.chance(1, 4) { Some(r.below(5)) } else { None },
            })
            .collect();
        let fate = match r.below(8) {
            0 => Fate::Reverted,
            1 => Fate::NeverMined,
            _ => Fate::Mined,
        };
        plan.workload.push(Deed::Deposit {
            at_ms,
            movements,
            fate,
            delay_blocks: r.below(4),
            claims,
        });
    }
    let nd = plan.workload.len() as u64;
    for _ in 0..r.below(20) {
        let at_ms = 5_000 + r.below(50_000);
        let hold = r.chance(1, 2).then(|| HoldPlan {
            expires_after_ms: r.chance(1, 2).then(|| r.below(10_000)),
            end_at_ms: at_ms + r.below(4_000),
            end: match r.below(4) {
                0 => HoldEnd::Post,
                1 => HoldEnd::PostPercent(r.below(101) as u8),
                2 => HoldEnd::Void,
                _ => HoldEnd::Abandon,
            },
        });
        plan.workload.push(Deed::Transfer {
            at_ms,
            from: r.below(6) as u32,
            to: r.below(6) as u32,
            token: [Token::Usdt, Token::Usdc, Token::Gold][r.index(3)],
            amount_milli: 500 + r.below(3_000),
            key: r.chance(1, 4).then(|| r.below(5)),
            hold,
            reverse_at_ms: r.chance(1, 3).then_some(at_ms + 3_000),
        });
    }
    for _ in 0..r.below(3) {
        plan.workload.push(Deed::RetryDeadLetters {
            at_ms: r.below(60_000),
        });
    }
    for _ in 0..r.below(4) {
        if nd > 0 {
            let deed = r.below(nd) as u32;
            if let Deed::Deposit { movements, .. } = &plan.workload[deed as usize] {
                if !movements.is_empty() {
                    let ordinal = r.index(movements.len()) as u32;
                    plan.workload.push(Deed::Attribute {
                        at_ms: r.below(60_000),
                        deed,
                        ordinal,
                        user: r.below(6) as u32,
                    });
                }
            }
        }
    }
    let families: Vec<bool> = (0..5).map(|_| r.chance(1, 2)).collect();
    let liar = r.below(n as u64) as u8;
    for _ in 0..r.below(12) {
        let from_ms = r.below(58_000);
        let until_ms = Some((from_ms + 100 + r.below(15_000)).min(60_000));
        let fam = r.index(5);
        if !families[fam] {
            continue;
        }
        let percent = if r.chance(1, 2) {
            100
        } else {
            1 + r.below(100) as u8
        };
        let fault = match fam {
            0 => {
                let mut endpoint = r.below(n as u64) as u8;
                let fault = match r.below(15) {
                    0 => EndpointFault::Dead,
                    1 => EndpointFault::NeverAnswers,
                    2 => EndpointFault::Slow {
                        extra_ms: r.below(6_000),
                    },
                    3 => EndpointFault::Lagging { blocks: r.below(60) },
                    4 => EndpointFault::StuckHead,
                    5 => EndpointFault::Empty,
                    6 => EndpointFault::RateLimited {
                        retry_after_ms: r.chance(1, 2).then(|| r.below(5_000)),
                    },
                    7 => EndpointFault::Auth,
                    8 => EndpointFault::ServerError,
                    9 => EndpointFault::NotReady,
                    10 => EndpointFault::Malformed,
                    11 => EndpointFault::TooLarge,
                    12 => EndpointFault::WrongChain,
                    13 => EndpointFault::PrivateFork,
                    _ => EndpointFault::Lying {
                        lie: [
                            Lie::InventedPayment,
                            Lie::InflatedAmount,
                            Lie::OmittedLog,
                            Lie::EarlyFinality,
                            Lie::FutureFinality,
                            Lie::ForgedHash,
                        ][r.index(6)],
                    },
                };
                if fault.is_byzantine() {
                    endpoint = liar;
                }
                Fault::Endpoint {
                    endpoint,
                    fault,
                    percent,
                }
            }
            1 => Fault::Network {
                link: match r.below(3) {
                    0 => LinkName::Users,
                    1 => LinkName::AllEndpoints,
                    _ => LinkName::Endpoint {
                        endpoint: r.below(n as u64) as u8,
                    },
                },
                direction: [Direction::Both, Direction::ToBank, Direction::FromBank][r.index(3)],
                fault: match r.below(6) {
                    0 => LinkFault::Partition,
                    1 => LinkFault::Hold,
                    2 => LinkFault::Loss {
                        percent: 1 + r.below(60) as u8,
                    },
                    3 => LinkFault::Duplicate { percent: 50 },
                    4 => LinkFault::Reorder {
                        spread_ms: 1 + r.below(2_000),
                    },
                    _ => LinkFault::Delay {
                        extra_ms: r.below(2_000),
                    },
                },
            },
            2 => Fault::Store {
                percent,
                fault: match r.below(4) {
                    0 => StoreFault::Unavailable,
                    1 => StoreFault::Full,
                    2 => StoreFault::SlowSync {
                        extra_ms: r.below(2_000),
                    },
                    _ => StoreFault::UnknownOutcome {
                        committed_percent: r.below(101) as u8,
                    },
                },
            },
            3 => Fault::Process {
                fault: match r.below(6) {
                    0 | 1 | 2 => ProcessFault::Crash {
                        loss: [CrashLoss::Kept, CrashLoss::Lost, CrashLoss::Torn][r.index(3)],
                    },
                    3 => ProcessFault::Pause,
                    4 => ProcessFault::ClockSkew {
                        by_ms: r.below(100_000) as i64 - 50_000,
                    },
                    _ => ProcessFault::Usurped,
                },
            },
            _ => Fault::Chain {
                fault: if r.chance(2, 3) {
                    ChainFault::Reorg {
                        depth: 1 + r.below(13),
                        vanish_percent: if r.chance(1, 2) { 0 } else { r.below(101) as u8 },
                    }
                } else {
                    ChainFault::FinalityStall
                },
            },
        };
        plan.faults.push(ScheduledFault {
            from_ms,
            until_ms,
            fault,
        });
    }
    plan
}

fn main() {
    let mut args = std::env::args().skip(1);
    let from: u64 = args.next().unwrap().parse().unwrap();
    let to: u64 = args.next().map_or(from + 1, |s| s.parse().unwrap());
    let trace = std::env::var("TRACE").ok();
    std::panic::set_hook(Box::new(|info| {
        eprintln!("PANIC {info}");
    }));
    let (mut pass, mut fail) = (0, 0);
    let start = std::time::Instant::now();
    let mut sim = 0.0;
    let (mut dep, mut cred, mut crashes, mut steps) = (0, 0, 0, 0);
    let mut tt = vec![];
    let mut rec: Vec<_> = vec![];
    for seed in from..to {
        let plan = plan(seed);
        let mut world = World::new(&plan, seed).unwrap_or_else(|e| panic!("{e:?}"));
        if let Some(t) = &trace {
            world = world.traced_to(plimsoll_sim::engine::Trace::to(Box::new(
                std::io::BufWriter::new(std::fs::File::create(t).unwrap()),
            )));
            println!("{plan:#?}");
        }
        let out = world.run();
        sim += out.stats.simulated.as_secs_f64();
        dep += out.stats.deposits;
        cred += out.stats.credited + out.stats.suspended;
        crashes += out.stats.crashes;
        steps += out.stats.steps;
        tt.extend(out.stats.times_to_credit.iter().copied());
        rec.extend(out.stats.recoveries.iter().map(|r| (r.took, r.part)));
        if out.verdict.is_passed() {
            pass += 1;
        } else {
            fail += 1;
            if fail < 15 {
                println!("{seed}: {:?}", out.verdict);
            }
        }
    }
    tt.sort();
    rec.sort();
    if !tt.is_empty() {
        println!(
            "credit p50 {:?} p99 {:?} max {:?}",
            tt[tt.len() / 2],
            tt[tt.len() * 99 / 100],
            tt.last()
        );
    }
    if !rec.is_empty() {
        println!(
            "recover p50 {:?} p99 {:?} max {:?}",
            rec[rec.len() / 2],
            rec[rec.len() * 99 / 100],
            rec.last()
        );
    }
    println!(
        "pass {pass} fail {fail} {:?} {:.0}x dep {dep} booked {cred} crashes {crashes} {} steps/s {}/s",
        start.elapsed(),
        sim / start.elapsed().as_secs_f64(),
        steps as f64 / start.elapsed().as_secs_f64(),
        (to - from) as f64 / start.elapsed().as_secs_f64()
    );
}
