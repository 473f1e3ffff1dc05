//! Whether a plan makes sense, all faults at once: a run of nonsense proves nothing.

mod faults;
mod settling;
mod topology;

use core::fmt::Arguments;

pub(crate) use topology::QUOTA_CALLS;

use super::{ClaimPlan, Deed, Fate, HoldEnd, HoldPlan, Movement, OrderPlan, Plan, ScheduledFault, Token};
use crate::fault::{EndpointFault, Fault};

/// The longest run: ten days.
const DURATION_MS_MAX: u64 = 864_000_000;
/// The most users, deeds and faults of a run.
pub(crate) const ENTRIES_MAX: usize = 100_000;
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
            faults::check(self, format_args!("faults[{index}]"), one, &mut found);
        }
        self.check_byzantine(&mut found);
        self.check_settling(&mut found);
        if found.0.is_empty() { Ok(()) } else { Err(found.0) }
    }

    fn check_deed(&self, at: Arguments<'_>, deed: &Deed, found: &mut Findings) {
        match deed {
            Deed::Deposit {
                at_ms,
                movements,
                fate: Fate::Mined | Fate::Reverted | Fate::NeverMined,
                delay_blocks,
                claims,
            } => {
                let at = format_args!("{at}.deposit");
                self.time(format_args!("{at}.at_ms"), *at_ms, found);
                found.within(format_args!("{at}.delay_blocks"), *delay_blocks, 0, BLOCKS_MAX);
                self.check_deposit(at, movements, claims, found);
            }
            Deed::Transfer {
                at_ms,
                from,
                to,
                token: _,
                amount_milli,
                key: _,
                hold,
                reverse_at_ms,
            } => {
                let at = format_args!("{at}.transfer");
                self.time(format_args!("{at}.at_ms"), *at_ms, found);
                self.user(format_args!("{at}.from"), *from, found);
                self.user(format_args!("{at}.to"), *to, found);
                let amount = *amount_milli;
                found.within(format_args!("{at}.amount_milli"), amount, 0, AMOUNT_MILLI_MAX);
                if let Some(ms) = reverse_at_ms {
                    self.time(format_args!("{at}.reverse_at_ms"), *ms, found);
                }
                if let Some(hold) = hold {
                    self.check_hold(format_args!("{at}.hold"), *hold, found);
                }
            }
            Deed::Balances { at_ms, user } => {
                self.time(format_args!("{at}.balances.at_ms"), *at_ms, found);
                self.user(format_args!("{at}.balances.user"), *user, found);
            }
            Deed::RetryDeadLetters { at_ms, .. } => {
                self.time(format_args!("{at}.retry_dead_letters.at_ms"), *at_ms, found);
            }
            Deed::Attribute {
                at_ms,
                deed,
                ordinal,
                user,
            } => {
                let at = format_args!("{at}.attribute");
                self.time(format_args!("{at}.at_ms"), *at_ms, found);
                self.user(format_args!("{at}.user"), *user, found);
                let is_there = self.has_movement(*deed, *ordinal);
                let expected = "the place of a deposit with such a movement";
                found.require(is_there, format_args!("{at}.deed"), expected);
            }
            Deed::Order { at_ms, order } => {
                let at = format_args!("{at}.order");
                self.time(format_args!("{at}.at_ms"), *at_ms, found);
                self.check_order(format_args!("{at}.order"), *at_ms, *order, found);
            }
        }
    }

    fn has_movement(&self, deed: u32, ordinal: u32) -> bool {
        let named = self.workload.get(index(deed));
        matches!(named, Some(Deed::Deposit { movements, .. }) if index(ordinal) < movements.len())
    }

    fn check_order(&self, at: Arguments<'_>, at_ms: u64, mut order: OrderPlan, found: &mut Findings) {
        if let Some(until_ms) = order.until_ms() {
            self.time(format_args!("{at}.until_ms"), until_ms, found);
            let is_after = at_ms <= until_ms;
            found.require(
                is_after,
                format_args!("{at}.until_ms"),
                "no earlier than the order",
            );
            // What must settle in a quiet period may need what was ordered to rest.
            let may_last = order.movement().is_some() || self.quiet_at_ms.is_empty();
            let expected = "none that lasts in a plan with quiet periods";
            found.require(may_last, at, expected);
        }
        if let Some(endpoint) = order.endpoint_mut() {
            let is_there = usize::from(*endpoint) < self.topology.endpoints.len();
            found.require(
                is_there,
                format_args!("{at}.endpoint"),
                "the place of an endpoint",
            );
        }
        if let Some(deed) = order.deposit() {
            let is_deposit = matches!(self.workload.get(index(deed)), Some(Deed::Deposit { .. }));
            found.require(is_deposit, format_args!("{at}.deed"), "the place of a deposit");
        }
        if let Some((deed, ordinal)) = order.movement() {
            let is_there = self.has_movement(deed, ordinal);
            found.require(is_there, format_args!("{at}.ordinal"), "the place of a movement");
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
            self.user(format_args!("{at}.claims[{place}].user"), claim.user, found);
            self.time(format_args!("{at}.claims[{place}].at_ms"), claim.at_ms, found);
        }
    }

    fn check_movement(&self, at: Arguments<'_>, movement: Movement, found: &mut Findings) {
        self.user(format_args!("{at}.user"), movement.user, found);
        let is_on_chain = movement.token != Token::Gold;
        found.require(is_on_chain, format_args!("{at}.token"), "on the chain");
        let amount = movement.amount_milli;
        found.within(format_args!("{at}.amount_milli"), amount, 1, AMOUNT_MILLI_MAX);
    }

    fn check_hold(&self, at: Arguments<'_>, hold: HoldPlan, found: &mut Findings) {
        let HoldPlan {
            expires_after_ms,
            end_at_ms,
            end,
            also,
        } = hold;
        if let Some(ms) = expires_after_ms {
            found.within(format_args!("{at}.expires_after_ms"), ms, 1, DURATION_MS_MAX);
        }
        self.time(format_args!("{at}.end_at_ms"), end_at_ms, found);
        for (name, end) in [("end", Some(end)), ("also", also)] {
            match end {
                Some(HoldEnd::PostPercent(percent)) => {
                    found.within(format_args!("{at}.{name}.post_percent"), percent.into(), 0, 100);
                }
                Some(HoldEnd::Post | HoldEnd::PostExcess | HoldEnd::Void | HoldEnd::Abandon) | None => {}
            }
        }
    }

    /// Two providers that lie alike at once are a quorum: no verifier could tell, so no oracle may judge.
    fn check_byzantine(&self, found: &mut Findings) {
        let mut liars: Vec<(usize, &str, EndpointFault, (u64, u64))> = Vec::new();
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
            let collides =
                |&&(_, provider, other, (from, to)): &&(usize, &str, EndpointFault, (u64, u64))| {
                    provider != node.provider && begins <= to && from <= until && !fault.contradicts(&other)
                };
            if let Some((other, ..)) = liars.iter().find(collides) {
                found.0.push(PlanError {
                    field: format!("faults[{place}]"),
                    expected: format!(
                        "apart from faults[{other}]: two providers that lie alike at once make a quorum"
                    ),
                });
            }
            liars.push((place, &node.provider, *fault, (begins, until)));
        }
    }

    fn time(&self, field: Arguments<'_>, ms: u64, found: &mut Findings) {
        found.within(field, ms, 0, self.duration_ms);
    }

    fn user(&self, field: Arguments<'_>, user: u32, found: &mut Findings) {
        let users = self.topology.users;
        if user >= users {
            let expected = format!("below topology.users, which is {users}, and not {user}");
            found.require(false, field, &expected);
        }
    }

    fn endpoint(&self, at: Arguments<'_>, endpoint: u8, found: &mut Findings) {
        let count = self.topology.endpoints.len();
        if usize::from(endpoint) >= count {
            let expected = format!("the place of one of {count} endpoints, from 0, and not {endpoint}");
            found.require(false, format_args!("{at}.endpoint"), &expected);
        }
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

    /// A time that something lasts or takes.
    fn lasts(&mut self, field: Arguments<'_>, ms: u64) {
        self.within(field, ms, 0, DURATION_MS_MAX);
    }

    /// How many of a hundred are hit.
    fn percent(&mut self, at: Arguments<'_>, percent: u8) {
        self.within(format_args!("{at}.percent"), percent.into(), 1, 100);
    }

    fn link(&mut self, field: Arguments<'_>, link: &super::LinkPlan) {
        self.require(
            link.latency.is_sound(),
            format_args!("{field}.latency"),
            "in order and at most an hour",
        );
        let percents = [
            ("loss_percent", link.loss_percent),
            ("duplicate_percent", link.duplicate_percent),
        ];
        for (name, percent) in percents {
            self.within(format_args!("{field}.{name}"), percent.into(), 0, 100);
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
