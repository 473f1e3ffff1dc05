//! [`Director`]: does what the plan says when it is due, between two steps of the network: what the chain does, and when
//! faults come and go. What a fault does is in `faults`, what a quiet period waits for in `quiet`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use plimsoll_core::time::Instant;
use plimsoll_sim::fault::CrashLoss;
use plimsoll_sim::model::chain::{Moved, Payee, TxIndex};
use plimsoll_sim::world::Cues;
use plimsoll_sim::world::plan::{Deed, Plan};
use turmoil::Sim;

use crate::bank::House;
use crate::links::Links;
use crate::quiet::Quiet;
use crate::run::{BANK, Failure};
use crate::stage::Stage;

/// How long a deed waits for an account that it needs.
const ACCOUNT_WAIT: Duration = Duration::from_millis(250);

/// One thing to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cue {
    Pay(usize),
    Mine(TxIndex),
    /// A fault begins, to end at this moment.
    Begin(usize, Instant),
    End(usize),
    /// The process starts, if nothing keeps it down.
    Start,
    Quiet,
    QuietProbe,
    /// The plan's time is over.
    Over,
}

/// One fault of the plan, as it stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trouble {
    /// Whether it does its work.
    pub(crate) is_on: bool,
    /// Whether its time has come and is not over.
    pub(crate) is_due: bool,
    /// Whether its time ever came.
    pub(crate) has_begun: bool,
    /// When it ends.
    pub(crate) until: Instant,
}

/// What is to be done, by time and in the order in which it was planned.
pub(crate) struct Director<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) stage: Rc<RefCell<Stage>>,
    pub(crate) house: House,
    cues: BTreeMap<(Instant, u64), Cue>,
    seq: u64,
    /// The faults that wait for something to happen.
    waiting: Cues,
    /// Transactions in blocks that are not final.
    awaiting: Vec<TxIndex>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) links: Links,
    pub(crate) quiet: Option<Quiet>,
    /// Whether the process was there when somebody last looked.
    pub(crate) is_up: bool,
    /// Until when faults keep it from starting.
    pub(crate) down_until: Instant,
}

impl<'p> Director<'p> {
    /// The director of `plan`.
    pub(crate) fn new(plan: &'p Plan, stage: &Rc<RefCell<Stage>>, house: House) -> Self {
        let mut director = Self {
            plan,
            stage: Rc::clone(stage),
            house,
            cues: BTreeMap::new(),
            seq: 0,
            waiting: Cues::new(plan),
            awaiting: Vec::new(),
            troubles: vec![Trouble::default(); plan.faults.len()],
            links: Links::default(),
            quiet: None,
            is_up: true,
            down_until: Instant::ZERO,
        };
        for (place, deed) in plan.workload.iter().enumerate() {
            match deed {
                Deed::Deposit { at_ms, .. } => director.cue(at(*at_ms), Cue::Pay(place)),
                // People do them by themselves.
                Deed::Transfer { .. }
                | Deed::Balances { .. }
                | Deed::RetryDeadLetters { .. }
                | Deed::Attribute { .. }
                | Deed::Order { .. } => {}
            }
        }
        for (place, fault) in plan.faults.iter().enumerate() {
            if fault.after.is_none() {
                director.schedule(place, Instant::ZERO);
            }
        }
        for at_ms in &plan.quiet_at_ms {
            director.cue(at(*at_ms), Cue::Quiet);
        }
        director.cue(at(plan.duration_ms), Cue::Over);
        director
    }

    /// Whether nothing is left to do, and the process is up.
    pub(crate) fn is_done(&self) -> bool {
        self.cues.is_empty() && self.awaiting.is_empty() && self.is_up
    }

    /// Does everything that is due by `now`.
    ///
    /// # Errors
    /// When a quiet period did not settle.
    pub(crate) fn act(&mut self, now: Instant, sim: &mut Sim<'_>) -> Result<(), Failure> {
        self.note_end(now, sim);
        for happened in self.house.seat.take_happened() {
            for fault in self.waiting.happened(happened) {
                let place = usize::try_from(fault).unwrap_or(usize::MAX);
                self.schedule(place, now);
            }
        }
        while let Some(next) = self.cues.first_entry().filter(|next| next.key().0 <= now) {
            let cue = next.remove();
            self.stage.borrow().course.tell(now, "cue", &cue);
            match cue {
                Cue::Pay(place) => self.pay(now, place),
                Cue::Mine(index) => self.mine(now, index),
                Cue::Begin(place, until) => self.begin(now, (place, until), sim),
                Cue::End(place) => self.end(now, place, sim),
                Cue::Start => self.start(now, sim),
                Cue::Quiet => self.begin_quiet(now, sim),
                Cue::QuietProbe => self.probe_quiet(now, sim)?,
                Cue::Over => self.leave_core(now, sim),
            }
        }
        self.note_finality(now);
        Ok(())
    }

