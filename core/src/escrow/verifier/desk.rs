//! [`Desk`]: one chain's questions and answers.
//!
//! It begins what is due (probes, polls, verifications), asks the endpoints that its pool chooses, replaces those
//! that fail or let their time pass, and reports what a quorum stands behind. `asking.rs` chooses whom to ask,
//! `abilities.rs` finds out what they can do, `answer.rs` takes answers apart, `attesting.rs` sees to what stands in for finality, `hedge.rs` asks somebody else, too, `orders.rs`
//! obeys operators, `reading.rs` brings verifications and scans as far as the answers go, `tally.rs` pages of balances.

mod abilities;
mod answer;
mod asking;
mod attesting;
mod hedge;
mod orders;
mod reading;
mod tally;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use hedge::Hedging;
pub(crate) use tally::Page;
use tally::Tally;

use super::ability::{Abilities, Ability, Probe};
use super::aside::Aside;
use super::attested::Attested;
use super::backfill::{Backfill, Catching};
use super::pace::{PACE_MIN, pace};
use super::round::Round;
use super::scan::Scan;
use super::schedule::Schedule;
use super::{Finding, Out, QUORUM};
use crate::buggify_knob;
use crate::chaos::Chaos;
use crate::escrow::config::{ChainConfig, EscrowConfig};
use crate::escrow::evm::Receipt;
use crate::id::{Address, CallId, ChainId, Family, TxHash};
use crate::machine::Deadline;
use crate::resilience::pool::EndpointStatus;
use crate::resilience::{Choice, EndpointSet, Hedges, Lease, Pool, ProviderSet, Transition};
use crate::time::Instant;

/// How many blocks behind what is agreed to be final an endpoint may be before others are asked first (9 s of a chain
/// with a block each 0.45 s).
const LAG_BLOCKS_MAX: u64 = 20;
/// While so many questions about heads are under way, only the usual poll asks for more.
const HEADS_UNDER_WAY_MAX: usize = 8;

/// How many transactions are verified at once by bad luck.
const FEW_ROUNDS: usize = 2;
/// How many blocks are read at once by bad luck.
const SHORT_SCAN_BLOCKS: u64 = 16;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    Identity,
    Heads,
    Receipt {
        tx: TxHash,
        round: u64,
    },
    Scan {
        from: u64,
        to: u64,
        /// How many token accounts are asked about; none but on Solana.
        accounts: usize,
        round: u64,
    },
    Ability(Probe),
    Balances {
        block: u64,
        holders: usize,
        round: u64,
    },
    Attested,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    purpose: Purpose,
    lease: Lease,
    asked_at: Instant,
    deadline: Instant,
    /// When somebody else is asked the same, too.
    hedge_at: Option<Instant>,
    /// The slow call that this one hedges, until that has an answer.
    #[serde(skip)]
    stands_in_for: Aside<Option<CallId>>,
}

