//! Plans with something left out, and with it whatever refers to it; what is left is numbered anew.

use std::collections::BTreeMap;

use crate::fault::{Cue, Fault, LinkName, Trigger};
use crate::world::plan::{ClaimPlan, Deed, Movement, Plan, ScheduledFault};

/// `plan` with the faults at these places alone, in this order.
pub(super) fn keep_faults(plan: &Plan, kept: &[usize]) -> Plan {
    Plan {
        faults: kept.iter().map(|place| plan.faults[*place].clone()).collect(),
        ..plan.clone()
    }
}

/// `plan` with the deeds at these places alone, in this order. A deposit takes with it whoever says whose it is.
pub(super) fn keep_deeds(plan: &Plan, kept: &[usize]) -> Plan {
    let is_whole = |place: &&usize| match &plan.workload[**place] {
        Deed::Attribute { deed, .. } => kept.contains(&index(*deed)),
        Deed::Order { order, .. } => order.deposit().is_none_or(|deed| kept.contains(&index(deed))),
        Deed::Deposit { .. }
        | Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. } => true,
    };
    let kept: Vec<usize> = kept.iter().filter(is_whole).copied().collect();
    let places: BTreeMap<usize, u32> = kept.iter().copied().zip(0u32..).collect();
    let renumbered = kept.iter().map(|place| {
        let mut deed = plan.workload[*place].clone();
        if let Some((named, _)) = about(&mut deed) {
            *named = places[&index(*named)];
        }
        deed
    });
    Plan {
        workload: renumbered.collect(),
        ..plan.clone()
    }
}

/// The deposit that a deed is about: the place of its deed, and of its movement if it is about that alone.
const fn about(deed: &mut Deed) -> Option<(&mut u32, Option<&mut u32>)> {
    match deed {
        Deed::Attribute { deed, ordinal, .. } => Some((deed, Some(ordinal))),
        Deed::Order { order, .. } => order.deposit_mut(),
        Deed::Deposit { .. }
        | Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. } => None,
    }
}

/// `plan` with these claims alone of the deposit at `place`.
pub(super) fn keep_claims(plan: &Plan, place: usize, kept: &[usize]) -> Plan {
    let mut plan = plan.clone();
    if let Some((_, claims)) = deposit(&mut plan.workload[place]) {
        *claims = kept.iter().map(|claim| claims[*claim]).collect();
    }
    plan
}

/// `plan` with these movements alone of the deposit at `place`. A movement takes with it whoever says whose it is.
pub(super) fn keep_movements(plan: &Plan, place: usize, kept: &[usize]) -> Plan {
    let ordinals: BTreeMap<usize, u32> = kept.iter().copied().zip(0u32..).collect();
    let is_left = |deed: &Deed| match deed {
        Deed::Attribute { deed, ordinal, .. } if index(*deed) == place => {
            ordinals.contains_key(&index(*ordinal))
        }
        Deed::Order { order, .. } if order.movement().is_some_and(|(deed, _)| index(deed) == place) => {
            let movement = order.movement();
            movement.is_some_and(|(_, ordinal)| ordinals.contains_key(&index(ordinal)))
        }
        Deed::Attribute { .. }
        | Deed::Order { .. }
        | Deed::Deposit { .. }
        | Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. } => true,
    };
    let left: Vec<usize> = (0..plan.workload.len())
        .filter(|deed| is_left(&plan.workload[*deed]))
        .collect();
    let mut changed = plan.clone();
    if let Some((movements, _)) = deposit(&mut changed.workload[place]) {
        *movements = kept.iter().map(|movement| movements[*movement]).collect();
    }
    for deed in &mut changed.workload {
        if let Some((deed, Some(ordinal))) = about(deed)
            && index(*deed) == place
        {
            *ordinal = ordinals.get(&index(*ordinal)).copied().unwrap_or_default();
        }
    }
    keep_deeds(&changed, &left)
}

/// `plan` with the endpoints at these places alone, and without the faults of the others.
pub(super) fn keep_endpoints(plan: &Plan, kept: &[usize]) -> Plan {
    let places: BTreeMap<usize, u8> = kept.iter().copied().zip(0u8..).collect();
    let place = |endpoint: u8| places.get(&usize::from(endpoint)).copied();
    let mut changed = plan.clone();
    changed.topology.endpoints = kept
        .iter()
        .map(|place| plan.topology.endpoints[*place].clone())
        .collect();
    changed.core = plan
        .core
        .as_ref()
        .map(|core| core.iter().filter_map(|one| place(*one)).collect());
    changed.faults.retain_mut(|one| renumber(one, &place));
    let left: Vec<usize> = (0..changed.workload.len())
        .filter(|deed| reorder(&mut changed.workload[*deed], &place))
        .collect();
    keep_deeds(&changed, &left)
}

