//! Swarm testing: each seed draws its own world, workload and faults, and leaves much out.
//!
//! What is left out matters: a run that only crashes goes where a run with everything at once never gets (Groce et
//! al., "Swarm Testing", ISSTA 2012). So each kind of payment, claim and command is off in half of the runs, and so are
//! each family of faults and each kind of a family that is on. All draws come from a configuration stream, apart from every
//! stream of the run itself.

mod breaks;
mod faults;

use plimsoll_core::rng::Rng;
use toml::Spanned;

use super::expand::{PRICE, Workload, core};
use super::faults::endpoint_name;
use super::kinds::{Claiming, DepositKind, OrderKind, TransactionKind};
use super::schema::{DepositsTable, OrdersTable, ScenarioTable, SwarmTable, TransactionsTable};
use super::values::{Count, Millis, Percent, Span, Sum};
use crate::engine::Latency;
use crate::model::assets::MIN_MILLI;
use crate::world::plan::{
    BankPlan, BuggifyPlan, ChainPlan, Deed, EndpointPlan, Handling, LinkPlan, Plan, PoolPlan, QuotaPlan,
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
/// The most looks at balances.
const LOOKS_MAX: u64 = 20;
/// The most orders of operators.
const ORDERS_MAX: u64 = 8;

/// The plan of one seed of the swarm `table`.
pub(super) fn draw(name: &str, table: &ScenarioTable, swarm: &SwarmTable, rng: &Rng) -> Plan {
    let mut plan = Plan::calm(name, table.duration_ms.get_ref().0);
    plan.expect = table.expect.expectations();
    plan.topology = topology(swarm, &mut rng.fork("topology"));
    settling(&mut plan, &mut rng.fork("settling"));
    abilities(&mut plan, &mut rng.fork("abilities"));
    let mut workload = Workload::new(&plan, rng);
    workload.fund(1_000, 1_000_000);
    deposits(swarm, &plan, &mut workload, &mut rng.fork("deposits"));
    transactions(swarm, &plan, &mut workload, &mut rng.fork("transactions"));
    looks(&plan, &mut workload, &mut rng.fork("looks"));
    let mut operators = rng.fork("operators");
    if operators.chance(1, 2) {
        workload.handle_dead_letters(operators.below(plan.duration_ms), Handling::Retry);
    }
    let mut letters = rng.fork("dead letters");
    for how in [Handling::Replay, Handling::DryRun, Handling::Dismiss] {
        if letters.chance(1, 4) {
            workload.handle_dead_letters(letters.below(plan.duration_ms), how);
        }
    }
    if operators.chance(1, 2) {
        workload.attribute(operators.below(plan.duration_ms));
    }
    orders(&plan, &mut workload, &mut rng.fork("orders"));
    refunds(&plan, &mut workload, &mut rng.fork("refunds"));
    plan.workload = workload.deeds;
    plan.faults = faults::draw(swarm, &plan, &rng.fork("faults"));
    plan
}

/// Up to two bounds on calls.
fn quotas(rng: &mut Rng) -> Vec<QuotaPlan> {
    let count = rng.below(3);
    let quota = |_| {
        let per_ms = rng.between(QUOTA_MS.0, QUOTA_MS.1);
        let calls = rng.between(CALLS_PER_SECOND.0, CALLS_PER_SECOND.1) * per_ms / 1_000;
        QuotaPlan {
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
            per_ms,
        }
    };
    (0..count).map(quota).collect()
}

/// In half of the runs some endpoints search no logs, or have forgotten old ones: none of the core that heals, and never so
/// many that nobody else is left to read blocks.
fn abilities(plan: &mut Plan, rng: &mut Rng) {
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

fn topology(swarm: &SwarmTable, rng: &mut Rng) -> Topology {
    let endpoints = swarm.endpoints.get_ref().draw(rng).len();
    let providers = rng.between(2, endpoints as u64);
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
            quotas(&mut meters)
        } else {
            Vec::new()
        },
    };
    let endpoints = (0..endpoints).map(endpoint).collect();
    let sync_us = rng.between(100, 20_000);
    let (block_ms, finality_blocks) = (rng.between(150, 1_500), rng.between(1, 8));
    let attested = attested(finality_blocks, &mut rng.fork("attested"));
    Topology {
        chain: ChainPlan {
            usdc_fee: transfer_fee(&mut rng.fork("transfer fee")),
            block_ms,
            finality_blocks,
            attested_blocks: attested.map(|(blocks, _)| blocks),
            theft: theft(&mut rng.fork("theft")),
            ..ChainPlan::default()
        },
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
            stalled_lag: attested.map(|(_, lag)| lag),
            ..bank(swarm, rng)
        },
        workers: workers(is_metered, &mut rng.fork("workers")),
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
        pool: pool(&mut rng.fork("pool")),
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
    }
}

