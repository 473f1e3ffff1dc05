//! The workers of a world, and the queues that feed them.
//!
//! Each worker is a process of its own that runs the core's `Worker`, with its own ways to the endpoints. Queues are models
//! behind a link, one for each lane. A report travels to the bank as a request of a client does, and its answer back; when
//! the bank's process is down or held up, nobody answers. `booth` is a queue as it can be reached, `hand` a worker's process,
//! `errands` what travels.

mod booth;
mod errands;
mod hand;

use std::collections::BTreeMap;

use plimsoll_core::bank::BankConfig;
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::{Answer, Fault, Question, Report, Taken};
use plimsoll_core::id::{CallId, EndpointId, ErrandId, RequestId, TxHash};
use plimsoll_core::queue::{Lane, LaneFault, QueueReply, QueueRequest};
use plimsoll_core::rng::Rng;
use plimsoll_core::worker::Answerless;

pub(super) use booth::Booth;
pub(super) use hand::Hand;

use super::World;
use super::plan::Topology;

/// Requests with numbers from here on are reports of workers; clients' own count from zero.
const REPORTS_FROM: u64 = 1 << 62;

/// Somebody in one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tenant {
    /// The number of the worker; `None` is the bank.
    pub(super) worker: Option<u8>,
    /// The life of its process.
    pub(super) life: u32,
}

impl Tenant {
    /// The bank in the life of this number.
    pub(super) const fn bank(life: u32) -> Self {
        Self { worker: None, life }
    }
}

/// What can happen among workers.
#[derive(Debug)]
pub(super) enum Shift {
    /// A request reaches a queue.
    Asked {
        by: Tenant,
        errand: ErrandId,
        lane: Lane,
        request: QueueRequest,
    },
    /// The answer of a queue reaches whoever asked.
    Answered {
        by: Tenant,
        errand: ErrandId,
        lane: Lane,
        outcome: Result<QueueReply, LaneFault>,
    },
    /// A worker's process is to be started, unless it is up or held down.
    Start(u8),
    /// The timer of a worker's process.
    Tick { worker: u8, life: u32 },
    /// A question of a worker reaches an endpoint.
    Question {
        by: Tenant,
        endpoint: EndpointId,
        call: CallId,
        question: Question,
    },
    /// Its answer reaches the worker.
    Answer {
        by: Tenant,
        /// Whose it is, and the transaction that was asked for, if one was.
        of: (EndpointId, Option<TxHash>),
        call: CallId,
        outcome: Result<Answer, Fault>,
    },
    /// A report reaches the bank's process.
    Report {
        by: Tenant,
        errand: ErrandId,
        report: Box<Report>,
    },
    /// The bank's answer reaches the worker.
    Reported {
        by: Tenant,
        errand: ErrandId,
        outcome: Result<Taken, Answerless>,
    },
}

/// The workers and their queues.
#[derive(Debug)]
pub(super) struct Crew {
    immediate: Booth,
    database: Booth,
    pub(super) hands: Vec<Hand>,
    /// Whose each report is that the bank has not answered.
    reports: BTreeMap<RequestId, (Tenant, ErrandId)>,
    reported: u64,
}

impl Crew {
    /// The workers of `topology`, for a bank with `config`; `None` when it has none.
    pub(super) fn new(topology: &Topology, config: &BankConfig, rng: &Rng) -> Option<Self> {
        let plan = topology.workers?;
        let hand = |number| Hand::new(topology, plan, config, rng.fork_indexed("worker", number));
        Some(Self {
            immediate: Booth::new(plan.queues, &rng.fork("immediate")),
            database: Booth::new(plan.queues, &rng.fork("database")),
            hands: (0..u64::from(plan.count)).map(hand).collect(),
            reports: BTreeMap::new(),
            reported: 0,
        })
    }

    /// The queue of `lane`, as it can be reached.
    pub(super) const fn booth(&mut self, lane: Lane) -> &mut Booth {
        match lane {
            Lane::Immediate => &mut self.immediate,
            Lane::Database => &mut self.database,
        }
    }

    /// The digest of what the bank did and of what every worker did.
    pub(super) fn digest_with(&self, bank: &Digest) -> u128 {
        let each: Vec<u128> = self
            .hands
            .iter()
            .map(|hand| hand.process.digest().value())
            .collect();
        Digest::of(&(bank.value(), each))
    }
}

impl World<'_> {
    /// The crew of a world that has one: nothing else makes shifts.
    ///
    /// # Panics
    /// When it has none.
    pub(super) fn crew(&mut self) -> &mut Crew {
        self.crew
            .as_mut()
            .unwrap_or_else(|| unreachable!("a world without workers has no shifts"))
    }

    pub(super) fn on_shift(&mut self, shift: Shift) {
        match shift {
            Shift::Asked {
                by,
                errand,
                lane,
                request,
            } => self.on_queue_asked(by, errand, lane, &request),
            Shift::Answered {
                by,
                errand,
                lane,
                outcome,
            } => self.on_queue_answered(by, errand, lane, outcome),
            Shift::Start(worker) => self.start_worker(worker),
            Shift::Tick { worker, life } => self.on_worker_tick(worker, life),
            Shift::Question {
                by,
                endpoint,
                call,
                question,
            } => self.on_worker_question(by, endpoint, call, &question),
            Shift::Answer {
                by,
                of,
                call,
                outcome,
            } => self.on_worker_answer(by, of, call, outcome),
            Shift::Report { by, errand, report } => self.on_report(by, errand, report),
            Shift::Reported { by, errand, outcome } => self.on_reported(by, errand, outcome),
        }
    }
}
