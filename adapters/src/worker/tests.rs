//! A worker as it runs, with a queue and a chain in memory, in paused time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_core::escrow::{
    Answer, BlockRef, Fault, Pauses, Question, Receipt, Report, Sighting, Taken, TxKey,
};
use plimsoll_core::id::{BlockHash, EndpointId, TxHash};
use plimsoll_core::queue::{Lane, LaneFault, Priority, QueueReply, QueueRequest};
use plimsoll_core::worker::{Answerless, WorkerConfig, WorkerPolicy};
use plimsoll_sim::model::queue::Queue;

use super::{Reporter, Reporting, Runner, Staff};
use crate::clock::Clock;
use crate::driver::{Answering, Asker, Queues};
use crate::testing::{CHAIN, GENESIS, bank_config};

const SECOND: Duration = Duration::from_secs(1);

/// Two endpoints that have every transaction in block 5.
#[derive(Debug, Clone)]
struct Mined;

impl Asker for Mined {
    async fn ask(&self, _: EndpointId, question: Question, _: Duration) -> Result<Answer, Fault> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let block = |number: u8| BlockRef {
            number: u64::from(number),
            hash: BlockHash::Evm([number; 32]),
        };
        Ok(match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: CHAIN.number(),
                genesis: GENESIS,
                decimals: vec![Some(18); tokens.len()],
            },
            Question::Attested => Answer::Attested { block: block(9) },
            Question::Heads => Answer::Heads {
                latest: block(12),
                finalized: block(9),
            },
            Question::Receipt { tx } => Answer::Receipt {
                finalized: block(9),
                receipt: Some(Receipt {
                    tx,
                    block: block(5),
                    succeeded: true,
                    logs: vec![],
                    balances: vec![],
                }),
            },
            Question::Scan { .. } | Question::Balances { .. } => {
                panic!("a worker neither scans nor reconciles")
            }
        })
    }
}

/// Both lanes, in memory.
struct Lines {
    queues: [Mutex<Queue>; 2],
    is_immediate_down: AtomicBool,
    clock: Clock,
}

impl Lines {
    fn ask(&self, lane: Lane, request: &QueueRequest) -> Result<QueueReply, LaneFault> {
        if lane == Lane::Immediate && self.is_immediate_down.load(Ordering::Relaxed) {
            return Err(LaneFault::Connection);
        }
        Ok(self.obey(lane, request))
    }

    fn obey(&self, lane: Lane, request: &QueueRequest) -> QueueReply {
        let mut queue = self.queues[usize::from(lane == Lane::Database)].lock().unwrap();
        queue.call(self.clock.now(), request)
    }

    fn enqueue(&self, lane: Lane, n: u8) {
        let jobs = vec![TxKey {
            chain: CHAIN,
            tx: TxHash::Evm([n; 32]),
        }];
        let priority = Priority::Normal;
        assert_eq!(
            self.ask(lane, &QueueRequest::Enqueue { jobs, priority }),
            Ok(QueueReply::Enqueued)
        );
    }

    fn left(&self) -> usize {
        self.queues.iter().map(|queue| queue.lock().unwrap().len()).sum()
    }
}

impl Queues for Lines {
    fn call(&self, lane: Lane, request: QueueRequest, _: Duration) -> Answering {
        let outcome = self.ask(lane, &request);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            outcome
        })
    }
}

/// A bank that is told, and answers after a time, or not at all.
#[derive(Default)]
struct Told {
    reports: Mutex<Vec<Report>>,
    is_mute: AtomicBool,
    asked: AtomicUsize,
}

