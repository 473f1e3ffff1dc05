use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::{Backoff, BackoffPolicy, Exhausted, Jitter, RETRY_AFTER_MAX, Retry};
use crate::rng::Rng;
use crate::time::Instant;

const START: Instant = Instant::from_nanos(7_000_000_000);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn endless(jitter: Jitter) -> BackoffPolicy {
    BackoffPolicy {
        jitter,
        attempts_max: None,
        ..BackoffPolicy::default()
    }
}

fn series(policy: BackoffPolicy, seed: u64) -> Backoff {
    Backoff::new(policy, Rng::from_seed(seed).fork("backoff"))
}

/// The pause after a failure at [`START`], if there is one.
fn pause(series: &mut Backoff, retry_after: Option<Duration>) -> Option<Duration> {
    match series.next(START, retry_after) {
        Retry::At(at) => Some(at.since(START)),
        Retry::GiveUp(_) => None,
    }
}

#[test]
fn without_jitter_it_doubles_up_to_the_cap() {
    let mut series = series(endless(Jitter::None), 1);
    let pauses: Vec<u64> = (0..8)
        .filter_map(|_| pause(&mut series, None))
        .map(|p| p.as_secs())
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(series.attempts(), 8);
    series.reset();
    assert_eq!(series.attempts(), 0);
    assert_eq!(pause(&mut series, None), Some(millis(1_000)));
}

#[test]
fn by_default_the_fifth_failure_is_the_last() {
    let mut series = series(BackoffPolicy::default(), 1);
    for ceiling in [1_000, 2_000, 4_000, 8_000] {
        let pause = pause(&mut series, None).expect("an attempt is left");
        assert!(pause >= millis(ceiling - ceiling / 10) && pause <= millis(ceiling + ceiling / 10));
    }
    for _ in 0..3 {
        assert_eq!(series.next(START, None), Retry::GiveUp(Exhausted::Attempts));
    }
}

#[test]
fn time_runs_out_from_the_first_failure_on() {
    let policy = BackoffPolicy {
        elapsed_max: Some(millis(10_000)),
        ..endless(Jitter::None)
    };
    let mut series = series(policy, 1);
    assert_eq!(series.next(START, None), Retry::At(START.after(millis(1_000))));
    let later = START.after(millis(8_000));
    assert_eq!(series.next(later, None), Retry::At(START.after(millis(10_000))));
    assert_eq!(series.next(later, None), Retry::GiveUp(Exhausted::Elapsed));
    series.reset();
    assert_eq!(series.next(later, None), Retry::At(later.after(millis(1_000))));
    assert_eq!(
        series.next(later, Some(millis(10_001))),
        Retry::GiveUp(Exhausted::Elapsed)
    );
}

#[test]
fn retry_after_is_a_floor_with_a_lid() {
    #[track_caller]
    fn check(retry_after: Duration, expected: Duration) {
        let mut series = series(endless(Jitter::None), 1);
        assert_eq!(pause(&mut series, Some(retry_after)), Some(expected));
        assert_eq!(
            pause(&mut series, None),
            Some(millis(2_000)),
            "the next pause does not remember it"
        );
    }
    check(Duration::ZERO, millis(1_000));
    check(millis(999), millis(1_000));
    check(millis(90_000), millis(90_000));
    check(RETRY_AFTER_MAX + millis(1), RETRY_AFTER_MAX);
    check(Duration::MAX, RETRY_AFTER_MAX);
}

/// nautilus_trader's rule: a jitter that the cap cuts off would set every client of a long outage to the same beat.
#[test]
fn jitter_is_kept_at_the_cap() {
    let table = [
        (Jitter::Proportional { percent: 10 }, 27_000),
        (Jitter::Full, 0),
        (Jitter::Equal, 15_000),
    ];
    for (jitter, low) in table {
        let mut series = series(endless(jitter), 3);
        let pauses: Vec<Duration> = (0..1_010)
            .filter_map(|_| pause(&mut series, None))
            .skip(10)
            .collect();
        let (low, cap) = (millis(low), millis(30_000));
        assert!(
            pauses.iter().all(|pause| *pause >= low && *pause <= cap),
            "{jitter:?}"
        );
        assert!(
            pauses.iter().collect::<BTreeSet<_>>().len() > 990,
            "{jitter:?} repeats itself"
        );
        let third = (cap - low) / 3;
        for part in 0..3 {
            let bounds = low + third * part..low + third * (part + 1);
            let share = pauses.iter().filter(|pause| bounds.contains(pause)).count();
            assert!((250..420).contains(&share), "{jitter:?} is uneven: {share}");
        }
    }
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused() {
    #[track_caller]
    fn refused(setting: &str, change: fn(&mut BackoffPolicy)) {
        let mut policy = BackoffPolicy::default();
        assert_eq!(policy.check(), Ok(()));
        change(&mut policy);
        assert_eq!(policy.check().map_err(|error| error.setting), Err(setting));
    }
    refused("initial", |policy| policy.initial = Duration::ZERO);
    refused("factor", |policy| policy.factor = 0);
    refused("cap", |policy| policy.cap = millis(999));
    refused("jitter percent", |policy| {
        policy.jitter = Jitter::Proportional { percent: 101 }
    });
    refused("attempts_max", |policy| policy.attempts_max = Some(0));
}

fn policies() -> impl Strategy<Value = BackoffPolicy> {
    let jitter = prop_oneof![
        Just(Jitter::None),
        (0..=100_u8).prop_map(|percent| Jitter::Proportional { percent }),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Decorrelated),
    ];
    let initial = prop_oneof![1..1_000_u64, 1..10_000_000_000_u64];
    let attempts_max = prop::option::of(1..40_u32);
    let elapsed_max = prop::option::of((0..100_000_u64).prop_map(millis));
    (
        initial,
        1..10_u32,
        0..100_000_000_000_u64,
        jitter,
        attempts_max,
        elapsed_max,
    )
        .prop_map(
            |(initial, factor, more, jitter, attempts_max, elapsed_max)| BackoffPolicy {
                initial: Duration::from_nanos(initial),
                factor,
                cap: Duration::from_nanos(initial + more),
                jitter,
                attempts_max,
                elapsed_max,
            },
        )
}

