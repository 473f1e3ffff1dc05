//! Endpoints that ask to be left alone.

use alloc::vec::Vec;
use core::time::Duration;

use super::{answer, any, at, fail, lease, millis, nobody, pool, status};
use crate::resilience::error_class::ErrorClass;
use crate::resilience::pool::{Lease, Unavailable};

/// hummingbot#1291, #1278, #7017: retries turned a 429 into a ban of days.
#[test]
fn who_asks_to_be_left_alone_is_left_alone() {
    let mut pool = pool(&[0]);
    fail(&mut pool, at(0), ErrorClass::RateLimited, Some(millis(30_000)));
    assert_eq!(status(&pool, at(0), 0).banned_until, Some(at(30_000)));
    nobody(any(&mut pool, at(29_999)), Unavailable::Banned, Some(at(30_000)));
    let seen = status(&pool, at(30_000), 0);
    assert_eq!(seen.banned_until, None);
    assert_eq!(seen.counters.failures, 0, "that is our fault, not the endpoint's");
    fail(&mut pool, at(30_000), ErrorClass::Server, Some(millis(5_000)));
    nobody(any(&mut pool, at(34_999)), Unavailable::Banned, Some(at(35_000)));
    fail(
        &mut pool,
        at(35_000),
        ErrorClass::RateLimited,
        Some(Duration::MAX),
    );
    nobody(
        any(&mut pool, at(634_999)),
        Unavailable::Banned,
        Some(at(635_000)),
    );
}

#[test]
fn a_refusal_that_names_no_pause_costs_more_each_time() {
    let mut pool = pool(&[0]);
    let mut now = at(0);
    for pause in [1_000, 2_000, 4_000, 8_000] {
        let burst: Vec<Lease> = (0..3).map(|_| lease(any(&mut pool, now))).collect();
        for lease in burst {
            pool.on_failure(
                now,
                lease,
                ErrorClass::RateLimited,
                Some(Duration::ZERO),
                Duration::ZERO,
            );
        }
        nobody(
            any(&mut pool, now),
            Unavailable::Banned,
            Some(now.after(millis(pause))),
        );
        now = now.after(millis(pause));
    }
    answer(&mut pool, now, millis(1));
    fail(&mut pool, now, ErrorClass::RateLimited, None);
    nobody(
        any(&mut pool, now),
        Unavailable::Banned,
        Some(now.after(millis(1_000))),
    );
}

#[test]
fn a_refusal_that_names_its_pause_makes_no_other_cost_more() {
    let mut pool = pool(&[0]);
    let mut now = at(0);
    for _ in 0..20 {
        fail(&mut pool, now, ErrorClass::RateLimited, Some(millis(100)));
        now = now.after(millis(100));
    }
    let [named, unnamed] = [(); 2].map(|()| lease(any(&mut pool, now)));
    pool.on_failure(
        now,
        named,
        ErrorClass::RateLimited,
        Some(millis(100)),
        Duration::ZERO,
    );
    pool.on_failure(now, unnamed, ErrorClass::RateLimited, None, Duration::ZERO);
    let until = now.after(millis(1_000));
    nobody(any(&mut pool, now), Unavailable::Banned, Some(until));
    fail(&mut pool, until, ErrorClass::RateLimited, None);
    let later = until.after(millis(2_000));
    nobody(any(&mut pool, until), Unavailable::Banned, Some(later));
}

#[test]
fn a_later_result_never_shortens_a_ban() {
    let mut pool = pool(&[0]);
    let [a, b, c] = [(); 3].map(|()| lease(any(&mut pool, at(0))));
    pool.on_failure(
        at(0),
        a,
        ErrorClass::RateLimited,
        Some(millis(30_000)),
        Duration::ZERO,
    );
    pool.on_failure(
        at(1),
        b,
        ErrorClass::RateLimited,
        Some(millis(1_000)),
        Duration::ZERO,
    );
    pool.on_answer(at(2), c, millis(2));
    nobody(any(&mut pool, at(29_999)), Unavailable::Banned, Some(at(30_000)));
}

#[test]
fn an_answer_from_before_the_ban_forgives_nothing() {
    let mut pool = pool(&[0]);
    let [refused, answered] = [(); 2].map(|()| lease(any(&mut pool, at(0))));
    pool.on_failure(at(0), refused, ErrorClass::RateLimited, None, Duration::ZERO);
    pool.on_answer(at(1), answered, millis(1));
    fail(&mut pool, at(1_000), ErrorClass::RateLimited, None);
    nobody(any(&mut pool, at(1_000)), Unavailable::Banned, Some(at(3_000)));
}

#[test]
fn refusals_without_end_end_in_the_longest_ban() {
    let mut pool = pool(&[0]);
    let mut now = at(0);
    for _ in 0..40 {
        fail(&mut pool, now, ErrorClass::RateLimited, None);
        now = status(&pool, now, 0).banned_until.expect("a ban");
    }
    fail(&mut pool, now, ErrorClass::RateLimited, None);
    let longest = now.after(millis(600_000));
    nobody(any(&mut pool, now), Unavailable::Banned, Some(longest));
}
