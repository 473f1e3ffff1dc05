//! Endpoints that may be asked only so much.

use super::{answer, any, at, lease, millis, nobody, pool, status};
use crate::resilience::limiter::Window;
use crate::resilience::pool::{Choice, Pool, Unavailable};
use crate::resilience::{EndpointSet, ProviderSet};
use crate::time::Instant;

/// Eight calls at once, and one each 100 ms after that.
const QUOTA: Window = Window {
    quota: 20,
    per: core::time::Duration::from_millis(1_300),
};

fn limited(providers: &[u8], quotas: &[&[Window]]) -> Pool {
    pool(providers).with_quotas(quotas.iter().copied())
}

fn weighing(pool: &mut Pool, now: Instant, weight: u32) -> Choice {
    pool.choose(now, EndpointSet::EMPTY, ProviderSet::EMPTY, weight)
}

/// hummingbot#7017: limits that are not kept become bans.
#[test]
fn who_has_no_room_is_not_asked_before_it_has() {
    let mut pool = limited(&[0], &[&[QUOTA]]);
    for _ in 0..4 {
        let lease = lease(weighing(&mut pool, at(0), 2));
        pool.on_answer(at(0), lease, millis(1));
    }
    assert!(!pool.has_room(at(10_000)), "nobody was refused yet");
    nobody(weighing(&mut pool, at(0), 2), Unavailable::Limited, Some(at(200)));
    nobody(weighing(&mut pool, at(0), 1), Unavailable::Limited, Some(at(100)));
    let due = pool.next_deadline().map(|due| (due.at, due.why));
    assert_eq!(due, Some((at(100), "endpoint has room in its quota")));
    assert!(!pool.has_room(at(99)));
    assert!(pool.has_room(at(100)));
    answer(&mut pool, at(100), millis(1));
    assert!(!pool.has_room(at(10_000)), "whoever waited was told");
    nobody(
        weighing(&mut pool, at(100), 1),
        Unavailable::Limited,
        Some(at(200)),
    );
    answer(&mut pool, at(250), millis(1));
    assert!(!pool.has_room(at(10_000)), "whoever waited was told, if late");
}

#[test]
fn whoever_has_room_is_asked_instead() {
    let mut pool = limited(&[0, 1], &[&[QUOTA], &[]]);
    for _ in 0..40 {
        answer(&mut pool, at(0), millis(1));
    }
    // What the first endpoint's burst did not hold went to the second, which has no quota.
    let mut asked = [0u32; 2];
    for _ in 0..20 {
        let lease = lease(any(&mut pool, at(0)));
        asked[usize::from(lease.endpoint)] += 1;
        pool.on_answer(at(0), lease, millis(1));
    }
    assert_eq!(asked, [0, 20]);
}

/// Waiting for room is not a failure: the breaker is not asked, and nobody is hammered.
#[test]
fn a_full_quota_is_no_outage() {
    let mut pool = limited(&[0], &[&[QUOTA]]);
    for _ in 0..8 {
        answer(&mut pool, at(0), millis(1));
    }
    for _ in 0..100 {
        nobody(any(&mut pool, at(50)), Unavailable::Limited, Some(at(100)));
    }
    let status = status(&pool, at(50), 0);
    assert_eq!((status.in_flight, status.counters.failures), (0, 0));
}

/// Panic mode passes over breakers, not over what was agreed.
#[test]
fn a_probe_needs_room_too() {
    let mut pool = Pool::new(
        crate::resilience::PoolPolicy::default(),
        &[0],
        crate::rng::Rng::from_seed(1),
    )
    .with_quotas([&[QUOTA][..]]);
    let probe = lease(pool.choose_unverified(at(0), 8));
    pool.on_answer(at(0), probe, millis(1));
    pool.cordon(
        at(0),
        0,
        crate::resilience::CordonReason::WrongChain,
        Some(at(10)),
    );
    nobody(
        pool.choose_unverified(at(700), 8),
        Unavailable::Limited,
        Some(at(800)),
    );
}
