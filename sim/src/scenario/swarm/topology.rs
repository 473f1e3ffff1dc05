//! The world that a seed of a swarm runs in: its chain, endpoints, links, store, bank and workers.

use plimsoll_core::rng::Rng;

use super::breaks;
use crate::engine::Latency;
use crate::scenario::expand::PRICE;
use crate::scenario::faults::endpoint_name;
use crate::scenario::schema::SwarmTable;
use crate::world::plan::{
    BankPlan, BuggifyPlan, ChainKind, ChainPlan, EndpointPlan, LinkPlan, Plan, PoolPlan, QuotaPlan,
    StorePlan, Theft, Topology, TransferFee, WorkersPlan,
};

/// The least and the most blocks that endpoints scan at once, where they bound it.
const SCAN_BLOCKS: (u64, u64) = (8, 64);
/// The fewest and the most blocks whose logs an endpoint keeps, where it forgets.
const HISTORY_BLOCKS: (u64, u64) = (5, 200);
/// The fewest and the most calls in a second that endpoints bear, where they count them: enough for a few transactions.
const CALLS_PER_SECOND: (u64, u64) = (20, 200);
/// The shortest and the longest span in which they are counted.
const QUOTA_MS: (u64, u64) = (1_000, 10_000);
/// The shortest that automation has patience: whatever is tried is tried before that.
const PATIENCE_MS_MIN: u64 = 3_000;
/// The longest time between two sweeps.
const SWEEP_MS_MAX: u64 = PATIENCE_MS_MIN;

/// Up to two bounds on calls.
fn quotas(kind: ChainKind, rng: &mut Rng) -> Vec<QuotaPlan> {
    // A question takes several times as many calls there.
    let times = match kind {
        ChainKind::Evm => 1,
        ChainKind::Solana => 4,
    };
    let count = rng.below(3);
    let quota = |_| {
        let per_ms = rng.between(QUOTA_MS.0, QUOTA_MS.1);
        let calls = rng.between(CALLS_PER_SECOND.0, CALLS_PER_SECOND.1) * per_ms / 1_000 * times;
        QuotaPlan {
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
            per_ms,
        }
    };
    (0..count).map(quota).collect()
}

/// In half of the runs some endpoints search no logs, or have forgotten old ones: none of the core that heals, and never so
/// many that nobody else is left to read blocks.
pub(super) fn abilities(plan: &mut Plan, rng: &mut Rng) {
    if rng.chance(1, 2) {
        return;
    }
    for place in 0..plan.topology.endpoints.len() {
        let (is_hit, refuses) = (rng.chance(1, 4), rng.chance(1, 2));
        let blocks = rng.between(HISTORY_BLOCKS.0, HISTORY_BLOCKS.1);
        let is_core = |core: &Vec<u8>| core.iter().any(|one| usize::from(*one) == place);
        if !is_hit || plan.core.as_ref().is_some_and(is_core) {
            continue;
        }
        let one = &mut plan.topology.endpoints[place];
        (one.refuses_logs, one.history_blocks) = (refuses, (!refuses).then_some(blocks));
        if plan.topology.readers() < 2 {
            let one = &mut plan.topology.endpoints[place];
            (one.refuses_logs, one.history_blocks) = (false, None);
        }
    }
}

