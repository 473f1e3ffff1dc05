use core::time::Duration;

use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::queue::{Leased, Priority, QueueReply, QueueRequest, Token};
use plimsoll_core::time::Instant;

use super::Queue;

const FIRST: Token = Token { worker: 1, number: 0 };
const SECOND: Token = Token { worker: 2, number: 0 };
const VISIBILITY: Duration = Duration::from_secs(30);

fn job(n: u8) -> TxKey {
    TxKey {
        chain: ChainId::new(56),
        tx: TxHash::Evm([n; 32]),
    }
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

fn enqueue(queue: &mut Queue, now: Instant, jobs: &[u8], priority: Priority) {
    let jobs = jobs.iter().map(|n| job(*n)).collect();
    let reply = queue.call(now, &QueueRequest::Enqueue { jobs, priority });
    assert_eq!(reply, QueueReply::Enqueued);
}

/// The numbers of the jobs leased, each with its attempts, and how many more were available.
fn lease(queue: &mut Queue, now: Instant, most: usize, token: Token) -> (Vec<(u8, u32)>, u64) {
    let request = QueueRequest::Lease {
        most,
        visibility: VISIBILITY,
        token,
    };
    let QueueReply::Leased { jobs, available } = queue.call(now, &request) else {
        panic!("not a lease");
    };
    let number = |one: &Leased| match one.job.tx {
        TxHash::Evm(bytes) => (bytes[0], one.attempts),
        TxHash::Solana(_) => panic!("not one of these"),
    };
    (jobs.iter().map(number).collect(), available)
}

fn complete(queue: &mut Queue, now: Instant, n: u8, token: Token) -> Vec<TxKey> {
    let leases = vec![(job(n), token)];
    lost(queue.call(now, &QueueRequest::Complete { leases }))
}

fn lost(reply: QueueReply) -> Vec<TxKey> {
    let QueueReply::Kept { lost } = reply else {
        panic!("{reply:?}")
    };
    lost
}

#[test]
fn jobs_are_handed_out_by_priority_and_then_by_age() {
    let mut queue = Queue::new();
    enqueue(&mut queue, at(1), &[7], Priority::Normal);
    enqueue(&mut queue, at(2), &[3], Priority::Normal);
    enqueue(&mut queue, at(3), &[9, 2], Priority::High);
    assert_eq!(queue.depth(at(3)), 4);
    assert_eq!(
        lease(&mut queue, at(3), 3, FIRST),
        (vec![(2, 1), (9, 1), (7, 1)], 1)
    );
    assert_eq!(lease(&mut queue, at(3), 3, SECOND), (vec![(3, 1)], 0));
    assert_eq!((queue.depth(at(3)), queue.len()), (0, 4));
}

#[test]
fn a_job_that_is_there_is_left_as_it_is_but_for_a_higher_priority() {
    let mut queue = Queue::new();
    enqueue(&mut queue, at(1), &[1, 2], Priority::Normal);
    assert_eq!(lease(&mut queue, at(1), 1, FIRST), (vec![(1, 1)], 1));
    enqueue(&mut queue, at(2), &[1, 2], Priority::High);
    enqueue(&mut queue, at(3), &[1, 2, 3], Priority::Normal);
    assert_eq!(lease(&mut queue, at(3), 9, SECOND), (vec![(2, 1), (3, 1)], 0));
    assert!(complete(&mut queue, at(4), 1, FIRST).is_empty());
}

#[test]
fn what_is_not_completed_comes_again_when_its_lease_is_over() {
    let mut queue = Queue::new();
    enqueue(&mut queue, at(0), &[1], Priority::Normal);
    lease(&mut queue, at(0), 1, FIRST);
    assert_eq!(lease(&mut queue, at(29), 1, SECOND), (vec![], 0));
    assert_eq!(lease(&mut queue, at(30), 1, SECOND), (vec![(1, 2)], 0));
    assert_eq!(complete(&mut queue, at(31), 1, FIRST), [job(1)]);
    assert!(complete(&mut queue, at(31), 1, SECOND).is_empty());
    assert!(queue.is_empty());
    assert_eq!(complete(&mut queue, at(31), 1, SECOND), [job(1)]);
}

#[test]
fn a_lease_that_is_over_holds_while_nobody_else_has_the_job() {
    let mut queue = Queue::new();
    enqueue(&mut queue, at(0), &[1, 2], Priority::Normal);
    lease(&mut queue, at(0), 2, FIRST);
    let leases = vec![(job(1), FIRST), (job(2), SECOND)];
    let visibility = VISIBILITY;
    let reply = queue.call(at(40), &QueueRequest::Extend { leases, visibility });
    assert_eq!(lost(reply), [job(2)]);
    assert_eq!(lease(&mut queue, at(69), 2, SECOND), (vec![(2, 2)], 0));
    assert_eq!(lease(&mut queue, at(70), 2, SECOND), (vec![(1, 2)], 0));
}

#[test]
fn a_job_that_is_given_back_waits_and_is_nobodys() {
    let mut queue = Queue::new();
    enqueue(&mut queue, at(0), &[1], Priority::High);
    lease(&mut queue, at(0), 1, FIRST);
    let release = QueueRequest::Release {
        job: job(1),
        token: FIRST,
        after: Duration::from_secs(5),
    };
    assert!(lost(queue.call(at(1), &release)).is_empty());
    assert_eq!(lost(queue.call(at(1), &release)), [job(1)]);
    assert_eq!(complete(&mut queue, at(2), 1, FIRST), [job(1)]);
    assert_eq!(lease(&mut queue, at(5), 1, SECOND), (vec![], 0));
    assert_eq!(lease(&mut queue, at(6), 1, SECOND), (vec![(1, 2)], 0));
}

#[test]
fn a_queue_that_lost_everything_is_empty() {
    let mut queue = Queue::new();
    enqueue(&mut queue, at(0), &[1, 2], Priority::High);
    lease(&mut queue, at(0), 1, FIRST);
    queue.lose_all();
    assert_eq!(queue, Queue::new());
    assert_eq!(complete(&mut queue, at(1), 1, FIRST), [job(1)]);
}
