//! Quiet periods: everything that lasts is suspended, all that was open must be settled, and then it goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_core::id::TxHash;
use plimsoll_core::time::Instant;
use turmoil::Sim;

use crate::director::{Cue, Director, at};
use crate::run::Failure;
use crate::settle::open;

/// How often it is looked whether everything is settled.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// A quiet period.
#[derive(Debug)]
pub(crate) struct Quiet {
    since: Instant,
    /// What was asked when it began and is not answered.
    asks: BTreeSet<u64>,
    /// The transactions that were not settled when it began and still are not.
    transactions: BTreeSet<TxHash>,
}

impl Director<'_> {
    /// A quiet period begins, unless there is one or the plan's time is over.
    pub(crate) fn begin_quiet(&mut self, now: Instant, sim: &mut Sim<'_>) {
        if self.quiet.is_some() || now >= at(self.plan.duration_ms) {
            return;
        }
        // A process that was held down may start, whatever held it.
        self.down_until = now;
        for place in 0..self.troubles.len() {
            self.heal(now, place, sim);
        }
        self.start(now, sim);
        let stage = self.stage.borrow();
        let transactions = open(&self.house.disk.state(), &stage.chain, now);
        self.quiet = Some(Quiet {
            since: now,
            asks: stage.asks.clone(),
            transactions: transactions.into_keys().collect(),
        });
        drop(stage);
        self.cue(now.after(PROBE_INTERVAL), Cue::QuietProbe);
    }

    /// Ends a quiet period if all that was open is settled.
    ///
    /// # Errors
    /// When that takes too long.
    pub(crate) fn probe_quiet(&mut self, now: Instant, sim: &mut Sim<'_>) -> Result<(), Failure> {
        let Some(mut quiet) = self.quiet.take() else {
            return Ok(());
        };
        let stage = self.stage.borrow();
        quiet.asks.retain(|ask| stage.asks.contains(ask));
        if let Some(bank) = self.house.seat.panel.borrow().settled_bank() {
            let open = open(bank.state(), &stage.chain, now);
            quiet.transactions.retain(|tx| open.contains_key(tx));
        }
        drop(stage);
        if quiet.asks.is_empty() && quiet.transactions.is_empty() && self.is_up {
            self.go_on(now, sim);
            return Ok(());
        }
        if now.since(quiet.since) >= Duration::from_millis(self.plan.converge_ms) {
            let asks = quiet.asks.len();
            let mut left = vec![format!(
                "a quiet period did not settle: {asks} requests were not answered"
            )];
            left.extend(quiet.transactions.iter().map(ToString::to_string));
            return Err(Failure::Unsettled(left));
        }
        self.quiet = Some(quiet);
        self.cue(now.after(PROBE_INTERVAL), Cue::QuietProbe);
        Ok(())
    }

    /// Takes up again whatever lasts and is not over.
    fn go_on(&mut self, now: Instant, sim: &mut Sim<'_>) {
        for place in 0..self.troubles.len() {
            let trouble = self.troubles[place];
            let is_event = self.plan.faults[place].fault.is_event();
            if trouble.is_due && trouble.until > now && !is_event {
                self.strike(now, place, sim);
            }
        }
    }
}