/// The parts of the world.
pub(super) fn draw(swarm: &SwarmTable, rng: &mut Rng) -> Topology {
    let endpoints = swarm.endpoints.get_ref().draw(rng).len();
    let providers = rng.between(2, endpoints as u64);
    // A Solana cluster in a quarter of the runs.
    let is_cluster = rng.fork("chain").chance(1, 4);
    let kind = if is_cluster {
        ChainKind::Solana
    } else {
        ChainKind::Evm
    };
    let mut link = rng.fork("links");
    let mut bounds = rng.fork("bounds");
    let is_bounded = bounds.chance(1, 2);
    let mut meters = rng.fork("quotas");
    let is_metered = meters.chance(1, 4);
    let endpoint = |index: usize| EndpointPlan {
        name: endpoint_name(index),
        provider: format!("provider-{}", index as u64 % providers + 1),
        link: LinkPlan {
            latency: latency(swarm, &mut link),
            loss_percent: rare(&mut link, 10),
            duplicate_percent: rare(&mut link, 10),
        },
        lag_blocks: rare(&mut link, 5).into(),
        refuses_logs: false,
        history_blocks: None,
        scan_blocks_max: is_bounded.then(|| bounds.between(SCAN_BLOCKS.0, SCAN_BLOCKS.1)),
        quotas: if is_metered {
            quotas(kind, &mut meters)
        } else {
            Vec::new()
        },
    };
    let endpoints = (0..endpoints).map(endpoint).collect();
    let sync_us = rng.between(100, 20_000);
    let (chain, stalled_lag) = chain(kind, rng);
    Topology {
        chain,
        endpoints,
        users: u32::try_from(swarm.users.get_ref().draw(rng).0).unwrap_or(1),
        register_ms: 500,
        users_link: LinkPlan {
            latency: latency(swarm, rng),
            loss_percent: rare(rng, 10),
            duplicate_percent: rare(rng, 10),
        },
        store: StorePlan {
            sync: Latency::Uniform {
                min_us: sync_us / 4,
                max_us: sync_us,
            },
        },
        bank: BankPlan {
            stalled_lag,
            ..bank(swarm, rng)
        },
        workers: workers(is_metered, &mut rng.fork("workers")),
    }
}

/// The chain, and how far finality must trail for what is attested to count.
fn chain(kind: ChainKind, rng: &mut Rng) -> (ChainPlan, Option<u64>) {
    let (block_ms, finality_blocks) = (rng.between(150, 1_500), rng.between(1, 8));
    match kind {
        ChainKind::Evm => {
            let attested = attested(finality_blocks, &mut rng.fork("attested"));
            let chain = ChainPlan {
                block_ms,
                finality_blocks,
                usdc_fee: transfer_fee(&mut rng.fork("transfer fee")),
                attested_blocks: attested.map(|(blocks, _)| blocks),
                theft: theft(&mut rng.fork("theft")),
                ..ChainPlan::default()
            };
            (chain, attested.map(|(_, lag)| lag))
        }
        ChainKind::Solana => {
            let mut slots = rng.fork("slots");
            let chain = ChainPlan {
                kind,
                block_ms: slots.between(150, 600),
                finality_blocks: slots.between(1, 32),
                ..ChainPlan::default()
            };
            (chain, None)
        }
    }
}

/// Workers, in a quarter of the runs whose endpoints do not count calls: those know nothing of what others ask.
fn workers(is_metered: bool, rng: &mut Rng) -> Option<WorkersPlan> {
    let usual = WorkersPlan::default();
    let has_workers = rng.chance(1, 4) && !is_metered;
    has_workers.then(|| WorkersPlan {
        count: breaks::byte(rng.index(3)) + 1,
        immediate: rng.chance(3, 4),
        takeover_ms: rng.between(2 * SWEEP_MS_MAX, 20_000),
        visibility_ms: rng.between(1_000, 30_000),
        jobs_max: if rng.chance(1, 2) { 4 } else { usual.jobs_max },
        queues: LinkPlan {
            loss_percent: rare(rng, 10),
            duplicate_percent: rare(rng, 10),
            ..usual.queues
        },
    })
}

fn bank(swarm: &SwarmTable, rng: &mut Rng) -> BankPlan {
    let usual = BankPlan::default();
    let poll = swarm.poll_ms.get_ref();
    BankPlan {
        stalled_lag: usual.stalled_lag,
        poll_ms: rng.between(poll.low.0, poll.high.0),
        patience_ms: if rng.chance(1, 4) {
            rng.between(PATIENCE_MS_MIN, 20_000)
        } else {
            usual.patience_ms
        },
        price: rng.chance(1, 2).then_some(PRICE),
        mailbox: if rng.chance(1, 4) { 8 } else { usual.mailbox },
        restart_ms: rng.between(100, 3_000),
        fast_track_ms: fast_track(&mut rng.fork("fast track")).unwrap_or(usual.fast_track_ms),
        sweep_ms: rng.fork("sweep").between(500, SWEEP_MS_MAX),
        pool: PoolPlan {
            hedge_share_max: hedge_share(&mut rng.fork("hedging")),
            ..pool(&mut rng.fork("pool"))
        },
        recheck_ms: rng.fork("recheck").between(1_000, 60_000),
        reconcile_ms: {
            let mut rng = rng.fork("reconcile");
            rng.chance(1, 3).then(|| rng.between(3_000, 30_000))
        },
        dismiss_alone_milli: {
            let mut rng = rng.fork("approvals");
            rng.chance(1, 2).then(|| rng.below(100_000))
        },
        buggify: buggify(&mut rng.fork("buggify")),
    }
}

