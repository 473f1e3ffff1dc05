use core::time::Duration;

use super::Times;
use crate::oracle::expectation::percentile;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn of_no_times_there_is_no_percentile() {
    assert_eq!(Times::default().percentile(50), None);
}

#[test]
fn percentiles_are_those_of_the_sorted_list() {
    for list in [
        vec![7],
        vec![3, 1, 2],
        vec![5, 5, 5, 1],
        (0..=100).rev().collect(),
        vec![0, 1_000_000],
    ] {
        let mut times = Times::default();
        list.iter().for_each(|one| times.add(ms(*one)));
        let mut sorted = list;
        sorted.sort_unstable();
        for percent in [0, 1, 50, 99, 100] {
            let expected = percentile(&sorted, percent).map(ms);
            assert_eq!(
                times.percentile(percent as u64),
                expected,
                "{percent} of {sorted:?}"
            );
        }
    }
}

#[test]
fn parts_of_a_millisecond_are_left_out() {
    let mut times = Times::default();
    times.add(Duration::from_micros(1_999));
    assert_eq!(times.percentile(99), Some(ms(1)));
}
