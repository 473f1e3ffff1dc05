use alloc::vec::Vec;
use core::time::Duration;

use super::{
    Choice, CordonReason, EndpointSet, EndpointStatus, Heights, LEASE_GRACE, Lease, Pool, PoolPolicy,
    ProviderSet, Unavailable,
};
use crate::resilience::breaker::{BreakerState, Transition};
use crate::resilience::error_class::ErrorClass;
use crate::rng::Rng;
use crate::time::Instant;

mod bans;
mod outage;
mod outliers;
mod property;
mod quotas;
mod spare;
mod unlucky;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(millis: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(millis))
}

/// A pool whose endpoints are verified.
fn pool(providers: &[u8]) -> Pool {
    let mut pool = Pool::new(PoolPolicy::default(), providers, Rng::from_seed(1).fork("pool"));
    verify_all(&mut pool);
    pool
}

fn verify_all(pool: &mut Pool) {
    for (index, _) in (0..).zip(0..pool.endpoint_count()) {
        pool.mark_verified(index);
    }
}

fn any(pool: &mut Pool, now: Instant) -> Choice {
    pool.choose(now, EndpointSet::EMPTY, ProviderSet::EMPTY, 1)
}

#[track_caller]
fn lease(choice: Choice) -> Lease {
    match choice {
        Choice::Ask(lease) => lease,
        Choice::None { retry_at, why } => panic!("nobody: {why:?} until {retry_at:?}"),
    }
}

#[track_caller]
fn nobody(choice: Choice, why: Unavailable, retry_at: Option<Instant>) {
    assert_eq!(choice, Choice::None { retry_at, why });
}

fn status(pool: &Pool, now: Instant, endpoint: usize) -> EndpointStatus {
    pool.status(now).nth(endpoint).expect("an endpoint")
}

#[track_caller]
fn answer(pool: &mut Pool, now: Instant, took: Duration) -> u8 {
    let lease = lease(any(pool, now));
    let endpoint = lease.endpoint;
    pool.on_answer(now, lease, took);
    endpoint
}

#[track_caller]
fn fail(
    pool: &mut Pool,
    now: Instant,
    class: ErrorClass,
    retry_after: Option<Duration>,
) -> Option<Transition> {
    let lease = lease(any(pool, now));
    pool.on_failure(now, lease, class, retry_after, Duration::ZERO)
}

#[test]
fn equals_are_asked_in_order_and_load_is_spread() {
    let mut pool = pool(&[0, 1, 2]);
    let under_way: Vec<Lease> = (0..6).map(|_| lease(any(&mut pool, at(0)))).collect();
    let asked: Vec<u8> = under_way.iter().map(|lease| lease.endpoint).collect();
    assert_eq!(asked, [0, 1, 2, 0, 1, 2]);
    assert_eq!(status(&pool, at(0), 0).in_flight, 2);
    for lease in under_way {
        let took = millis(if lease.endpoint == 1 { 20 } else { 200 });
        pool.on_answer(at(200), lease, took);
    }
    let asked: Vec<u8> = (0..4).map(|_| lease(any(&mut pool, at(300))).endpoint).collect();
    assert_eq!(
        asked,
        [1, 1, 1, 1],
        "ten times as fast, so several at once are still the cheaper"
    );
}

#[test]
fn an_endpoint_that_failed_of_late_is_passed_over_and_forgiven() {
    let mut pool = pool(&[0, 1]);
    let first = lease(any(&mut pool, at(0)));
    pool.on_failure(at(0), first, ErrorClass::Server, None, millis(1));
    assert_eq!(status(&pool, at(0), 0).failures_permille, 250);
    assert_eq!(answer(&mut pool, at(1), millis(300)), 1);
    assert_eq!(status(&pool, at(25_000), 0).failures_permille, 62);
    assert_eq!(answer(&mut pool, at(100_000), millis(100)), 0);
}

#[test]
fn attempts_get_four_latencies_and_more_after_each_timeout() {
    #[track_caller]
    fn check(latencies: &[u64], timeouts: usize, expected: u64) {
        let mut pool = pool(&[0]);
        for latency in latencies {
            answer(&mut pool, at(0), millis(*latency));
        }
        for _ in 0..timeouts {
            let lease = lease(any(&mut pool, at(0)));
            let took = lease.timeout;
            pool.on_failure(at(0), lease, ErrorClass::Transient, None, took);
        }
        assert_eq!(lease(any(&mut pool, at(0))).timeout, millis(expected));
    }
    check(&[], 0, 400);
    check(&[20], 0, 400);
    check(&[150], 0, 600);
    check(&[150, 350], 0, 800);
    check(&[350, 150], 0, 1_200);
    check(&[3_000], 0, 5_000);
    check(&[], 1, 3_200); // 4 x 400 ms, twice
    check(&[50], 1, 1_100); // 50 ms and a quarter of the way to 400 ms, times 4, twice
    check(&[50], 2, 5_000);
    check(&[5], 1, 830);
}

