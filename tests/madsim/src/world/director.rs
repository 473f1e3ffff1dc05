//! [`Director`]: does what the plan says when it is due.

use std::collections::BTreeMap;
use std::time::Duration;

use madsim::runtime::{Handle as Machines, NodeHandle};
use plimsoll_core::time::Instant;
use plimsoll_sim::fault::{ChainFault, CrashLoss, Fault, ProcessFault};
use plimsoll_sim::model::chain::{Moved, Payee, TxIndex};
use plimsoll_sim::world::plan::{Deed, Plan, ScheduledFault};

use super::life::{bury, live};
use super::people::{ACCOUNT_WAIT, at};
use super::stage::Shared;

/// One thing to do.
#[derive(Debug, Clone, Copy)]
enum Cue {
    Start,
    Pay(usize),
    Mine(TxIndex),
    Begin(usize),
    End(usize),
}

/// What is to be done, by time and in the order in which it was planned.
pub(super) struct Director {
    plan: Plan,
    shared: Shared,
    cues: BTreeMap<(Instant, u64), Cue>,
    seq: u64,
    /// Transactions in blocks that are not final.
    awaiting: Vec<TxIndex>,
    /// Where the process runs.
    node: NodeHandle,
    /// Whether it was started and has not ended.
    is_up: bool,
    /// Until when it must not be started.
    down_until: Instant,
    /// How many faults stop it.
    pauses: u32,
}

impl Director {
    /// The director of what is on the stage. The process starts.
    pub(super) fn new(shared: &Shared) -> Self {
        let plan = shared.lock().plan.clone();
        let of_node = shared.clone();
        let machines = Machines::current();
        let node = machines.create_node().name("bank");
        let node = node.init(move || live(of_node.clone())).build();
        let mut director = Self {
            shared: shared.clone(),
            cues: BTreeMap::new(),
            seq: 0,
            awaiting: Vec::new(),
            node,
            is_up: true,
            down_until: Instant::ZERO,
            pauses: 0,
            plan,
        };
        director.learn();
        director
    }

    /// Notes down the whole plan.
    fn learn(&mut self) {
        for place in 0..self.plan.workload.len() {
            let deed = &self.plan.workload[place];
            if matches!(deed, Deed::Deposit { .. }) {
                self.cue(at(deed.at_ms()), Cue::Pay(place));
            }
        }
        for place in 0..self.plan.faults.len() {
            let ScheduledFault {
                from_ms, until_ms, ..
            } = self.plan.faults[place];
            self.cue(at(from_ms), Cue::Begin(place));
            if let Some(until_ms) = until_ms {
                self.cue(at(until_ms), Cue::End(place));
            }
        }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        self.cues.is_empty() && self.awaiting.is_empty() && self.is_up
    }