/// Gives the endpoint that an order is about its new place. Says whether it is there.
fn reorder(deed: &mut Deed, place: &dyn Fn(u8) -> Option<u8>) -> bool {
    let Deed::Order { order, .. } = deed else {
        return true;
    };
    let Some(endpoint) = order.endpoint_mut() else {
        return true;
    };
    let new = place(*endpoint);
    *endpoint = new.unwrap_or(*endpoint);
    new.is_some()
}

/// Gives the endpoints that `one` names their new places. Says whether they are all there.
fn renumber(one: &mut ScheduledFault, place: &dyn Fn(u8) -> Option<u8>) -> bool {
    let mut named: Vec<&mut u8> = Vec::new();
    match &mut one.fault {
        Fault::Endpoint { endpoint, .. }
        | Fault::Network {
            link: LinkName::Endpoint { endpoint },
            ..
        } => named.push(endpoint),
        Fault::Network { .. }
        | Fault::Store { .. }
        | Fault::Disk { .. }
        | Fault::Process { .. }
        | Fault::Chain { .. }
        | Fault::Queue { .. }
        | Fault::Worker { .. } => {}
    }
    if let Some(Trigger { cue, .. }) = &mut one.after {
        match cue {
            Cue::Question { endpoint } | Cue::Opened { endpoint } => named.push(endpoint),
            Cue::Commit
            | Cue::Request
            | Cue::Seen
            | Cue::Credited
            | Cue::Reorged
            | Cue::DeadLetter
            | Cue::Leased { .. }
            | Cue::Start => {}
        }
    }
    named.into_iter().all(|endpoint| {
        let new = place(*endpoint);
        *endpoint = new.unwrap_or(*endpoint);
        new.is_some()
    })
}

/// `plan` without the user `gone`; what they do, `heir` does.
pub(super) fn merge_user(plan: &Plan, gone: u32, heir: u32) -> Plan {
    let mut changed = plan.clone();
    changed.topology.users = plan.topology.users.saturating_sub(1);
    for user in changed.workload.iter_mut().flat_map(users_of) {
        if *user == gone {
            *user = heir;
        }
        if *user > gone {
            *user -= 1;
        }
    }
    changed
}

fn users_of(deed: &mut Deed) -> Vec<&mut u32> {
    match deed {
        Deed::Deposit {
            movements, claims, ..
        } => {
            let paid = movements.iter_mut().map(|movement| &mut movement.user);
            paid.chain(claims.iter_mut().map(|claim| &mut claim.user))
                .collect()
        }
        Deed::Transfer { from, to, .. } => vec![from, to],
        Deed::Balances { user, .. } | Deed::Attribute { user, .. } => vec![user],
        Deed::RetryDeadLetters { .. } | Deed::Order { .. } => Vec::new(),
    }
}

/// `plan` cut short after `duration_ms`: what begins later is left out, what ends later ends then.
pub(super) fn cut(plan: &Plan, duration_ms: u64) -> Plan {
    let in_time = |deed: &Deed| deed.at_ms() <= duration_ms;
    let left: Vec<usize> = (0..plan.workload.len())
        .filter(|place| in_time(&plan.workload[*place]))
        .collect();
    let mut changed = keep_deeds(plan, &left);
    changed.duration_ms = duration_ms;
    changed.quiet_at_ms.retain(|at_ms| *at_ms <= duration_ms);
    changed.faults.retain(|one| one.from_ms <= duration_ms);
    for until_ms in changed.faults.iter_mut().filter_map(|one| one.until_ms.as_mut()) {
        *until_ms = duration_ms.min(*until_ms);
    }
    for deed in &mut changed.workload {
        match deed {
            Deed::Deposit { claims, .. } => claims.retain(|claim| claim.at_ms <= duration_ms),
            Deed::Transfer {
                hold, reverse_at_ms, ..
            } => {
                *reverse_at_ms = reverse_at_ms.filter(|at_ms| *at_ms <= duration_ms);
                if let Some(hold) = hold {
                    hold.end_at_ms = hold.end_at_ms.min(duration_ms);
                }
            }
            Deed::Order { order, .. } => {
                if let Some(until_ms) = order.until_ms_mut() {
                    *until_ms = duration_ms.min(*until_ms);
                }
            }
            Deed::Balances { .. } | Deed::RetryDeadLetters { .. } | Deed::Attribute { .. } => {}
        }
    }
    changed
}