    /// Does something later.
    pub(crate) fn cue(&mut self, at: Instant, cue: Cue) {
        self.seq += 1;
        self.cues.insert((at, self.seq), cue);
    }

    /// Schedules the fault at `place` in the plan, whose times count from `origin`.
    fn schedule(&mut self, place: usize, origin: Instant) {
        let one = &self.plan.faults[place];
        let over = at(self.plan.duration_ms);
        let begins = origin.after(Duration::from_millis(one.from_ms));
        if begins > over {
            return;
        }
        let ends = one
            .until_ms
            .map(|ms| origin.after(Duration::from_millis(ms)).min(over));
        self.cue(begins, Cue::Begin(place, ends.unwrap_or(Instant::MAX)));
        if let Some(ends) = ends {
            self.cue(ends, Cue::End(place));
        }
    }

    /// A process that ended by itself is started again by whoever watches it.
    fn note_end(&mut self, now: Instant, sim: &mut Sim<'_>) {
        if self.is_up && !sim.is_host_running(BANK) {
            self.gone(CrashLoss::Kept);
            let restart = now.after(Duration::from_millis(self.plan.topology.bank.restart_ms));
            self.cue(restart.max(self.down_until), Cue::Start);
        }
    }

    /// The process is gone, with `loss` of what it had written and not synced.
    pub(crate) fn gone(&mut self, loss: CrashLoss) {
        self.is_up = false;
        let disk = &self.house.disk;
        disk.crash(loss);
        let batches = disk.batches();
        let journal = batches.iter().map(|(hash, bytes)| (hash, bytes.as_slice()));
        self.house.seat.panel.borrow_mut().crashed(loss, journal);
    }

    /// Starts the process, unless it is up or kept down.
    pub(crate) fn start(&mut self, now: Instant, sim: &mut Sim<'_>) {
        if !self.is_up && now >= self.down_until {
            sim.bounce(BANK);
            self.is_up = true;
        }
    }

    fn pay(&mut self, now: Instant, place: usize) {
        let Deed::Deposit {
            movements,
            fate,
            delay_blocks,
            ..
        } = &self.plan.workload[place]
        else {
            unreachable!("only a deposit is paid")
        };
        let mut stage = self.stage.borrow_mut();
        let accounts: BTreeMap<u32, Payee> = stage.accounts.clone();
        if movements.iter().any(|one| !accounts.contains_key(&one.user)) {
            drop(stage);
            return self.cue(now.after(ACCOUNT_WAIT), Cue::Pay(place));
        }
        let index = stage.transaction(place);
        let payee = |user: u32| accounts[&user];
        let mined_at = stage
            .chain
            .send(now, index, (movements, &payee), *fate, *delay_blocks);
        drop(stage);
        if let Some(at) = mined_at {
            self.cue(at, Cue::Mine(index));
        }
    }

    fn mine(&mut self, now: Instant, index: TxIndex) {
        let _ = self.stage.borrow_mut().chain.mine(now, index);
        self.awaiting.push(index);
    }

    fn note_finality(&mut self, now: Instant) {
        let chain = &mut self.stage.borrow_mut().chain;
        self.awaiting
            .retain(|index| chain.finalize(now, *index).is_none() && chain.block_of(*index, now).is_some());
    }

    /// Replaces blocks.
    pub(crate) fn reorganise(&mut self, now: Instant, depth: u64, vanish_percent: u8) {
        let moved = self
            .stage
            .borrow_mut()
            .chain
            .reorganise(now, depth, vanish_percent);
        for (index, moved) in moved.into_iter().flat_map(|(_, moved)| moved) {
            match moved {
                Moved::Again(_) | Moved::Gone => {}
                Moved::Later(at) => self.cue(at, Cue::Mine(index)),
            }
        }
    }
}

/// `ms` after the beginning.
pub(crate) fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}
