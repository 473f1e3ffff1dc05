//! How a desk finds out what its endpoints can do, and remembers it.

use super::{Desk, Purpose};
use crate::escrow::evm::Fault;
use crate::escrow::verifier::Out;
use crate::escrow::verifier::ability::{Ability, Probe};
use crate::id::Family;
use crate::machine::Deadline;
use crate::resilience::{Choice, EndpointSet, ProviderSet};
use crate::time::Instant;

impl Desk {
    pub(super) fn ability(&mut self, endpoint: u8) -> &mut Ability {
        &mut self.abilities[usize::from(endpoint)]
    }

    /// The endpoints that cannot answer a question for `purpose`, as far as is known.
    pub(super) fn unable(&self, purpose: Purpose) -> EndpointSet {
        let can = |ability: &Ability| match purpose {
            Purpose::Receipt { .. } => ability.tells_receipts(),
            Purpose::Scan { from, .. } => ability.holds_logs(from),
            Purpose::Identity
            | Purpose::Heads
            | Purpose::Attested
            | Purpose::Ability(_)
            | Purpose::Balances { .. } => true,
        };
        let unable = (0..).zip(&self.abilities).filter(|(_, ability)| !can(ability));
        unable.map(|(endpoint, _)| endpoint).collect()
    }

    /// Asks every endpoint that is due for it what it can do: first whether it tells receipts, then for the logs of the
    /// first block that is read, and if it has forgotten those, how far back they go.
    pub(super) fn probe_abilities(&mut self, now: Instant, out: &mut Out) {
        if !self.probes() {
            return;
        }
        for endpoint in self.endpoint_indices() {
            let Some(heights) = self.pool.heights(endpoint) else {
                continue;
            };
            let start = self.chain.start_block;
            let Some(probe) = self.ability(endpoint).due(now, start, heights.finalized) else {
                continue;
            };
            let purpose = Purpose::Ability(probe);
            let others = self
                .endpoint_indices()
                .filter(|other| *other != endpoint)
                .collect();
            match self
                .pool
                .choose(now, others, ProviderSet::EMPTY, self.weight(purpose))
            {
                Choice::Ask(lease) => {
                    self.ability(endpoint).on_asked();
                    self.ask(now, lease, purpose, out);
                }
                Choice::None { .. } => self.ability(endpoint).put_off(now),
            }
        }
    }

    /// When an endpoint should be asked what it can do.
    pub(super) fn abilities_due(&self) -> Option<Deadline> {
        if !self.probes() {
            return None;
        }
        let follows = |endpoint: &(u8, &Ability)| self.pool.heights(endpoint.0).is_some();
        let known = (0..).zip(&self.abilities).filter(follows);
        known
            .map(|(_, ability)| ability.next_deadline())
            .fold(None, Deadline::earlier)
    }

    /// Takes in what came of a probe: an answer, a fault, or nothing at all where the call was let go by order.
    pub(super) fn on_ability(
        &mut self,
        now: Instant,
        endpoint: u8,
        probe: Probe,
        outcome: Result<(), Option<&Fault>>,
    ) {
        let finalized = self.pool.heights(endpoint).unwrap_or_default().finalized;
        match (outcome, probe) {
            (Ok(()), Probe::Receipts) => self.ability(endpoint).on_receipts(),
            (Ok(()), Probe::Logs { at }) => self.ability(endpoint).on_logs(at),
            (Err(Some(fault @ (Fault::Unsupported | Fault::Pruned))), _) => {
                self.note_inability(now, endpoint, probe, fault);
            }
            (Err(_), _) => return self.ability(endpoint).on_no_answer(now),
        }
        self.ability(endpoint).on_probed(now, finalized);
    }

    /// Remembers what a fault says an endpoint cannot do.
    pub(super) fn note_inability(&mut self, now: Instant, endpoint: u8, asked: Probe, fault: &Fault) {
        let probes = self.probes();
        let ability = self.ability(endpoint);
        match (fault, asked) {
            (Fault::Unsupported, Probe::Receipts) => ability.on_receipts_refused(now),
            (Fault::Unsupported, Probe::Logs { .. }) => ability.on_logs_refused(now),
            (Fault::Pruned, Probe::Logs { at }) if probes => ability.on_pruned(now, at),
            // Nobody would find out when it has them again, and it would never be asked again.
            (Fault::Pruned, Probe::Logs { .. }) => {}
            // A receipt that is not there proves nothing, whatever is said of it.
            (Fault::Pruned, Probe::Receipts) => {}
            (
                Fault::Timeout
                | Fault::Connection
                | Fault::RateLimited { .. }
                | Fault::Auth
                | Fault::Server { .. }
                | Fault::NotReady
                | Fault::Malformed { .. }
                | Fault::TooLarge,
                _,
            ) => {}
        }
    }

    /// Whether anybody is asked what it can do: where blocks are read, on a chain whose blocks have logs.
    const fn probes(&self) -> bool {
        self.scans && matches!(self.chain.id.family(), Family::Evm)
    }

    pub(super) fn endpoint_indices(&self) -> core::ops::Range<u8> {
        0..u8::try_from(self.pool.endpoint_count()).unwrap_or(u8::MAX)
    }
}