/// `plan` without its first `from_ms`: what is done before is left out, and what is wrong then is so from the beginning.
pub(super) fn begin_at(plan: &Plan, from_ms: u64) -> Plan {
    let left: Vec<usize> = (0..plan.workload.len())
        .filter(|place| plan.workload[*place].at_ms() >= from_ms)
        .collect();
    let mut changed = keep_deeds(plan, &left);
    changed.quiet_at_ms.retain(|at_ms| *at_ms >= from_ms);
    changed
        .faults
        .retain(|one| one.after.is_some() || one.until_ms.is_none_or(|until_ms| until_ms >= from_ms));
    for at_ms in times_of(&mut changed) {
        *at_ms = at_ms.saturating_sub(from_ms);
    }
    changed.duration_ms = plan.duration_ms.saturating_sub(from_ms).max(1);
    changed
}

/// `plan` with everything from `from_ms` on `by_ms` sooner, its end included.
pub(super) fn pull(plan: &Plan, from_ms: u64, by_ms: u64) -> Plan {
    let mut changed = plan.clone();
    for at_ms in times_of(&mut changed)
        .into_iter()
        .filter(|at_ms| **at_ms >= from_ms)
    {
        *at_ms -= by_ms;
    }
    changed.duration_ms = plan.duration_ms.saturating_sub(by_ms).max(1);
    changed
}

/// Every absolute time of `plan` but its end, in order and without repetition.
pub(super) fn moments(plan: &Plan) -> Vec<u64> {
    let mut times: Vec<u64> = times_of(&mut plan.clone())
        .into_iter()
        .map(|at_ms| *at_ms)
        .collect();
    times.sort_unstable();
    times.dedup();
    times
}

fn times_of(plan: &mut Plan) -> Vec<&mut u64> {
    let mut times: Vec<&mut u64> = plan.quiet_at_ms.iter_mut().collect();
    // The times of a fault that waits for something count from that.
    for one in plan.faults.iter_mut().filter(|one| one.after.is_none()) {
        times.push(&mut one.from_ms);
        times.extend(one.until_ms.as_mut());
    }
    times.extend(plan.workload.iter_mut().flat_map(times_in));
    times
}

/// The times of a deed, its own first.
pub(super) fn times_in(deed: &mut Deed) -> Vec<&mut u64> {
    match deed {
        Deed::Deposit { at_ms, claims, .. } => {
            let claims = claims.iter_mut().map(|claim| &mut claim.at_ms);
            core::iter::once(at_ms).chain(claims).collect()
        }
        Deed::Transfer {
            at_ms,
            hold,
            reverse_at_ms,
            ..
        } => {
            let ends = hold.iter_mut().map(|hold| &mut hold.end_at_ms);
            core::iter::once(at_ms)
                .chain(ends)
                .chain(reverse_at_ms.as_mut())
                .collect()
        }
        Deed::Order { at_ms, order } => core::iter::once(at_ms).chain(order.until_ms_mut()).collect(),
        Deed::Balances { at_ms, .. }
        | Deed::RetryDeadLetters { at_ms, .. }
        | Deed::Attribute { at_ms, .. } => {
            vec![at_ms]
        }
    }
}

/// Every amount that moves in `plan`, the largest first, without repetition.
pub(super) fn amounts(plan: &Plan) -> Vec<u64> {
    let mut amounts: Vec<u64> = amounts_of(&mut plan.clone())
        .into_iter()
        .map(|milli| *milli)
        .collect();
    amounts.sort_unstable_by(|one, other| other.cmp(one));
    amounts.dedup();
    amounts
}

/// `plan` with another amount wherever one is `milli`: a payment that is repeated stays the same.
pub(super) fn with_amount(plan: &Plan, milli: u64, new: u64) -> Plan {
    let mut changed = plan.clone();
    for one in amounts_of(&mut changed).into_iter().filter(|one| **one == milli) {
        *one = new;
    }
    changed
}

fn amounts_of(plan: &mut Plan) -> Vec<&mut u64> {
    plan.workload.iter_mut().flat_map(amounts_in).collect()
}

fn amounts_in(deed: &mut Deed) -> Vec<&mut u64> {
    match deed {
        Deed::Deposit { movements, .. } => {
            let amounts = movements.iter_mut();
            amounts.map(|movement| &mut movement.amount_milli).collect()
        }
        Deed::Transfer { amount_milli, .. } => vec![amount_milli],
        Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. }
        | Deed::Order { .. } => Vec::new(),
    }
}

/// The movements and claims of a deposit.
fn deposit(deed: &mut Deed) -> Option<(&mut Vec<Movement>, &mut Vec<ClaimPlan>)> {
    match deed {
        Deed::Deposit {
            movements, claims, ..
        } => Some((movements, claims)),
        Deed::Transfer { .. }
        | Deed::Balances { .. }
        | Deed::RetryDeadLetters { .. }
        | Deed::Attribute { .. }
        | Deed::Order { .. } => None,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
