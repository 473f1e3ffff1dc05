//! Pools in which most or all endpoints are dead, and callers who want an answer all the same.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Lease, any, at, lease, millis, nobody, status, verify_all};
use crate::resilience::breaker::BreakerState;
use crate::resilience::error_class::ErrorClass;
use crate::resilience::pool::{Choice, EndpointSet, LEASE_GRACE, Pool, PoolPolicy, ProviderSet, Unavailable};
use crate::rng::Rng;
use crate::time::Instant;

/// How an endpoint behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    /// Answers after so many milliseconds.
    Answers(u64),
    /// Never answers.
    Hangs,
    /// Fails at once.
    Fails,
}

struct World {
    pool: Pool,
    endpoints: Vec<Endpoint>,
    now: Instant,
    /// Who was asked when, in order.
    asked: Vec<(u8, Instant)>,
}

impl World {
    fn new(endpoints: &[Endpoint]) -> Self {
        let providers: Vec<u8> = (0..).zip(endpoints).map(|(index, _)| index).collect();
        let mut pool = Pool::new(PoolPolicy::default(), &providers, Rng::from_seed(9));
        verify_all(&mut pool);
        Self {
            pool,
            endpoints: endpoints.to_vec(),
            now: at(0),
            asked: Vec::new(),
        }
    }

    /// A request that goes from endpoint to endpoint until one answers, and waits when nobody is left, for at most
    /// `patience`. Gives how long that took.
    fn request(&mut self, patience: Duration) -> Option<Duration> {
        let begin = self.now;
        let mut asked = EndpointSet::EMPTY;
        while self.now.since(begin) <= patience {
            match self.pool.choose(self.now, asked, ProviderSet::EMPTY, 1) {
                Choice::Ask(lease) => {
                    asked.insert(lease.endpoint);
                    if self.attempt(lease) {
                        return Some(self.now.since(begin));
                    }
                }
                Choice::None {
                    why: Unavailable::Exhausted,
                    ..
                } => {
                    self.now = self.now.after(millis(100));
                    asked = EndpointSet::EMPTY;
                }
                Choice::None { retry_at, why } => {
                    let later = retry_at.filter(|at| *at > self.now);
                    self.now = later.unwrap_or_else(|| panic!("{why:?}, and no later instant to retry at"));
                    asked = EndpointSet::EMPTY;
                }
            }
        }
        None
    }

    /// Whether the attempt was answered.
    fn attempt(&mut self, lease: Lease) -> bool {
        self.asked.push((lease.endpoint, self.now));
        let took = match self.endpoints[usize::from(lease.endpoint)] {
            Endpoint::Answers(latency) if millis(latency) <= lease.timeout => {
                let took = millis(latency);
                self.now = self.now.after(took);
                self.pool.on_answer(self.now, lease, took);
                return true;
            }
            Endpoint::Answers(_) | Endpoint::Hangs => lease.timeout,
            Endpoint::Fails => Duration::ZERO,
        };
        self.now = self.now.after(took);
        self.pool
            .on_failure(self.now, lease, ErrorClass::Transient, None, took);
        false
    }
}

fn seven_but_one(dead: Endpoint, living: usize) -> Vec<Endpoint> {
    let mut endpoints = vec![dead; 7];
    endpoints[living] = Endpoint::Answers(80);
    endpoints
}

#[test]
fn six_of_seven_dead_find_the_seventh() {
    for dead in [Endpoint::Hangs, Endpoint::Fails] {
        for living in 0..7 {
            let mut world = World::new(&seven_but_one(dead, living));
            let first = world.request(millis(60_000)).expect("an answer");
            assert!(
                first <= millis(6 * 400 + 80),
                "living {living}: the first request took {first:?}"
            );
            for request in 0..500 {
                let took = world.request(millis(60_000)).expect("an answer");
                assert!(
                    took <= millis(5_000 + 80),
                    "living {living}: request {request} took {took:?}"
                );
                world.now = world.now.after(millis(50));
            }
        }
    }
}

#[test]
fn once_breakers_are_open_the_living_one_is_asked_first() {
    for living in 0..7 {
        let mut world = World::new(&seven_but_one(Endpoint::Fails, living));
        for dead in (0..7_u8).filter(|index| usize::from(*index) != living) {
            let others: EndpointSet = (0..7).filter(|index| *index != dead).collect();
            for _ in 0..5 {
                let lease = lease(world.pool.choose(world.now, others, ProviderSet::EMPTY, 1));
                assert!(!world.attempt(lease));
            }
            assert_eq!(
                status(&world.pool, world.now, usize::from(dead)).breaker,
                BreakerState::Open
            );
        }
        for _ in 0..200 {
            assert_eq!(world.request(millis(1_000)), Some(millis(80)), "living {living}");
        }
    }
}

#[test]
fn one_dead_endpoint_costs_a_request_at_most_one_attempt() {
    for dead in [Endpoint::Hangs, Endpoint::Fails] {
        let mut world = World::new(&[Endpoint::Answers(50), Endpoint::Answers(60)]);
        for _ in 0..100 {
            assert!(world.request(millis(1_000)).is_some());
        }
        world.endpoints[0] = dead;
        let took = world.request(millis(10_000)).expect("an answer");
        assert!(took <= millis(400 + 60), "{dead:?}: failing over took {took:?}");
    }
}