#[test]
fn a_quick_failure_is_no_timeout() {
    let mut pool = pool(&[0]);
    answer(&mut pool, at(0), millis(50));
    fail(&mut pool, at(0), ErrorClass::Server, None);
    let health = status(&pool, at(0), 0);
    assert_eq!(health.latency, Some(millis(50)));
    assert_eq!(lease(any(&mut pool, at(0))).timeout, millis(400));
}

#[test]
fn a_slow_endpoint_that_recovered_is_found_out_about() {
    let mut pool = pool(&[0, 1]);
    let mut served_by_first = 0;
    for call in 0..2_000_u64 {
        let lease = lease(any(&mut pool, at(call * 100)));
        let took = match lease.endpoint {
            0 if call < 100 => 900,
            0 => 10,
            _ => 60,
        };
        served_by_first += u64::from(lease.endpoint == 0 && call >= 1_500);
        pool.on_answer(at(call * 100 + took), lease, millis(took));
    }
    assert!(served_by_first > 450, "{served_by_first} of 500");
}

/// Three successes at one free choice in 32 are about 100 choices; were they spread over all eight endpoints, it would be
/// eight times as many.
#[test]
fn an_endpoint_that_is_half_open_is_tried_before_others_are() {
    let others: EndpointSet = (1..8).collect();
    let healed = at(60_000);
    let mut choices = 0;
    for seed in 0..20 {
        let mut pool = Pool::new(
            PoolPolicy::default(),
            &[0, 1, 2, 3, 4, 5, 6, 7],
            Rng::from_seed(seed),
        );
        verify_all(&mut pool);
        for _ in 0..5 {
            let lease = lease(pool.choose(at(0), others, ProviderSet::EMPTY, 1));
            pool.on_failure(at(0), lease, ErrorClass::Transient, None, millis(5_000));
        }
        while status(&pool, healed, 0).breaker != BreakerState::Closed {
            answer(&mut pool, healed, millis(50));
            choices += 1;
            assert!(choices < 20 * 200, "seed {seed}: a healed endpoint is left aside");
        }
    }
}

#[test]
fn whom_to_leave_out_is_up_to_the_caller() {
    let mut pool = pool(&[0, 0, 1]);
    let ask = |pool: &mut Pool, asked: &[u8], providers: &[u8]| {
        pool.choose(
            at(0),
            asked.iter().copied().collect(),
            providers.iter().copied().collect(),
            1,
        )
    };
    assert_eq!(lease(ask(&mut pool, &[0], &[])).endpoint, 1);
    assert_eq!(lease(ask(&mut pool, &[], &[0])).endpoint, 2);
    assert_eq!(pool.provider(2), 1);
    nobody(ask(&mut pool, &[2], &[0]), Unavailable::Exhausted, None);
    nobody(ask(&mut pool, &[0, 1, 2], &[]), Unavailable::Exhausted, None);
}

#[test]
fn what_a_failure_says_about_the_endpoint() {
    for class in ErrorClass::ALL {
        let mut pool = pool(&[0]);
        let under_way: Vec<Lease> = (0..5).map(|_| lease(any(&mut pool, at(0)))).collect();
        let told: Vec<Option<Transition>> = under_way
            .into_iter()
            .map(|lease| pool.on_failure(at(0), lease, class, None, Duration::ZERO))
            .collect();
        let opened = Transition {
            from: BreakerState::Closed,
            to: BreakerState::Open,
        };
        let expected = match class {
            ErrorClass::Transient | ErrorClass::Auth | ErrorClass::Server | ErrorClass::Configuration => {
                Some(opened)
            }
            ErrorClass::RateLimited | ErrorClass::Conflict => None,
        };
        assert_eq!(told, [None, None, None, None, expected], "{class:?}");
    }
}

#[test]
fn an_endpoint_takes_part_once_it_has_proved_who_it_is() {
    let mut pool = Pool::new(PoolPolicy::default(), &[0, 1], Rng::from_seed(1));
    nobody(any(&mut pool, at(0)), Unavailable::Unverified, None);
    let [first, second] = [(); 2].map(|()| lease(pool.choose_unverified(at(0), 1)));
    assert_eq!(
        (first.endpoint, second.endpoint, first.timeout),
        (0, 1, millis(5_000))
    );
    nobody(
        pool.choose_unverified(at(0), 1),
        Unavailable::Unverified,
        Some(at(1_000)),
    );
    let probe_due = pool.next_deadline().expect("a deadline");
    assert_eq!(
        (probe_due.at, probe_due.why),
        (at(1_000), "endpoint may be probed")
    );
    pool.on_answer(at(50), first, millis(50));
    nobody(any(&mut pool, at(50)), Unavailable::Unverified, Some(at(1_000)));
    pool.mark_verified(0);
    assert_eq!(answer(&mut pool, at(50), millis(50)), 0);
    pool.on_failure(at(5_000), second, ErrorClass::Transient, None, millis(5_000));
    assert_eq!(lease(pool.choose_unverified(at(5_000), 1)).endpoint, 1);
    nobody(
        pool.choose_unverified(at(5_999), 1),
        Unavailable::Unverified,
        Some(at(6_000)),
    );
}

