//! Pools under bad luck on purpose.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Lease, any, at, lease, millis, pool};
use crate::chaos::{Chaos, Intensity};
use crate::resilience::error_class::ErrorClass;
use crate::resilience::pool::{EndpointSet, Pool, ProviderSet};
use crate::rng::Rng;

/// Two endpoints that take 100 and 200 ms, under bad luck that strikes so often.
fn unlucky(firing_percent: u8) -> Pool {
    let mut pool = pool(&[0, 1]);
    let both = [100, 200].map(|took| (lease(any(&mut pool, at(0))), millis(took)));
    for (lease, took) in both {
        pool.on_answer(at(0), lease, took);
    }
    let intensity = Intensity {
        activation_percent: 100,
        firing_percent,
    };
    pool.set_chaos(Chaos::on(Rng::from_seed(1), 1, intensity));
    pool
}

#[test]
fn bad_luck_asks_others_and_gives_up_early() {
    let mut pool = unlucky(50);
    let mut choices = BTreeSet::new();
    for _ in 0..40 {
        let lease = lease(any(&mut pool, at(0)));
        choices.insert((lease.endpoint, lease.timeout));
        pool.cancel(at(0), lease);
    }
    let all = [(0, millis(400)), (1, millis(400)), (1, millis(800))];
    assert_eq!(choices, all.into());
    assert!(pool.chaos().sites().all(|site| site.fired > 0));
}

#[test]
fn bad_luck_leaves_probes_their_time() {
    let mut pool = unlucky(100);
    let mut slow = || pool.choose(at(0), EndpointSet::from_iter([0]), ProviderSet::EMPTY, 1);
    let leases: Vec<Lease> = core::iter::repeat_with(&mut slow).map(lease).take(5).collect();
    for lease in leases {
        assert_eq!(lease.timeout, millis(400));
        pool.on_failure(at(0), lease, ErrorClass::Server, None, Duration::ZERO);
    }
    let half_open = lease(pool.choose(at(60_000), EndpointSet::from_iter([0]), ProviderSet::EMPTY, 1));
    assert_eq!((half_open.endpoint, half_open.timeout), (1, millis(800)));
}
