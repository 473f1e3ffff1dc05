//! A worker against a toy chain, two toy queues and a bank that answers as it is told.

mod told;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::vec;
use std::vec::Vec;

use super::{Act, Answerless, Input, Notice, Worker, WorkerConfig, WorkerPolicy};
use crate::escrow::testing::{CHAIN, COLLECT, PAYER, block, chain, config, receipt, registry, transfer, tx};
use crate::escrow::{Answer, Pauses, Question, Sighting, Taken, Tried, TxKey};
use crate::id::{CallId, ErrandId};
use crate::machine::{Effects, Machine};
use crate::queue::{Lane, LaneFault, Leased, QueueReply, QueueRequest, Token};
use crate::resilience::{BreakerState, EndpointSet, PoolPolicy};
use crate::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// How long everything takes to answer.
const TRIP: Duration = Duration::from_millis(10);

/// A job in a toy queue.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    lane: Lane,
    available_at: Instant,
    held_by: Option<Token>,
    attempts: u32,
}

/// A worker, and the world that it sees.
struct Yard {
    worker: Worker,
    now: Instant,
    queue: BTreeMap<TxKey, Waiting>,
    /// Lanes that refuse, and lanes that never answer.
    down: Vec<Lane>,
    mute: Vec<Lane>,
    /// Whether the bank answers, and that what it was told of is open.
    bank: Result<Taken, Answerless>,
    /// Whether it never answers.
    is_bank_mute: bool,
    /// Whether endpoints never answer.
    are_endpoints_mute: bool,
    on_the_way: BTreeMap<(Instant, u64), Input>,
    sent: u64,
    /// When each lane was asked for jobs.
    leases: Vec<(Lane, Duration)>,
    /// The least and the most that one of these requests asked for.
    asked_for: (usize, usize),
    tokens: Vec<Token>,
    reports: Vec<Sighting>,
    /// What was tried before each report.
    tried: Vec<Vec<Tried>>,
    /// Whom questions about transactions were put to.
    asked: Vec<u8>,
    /// How many questions about anything were put to endpoints.
    questions: usize,
    notices: Vec<Notice>,
}

const fn taken(is_open: bool) -> Taken {
    Taken {
        is_open,
        pauses: Pauses {
            chain: false,
            endpoints: EndpointSet::EMPTY,
        },
    }
}

fn job(n: u8) -> TxKey {
    TxKey {
        chain: CHAIN,
        tx: tx(n),
    }
}

impl Yard {
    fn new() -> Self {
        Self::with(WorkerPolicy::default())
    }

    fn with(policy: WorkerPolicy) -> Self {
        let config = WorkerConfig {
            registry: registry(),
            escrow: config(),
            pool: PoolPolicy::default(),
            has_immediate: true,
            policy,
            worker: 9,
            seed: 7,
        };
        Self {
            worker: Worker::open(config).unwrap(),
            now: Instant::ZERO,
            queue: BTreeMap::new(),
            down: Vec::new(),
            mute: Vec::new(),
            bank: Ok(taken(false)),
            is_bank_mute: false,
            are_endpoints_mute: false,
            on_the_way: BTreeMap::new(),
            sent: 0,
            leases: Vec::new(),
            asked_for: (usize::MAX, 0),
            tokens: Vec::new(),
            reports: Vec::new(),
            tried: Vec::new(),
            asked: Vec::new(),
            questions: 0,
            notices: Vec::new(),
        }
    }

    fn enqueue(&mut self, lane: Lane, n: u8) {
        let waiting = Waiting {
            lane,
            available_at: self.now,
            held_by: None,
            attempts: 0,
        };
        self.queue.insert(job(n), waiting);
    }

    /// Lets `duration` pass.
    fn pass(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        for _ in 0..20_000 {
            let arrival = self.on_the_way.keys().next().map(|(at, _)| *at);
            let deadline = self.worker.next_deadline().map(|deadline| deadline.at);
            let next = [arrival, deadline].into_iter().flatten().min().unwrap_or(end);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next.max(self.now);
            let is_arrival = arrival.is_some_and(|at| at <= self.now);
            let arrived = is_arrival.then(|| self.on_the_way.pop_first()).flatten();
            self.handle(arrived.map_or(Input::Tick, |(_, input)| input));
        }
        panic!("the worker is always due: {:?}", self.worker.next_deadline());
    }

