//! Faults and alerts: what never was disturbed is well, and what surely is broken is seen to be.
//!
//! Only what is certain is judged. Endpoints are well while nothing ever hit them, their links, the process or its date, and
//! nobody ordered anything; one that never answers is seen to be down within a minute, if breakers stay open for that long
//! and nothing disturbs the process. The journal is well until something hits the store, the disk or the process.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::Effect;
use plimsoll_core::monitor::{Alert, Reading};
use plimsoll_core::time::Instant;

use super::super::broken;
use super::super::standing::acts_of;
use super::NAME;
use super::rules::Rules;
use crate::engine::Latency;
use crate::fault::{ChainFault, Direction, EndpointFault, Fault, LinkFault, LinkName, StoreFault};
use crate::world::observe::Violation;
use crate::world::plan::{Plan, Topology};

/// How long a process may take to know its endpoints.
const START: Duration = Duration::from_secs(15);
/// How long it may take to see what blocks there are, beside its poll.
const NOTICE: Duration = Duration::from_secs(3);
/// How long it may take until what is surely down is told.
const BOUND: Duration = Duration::from_secs(60);
/// The longest that messages and syncs may usually take if silence is to be a fault's.
const USUAL: Duration = Duration::from_millis(250);

/// What is so, by the faults.
#[derive(Debug)]
pub(super) struct Causes {
    /// How many endpoints there are, and how many providers run them.
    endpoints: (u64, u64),
    tells_everything: bool,
    has_usual_links: bool,
    has_usual_store: bool,
    opens_for_long: bool,
    block: Duration,
    finality_blocks: u64,
    /// Whether the bank takes something else for final while finality stalls.
    has_fallback: bool,
    /// By how many blocks a status may be off.
    slack: u64,
    started: Instant,
    /// Whether anything ever disturbed the endpoints, or the store.
    was_disturbed: bool,
    was_store_disturbed: bool,
    /// Since when nothing disturbs the process; the faults that do.
    steady_since: Instant,
    disturbs: u32,
    /// Since when each endpoint surely answers nothing, and by how many faults.
    dead: BTreeMap<u8, (Instant, u32)>,
    /// Since when the store surely takes nothing, and by how many faults.
    shut: Option<(Instant, u32)>,
    stalls: Vec<Instant>,
    stall_ended: Option<Instant>,
}

impl Causes {
    pub(super) fn new(plan: &Plan) -> Self {
        let topology = &plan.topology;
        let providers: BTreeSet<&str> = topology
            .endpoints
            .iter()
            .map(|one| one.provider.as_str())
            .collect();
        let bank = &topology.bank;
        let block = Duration::from_millis(topology.chain.block_ms);
        let blocks = (Duration::from_millis(bank.poll_ms) + NOTICE).as_nanos() / block.as_nanos().max(1);
        let lag = topology.endpoints.iter().map(|one| one.lag_blocks).max();
        Self {
            endpoints: (topology.endpoints.len() as u64, providers.len() as u64),
            tells_everything: topology.endpoints.iter().all(|one| one.tells_everything()),
            has_usual_links: has_usual_links(topology),
            has_usual_store: is_usual(topology.store.sync) && bank.buggify.is_none(),
            opens_for_long: bank.pool.open_ms >= 30_000 && bank.poll_ms <= 2_000 && bank.buggify.is_none(),
            block,
            finality_blocks: topology.chain.finality_blocks,
            has_fallback: bank.stalled_lag.is_some(),
            slack: u64::try_from(blocks).unwrap_or(u64::MAX) + lag.unwrap_or(0) + 2,
            started: Instant::ZERO,
            was_disturbed: false,
            was_store_disturbed: false,
            steady_since: Instant::ZERO,
            disturbs: 0,
            dead: BTreeMap::new(),
            shut: None,
            stalls: Vec::new(),
            stall_ended: None,
        }
    }

    pub(super) fn started(&mut self, at: Instant) {
        (self.started, self.steady_since) = (at, at);
    }

    pub(super) fn follow(&mut self, at: Instant, effects: &[Effect]) {
        if acts_of(effects).next().is_some() {
            (self.was_disturbed, self.steady_since) = (true, at);
        }
    }

    pub(super) fn fault(&mut self, at: Instant, fault: &Fault, is_over: bool) {
        match fault {
            Fault::Endpoint {
                endpoint,
                fault: EndpointFault::Dead | EndpointFault::NeverAnswers,
                percent: 100,
            } => self.note_dead(at, [*endpoint], is_over),
            Fault::Network {
                link,
                direction: Direction::Both,
                fault: LinkFault::Partition,
            } => match link {
                LinkName::Endpoint { endpoint } => self.note_dead(at, [*endpoint], is_over),
                LinkName::AllEndpoints => {
                    let all = u8::try_from(self.endpoints.0).unwrap_or(u8::MAX);
                    self.note_dead(at, 0..all, is_over);
                }
                LinkName::Users => {}
            },
            Fault::Store {
                fault: StoreFault::Unavailable | StoreFault::Full,
                percent: 100,
            } => {
                let (since, count) = self.shut.unwrap_or((at, 0));
                let count = if is_over {
                    count.saturating_sub(1)
                } else {
                    count + 1
                };
                self.shut = (count > 0).then_some((since, count));
            }
            Fault::Chain {
                fault: ChainFault::FinalityStall,
            } => {
                if is_over {
                    self.stalls.clear();
                    self.stall_ended = Some(at);
                } else {
                    self.stalls.push(at);
                }
            }
            Fault::Endpoint { .. }
            | Fault::Network { .. }
            | Fault::Store { .. }
            | Fault::Disk { .. }
            | Fault::Process { .. }
            | Fault::Chain { .. }
            | Fault::Queue { .. }
            | Fault::Worker { .. } => {}
        }
        self.disturb(at, fault, is_over);
    }