/// One chain's desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Desk {
    chain: ChainConfig,
    /// The tokens of the chain, with their decimals, in the order in which they are asked about.
    tokens: Vec<(Address, u8)>,
    pool: Pool,
    /// What each endpoint can do.
    abilities: Vec<Ability>,
    pub(super) schedule: Schedule,
    scan: Scan,
    catching: Catching,
    /// What endpoints say is attested, while finality stalls.
    attested: Attested,
    /// The highest block that was ever agreed to be final: two said so, and it stays so, whatever becomes of them.
    agreed: Option<u64>,
    /// The wallets whose token accounts are looked at in laps; none but on Solana. Never fewer.
    wallets: Vec<Address>,
    /// Those accounts, in the order of laps, as far as laps have come: each takes a search for a point that is on no curve.
    /// Follows from the wallets.
    #[serde(skip)]
    accounts: Aside<Vec<Address>>,
    rounds: BTreeMap<TxHash, Round<Receipt>>,
    rounds_max: usize,
    /// Rounds that wait for an endpoint with room for one more call, oldest first.
    stalled: BTreeSet<(u64, TxHash)>,
    /// Whether blocks are read at all.
    scans: bool,
    /// Whether the scan waits for the same.
    is_scan_stalled: bool,
    /// The page of balances that is asked for.
    tally: Option<Tally>,
    /// Whether it waits for an endpoint with room.
    is_tally_stalled: bool,
    /// Verified endpoints that are far behind what is agreed to be final: asked only when nobody else is left.
    laggards: EndpointSet,
    calls: BTreeMap<CallId, Call>,
    deadlines: BTreeSet<(Instant, CallId)>,
    /// When which call is hedged.
    hedges: BTreeSet<(Instant, CallId)>,
    /// When answers about receipts and about ranges are hedged, if they are.
    hedging: Hedging,
    /// What the hedges that were put to each endpoint came to.
    #[serde(skip)]
    hedged: Aside<BTreeMap<u8, Hedges>>,
    next_poll: Instant,
    /// When the next endpoint in turn is asked for its heads.
    next_turn: Instant,
    /// Who was asked for heads since the last poll.
    heads_asked: (EndpointSet, ProviderSet),
    /// Who is asked for its heads next, whoever else is.
    next_in_turn: u8,
    /// The number of the next call, and the step to the one after it.
    numbering: (u64, u64),
    next_round: u64,
    /// Whether nobody is asked anything, by order.
    is_paused: bool,
    /// A recording is one of production, which has none.
    #[serde(skip)]
    chaos: Chaos,
}

impl Desk {
    pub(super) fn new(
        config: &EscrowConfig,
        chain: &ChainConfig,
        tokens: Vec<(Address, u8)>,
        pool: Pool,
        scanned: Option<u64>,
        numbering: (u64, u64),
    ) -> Self {
        let (endpoints, hedging) = (pool.endpoint_count(), pool.hedging());
        Self {
            chain: chain.clone(),
            tokens,
            abilities: vec![Ability::default(); endpoints],
            pool,
            schedule: Schedule::new(config.fast_track.clone(), config.sweep, config.takeover()),
            scan: Scan::new(
                chain.id.family(),
                scanned.unwrap_or_else(|| chain.start_block.saturating_sub(1)),
            ),
            wallets: match chain.id.family() {
                Family::Evm => Vec::new(),
                Family::Solana => chain.collect.clone(),
            },
            accounts: Aside::default(),
            catching: Catching::default(),
            attested: Attested::new(endpoints),
            agreed: None,
            rounds: BTreeMap::new(),
            rounds_max: config.rounds_max,
            stalled: BTreeSet::new(),
            scans: true,
            is_scan_stalled: false,
            tally: None,
            is_tally_stalled: false,
            laggards: EndpointSet::EMPTY,
            calls: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            hedges: BTreeSet::new(),
            hedging: Hedging::new(hedging),
            hedged: Aside::default(),
            next_poll: Instant::ZERO,
            next_turn: Instant::ZERO,
            heads_asked: (EndpointSet::EMPTY, ProviderSet::EMPTY),
            next_in_turn: 0,
            numbering,
            next_round: 0,
            is_paused: false,
            chaos: Chaos::off(),
        }
    }

    /// Looks at what comes to `wallet`, too, from the next lap on: what was paid to it before it was known is in no block that
    /// is read later, and a claim finds that.
    pub(super) fn own(&mut self, wallet: Address) {
        match self.chain.id.family() {
            Family::Evm => {}
            Family::Solana => self.wallets.push(wallet),
        }
    }

    /// Reads no blocks.
    pub(super) const fn stop_scanning(&mut self) {
        self.scans = false;
    }

    /// Puts the desk, its scanner and its pool under `chaos`.
    pub(super) fn set_chaos(&mut self, chaos: &Chaos) {
        self.pool.set_chaos(chaos.for_part());
        self.chaos = chaos.for_part();
        self.rounds_max = buggify_knob!(self.chaos, "desk/few_rounds", self.rounds_max, FEW_ROUNDS);
        if buggify_knob!(self.chaos, "scan/short", false, true) {
            self.scan.shorten(SHORT_SCAN_BLOCKS);
        }
    }

    /// The misfortune that the desk and its pool had.
    pub(super) fn chaos(&self) -> impl Iterator<Item = &Chaos> {
        [&self.chaos, self.pool.chaos()].into_iter()
    }

