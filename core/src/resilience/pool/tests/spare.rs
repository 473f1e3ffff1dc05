//! Who is asked beside somebody else: only those with whom nothing is the matter.

use super::{
    CordonReason, EndpointSet, ErrorClass, Lease, Pool, ProviderSet, any, at, lease, millis, pool, status,
};
use crate::resilience::breaker::BreakerState;
use crate::resilience::limiter::Window;

/// How many calls an endpoint bears in each second.
const QUOTA: u32 = 40;

/// Whom a pool of four endpoints, the first of which is asked already, gives beside it; the last two share a provider.
#[track_caller]
fn check(asked: &[u8], providers: &[u8], change: fn(&mut Pool), expected: Option<u8>) {
    let mut pool = pool(&[0, 1, 2, 2]);
    change(&mut pool);
    let asked = asked.iter().copied().collect();
    let providers = providers.iter().copied().collect();
    let lease = pool.choose_spare(at(1), asked, providers, 2);
    assert_eq!(lease.map(|lease| lease.endpoint), expected);
}

/// Has endpoint 1, which alone is left, answer like this until its breaker has had enough of it.
fn fail_often(pool: &mut Pool, class: ErrorClass) {
    for _ in 0..5 {
        if let Some(lease) = only_one(pool) {
            let _told = pool.on_failure(at(0), lease, class, None, millis(1));
        }
    }
}

/// Has it answer nothing until it can take no more, and counts what it took.
fn used_up(pool: &mut Pool) -> usize {
    (0..99).map_while(|_| only_one(pool)).count()
}

fn only_one(pool: &mut Pool) -> Option<Lease> {
    let others = [0, 2, 3].into_iter().collect();
    match pool.choose(at(0), others, ProviderSet::EMPTY, 1) {
        super::Choice::Ask(lease) => Some(lease),
        super::Choice::None { .. } => None,
    }
}

#[test]
fn only_who_is_well_is_asked_beside_another() {
    check(&[0], &[0], |_| (), Some(1));
    check(&[], &[0], |_| (), Some(1));
    check(&[0, 1], &[0], |_| (), Some(2));
    check(&[0], &[0, 1], |_| (), Some(2));
    check(&[0], &[0, 2], |_| (), Some(1));
    check(&[0], &[0, 1, 2], |_| (), None);
    let one_left = |change| check(&[0], &[0, 2], change, None);
    one_left(|pool| fail_often(pool, ErrorClass::Server));
    one_left(|pool| fail_often(pool, ErrorClass::RateLimited));
    one_left(|pool| pool.pause(1));
    one_left(|pool| pool.cordon(at(0), 1, CordonReason::Disagreed, None));
    one_left(|pool| {
        let _told = pool.force_open(1);
    });
    one_left(|pool| assert_eq!(used_up(pool), 32));
    one_left(|pool| {
        let windows = [Window {
            quota: QUOTA,
            per: millis(1_000),
        }];
        *pool = pool.clone().with_quotas([windows.as_slice(); 4]);
        assert!(used_up(pool) < 32, "its quota is less");
    });
    check(
        &[0],
        &[0, 2],
        |pool| {
            let _told = pool.disable(1);
        },
        Some(1),
    );
}

#[test]
fn nobody_is_asked_beside_another_in_panic_mode() {
    // Half of them are healthy, then fewer.
    for (open, expected) in [(&[0, 1][..], Some(2)), (&[0, 1, 2], None)] {
        let mut pool = pool(&[0, 1, 2, 3]);
        for endpoint in open {
            let _told = pool.force_open(*endpoint);
        }
        let lease = pool.choose_spare(at(0), EndpointSet::EMPTY, ProviderSet::EMPTY, 1);
        assert_eq!(lease.map(|lease| lease.endpoint), expected, "{open:?}");
    }
}

#[test]
fn a_half_open_breaker_is_tried_by_a_question_that_counts() {
    let mut pool = pool(&[0]);
    for _ in 0..5 {
        let lease = lease(any(&mut pool, at(0)));
        let _told = pool.on_failure(at(0), lease, ErrorClass::Server, None, millis(1));
    }
    let now = at(3_600_000);
    let _changed = pool.on_tick(now);
    assert_eq!(status(&pool, now, 0).breaker, BreakerState::HalfOpen);
    let spare = pool.choose_spare(now, EndpointSet::EMPTY, ProviderSet::EMPTY, 1);
    assert_eq!(spare, None);
    let _tried = lease(any(&mut pool, now));
}

#[test]
fn what_is_asked_beside_another_is_charged_and_nobody_waits_for_it() {
    let mut pool = pool(&[0]).with_quotas([[Window {
        quota: QUOTA,
        per: millis(1_000),
    }]
    .as_slice()]);
    let mut spare = |weight| pool.choose_spare(at(0), EndpointSet::EMPTY, ProviderSet::EMPTY, weight);
    let granted = (0..QUOTA).filter(|_| spare(1).is_some()).count();
    assert_eq!(granted, 10, "a quarter at once");
    assert_eq!(spare(1), None);
    assert!(!pool.has_room(at(3_600_000)), "nobody waits");
}
