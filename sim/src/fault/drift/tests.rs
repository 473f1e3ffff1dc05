use core::time::Duration;

use super::Drift;

#[track_caller]
fn check(drift: Drift, offsets_ms: &[(u64, i64)]) {
    for (after_ms, expected) in offsets_ms {
        let found = drift.offset_micros(Duration::from_millis(*after_ms));
        assert_eq!(found, expected * 1_000, "{drift:?} after {after_ms} ms");
    }
}

#[test]
fn a_clock_is_too_fast_or_too_slow_by_a_rate() {
    let fast = Drift::Linear { ppm: 50_000 };
    check(fast, &[(0, 0), (1_000, 50), (60_000, 3_000)]);
    let slow = Drift::Linear { ppm: -500_000 };
    check(slow, &[(0, 0), (1_000, -500), (60_000, -30_000)]);
}

#[test]
fn a_clock_swings_around_the_right_date() {
    let swing = Drift::Periodic {
        by_ms: 200,
        every_ms: 8_000,
    };
    let one = [
        (0, 0),
        (1_000, 100),
        (2_000, 200),
        (4_000, 0),
        (6_000, -200),
        (7_000, -100),
    ];
    check(swing, &one);
    check(swing, &one.map(|(at, offset)| (at + 80_000, offset)));
}

#[test]
fn a_clock_jumps_again_and_again() {
    let steps = Drift::Step {
        by_ms: -30,
        every_ms: 500,
    };
    check(steps, &[(0, 0), (499, 0), (500, -30), (1_499, -60), (1_500, -90)]);
}

#[test]
fn no_drift_overflows() {
    let longest = Duration::from_secs(u64::MAX);
    for (by_ms, expected) in [(i64::MIN, i64::MIN), (i64::MAX, i64::MAX)] {
        let step = Drift::Step { by_ms, every_ms: 1 };
        assert_eq!(step.offset_micros(longest), expected);
        assert_eq!(Drift::Linear { ppm: by_ms }.offset_micros(longest), expected);
    }
    for every_ms in [0, 1, u64::MAX] {
        let by_ms = u64::MAX;
        let furthest = Drift::Periodic { by_ms, every_ms }.offset_micros(longest);
        assert!(furthest.unsigned_abs() <= 1 << 54, "{furthest}");
    }
}