    /// When the next thing is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.cues.first_key_value().map(|((at, _), _)| *at)
    }

    /// Does everything that is due by `now`.
    pub(super) fn act(&mut self, now: Instant) {
        self.note_end();
        while let Some(next) = self.cues.first_entry().filter(|next| next.key().0 <= now) {
            match next.remove() {
                Cue::Start => self.start(now),
                Cue::Pay(place) => self.pay(now, place),
                Cue::Mine(index) => self.mine(now, index),
                Cue::Begin(place) => self.begin(now, place),
                Cue::End(place) => self.end(now, place),
            }
        }
        self.note_finality(now);
    }

    fn cue(&mut self, at: Instant, cue: Cue) {
        self.seq += 1;
        self.cues.insert((at, self.seq), cue);
    }

    fn pay(&mut self, now: Instant, place: usize) {
        match self.submit(now, place) {
            Submitted::Waits => self.cue(now.after(ACCOUNT_WAIT), Cue::Pay(place)),
            Submitted::Mined(at, index) => self.cue(at, Cue::Mine(index)),
            Submitted::Never => {}
        }
    }

    fn submit(&self, now: Instant, place: usize) -> Submitted {
        let Deed::Deposit {
            movements,
            fate,
            delay_blocks,
            ..
        } = &self.plan.workload[place]
        else {
            unreachable!("only a deposit is paid")
        };
        let stage = &mut *self.shared.lock();
        let Some(index) = stage.transactions[place] else {
            unreachable!("a deposit without a transaction")
        };
        let users = &stage.users;
        if movements.iter().any(|one| users.account(one.user).is_none()) {
            return Submitted::Waits;
        }
        let payee = |user: u32| -> Payee {
            let account = users.account(user);
            account.unwrap_or_else(|| unreachable!("the account was there"))
        };
        let chain = &mut stage.chain;
        let mined_at = chain.send(now, index, (movements, &payee), *fate, *delay_blocks);
        mined_at.map_or(Submitted::Never, |at| Submitted::Mined(at, index))
    }

    fn mine(&mut self, now: Instant, index: TxIndex) {
        let _ = self.shared.lock().chain.mine(now, index);
        self.awaiting.push(index);
    }

    fn note_finality(&mut self, now: Instant) {
        let chain = &mut self.shared.lock().chain;
        self.awaiting
            .retain(|index| chain.finalize(now, *index).is_none() && chain.block_of(*index, now).is_some());
    }

    fn begin(&mut self, now: Instant, place: usize) {
        let ScheduledFault { until_ms, fault, .. } = self.plan.faults[place].clone();
        let (id, until) = (number(place), until_ms.map_or(Instant::MAX, at));
        let shared = self.shared.clone();
        let stage = || shared.lock();
        match fault {
            Fault::Endpoint {
                endpoint,
                fault,
                percent,
            } => stage().endpoints[usize::from(endpoint)].begin(id, fault, percent, now),
            Fault::Network {
                link,
                direction,
                fault,
            } => stage().wires.begin(id, (link, direction), fault, until),
            Fault::Store { fault, percent } => stage().store.begin(id, fault, percent),
            Fault::Disk { fault } => stage().store.begin_on_disk(id, fault),
            Fault::Queue { .. } | Fault::Worker { .. } => unreachable!("a plan with it is refused"),
            Fault::Process { fault } => self.hit(fault, until),
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => stage().chain.stall_finality(id, now, until),
                ChainFault::Reorg {
                    depth,
                    vanish_percent,
                } => self.reorganise(now, depth, vanish_percent),
            },
        }
    }

    fn end(&mut self, now: Instant, place: usize) {
        let id = number(place);
        let fault = self.plan.faults[place].fault.clone();
        let shared = self.shared.clone();
        let stage = || shared.lock();
        match fault {
            Fault::Endpoint { endpoint, .. } => stage().endpoints[usize::from(endpoint)].end(id),
            Fault::Network { link, .. } => stage().wires.end(id, link),
            Fault::Store { .. } => stage().store.end(id),
            Fault::Disk { .. } => stage().store.end_on_disk(id),
            Fault::Queue { .. } | Fault::Worker { .. } => unreachable!("a plan with it is refused"),
            Fault::Process { fault } => self.spare(now, fault),
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => stage().chain.resume_finality(id, now),
                ChainFault::Reorg { .. } => {}
            },
        }
    }

    fn reorganise(&mut self, now: Instant, depth: u64, vanish_percent: u8) {
        let moved = self.shared.lock().chain.reorganise(now, depth, vanish_percent);
        for (index, moved) in moved.into_iter().flat_map(|(_, moved)| moved) {
            match moved {
                Moved::Again(_) | Moved::Gone => {}
                Moved::Later(at) => self.cue(at, Cue::Mine(index)),
            }
        }
    }

    /// A fault hits the process.
    fn hit(&mut self, fault: ProcessFault, until: Instant) {
        match fault {
            ProcessFault::Crash { loss } => {
                self.down_until = self.down_until.max(until);
                self.crash(loss);
            }
            ProcessFault::Restart => {
                self.down_until = self.down_until.max(until);
                let stop = self.shared.lock().stop.take();
                stop.map(|stop| stop.send(()));
            }
            ProcessFault::Pause => {
                self.pauses += 1;
                Machines::current().pause(self.node.id());
            }
            ProcessFault::Usurped => self.shared.lock().store.usurp(),
            ProcessFault::Slow { .. }
            | ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. } => unreachable!("a plan with it is refused"),
        }
    }

    /// A fault lets go of the process.
    fn spare(&mut self, now: Instant, fault: ProcessFault) {
        match fault {
            ProcessFault::Crash { .. } | ProcessFault::Restart => self.start(now),
            ProcessFault::Pause => {
                self.pauses -= 1;
                if self.pauses == 0 {
                    Machines::current().resume(self.node.id());
                }
            }
            ProcessFault::Usurped => {}
            ProcessFault::Slow { .. }
            | ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. } => unreachable!("a plan with it is refused"),
        }
    }

    /// Starts the process, unless it is up or held down.
    fn start(&mut self, now: Instant) {
        if self.is_up || now < self.down_until {
            return;
        }
        self.is_up = true;
        Machines::current().restart(self.node.id());
        if self.pauses > 0 {
            Machines::current().pause(self.node.id());
        }
    }

    /// The process dies, and every task of its node with it.
    fn crash(&mut self, loss: CrashLoss) {
        if !self.is_up {
            return;
        }
        self.is_up = false;
        Machines::current().kill(self.node.id());
        bury(&mut self.shared.lock(), loss);
    }

    /// A process that ended by itself is started again by whoever watches it.
    fn note_end(&mut self) {
        let Some(ended) = self.shared.lock().ended.take() else {
            return;
        };
        self.is_up = false;
        let restart = Duration::from_millis(self.plan.topology.bank.restart_ms);
        self.cue(ended.at.after(restart).max(self.down_until), Cue::Start);
    }
}

/// What became of a transaction that is to be sent.
enum Submitted {
    /// It waits for the accounts of its payees.
    Waits,
    /// It is sent, and will be mined.
    Mined(Instant, TxIndex),
    /// It is sent, and will never be.
    Never,
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or_else(|_| unreachable!("a plan has fewer faults"))
}
