//! Begins and ends the faults of the plan: one call a family.

use core::time::Duration;

use plimsoll_core::queue::Lane;
use plimsoll_core::time::Instant;

use super::World;
use super::event::Happening;
use super::observe::Observation;
use super::stats::{Part, Recovery};
use crate::fault::{ChainFault, Fault, LaneName, LinkName, ProcessFault, WorkerFault};

impl World<'_> {
    /// Schedules fault `number` of the plan, whose times count from `origin`.
    pub(super) fn schedule_fault(&mut self, number: u32, origin: Instant) {
        let one = &self.plan.faults[number as usize];
        let over = Instant::from_nanos(self.plan.duration_ms.saturating_mul(1_000_000));
        let begins = origin.after(Duration::from_millis(one.from_ms));
        if begins > over {
            return;
        }
        let ends = one
            .until_ms
            .map(|ms| origin.after(Duration::from_millis(ms)).min(over));
        let until = ends.unwrap_or(Instant::MAX);
        self.schedule.at(begins, Happening::FaultBegins { number, until });
        if let Some(ends) = ends {
            self.schedule.at(ends, Happening::FaultEnds(number));
        }
    }

    /// Fault `number` of the plan begins, to end at `until`; in a quiet period it must wait.
    pub(super) fn on_fault_begins(&mut self, number: u32, until: Instant) {
        let trouble = &mut self.troubles[number as usize];
        (trouble.has_begun, trouble.is_due) = (true, true);
        trouble.until = until;
        if self.quiet.is_none() {
            self.strike(number);
        }
    }

    /// Fault `number` of the plan ends.
    pub(super) fn on_fault_ends(&mut self, number: u32) {
        self.troubles[number as usize].is_due = false;
        self.heal(number);
    }

    /// Lets a fault do its work, if it does not already.
    pub(super) fn strike(&mut self, number: u32) {
        let trouble = &mut self.troubles[number as usize];
        if core::mem::replace(&mut trouble.is_on, true) {
            return;
        }
        let until = trouble.until;
        let fault = &self.plan.faults[number as usize].fault;
        let now = self.schedule.now();
        self.stats.faults += 1;
        self.see_host();
        if let Some(struck) = &mut self.jury.struck {
            struck.begin(now, number, fault);
        }
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.fault(number, fault, Some(until), false);
        }
        let begun = Observation::Fault {
            fault,
            is_over: false,
        };
        self.jury.see(now, &begun);
        match fault {
            Fault::Endpoint {
                endpoint,
                fault,
                percent,
            } => self.endpoints[usize::from(*endpoint)].begin(number, *fault, *percent, now),
            Fault::Network {
                link,
                direction,
                fault,
            } => {
                self.wires.begin(number, (*link, *direction), *fault, until);
            }
            Fault::Store { fault, percent } => self.store.begin(number, *fault, *percent),
            Fault::Disk { fault } => {
                self.store.begin_on_disk(number, *fault);
                self.see_damage();
            }
            Fault::Process { fault } => self.begin_process_fault(number, *fault, until),
            Fault::Chain { fault } => self.begin_chain_fault(number, *fault, until),
            Fault::Queue { lane, fault, percent } => {
                let lane = lane_of(*lane);
                self.crew().booth(lane).begin(number, *fault, *percent);
                self.show_queue(lane);
            }
            Fault::Worker { worker, fault } => match fault {
                WorkerFault::Crash => self.kill_worker(*worker, until),
                WorkerFault::Pause => self.hold_worker_up(*worker, true),
            },
        }
        self.see_host();
    }

    /// Ends the work of a fault, if it does any.
    pub(super) fn heal(&mut self, number: u32) {
        let trouble = &mut self.troubles[number as usize];
        if !core::mem::replace(&mut trouble.is_on, false) {
            return;
        }
        let fault = &self.plan.faults[number as usize].fault;
        let now = self.schedule.now();
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.fault(number, fault, None, true);
        }
        if let Some(struck) = &mut self.jury.struck {
            struck.end(number);
        }
        match fault {
            Fault::Endpoint { endpoint, .. } => {
                self.endpoints[usize::from(*endpoint)].end(number);
                self.recoveries.expect(Part::Endpoint(*endpoint), now);
            }
            Fault::Network { link, .. } => {
                self.wires.end(number, *link);
                self.recoveries.expect(part_of(*link), now);
            }
            Fault::Store { .. } => {
                self.store.end(number);
                self.recoveries.expect(Part::Store, now);
            }
            Fault::Disk { .. } => {
                self.store.end_on_disk(number);
                self.recoveries.expect(Part::Store, now);
            }
            Fault::Process { fault } => self.end_process_fault(number, *fault),
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => {
                    self.chain.resume_finality(number, now);
                    self.note_finality();
                }
                ChainFault::Reorg { .. } => {}
            },
            Fault::Queue { lane, .. } => self.crew().booth(lane_of(*lane)).end(number),
            Fault::Worker { worker, fault } => match fault {
                WorkerFault::Crash => self.start_worker(*worker),
                WorkerFault::Pause => self.hold_worker_up(*worker, false),
            },
        }
        self.jury.see(now, &Observation::Fault { fault, is_over: true });
    }

    /// Shows the scribe what a fault made of a queue.
    fn show_queue(&mut self, lane: Lane) {
        if let (Some(scribe), Some(crew)) = (&mut self.jury.scribe, &mut self.crew) {
            scribe.queue_changed(lane, crew.booth(lane).queue(), None);
        }
    }

    /// Something worked: whatever was waiting for that has recovered.
    pub(super) fn works(&mut self, proves: impl Fn(Part) -> bool) {
        let samples: &mut Vec<Recovery> = &mut self.stats.recoveries;
        self.recoveries.works(self.schedule.now(), samples, proves);
    }

    fn begin_process_fault(&mut self, number: u32, fault: ProcessFault, until: Instant) {
        match fault {
            ProcessFault::Crash { loss } => {
                self.host.down_until = self.host.down_until.max(until);
                self.crash(loss);
            }
            ProcessFault::Restart => {
                self.host.down_until = self.host.down_until.max(until);
                self.stop();
            }
            ProcessFault::Pause => {
                self.host.pauses += 1;
                self.hold_up();
            }
            ProcessFault::Slow { extra_ms } => self.host.slow_by += Duration::from_millis(extra_ms),
            ProcessFault::ClockSkew { by_ms } | ProcessFault::ClockJump { by_ms } => {
                self.host.clock.shift(by_ms);
            }
            ProcessFault::ClockDrift { drift } => {
                self.host.clock.drift(number, drift, self.schedule.now());
            }
            ProcessFault::Usurped => self.store.usurp(),
        }
    }

    fn end_process_fault(&mut self, number: u32, fault: ProcessFault) {
        match fault {
            ProcessFault::Crash { .. } | ProcessFault::Restart => self.on_start(),
            ProcessFault::Pause => {
                self.host.pauses -= 1;
                self.recoveries.expect(Part::Process, self.schedule.now());
                self.hold_up();
            }
            ProcessFault::Slow { extra_ms } => self.host.slow_by -= Duration::from_millis(extra_ms),
            ProcessFault::ClockSkew { by_ms } => self.host.clock.shift(by_ms.saturating_neg()),
            ProcessFault::ClockDrift { .. } => self.host.clock.steady(number),
            ProcessFault::ClockJump { .. } | ProcessFault::Usurped => {}
        }
    }

    fn begin_chain_fault(&mut self, number: u32, fault: ChainFault, until: Instant) {
        let now = self.schedule.now();
        match fault {
            ChainFault::FinalityStall => self.chain.stall_finality(number, now, until),
            ChainFault::Reorg {
                depth,
                vanish_percent,
            } => self.reorganise(depth, vanish_percent),
        }
    }
}

const fn lane_of(lane: LaneName) -> Lane {
    match lane {
        LaneName::Immediate => Lane::Immediate,
        LaneName::Database => Lane::Database,
    }
}

const fn part_of(link: LinkName) -> Part {
    match link {
        LinkName::Endpoint { endpoint } => Part::Endpoint(endpoint),
        LinkName::AllEndpoints => Part::AllEndpoints,
        LinkName::Users => Part::Users,
    }
}
