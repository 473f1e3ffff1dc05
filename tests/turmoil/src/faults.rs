//! What the faults of the plan do to the hosts, the network, the journal and the process: one call a family.

use std::time::Duration;

use plimsoll_core::time::Instant;
use plimsoll_sim::fault::{ChainFault, Direction, DiskFault, Fault, LinkFault, LinkName, ProcessFault};
use turmoil::Sim;

use crate::director::{Cue, Director};
use crate::run::{BANK, USERS, endpoint_name};

impl Director<'_> {
    /// The fault at `place` begins, to end at `until`; in a quiet period it must wait.
    pub(crate) fn begin(&mut self, now: Instant, (place, until): (usize, Instant), sim: &mut Sim<'_>) {
        let trouble = &mut self.troubles[place];
        (trouble.has_begun, trouble.is_due, trouble.until) = (true, true, until);
        if self.quiet.is_none() {
            self.strike(now, place, sim);
        }
    }

    /// The fault at `place` ends.
    pub(crate) fn end(&mut self, now: Instant, place: usize, sim: &mut Sim<'_>) {
        self.troubles[place].is_due = false;
        self.heal(now, place, sim);
    }

    /// Once the plan's time is over: whatever ever hit an endpoint outside of the core is there for ever.
    pub(crate) fn leave_core(&mut self, now: Instant, sim: &mut Sim<'_>) {
        let Some(core) = &self.plan.core else { return };
        for place in 0..self.troubles.len() {
            let is_outside = |endpoint: u8| !core.contains(&endpoint);
            let hits = self.plan.faults[place].fault.endpoint();
            if self.troubles[place].has_begun && hits.is_some_and(is_outside) {
                self.troubles[place].until = Instant::MAX;
                self.strike(now, place, sim);
            }
        }
    }

    /// Lets a fault do its work, if it does not already.
    pub(crate) fn strike(&mut self, now: Instant, place: usize, sim: &mut Sim<'_>) {
        if std::mem::replace(&mut self.troubles[place].is_on, true) {
            return;
        }
        let (id, until) = (number(place), self.troubles[place].until);
        match &self.plan.faults[place].fault {
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
            } => match fault {
                LinkFault::Partition | LinkFault::Hold => {
                    for peer in self.peers(*link) {
                        self.links.hit(id, &peer, (*direction, *fault), sim);
                    }
                }
                LinkFault::Loss { .. }
                | LinkFault::Duplicate { .. }
                | LinkFault::Reorder { .. }
                | LinkFault::Delay { .. }
                | LinkFault::HalfOpen { .. } => {
                    let wires = &mut self.stage.borrow_mut().wires;
                    wires.begin(id, (*link, *direction), *fault, until);
                }
            },
            Fault::Store { fault, percent } => {
                self.house.disk.strike(|store| store.begin(id, *fault, *percent))
            }
            Fault::Disk { fault } => self
                .house
                .disk
                .strike(|store| store.begin_on_disk(id, sound(*fault))),
            Fault::Queue { .. } | Fault::Worker { .. } => unreachable!("a plan with it is refused"),
            Fault::Process { fault } => self.strike_process(now, (id, until), *fault, sim),
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => self.stage.borrow_mut().chain.stall_finality(id, now, until),
                ChainFault::Reorg {
                    depth,
                    vanish_percent,
                } => self.reorganise(now, *depth, *vanish_percent),
            },
        }
    }

    /// Ends the work of a fault, if it does any.
    pub(crate) fn heal(&mut self, now: Instant, place: usize, sim: &mut Sim<'_>) {
        if !std::mem::replace(&mut self.troubles[place].is_on, false) {
            return;
        }
        let id = number(place);
        match &self.plan.faults[place].fault {
            Fault::Endpoint { endpoint, .. } => {
                self.stage.borrow_mut().endpoints[usize::from(*endpoint)].end(id);
            }
            Fault::Network { link, .. } => {
                for peer in self.peers(*link) {
                    self.links.heal(id, &peer, sim);
                }
                self.stage.borrow_mut().wires.end(id, *link);
            }
            Fault::Store { .. } => self.house.disk.strike(|store| store.end(id)),
            Fault::Disk { .. } => self.house.disk.strike(|store| store.end_on_disk(id)),
            Fault::Queue { .. } | Fault::Worker { .. } => unreachable!("a plan with it is refused"),
            Fault::Process { fault } => self.heal_process(now, id, *fault, sim),
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => self.stage.borrow_mut().chain.resume_finality(id, now),
                ChainFault::Reorg { .. } => {}
            },
        }
    }

    fn strike_process(
        &mut self,
        now: Instant,
        (id, until): (u32, Instant),
        fault: ProcessFault,
        sim: &mut Sim<'_>,
    ) {
        match fault {
            ProcessFault::Crash { loss } => {
                self.keep_down(now, until);
                if self.is_up {
                    sim.crash(BANK);
                    self.gone(loss);
                }
            }
            ProcessFault::Restart => {
                self.keep_down(now, until);
                self.house.control.stop();
            }
            ProcessFault::Pause => {
                self.house.control.pause();
                for peer in self.everybody() {
                    let hold = (Direction::Both, LinkFault::Hold);
                    self.links.hit(id, &peer, hold, sim);
                }
            }
            ProcessFault::Usurped => self.house.disk.usurp(),
            ProcessFault::Slow { .. }
            | ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. } => unreachable!("a plan with it is refused"),
        }
    }

    fn heal_process(&mut self, now: Instant, id: u32, fault: ProcessFault, sim: &mut Sim<'_>) {
        match fault {
            ProcessFault::Crash { .. } | ProcessFault::Restart => self.start(now, sim),
            ProcessFault::Pause => {
                self.house.control.resume();
                for peer in self.everybody() {
                    self.links.heal(id, &peer, sim);
                }
            }
            ProcessFault::Usurped => {}
            ProcessFault::Slow { .. }
            | ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. } => unreachable!("a plan with it is refused"),
        }
    }

    /// Keeps the process from starting before `until`; from a fault without an end it recovers as from its own.
    fn keep_down(&mut self, now: Instant, until: Instant) {
        let restart = now.after(Duration::from_millis(self.plan.topology.bank.restart_ms));
        let until = if until == Instant::MAX { restart } else { until };
        self.down_until = self.down_until.max(until);
        self.cue(until, Cue::Start);
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

    fn everybody(&self) -> Vec<String> {
        [LinkName::AllEndpoints, LinkName::Users]
            .into_iter()
            .flat_map(|link| self.peers(link))
            .collect()
    }
}

/// A fault that leaves what is durable as it was.
fn sound(fault: DiskFault) -> DiskFault {
    match fault {
        DiskFault::SyncFailed { .. } => fault,
        DiskFault::BitFlip | DiskFault::MisdirectedWrite { .. } | DiskFault::ReadError => {
            unreachable!("a plan with {fault:?} is refused")
        }
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or_else(|_| unreachable!("a plan has fewer faults"))
}