    fn handle(&mut self, input: Input) {
        let mut fx = Effects::new();
        self.worker.handle(self.now, input, &mut fx);
        for act in fx.drain().collect::<Vec<Act>>() {
            let answer = match act {
                Act::Queue {
                    errand,
                    lane,
                    request,
                    ..
                } => self.on_queue(errand, lane, request),
                Act::Ask {
                    call,
                    endpoint,
                    question,
                    ..
                } => {
                    self.questions += 1;
                    if matches!(question, Question::Receipt { .. }) {
                        self.asked.push(endpoint.index);
                    }
                    self.on_ask(call, &question)
                }
                Act::Report { errand, report, .. } => {
                    self.reports.push(report.sighting);
                    self.tried.push(report.tried);
                    let outcome = self.bank;
                    (!self.is_bank_mute).then_some(Input::Reported { errand, outcome })
                }
                Act::Notice(notice) => {
                    self.notices.push(notice);
                    None
                }
            };
            if let Some(answer) = answer {
                self.sent += 1;
                self.on_the_way.insert((self.now.after(TRIP), self.sent), answer);
            }
        }
    }

    fn on_queue(&mut self, errand: ErrandId, lane: Lane, request: QueueRequest) -> Option<Input> {
        if let QueueRequest::Lease { most, token, .. } = request {
            assert!(!self.tokens.contains(&token), "two leases are called {token}");
            self.tokens.push(token);
            self.leases.push((lane, self.now.since(Instant::ZERO)));
            self.asked_for = (self.asked_for.0.min(most), self.asked_for.1.max(most));
        }
        if self.mute.contains(&lane) {
            return None;
        }
        let outcome = if self.down.contains(&lane) {
            Err(LaneFault::Connection)
        } else {
            Ok(self.obey(lane, request))
        };
        Some(Input::Queue { errand, outcome })
    }

    fn obey(&mut self, lane: Lane, request: QueueRequest) -> QueueReply {
        let now = self.now;
        let mut lost = Vec::new();
        let mut of = |queue: &mut BTreeMap<TxKey, Waiting>, job: TxKey, token: Token| {
            let is_held = queue.get(&job).is_some_and(|one| one.held_by == Some(token));
            if !is_held {
                lost.push(job);
            }
            is_held
        };
        match request {
            QueueRequest::Enqueue { .. } => unreachable!("workers take jobs"),
            QueueRequest::Lease {
                most,
                visibility,
                token,
            } => {
                let mut jobs = Vec::new();
                for (job, one) in &mut self.queue {
                    if jobs.len() < most && one.lane == lane && one.available_at <= now {
                        one.attempts += 1;
                        one.held_by = Some(token);
                        one.available_at = now.after(visibility);
                        jobs.push(Leased {
                            job: *job,
                            attempts: one.attempts,
                        });
                    }
                }
                return QueueReply::Leased { jobs, available: 0 };
            }
            QueueRequest::Extend { leases, visibility } => {
                for (job, token) in leases {
                    if of(&mut self.queue, job, token) {
                        self.queue.get_mut(&job).unwrap().available_at = now.after(visibility);
                    }
                }
            }
            QueueRequest::Complete { leases } => {
                for (job, token) in leases {
                    if of(&mut self.queue, job, token) {
                        self.queue.remove(&job);
                    }
                }
            }
            QueueRequest::Release { job, token, after } => {
                if of(&mut self.queue, job, token) {
                    let one = self.queue.get_mut(&job).unwrap();
                    (one.held_by, one.available_at) = (None, now.after(after));
                }
            }
        }
        QueueReply::Kept { lost }
    }

    fn on_ask(&self, call: CallId, question: &Question) -> Option<Input> {
        let (latest, finalized) = (block(12), block(10));
        let mined = receipt(1, block(9), vec![transfer(PAYER, COLLECT, 5_000)]);
        let answer = match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: CHAIN.number(),
                genesis: chain().genesis,
                decimals: vec![Some(18); tokens.len()],
            },
            Question::Attested => Answer::Attested { block: finalized },
            Question::Heads => Answer::Heads { latest, finalized },
            Question::Receipt { tx: asked } => Answer::Receipt {
                finalized,
                receipt: Some(mined).filter(|_| *asked == tx(1)),
            },
            Question::Scan { .. } | Question::Balances { .. } => {
                panic!("a worker neither scans nor reconciles")
            }
        };
        let outcome = Ok(answer);
        (!self.are_endpoints_mute).then_some(Input::Answered { call, outcome })
    }
}

