use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{BURST, Duration, Hedge, HedgePolicy, SAMPLES_MAX, SAMPLES_MIN, Tail};
use crate::resilience::Withdrawal;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn policy(share_max: u8) -> HedgePolicy {
    HedgePolicy {
        share_max,
        after_min: ms(50),
        after_max: ms(1_000),
    }
}

fn tail(samples: impl IntoIterator<Item = u64>) -> Option<Duration> {
    let mut tail = Tail::default();
    samples.into_iter().for_each(|sample| tail.observe(ms(sample)));
    tail.p95()
}

#[test]
fn the_slowest_twentieth_is_left_out_whatever_the_order() {
    let falling = |count: u64| (1..=count).rev().collect::<Vec<u64>>();
    for (samples, p95) in [
        (falling(0), None),
        (falling(SAMPLES_MIN as u64 - 1), None),
        (falling(20), Some(19)),
        (falling(21), Some(20)),
        (falling(100), Some(95)),
        ([vec![9_000], vec![10; 19]].concat(), Some(10)),
        ([vec![9_000; 2], vec![10; 18]].concat(), Some(9_000)),
        (vec![7; 64], Some(7)),
    ] {
        assert_eq!(tail(samples.iter().copied()), p95.map(ms), "{samples:?}");
    }
}

#[test]
fn only_the_last_ones_count() {
    let old = core::iter::repeat_n(900, SAMPLES_MAX);
    for (new, p95) in [
        (0, 900),
        (SAMPLES_MAX - 7, 900),
        (SAMPLES_MAX - 6, 10),
        (SAMPLES_MAX * 3, 10),
    ] {
        let samples = old.clone().chain(core::iter::repeat_n(10, new));
        assert_eq!(tail(samples), Some(ms(p95)), "{new}");
    }
}

#[test]
fn the_delay_is_the_tail_within_bounds_and_the_longest_where_little_is_known() {
    for (known, took, after) in [
        (0, 200, 1_000),
        (SAMPLES_MIN - 1, 200, 1_000),
        (SAMPLES_MIN, 200, 200),
        (SAMPLES_MIN, 1, 50),
        (SAMPLES_MIN, 5_000, 1_000),
    ] {
        let mut hedge = Hedge::new(policy(5)).unwrap();
        (0..known).for_each(|_| hedge.on_answer(ms(took)));
        assert_eq!(hedge.after(), ms(after), "{known} of {took} ms");
    }
    let mut hedge = Hedge::new(policy(5)).unwrap();
    (0..20).for_each(|_| hedge.on_answer(ms(100)));
    (0..2).for_each(|_| hedge.on_timeout(ms(400)));
    assert_eq!(hedge.after(), ms(400), "what was given up took no less");
}

#[test]
fn so_many_in_a_hundred_answers_are_hedged_and_silence_earns_nothing() {
    assert_eq!(Hedge::new(policy(0)), None);
    for (share, answers, hedges) in [
        (5, 1_000, 50),
        (5, 19, 0),
        (5, 20, 1),
        (100, 7, 7),
        (1, 10_000, 100),
    ] {
        let mut hedge = Hedge::new(policy(share)).unwrap();
        (0..BURST).for_each(|_| assert_eq!(hedge.withdraw(), Withdrawal::Granted));
        (0..100).for_each(|_| hedge.on_timeout(ms(400)));
        assert_eq!(hedge.withdraw(), Withdrawal::Refused);
        let granted = (0..answers).filter(|_| {
            hedge.on_answer(ms(10));
            hedge.withdraw() == Withdrawal::Granted
        });
        assert_eq!(granted.count(), hedges, "{share} % of {answers}");
    }
    let mut hedge = Hedge::new(policy(100)).unwrap();
    (0..1_000).for_each(|_| hedge.on_answer(ms(10)));
    let burst = (0..1_000)
        .filter(|_| hedge.withdraw() == Withdrawal::Granted)
        .count();
    assert_eq!(burst, BURST as usize, "what nobody used is not kept for ever");
}

/// What befalls a class of requests.
#[derive(Debug, Clone, Copy)]
enum Step {
    Answered(u64),
    GivenUp(u64),
    Wanted,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6_000_u64).prop_map(Step::Answered),
        (0..6_000_u64).prop_map(Step::GivenUp),
        Just(Step::Wanted),
    ]
}

/// The slowest of the last ones once a twentieth of them is left out.
fn slowest(took: &[u64]) -> Option<Duration> {
    let mut last: Vec<u64> = took.iter().rev().take(SAMPLES_MAX).copied().collect();
    last.sort_unstable();
    let left_out = last.len() / 20;
    let kept = last.len().checked_sub(left_out + 1)?;
    (last.len() >= SAMPLES_MIN).then(|| ms(last[kept]))
}

proptest! {
    // A failure is kept as a test of its own, not as a seed.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_budget_is_never_overdrawn_and_the_delay_is_the_tail(
        share in 1..=100_u8,
        steps in prop::collection::vec(step(), 1..600),
    ) {
        let mut hedge = Hedge::new(policy(share)).unwrap();
        let (mut took, mut answers, mut hedges) = (Vec::new(), 0, 0);
        for step in steps {
            match step {
                Step::Answered(millis) => {
                    hedge.on_answer(ms(millis));
                    took.push(millis);
                    answers += 1;
                }
                Step::GivenUp(millis) => {
                    hedge.on_timeout(ms(millis));
                    took.push(millis);
                }
                Step::Wanted => {
                    let can_pay = hedge.can_pay();
                    let is_granted = hedge.withdraw() == Withdrawal::Granted;
                    prop_assert_eq!(is_granted, can_pay);
                    hedges += u32::from(is_granted);
                }
            }
            prop_assert!(hedges <= BURST + answers * u32::from(share) / 100);
            let expected = slowest(&took).unwrap_or_else(|| ms(1_000)).clamp(ms(50), ms(1_000));
            prop_assert_eq!(hedge.after(), expected);
        }
    }
}
