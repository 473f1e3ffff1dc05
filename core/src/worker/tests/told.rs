//! What a worker tells the bank, and what the bank tells it: whom it asked, and whom it must not ask.

use super::{SECOND, Yard, taken};
use crate::escrow::{AttemptClass, Pauses, Sighting, Taken};
use crate::queue::Lane;
use crate::resilience::breaker::TripModel;
use crate::resilience::{BreakerPolicy, EndpointSet, PoolPolicy};
use crate::worker::{Worker, WorkerConfig};

#[test]
fn a_report_tells_whom_was_asked_how_long_ago_and_what_came_of_it() {
    let mut yard = Yard::new();
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(2 * SECOND);
    let tried = &yard.tried[0];
    assert!(tried.len() >= 2, "{tried:?}");
    for one in tried {
        assert!(
            one.endpoint
                .is_some_and(|endpoint| yard.asked.contains(&endpoint))
        );
        assert_eq!(one.class, AttemptClass::Shown, "{one:?}");
        assert!(one.ago_micros <= 1_000_000, "{one:?}");
    }
}

#[test]
fn an_endpoint_that_operators_pause_is_not_asked_until_they_resume_it() {
    let mut yard = Yard::new();
    let mut endpoints = EndpointSet::EMPTY;
    endpoints.insert(0);
    let paused = Taken {
        is_open: false,
        pauses: Pauses {
            chain: false,
            endpoints,
        },
    };
    yard.bank = Ok(paused);
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(5 * SECOND);
    yard.asked.clear();
    for n in 2..12 {
        yard.enqueue(Lane::Immediate, n);
    }
    yard.pass(5 * SECOND);
    assert!(
        !yard.asked.is_empty() && !yard.asked.contains(&0),
        "{:?}",
        yard.asked
    );
    yard.bank = Ok(taken(false));
    for n in 12..32 {
        yard.enqueue(Lane::Immediate, n);
        yard.pass(SECOND);
    }
    assert!(yard.asked.contains(&0), "{:?}", yard.asked);
}

#[test]
fn of_a_chain_that_is_paused_nobody_is_asked_but_the_bank() {
    let mut yard = Yard::new();
    let paused = Taken {
        is_open: true,
        pauses: Pauses {
            chain: true,
            endpoints: EndpointSet::EMPTY,
        },
    };
    yard.bank = Ok(paused);
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(5 * SECOND);
    yard.asked.clear();
    yard.reports.clear();
    for n in 2..6 {
        yard.enqueue(Lane::Immediate, n);
    }
    yard.pass(60 * SECOND);
    assert_eq!(yard.asked, [], "nobody is asked about the chain");
    let asks_the_bank = |one: &Sighting| matches!(one, Sighting::Undecided { .. });
    assert!(yard.reports.len() >= 4 && yard.reports.iter().all(asks_the_bank));
    yard.reports.clear();
    yard.bank = Ok(taken(true));
    yard.pass(60 * SECOND);
    assert!(!yard.asked.is_empty(), "the chain was resumed");
    assert!(
        yard.reports
            .iter()
            .any(|one| matches!(one, Sighting::Mined { .. }))
    );
}

/// Found by seed 217004163913210 of escrow/swarm: an attempt ends when the last endpoint has had its time, and by then the next
/// one is due, which ends as soon as it begins.
#[test]
fn attempts_that_end_at_once_are_one_report() {
    let mut yard = Yard::new();
    yard.bank = Ok(taken(true));
    yard.worker = Worker::open(WorkerConfig {
        pool: PoolPolicy {
            breaker: BreakerPolicy {
                model: TripModel::Consecutive { failures: 1 },
                ..BreakerPolicy::api()
            },
            ..PoolPolicy::default()
        },
        ..yard.worker.config().clone()
    })
    .unwrap();
    yard.pass(SECOND);
    yard.are_endpoints_mute = true;
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(SECOND * 10);
    let is_undecided = |one: &Sighting| matches!(one, Sighting::Undecided { .. });
    assert!(!yard.reports.is_empty() && yard.reports.iter().all(is_undecided));
}
