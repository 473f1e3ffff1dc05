//! What a desk does by an operator's order.

use alloc::vec::Vec;

use super::{Call, Desk};
use crate::escrow::verifier::Out;
use crate::id::{CallId, TxHash};
use crate::resilience::{BreakerOrder, BreakerState, EndpointSet, ProviderSet};
use crate::time::Instant;

impl Desk {
    /// Asks nobody anything until [`Desk::resume`]. What is under way is forgotten: answers that still come decide nothing.
    pub(in crate::escrow::verifier) fn pause(&mut self, now: Instant, out: &mut Out) {
        self.report_due(now, out);
        self.is_paused = true;
        for (_, call) in core::mem::take(&mut self.calls) {
            self.pool.cancel(now, call.lease);
        }
        self.deadlines.clear();
        self.hedges.clear();
        self.abilities
            .iter_mut()
            .for_each(|ability| ability.on_no_answer(now));
        self.stalled.clear();
        for (tx, _) in core::mem::take(&mut self.rounds) {
            self.schedule.put_back(now, tx, true);
        }
        self.scan.abandon();
        self.is_scan_stalled = false;
        self.drop_tally(out);
        self.heads_asked = (EndpointSet::EMPTY, ProviderSet::EMPTY);
    }

    /// Goes on. While it was paused nobody tried: the patience with everything begins anew.
    pub(in crate::escrow::verifier) fn resume(&mut self, now: Instant) {
        self.is_paused = false;
        self.schedule.restart(now);
        self.next_poll = now;
    }

    /// Lets due changes happen that nobody is asked for.
    pub(super) fn rest(&mut self, now: Instant, out: &mut Out) {
        self.report_due(now, out);
        let _changed = self.pool.on_tick(now);
    }

    /// Stops asking an endpoint, and goes on without the answers that it owes.
    pub(in crate::escrow::verifier) fn pause_endpoint(&mut self, now: Instant, endpoint: u8, out: &mut Out) {
        self.report_due(now, out);
        self.pool.pause(endpoint);
        let is_its = |(id, call): (&CallId, &Call)| (call.lease.endpoint == endpoint).then_some(*id);
        let owed: Vec<CallId> = self.calls.iter().filter_map(is_its).collect();
        for id in owed {
            // Whoever is asked instead may have been let go by then.
            let Some(call) = self.calls.remove(&id) else {
                continue;
            };
            self.deadlines.remove(&(call.deadline, id));
            self.unhedge(id, call.hedge_at);
            self.pool.cancel(now, call.lease);
            self.on_no_answer(now, endpoint, call.purpose, None, out);
        }
    }

    /// Lets an endpoint be asked again, beginning with who it is.
    pub(in crate::escrow::verifier) fn resume_endpoint(&mut self, endpoint: u8) {
        self.pool.resume(endpoint);
    }

    /// Makes a breaker obey, and tells if that changed it.
    pub(in crate::escrow::verifier) fn order(
        &mut self,
        now: Instant,
        endpoint: u8,
        order: BreakerOrder,
        out: &mut Out,
    ) {
        self.report_due(now, out);
        let transition = match order {
            BreakerOrder::ForceOpen => self.pool.force_open(endpoint),
            BreakerOrder::Disable => self.pool.disable(endpoint),
            BreakerOrder::Reset => self.pool.reset(endpoint),
        };
        self.report(endpoint, transition, out);
    }

    /// The state of a breaker as of the last input.
    pub(in crate::escrow::verifier) fn breaker(&self, endpoint: u8) -> BreakerState {
        self.pool.breaker(endpoint)
    }

    /// How many transactions are verified again and again; none where nobody is asked.
    pub(in crate::escrow::verifier) fn waiting(&self) -> usize {
        if self.is_paused { 0 } else { self.schedule.len() }
    }

    /// Makes `tx` due, to be verified here.
    pub(in crate::escrow::verifier) fn force(&mut self, now: Instant, tx: TxHash) {
        self.schedule.force(now, tx);
    }
}

#[cfg(test)]
mod tests;
