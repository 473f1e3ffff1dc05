use core::time::Duration;

use super::{Backoff, BackoffPolicy, Exhausted, Jitter, RETRY_AFTER_MAX, Retry};
use crate::rng::Rng;
use crate::time::Instant;

fn backoff(policy: BackoffPolicy) -> Backoff {
    Backoff::new(policy, Rng::from_seed(1).fork("backoff"))
}

#[test]
fn the_default_doubles_up_to_its_cap_and_stops_after_five_attempts() {
    let mut series = backoff(BackoffPolicy {
        jitter: Jitter::None,
        ..BackoffPolicy::default()
    });
    for seconds in [1, 2, 4, 8] {
        let at = Instant::ZERO.after(Duration::from_secs(seconds));
        assert_eq!(series.next(Instant::ZERO, None), Retry::At(at));
    }
    assert_eq!(
        series.next(Instant::ZERO, None),
        Retry::GiveUp(Exhausted::Attempts)
    );
    series.reset();
    assert_eq!(series.attempts(), 0);
    let hour = Instant::ZERO.after(RETRY_AFTER_MAX);
    assert_eq!(series.next(Instant::ZERO, Some(Duration::MAX)), Retry::At(hour));
}