#[test]
fn a_job_is_verified_reported_and_completed() {
    let mut yard = Yard::new();
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(SECOND);
    let [Sighting::Mined { receipt, evidence }] = yard.reports.as_slice() else {
        panic!("{:?}", yard.reports)
    };
    assert_eq!((receipt.tx, evidence.votes.len()), (tx(1), 2));
    assert!(evidence.is_final());
    assert!(yard.queue.is_empty());
    assert_eq!(yard.worker.held(), 0);
}

#[test]
fn what_is_not_there_yet_waits_longer_each_time() {
    let mut yard = Yard::new();
    yard.bank = Ok(taken(true));
    yard.enqueue(Lane::Immediate, 2);
    yard.pass(SECOND * 60);
    let is_absent = |one: &Sighting| matches!(one, Sighting::Absent { .. });
    assert!(yard.reports.iter().all(is_absent));
    // After about 1, 2, 4, 8, 16 and 30 s: at 0, 1, 3, 7, 15 and 31 s.
    assert_eq!(yard.reports.len(), 6);
    assert_eq!(yard.queue[&job(2)].attempts, 6);
}

#[test]
fn a_job_whose_report_was_not_taken_comes_again() {
    let mut yard = Yard::new();
    yard.bank = Err(Answerless);
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(SECOND * 5);
    assert_eq!(yard.reports.len(), 3);
    yard.bank = Ok(taken(false));
    yard.pass(SECOND * 5);
    assert_eq!(yard.reports.len(), 4);
    assert!(yard.queue.is_empty());
}

#[test]
fn with_the_immediate_lane_down_jobs_come_from_the_database_and_back() {
    for is_mute in [false, true] {
        let mut yard = Yard::new();
        yard.pass(SECOND * 2);
        if is_mute {
            yard.mute.push(Lane::Immediate);
        } else {
            yard.down.push(Lane::Immediate);
        }
        yard.enqueue(Lane::Database, 1);
        yard.pass(SECOND * 8);
        assert_eq!(yard.reports.len(), 1, "within ten seconds of the loss");
        let calls = yard.leases.iter().filter(|(lane, _)| *lane == Lane::Immediate);
        let vain = calls.filter(|(_, at)| *at > SECOND * 2).count();
        assert!((4..=6).contains(&vain), "{vain}");
        yard.down.clear();
        yard.mute.clear();
        yard.enqueue(Lane::Immediate, 2);
        yard.pass(SECOND * 7);
        assert!(yard.reports.len() >= 2, "it is used again");
        let states = yard.notices.iter().filter_map(|notice| match notice {
            Notice::Lane { to, .. } => Some(*to),
            Notice::LeaseLost { .. }
            | Notice::Disagreement { .. }
            | Notice::Cordoned { .. }
            | Notice::Breaker { .. } => None,
        });
        let states: Vec<BreakerState> = states.collect();
        assert_eq!(states.first(), Some(&BreakerState::Open));
        assert_eq!(states.last(), Some(&BreakerState::Closed));
    }
}

#[test]
fn a_call_that_is_not_answered_ends_at_its_time_and_holds_up_no_other_lane() {
    let mut yard = Yard::with(WorkerPolicy {
        jobs_max: 1_024,
        ..WorkerPolicy::default()
    });
    yard.mute.push(Lane::Immediate);
    yard.pass(SECOND + Duration::from_millis(500));
    let ms = Duration::from_millis;
    let immediate = [0, 700, 1_400].map(|at| (Lane::Immediate, ms(at)));
    let of_lane = |lane| yard.leases.iter().copied().filter(move |(of, _)| *of == lane);
    assert_eq!(of_lane(Lane::Immediate).collect::<Vec<_>>(), immediate);
    assert_eq!(of_lane(Lane::Database).next(), Some((Lane::Database, ms(0))));
}