/// Found by seed 218158307935468 of ledger/swarm: a pause that is taken back at once.
#[test]
fn a_resumed_endpoint_is_probed_at_the_pace_of_probes() {
    let mut pool = Pool::new(PoolPolicy::default(), &[0], Rng::from_seed(1));
    let probe = lease(pool.choose_unverified(at(0), 1));
    pool.pause(0);
    pool.cancel(at(10), probe);
    pool.resume(0);
    nobody(
        pool.choose_unverified(at(999), 1),
        Unavailable::Unverified,
        Some(at(1_000)),
    );
    assert_eq!(lease(pool.choose_unverified(at(1_000), 1)).endpoint, 0);
}

#[test]
fn an_endpoint_of_the_wrong_chain_is_asked_again_after_a_minute() {
    let table = [
        (CordonReason::WrongChain, None, 60_000),
        (CordonReason::WrongGenesis, None, 60_000),
        (CordonReason::WrongDecimals, Some(at(5_000)), 5_000),
        (CordonReason::Disagreed, None, 60_000),
    ];
    for (reason, until, end) in table {
        let mut pool = pool(&[0]);
        pool.on_height(0, 900, 890);
        let under_way = lease(any(&mut pool, at(0)));
        pool.cordon(at(0), 0, reason, until);
        pool.on_answer(at(1), under_way, millis(1));
        pool.on_height(0, 900, 890);
        pool.mark_verified(0);
        nobody(any(&mut pool, at(end - 1)), Unavailable::Cordoned, Some(at(end)));
        nobody(
            pool.choose_unverified(at(end - 1), 1),
            Unavailable::Cordoned,
            Some(at(end)),
        );
        let seen = status(&pool, at(end - 1), 0);
        assert_eq!(seen.cordon.map(|cordon| cordon.reason), Some(reason));
        assert_eq!(status(&pool, at(end), 0).cordon, None);
        assert_eq!(
            (seen.heights, pool.agreed_finalized(1)),
            (None, None),
            "{reason:?}"
        );
        nobody(any(&mut pool, at(end)), Unavailable::Unverified, None);
        assert_eq!(lease(pool.choose_unverified(at(end), 1)).endpoint, 0);
    }
}

#[test]
fn a_person_can_end_a_cordon_but_not_the_proof() {
    let mut pool = pool(&[0]);
    pool.cordon(at(0), 0, CordonReason::Disagreed, None);
    pool.uncordon(0);
    nobody(any(&mut pool, at(0)), Unavailable::Unverified, None);
    pool.mark_verified(0);
    assert_eq!(answer(&mut pool, at(0), millis(1)), 0);
}

#[test]
fn a_person_has_the_last_word_on_a_breaker() {
    let mut pool = pool(&[0]);
    assert!(pool.force_open(0).is_some());
    nobody(any(&mut pool, at(0)), Unavailable::Refused, None);
    assert!(pool.disable(0).is_some());
    for _ in 0..9 {
        fail(&mut pool, at(0), ErrorClass::Server, None);
    }
    assert_eq!(answer(&mut pool, at(0), millis(1)), 0);
    assert!(pool.reset(0).is_some());
    for _ in 0..5 {
        fail(&mut pool, at(0), ErrorClass::Server, None);
    }
    assert_eq!(status(&pool, at(0), 0).breaker, BreakerState::Open);
}

#[test]
fn heights_never_go_back_and_a_quorum_counts_providers() {
    let mut pool = pool(&[0, 0, 1, 2]);
    assert_eq!(pool.agreed_finalized(1), None);
    assert!(pool.on_height(0, 100, 90));
    assert!(!pool.on_height(0, 99, 80), "nothing is new");
    let heights = Heights {
        latest: 100,
        finalized: 90,
    };
    assert_eq!(status(&pool, at(0), 0).heights, Some(heights));
    pool.on_height(1, 120, 110);
    assert_eq!(pool.agreed_finalized(1), Some(110));
    assert_eq!(
        pool.agreed_finalized(2),
        None,
        "two endpoints of one provider are one witness"
    );
    assert!(pool.on_height(2, 105, 95));
    assert_eq!(pool.agreed_finalized(2), Some(95));
    pool.on_height(3, u64::MAX, u64::MAX);
    assert_eq!(
        pool.agreed_finalized(2),
        Some(110),
        "one liar moves nothing past an honest witness"
    );
    assert_eq!(pool.agreed_finalized(3), Some(95));
    assert_eq!(pool.agreed_finalized(4), None);
    pool.cordon(at(0), 3, CordonReason::Disagreed, None);
    assert_eq!(
        (pool.agreed_finalized(2), pool.agreed_finalized(3)),
        (Some(95), None)
    );
    pool.on_height(2, 100, 200);
    assert_eq!(pool.agreed_finalized(2), Some(105), "final is never above latest");
    assert_eq!(pool.agreed_finalized(33), None);
    let latest = [1, 2, 3].map(|quorum| pool.agreed_latest(quorum));
    assert_eq!(latest, [Some(120), Some(105), None]);
}

