//! Whether a plan makes sense, all faults at once: a run of nonsense proves nothing.

mod faults;
mod topology;

use core::fmt::Arguments;

use super::{ClaimPlan, Deed, HoldEnd, Movement, Plan, ScheduledFault, Token};
use crate::fault::{ChainFault, EndpointFault, Fault, LinkFault, LinkName, StoreFault};

/// The longest run: ten days.
const DURATION_MS_MAX: u64 = 864_000_000;
/// The most users, deeds and faults of a run.
const ENTRIES_MAX: usize = 100_000;
/// The most blocks that anything waits, lags or is replaced.
const BLOCKS_MAX: u64 = 10_000;
/// The largest amount of a movement, in thousandths: a thousand million whole tokens.
const AMOUNT_MILLI_MAX: u64 = 1_000_000_000_000;

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// The entry: `faults[3].until_ms`.
    pub field: String,
    /// What it must be.
    pub expected: String,
}

impl core::fmt::Display for PlanError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} must be {}", self.field, self.expected)
    }
}

impl core::error::Error for PlanError {}

impl Plan {
    /// Checks the whole plan.
    ///
    /// # Errors
    /// Everything that is wrong, not the first alone.
    pub fn check(&self) -> Result<(), Vec<PlanError>> {
        let mut found = Findings::default();
        found.within(format_args!("duration_ms"), self.duration_ms, 1, DURATION_MS_MAX);
        found.within(format_args!("converge_ms"), self.converge_ms, 0, DURATION_MS_MAX);
        topology::check(&self.topology, &mut found);
        found.require(
            self.workload.len() <= ENTRIES_MAX,
            format_args!("workload"),
            "at most 100000 deeds",
        );
        for (index, deed) in self.workload.iter().enumerate() {
            self.check_deed(format_args!("workload[{index}]"), deed, &mut found);
        }
        found.require(
            self.faults.len() <= ENTRIES_MAX,
            format_args!("faults"),
            "at most 100000",
        );
        for (index, one) in self.faults.iter().enumerate() {
            self.check_fault(format_args!("faults[{index}]"), one, &mut found);
        }
        self.check_byzantine(&mut found);
        if found.0.is_empty() { Ok(()) } else { Err(found.0) }
    }

    fn check_deed(&self, at: Arguments<'_>, deed: &Deed, found: &mut Findings) {
        self.time(format_args!("{at}.at_ms"), deed.at_ms(), found);
        match deed {
            Deed::Deposit {
                movements,
                delay_blocks,
                claims,
                ..
            } => {
                found.within(format_args!("{at}.delay_blocks"), *delay_blocks, 0, BLOCKS_MAX);
                self.check_deposit(at, movements, claims, found);
            }
            Deed::Transfer {
                from,
                to,
                amount_milli,
                hold,
                reverse_at_ms,
                ..
            } => {
                self.user(at, *from, found);
                self.user(at, *to, found);
                found.within(
                    format_args!("{at}.amount_milli"),
                    *amount_milli,
                    0,
                    AMOUNT_MILLI_MAX,
                );
                let end_ms = hold.map(|hold| hold.end_at_ms);
                for ms in end_ms.into_iter().chain(*reverse_at_ms) {
                    self.time(format_args!("{at}: what follows"), ms, found);
                }
                let ends = hold.iter().flat_map(|hold| [Some(hold.end), hold.also]);
                for end in ends.flatten() {
                    if let HoldEnd::PostPercent(percent) = end {
                        found.within(format_args!("{at}.hold: a share"), percent.into(), 0, 100);
                    }
                }
            }
            Deed::Balances { user, .. } => self.user(at, *user, found),
            Deed::RetryDeadLetters { .. } => {}
            Deed::Attribute {
                deed, ordinal, user, ..
            } => {
                self.user(at, *user, found);
                let named = self.workload.get(index(*deed));
                let is_there = matches!(named, Some(Deed::Deposit { movements, .. }) if index(*ordinal) < movements.len());
                found.require(
                    is_there,
                    format_args!("{at}.deed"),
                    "the place of a deposit with such a movement",
                );
            }
        }
    }

    fn check_deposit(
        &self,
        at: Arguments<'_>,
        movements: &[Movement],
        claims: &[ClaimPlan],
        found: &mut Findings,
    ) {
        for (place, movement) in movements.iter().enumerate() {
            self.check_movement(format_args!("{at}.movements[{place}]"), *movement, found);
        }
        for (place, claim) in claims.iter().enumerate() {
            self.user(format_args!("{at}.claims[{place}]"), claim.user, found);
            self.time(format_args!("{at}.claims[{place}].at_ms"), claim.at_ms, found);
        }
    }

    fn check_movement(&self, at: Arguments<'_>, movement: Movement, found: &mut Findings) {
        self.user(at, movement.user, found);
        let is_on_chain = movement.token != Token::Gold;
        found.require(is_on_chain, format_args!("{at}.token"), "on the chain");
        let amount = movement.amount_milli;
        found.within(format_args!("{at}.amount_milli"), amount, 1, AMOUNT_MILLI_MAX);
    }

