//! Runs the bank's process as every driver must: facts before acts, one timer, a bounded mailbox, death when fenced.
//!
//! The order of things is that of the real driver: an input is handled, its effects go to the outbox, the outbox says
//! what the store must be asked and which acts may leave. What the process holds in memory dies with it; what it
//! comes back with is read from the store.

use core::time::Duration;
use std::collections::VecDeque;

use plimsoll_core::bank::{Act, Bank, BankConfig, Command, Effect, Event, Input, Record};
use plimsoll_core::escrow::{Answer, EscrowRecord, Fault};
use plimsoll_core::id::{CallId, ErrandId, RequestId};
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::machine::Intent;
use plimsoll_core::outbox::{Outbox, Standing, StoreRequest};
use plimsoll_core::queue::{LaneFault, QueueReply};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::World;
use super::clock::HostClock;
use super::event::Happening;
use super::observe::Observation;
use super::stats::Part;
use crate::coverage::Condition;
use crate::engine::{Process, Step};
use crate::model::store::Done;
use crate::sometimes;

/// The bank's process and what its driver keeps.
pub(super) struct Host {
    pub(super) process: Process<Bank>,
    pub(super) outbox: Outbox<Record, Act>,
    pub(super) config: BankConfig,
    /// What arrived while the process was stopped.
    pub(super) inbox: VecDeque<Parcel>,
    pub(super) clock: HostClock,
    /// How many faults stop it.
    pub(super) pauses: u32,
    /// How much longer each input takes.
    pub(super) slow_by: Duration,
    /// Whether it is still at its last input.
    pub(super) is_busy: bool,
    /// Whether it was told to stop and has not ended yet.
    pub(super) is_stopping: bool,
    /// Until when it must not be started.
    pub(super) down_until: Instant,
    /// Whether it was refused its start, and an operator restores the journal.
    pub(super) awaits_copy: bool,
    /// How far the journal was read back, batch by batch as each became durable.
    read: Head,
    pub(super) rng: Rng,
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
    Queued {
        errand: ErrandId,
        outcome: Result<QueueReply, LaneFault>,
    },
}

impl Host {
    pub(super) fn new(config: BankConfig, rng: Rng) -> Self {
        Self {
            process: Process::new(),
            outbox: Outbox::new(Head::default()),
            config,
            inbox: VecDeque::new(),
            clock: HostClock::default(),
            pauses: 0,
            slow_by: Duration::ZERO,
            is_busy: false,
            is_stopping: false,
            down_until: Instant::ZERO,
            awaits_copy: false,
            read: Head::default(),
            rng,
        }
    }

    /// Whether it takes requests of clients.
    pub(super) fn takes_requests(&self) -> bool {
        self.process.is_running() && !self.is_stopping && !self.outbox.is_saturated()
    }