    pub(super) const fn chain(&self) -> ChainId {
        self.chain.id
    }

    pub(super) fn is_of(&self, chain: &ChainConfig) -> bool {
        self.chain == *chain
    }

    /// What is agreed to be final. Never goes back.
    pub(super) fn finalized(&self) -> Option<u64> {
        self.pool.agreed_finalized(QUORUM).max(self.agreed)
    }

    pub(super) fn backfill(&self, now: Instant) -> Option<Backfill> {
        let finalized = self.finalized()?;
        self.catching.status(now, self.scan.cursor(), finalized)
    }

    pub(super) const fn scanned(&self) -> u64 {
        self.scan.cursor()
    }

    pub(super) fn endpoints(&self, now: Instant) -> Vec<(EndpointStatus, Abilities, Hedges)> {
        let all = self.pool.status(now).zip(&self.abilities);
        all.map(|(status, ability)| (status, ability.abilities(), self.hedges_of(status.endpoint)))
            .collect()
    }

    /// Starts to verify `tx`, if it is not being verified. A look that is under way ends without a finding: the schedule
    /// begins rounds of its own.
    pub(super) fn watch(&mut self, now: Instant, tx: TxHash) {
        if !self.schedule.knows(tx) {
            self.unwatch(tx);
            self.schedule.add(now, tx);
        }
    }

    /// Stops to verify `tx`. Answers about it that are still to come find no round to vote in.
    pub(super) fn unwatch(&mut self, tx: TxHash) {
        self.schedule.remove(tx);
        if let Some(round) = self.rounds.remove(&tx) {
            self.stalled.remove(&(round.number, tx));
        }
    }

    /// Notes the height at which `tx` was seen, or that it no longer is.
    pub(super) fn set_height(&mut self, now: Instant, tx: TxHash, height: Option<u64>) {
        self.schedule.set_height(now, tx, height);
        if height.is_some() {
            self.next_poll = self.next_poll.min(now.after(PACE_MIN));
        }
        // Others may have finalized the block before those who showed it.
        if let Some(agreed) = self.finalized() {
            self.schedule.on_finalized(now, agreed);
        }
    }

    /// Does what is due: lets calls go whose time is over, probes, polls, verifies.
    pub(super) fn on_tick(&mut self, now: Instant, out: &mut Out) {
        if self.is_paused {
            return self.rest(now, out);
        }
        let has_room = self.pool.has_room(now);
        self.report_due(now, out);
        self.expire_calls(now, out);
        self.hedge_calls(now, out);
        self.probe(now, out);
        self.probe_abilities(now, out);
        if has_room {
            self.on_room(now, out);
        }
        self.poll(now, out);
        self.verify_due(now, out);
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        if self.is_paused {
            return self.pool.next_deadline();
        }
        let call = self.deadlines.first().map(|(at, _)| Deadline {
            at: *at,
            why: "endpoint call times out",
        });
        let due = self.schedule.next_due().filter(|_| self.may_begin_round());
        let due = due.map(|at| Deadline {
            at,
            why: "transaction is due for verification",
        });
        let hedge = self.hedges.first().map(|(at, _)| Deadline {
            at: *at,
            why: "endpoint call is hedged",
        });
        let poll = Some(Deadline {
            at: self.next_poll,
            why: "poll the heads",
        });
        [
            call,
            hedge,
            due,
            poll,
            self.pool.next_deadline(),
            self.abilities_due(),
        ]
        .into_iter()
        .fold(None, Deadline::earlier)
    }

