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
        let (name, is_paused) = (hand.config.worker, hand.pauses > 0);
        let by = self.tenant(worker);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.worker_started(by, name);
            if is_paused {
                scribe.worker_stopped(by, true);
            }
        }
        self.work(worker, Input::Tick);
    }

    /// A worker in its life under way.
    fn tenant(&mut self, worker: u8) -> Tenant {
        Tenant {
            worker: Some(worker),
            life: self.hand(worker).process.life(),
        }
    }

    /// Kills a worker, which starts again at `until` at the earliest.
    pub(in crate::world) fn kill_worker(&mut self, worker: u8, until: Instant) {
        let hand = self.hand(worker);
        hand.down_until = hand.down_until.max(until);
        hand.inbox.clear();
        let was_up = hand.process.kill().is_some();
        let by = self.tenant(worker);
        if let Some(scribe) = &mut self.jury.scribe
            && was_up
        {
            scribe.worker_died(by);
        }
    }

    /// Holds a worker up, or lets it go on.
    pub(in crate::world) fn hold_worker_up(&mut self, worker: u8, is_begin: bool) {
        let hand = self.hand(worker);
        hand.pauses = if is_begin {
            hand.pauses + 1
        } else {
            hand.pauses - 1
        };
        let was_paused = hand.process.is_paused();
        hand.process.set_paused(hand.pauses > 0);
        let is_paused = hand.process.is_paused();
        let by = self.tenant(worker);
        if let Some(scribe) = &mut self.jury.scribe
            && was_paused != is_paused
        {
            scribe.worker_stopped(by, is_paused);
        }
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
        let met = self.reception(by);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.answer_arrived((by, call), endpoint.index, met);
        }
        if let Ok(answer) = &outcome {
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
        if self.hand(worker).process.is_paused() {
            return;
        }
        // Only a trace tells what it was.
        let seen = self.jury.scribe.is_some().then(|| input.clone());
        let process = &mut self.hand(worker).process;
        let life = process.life();
        let by = Tenant {
            worker: Some(worker),
            life,
        };
        let Step { fx, .. } = process.handle(now, seq, input);
        let mut wishes: Effects<Act> = core::mem::take(fx);
        let alarm = process.arm(now, None);
        if let Some(at) = alarm {
            self.schedule
                .at(at, Happening::Shift(Shift::Tick { worker, life }));
        }
        if let Some(seen) = seen {
            self.show_work(by, &seen, wishes.as_slice().len());
        }
        for act in wishes.drain().collect::<Vec<Act>>() {
            self.do_for_worker(by, act);
        }
    }

    /// Shows the scribe what a worker took.
    fn show_work(&mut self, by: Tenant, input: &Input, acts: usize) {
        let (Some(scribe), Some(crew)) = (&mut self.jury.scribe, &self.crew) else {
            return;
        };
        let process = &crew.hands[usize::from(by.worker.unwrap_or_default())].process;
        if let Some(machine) = process.machine() {
            scribe.worked(by, input, acts, (machine, process.digest()));
        }
    }
}
