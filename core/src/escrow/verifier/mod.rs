//! [`Verifier`]: who asks which endpoint what, and when. Volatile: a restart begins it anew from the durable state.
//!
//! One desk a chain. The verifier decides nothing about money: it turns answers of single endpoints into findings
//! that two independent upstreams stand behind.

mod ability;
mod aside;
mod attested;
mod backfill;
mod desk;
mod pace;
mod round;
mod scan;
mod schedule;

use alloc::vec::Vec;
use core::time::Duration;

pub use ability::{Abilities, Service};
pub use backfill::Backfill;
pub(crate) use desk::Page;
pub(crate) use round::QUORUM;

use serde::{Deserialize, Serialize};

use self::desk::Desk;
use super::config::{ChainConfig, EscrowConfig};
use super::deposit::{Evidence, TxKey, Vote};
use super::evm::{Answer, BlockRef, Fault, Question, Receipt, ScanLog};
use super::reason::AttemptClass;
use crate::chaos::Chaos;
use crate::id::{Address, CallId, ChainId, EndpointId, TxHash};
use crate::machine::Deadline;
use crate::money::Registry;
use crate::queue::Priority;
use crate::resilience::pool::EndpointStatus;
use crate::resilience::{BreakerOrder, BreakerState, CordonReason, Hedges, Pool, PoolPolicy};
use crate::rng::Rng;
use crate::time::Instant;

/// Something that two independent upstreams stand behind, or the end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Finding {
    /// The transaction is in a block.
    Mined {
        /// Its receipt.
        receipt: Receipt,
        /// Who showed it, and how final it is.
        evidence: Evidence,
    },
    /// Two upstreams have no receipt. No proof of anything but a finalized height.
    Absent {
        /// The transaction.
        tx: TxHash,
        /// Who says so.
        votes: Vec<Vote>,
    },
    /// The attempt ended without a quorum.
    Undecided {
        /// The transaction.
        tx: TxHash,
    },
    /// The finalized blocks up to `to` hold these transfer logs.
    Scanned {
        /// The last block.
        to: BlockRef,
        /// Every transfer log of registered tokens, in order.
        logs: Vec<ScanLog>,
    },
    /// Holders have these balances at a block that two independent upstreams have finalized.
    Counted {
        /// The number of the page.
        number: u64,
        /// The block.
        block: BlockRef,
        /// The balances, in the order asked.
        balances: Vec<[u8; 32]>,
    },
    /// A page of balances cannot be had: nobody is left who has it.
    Uncounted {
        /// The number of the page.
        number: u64,
    },
    /// An endpoint contradicted a quorum about a final block, and was cordoned.
    Disagreed {
        /// Which.
        endpoint: u8,
    },
    /// An endpoint is not what the configuration says, and was cordoned.
    Cordoned {
        /// Which.
        endpoint: u8,
        /// Why.
        reason: CordonReason,
    },
    /// A breaker changed its state.
    Breaker {
        /// Whose.
        endpoint: u8,
        /// From which state.
        from: BreakerState,
        /// To which state.
        to: BreakerState,
    },
}

impl Finding {
    /// The one transaction that it is about, if it is.
    pub(crate) const fn tx(&self) -> Option<TxHash> {
        match self {
            Self::Mined { receipt, .. } => Some(receipt.tx),
            Self::Absent { tx, .. } | Self::Undecided { tx } => Some(*tx),
            Self::Scanned { .. }
            | Self::Counted { .. }
            | Self::Uncounted { .. }
            | Self::Disagreed { .. }
            | Self::Cordoned { .. }
            | Self::Breaker { .. } => None,
        }
    }

    /// Whether what follows from it may be recorded. What is said of an endpoint never is.
    pub(crate) const fn makes_records(&self) -> bool {
        match self {
            Self::Mined { .. } | Self::Absent { .. } | Self::Undecided { .. } | Self::Scanned { .. } => true,
            Self::Counted { .. }
            | Self::Uncounted { .. }
            | Self::Disagreed { .. }
            | Self::Cordoned { .. }
            | Self::Breaker { .. } => false,
        }
    }
}

/// A question to put to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) call: CallId,
    pub(crate) endpoint: EndpointId,
    pub(crate) question: Question,
    pub(crate) timeout: Duration,
}

/// What one endpoint said of one transaction; `endpoint` is `None` when nobody could be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) tx: TxKey,
    pub(crate) endpoint: Option<u8>,
    pub(crate) class: AttemptClass,
    pub(crate) height: Option<u64>,
}

/// What one step of the verifier came to. Owned and reused by the bank.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Out {
    pub(crate) heard: Vec<Heard>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) findings: Vec<(ChainId, Finding)>,
    /// What is for the workers.
    pub(crate) jobs: Vec<(TxKey, Priority)>,
}

/// The desks of all chains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verifier {
    desks: Vec<Desk>,
}

