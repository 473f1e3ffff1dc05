//! Swarm testing: each seed draws its own world, workload and faults, and leaves much out.
//!
//! What is left out matters: a run that only crashes goes where a run with everything at once never gets (Groce et
//! al., "Swarm Testing", ISSTA 2012). So each kind of payment, claim and command is off in half of the runs, and so are
//! each family of faults and each kind of a family that is on. All draws come from a configuration stream, apart from every
//! stream of the run itself.

mod breaks;
mod faults;
mod topology;

use plimsoll_core::rng::Rng;
use toml::Spanned;

use super::expand::{Workload, core};
use super::kinds::{Claiming, DepositKind, OrderKind, TransactionKind};
use super::schema::{DepositsTable, OrdersTable, ScenarioTable, SwarmTable, TransactionsTable};
use super::values::{Count, Millis, Percent, Span, Sum};
use crate::model::assets::MIN_MILLI;
use crate::world::plan::{Deed, Handling, Plan};

/// The most looks at balances.
const LOOKS_MAX: u64 = 20;
/// The most orders of operators.
const ORDERS_MAX: u64 = 8;

/// The plan of one seed of the swarm `table`.
pub(super) fn draw(name: &str, table: &ScenarioTable, swarm: &SwarmTable, rng: &Rng) -> Plan {
    let mut plan = Plan::calm(name, table.duration_ms.get_ref().0);
    plan.expect = table.expect.expectations();
    plan.topology = topology::draw(swarm, &mut rng.fork("topology"));
    settling(&mut plan, &mut rng.fork("settling"));
    topology::abilities(&mut plan, &mut rng.fork("abilities"));
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