/// A yard whose bank does not answer, so that the job takes as long as a report may, and leases of 2 s.
fn slow_yard() -> Yard {
    let mut yard = Yard::with(WorkerPolicy {
        visibility: SECOND * 2,
        ..WorkerPolicy::default()
    });
    yard.pass(SECOND);
    yard.is_bank_mute = true;
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(Duration::from_millis(400));
    assert_eq!(yard.reports.len(), 1);
    yard
}

#[test]
fn a_lease_is_prolonged_while_its_job_is_under_way() {
    let mut yard = slow_yard();
    for _ in 0..20 {
        yard.pass(Duration::from_millis(200));
        let one = yard.queue[&job(1)];
        assert!(one.held_by.is_some() && one.available_at > yard.now);
        assert_eq!(one.attempts, 1);
    }
    yard.pass(SECOND);
    assert_eq!(
        yard.queue[&job(1)].held_by,
        None,
        "it is given back when the bank has had its time"
    );
}

#[test]
fn a_lease_that_another_worker_took_is_let_go() {
    let mut yard = slow_yard();
    let other = Token { worker: 1, number: 0 };
    let one = yard.queue.get_mut(&job(1)).unwrap();
    (one.held_by, one.available_at) = (Some(other), Instant::ZERO.after(SECOND * 60));
    yard.pass(SECOND * 2);
    assert!(yard.notices.contains(&Notice::LeaseLost { job: job(1) }));
    yard.is_bank_mute = false;
    yard.pass(SECOND * 6);
    assert_eq!(yard.queue[&job(1)].held_by.map(|token| token.worker), Some(1));
    assert_eq!(yard.worker.held(), 0);
}

#[test]
fn a_lease_that_cannot_be_prolonged_is_let_go_when_it_is_over() {
    let mut yard = slow_yard();
    yard.down.push(Lane::Immediate);
    yard.pass(SECOND * 2);
    assert!(yard.notices.contains(&Notice::LeaseLost { job: job(1) }));
}

#[test]
fn it_holds_no_more_than_it_may() {
    let mut yard = Yard::with(WorkerPolicy {
        jobs_max: 3,
        ..WorkerPolicy::default()
    });
    (2..20).for_each(|n| {
        yard.enqueue(
            if n % 2 == 0 {
                Lane::Immediate
            } else {
                Lane::Database
            },
            n,
        )
    });
    yard.bank = Ok(taken(false));
    yard.pass(SECOND * 30);
    assert!(yard.queue.is_empty(), "{} are left", yard.queue.len());
    assert_eq!(yard.asked_for, (1, 3), "nobody is asked for no job");
}

#[test]
fn a_lane_that_has_nothing_is_asked_again_after_its_time() {
    let mut yard = Yard::new();
    yard.pass(SECOND * 12);
    for (lane, pause) in [
        (Lane::Immediate, Duration::from_millis(200)),
        (Lane::Database, SECOND * 5),
    ] {
        let of_lane = yard.leases.iter().filter(|(of, _)| *of == lane);
        let asked: Vec<Duration> = of_lane.map(|(_, at)| *at).collect();
        let pauses: Vec<Duration> = asked.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(pauses.len() >= 2, "{lane:?}: {asked:?}");
        assert!(
            pauses.iter().all(|one| *one == pause + TRIP),
            "{lane:?}: {pauses:?}"
        );
    }
}

#[test]
fn a_worker_that_drains_ends_what_it_has_and_takes_no_more() {
    let mut yard = Yard::new();
    yard.enqueue(Lane::Immediate, 1);
    yard.pass(Duration::from_millis(25));
    assert_eq!(yard.worker.held(), 1);
    assert!(!yard.worker.is_drained());
    yard.handle(Input::Drain);
    let asked = yard.leases.len();
    yard.enqueue(Lane::Immediate, 2);
    while yard.worker.held() > 0 {
        assert!(!yard.worker.is_drained(), "it holds a job");
        yard.pass(Duration::from_millis(1));
    }
    assert!(!yard.worker.is_drained(), "the queue has not heard of it");
    yard.pass(SECOND);
    assert!(yard.worker.is_drained());
    assert_eq!(yard.leases.len(), asked);
    assert_eq!(yard.queue.keys().copied().collect::<Vec<_>>(), [job(2)]);
}
