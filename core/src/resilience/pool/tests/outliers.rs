//! Endpoints that fail now and then, and never so often in a row that a breaker opens.

use super::{any, at, lease, millis, pool, status};
use crate::resilience::breaker::BreakerState;
use crate::resilience::error_class::ErrorClass;
use crate::resilience::pool::{EndpointSet, Lease, Pool, PoolPolicy, ProviderSet, Unavailable};
use crate::rng::Rng;
use crate::time::Instant;

/// Asks just this endpoint, whatever speaks against it.
fn only(pool: &mut Pool, now: Instant, endpoint: u8) -> Lease {
    let count = u8::try_from(pool.endpoint_count()).unwrap();
    let others: EndpointSet = (0..count).filter(|other| *other != endpoint).collect();
    lease(pool.choose(now, others, ProviderSet::EMPTY, 1))
}

/// Sixteen results of an endpoint, every second of which is a failure: its breaker stays closed.
fn falter(pool: &mut Pool, now: Instant, endpoint: u8) {
    fail_of_sixteen(pool, now, endpoint, 8);
}

/// Sixteen results of an endpoint, so many of which, at most 8, are failures, none of them next to another.
fn fail_of_sixteen(pool: &mut Pool, now: Instant, endpoint: u8, failures: u8) {
    for nth in 0..16 {
        if nth % 2 == 0 && nth / 2 < failures {
            fail(pool, now, endpoint);
        } else {
            let lease = only(pool, now, endpoint);
            let _ = pool.on_answer(now, lease, millis(10));
        }
    }
}

fn fail(pool: &mut Pool, now: Instant, endpoint: u8) {
    let lease = only(pool, now, endpoint);
    let _ = pool.on_failure(now, lease, ErrorClass::Server, None, millis(10));
}

/// A pool of four endpoints, so many of which are verified, with this bound to the failures of an endpoint.
fn pool_of_four(verified: u8, eject_percent: u8) -> Pool {
    let policy = PoolPolicy {
        eject_percent,
        ..PoolPolicy::default()
    };
    let mut pool = Pool::new(policy, &[0, 1, 2, 3], Rng::from_seed(1));
    (0..verified).for_each(|endpoint| pool.mark_verified(endpoint));
    pool
}

fn is_ejected(pool: &Pool, now: Instant, endpoint: usize) -> bool {
    status(pool, now, endpoint).ejected_until.is_some()
}

/// Whom `count` choices fall on, each answered at once.
fn chosen(pool: &mut Pool, now: Instant, count: usize) -> [usize; 4] {
    let mut chosen = [0; 4];
    for _ in 0..count {
        let lease = lease(any(pool, now));
        chosen[usize::from(lease.endpoint)] += 1;
        let _ = pool.on_answer(now, lease, millis(10));
    }
    chosen
}

#[test]
fn who_fails_far_more_often_than_the_others_is_rested_though_its_breaker_is_closed() {
    let mut pool = pool(&[0, 1, 2, 3]);
    falter(&mut pool, at(0), 2);
    let one = status(&pool, at(0), 2);
    assert_eq!(
        (one.breaker, one.ejected_until),
        (BreakerState::Closed, Some(at(30_000)))
    );
    assert_eq!(chosen(&mut pool, at(29_999), 500)[2], 0);
    assert!(chosen(&mut pool, at(45_000), 500)[2] > 0, "it is back");
}

#[test]
fn what_all_suffer_makes_no_outlier() {
    let mut pool = pool(&[0, 1, 2, 3]);
    // The first has nobody to be worse than by then; the second and third are not twice as bad as the rest.
    for endpoint in [0, 1, 2, 3, 0, 1, 2, 3] {
        falter(&mut pool, at(40_000), endpoint);
    }
    let ejected = (0..4).filter(|one| is_ejected(&pool, at(40_000), *one)).count();
    assert!(ejected <= 2, "{ejected}");
}

