use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::{Call, Dispatch, TIMEOUT};
use crate::escrow::TxKey;
use crate::escrow::testing::CHAIN;
use crate::id::{ErrandId, TxHash};
use crate::queue::{JOBS_PER_REQUEST_MAX, Priority};
use crate::time::Instant;

fn job(n: usize) -> TxKey {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&(n as u64).to_be_bytes());
    TxKey {
        chain: CHAIN,
        tx: TxHash::Evm(hash),
    }
}

#[test]
fn jobs_are_handed_over_in_full_requests_those_of_somebody_first() {
    let mut dispatch = Dispatch::new(None);
    (0..JOBS_PER_REQUEST_MAX + 1).for_each(|n| dispatch.add(job(n), Priority::Normal));
    dispatch.add(job(0), Priority::High);
    let requests: Vec<(usize, Priority)> = core::iter::from_fn(|| dispatch.take())
        .map(|(jobs, priority)| (jobs.len(), priority))
        .collect();
    assert_eq!(
        requests,
        [
            (1, Priority::High),
            (JOBS_PER_REQUEST_MAX, Priority::Normal),
            (1, Priority::Normal),
        ]
    );
}

#[test]
fn something_is_due_when_the_oldest_call_has_had_its_time() {
    let mut dispatch = Dispatch::new(None);
    assert_eq!(dispatch.next_deadline(), None);
    for (errand, millis) in [(0, 100), (1, 200)] {
        let begun = Instant::ZERO.after(Duration::from_millis(millis));
        let call = Call {
            place: crate::queue::Lanes::database(),
            jobs: vec![job(1)],
            priority: Priority::High,
            begun,
        };
        dispatch.calls.insert(ErrandId::new(errand), call);
    }
    let at = dispatch.next_deadline().map(|deadline| deadline.at);
    assert_eq!(
        at,
        Some(Instant::ZERO.after(Duration::from_millis(100) + TIMEOUT))
    );
}
