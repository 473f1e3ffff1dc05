//! Hedging: when an answer about money is slow, another provider is asked the same before the time of the first is over.
//!
//! Both may answer: a round counts one voice of each provider, so nobody is heard twice. What hedges ask is paid from a
//! budget that answers fill, so that an outage is not met with twice the questions.

use super::{Desk, Purpose};
use crate::escrow::verifier::Out;
use crate::escrow::verifier::round::Round;
use crate::id::CallId;
use crate::resilience::Withdrawal;
use crate::time::Instant;

impl Desk {
    /// When a call that is made now and given up at `deadline` is hedged, if it is.
    pub(super) fn hedge_at(&self, now: Instant, purpose: Purpose, deadline: Instant) -> Option<Instant> {
        let is_about_money = match purpose {
            Purpose::Receipt { .. } | Purpose::Scan { .. } => true,
            Purpose::Identity
            | Purpose::Heads
            | Purpose::Attested
            | Purpose::Ability(_)
            | Purpose::Balances { .. } => false,
        };
        let pause = self.pool.hedge_after().filter(|_| is_about_money)?;
        Some(now.after(pause)).filter(|at| *at < deadline)
    }

    /// The call is over: nobody need be asked in its stead.
    pub(super) fn unhedge(&mut self, call: CallId, hedge_at: Option<Instant>) {
        if let Some(at) = hedge_at {
            self.hedges.remove(&(at, call));
        }
    }

    /// Asks one more endpoint for each answer that is slow, as far as the budget goes.
    pub(super) fn hedge_calls(&mut self, now: Instant, out: &mut Out) {
        while let Some((at, id)) = self.hedges.first().copied().filter(|(at, _)| *at <= now) {
            self.hedges.remove(&(at, id));
            if let Some(purpose) = self.calls.get(&id).map(|call| call.purpose) {
                self.hedge(now, purpose, out);
            }
        }
    }

    fn hedge(&mut self, now: Instant, purpose: Purpose, out: &mut Out) {
        match purpose {
            Purpose::Receipt { tx, round: number } => {
                let is_open = |round: &&mut Round<_>| round.number == number;
                if let Some(mut round) = self
                    .rounds
                    .get_mut(&tx)
                    .filter(is_open)
                    .map(|round| round.clone())
                {
                    self.ask_one_more(now, &mut round, purpose, out);
                    self.rounds.insert(tx, round);
                }
            }
            Purpose::Scan { round: number, .. } => {
                let open = self.scan.under_way().filter(|range| range.round.number == number);
                if let Some(mut round) = open.map(|range| range.round.clone()) {
                    self.ask_one_more(now, &mut round, purpose, out);
                    if let Some(range) = self.scan.under_way() {
                        range.round = round;
                    }
                }
            }
            Purpose::Identity
            | Purpose::Heads
            | Purpose::Attested
            | Purpose::Ability(_)
            | Purpose::Balances { .. } => {}
        }
    }

    fn ask_one_more<T: Clone + PartialEq>(
        &mut self,
        now: Instant,
        round: &mut Round<T>,
        purpose: Purpose,
        out: &mut Out,
    ) {
        if self.budget.withdraw() == Withdrawal::Granted {
            // Whoever is too busy for this is asked when the first answer fails, as without hedging.
            let _is_crowded = self.ask_for(now, 1, round, purpose, out);
        }
    }
}
