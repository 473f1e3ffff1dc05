//! The `[pool]` table: how endpoints are chosen, timed out and rested.

use figment::value::Value;
use plimsoll_core::resilience::breaker::TripModel;
use plimsoll_core::resilience::{BreakerPolicy, HedgePolicy, PoolPolicy};

use super::fault::Faults;
use super::section::{Section, Unfit, duration, within};

/// Reads the policy, which the core then checks.
pub(super) fn read(mut section: Section, faults: &mut Faults) -> PoolPolicy {
    let PoolPolicy {
        breaker,
        attempt_timeout_min,
        attempt_timeout_max,
        in_flight_max,
        disagreement_cordon,
        identity_cordon,
        ban,
        ban_max,
        probe_interval,
        eject_percent,
        eject_for,
        eject_times_max,
        eject_share_max,
        panic_percent,
        slow_start,
        hedge,
        explore_one_in,
    } = PoolPolicy::default();
    let policy = PoolPolicy {
        breaker: read_breaker(section.table("breaker", faults), breaker, faults),
        attempt_timeout_min: section.optional("attempt_timeout_min", duration, attempt_timeout_min, faults),
        attempt_timeout_max: section.optional("attempt_timeout_max", duration, attempt_timeout_max, faults),
        in_flight_max: section.optional("in_flight_max", small(64), in_flight_max, faults),
        disagreement_cordon: section.optional("disagreement_cordon", duration, disagreement_cordon, faults),
        identity_cordon: section.optional("identity_cordon", duration, identity_cordon, faults),
        ban: section.optional("ban", duration, ban, faults),
        ban_max: section.optional("ban_max", duration, ban_max, faults),
        probe_interval: section.optional("probe_interval", duration, probe_interval, faults),
        eject_percent: section.optional("eject_percent", small(100), eject_percent, faults),
        eject_for: section.optional("eject_for", duration, eject_for, faults),
        eject_times_max: section.optional("eject_times_max", small(255), eject_times_max, faults),
        eject_share_max: section.optional("eject_share_max", percent, eject_share_max, faults),
        panic_percent: section.optional("panic_percent", percent, panic_percent, faults),
        slow_start: section.optional("slow_start", duration, slow_start, faults),
        hedge: HedgePolicy {
            share_max: section.optional("hedge_share_max", percent, hedge.share_max, faults),
            after_min: section.optional("hedge_min", duration, hedge.after_min, faults),
            after_max: section.optional("hedge_max", duration, hedge.after_max, faults),
        },
        explore_one_in: section.optional("explore_one_in", count, explore_one_in, faults),
    };
    section.finish(faults);
    if let Err(error) = policy.check() {
        let at = if is_of_breaker(error.setting) {
            "pool.breaker"
        } else {
            "pool"
        };
        faults.add(
            format!("{at}.{}", error.setting),
            format!("must be {}", error.expected),
            "leave it out to get the default, which fits the others' defaults",
        );
    }
    policy
}

fn read_breaker(mut section: Section, default: BreakerPolicy, faults: &mut Faults) -> BreakerPolicy {
    let failures_default = match default.model {
        TripModel::Consecutive { failures } => failures,
        TripModel::Rate { minimum_calls, .. } => minimum_calls,
    };
    let failures = section.optional("failures", count, failures_default, faults);
    let open_for = section.optional("open_for", duration, default.open_for, faults);
    let policy = BreakerPolicy {
        model: TripModel::Consecutive { failures },
        open_for,
        // Left out, the open time does not grow.
        open_for_max: section.optional("open_for_max", duration, open_for, faults),
        successes_to_close: section.optional("successes_to_close", count, default.successes_to_close, faults),
        half_open_permits: section.optional(
            "half_open_permits",
            small(16),
            default.half_open_permits,
            faults,
        ),
        permit_timeout: section.optional("permit_timeout", duration, default.permit_timeout, faults),
        slow_call: section.optional(
            "slow_call",
            |value| duration(value).map(Some),
            default.slow_call,
            faults,
        ),
    };
    section.finish(faults);
    policy
}

fn is_of_breaker(setting: &str) -> bool {
    [
        "failures",
        "open_for",
        "open_for_max",
        "successes_to_close",
        "half_open_permits",
        "permit_timeout",
    ]
    .contains(&setting)
}

/// From 1 to `high`.
fn small(high: u8) -> impl Fn(Value) -> Result<u8, Unfit> {
    move |value| within(1, u64::from(high))(value).map(|number| u8::try_from(number).unwrap_or(high))
}

fn percent(value: Value) -> Result<u8, Unfit> {
    within(0, 100)(value).map(|number| u8::try_from(number).unwrap_or(100))
}

fn count(value: Value) -> Result<u32, Unfit> {
    within(1, u64::from(u32::MAX))(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}