/// A pool that is dead as a whole is probed at a fixed pace, and the first caller after one endpoint healed is served
/// within a probe interval, although every breaker is open for a minute.
#[test]
fn nobody_waits_for_an_open_breaker_when_there_is_no_choice() {
    let mut world = World::new(&[Endpoint::Fails; 4]);
    for _ in 0..600 {
        assert_eq!(world.request(Duration::ZERO), None);
        world.now = world.now.after(millis(37));
    }
    assert!(
        world
            .pool
            .status(world.now)
            .all(|endpoint| endpoint.breaker == BreakerState::Open)
    );
    for endpoint in 0..4 {
        // After the breakers opened, before they are half-open by themselves.
        let closed_doors = at(1_000)..at(60_000);
        let probes: Vec<Instant> = world
            .asked
            .iter()
            .filter(|(index, at)| *index == endpoint && closed_doors.contains(at))
            .map(|(_, at)| *at)
            .collect();
        assert!(
            probes.len() >= 15,
            "endpoint {endpoint} was probed {} times",
            probes.len()
        );
        let paced = probes
            .windows(2)
            .all(|pair| pair[1].since(pair[0]) >= millis(1_000));
        assert!(paced, "endpoint {endpoint} was probed more than once a second");
    }
    world.endpoints[2] = Endpoint::Answers(80);
    let took = world.request(millis(60_000)).expect("an answer");
    assert!(took <= millis(1_000 + 80), "healed, but a caller waited {took:?}");
    for _ in 0..100 {
        assert_eq!(world.request(millis(60_000)), Some(millis(80)));
    }
    assert_eq!(status(&world.pool, world.now, 2).breaker, BreakerState::Closed);
}

/// The same at the start, when no endpoint has proved who it is yet.
#[test]
fn a_pool_that_starts_in_an_outage_is_served_soon_after_it() {
    let mut pool = Pool::new(PoolPolicy::default(), &[0, 1], Rng::from_seed(9));
    let mut probes = 0;
    for second in 0..120 {
        while let Choice::Ask(lease) = pool.choose_unverified(at(second * 1_000), 1) {
            probes += 1;
            pool.on_failure(
                at(second * 1_000),
                lease,
                ErrorClass::Transient,
                None,
                Duration::ZERO,
            );
        }
    }
    assert_eq!(probes, 240);
    let probe = lease(pool.choose_unverified(at(120_000), 1));
    pool.on_answer(at(120_010), probe, millis(10));
    pool.mark_verified(0);
    let served = lease(pool.choose(at(120_010), EndpointSet::EMPTY, ProviderSet::EMPTY, 1));
    assert_eq!(served.endpoint, 0);
}

#[test]
fn with_another_endpoint_well_an_open_breaker_is_respected() {
    let mut pool = Pool::new(PoolPolicy::default(), &[0, 1], Rng::from_seed(9));
    pool.mark_verified(0);
    for second in 0..5 {
        let probe = lease(pool.choose_unverified(at(second * 1_000), 1));
        pool.on_failure(
            at(second * 1_000),
            probe,
            ErrorClass::Transient,
            None,
            Duration::ZERO,
        );
    }
    assert!(matches!(
        pool.choose_unverified(at(63_999), 1),
        Choice::None { .. }
    ));
    assert_eq!(lease(pool.choose_unverified(at(64_000), 1)).endpoint, 1);
}

/// Whoever waits for room would wait for ever: each probe that hangs is followed by another.
#[test]
fn an_endpoint_that_is_busy_with_a_probe_of_its_open_breaker_refuses() {
    let policy = PoolPolicy {
        in_flight_max: 1,
        ..PoolPolicy::default()
    };
    let mut pool = Pool::new(policy, &[0], Rng::from_seed(9));
    verify_all(&mut pool);
    let any = |pool: &mut Pool, now| pool.choose(now, EndpointSet::EMPTY, ProviderSet::EMPTY, 1);
    for _ in 0..5 {
        let lease = lease(any(&mut pool, at(0)));
        pool.on_failure(at(0), lease, ErrorClass::Transient, None, Duration::ZERO);
    }
    assert_eq!(status(&pool, at(0), 0).breaker, BreakerState::Open);
    let _probe = lease(any(&mut pool, at(1_000)));
    let Choice::None { why, retry_at } = any(&mut pool, at(1_500)) else {
        panic!("it is asked twice at once")
    };
    assert_eq!(
        (why, retry_at),
        (Unavailable::Refused, Some(at(6_000).after(LEASE_GRACE)))
    );
}

#[test]
fn a_stranger_that_fails_is_probed_only_while_nobody_else_is_of_use() {
    let mut pool = Pool::new(PoolPolicy::default(), &[0, 1], Rng::from_seed(1));
    pool.mark_verified(0);
    for second in 0..5 {
        let now = at(second * 1_000);
        let probe = lease(pool.choose_unverified(now, 1));
        assert_eq!(probe.endpoint, 1);
        pool.on_failure(now, probe, ErrorClass::Server, None, Duration::ZERO);
    }
    let (now, reopens) = (at(5_000), Some(at(64_000)));
    nobody(pool.choose_unverified(now, 1), Unavailable::Refused, reopens);
    let busy: Vec<Lease> = (0..32).map(|_| lease(any(&mut pool, now))).collect();
    nobody(pool.choose_unverified(now, 1), Unavailable::Refused, reopens);
    for lease in busy {
        pool.on_failure(now, lease, ErrorClass::Server, None, Duration::ZERO);
    }
    assert_eq!(lease(pool.choose_unverified(now, 1)).endpoint, 1);
}