#[test]
fn an_outlier_fails_so_often_and_twice_as_often_as_the_others_do() {
    // The bound, failures of 16 of the one, and those of each other, 25 % for one and 44 % for two of them.
    for (eject_percent, failures, others, is_rested) in [
        (50, 8, [0, 0, 0], true),
        (50, 7, [0, 0, 0], false),
        (51, 8, [0, 0, 0], false),
        (6, 1, [0, 0, 0], true),
        (7, 1, [0, 0, 0], false),
        (50, 8, [1, 1, 1], true),
        (50, 8, [1, 2, 1], false),
        (50, 8, [0, 2, 1], true),
    ] {
        let mut pool = pool_of_four(4, eject_percent);
        for (other, failures) in (1..).zip(others) {
            (0..failures).for_each(|_| fail(&mut pool, at(0), other));
        }
        fail_of_sixteen(&mut pool, at(0), 0, failures);
        assert_eq!(
            is_ejected(&pool, at(0), 0),
            is_rested,
            "{failures} of 16 at {eject_percent} % beside {others:?}"
        );
    }
}

#[test]
fn an_endpoint_is_compared_with_others_that_are_verified_alone() {
    for (verified, is_rested) in [(1, false), (2, true)] {
        let mut pool = pool_of_four(verified, 50);
        falter(&mut pool, at(0), 0);
        assert_eq!(is_ejected(&pool, at(0), 0), is_rested, "{verified} are verified");
    }
}

#[test]
fn who_comes_back_from_an_open_breaker_is_asked_little_at_first() {
    let policy = PoolPolicy {
        explore_one_in: u32::MAX,
        ..PoolPolicy::default()
    };
    let mut pool = Pool::new(policy, &[0, 1], Rng::from_seed(1));
    super::verify_all(&mut pool);
    let slow = only(&mut pool, at(0), 1);
    let _ = pool.on_answer(at(0), slow, millis(50));
    (0..5).for_each(|_| fail(&mut pool, at(0), 0));
    // By then its failures are forgotten.
    for state in [
        BreakerState::HalfOpen,
        BreakerState::HalfOpen,
        BreakerState::Closed,
    ] {
        let lease = only(&mut pool, at(200_000), 0);
        let _ = pool.on_answer(at(200_000), lease, millis(10));
        assert_eq!(pool.breaker(0), state);
    }
    for (now, best) in [(200_000, 1), (202_000, 1), (209_000, 0), (210_000, 0)] {
        let lease = lease(any(&mut pool, at(now)));
        assert_eq!(lease.endpoint, best, "at {now}");
        pool.cancel(at(now), lease);
    }
}

#[test]
fn a_share_at_most_is_rested_at_once() {
    for (share, most) in [(0, 0), (24, 0), (25, 1), (50, 2), (99, 3)] {
        let policy = PoolPolicy {
            eject_share_max: share,
            ..PoolPolicy::default()
        };
        let mut pool = Pool::new(policy, &[0, 1, 2, 3], Rng::from_seed(1));
        super::verify_all(&mut pool);
        for endpoint in 0..4 {
            // What the others did is long forgotten.
            falter(&mut pool, at(1_000 + u64::from(endpoint)), endpoint);
            (0..200).for_each(|_| {
                for other in (0..4).filter(|other| *other != endpoint) {
                    let lease = only(&mut pool, at(1_000 + u64::from(endpoint)), other);
                    let _ = pool.on_answer(at(1_000 + u64::from(endpoint)), lease, millis(10));
                }
            });
        }
        let ejected = (0..4).filter(|one| is_ejected(&pool, at(1_004), *one)).count();
        assert!(
            ejected <= most && ejected + 1 >= most.min(2),
            "{share}: {ejected}"
        );
    }
}

#[test]
fn when_too_few_are_well_or_nobody_else_is_left_those_that_rest_are_used() {
    let mut pool = pool(&[0, 1, 2, 3]);
    falter(&mut pool, at(0), 0);
    assert!(is_ejected(&pool, at(0), 0));
    // Nobody else is left for this choice.
    let lease = only(&mut pool, at(1), 0);
    pool.cancel(at(1), lease);
    assert_eq!(chosen(&mut pool, at(1), 500)[0], 0);
    // Two of four are well: that is half of them, and no panic.
    let _ = pool.force_open(1);
    assert_eq!(chosen(&mut pool, at(2), 500)[..2], [0, 0]);
    // One of four is well: that is.
    let _ = pool.force_open(2);
    assert!(chosen(&mut pool, at(2), 500)[0] > 0);
    let _ = pool.force_open(3);
    let _ = pool.force_open(0);
    super::nobody(any(&mut pool, at(3)), Unavailable::Refused, None);
}
