//! [`Director`]: does what the plan says when it is due: payments, faults, the life and death of the process.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_core::time::Instant;
use plimsoll_sim::fault::{ChainFault, Fault, ProcessFault};
use plimsoll_sim::world::plan::{Deed, Fate, Plan, ScheduledFault};
use serde_json::json;

use super::clock::at;
use super::links::Links;
use super::run::Failure;
use super::stage::Stage;
use super::upstream::Upstream;
use crate::evm::movements::Contracts;
use crate::evm::node::{Node, Tag};
use crate::evm::receipt::parsed;
use crate::process::Process;
use crate::product::Installation;

/// How long a deed waits for an account that it needs.
const ACCOUNT_WAIT: Duration = Duration::from_millis(250);
/// How long an orderly stop may take.
const STOP_TIME_MAX: Duration = Duration::from_secs(25);

/// One thing to do.
#[derive(Debug, Clone, Copy)]
enum Cue {
    Pay(u32),
    Begin(u32),
    End(u32),
}

/// What there is to direct.
pub(super) struct Scene<'w> {
    pub(super) plan: &'w Plan,
    pub(super) stage: Stage,
    pub(super) node: &'w Node,
    pub(super) contracts: &'w Contracts,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) links: Links,
    pub(super) installation: &'w Installation,
}

/// What is to be done, by time and in the order in which it was planned; and the process.
pub(super) struct Director<'w> {
    scene: Scene<'w>,
    cues: BTreeMap<(Instant, u64), Cue>,
    seq: u64,
    /// The process, while it is up.
    process: Option<Process>,
    /// How many faults keep it down, and how many keep it still.
    down: u32,
    still: u32,
    /// How often it was killed.
    kills: usize,
}

impl<'w> Director<'w> {
    /// The director of a scene, whose process runs.
    pub(super) fn new(scene: Scene<'w>, process: Process) -> Self {
        let plan = scene.plan;
        let mut director = Self {
            scene,
            cues: BTreeMap::new(),
            seq: 0,
            process: Some(process),
            down: 0,
            still: 0,
            kills: 0,
        };
        let block_ms = plan.topology.chain.block_ms;
        for (deed, place) in plan.workload.iter().zip(0u32..) {
            // It comes into the pool when only the next block is missing.
            let waits = match deed {
                Deed::Deposit { delay_blocks, .. } => delay_blocks * block_ms,
                Deed::Transfer { .. }
                | Deed::Balances { .. }
                | Deed::RetryDeadLetters { .. }
                | Deed::Attribute { .. }
                | Deed::Order { .. } => 0,
            };
            director.cue(at(deed.at_ms() + waits), Cue::Pay(place));
        }
        for (one, place) in plan.faults.iter().zip(0u32..) {
            director.cue(at(one.from_ms), Cue::Begin(place));
            if let Some(until_ms) = one.until_ms {
                director.cue(at(until_ms), Cue::End(place));
            }
        }
        director
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        self.cues.is_empty() && self.down == 0 && self.still == 0
    }

    /// How often the process was killed.
    pub(super) const fn kills(&self) -> usize {
        self.kills
    }

    /// The faults of endpoints that no question met.
    pub(super) fn unmet(&self) -> Vec<String> {
        let mut unmet = Vec::new();
        for (one, place) in self.scene.plan.faults.iter().zip(0u32..) {
            if let Fault::Endpoint { endpoint, fault, .. } = one.fault
                && self.scene.upstreams[usize::from(endpoint)].met(place) == 0
            {
                unmet.push(format!("faults[{place}]: {fault:?}"));
            }
        }
        unmet
    }

    /// How many pieces of what was sent were lost.
    pub(super) fn lost(&self) -> usize {
        self.scene.links.lost()
    }

    /// Does everything that is due.
    ///
    /// # Errors
    /// The process has ended by itself.
    pub(super) fn act(&mut self) -> Result<(), Failure> {
        let now = self.scene.stage.clock.now();
        while let Some(next) = self.cues.first_entry().filter(|next| next.key().0 <= now) {
            match next.remove() {
                Cue::Pay(place) => self.pay(now, place),
                Cue::Begin(place) => self.begin(place),
                Cue::End(place) => self.end(place),
            }
        }
        match &mut self.process {
            Some(process) => {
                if process.is_running() {
                    Ok(())
                } else {
                    Err(Failure::Ended(process.stderr()))
                }
            }
            None => Ok(()),
        }
    }

