//! What a worker tells the bank, and what the bank tells it: whom it asked, and whom it must not ask.

use core::time::Duration;

use super::{SECOND, TRIP, Yard, job, taken};
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

/// What is known of a report about a chain that is paused, together with these endpoints.
fn paused(endpoints: impl IntoIterator<Item = u8>) -> Taken {
    Taken {
        is_open: true,
        pauses: Pauses {
            chain: true,
            endpoints: endpoints.into_iter().collect(),
        },
    }
}

const fn is_undecided(one: &Sighting) -> bool {
    matches!(one, Sighting::Undecided { .. })
}

#[test]
fn of_a_chain_that_is_paused_nobody_is_asked_but_the_bank() {
    let mut yard = Yard::new();
    yard.bank = Ok(paused([]));
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(5 * SECOND);
    yard.reports.clear();
    yard.asked.clear();
    yard.questions = 0;
    // That an endpoint is paused and resumed meanwhile changes nothing.
    for (n, bank) in (2..).zip([paused([]), paused([0]), paused([])]) {
        yard.bank = Ok(bank);
        yard.enqueue(Lane::Immediate, n);
        yard.pass(60 * SECOND);
        assert_eq!(yard.questions, 0, "nobody is asked about the chain");
    }
    assert!(yard.reports.len() >= 4 && yard.reports.iter().all(is_undecided));
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

#[test]
fn what_is_being_verified_when_the_chain_is_paused_the_bank_is_asked_about_at_once() {
    let mut yard = Yard::new();
    yard.bank = Ok(paused([]));
    yard.pass(SECOND);
    yard.are_endpoints_mute = true;
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(Duration::from_millis(600));
    yard.enqueue(Lane::Immediate, 2);
    while yard.reports.is_empty() {
        yard.pass(Duration::from_millis(1));
    }
    assert_eq!((yard.reports.len(), yard.worker.held()), (1, 2));
    yard.pass(TRIP);
    assert_eq!(yard.reports.len(), 2);
    assert!(yard.reports.iter().all(is_undecided));
}

#[test]
fn a_job_that_was_only_held_up_waits_longer_each_time_and_no_longer_than_its_chain() {
    let mut yard = Yard::new();
    yard.bank = Ok(paused([]));
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(20 * SECOND);
    // At 0, 1, 3, 7 and 15 s.
    assert_eq!(yard.reports.len(), 5);
    yard.bank = Ok(taken(true));
    while yard.reports.len() == 5 {
        yard.pass(TRIP);
    }
    yard.pass(SECOND);
    let is_mined = |one: &Sighting| matches!(one, Sighting::Mined { .. });
    assert!(is_undecided(&yard.reports[5]));
    assert!(yard.reports.get(6).is_some_and(is_mined), "{:?}", yard.reports);
}

#[test]
fn whoever_was_only_held_up_comes_back_at_once_whichever_answer_says_that_this_is_over() {
    let mut yard = Yard::new();
    yard.bank = Ok(paused([]));
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(SECOND);
    yard.queue.clear();
    // Those that have waited long already would wait for 30 s; the bank is asked about all of them at once.
    for n in 2..6 {
        yard.enqueue(Lane::Immediate, n);
        yard.queue.get_mut(&job(n)).unwrap().attempts = 9;
    }
    yard.bank = Ok(taken(true));
    yard.reports.clear();
    yard.pass(4 * SECOND);
    let (asked, told) = yard.reports.split_at(4);
    assert!(asked.iter().all(is_undecided), "{asked:?}");
    assert_eq!(told.len(), 4, "{told:?}");
    let is_absent = |one: &Sighting| matches!(one, Sighting::Absent { .. });
    assert!(told.iter().all(is_absent), "{told:?}");
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
    assert!(!yard.reports.is_empty() && yard.reports.iter().all(is_undecided));
}
