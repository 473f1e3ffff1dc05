//! What can be left out: faults, deeds and parts of them, endpoints, users.

use crate::shrink::ddmin::ddmin;
use crate::shrink::edit;
use crate::shrink::search::Search;
use crate::world::plan::{Deed, Plan};

/// In how many parts a list is tried while large parts are looked for.
const COARSE_PARTS: usize = 16;
/// Of how many faults and deeds pairs are tried at the most: 780 of them.
const PAIRS_OF_MAX: usize = 40;

/// Faults, those that begin last first.
pub(super) fn faults(search: &mut Search<'_>) {
    let from_ms = |place: &usize| search.plan().faults[*place].from_ms;
    let order = sorted(search.plan().faults.len(), from_ms);
    out_of(search, order.len(), &|plan, kept| {
        edit::keep_faults(plan, &in_place(&order, kept))
    });
}

/// Deeds, those that come last first, each with those that refer to it.
pub(super) fn deeds(search: &mut Search<'_>) {
    let at_ms = |place: &usize| search.plan().workload[*place].at_ms();
    let order = sorted(search.plan().workload.len(), at_ms);
    out_of(search, order.len(), &|plan, kept| {
        edit::keep_deeds(plan, &in_place(&order, kept))
    });
}

/// The places of `count` entries in the order of their times: what is of no consequence often lies together in time.
fn sorted(count: usize, time: impl Fn(&usize) -> u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(time);
    order
}

/// The places of those that were kept of `order`, as the plan has them.
fn in_place(order: &[usize], kept: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = kept.iter().map(|place| order[*place]).collect();
    places.sort_unstable();
    places
}

/// Two faults or deeds at once, where neither can go alone, once few are left.
pub(super) fn pairs(search: &mut Search<'_>) {
    loop {
        let (faults, deeds) = (search.plan().faults.len(), search.plan().workload.len());
        let count = faults + deeds;
        if count > PAIRS_OF_MAX {
            return;
        }
        let mut pairs = (0..count).rev().flat_map(|b| (0..b).rev().map(move |a| (a, b)));
        let is_left_out = |search: &mut Search<'_>, (a, b): (usize, usize)| {
            let is_kept = |place: usize| place != a && place != b;
            let of_faults: Vec<usize> = (0..faults).filter(|place| is_kept(*place)).collect();
            let of_deeds: Vec<usize> = (0..deeds).filter(|place| is_kept(faults + place)).collect();
            let candidate = edit::keep_faults(search.plan(), &of_faults);
            let candidate = edit::keep_deeds(&candidate, &of_deeds);
            search.attempt(&candidate)
        };
        if !pairs.any(|pair| is_left_out(search, pair)) {
            return;
        }
    }
}

pub(super) fn claims(search: &mut Search<'_>) {
    for place in 0..search.plan().workload.len() {
        let (_, claims) = parts(search.plan(), place);
        out_of(search, claims, &|plan, kept| edit::keep_claims(plan, place, kept));
    }
}

pub(super) fn movements(search: &mut Search<'_>) {
    // Backwards: whoever attributes a movement goes with it, and moves the places of later deeds.
    for place in (0..search.plan().workload.len()).rev() {
        let (movements, _) = parts(search.plan(), place);
        out_of(search, movements, &|plan, kept| {
            edit::keep_movements(plan, place, kept)
        });
    }
}

pub(super) fn quiet_periods(search: &mut Search<'_>) {
    out_of(search, search.plan().quiet_at_ms.len(), &|plan, kept| Plan {
        quiet_at_ms: kept.iter().map(|place| plan.quiet_at_ms[*place]).collect(),
        ..plan.clone()
    });
}

pub(super) fn endpoints(search: &mut Search<'_>) {
    out_of(
        search,
        search.plan().topology.endpoints.len(),
        &edit::keep_endpoints,
    );
}

/// Users, each of whom leaves what they do to another one.
pub(super) fn users(search: &mut Search<'_>) {
    for gone in (0..search.plan().topology.users).rev() {
        let heirs = (0..search.plan().topology.users).filter(|heir| *heir != gone);
        for heir in heirs {
            let candidate = edit::merge_user(search.plan(), gone, heir);
            if search.attempt(&candidate) {
                break;
            }
        }
    }
}

/// How many movements and claims the deed at `place` has.
fn parts(plan: &Plan, place: usize) -> (usize, usize) {
    match plan.workload.get(place) {
        Some(Deed::Deposit {
            movements, claims, ..
        }) => (movements.len(), claims.len()),
        Some(
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. },
        )
        | None => (0, 0),
    }
}

/// Leaves out whatever can be of `count` entries, of which `keep` keeps some.
fn out_of(search: &mut Search<'_>, count: usize, keep: &dyn Fn(&Plan, &[usize]) -> Plan) {
    let whole = search.plan().clone();
    let least = if search.effort().is_coarse {
        count.div_ceil(COARSE_PARTS).max(1)
    } else {
        1
    };
    ddmin(count, least, &mut |kept| search.holds(&keep(&whole, kept)));
}