    /// Stops the process in an orderly way.
    ///
    /// # Errors
    /// It did not end as it should.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        let Some(mut process) = self.process.take() else {
            unreachable!("nothing keeps it down")
        };
        let status = process.terminate(STOP_TIME_MAX);
        let said = process.stderr();
        if status.code() == Some(0) && !said.contains("panicked") {
            Ok(())
        } else {
            Err(Failure::Ended(said))
        }
    }

    fn cue(&mut self, at: Instant, cue: Cue) {
        self.seq += 1;
        self.cues.insert((at, self.seq), cue);
    }

    fn pay(&mut self, now: Instant, place: u32) {
        let Scene {
            stage,
            node,
            contracts,
            ..
        } = &self.scene;
        let Deed::Deposit { movements, fate, .. } = &self.scene.plan.workload[index(place)] else {
            unreachable!("a plan of anything else is refused")
        };
        let accounts = stage.accounts();
        if movements.iter().any(|one| !accounts.contains_key(&one.user)) {
            return self.cue(now.after(ACCOUNT_WAIT), Cue::Pay(place));
        }
        let payer = node.accounts()[1 + index(place)];
        let user = |user: u32| accounts[&user].address;
        let request = contracts
            .call(movements, payer, &user)
            .request(*fate != Fate::Reverted);
        let tx = parsed(&node.rpc("eth_sendTransaction", &json!([request])));
        if *fate == Fate::NeverMined {
            node.rpc("anvil_dropTransaction", &json!([format!("{tx}")]));
        }
        stage.sent(place, tx);
    }

    fn begin(&mut self, place: u32) {
        let ScheduledFault { until_ms, fault, .. } = &self.scene.plan.faults[index(place)];
        let until = until_ms.map_or(Instant::MAX, at);
        match fault {
            Fault::Endpoint {
                endpoint,
                fault,
                percent,
            } => self.scene.upstreams[usize::from(*endpoint)].begin(place, *fault, *percent),
            Fault::Network {
                link,
                direction,
                fault,
            } => self.scene.links.begin(place, (*link, *direction), *fault, until),
            Fault::Process { fault } => self.strike(place, *fault, until_ms.is_some()),
            Fault::Chain {
                fault: ChainFault::FinalityStall,
            } => {
                let latest = self.scene.node.block(Tag::Latest).number;
                self.scene.stage.stall(place, latest);
            }
            Fault::Chain {
                fault: ChainFault::Reorg { .. },
            }
            | Fault::Store { .. }
            | Fault::Disk { .. }
            | Fault::Queue { .. }
            | Fault::Worker { .. } => unreachable!("a plan with it is refused"),
        }
    }

    /// Kills, ends or stops the process.
    fn strike(&mut self, place: u32, fault: ProcessFault, ends: bool) {
        match fault {
            ProcessFault::Crash { .. } | ProcessFault::Restart => {
                if let Some(mut process) = self.process.take() {
                    if fault == ProcessFault::Restart {
                        process.terminate(STOP_TIME_MAX);
                    } else {
                        process.kill();
                        self.kills += 1;
                    }
                }
                self.down += 1;
                if !ends {
                    let rest = Duration::from_millis(self.scene.plan.topology.bank.restart_ms);
                    self.cue(self.scene.stage.clock.now().after(rest), Cue::End(place));
                }
            }
            ProcessFault::Pause => {
                self.still += 1;
                if let Some(process) = &self.process {
                    process.stop();
                }
            }
            ProcessFault::Slow { .. }
            | ProcessFault::ClockSkew { .. }
            | ProcessFault::ClockDrift { .. }
            | ProcessFault::ClockJump { .. }
            | ProcessFault::Usurped => unreachable!("a plan with it is refused"),
        }
    }

    fn end(&mut self, place: u32) {
        match &self.scene.plan.faults[index(place)].fault {
            Fault::Endpoint { endpoint, .. } => self.scene.upstreams[usize::from(*endpoint)].end(place),
            Fault::Network { link, .. } => self.scene.links.end(place, *link),
            Fault::Process {
                fault: ProcessFault::Pause,
            } => {
                self.still -= 1;
                if let (Some(process), 0) = (&self.process, self.still) {
                    process.go_on();
                }
            }
            Fault::Process { .. } => {
                self.down -= 1;
                if self.down == 0 {
                    self.process = Some(self.scene.installation.serve_recorded());
                }
            }
            Fault::Chain { .. } => self.scene.stage.resume(place),
            Fault::Store { .. } | Fault::Disk { .. } | Fault::Queue { .. } | Fault::Worker { .. } => {
                unreachable!("a plan with it is refused")
            }
        }
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or_else(|_| unreachable!("a place in a list fits"))
}