    fn check_fault(&self, at: Arguments<'_>, one: &ScheduledFault, found: &mut Findings) {
        self.time(format_args!("{at}.from_ms"), one.from_ms, found);
        if let Some(until) = one.until_ms {
            found.within(
                format_args!("{at}.until_ms"),
                until,
                one.from_ms,
                self.duration_ms,
            );
        }
        if let Some(trigger) = one.after {
            self.check_trigger(format_args!("{at}.after"), trigger, found);
        }
        match one.fault {
            Fault::Endpoint {
                endpoint, percent, ..
            } => {
                self.endpoint(at, endpoint, found);
                found.within(format_args!("{at}.percent"), percent.into(), 1, 100);
            }
            Fault::Network { link, fault, .. } => {
                match link {
                    LinkName::Endpoint { endpoint } => self.endpoint(at, endpoint, found),
                    LinkName::AllEndpoints | LinkName::Users => {}
                }
                match fault {
                    LinkFault::Hold => {
                        found.require(one.until_ms.is_some(), at, "ended: a hold must release")
                    }
                    LinkFault::Loss { percent } | LinkFault::Duplicate { percent } => {
                        found.within(format_args!("{at}.fault.percent"), percent.into(), 1, 100);
                    }
                    LinkFault::Delay { extra } => {
                        found.require(
                            extra.is_sound(),
                            format_args!("{at}.fault.extra"),
                            "in order and at most an hour",
                        );
                    }
                    LinkFault::Partition | LinkFault::Reorder { .. } | LinkFault::HalfOpen { .. } => {}
                }
            }
            Fault::Store { percent, fault } => {
                found.within(format_args!("{at}.percent"), percent.into(), 1, 100);
                if let StoreFault::UnknownOutcome { committed_percent } = fault {
                    found.within(
                        format_args!("{at}.committed_percent"),
                        committed_percent.into(),
                        0,
                        100,
                    );
                }
            }
            Fault::Disk { fault } => faults::check_disk(at, fault, found),
            Fault::Process { fault } => faults::check_process(at, fault, one, found),
            Fault::Chain { fault } => {
                if let ChainFault::Reorg {
                    depth,
                    vanish_percent,
                } = fault
                {
                    found.within(format_args!("{at}.depth"), depth, 1, BLOCKS_MAX);
                    found.within(format_args!("{at}.vanish_percent"), vanish_percent.into(), 0, 100);
                }
            }
        }
    }

    /// Two providers that lie at once are a quorum: no verifier could tell, so no oracle may judge.
    fn check_byzantine(&self, found: &mut Findings) {
        let mut liars: Vec<(usize, &str, u64, u64)> = Vec::new();
        for (place, one) in self.faults.iter().enumerate() {
            let Fault::Endpoint { endpoint, fault, .. } = &one.fault else {
                continue;
            };
            let Some(node) = self.topology.endpoints.get(usize::from(*endpoint)) else {
                continue;
            };
            if !EndpointFault::is_byzantine(fault) {
                continue;
            }
            let (begins, until) = faults::span(one);
            let collides = |&&(_, provider, from, to): &&(usize, &str, u64, u64)| {
                provider != node.provider && begins <= to && from <= until
            };
            if let Some((other, ..)) = liars.iter().find(collides) {
                found.0.push(PlanError {
                    field: format!("faults[{place}]"),
                    expected: format!(
                        "apart from faults[{other}]: two providers that lie at once make a quorum"
                    ),
                });
            }
            liars.push((place, &node.provider, begins, until));
        }
    }

    fn time(&self, field: Arguments<'_>, ms: u64, found: &mut Findings) {
        found.within(field, ms, 0, self.duration_ms);
    }

    fn user(&self, at: Arguments<'_>, user: u32, found: &mut Findings) {
        found.require(
            user < self.topology.users,
            format_args!("{at}: user {user}"),
            "below topology.users",
        );
    }

    fn endpoint(&self, at: Arguments<'_>, endpoint: u8, found: &mut Findings) {
        let is_there = usize::from(endpoint) < self.topology.endpoints.len();
        found.require(
            is_there,
            format_args!("{at}: endpoint {endpoint}"),
            "one of topology.endpoints",
        );
    }
}

/// Everything that is wrong so far.
#[derive(Default)]
struct Findings(Vec<PlanError>);

impl Findings {
    fn require(&mut self, holds: bool, field: Arguments<'_>, expected: &str) {
        if !holds {
            self.0.push(PlanError {
                field: field.to_string(),
                expected: expected.to_owned(),
            });
        }
    }

    fn within(&mut self, field: Arguments<'_>, value: u64, low: u64, high: u64) {
        if !(low..=high).contains(&value) {
            let expected = format!("{low} to {high}, and not {value}");
            self.require(false, field, &expected);
        }
    }

    fn link(&mut self, field: Arguments<'_>, link: &super::LinkPlan) {
        self.require(
            link.latency.is_sound(),
            format_args!("{field}.latency"),
            "in order and at most an hour",
        );
        let percents = link.loss_percent <= 100 && link.duplicate_percent <= 100;
        self.require(percents, format_args!("{field}: percents"), "0 to 100");
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