impl Verifier {
    /// Desks for the chains of a checked configuration, each with its cursor at what `scanned` says.
    pub(crate) fn new(
        config: &EscrowConfig,
        registry: &Registry,
        policy: &PoolPolicy,
        rng: &Rng,
        scanned: impl Fn(ChainId) -> Option<u64>,
    ) -> Self {
        let desk = |(index, chain): (u64, &ChainConfig)| {
            let rng = rng.fork_indexed("pool", chain.id.number());
            let quotas = chain.endpoints.iter().map(|one| one.quotas.as_slice());
            let pool = Pool::new(*policy, &providers(chain), rng).with_quotas(quotas);
            let tokens = registry.tokens_of(chain.id).collect();
            // Call numbers of different desks never meet: each counts from its index in steps of their count.
            let numbering = (index, config.chains.len() as u64);
            Desk::new(config, chain, tokens, pool, scanned(chain.id), numbering)
        };
        Self {
            desks: (0..).zip(&config.chains).map(desk).collect(),
        }
    }

    /// Whether it is a verifier of this configuration.
    pub(crate) fn is_of(&self, config: &EscrowConfig) -> bool {
        let pairs = || self.desks.iter().zip(&config.chains);
        self.desks.len() == config.chains.len() && pairs().all(|(desk, chain)| desk.is_of(chain))
    }

    /// Puts every desk under `chaos`.
    pub(crate) fn set_chaos(&mut self, chaos: &Chaos) {
        for desk in &mut self.desks {
            desk.set_chaos(chaos);
        }
    }

    /// The misfortune that each part had.
    pub(crate) fn chaos(&self) -> impl Iterator<Item = &Chaos> {
        self.desks.iter().flat_map(Desk::chaos)
    }

    /// Reads no blocks: somebody else does.
    pub(crate) fn stop_scanning(&mut self) {
        for desk in &mut self.desks {
            desk.stop_scanning();
        }
    }

    /// Looks at what comes to `wallet` on `chain`, where that takes naming it.
    pub(crate) fn own(&mut self, chain: ChainId, wallet: Address) {
        if let Some(desk) = self.desk_mut(chain) {
            desk.own(wallet);
        }
    }

    /// Starts to verify `tx`. Does nothing if it is being verified, or the chain is not configured any more.
    pub(crate) fn watch(&mut self, now: Instant, tx: TxKey) {
        if let Some(desk) = self.desk_mut(tx.chain) {
            desk.watch(now, tx.tx);
        }
    }

    /// Looks once at `tx`, which is not verified otherwise: what comes of it is a finding like any other. Does nothing if
    /// it is being looked at.
    pub(crate) fn look(&mut self, now: Instant, tx: TxKey, out: &mut Out) {
        if let Some(desk) = self.desk_mut(tx.chain) {
            desk.look(now, tx.tx, out);
        }
    }

    /// Asks for a page of balances on `chain`: what comes of it is a finding. Does nothing if the chain is not configured.
    pub(crate) fn tally(&mut self, now: Instant, chain: ChainId, page: Page, out: &mut Out) {
        if let Some(desk) = self.desk_mut(chain) {
            desk.tally(now, page, out);
        }
    }

    /// How many holders one page of balances on `chain` may have.
    pub(crate) fn holders_max(&self, chain: ChainId) -> usize {
        self.desk(chain).map_or(1, Desk::holders_max)
    }

    /// A worker has verified `tx`, and could tell or not.
    pub(crate) fn on_reported(&mut self, tx: TxKey, is_decided: bool) {
        if let Some(desk) = self.desk_mut(tx.chain) {
            desk.schedule.on_reported(tx.tx, is_decided);
        }
    }

    /// Stops: `tx` is terminal.
    pub(crate) fn unwatch(&mut self, tx: TxKey) {
        if let Some(desk) = self.desk_mut(tx.chain) {
            desk.unwatch(tx.tx);
        }
    }

    /// Notes the height at which `tx` was seen, or that it no longer is. Something may be due at once after it.
    pub(crate) fn set_height(&mut self, now: Instant, tx: TxKey, height: Option<u64>) {
        if let Some(desk) = self.desk_mut(tx.chain) {
            desk.set_height(now, tx.tx, height);
        }
    }

    /// Takes the outcome of a call. Late and unknown ones do nothing.
    pub(crate) fn on_answer(
        &mut self,
        now: Instant,
        call: CallId,
        outcome: Result<Answer, Fault>,
        out: &mut Out,
    ) {
        let count = self.desks.len() as u64;
        let index = call
            .number()
            .checked_rem(count)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(desk) = index.and_then(|index| self.desks.get_mut(index)) {
            desk.on_answer(now, call, outcome, out);
        }
    }

