//! Runs the bank's process as every driver must: facts before acts, one timer, a bounded mailbox, death when fenced.
//!
//! The order of things is that of the real driver: an input is handled, its effects go to the outbox, the outbox says
//! what the store must be asked and which acts may leave. What the process holds in memory dies with it; what it
//! comes back with is read from the store.

use core::time::Duration;
use std::collections::VecDeque;

use plimsoll_core::bank::{Act, Bank, BankConfig, Event, Input, Record, State};
use plimsoll_core::escrow::{Answer, Fault};
use plimsoll_core::id::{CallId, RequestId};
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::outbox::{Outbox, Standing, StoreRequest};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::{Instant, WallClock};

use super::World;
use super::event::Happening;
use super::observe::Observation;
use super::stats::Part;
use crate::engine::Process;
use crate::fault::CrashLoss;
use crate::model::store::Done;

/// The date when time begins: 2026-11-01, in microseconds.
const FIRST_DATE_MICROS: i64 = 1_793_491_200_000_000;
/// How long the process waits before it tries again to open a store that it cannot reach.
const OPEN_RETRY: Duration = Duration::from_millis(500);

/// The bank's process and what its driver keeps.
pub(super) struct Host {
    pub(super) process: Process<Bank>,
    outbox: Outbox<Record, Act>,
    config: BankConfig,
    /// What arrived while the process was stopped.
    inbox: VecDeque<Parcel>,
    /// By how much its date is off.
    pub(super) skew_ms: i64,
    /// How many faults stop it.
    pub(super) pauses: u32,
    /// Until when it must not be started.
    pub(super) down_until: Instant,
    /// How far the journal was read back, batch by batch as each became durable.
    read: Head,
    rng: Rng,
}

/// Something for the process.
pub(super) enum Parcel {
    Request(RequestId),
    Answer {
        endpoint: u8,
        call: CallId,
        outcome: Result<Answer, Fault>,
    },
    StoreDone,
}

impl Host {
    pub(super) fn new(config: BankConfig, rng: Rng) -> Self {
        Self {
            process: Process::new(),
            outbox: Outbox::new(Head::default()),
            config,
            inbox: VecDeque::new(),
            skew_ms: 0,
            pauses: 0,
            down_until: Instant::ZERO,
            read: Head::default(),
            rng,
        }
    }

    /// Whether it takes requests of clients.
    pub(super) fn takes_requests(&self) -> bool {
        self.process.is_running() && !self.outbox.is_saturated()
    }

    /// Whether fewer than `mailbox` inputs wait for a stopped process.
    pub(super) fn has_room(&self, mailbox: u32) -> bool {
        self.process.is_paused() && (self.inbox.len() as u64) < u64::from(mailbox)
    }

    /// Keeps something for a stopped process until it goes on.
    pub(super) fn keep(&mut self, parcel: Parcel) {
        self.inbox.push_back(parcel);
    }

    /// Whether every record is committed and every act has left.
    pub(super) fn is_idle(&self) -> bool {
        self.process.is_running() && self.outbox.is_empty()
    }
}

