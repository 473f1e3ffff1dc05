use alloc::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const fn ms(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

const fn window(quota: u32, per_ms: u64) -> Window {
    Window {
        quota,
        per: Duration::from_millis(per_ms),
    }
}

#[test]
fn windows_say_what_they_cannot_do() {
    let day = 24 * 60 * 60 * 1_000;
    for (window, refused) in [
        (window(1, 1), None),
        (window(10_000, 300_000), None),
        (window(u32::MAX, 31 * day), None),
        (window(0, 1_000), Some("quota")),
        (window(1, 0), Some("per")),
        (window(1_000_001, 1), Some("per")),
        (window(1, 31 * day + 1), Some("per")),
    ] {
        let found = window.check().err().map(|error| error.setting);
        assert_eq!(found, refused, "{window:?}");
    }
}

#[test]
fn a_burst_and_its_intervals_come_to_the_quota() {
    for (window, burst, interval) in [
        (window(1, 1_000), 1, Duration::from_secs(1)),
        (window(2, 1_000), 1, Duration::from_millis(500)),
        (window(5, 3_000), 3, Duration::from_secs(1)),
        (window(16, 9_000), 8, Duration::from_secs(1)),
        (window(20, 1_300), 8, Duration::from_millis(100)),
        (window(400, 1_000), 100, Duration::from_nanos(3_322_260)), // a second in 301 steps, rounded up
        (window(10_000, 300_000), 2_500, Duration::from_nanos(39_994_668)),
    ] {
        assert_eq!(
            (window.burst(), window.interval()),
            (burst, interval),
            "{window:?}"
        );
    }
}

#[test]
fn a_burst_is_granted_at_once_and_then_one_call_an_interval() {
    let mut limiter = Limiter::new(&[window(20, 1_300)]);
    for _ in 0..8 {
        assert_eq!(limiter.take(ms(5), 1), Allowance::Granted);
    }
    assert_eq!(limiter.take(ms(5), 1), Allowance::NotBefore(ms(105)));
    assert_eq!(limiter.take(ms(104), 1), Allowance::NotBefore(ms(105)));
    assert_eq!(limiter.take(ms(105), 1), Allowance::Granted);
    assert_eq!(limiter.take(ms(105), 2), Allowance::NotBefore(ms(305)));
}

#[test]
fn a_refusal_counts_nothing_in_any_window() {
    let mut limiter = Limiter::new(&[window(5, 3_000), window(16, 900_000)]);
    assert_eq!(limiter.take(ms(0), 3), Allowance::Granted);
    for _ in 0..10 {
        assert_eq!(limiter.take(ms(100), 1), Allowance::NotBefore(ms(1_000)));
    }
    assert_eq!(limiter.take(ms(10_000), 3), Allowance::Granted);
    // The short window has room again, the long one has not.
    assert_eq!(limiter.take(ms(20_000), 3), Allowance::NotBefore(ms(100_000)));
}

#[test]
fn what_was_not_used_is_not_saved_up() {
    let mut limiter = Limiter::new(&[window(4, 1_000)]);
    let later = ms(3_600_000);
    assert_eq!(limiter.take(later, 2), Allowance::Granted);
    assert_ne!(limiter.take(later, 1), Allowance::Granted);
}

#[test]
fn without_windows_everything_is_granted() {
    let mut limiter = Limiter::new(&[]);
    for _ in 0..1_000 {
        assert_eq!(limiter.take(Instant::ZERO, u32::MAX), Allowance::Granted);
    }
}

#[test]
#[should_panic(expected = "a call weighs more than a whole burst")]
fn what_no_burst_holds_is_refused_outright() {
    let _never = Limiter::new(&[window(3, 1_000)]).ready_at(Instant::ZERO, 4);
}

#[test]
fn the_end_of_time_is_no_overflow() {
    let mut limiter = Limiter::new(&[window(1, 31 * 24 * 60 * 60 * 1_000)]);
    assert_eq!(limiter.take(Instant::MAX, 1), Allowance::Granted);
    // Nothing follows the end of time, so nothing that comes there is ever refused.
    assert_eq!(limiter.take(Instant::MAX, 1), Allowance::Granted);
}

/// The slow, obvious limiter: every call with its time.
#[derive(Default)]
struct Log {
    calls: VecDeque<(u64, u32)>,
}

impl Log {
    /// Calls in the `per` nanoseconds that end with `now`, `now` included.
    fn in_span(&self, now: u64, per: u64) -> u64 {
        let is_recent = |(at, _): &&(u64, u32)| now - at < per;
        let weights = self
            .calls
            .iter()
            .filter(is_recent)
            .map(|(_, weight)| u64::from(*weight));
        weights.sum()
    }
}

fn any_windows() -> impl Strategy<Value = Vec<Window>> {
    let one = (1u32..400, 1u64..5_000).prop_map(|(quota, per_ms)| window(quota, per_ms));
    proptest::collection::vec(one, 1..=WINDOWS_MAX)
}

proptest! {
    /// No span of a window's length ever holds more than its quota, and nobody waits longer than was said.
    #[test]
    fn no_span_holds_more_than_the_quota(
        windows in any_windows(),
        calls in proptest::collection::vec((0u64..200_000_000, 1u32..8, any::<bool>()), 1..300),
    ) {
        let mut limiter = Limiter::new(&windows);
        let most = windows.iter().map(Window::burst).min().unwrap_or(1);
        let (mut now, mut log) = (0u64, Log::default());
        for (gap, weight, waits) in calls {
            let weight = weight.min(most);
            now += gap;
            let mut granted = limiter.take(Instant::from_nanos(now), weight);
            if let (Allowance::NotBefore(at), true) = (granted, waits) {
                prop_assert!(at.as_nanos() > now, "told to wait, and not for how long");
                now = at.as_nanos();
                granted = limiter.take(at, weight);
                prop_assert_eq!(granted, Allowance::Granted, "told to wait in vain");
            }
            if granted == Allowance::Granted {
                log.calls.push_back((now, weight));
            }
            for window in &windows {
                let per = nanos(window.per);
                let found = log.in_span(now, per);
                prop_assert!(found <= u64::from(window.quota), "{found} calls in {window:?}");
            }
        }
    }

    /// Whoever always waits as told gets the whole quota, but for what rounding and the first burst make of it.
    #[test]
    fn the_quota_can_be_used(quota in 1u32..2_000, per_ms in 1u64..100_000) {
        let window = window(quota, per_ms);
        let mut limiter = Limiter::new(&[window]);
        let (mut now, mut granted) = (Instant::ZERO, 0u64);
        let end = Instant::ZERO.after(window.per * 4);
        while now < end {
            match limiter.take(now, 1) {
                Allowance::Granted => granted += 1,
                Allowance::NotBefore(at) => now = at,
            }
        }
        // A quarter of the quota is kept back as the burst, which is had once.
        let steady = u64::from(quota - window.burst() + 1);
        prop_assert!(granted >= steady * 4, "{granted} of {quota} in four of {window:?}");
    }
}
