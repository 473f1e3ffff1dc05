//! [`Hand`]: a worker's process, which may die, be held up, and start again knowing nothing.

use std::collections::VecDeque;

use plimsoll_core::bank::BankConfig;
use plimsoll_core::escrow::{Answer, Fault};
use plimsoll_core::id::{CallId, EndpointId, TxHash};
use plimsoll_core::machine::Effects;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_core::worker::{Act, Input, Worker, WorkerConfig, WorkerPolicy};

use super::{Shift, Tenant};
use crate::engine::{Process, Step};
use crate::world::World;
use crate::world::event::Happening;
use crate::world::observe::Observation;
use crate::world::plan::{Topology, WorkersPlan};
use crate::world::wires::Wire;

/// A worker's process, and its ways to the endpoints.
#[derive(Debug)]
pub(in crate::world) struct Hand {
    pub(super) process: Process<Worker>,
    config: WorkerConfig,
    /// The ways to the endpoints, in order, and the one to the bank at the end.
    pub(super) endpoints: Vec<Wire>,
    pub(super) bank: Wire,
    /// What arrived while it was held up.
    inbox: VecDeque<Input>,
    /// How many faults hold it up.
    pauses: u32,
    /// Until when it must not be started.
    down_until: Instant,
    rng: Rng,
}

impl Hand {
    pub(super) fn new(topology: &Topology, plan: WorkersPlan, bank: &BankConfig, rng: Rng) -> Self {
        let way = |(endpoint, number): (&crate::world::plan::EndpointPlan, u64)| {
            Wire::new(&endpoint.link, &rng.fork_indexed("endpoint", number))
        };
        Self {
            process: Process::new(),
            config: WorkerConfig {
                registry: bank.registry.clone(),
                escrow: bank.escrow.clone(),
                pool: bank.pool,
                has_immediate: plan.immediate,
                policy: WorkerPolicy {
                    jobs_max: usize::from(plan.jobs_max),
                    visibility: core::time::Duration::from_millis(plan.visibility_ms),
                    ..WorkerPolicy::default()
                },
                worker: 0,
                seed: 0,
            },
            endpoints: topology.endpoints.iter().zip(0u64..).map(way).collect(),
            bank: Wire::new(&plan.queues, &rng.fork("bank")),
            inbox: VecDeque::new(),
            pauses: 0,
            down_until: Instant::ZERO,
            rng,
        }
    }

    /// A worker that knows nothing, under a name that was never used.
    fn fresh(&mut self) -> Worker {
        self.config.worker = self.rng.next_u64();
        self.config.seed = self.rng.next_u64();
        Worker::open(self.config.clone())
            .unwrap_or_else(|errors| unreachable!("a worker refuses the bank's configuration: {errors:?}"))
    }
}

impl World<'_> {
    pub(super) fn hand(&mut self, worker: u8) -> &mut Hand {
        &mut self.crew().hands[usize::from(worker)]
    }

    /// Starts a worker, unless it is up or held down.
    pub(in crate::world) fn start_worker(&mut self, worker: u8) {
        let now = self.now();
        let hand = self.hand(worker);
        if hand.process.machine().is_some() || now < hand.down_until {
            return;
        }
        let fresh = hand.fresh();
        hand.process.start(fresh);
        hand.process.set_paused(hand.pauses > 0);
        self.work(worker, Input::Tick);
    }

    /// Kills a worker, which starts again at `until` at the earliest.
    pub(in crate::world) fn kill_worker(&mut self, worker: u8, until: Instant) {
        let hand = self.hand(worker);
        hand.down_until = hand.down_until.max(until);
        hand.inbox.clear();
        drop(hand.process.kill());
    }

    /// Holds a worker up, or lets it go on.
    pub(in crate::world) fn hold_worker_up(&mut self, worker: u8, is_begin: bool) {
        let hand = self.hand(worker);
        hand.pauses = if is_begin {
            hand.pauses + 1
        } else {
            hand.pauses - 1
        };
        hand.process.set_paused(hand.pauses > 0);
        while self.hand(worker).process.is_running()
            && let Some(input) = self.hand(worker).inbox.pop_front()
        {
            self.work(worker, input);
        }
        if self.hand(worker).process.is_running() {
            self.work(worker, Input::Tick);
        }
    }

    pub(super) fn on_worker_tick(&mut self, worker: u8, life: u32) {
        let now = self.now();
        let hand = self.hand(worker);
        if hand.process.disarm(now, life) && hand.process.is_running() {
            self.work(worker, Input::Tick);
        }
    }

    pub(super) fn on_worker_answer(
        &mut self,
        by: Tenant,
        (endpoint, tx): (EndpointId, Option<TxHash>),
        call: CallId,
        outcome: Result<Answer, Fault>,
    ) {
        if let (Some(tx), Ok(answer)) = (tx, &outcome) {
            let told = Observation::Told { endpoint, tx, answer };
            self.jury.see(self.schedule.now(), &told);
        }
        self.tell(by, Input::Answered { call, outcome });
    }

    /// Gives `input` to the worker that is meant, if it is still in that life.
    pub(super) fn tell(&mut self, to: Tenant, input: Input) {
        let Some(worker) = to.worker else {
            unreachable!("the bank is no worker")
        };
        let hand = self.hand(worker);
        if hand.process.life() != to.life || hand.process.machine().is_none() {
            return;
        }
        if hand.process.is_paused() {
            return hand.inbox.push_back(input);
        }
        self.work(worker, input);
    }

    /// Lets a worker take one input, and does what it wishes for.
    fn work(&mut self, worker: u8, input: Input) {
        let (now, seq) = (self.schedule.now(), self.seq);
        let process = &mut self.hand(worker).process;
        if process.is_paused() {
            return;
        }
        let Step { fx, .. } = process.handle(now, seq, input);
        let wishes: Effects<Act> = core::mem::take(fx);
        let life = process.life();
        let alarm = process.arm(now, None);
        if let Some(at) = alarm {
            self.schedule
                .at(at, Happening::Shift(Shift::Tick { worker, life }));
        }
        let by = Tenant {
            worker: Some(worker),
            life,
        };
        let mut wishes = wishes;
        for act in wishes.drain().collect::<Vec<Act>>() {
            self.do_for_worker(by, act);
        }
    }
}
