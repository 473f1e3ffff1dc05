//! [`Director`]: does what the plan says when it is due, between two steps of the network.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use plimsoll_core::time::Instant;
use plimsoll_sim::fault::{ChainFault, CrashLoss, Direction, Fault, LinkFault, LinkName};
use plimsoll_sim::model::chain::{Moved, Payee, TxIndex};
use plimsoll_sim::oracle::panel::Panel;
use plimsoll_sim::world::plan::{Deed, Plan, ScheduledFault};
use turmoil::Sim;

use crate::journal::Disk;
use crate::run::{BANK, USERS, endpoint_name};
use crate::stage::Stage;

/// How long a deed waits for an account that it needs.
const ACCOUNT_WAIT: Duration = Duration::from_millis(250);

/// One thing to do.
#[derive(Debug, Clone, Copy)]
enum Cue {
    Pay(usize),
    Mine(TxIndex),
    Begin(usize),
    End(usize),
}

/// What is to be done, by time and in the order in which it was planned.
pub(crate) struct Director<'p> {
    plan: &'p Plan,
    stage: Rc<RefCell<Stage>>,
    jury: Rc<RefCell<Panel>>,
    disk: Disk,
    cues: BTreeMap<(Instant, u64), Cue>,
    seq: u64,
    awaiting: Vec<TxIndex>,
    /// How many faults keep the process down.
    down: u32,
}

impl<'p> Director<'p> {
    /// The director of `plan`.
    pub(crate) fn new(
        plan: &'p Plan,
        stage: &Rc<RefCell<Stage>>,
        (jury, disk): (&Rc<RefCell<Panel>>, &Disk),
    ) -> Self {
        let mut director = Self {
            plan,
            stage: Rc::clone(stage),
            jury: Rc::clone(jury),
            disk: disk.clone(),
            cues: BTreeMap::new(),
            seq: 0,
            awaiting: Vec::new(),
            down: 0,
        };
        for (place, deed) in plan.workload.iter().enumerate() {
            match deed {
                Deed::Deposit { at_ms, .. } => director.cue(at(*at_ms), Cue::Pay(place)),
                // People do them by themselves.
                Deed::Transfer { .. }
                | Deed::Balances { .. }
                | Deed::RetryDeadLetters { .. }
                | Deed::Attribute { .. } => {}
            }
        }
        for (
            place,
            ScheduledFault {
                from_ms, until_ms, ..
            },
        ) in plan.faults.iter().enumerate()
        {
            director.cue(at(*from_ms), Cue::Begin(place));
            if let Some(until_ms) = until_ms {
                director.cue(at(*until_ms), Cue::End(place));
            }
        }
        director
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.cues.is_empty() && self.awaiting.is_empty() && self.down == 0
    }

    /// Does everything that is due by `now`.
    pub(crate) fn act(&mut self, now: Instant, sim: &mut Sim<'_>) {
        while let Some(next) = self.cues.first_entry().filter(|next| next.key().0 <= now) {
            let cue = next.remove();
            self.stage.borrow().course.tell(now, "cue", &cue);
            match cue {
                Cue::Pay(place) => self.pay(now, place),
                Cue::Mine(index) => self.mine(now, index),
                Cue::Begin(place) => self.begin(now, place, sim),
                Cue::End(place) => self.end(now, place, sim),
            }
        }
        self.note_finality(now);
    }

