use core::time::Duration;

use super::{Admission, Breaker, BreakerPolicy, BreakerState, CallOutcome, Permit, RefusedBy};
use crate::time::Instant;

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

fn acquire(breaker: &mut Breaker, now: Instant) -> Permit {
    match breaker.try_acquire(now) {
        Admission::Granted(permit) => permit,
        Admission::Refused { why, .. } => panic!("refused: {why:?}"),
    }
}

#[test]
fn five_failures_open_it_for_a_minute_and_three_successes_close_it() {
    let mut breaker = Breaker::new(BreakerPolicy::api());
    for _ in 0..5 {
        let permit = acquire(&mut breaker, at(0));
        breaker.record(at(0), permit, CallOutcome::Failure, Duration::ZERO);
    }
    let refused = Admission::Refused {
        retry_at: Some(at(60)),
        why: RefusedBy::Open,
    };
    assert_eq!(breaker.try_acquire(at(59)), refused);
    for state in [
        BreakerState::HalfOpen,
        BreakerState::HalfOpen,
        BreakerState::Closed,
    ] {
        let permit = acquire(&mut breaker, at(60));
        breaker.record(at(60), permit, CallOutcome::Success, Duration::ZERO);
        assert_eq!(breaker.state(), state);
    }
}
