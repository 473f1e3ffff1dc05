//! Begins and ends the faults of the plan: one call a family.

use plimsoll_core::time::Instant;

use super::World;
use super::observe::Observation;
use super::plan::ScheduledFault;
use super::stats::{Part, Recovery};
use crate::fault::{ChainFault, Fault, LinkName, ProcessFault};

impl World<'_> {
    /// Fault `number` of the plan begins.
    pub(super) fn on_fault_begins(&mut self, number: u32) {
        let ScheduledFault { until_ms, fault, .. } = &self.plan.faults[number as usize];
        let until = until_ms.map_or(Instant::MAX, |ms| Instant::from_nanos(ms * 1_000_000));
        let now = self.schedule.now();
        self.stats.faults += 1;
        self.jury.see(
            now,
            self.seq,
            &Observation::Fault {
                fault,
                is_over: false,
            },
        );
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
            Fault::Process { fault } => self.begin_process_fault(*fault, until),
            Fault::Chain { fault } => self.begin_chain_fault(number, *fault, until),
        }
    }

    /// Fault `number` of the plan ends.
    pub(super) fn on_fault_ends(&mut self, number: u32) {
        let fault = &self.plan.faults[number as usize].fault;
        let now = self.schedule.now();
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
            Fault::Process { fault } => self.end_process_fault(*fault),
            Fault::Chain { fault } => match fault {
                ChainFault::FinalityStall => {
                    self.chain.resume_finality(number, now);
                    self.note_finality();
                }
                ChainFault::Reorg { .. } => {}
            },
        }
        self.jury
            .see(now, self.seq, &Observation::Fault { fault, is_over: true });
    }

    /// Something worked: whatever was waiting for that has recovered.
    pub(super) fn works(&mut self, proves: impl Fn(Part) -> bool) {
        let samples: &mut Vec<Recovery> = &mut self.stats.recoveries;
        self.recoveries.works(self.schedule.now(), samples, proves);
    }

    fn begin_process_fault(&mut self, fault: ProcessFault, until: Instant) {
        match fault {
            ProcessFault::Crash { loss } => {
                self.host.down_until = self.host.down_until.max(until);
                self.crash(loss);
            }
            ProcessFault::Pause => {
                self.host.pauses += 1;
                self.pause_if_told();
            }
            ProcessFault::ClockSkew { by_ms } => self.host.skew_ms = self.host.skew_ms.saturating_add(by_ms),
            ProcessFault::Usurped => self.store.usurp(),
        }
    }

    fn end_process_fault(&mut self, fault: ProcessFault) {
        match fault {
            ProcessFault::Crash { .. } => self.on_start(),
            ProcessFault::Pause => {
                self.host.pauses -= 1;
                self.recoveries.expect(Part::Process, self.schedule.now());
                self.pause_if_told();
            }
            ProcessFault::ClockSkew { by_ms } => self.host.skew_ms = self.host.skew_ms.saturating_sub(by_ms),
            ProcessFault::Usurped => {}
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

const fn part_of(link: LinkName) -> Part {
    match link {
        LinkName::Endpoint { endpoint } => Part::Endpoint(endpoint),
        LinkName::AllEndpoints => Part::AllEndpoints,
        LinkName::Users => Part::Users,
    }
}