    /// Does what is due.
    pub(crate) fn on_tick(&mut self, now: Instant, out: &mut Out) {
        for desk in &mut self.desks {
            desk.on_tick(now, out);
        }
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Deadline> {
        self.desks
            .iter()
            .map(Desk::next_deadline)
            .fold(None, Deadline::earlier)
    }

    /// Asks nobody about `chain` until [`Verifier::resume`], and forgets what is under way there.
    pub(crate) fn pause(&mut self, now: Instant, chain: ChainId, out: &mut Out) {
        if let Some(desk) = self.desk_mut(chain) {
            desk.pause(now, out);
        }
    }

    /// Works on `chain` again.
    pub(crate) fn resume(&mut self, now: Instant, chain: ChainId) {
        if let Some(desk) = self.desk_mut(chain) {
            desk.resume(now);
        }
    }

    /// Stops asking `endpoint`, and goes on without what it owes.
    pub(crate) fn pause_endpoint(&mut self, now: Instant, endpoint: EndpointId, out: &mut Out) {
        if let Some(desk) = self.desk_mut(endpoint.chain) {
            desk.pause_endpoint(now, endpoint.index, out);
        }
    }

    /// Lets `endpoint` be asked again.
    pub(crate) fn resume_endpoint(&mut self, endpoint: EndpointId) {
        if let Some(desk) = self.desk_mut(endpoint.chain) {
            desk.resume_endpoint(endpoint.index);
        }
    }

    /// Makes the breaker of `endpoint` obey.
    pub(crate) fn order(&mut self, now: Instant, endpoint: EndpointId, order: BreakerOrder, out: &mut Out) {
        if let Some(desk) = self.desk_mut(endpoint.chain) {
            desk.order(now, endpoint.index, order, out);
        }
    }

    /// The state of the breaker of `endpoint` as of the last input.
    ///
    /// # Panics
    /// When there is no such endpoint.
    pub(crate) fn breaker(&self, endpoint: EndpointId) -> BreakerState {
        match self.desk(endpoint.chain) {
            Some(desk) => desk.breaker(endpoint.index),
            None => unreachable!("there is no {endpoint}"),
        }
    }

    /// How many transactions are verified again and again, but for those of paused chains.
    pub(crate) fn waiting(&self) -> usize {
        self.desks.iter().map(Desk::waiting).sum()
    }

    /// Makes everything due at once that is verified.
    pub(crate) fn sweep(&mut self, now: Instant) {
        for desk in &mut self.desks {
            desk.schedule.all_due(now);
        }
    }

    /// Makes `tx` due at once, to be verified here and by no worker, if it is verified at all.
    pub(crate) fn force(&mut self, now: Instant, tx: TxKey) {
        if let Some(desk) = self.desk_mut(tx.chain) {
            desk.force(now, tx.tx);
        }
    }

    /// How often `tx` was verified since the start of the process.
    pub(crate) fn attempts(&self, tx: TxKey) -> u32 {
        self.desk(tx.chain)
            .map_or(0, |desk| desk.schedule.attempts(tx.tx))
    }

    /// For how long `tx` has been verified by `now`, since the start of the process or since it was taken up again.
    pub(crate) fn tried_for(&self, now: Instant, tx: TxKey) -> Duration {
        self.desk(tx.chain)
            .map_or(Duration::ZERO, |desk| desk.schedule.tried_for(now, tx.tx))
    }

    /// The height that two independent upstreams of `chain` have finalized.
    pub(crate) fn finalized(&self, chain: ChainId) -> Option<u64> {
        self.desk(chain)?.finalized()
    }

    /// The last block scanned on `chain`, durable or not.
    pub(crate) fn scanned(&self, chain: ChainId) -> Option<u64> {
        self.desk(chain).map(Desk::scanned)
    }

    /// How far the scanner is behind the finalized blocks of `chain`, while it is far behind.
    pub(crate) fn backfill(&self, chain: ChainId, now: Instant) -> Option<Backfill> {
        self.desk(chain)?.backfill(now)
    }

    /// What hedges came to, on all chains.
    pub(crate) fn hedges(&self) -> Hedges {
        self.desks
            .iter()
            .map(Desk::hedges)
            .fold(Hedges::default(), Hedges::plus)
    }

    /// The endpoints of `chain`, in order, with what each can do, and what hedges that were put to it came to.
    pub(crate) fn endpoints(&self, chain: ChainId, now: Instant) -> Vec<(EndpointStatus, Abilities, Hedges)> {
        self.desk(chain).map_or_else(Vec::new, |desk| desk.endpoints(now))
    }

    fn desk(&self, chain: ChainId) -> Option<&Desk> {
        self.desks.iter().find(|desk| desk.chain() == chain)
    }

    fn desk_mut(&mut self, chain: ChainId) -> Option<&mut Desk> {
        self.desks.iter_mut().find(|desk| desk.chain() == chain)
    }
}

/// The number of each endpoint's provider: the index of the first endpoint that it runs.
fn providers(chain: &ChainConfig) -> Vec<u8> {
    let first = |name: &str| {
        chain
            .endpoints
            .iter()
            .position(|one| one.provider == name)
            .unwrap_or(0)
    };
    chain
        .endpoints
        .iter()
        .map(|one| u8::try_from(first(&one.provider)).unwrap_or(u8::MAX))
        .collect()
}

#[cfg(test)]
mod tests;