/// The same lesson as half-open permits: what is lost with its task must not take a place for ever.
#[test]
fn a_lost_lease_frees_its_place() {
    let mut pool = pool(&[0]);
    let kept: Vec<Lease> = (0..32).map(|_| lease(any(&mut pool, at(0)))).collect();
    let free_at = at(0).after(millis(5_000)).after(LEASE_GRACE);
    nobody(any(&mut pool, at(5_999)), Unavailable::Busy, Some(free_at));
    assert_eq!(pool.next_deadline().map(|deadline| deadline.at), Some(free_at));
    let fresh: Vec<Lease> = (0..32).map(|_| lease(any(&mut pool, free_at))).collect();
    let seen = status(&pool, free_at, 0);
    assert_eq!((seen.in_flight, seen.leases_lost), (32, 32));
    for lease in kept {
        pool.on_answer(free_at, lease, millis(6_000));
    }
    assert_eq!(
        status(&pool, free_at, 0).in_flight,
        32,
        "a late lease frees nobody else's place"
    );
    for lease in fresh {
        pool.cancel(free_at, lease);
    }
    assert_eq!(status(&pool, free_at, 0).in_flight, 0);
}

#[test]
fn a_lease_is_lost_when_its_own_time_is_over() {
    let mut pool = pool(&[0]);
    let _early = lease(any(&mut pool, at(0)));
    let _late = lease(any(&mut pool, at(1_000)));
    let _last = lease(any(&mut pool, at(6_000)));
    let seen = status(&pool, at(6_000), 0);
    assert_eq!((seen.in_flight, seen.leases_lost), (2, 1));
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused() {
    #[track_caller]
    fn refused(setting: &str, change: fn(&mut PoolPolicy)) {
        let mut policy = PoolPolicy::default();
        assert_eq!(policy.check(), Ok(()));
        change(&mut policy);
        assert_eq!(policy.check().map_err(|error| error.setting), Err(setting));
    }
    refused("attempt_timeout_min", |policy| {
        policy.attempt_timeout_min = Duration::ZERO
    });
    refused("attempt_timeout_max", |policy| {
        policy.attempt_timeout_max = millis(399)
    });
    refused("in_flight_max", |policy| policy.in_flight_max = 0);
    refused("in_flight_max", |policy| policy.in_flight_max = 65);
    refused("disagreement_cordon", |policy| {
        policy.disagreement_cordon = Duration::ZERO
    });
    refused("identity_cordon", |policy| {
        policy.identity_cordon = Duration::ZERO
    });
    refused("ban", |policy| policy.ban = Duration::ZERO);
    refused("ban_max", |policy| policy.ban_max = millis(999));
    refused("probe_interval", |policy| policy.probe_interval = Duration::ZERO);
    refused("hedge_share_max", |policy| policy.hedge.share_max = 101);
    refused("hedge_min", |policy| policy.hedge.after_min = Duration::ZERO);
    refused("hedge_max", |policy| policy.hedge.after_max = millis(49));
    refused("explore_one_in", |policy| policy.explore_one_in = 1);
    refused("open_for", |policy| policy.breaker.open_for = Duration::ZERO);
    refused("permit_timeout", |policy| {
        policy.breaker.permit_timeout = millis(4_999)
    });
}

#[test]
fn the_risk_of_a_failure_weighs_as_much_as_the_time_it_would_cost() {
    let mut pool = pool(&[0, 1]);
    fail(&mut pool, at(0), ErrorClass::Server, None);
    assert_eq!(
        answer(&mut pool, at(0), millis(1_300)),
        1,
        "of whom nothing is known"
    );
    let choose = |pool: &mut Pool, now| {
        let lease = lease(any(pool, now));
        let endpoint = lease.endpoint;
        pool.cancel(now, lease);
        endpoint
    };
    assert_eq!(
        choose(&mut pool, at(1)),
        1,
        "100 ms and a quarter of 5 s is more than 1.3 s"
    );
    assert_eq!(
        choose(&mut pool, at(10_000)),
        0,
        "100 ms and an eighth of 5 s is less"
    );
}
