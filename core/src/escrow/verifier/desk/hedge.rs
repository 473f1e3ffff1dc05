//! Hedging: when an answer about money is slow, another provider is asked the same before the time of the first is over.
//!
//! Both may answer: a round counts one voice of each provider, so nobody is heard twice, and what comes after it is decided
//! tells only how long it took. Receipts and ranges are two classes: each is as slow as it is on all endpoints together, and
//! each has its budget. A hedge is extra: it goes to nobody whose breaker is not closed, who rests, is far behind or has no room
//! left in its quotas, to nobody at all in panic mode or while other questions wait for room, and it is not hedged in turn.
//! Who was asked so, and whose answer came first, is counted for those who look; nothing is decided by it.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Desk, Purpose};
use crate::escrow::verifier::Out;
use crate::escrow::verifier::aside::Aside;
use crate::escrow::verifier::round::Round;
use crate::id::CallId;
use crate::resilience::{Hedge, HedgePolicy, Hedges, Withdrawal};
use crate::time::Instant;

/// The classes of answers that are hedged; none when the policy hedges none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hedging {
    receipts: Option<Hedge>,
    scans: Option<Hedge>,
}

impl Hedging {
    pub(super) fn new(policy: HedgePolicy) -> Self {
        Self {
            receipts: Hedge::new(policy),
            scans: Hedge::new(policy),
        }
    }

    /// A call was answered after `took`.
    pub(super) fn on_answer(&mut self, purpose: Purpose, took: Duration) {
        if let Some(hedge) = self.of_mut(purpose) {
            hedge.on_answer(took);
        }
    }

    /// A call was given up after `took`.
    pub(super) fn on_timeout(&mut self, purpose: Purpose, took: Duration) {
        if let Some(hedge) = self.of_mut(purpose) {
            hedge.on_timeout(took);
        }
    }

    /// A call is hedged.
    fn pay(&mut self, purpose: Purpose) {
        let paid = self.of_mut(purpose).map(Hedge::withdraw);
        assert_eq!(paid, Some(Withdrawal::Granted), "a hedge was not paid for");
    }

    const fn of(&self, purpose: Purpose) -> Option<&Hedge> {
        match purpose {
            Purpose::Receipt { .. } => self.receipts.as_ref(),
            Purpose::Scan { .. } => self.scans.as_ref(),
            Purpose::Identity
            | Purpose::Heads
            | Purpose::Attested
            | Purpose::Ability(_)
            | Purpose::Balances { .. } => None,
        }
    }

    const fn of_mut(&mut self, purpose: Purpose) -> Option<&mut Hedge> {
        match purpose {
            Purpose::Receipt { .. } => self.receipts.as_mut(),
            Purpose::Scan { .. } => self.scans.as_mut(),
            Purpose::Identity
            | Purpose::Heads
            | Purpose::Attested
            | Purpose::Ability(_)
            | Purpose::Balances { .. } => None,
        }
    }
}

impl Desk {
    /// When a call that is made now and given up at `deadline` is hedged, if it is.
    pub(super) fn hedge_at(&self, now: Instant, purpose: Purpose, deadline: Instant) -> Option<Instant> {
        let pause = self.hedging.of(purpose)?.after();
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
                self.hedge(now, id, purpose, out);
            }
        }
    }

    /// A call was put to `endpoint` in place of the slow one.
    pub(super) fn count_hedge(&mut self, endpoint: u8, call: CallId, slow: CallId) {
        if let Some(call) = self.calls.get_mut(&call) {
            call.stands_in_for = Aside(Some(slow));
            self.hedged.0.entry(endpoint).or_default().sent += 1;
        }
    }

    /// `endpoint` answered a call that stood in for the slow one, which has no answer.
    pub(super) fn count_won(&mut self, endpoint: u8) {
        self.hedged.0.entry(endpoint).or_default().won += 1;
    }

    /// A slow call was answered after all: what stands in for it comes second.
    pub(super) fn outrun(&mut self, slow: CallId) {
        let its = |call: &&mut super::Call| call.stands_in_for.0 == Some(slow);
        for call in self.calls.values_mut().filter(its) {
            call.stands_in_for = Aside(None);
        }
    }

    /// What the hedges that were put to `endpoint` came to.
    pub(super) fn hedges_of(&self, endpoint: u8) -> Hedges {
        self.hedged.0.get(&endpoint).copied().unwrap_or_default()
    }

    /// What all hedges came to.
    pub(in crate::escrow::verifier) fn hedges(&self) -> Hedges {
        self.hedged
            .0
            .values()
            .copied()
            .fold(Hedges::default(), Hedges::plus)
    }

    fn hedge(&mut self, now: Instant, slow: CallId, purpose: Purpose, out: &mut Out) {
        match purpose {
            Purpose::Receipt { tx, round: number } => {
                let is_open = |round: &&mut Round<_>| round.number == number;
                if let Some(mut round) = self
                    .rounds
                    .get_mut(&tx)
                    .filter(is_open)
                    .map(|round| round.clone())
                {
                    self.ask_one_more(now, slow, &mut round, purpose, out);
                    self.rounds.insert(tx, round);
                }
            }
            Purpose::Scan { round: number, .. } => {
                let open = self.scan.under_way().filter(|range| range.round.number == number);
                if let Some(mut round) = open.map(|range| range.round.clone()) {
                    self.ask_one_more(now, slow, &mut round, purpose, out);
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
        slow: CallId,
        round: &mut Round<T>,
        purpose: Purpose,
        out: &mut Out,
    ) {
        let can_pay = self.hedging.of(purpose).is_some_and(Hedge::can_pay);
        if can_pay && self.ask_beside(now, slow, round, purpose, out) {
            self.hedging.pay(purpose);
        }
    }
}

#[cfg(test)]
mod tests;