/// The bounds of pause number `attempt` (from 1), straight from the formulas.
fn bounds(policy: &BackoffPolicy, attempt: u32, last: Duration) -> (u128, u128) {
    let (initial, cap) = (policy.initial.as_nanos(), policy.cap.as_nanos());
    let power = u128::from(policy.factor).saturating_pow(attempt - 1);
    let ceiling = initial.saturating_mul(power).min(cap);
    match policy.jitter {
        Jitter::None => (ceiling, ceiling),
        Jitter::Proportional { percent } => {
            let spread = ceiling * u128::from(percent) / 100;
            (ceiling - spread, (ceiling + spread).min(cap))
        }
        Jitter::Full => (0, ceiling),
        Jitter::Equal => (ceiling / 2, ceiling),
        Jitter::Decorrelated => (initial, (last.as_nanos() * 3).min(cap)),
    }
}

#[test]
fn a_series_goes_on_where_somebody_else_counted_to() {
    let whole = |failed| {
        let mut series = series(endless(Jitter::None), 1);
        for _ in 0..failed {
            let _earlier = pause(&mut series, None);
        }
        (pause(&mut series, None), series.attempts())
    };
    for failed in [0, 1, 4, 5, 6, 40] {
        let mut resumed = Backoff::resumed(endless(Jitter::None), Rng::from_seed(1), failed);
        let next = pause(&mut resumed, None);
        assert_eq!((next, resumed.attempts()), whole(failed), "{failed}");
    }
    let mut endless = Backoff::resumed(endless(Jitter::None), Rng::from_seed(1), u32::MAX);
    assert_eq!(pause(&mut endless, None), whole(40).0);
}

proptest! {
    // A failure is kept as a test of its own, not as a seed.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pause_is_within_the_bounds_of_its_formula(
        policy in policies(),
        seed in any::<u64>(),
        asked in prop::collection::vec(prop::option::weighted(0.2, 0..10_000_000_u64), 1..50),
    ) {
        let mut backoff = series(policy, seed);
        let mut twin = series(policy, seed);
        let mut now = START;
        let mut last = policy.initial;
        let mut ceiling_before = 0;
        for (attempt, asked) in (1..).zip(asked) {
            let asked = asked.map(millis);
            let answer = backoff.next(now, asked);
            prop_assert_eq!(answer, twin.next(now, asked), "the same seed gives the same pauses");
            prop_assert_eq!(backoff.attempts(), attempt);
            let (low, high) = bounds(&policy, attempt, last);
            prop_assert!(policy.jitter == Jitter::Decorrelated || high >= ceiling_before, "ceilings never sink");
            ceiling_before = high;
            match answer {
                Retry::At(at) => {
                    let pause = at.since(now);
                    let floor = asked.unwrap_or(Duration::ZERO).min(RETRY_AFTER_MAX);
                    prop_assert!(pause.as_nanos() >= low.max(floor.as_nanos()));
                    prop_assert!(pause.as_nanos() <= high.max(floor.as_nanos()));
                    prop_assert!(policy.attempts_max.is_none_or(|max| attempt < max));
                    prop_assert!(policy.elapsed_max.is_none_or(|max| at.since(START) <= max));
                    // A pause that a floor hid can have been anything up to its bound.
                    last = if asked.is_some() { policy.cap } else { pause };
                    now = at;
                }
                Retry::GiveUp(Exhausted::Attempts) => {
                    prop_assert!(policy.attempts_max.is_some_and(|max| attempt >= max));
                    break;
                }
                Retry::GiveUp(Exhausted::Elapsed) => {
                    let floor = asked.map_or(0, |asked| asked.min(RETRY_AFTER_MAX).as_nanos());
                    let latest = now.since(START).as_nanos() + high.max(floor);
                    prop_assert!(policy.elapsed_max.is_some_and(|max| latest > max.as_nanos()));
                    break;
                }
            }
        }
    }

    #[test]
    fn other_streams_give_other_pauses(seed in any::<u64>()) {
        let first = |label| pause(&mut Backoff::new(endless(Jitter::Full), Rng::from_seed(seed).fork(label)), None);
        prop_assert_ne!(first("rpc/0"), first("rpc/1"));
    }
}