impl World<'_> {
    /// The timer went off.
    pub(super) fn on_tick(&mut self, life: u32) {
        let now = self.now();
        if !self.host.process.disarm(now, life) || !self.host.process.is_running() {
            return;
        }
        let deadline = self
            .bank()
            .and_then(plimsoll_core::machine::Machine::next_deadline);
        if deadline.is_some_and(|deadline| deadline.at <= now) {
            self.deliver(Event::Tick);
        } else {
            self.pump();
        }
    }

    /// The store has done what it was asked.
    pub(super) fn on_store_done(&mut self, life: u32) {
        if life != self.host.process.life() || self.bank().is_none() {
            return;
        }
        if self.host.process.is_paused() {
            return self.host.keep(Parcel::StoreDone);
        }
        let now = self.now();
        let standing = match self.store.finish() {
            Done::Appended { answer, is_durable } => {
                if is_durable {
                    self.see_commit();
                }
                self.host.outbox.on_appended(now, answer)
            }
            Done::Head(head) => self.host.outbox.on_head(now, head),
        };
        match standing {
            Standing::Writer => self.pump(),
            Standing::Fenced => {
                self.crash(CrashLoss::Kept);
                let restart = Duration::from_millis(self.plan.topology.bank.restart_ms);
                self.schedule.after(restart, Happening::Start);
            }
        }
    }

    /// Starts the process, unless it is up or held down: everything it knows is read from the store.
    pub(super) fn on_start(&mut self) {
        let now = self.now();
        if self.bank().is_some() || now < self.host.down_until {
            return;
        }
        let Some(durable) = self.store.open() else {
            return self.schedule.after(OPEN_RETRY, Happening::Start);
        };
        let mut head = Head::default();
        let mut state = State::default();
        for (hash, bytes) in self.store.batches() {
            for record in read_batch(&mut head, hash, bytes) {
                state.apply(&record);
            }
        }
        assert_eq!(
            head.position, durable.position,
            "the head is the end of the journal"
        );
        let mut config = self.host.config.clone();
        config.seed = self.host.rng.next_u64();
        let bank = Bank::open(config, state)
            .unwrap_or_else(|errors| unreachable!("the bank does not open its own journal: {errors:?}"));
        self.host.process.start(bank);
        self.host.outbox = Outbox::new(durable);
        if self.host.process.life() > 1 {
            self.recoveries.expect(Part::Process, now);
        }
        if let Some(bank) = self.host.process.machine() {
            let durable = &durable;
            self.jury
                .see(now, self.seq, &Observation::Restarted { bank, durable });
        }
        self.pause_if_told();
        if self.host.process.is_running() {
            self.deliver(Event::Tick);
        }
    }

    /// The process dies, and with it everything that is not durable.
    pub(super) fn crash(&mut self, loss: CrashLoss) {
        if self.bank().is_none() {
            return;
        }
        if self.store.crash(loss) {
            self.see_commit();
        }
        let Some(bank) = self.host.process.kill() else {
            return;
        };
        let durable = self.store.head();
        // The disk may hold a batch more than the process was told of.
        let safe = durable.position.count() - self.host.outbox.head().position.count();
        let safe = usize::try_from(safe).unwrap_or(usize::MAX);
        let uncommitted: Vec<Record> = self.host.outbox.uncommitted().skip(safe).cloned().collect();
        self.stats.crashes += 1;
        let crashed = Observation::Crashed {
            bank: &bank,
            uncommitted: &uncommitted,
            durable,
        };
        self.jury.see(self.schedule.now(), self.seq, &crashed);
        self.host.inbox.clear();
        let waiting: Vec<RequestId> = self.users.waiting().collect();
        waiting.into_iter().for_each(|request| self.turn_away(request));
    }

    /// Stops the process while any fault says so, and lets it go on with what gathered meanwhile.
    pub(super) fn pause_if_told(&mut self) {
        let was_paused = self.host.process.is_paused();
        self.host.process.set_paused(self.host.pauses > 0);
        if !was_paused || self.host.process.is_paused() {
            return;
        }
        let life = self.host.process.life();
        for parcel in core::mem::take(&mut self.host.inbox) {
            match parcel {
                Parcel::Request(request) => self.on_request(request),
                Parcel::Answer {
                    endpoint,
                    call,
                    outcome,
                } => self.on_answer(life, endpoint, call, outcome),
                Parcel::StoreDone => self.on_store_done(life),
            }
        }
        if self.host.process.is_running() {
            self.deliver(Event::Tick);
        }
    }

    /// Lets the bank take one input, and does what follows.
    pub(super) fn deliver(&mut self, event: Event) {
        let now = self.schedule.now();
        let wall = self.wall();
        let input = Input { wall, event };
        let seen = input.clone();
        let (fx, bank) = self.host.process.handle(now, self.seq, input);
        let handled = Observation::Handled {
            input: &seen,
            effects: fx.as_slice(),
            bank,
        };
        self.jury.see(now, self.seq, &handled);
        self.host.outbox.accept(fx);
        self.pump();
    }

    /// Asks the store what it must be asked, lets out what may leave, and sets the timer.
    fn pump(&mut self) {
        let now = self.schedule.now();
        let wall = self.wall();
        if let Some(request) = self.host.outbox.store_request(now, wall) {
            let took = match request {
                StoreRequest::Append(batch) => self.store.append(&batch),
                StoreRequest::ReadHead => self.store.read_head(),
            };
            let life = self.host.process.life();
            self.schedule.after(took, Happening::StoreDone { life });
        }
        while let Some(act) = self.host.outbox.pop() {
            self.jury.see(now, self.seq, &Observation::Released { act: &act });
            self.execute(act);
        }
        if let Some(at) = self.host.process.arm(now, self.host.outbox.next_deadline()) {
            let life = self.host.process.life();
            self.schedule.at(at, Happening::Tick { life });
        }
    }

    /// The last batch of the store became durable: reads it back, counts it and shows it.
    fn see_commit(&mut self) {
        let now = self.schedule.now();
        let Some((hash, bytes)) = self.store.batches().next_back() else {
            unreachable!("an empty store committed something")
        };
        let records = read_batch(&mut self.host.read, hash, bytes);
        self.stats.commits += 1;
        self.stats.records += records.len() as u64;
        for record in &records {
            self.progress.note(now, record, &self.chain, &mut self.stats);
        }
        self.works(|part| matches!(part, Part::Store | Part::Process));
        let committed = Observation::Committed {
            records: &records,
            head: self.store.head(),
        };
        self.jury.see(now, self.seq, &committed);
    }

    /// The date, as it is.
    pub(super) fn true_date(&self) -> WallClock {
        let elapsed = i64::try_from(self.schedule.now().as_nanos() / 1_000).unwrap_or(i64::MAX);
        WallClock::from_micros(FIRST_DATE_MICROS.saturating_add(elapsed))
    }

    /// The date, as the process has it.
    fn wall(&self) -> WallClock {
        let skew = self.host.skew_ms.saturating_mul(1_000);
        WallClock::from_micros(self.true_date().as_micros().saturating_add(skew))
    }
}

/// The records of a stored batch that follows `head`.
fn read_batch(head: &mut Head, hash: &plimsoll_core::journal::ChainHash, bytes: &[u8]) -> Vec<Record> {
    let opened = Batch::open(head, hash, bytes);
    let opened = opened.unwrap_or_else(|error| unreachable!("a durable batch cannot be read: {error}"));
    opened.records
}