impl Reporter for Told {
    fn report(&self, report: Report, timeout: Duration) -> Reporting {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let is_mute = self.is_mute.load(Ordering::Relaxed);
        // As at the bank's own verifier: endpoints that nobody knows yet decide nothing.
        let is_open = matches!(report.sighting, Sighting::Undecided { .. });
        if !is_mute && !is_open {
            self.reports.lock().unwrap().push(report);
        }
        Box::pin(async move {
            if is_mute {
                tokio::time::sleep(timeout).await;
                return Err(Answerless);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(Taken {
                is_open,
                pauses: Pauses::default(),
            })
        })
    }
}

struct Yard {
    lines: Arc<Lines>,
    bank: Arc<Told>,
    staff: Staff,
}

impl Yard {
    fn of(workers: u64) -> Self {
        let clock = Clock::start();
        let lines = Arc::new(Lines {
            queues: Default::default(),
            is_immediate_down: AtomicBool::new(false),
            clock,
        });
        let bank = Arc::new(Told::default());
        let runner = |worker| {
            let told = bank_config();
            let config = WorkerConfig {
                registry: told.registry,
                escrow: told.escrow,
                pool: told.pool,
                has_immediate: true,
                policy: WorkerPolicy {
                    jobs_max: 4,
                    ..WorkerPolicy::default()
                },
                worker,
                seed: worker,
            };
            Runner::new(
                config,
                Mined,
                Arc::clone(&lines) as _,
                Arc::clone(&bank) as _,
                clock,
            )
            .unwrap()
        };
        let staff = Staff::start((0..workers).map(runner).collect());
        Self { lines, bank, staff }
    }

    fn reported(&self) -> usize {
        self.bank.reports.lock().unwrap().len()
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_of_both_lanes_are_verified_reported_and_completed() {
    let yard = Yard::of(3);
    for n in 1..=20 {
        yard.lines.enqueue(
            if n % 2 == 0 {
                Lane::Immediate
            } else {
                Lane::Database
            },
            n,
        );
    }
    tokio::time::sleep(SECOND * 20).await;
    assert_eq!((yard.lines.left(), yard.reported()), (0, 20));
    let reports = yard.bank.reports.lock().unwrap().clone();
    for report in reports {
        assert!(matches!(report.sighting, Sighting::Mined { .. }));
        report
            .check(&bank_config().escrow.chains[0])
            .expect("a bank believes it");
    }
    yard.staff.drain();
    assert_eq!(yard.staff.ended().await, Some(0));
}

#[tokio::test(start_paused = true)]
async fn with_the_immediate_lane_down_the_database_lane_serves_within_ten_seconds() {
    let yard = Yard::of(1);
    tokio::time::sleep(SECOND * 3).await;
    yard.lines.is_immediate_down.store(true, Ordering::Relaxed);
    yard.lines.enqueue(Lane::Database, 1);
    tokio::time::sleep(SECOND * 8).await;
    assert_eq!(yard.reported(), 1);
    yard.lines.is_immediate_down.store(false, Ordering::Relaxed);
    yard.lines.enqueue(Lane::Immediate, 2);
    tokio::time::sleep(SECOND * 8).await;
    assert_eq!((yard.lines.left(), yard.reported()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_to_end_does_what_it_holds_and_takes_no_more() {
    let yard = Yard::of(1);
    // An undecided attempt or two, until the endpoints are known.
    yard.lines.enqueue(Lane::Immediate, 6);
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!((yard.lines.left(), yard.reported()), (0, 1));
    (1..=4).for_each(|n| yard.lines.enqueue(Lane::Immediate, n));
    tokio::time::sleep(Duration::from_millis(230)).await;
    yard.staff.drain();
    tokio::task::yield_now().await;
    yard.lines.enqueue(Lane::Immediate, 5);
    assert_eq!(yard.staff.ended().await, Some(0));
    assert_eq!(yard.bank.reports.lock().unwrap().len(), 5);
    assert_eq!(yard.lines.left(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_bank_is_gone_gives_its_jobs_back_and_ends_all_the_same() {
    let yard = Yard::of(1);
    yard.bank.is_mute.store(true, Ordering::Relaxed);
    (1..=2).for_each(|n| yard.lines.enqueue(Lane::Immediate, n));
    tokio::time::sleep(SECOND * 3).await;
    yard.staff.drain();
    let asked = yard.bank.asked.load(Ordering::Relaxed);
    assert_eq!(asked, 2);
    assert_eq!(yard.staff.ended().await, Some(0));
    assert_eq!(yard.lines.left(), 2);
}