/// What is asked of the bank beside settling in a world that is whole at the end: in half of the runs only a core heals, and
/// in a quarter there are quiet periods.
fn settling(plan: &mut Plan, rng: &mut Rng) {
    if rng.chance(1, 2) {
        plan.core = Some(core(&plan.topology, rng));
    }
    if rng.chance(1, 4) {
        let count = rng.between(1, 2);
        plan.quiet_at_ms = (0..count).map(|_| rng.below(plan.duration_ms)).collect();
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

/// Each of `kinds` with a weight, off in half of the cases; never all off.
fn weights<T: Copy>(kinds: &[T], rng: &mut Rng) -> Vec<(T, u64)> {
    let mut drawn = Vec::new();
    for kind in kinds {
        if rng.chance(1, 2) {
            drawn.push((*kind, rng.between(1, 100)));
        }
    }
    if drawn.is_empty() {
        drawn.extend(rng.pick(kinds).map(|kind| (*kind, 1)));
    }
    drawn
}

/// One of `weighted`, as often as its weight says.
fn pick<T: Copy>(weighted: &[(T, u64)], rng: &mut Rng) -> T {
    let total = weighted.iter().map(|(_, weight)| weight).sum();
    let mut point = rng.below(total);
    for (kind, weight) in weighted {
        match point.checked_sub(*weight) {
            Some(rest) => point = rest,
            None => return *kind,
        }
    }
    unreachable!("a point below the sum of the weights is inside one of them")
}

fn deposits(swarm: &SwarmTable, plan: &Plan, workload: &mut Workload<'_>, rng: &mut Rng) {
    let (kinds, claims) = (weights(DepositKind::ALL, rng), weights(Claiming::ALL, rng));
    let mut edges = rng.fork("edges");
    for place in 0..swarm.deposits.draw(rng).0 {
        let mut kind = pick(&kinds, rng);
        let mut claim = pick(&claims, rng);
        if plan.topology.users < 2 && claim == Claiming::Stolen {
            claim = Claiming::Once;
        }
        if kind == DepositKind::NeverMined && claim == Claiming::Never {
            kind = DepositKind::Plain;
        }
        workload.deposits(
            place,
            &DepositsTable {
                kind: Spanned::new(0..0, kind),
                count: Spanned::new(0..0, Count(1)),
                at_ms: Spanned::new(0..0, whole_run(plan)),
                amount: amounts(2_000_000, &mut edges),
                claim: Spanned::new(0..0, claim),
                claim_after_ms: millis(0, 10_000),
            },
        );
    }
}

fn transactions(swarm: &SwarmTable, plan: &Plan, workload: &mut Workload<'_>, rng: &mut Rng) {
    if plan.topology.users < 2 {
        return;
    }
    let kinds = weights(TransactionKind::ALL, rng);
    let mut edges = rng.fork("edges");
    for place in 0..swarm.transactions.draw(rng).0 {
        workload.transactions(
            place,
            &TransactionsTable {
                count: Spanned::new(0..0, Count(1)),
                at_ms: Spanned::new(0..0, whole_run(plan)),
                resolved_after_ms: millis(1, 20_000),
                amount: amounts(400_000, &mut edges),
                repeat_percent: Percent(20),
                kinds: Spanned::new(0..0, vec![pick(&kinds, rng)]),
            },
        );
    }
}

/// Users look at their balances: in half of the runs not at all.
fn looks(plan: &Plan, workload: &mut Workload<'_>, rng: &mut Rng) {
    if rng.chance(1, 2) {
        return;
    }
    for _ in 0..rng.between(1, LOOKS_MAX) {
        let user = u32::try_from(rng.below(plan.topology.users.into())).unwrap_or(0);
        let at_ms = rng.below(plan.duration_ms);
        workload.deeds.push(Deed::Balances { at_ms, user });
    }
}

/// Every kind of order but refunds, which are drawn apart.
const LASTING_OR_NOT: [OrderKind; 7] = [
    OrderKind::PauseChain,
    OrderKind::PauseEndpoint,
    OrderKind::ForceOpen,
    OrderKind::Disable,
    OrderKind::Drain,
    OrderKind::Sweep,
    OrderKind::Process,
];

/// Operators refund deposits: in three quarters of the runs none.
fn refunds(plan: &Plan, workload: &mut Workload<'_>, rng: &mut Rng) {
    if rng.chance(3, 4) {
        return;
    }
    for place in 0..rng.between(1, ORDERS_MAX) {
        let table = OrdersTable {
            kind: Spanned::new(0..0, OrderKind::Refund),
            count: Spanned::new(0..0, Count(1)),
            at_ms: Spanned::new(0..0, whole_run(plan)),
            for_ms: millis(1, 20_000),
            target: None,
        };
        workload.orders(ORDERS_MAX + place, &table, plan.topology.endpoints.len());
    }
}

/// Operators give orders: in three quarters of the runs none. Where there are quiet periods none of them lasts.
fn orders(plan: &Plan, workload: &mut Workload<'_>, rng: &mut Rng) {
    if rng.chance(3, 4) {
        return;
    }
    let momentary = [OrderKind::Sweep, OrderKind::Process];
    let is_quiet = !plan.quiet_at_ms.is_empty();
    let kinds = weights(if is_quiet { &momentary } else { &LASTING_OR_NOT }, rng);
    for place in 0..rng.between(1, ORDERS_MAX) {
        let table = OrdersTable {
            kind: Spanned::new(0..0, pick(&kinds, rng)),
            count: Spanned::new(0..0, Count(1)),
            at_ms: Spanned::new(0..0, whole_run(plan)),
            for_ms: millis(1, 20_000),
            target: None,
        };
        workload.orders(place, &table, plan.topology.endpoints.len());
    }
}

/// Anything up to `high`; but now and then the very least that is allowed, or the most that is not.
fn amounts(high: u64, rng: &mut Rng) -> Span<Sum> {
    match rng.below(8) {
        0 => Span::of(Sum(MIN_MILLI)),
        1 => Span::of(Sum(MIN_MILLI - 1)),
        _ => Span {
            low: Sum(1),
            high: Sum(high),
        },
    }
}

fn whole_run(plan: &Plan) -> Span<Millis> {
    millis(0, plan.duration_ms)
}

const fn millis(low: u64, high: u64) -> Span<Millis> {
    Span {
        low: Millis(low),
        high: Millis(high),
    }
}
