//! Quiet periods: everything that lasts is suspended, all that was open must be settled, and then it goes on.
//!
//! A run that only heals at its end shows that the bank recovers once. One that heals in the middle shows that it comes back
//! to work, and is hit again there.

use core::time::Duration;

use plimsoll_core::time::Instant;

use super::event::Happening;
use super::outcome::Verdict;
use super::{PROBE_INTERVAL, World};
use crate::model::chain::TxIndex;
use crate::model::users::CallIndex;
use crate::sometimes;

/// One fault of the plan, as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    /// Whether it does its work.
    pub(super) is_on: bool,
    /// Whether its time has come and is not over: it would do its work if nothing suspended it.
    pub(super) is_due: bool,
    /// Whether its time ever came.
    pub(super) has_begun: bool,
    /// When it ends.
    pub(super) until: Instant,
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            is_on: false,
            is_due: false,
            has_begun: false,
            until: Instant::MAX,
        }
    }
}

/// A quiet period.
#[derive(Debug)]
pub(super) struct Quiet {
    since: Instant,
    /// The calls that were open when it began and still are.
    calls: Vec<CallIndex>,
    /// The transactions that were not settled when it began and still are not.
    transactions: Vec<TxIndex>,
}

impl World<'_> {
    /// A quiet period begins, unless there is one.
    pub(super) fn on_quiet(&mut self) {
        if self.quiet.is_some() || self.is_over() {
            return;
        }
        for number in self.numbers() {
            self.heal(number);
        }
        // A process that was held down may start, whatever held it.
        let now = self.now();
        self.host.down_until = now;
        self.on_start();
        let is_open = |index: &TxIndex| self.is_unsettled(*index);
        self.quiet = Some(Quiet {
            since: now,
            calls: self.users.unanswered().collect(),
            transactions: self.chain.transactions().filter(is_open).collect(),
        });
        self.schedule.after(PROBE_INTERVAL, Happening::QuietProbe);
    }

    /// Ends a quiet period if all that was open is settled, and the run if that takes too long.
    pub(super) fn on_quiet_probe(&mut self) {
        let now = self.now();
        let Some(mut quiet) = self.quiet.take() else {
            return;
        };
        quiet.calls.retain(|call| self.users.is_unanswered(*call));
        quiet.transactions.retain(|index| self.is_unsettled(*index));
        let is_settled = quiet.calls.is_empty() && quiet.transactions.is_empty();
        if is_settled && self.bank().is_some() {
            return self.go_on();
        }
        let bound = Duration::from_millis(self.plan.converge_ms);
        if now.since(quiet.since) >= bound {
            let calls = format!("{} calls were not answered", quiet.calls.len());
            let transactions = quiet
                .transactions
                .iter()
                .filter_map(|index| self.unsettled(*index));
            let mut found: Vec<String> = transactions.collect();
            found.insert(0, format!("a quiet period did not settle: {calls}"));
            self.verdict = Some(Verdict::Liveness(found));
            return;
        }
        self.quiet = Some(quiet);
        self.schedule.after(PROBE_INTERVAL, Happening::QuietProbe);
    }

    /// Takes up again whatever lasts and is not over.
    fn go_on(&mut self) {
        let now = self.now();
        let mut is_hit_again = false;
        for number in self.numbers() {
            let trouble = self.troubles[number as usize];
            let is_event = self.plan.faults[number as usize].fault.is_event();
            if trouble.is_due && trouble.until > now && !is_event {
                is_hit_again = true;
                self.strike(number);
            }
        }
        sometimes!(
            self.reached(),
            is_hit_again,
            "a quiet period settled everything, and faults went on"
        );
    }

    /// Once the plan's time is over: whatever ever hit an endpoint outside of the core is there for ever.
    pub(super) fn leave_core(&mut self) {
        let Some(core) = &self.plan.core else { return };
        for number in self.numbers() {
            let is_outside = |endpoint: u8| !core.contains(&endpoint);
            let hits = self.plan.faults[number as usize].fault.endpoint();
            let trouble = &mut self.troubles[number as usize];
            if trouble.has_begun && hits.is_some_and(is_outside) {
                trouble.until = Instant::MAX;
                self.strike(number);
            }
        }
    }

    /// Whether the plan's time is over.
    pub(super) fn is_over(&self) -> bool {
        self.now().since(Instant::ZERO) >= Duration::from_millis(self.plan.duration_ms)
    }

    /// The number of every fault of the plan.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.troubles.len()).unwrap_or(u32::MAX)
    }
}