    fn expire_calls(&mut self, now: Instant, out: &mut Out) {
        while let Some((at, call)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(at, call));
            self.on_answer(now, call, Err(crate::escrow::Fault::Timeout), out);
        }
    }

    /// Asks unverified endpoints who they are.
    fn probe(&mut self, now: Instant, out: &mut Out) {
        let weight = self.weight(Purpose::Identity);
        while let Choice::Ask(lease) = self.pool.choose_unverified(now, weight) {
            self.ask(now, lease, Purpose::Identity, out);
        }
    }

    /// Asks a quorum for their heads: more often while something that was seen waits for finality. Each usual poll asks
    /// one more endpoint in turn: who is far behind must be known before it is asked about money.
    fn poll(&mut self, now: Instant, out: &mut Out) {
        if now < self.next_poll {
            return;
        }
        let usual = self.chain.poll;
        let is_usual = now >= self.next_turn;
        if is_usual {
            self.next_turn = now.after(usual);
        }
        let awaited = self.schedule.awaits_finality();
        let wait = awaited.map_or(usual, |since| pace(now.since(since), usual));
        self.next_poll = now.after(wait).min(self.next_turn);
        let is_head = |call: &&Call| call.purpose == Purpose::Heads;
        if is_usual || self.calls.values().filter(is_head).count() < HEADS_UNDER_WAY_MAX {
            self.heads_asked = (EndpointSet::EMPTY, ProviderSet::EMPTY);
            for _ in 0..QUORUM {
                self.ask_heads(now, out);
            }
        }
        if is_usual {
            self.ask_next_in_turn(now, out);
            self.ask_attested(now, out);
        }
        self.on_room(now, out);
        self.scan_on(now, out);
    }

    /// Takes in how far an endpoint is. When that moves what is agreed to be final: hurries what has become so, and
    /// reads the blocks that have.
    fn on_height(&mut self, now: Instant, endpoint: u8, latest: u64, finalized: u64, out: &mut Out) {
        let before = self.finalized();
        let has_moved = self.pool.on_height(endpoint, latest, finalized);
        let agreed = if has_moved { self.finalized() } else { before };
        self.agreed = agreed;
        self.note_lag(endpoint, finalized);
        if let Some(agreed) = agreed.filter(|_| agreed != before) {
            self.on_more_final(now, agreed, out);
        }
    }

    /// Notes whether an endpoint that has finalized `finalized`, or said that more is attested, is far behind what is agreed.
    fn note_lag(&mut self, endpoint: u8, finalized: u64) {
        let reach = self.attested.height(endpoint).max(Some(finalized));
        let reach = reach.unwrap_or_default().saturating_add(LAG_BLOCKS_MAX);
        if self.agreed.is_some_and(|agreed| reach < agreed) {
            self.laggards.insert(endpoint);
        } else {
            self.laggards.remove(endpoint);
        }
    }

    /// More is agreed to be final: hurries what has become so, and reads the blocks that have.
    fn on_more_final(&mut self, now: Instant, agreed: u64, out: &mut Out) {
        self.schedule.on_finalized(now, agreed);
        self.scan_on(now, out);
        self.verify_due(now, out);
    }

    /// An endpoint has room for another call, because one has ended or its quota allows it: goes on with what waits for that, the scan first.
    fn on_room(&mut self, now: Instant, out: &mut Out) {
        if core::mem::take(&mut self.is_scan_stalled) {
            self.advance_scan(now, out);
        }
        while let Some((number, tx)) = self.stalled.pop_first() {
            self.advance_receipt(now, tx, out);
            if self.stalled.contains(&(number, tx)) {
                return;
            }
        }
        if core::mem::take(&mut self.is_tally_stalled) {
            self.advance_tally(now, out);
        }
    }

    fn cordon_dissenters(&mut self, now: Instant, dissenters: &[u8], out: &mut Out) {
        for endpoint in dissenters.iter().copied() {
            self.pool
                .cordon(now, endpoint, crate::resilience::CordonReason::Disagreed, None);
            out.findings
                .push((self.chain.id, Finding::Disagreed { endpoint }));
        }
    }

    /// Tells of the breakers that changed by time alone.
    fn report_due(&mut self, now: Instant, out: &mut Out) {
        for (endpoint, transition) in self.pool.breakers_due(now) {
            self.report(endpoint, Some(transition), out);
        }
    }

    fn report(&self, endpoint: u8, transition: Option<Transition>, out: &mut Out) {
        if let Some(Transition { from, to }) = transition {
            out.findings
                .push((self.chain.id, Finding::Breaker { endpoint, from, to }));
        }
    }
}

#[cfg(test)]
mod tests;