    fn cue(&mut self, at: Instant, cue: Cue) {
        self.seq += 1;
        self.cues.insert((at, self.seq), cue);
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

    fn begin(&mut self, now: Instant, place: usize, sim: &mut Sim<'_>) {
        let ScheduledFault { until_ms, fault, .. } = &self.plan.faults[place];
        let id = number(place);
        let until = until_ms.map_or(Instant::MAX, at);
        match fault {
            Fault::Endpoint {
                endpoint,
                fault,
                percent,
            } => {
                let endpoints = &mut self.stage.borrow_mut().endpoints;
                endpoints[usize::from(*endpoint)].begin(id, *fault, *percent, now);
            }
            Fault::Network {
                link,
                direction,
                fault,
            } => self.cut(*link, *direction, *fault, sim),
            Fault::Process { .. } => {
                if self.down == 0 {
                    sim.crash(BANK);
                    let batches = self.disk.batches();
                    let journal = batches.iter().map(|batch| (&batch.hash, batch.bytes.as_slice()));
                    self.jury.borrow_mut().crashed(CrashLoss::Lost, journal);
                }
                self.down += 1;
                if until_ms.is_none() {
                    self.cue(
                        now.after(Duration::from_millis(self.plan.topology.bank.restart_ms)),
                        Cue::End(place),
                    );
                }
            }
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => self.stage.borrow_mut().chain.stall_finality(id, now, until),
                ChainFault::Reorg {
                    depth,
                    vanish_percent,
                } => self.reorganise(now, *depth, *vanish_percent),
            },
            Fault::Store { .. } | Fault::Disk { .. } => unreachable!("a plan with it is refused"),
        }
    }

    fn end(&mut self, now: Instant, place: usize, sim: &mut Sim<'_>) {
        let id = number(place);
        match &self.plan.faults[place].fault {
            Fault::Endpoint { endpoint, .. } => {
                self.stage.borrow_mut().endpoints[usize::from(*endpoint)].end(id);
            }
            Fault::Network {
                link,
                direction,
                fault,
            } => self.mend(*link, *direction, *fault, sim),
            Fault::Process { .. } => {
                self.down -= 1;
                if self.down == 0 {
                    sim.bounce(BANK);
                }
            }
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => self.stage.borrow_mut().chain.resume_finality(id, now),
                ChainFault::Reorg { .. } => {}
            },
            Fault::Store { .. } | Fault::Disk { .. } => unreachable!("a plan with it is refused"),
        }
    }

    fn reorganise(&mut self, now: Instant, depth: u64, vanish_percent: u8) {
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

    /// The hosts at the far end of `link`.
    fn peers(&self, link: LinkName) -> Vec<String> {
        match link {
            LinkName::Endpoint { endpoint } => vec![endpoint_name(endpoint)],
            LinkName::AllEndpoints => {
                let endpoints = (0u8..).zip(&self.plan.topology.endpoints);
                endpoints.map(|(number, _)| endpoint_name(number)).collect()
            }
            LinkName::Users => vec![USERS.to_owned()],
        }
    }

    fn cut(&self, link: LinkName, direction: Direction, fault: LinkFault, sim: &Sim<'_>) {
        for peer in self.peers(link) {
            match (fault, direction) {
                (LinkFault::Partition, Direction::Both) => sim.partition(BANK, peer),
                (LinkFault::Partition, Direction::ToBank) => sim.partition_oneway(peer, BANK),
                (LinkFault::Partition, Direction::FromBank) => sim.partition_oneway(BANK, peer),
                (LinkFault::Hold, _) => sim.hold(BANK, peer),
                (other, _) => unreachable!("a plan with {other:?} is refused"),
            }
        }
    }

    fn mend(&self, link: LinkName, direction: Direction, fault: LinkFault, sim: &Sim<'_>) {
        for peer in self.peers(link) {
            match (fault, direction) {
                (LinkFault::Partition, Direction::Both) => sim.repair(BANK, peer),
                (LinkFault::Partition, Direction::ToBank) => sim.repair_oneway(peer, BANK),
                (LinkFault::Partition, Direction::FromBank) => sim.repair_oneway(BANK, peer),
                (LinkFault::Hold, _) => sim.release(BANK, peer),
                (other, _) => unreachable!("a plan with {other:?} is refused"),
            }
        }
    }
}

fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or_else(|_| unreachable!("a plan has fewer faults"))
}
