use core::time::Duration;

use plimsoll_core::rng::Rng;

use super::Latency;

fn draws(latency: Latency) -> Vec<Duration> {
    let mut rng = Rng::from_seed(7);
    (0..20_000).map(|_| latency.draw(&mut rng)).collect()
}

fn mean_us(draws: &[Duration]) -> u128 {
    draws.iter().map(Duration::as_micros).sum::<u128>() / draws.len() as u128
}

#[test]
fn uniform_stays_between_its_bounds() {
    let all = draws(Latency::Uniform {
        min_us: 2_000,
        max_us: 12_000,
    });
    let bounds = Duration::from_millis(2)..=Duration::from_millis(12);
    assert!(all.iter().all(|one| bounds.contains(one)));
    assert!((6_800..=7_200).contains(&mean_us(&all)));
}

#[test]
fn exponential_has_its_mean_and_a_long_tail() {
    let all = draws(Latency::Exponential {
        min_us: 1_000,
        mean_us: 10_000,
    });
    assert!((10_400..=12_000).contains(&mean_us(&all)), "{}", mean_us(&all));
    assert!(all.iter().any(|one| *one > Duration::from_millis(70)));
    assert!(all.iter().all(|one| *one >= Duration::from_millis(1)));
}

#[test]
fn bimodal_is_slow_as_often_as_it_says() {
    let all = draws(Latency::Bimodal {
        fast_us: 1_000,
        slow_us: 100_000,
        slow_percent: 5,
    });
    let slow = all.iter().filter(|one| **one > Duration::from_millis(10)).count();
    assert!((850..=1_150).contains(&slow), "{slow}");
}

#[test]
fn bounds_out_of_order_are_not_sound() {
    let uniform = |min_us, max_us| Latency::Uniform { min_us, max_us };
    assert!(uniform(1, 1).is_sound());
    assert!(!uniform(2, 1).is_sound());
    assert!(!Latency::Fixed { us: u64::MAX }.is_sound());
}
