use core::time::Duration;
use std::vec::Vec;

use super::{Job, Jobs};
use crate::escrow::testing::{CHAIN, tx};
use crate::escrow::{AttemptClass, Tried, TxKey};
use crate::id::{ChainId, ErrandId, TxHash};
use crate::queue::{JOBS_PER_REQUEST_MAX, Lane, Token};
use crate::time::Instant;

const VISIBILITY: Duration = Duration::from_secs(10);
const TOKEN: Token = Token { worker: 9, number: 1 };

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

fn key(n: u8) -> TxKey {
    TxKey {
        chain: CHAIN,
        tx: tx(n),
    }
}

/// Jobs 1 and 2 of the immediate lane and 3 of the database, leased at 0, 2 and 0 s.
fn jobs() -> Jobs {
    let mut jobs = Jobs::default();
    for (n, lane, since) in [
        (1, Lane::Immediate, 0),
        (2, Lane::Immediate, 2),
        (3, Lane::Database, 0),
    ] {
        assert!(jobs.insert(key(n), Job::new(lane, TOKEN, at(since), VISIBILITY, 1)));
    }
    jobs
}

#[test]
fn a_lease_is_prolonged_when_it_is_half_over_in_its_own_lane_while_it_is_held() {
    let taken = |jobs: &mut Jobs, now, lane| {
        let leases = jobs.take_extendable(at(now), lane, VISIBILITY).into_iter();
        leases.map(|(job, _)| job).collect::<Vec<_>>()
    };
    for (now, immediate, database) in [
        (4, &[][..], &[][..]),
        (5, &[1], &[3]),
        (6, &[1], &[3]),
        (7, &[1, 2], &[3]),
    ] {
        let mut jobs = jobs();
        for (lane, expected) in [(Lane::Immediate, immediate), (Lane::Database, database)] {
            let expected: Vec<TxKey> = expected.iter().copied().map(key).collect();
            assert_eq!(taken(&mut jobs, now, lane), expected, "{now} {lane:?}");
            assert_eq!(taken(&mut jobs, now, lane), [], "not twice at once");
        }
    }
    let mut jobs = jobs();
    assert!(jobs.report(key(1), ErrandId::new(1), at(60), false));
    jobs.drop_lease(key(1));
    assert_eq!(taken(&mut jobs, 5, Lane::Immediate), [], "it is lost");
}

#[test]
fn a_job_whose_lease_is_lost_is_held_only_while_the_bank_is_being_told_of_it() {
    let mut jobs = jobs();
    assert!(jobs.drop_lease(key(2)));
    assert_eq!(jobs.len(), 2);
    let errand = ErrandId::new(1);
    assert!(jobs.report(key(1), errand, at(60), false));
    assert!(!jobs.drop_lease(key(1)));
    assert!(!jobs.drop_lease(key(7)), "it is not held");
    assert_eq!(jobs.len(), 2);
    let (job, held) = jobs.take_reported(errand).unwrap();
    assert_eq!((job, held.lease), (key(1), None));
    assert_eq!((jobs.len(), jobs.is_empty()), (1, false));
    assert!(jobs.drop_lease(key(3)));
    assert!(jobs.is_empty());
}

#[test]
fn the_jobs_of_a_chain_that_are_being_verified_are_those_that_the_bank_is_not_being_told_of() {
    let mut jobs = jobs();
    let elsewhere = TxKey {
        chain: ChainId::new(97),
        ..key(1)
    };
    jobs.insert(elsewhere, Job::new(Lane::Immediate, TOKEN, at(0), VISIBILITY, 1));
    assert!(jobs.report(key(2), ErrandId::new(1), at(60), false));
    assert_eq!(jobs.verified_on(CHAIN), [1, 3].map(key));
    assert_eq!(jobs.verified_on(elsewhere.chain), [elsewhere]);
    assert!(jobs.report(elsewhere, ErrandId::new(2), at(60), false));
    assert_eq!(jobs.verified_on(elsewhere.chain), []);
}

#[test]
fn a_request_prolongs_so_many_leases_and_what_failed_is_tried_again_before_they_are_over() {
    let mut jobs = Jobs::default();
    for n in 0..=JOBS_PER_REQUEST_MAX {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let key = TxKey {
            chain: CHAIN,
            tx: TxHash::Evm(hash),
        };
        jobs.insert(key, Job::new(Lane::Immediate, TOKEN, at(0), VISIBILITY, 1));
    }
    let mut taken = |millis| {
        let now = Instant::ZERO.after(Duration::from_millis(millis));
        jobs.take_extendable(now, Lane::Immediate, VISIBILITY).len()
    };
    assert_eq!(
        [5_000, 5_000, 5_000, 7_499, 7_500].map(&mut taken),
        [JOBS_PER_REQUEST_MAX, 1, 0, 0, JOBS_PER_REQUEST_MAX]
    );
}

#[test]
fn a_lease_that_was_prolonged_is_prolonged_again_when_that_is_half_over_and_a_lost_one_never() {
    let mut jobs = jobs();
    assert!(jobs.report(key(2), ErrandId::new(1), at(60), false));
    jobs.drop_lease(key(2));
    jobs.extended(&[key(1), key(2)], at(14), VISIBILITY);
    let extendable = |jobs: &mut Jobs, now| jobs.take_extendable(at(now), Lane::Immediate, VISIBILITY).len();
    assert_eq!([8, 9].map(|now| extendable(&mut jobs, now)), [0, 1]);
    assert_eq!(jobs.first_lease_over(at(13)), Some(key(3)));
    jobs.drop_lease(key(3));
    assert_eq!(
        [13, 14].map(|now| jobs.first_lease_over(at(now))),
        [None, Some(key(1))]
    );
}

#[test]
fn something_is_due_when_a_lease_is_half_over_or_a_report_has_had_its_time() {
    let due = |jobs: &Jobs| jobs.next_deadline().map(|deadline| deadline.at);
    let mut jobs = jobs();
    assert_eq!(due(&jobs), Some(at(5)));
    assert!(jobs.report(key(2), ErrandId::new(1), at(4), false));
    assert_eq!(due(&jobs), Some(at(4)));
    [1, 2, 3].map(key).into_iter().for_each(|key| {
        jobs.drop_lease(key);
    });
    assert_eq!(due(&jobs), Some(at(4)), "the bank still answers");
    assert!(jobs.take_reported(ErrandId::new(1)).is_some());
    assert_eq!(due(&jobs), None);
}

#[test]
fn a_job_that_comes_again_goes_on_under_the_newer_lease_with_what_was_tried() {
    let mut jobs = jobs();
    let tried = Tried {
        ago_micros: 0,
        endpoint: Some(1),
        class: AttemptClass::Timeout,
        height: None,
    };
    jobs.hear(at(1), key(1), tried);
    assert!(jobs.report(key(1), ErrandId::new(1), at(60), false));
    let newer = Token { number: 2, ..TOKEN };
    assert!(!jobs.insert(key(1), Job::new(Lane::Database, newer, at(3), VISIBILITY, 2)));
    assert!(
        !jobs.report(key(1), ErrandId::new(2), at(60), false),
        "the bank is being told"
    );
    let ago_micros = 3_000_000;
    assert_eq!(jobs.take_tried(at(4), key(1)), [Tried { ago_micros, ..tried }]);
    assert_eq!(jobs.take_tried(at(4), key(1)), [], "it is told once");
    let taken = jobs
        .take_reported(ErrandId::new(1))
        .map(|(job, held)| (job, held.token));
    assert_eq!(taken, Some((key(1), newer)));
}