    /// Whether fewer than `mailbox` inputs wait for a stopped process.
    pub(super) fn has_room(&self, mailbox: u32) -> bool {
        self.process.is_paused() && !self.is_stopping && (self.inbox.len() as u64) < u64::from(mailbox)
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
        self.wake();
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
        let done = self.store.finish();
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.store_answered(&done);
        }
        self.see_damage();
        let standing = match done {
            Done::Appended { answer, is_durable } => {
                if is_durable {
                    self.see_commit();
                }
                self.host.outbox.on_appended(now, answer)
            }
            Done::Head(head) => self.resolve_doubt(head),
        };
        match standing {
            Standing::Writer => self.pump(),
            Standing::Fenced => {
                sometimes!(self.reached(), true, "a process was shut out by another writer");
                self.end();
            }
        }
    }

    /// The head is read, if it can be, and says what became of an append.
    fn resolve_doubt(&mut self, head: Option<Head>) -> Standing {
        let now = self.now();
        let before = self.host.outbox.head().position;
        let standing = self.host.outbox.on_head(now, head);
        let is_committed = self.host.outbox.head().position > before;
        let is_lost = !is_committed && head.is_some() && standing == Standing::Writer;
        let reached = self.reached();
        sometimes!(reached, is_committed, "an unknown commit turned out committed");
        sometimes!(reached, is_lost, "an unknown commit turned out lost");
        standing
    }

    /// Lets the bank take one input, and does what follows.
    pub(super) fn deliver(&mut self, event: Event) {
        let now = self.schedule.now();
        let wall = self.host.clock.date(now);
        let input = Input { wall, event };
        let seen = input.clone();
        let Step {
            fx,
            machine: bank,
            digest,
        } = self.host.process.handle(now, self.seq, input);
        let effects = fx.as_slice();
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.handled(&seen, effects, bank, digest);
        }
        if is_report(&seen.event) && effects.iter().any(is_final) {
            self.stats.reported += 1;
            sometimes!(
                self.jury.watcher.reached,
                true,
                "a transaction became final by the report of a worker"
            );
        }
        let handled = Observation::Handled {
            input: &seen,
            effects,
            bank,
        };
        self.jury.see(now, &handled);
        self.host.outbox.accept(fx);
        self.pump();
        self.take_time();
    }

    /// Asks the store what it must be asked, lets out what may leave, and sets the timer.
    pub(super) fn pump(&mut self) {
        let now = self.schedule.now();
        let wall = self.host.clock.date(now);
        if let Some(request) = self.host.outbox.store_request(now, wall) {
            let took = match &request {
                StoreRequest::Append(batch) => self.store.append(batch),
                StoreRequest::ReadHead => self.store.read_head(),
            };
            if let Some(scribe) = &mut self.jury.scribe {
                scribe.store_asked(&request, took);
            }
            let life = self.host.process.life();
            self.schedule.after(took, Happening::StoreDone { life });
        }
        while let Some(act) = self.host.outbox.pop() {
            self.jury.see(now, &Observation::Released { act: &act });
            self.execute(act);
        }
        self.answer_look(now);
        let wish = self.host.outbox.next_deadline();
        let process = &mut self.host.process;
        let alarm = if self.host.is_stopping {
            process.arm_for(now, wish)
        } else {
            process.arm(now, wish)
        };
        if let Some(at) = alarm {
            let life = self.host.process.life();
            self.schedule.at(at, Happening::Tick { life });
        }
        self.see_host();
        self.stop_if_done();
    }

    /// Shows how the outbox and the process are to whoever notes what faults meet.
    pub(super) fn see_host(&mut self) {
        let Some(struck) = &mut self.jury.struck else {
            return;
        };
        let Host {
            process,
            outbox,
            is_stopping,
            ..
        } = &self.host;
        if process.machine().is_none() {
            return struck.see_host(self.schedule.now(), Condition::Down.bit());
        }
        let gate = if outbox.is_in_doubt() {
            Condition::Doubtful
        } else if outbox.in_flight().is_some() {
            Condition::Appending
        } else if outbox.next_deadline().is_some() {
            Condition::Resting
        } else {
            Condition::Idle
        };
        let also = [
            (outbox.is_saturated(), Condition::Saturated),
            (process.is_paused(), Condition::Paused),
            (*is_stopping, Condition::Stopping),
        ];
        let also = also.iter().filter(|(holds, _)| *holds);
        let host = also.fold(gate.bit(), |bits, (_, condition)| bits | condition.bit());
        struck.see_host(self.schedule.now(), host);
    }

    /// The last batch of the store became durable: reads it back, counts it and shows it.
    pub(super) fn see_commit(&mut self) {
        let now = self.schedule.now();
        let Some((hash, bytes)) = self.store.last_batch() else {
            unreachable!("an empty store committed something")
        };
        let opened = Batch::open::<Record>(&mut self.host.read, &hash, &bytes);
        let opened = opened.unwrap_or_else(|error| unreachable!("a batch was stored that is none: {error}"));
        let records = opened.records;
        self.stats.commits += 1;
        self.stats.records += records.len() as u64;
        for record in &records {
            self.progress.note(now, record, &self.chain, &mut self.stats);
        }
        self.works(|part| matches!(part, Part::Store | Part::Process));
        self.cue_records(&records);
        let committed = Observation::Committed {
            records: &records,
            head: self.store.head(),
        };
        self.jury.see(now, &committed);
    }
}

const fn is_report(event: &Event) -> bool {
    matches!(
        event,
        Event::Command {
            command: Command::Report(_),
            ..
        }
    )
}

const fn is_final(effect: &Effect) -> bool {
    matches!(effect, Intent::Record(Record::Escrow(EscrowRecord::Final { .. })))
}