    fn disturb(&mut self, at: Instant, fault: &Fault, is_over: bool) {
        match fault {
            Fault::Endpoint { .. } => self.was_disturbed = true,
            Fault::Network { link, .. } => self.was_disturbed |= *link != LinkName::Users,
            Fault::Store { .. } | Fault::Disk { .. } | Fault::Process { .. } => {
                (self.was_disturbed, self.was_store_disturbed) = (true, true);
                self.steady_since = at;
                self.disturbs = if is_over {
                    self.disturbs.saturating_sub(1)
                } else {
                    self.disturbs + 1
                };
            }
            // Deep in a stall a reorganisation undoes much at once.
            Fault::Chain { .. } | Fault::Queue { .. } | Fault::Worker { .. } => {}
        }
    }

    fn note_dead(&mut self, at: Instant, endpoints: impl IntoIterator<Item = u8>, is_over: bool) {
        for endpoint in endpoints {
            let (since, count) = self.dead.remove(&endpoint).unwrap_or((at, 0));
            let count = if is_over {
                count.saturating_sub(1)
            } else {
                count + 1
            };
            if count > 0 {
                self.dead.insert(endpoint, (since, count));
            }
        }
    }

    /// Holds a status against what is certain.
    pub(super) fn judge_reading(&self, at: Instant, reading: &Reading) -> Result<(), Violation> {
        if reading.is_journal_failing && !self.was_store_disturbed && self.has_usual_store {
            let detail = "the journal fails, and nothing ever disturbed it".to_owned();
            return Err(broken(NAME, "without_cause", detail));
        }
        let [chain] = reading.chains.as_slice() else {
            return Ok(());
        };
        if chain.endpoints != self.endpoints.0 {
            return Err(broken(
                NAME,
                "false_figures",
                format!("{} endpoints", chain.endpoints),
            ));
        }
        if self.was_disturbed || !self.has_usual_links || at.since(self.started) < START {
            return Ok(());
        }
        if (chain.endpoints_up, chain.providers_up) != self.endpoints {
            let detail = format!("{chain:?}, and nothing ever disturbed them");
            return Err(broken(NAME, "without_cause", detail));
        }
        if self.tells_everything && chain.history_used > 0 {
            let detail = format!("{chain:?}, and every endpoint tells everything");
            return Err(broken(NAME, "without_cause", detail));
        }
        self.judge_finality(at, chain.finality_lag)
    }

    fn judge_finality(&self, at: Instant, lag: u64) -> Result<(), Violation> {
        let blocks = |time: Duration| {
            let blocks = time.as_nanos() / self.block.as_nanos().max(1);
            u64::try_from(blocks).unwrap_or(u64::MAX)
        };
        let (least, most) = match (self.stalls.as_slice(), self.stall_ended) {
            ([], Some(ended)) if at.since(ended) < START => return Ok(()),
            ([], _) => (0, self.finality_blocks + self.slack),
            ([since], _) => {
                let truth = self.finality_blocks + blocks(at.since(*since));
                let least = truth.saturating_sub(self.slack);
                (if self.has_fallback { 0 } else { least }, truth + self.slack)
            }
            ([_, _, ..], _) => return Ok(()),
        };
        if (least..=most).contains(&lag) {
            return Ok(());
        }
        let detail = format!("finality lags by {least} to {most} blocks, the monitor was told {lag}");
        Err(broken(NAME, "false_figures", detail))
    }

    /// The bank did not say in time how it stands.
    pub(super) fn judge_silence(&self, at: Instant, is_journal_failing: bool) -> Result<(), Violation> {
        if !self.was_store_disturbed && self.has_usual_store {
            let detail = "the bank says nothing, and nothing ever disturbed it".to_owned();
            return Err(broken(NAME, "without_cause", detail));
        }
        let is_shut = |(since, _): (Instant, _)| at.since(since.max(self.started)) >= START;
        if self.shut.is_some_and(is_shut) && !is_journal_failing {
            let detail = "the journal takes nothing, and nobody says so".to_owned();
            return Err(broken(NAME, "unseen", detail));
        }
        Ok(())
    }

    /// What surely is down for long is told, or drowned by what is worse.
    pub(super) fn judge_told(&self, at: Instant, rules: &Rules) -> Result<(), Violation> {
        if self.disturbs > 0 || !self.opens_for_long {
            return Ok(());
        }
        let is_old = |(since, _): &&(Instant, u32)| at.since((*since).max(self.steady_since)) >= BOUND;
        if self.dead.values().find(is_old).is_none() {
            return Ok(());
        }
        let is_seen = |alert: &Alert| {
            matches!(
                alert,
                Alert::EndpointsDown(_) | Alert::UpstreamsFew(_) | Alert::BankSilent
            )
        };
        if rules.is_raised(is_seen) {
            return Ok(());
        }
        let detail = format!("{:?} answer nothing, and nobody says so", self.dead.keys());
        Err(broken(NAME, "unseen", detail))
    }
}

/// Whether everything travels quickly and nothing is lost, and nobody is turned away.
fn has_usual_links(topology: &Topology) -> bool {
    topology.bank.buggify.is_none()
        && topology.endpoints.iter().all(|one| {
            let link = &one.link;
            is_usual(link.latency) && link.loss_percent == 0 && one.quotas.is_empty()
        })
}

fn is_usual(latency: Latency) -> bool {
    let most = match latency {
        Latency::Fixed { us } => us,
        Latency::Uniform { max_us, .. } => max_us,
        Latency::Exponential { .. } | Latency::Bimodal { .. } => return false,
    };
    Duration::from_micros(most) <= USUAL
}
