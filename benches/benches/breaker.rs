//! The breaker: admit one call and record its success, beside the `failsafe` crate with the same policy.
//!
//! `failsafe` locks a mutex, because many threads share its breaker; ours belongs to one machine. So ours is also
//! measured behind a mutex, locked once to admit and once to record as theirs is.

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

use failsafe::{Config, backoff, failure_policy};
use plimsoll_benches::suite::{Suite, Unit};
use plimsoll_benches::took::{Took, timed};
use plimsoll_core::resilience::breaker::{Admission, Breaker, BreakerPolicy, CallOutcome, Permit};
use plimsoll_core::time::Instant;

const TOOK: Duration = Duration::from_millis(3);
const NO_GOAL: Unit = Unit::TimeEach { goal: None };

fn main() {
    let mut suite = Suite::new("breaker");
    let goal = Unit::TimeEach { goal: Some(25e-9) };
    suite.measure("admit_and_record", 100, 1, goal, |iterations| {
        let mut breaker = Breaker::new(BreakerPolicy::api());
        repeat(iterations, |now| {
            let permit = granted(black_box(&mut breaker).try_acquire(now));
            black_box(breaker.record(now, permit, black_box(CallOutcome::Success), TOOK));
        })
    });
    suite.measure("behind_a_mutex", 100, 1, NO_GOAL, |iterations| {
        let breaker = Mutex::new(Breaker::new(BreakerPolicy::api()));
        repeat(iterations, |now| {
            let permit = granted(locked(black_box(&breaker)).try_acquire(now));
            black_box(locked(&breaker).record(now, permit, black_box(CallOutcome::Success), TOOK));
        })
    });
    suite.measure("failsafe", 100, 1, NO_GOAL, |iterations| {
        let policy = failure_policy::consecutive_failures(5, backoff::constant(Duration::from_secs(60)));
        let breaker = Config::new().failure_policy(policy).build();
        repeat(iterations, |_| {
            assert!(
                black_box(&breaker).is_call_permitted(),
                "a closed breaker refused"
            );
            breaker.on_success();
        })
    });
    suite.compare("admit_and_record", "failsafe");
    suite.compare("behind_a_mutex", "failsafe");
    suite.finish();
}

fn granted(admission: Admission) -> Permit {
    match admission {
        Admission::Granted(permit) => permit,
        Admission::Refused { .. } => unreachable!("a closed breaker refused"),
    }
}

fn locked(breaker: &Mutex<Breaker>) -> std::sync::MutexGuard<'_, Breaker> {
    breaker
        .lock()
        .unwrap_or_else(|_| unreachable!("no holder of the lock panics"))
}

/// Calls `work` at `iterations` instants, a microsecond apart.
fn repeat(iterations: u64, mut work: impl FnMut(Instant)) -> Took {
    let (took, ()) = timed(|| {
        for call in 0..iterations {
            work(Instant::from_nanos(call * 1_000));
        }
    });
    took
}
