//! The lives of the bank's process: how it starts from the journal, dies, is told to stop, is held up, and goes on.
//!
//! A journal that is not what was written must not start a process: it is refused with the place, and an operator
//! restores the file from a copy. Nothing that was durable may be missing then, which the oracles judge.

use core::time::Duration;

use plimsoll_core::bank::{Bank, Event, Record, State};
use plimsoll_core::chaos::{Chaos, Intensity};
use plimsoll_core::id::RequestId;
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::machine::Machine;
use plimsoll_core::monitor::MonitorPolicy;
use plimsoll_core::outbox::Outbox;

use super::World;
use super::event::Happening;
use super::host::Parcel;
use super::observe::{DiskEvent, Observation};
use super::stats::Part;
use crate::fault::{CrashLoss, Cue};
use crate::sometimes;
use crate::sometimes::Reached;

/// How long the process waits before it tries again to open a store that it cannot reach.
const OPEN_RETRY: Duration = Duration::from_millis(500);
/// How long an operator takes to restore a journal that does not start a process.
const RESTORE: Duration = Duration::from_secs(5);
/// How long a process that was told to stop waits for the store to take its last records.
const STOP_GRACE: Duration = Duration::from_secs(30);

impl World<'_> {
    /// Starts the process, unless it is up or held down: everything it knows is read from the store.
    pub(super) fn on_start(&mut self) {
        let now = self.now();
        if self.bank().is_some() || now < self.host.down_until || self.host.awaits_copy {
            return;
        }
        let Some(durable) = self.store.open() else {
            return self.schedule.after(OPEN_RETRY, Happening::Start);
        };
        let state = match self.read_journal(&durable) {
            Ok(state) => state,
            Err(refusal) => {
                let is_damaged = self.store.is_damaged();
                sometimes!(
                    self.reached(),
                    is_damaged,
                    "a start was refused because the journal was damaged"
                );
                self.see_disk(&refusal);
                self.host.awaits_copy = true;
                return self.schedule.after(RESTORE, Happening::CopyRestored);
            }
        };
        let mut config = self.host.config.clone();
        config.seed = self.host.rng.next_u64();
        let bank = Bank::open(config, state)
            .unwrap_or_else(|errors| unreachable!("the bank does not open its own journal: {errors:?}"));
        let chaos = self.chaos();
        self.host.process.start(bank.with_chaos(&chaos));
        self.host.outbox = Outbox::new(durable).with_chaos(chaos.for_part());
        if self.host.process.life() > 1 {
            self.recoveries.expect(Part::Process, now);
        }
        if let Some(bank) = self.host.process.machine() {
            let durable = &durable;
            self.jury.see(now, &Observation::Restarted { bank, durable });
        }
        self.watch.begin(MonitorPolicy::default(), now);
        self.cue(Cue::Start);
        self.hold_up();
        if self.host.process.is_running() {
            self.deliver(Event::Tick);
        }
    }

    /// The bad luck of the life that begins.
    fn chaos(&self) -> Chaos {
        let Some(buggify) = self.plan.topology.bank.buggify else {
            return Chaos::off();
        };
        let intensity = Intensity {
            activation_percent: buggify.activation_percent,
            firing_percent: buggify.firing_percent,
        };
        let life = u64::from(self.host.process.life()) + 1;
        Chaos::on(self.host.rng.fork("chaos"), life, intensity)
    }

    /// The landmarks of this run.
    pub(super) const fn reached(&mut self) -> &mut Reached {
        &mut self.jury.watcher.reached
    }

    /// Counts the bad luck of a life that is over.
    pub(super) fn count_bad_luck(&mut self, bank: &Bank) {
        let sites = bank
            .chaos()
            .chain([self.host.outbox.chaos()])
            .flat_map(Chaos::sites);
        sites.for_each(|site| self.stats.bad_luck.note(site));
    }

    /// What the journal comes to, or the first place where it is not what was written.
    fn read_journal(&self, durable: &Head) -> Result<State, DiskEvent> {
        let mut head = Head::default();
        let mut state = State::default();
        let refused = |offset, why: String| DiskEvent::Refused { offset, why };
        let mut end = 0;
        for stored in self.store.read() {
            let stored = stored.map_err(|why| refused(end, why.to_string()))?;
            let opened = Batch::open::<Record>(&mut head, &stored.hash, stored.bytes);
            let opened = opened.map_err(|why| refused(stored.offset, why.to_string()))?;
            if head.position != stored.last {
                let why = format!(
                    "the row says position {}, the batch ends at {}",
                    stored.last, head.position
                );
                return Err(refused(stored.offset, why));
            }
            opened.records.iter().for_each(|record| state.apply(record));
            end = stored.offset + stored.bytes.len();
        }
        if (head.position, head.hash) == (durable.position, durable.hash) {
            return Ok(state);
        }
        let why = format!(
            "the journal ends at position {}, its head says {}",
            head.position, durable.position
        );
        Err(refused(end, why))
    }

    /// An operator has restored the journal from a copy.
    pub(super) fn on_copy_restored(&mut self) {
        self.host.awaits_copy = false;
        self.store.restore();
        self.see_disk(&DiskEvent::Restored);
        self.on_start();
    }

    /// Reads the whole journal once more, as `plimsoll check` does, if it was damaged; then it is restored.
    pub(super) fn audit(&mut self) {
        self.see_damage();
        if self.store.is_damaged() {
            let head = *self.store.head();
            if let Err(refusal) = self.read_journal(&head) {
                sometimes!(
                    self.reached(),
                    true,
                    "damage was found when the journal was checked"
                );
                self.see_disk(&refusal);
            }
            self.store.restore();
            self.see_disk(&DiskEvent::Restored);
        }
    }

    /// Tells of what the disk damaged.
    pub(super) fn see_damage(&mut self) {
        for offset in self.store.take_damage() {
            self.see_disk(&DiskEvent::Damaged { offset });
        }
    }

    fn see_disk(&mut self, event: &DiskEvent) {
        match event {
            DiskEvent::Damaged { .. } => self.stats.damages += 1,
            DiskEvent::Refused { .. } => self.stats.refused_starts += 1,
            DiskEvent::Restored => {}
        }
        self.jury.see(self.schedule.now(), &Observation::Disk(event));
    }

    /// The process dies, and with it everything that is not durable.
    pub(super) fn crash(&mut self, loss: CrashLoss) {
        if self.bank().is_none() {
            return;
        }
        let was_busy = self.store.is_busy();
        if self.store.crash(loss) {
            let reached = self.reached();
            sometimes!(
                reached,
                was_busy,
                "a crash left a batch durable of which nobody had heard"
            );
            sometimes!(reached, !was_busy, "a failed sync came back by a crash");
            self.see_commit();
        }
        let Some(bank) = self.host.process.kill() else {
            return;
        };
        self.watch.end();
        self.count_bad_luck(&bank);
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
        self.jury.see(self.schedule.now(), &crashed);
        self.host.inbox.clear();
        (self.host.is_busy, self.host.is_stopping) = (false, false);
        let waiting: Vec<RequestId> = self.users.waiting().collect();
        waiting.into_iter().for_each(|request| self.turn_away(request));
    }

    /// The process dies by itself, and is started again by whoever watches it.
    pub(super) fn end(&mut self) {
        self.crash(CrashLoss::Kept);
        let restart = self
            .now()
            .after(Duration::from_millis(self.plan.topology.bank.restart_ms));
        self.schedule
            .at(restart.max(self.host.down_until), Happening::Start);
    }

    /// The process is told to stop: it takes nothing new, and ends once everything is committed and every act has left.
    pub(super) fn stop(&mut self) {
        if self.bank().is_none() {
            return;
        }
        self.host.is_stopping = true;
        let life = self.host.process.life();
        self.schedule.after(STOP_GRACE, Happening::StopGraceOver { life });
        self.stop_if_done();
    }

    /// A process that was told to stop has waited long enough.
    pub(super) fn on_stop_grace_over(&mut self, life: u32) {
        if life == self.host.process.life() && self.host.is_stopping {
            self.end();
        }
    }

    /// Ends a process that was told to stop and has nothing left to do.
    pub(super) fn stop_if_done(&mut self) {
        if self.host.is_stopping && self.host.is_idle() {
            sometimes!(
                self.reached(),
                true,
                "a process that was told to stop finished what it began"
            );
            self.end();
        }
    }

    /// The process takes its time over each input: it is held up until it is done with the last one.
    pub(super) fn take_time(&mut self) {
        if self.host.slow_by.is_zero() || self.bank().is_none() {
            return;
        }
        self.host.is_busy = true;
        self.hold_up();
        let life = self.host.process.life();
        self.schedule
            .after(self.host.slow_by, Happening::InputDone { life });
    }

    /// The process is done with its last input.
    pub(super) fn on_input_done(&mut self, life: u32) {
        if life == self.host.process.life() {
            self.host.is_busy = false;
            self.hold_up();
        }
    }

    /// Stops the process while anything says so, and lets it go on with what gathered meanwhile.
    pub(super) fn hold_up(&mut self) {
        let was_paused = self.host.process.is_paused();
        self.host
            .process
            .set_paused(self.host.pauses > 0 || self.host.is_busy);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.stopped(self.host.pauses > 0);
        }
        self.see_host();
        if !was_paused || self.host.process.is_paused() {
            return;
        }
        while self.host.process.is_running()
            && let Some(parcel) = self.host.inbox.pop_front()
        {
            self.unpack(parcel);
        }
        if self.host.process.is_running() {
            self.wake();
        }
    }

    fn unpack(&mut self, parcel: Parcel) {
        let life = self.host.process.life();
        match parcel {
            Parcel::Request(request) => self.on_request(request),
            Parcel::Answer {
                endpoint,
                call,
                outcome,
            } => self.on_answer(life, endpoint, call, outcome),
            Parcel::StoreDone => self.on_store_done(life),
            Parcel::Queued { errand, outcome } => self.deliver(Event::Queued { errand, outcome }),
        }
    }

    /// Gives the process the tick that it may have missed.
    pub(super) fn wake(&mut self) {
        let now = self.now();
        let deadline = self.bank().and_then(Machine::next_deadline);
        if !self.host.is_stopping && deadline.is_some_and(|deadline| deadline.at <= now) {
            self.deliver(Event::Tick);
        } else {
            self.pump();
        }
    }
}