/// What USDC begins to keep of each transfer, in some runs.
fn transfer_fee(rng: &mut Rng) -> Option<TransferFee> {
    rng.chance(1, 8).then(|| TransferFee {
        after_blocks: rng.between(1, 100),
        percent: [1, 2, 5, 50, 100][rng.index(5)],
    })
}

/// How far what is attested trails the chain, and how far finality must for that to count; in a quarter of the runs.
fn attested(finality_blocks: u64, rng: &mut Rng) -> Option<(u64, u64)> {
    let lag = rng.between(20, 40);
    let blocks = rng.between(finality_blocks + 1, 60);
    rng.chance(1, 4).then_some((blocks, lag))
}

/// What is stolen, in some runs.
fn theft(rng: &mut Rng) -> Option<Theft> {
    rng.chance(1, 6).then(|| Theft {
        at_ms: rng.below(60_000),
        amount_milli: rng.between(1, 100_000),
    })
}

/// When what is newly named is looked for; the usual times in half of the runs.
fn fast_track(rng: &mut Rng) -> Option<Vec<u64>> {
    if rng.chance(1, 2) {
        return None;
    }
    let count = rng.between(1, 5);
    let mut times: Vec<u64> = (0..count).map(|_| rng.below(PATIENCE_MS_MIN)).collect();
    times.sort_unstable();
    Some(times)
}

/// The usual settings in half of the runs. In the others breakers and shut doors open and close several times in a run, and
/// there may be room for one question alone.
fn pool(rng: &mut Rng) -> PoolPlan {
    let usual = PoolPlan::default();
    if rng.chance(1, 2) {
        return usual;
    }
    let open_ms = rng.between(500, usual.open_ms / 2);
    let ban_ms = rng.between(100, 3_000);
    let small = |rng: &mut Rng, most| u8::try_from(rng.between(1, most)).unwrap_or(1);
    PoolPlan {
        failures: small(rng, 8).into(),
        open_ms,
        open_ms_max: rng.between(open_ms, usual.open_ms),
        successes: small(rng, 5).into(),
        half_open_permits: small(rng, 5),
        cordon_ms: rng.between(1_000, usual.cordon_ms),
        ban_ms,
        ban_ms_max: rng.between(ban_ms, 60_000),
        in_flight: small(rng, usual.in_flight.into()),
        explore_one_in: u32::from(small(rng, 63)) + 1,
        ..usual
    }
}

/// How many questions may be put to another endpoint, too, in hundredths: none in two of three runs.
fn hedge_share(rng: &mut Rng) -> u8 {
    if rng.chance(1, 3) {
        u8::try_from(rng.between(1, 100)).unwrap_or(100)
    } else {
        0
    }
}

/// Bad luck on purpose: none in half of the runs, usual in a quarter, much or little of it in the others.
fn buggify(rng: &mut Rng) -> Option<BuggifyPlan> {
    let usual = BuggifyPlan::default();
    match rng.below(8) {
        0..=3 => None,
        4 | 5 => Some(usual),
        6 => Some(BuggifyPlan {
            firing_percent: 2,
            ..usual
        }),
        _ => Some(BuggifyPlan {
            activation_percent: 75,
            ..usual
        }),
    }
}

/// A shape and its size.
fn latency(swarm: &SwarmTable, rng: &mut Rng) -> Latency {
    let us = swarm.latency_ms.draw(rng).0 * 1_000;
    match rng.below(4) {
        0 => Latency::Fixed { us },
        1 => Latency::Uniform {
            min_us: us / 4,
            max_us: us,
        },
        2 => Latency::Exponential {
            min_us: us / 4,
            mean_us: us / 2,
        },
        _ => Latency::Bimodal {
            fast_us: us / 4,
            slow_us: us.saturating_mul(4),
            slow_percent: 5,
        },
    }
}

/// Usually nothing; in a quarter of the cases 1 to `most`.
fn rare(rng: &mut Rng, most: u8) -> u8 {
    if rng.chance(1, 4) {
        u8::try_from(rng.between(1, most.into())).unwrap_or(most)
    } else {
        0
    }
}
