//! [`Struck`]: which conditions each fault of a run met, told from what can be seen of it.
//!
//! A fault that lasts meets whatever is so while it is at work; one that happens meets what was so just before. An endpoint's
//! fault, or one on the way to it, meets its own breaker alone.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, Effect, Event, Notice, Record};
use plimsoll_core::escrow::{Beneficiary, EscrowRecord, NO_TX, Question, Resolution};
use plimsoll_core::id::{CallId, TxHash};
use plimsoll_core::machine::Intent;
use plimsoll_core::resilience::{BreakerState, PoolPolicy};
use plimsoll_core::time::Instant;

use super::observe::Observation;
use super::plan::Plan;
use crate::coverage::{CONDITIONS, Cells, Condition, Group, place};
use crate::fault::{Fault, ProcessFault};
use crate::model::chain::ChainEvent;

/// What was met, and what is so now.
pub(super) struct Struck {
    pub(super) cells: Cells,
    /// The faults that are at work: number, row, and the only endpoint that is hit.
    active: Vec<(u32, usize, Option<u8>)>,
    /// Where each transaction is, by the journal.
    deposits: BTreeMap<TxHash, Condition>,
    /// How many things are in each condition.
    counts: [u32; CONDITIONS.len()],
    /// The outbox and the process, a bit each.
    host: u64,
    endpoints: Vec<Endpoint>,
    /// The questions under way, with their lanes.
    calls: BTreeMap<CallId, (Instant, Vec<Condition>)>,
    /// When each of them is let go.
    deadlines: BTreeSet<(Instant, CallId)>,
    /// When each transaction was named to this life of the process.
    named: BTreeMap<TxHash, Instant>,
    claimed: BTreeSet<TxHash>,
    /// When this life of the process began.
    began: Instant,
    /// How long a transaction is on the fast track.
    fast_track: core::time::Duration,
    policy: PoolPolicy,
    /// Whether something changed since conditions were noted.
    is_stale: bool,
}

#[derive(Debug, Clone, Copy)]
struct Endpoint {
    breaker: Condition,
    shut_until: Instant,
}

const FRESH: Endpoint = Endpoint {
    breaker: Condition::Closed,
    shut_until: Instant::ZERO,
};

impl Struck {
    pub(super) fn new(plan: &Plan) -> Self {
        let bank = &plan.topology.bank;
        let last = bank.fast_track_ms.last().copied().unwrap_or_default();
        Self {
            cells: Cells::default(),
            active: Vec::new(),
            deposits: BTreeMap::new(),
            counts: [0; CONDITIONS.len()],
            host: Condition::Down.bit(),
            endpoints: vec![FRESH; plan.topology.endpoints.len()],
            calls: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            named: BTreeMap::new(),
            claimed: BTreeSet::new(),
            began: Instant::ZERO,
            fast_track: core::time::Duration::from_millis(last),
            policy: bank.pool.policy(),
            is_stale: false,
        }
    }

    /// A fault of the plan begins: it has done nothing so far.
    pub(super) fn begin(&mut self, now: Instant, number: u32, fault: &Fault) {
        let (row, endpoint) = (place(fault), fault.endpoint());
        self.let_go(now);
        let is_down = self.host & Condition::Down.bit() != 0;
        if !(is_down && ends_process(fault)) {
            self.note(now, row, endpoint);
        }
        if !fault.is_event() {
            self.active.push((number, row, endpoint));
        }
    }

    /// A fault of the plan ends.
    pub(super) fn end(&mut self, number: u32) {
        self.active.retain(|(active, ..)| *active != number);
    }

    /// How the outbox and the process are, a bit each.
    pub(super) fn see_host(&mut self, now: Instant, host: u64) {
        if self.host != host {
            self.host = host;
            self.is_stale = true;
            self.meet(now);
        }
    }

    /// Looks at one observation.
    pub(super) fn observe(&mut self, now: Instant, seen: &Observation<'_>) {
        match seen {
            Observation::Handled { input, effects, .. } => {
                if let Event::Answered { call, .. } = &input.event {
                    self.end_call(*call);
                }
                effects.iter().for_each(|effect| self.hear(now, effect));
                self.let_go(now);
            }
            Observation::Committed { records, .. } => records.iter().for_each(|record| self.read(record)),
            Observation::Crashed { .. } => {
                self.meet(now);
                self.forget();
                self.host = Condition::Down.bit();
            }
            Observation::Restarted { .. } => {
                self.began = now;
                self.host = Condition::Idle.bit();
                self.is_stale = true;
            }
            Observation::Chain(event) => self.follow(event),
            Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_) => {}
        }
        self.meet(now);
    }

    /// Notes what every fault at work meets, if anything changed.
    fn meet(&mut self, now: Instant) {
        if !core::mem::take(&mut self.is_stale) {
            return;
        }
        for index in 0..self.active.len() {
            let (_, row, endpoint) = self.active[index];
            self.note(now, row, endpoint);
        }
    }

    fn note(&mut self, now: Instant, row: usize, endpoint: Option<u8>) {
        let counted = self.counts.iter().enumerate();
        let present = counted.fold(self.host, |bits, (column, count)| {
            bits | u64::from(*count > 0) << column
        });
        let of = |one: &Endpoint| {
            let shut = if now < one.shut_until {
                Condition::ShutOut.bit()
            } else {
                0
            };
            one.breaker.bit() | shut
        };
        let breakers = match endpoint {
            _ if self.host & Condition::Down.bit() != 0 => 0,
            Some(endpoint) => of(&self.endpoints[usize::from(endpoint)]),
            None => self.endpoints.iter().fold(0, |bits, one| bits | of(one)),
        };
        self.cells.note(row, present | breakers);
    }

    /// What a process holds in memory dies with it.
    fn forget(&mut self) {
        self.calls.clear();
        self.deadlines.clear();
        self.named.clear();
        self.endpoints.fill(FRESH);
        for condition in CONDITIONS.iter().filter(|one| one.group() == Group::Lane) {
            self.counts[condition.place()] = 0;
        }
        self.is_stale = true;
    }

    fn hear(&mut self, now: Instant, effect: &Effect) {
        match effect {
            Intent::Act(Act::Ask {
                call,
                question,
                timeout,
                ..
            }) => {
                let until = now.after(*timeout);
                let lanes = self.lanes(now, question);
                for lane in &lanes {
                    self.counts[lane.place()] += 1;
                }
                self.calls.insert(*call, (until, lanes));
                self.deadlines.insert((until, *call));
                self.is_stale = true;
            }
            Intent::Act(Act::Notice(Notice::Breaker { endpoint, to, .. })) => {
                self.endpoints[usize::from(endpoint.index)].breaker = match to {
                    BreakerState::Closed | BreakerState::Disabled => Condition::Closed,
                    BreakerState::Open | BreakerState::ForcedOpen => Condition::Open,
                    BreakerState::HalfOpen => Condition::HalfOpen,
                };
                self.is_stale = true;
            }
            Intent::Act(Act::Notice(Notice::Disagreement { endpoint })) => {
                let until = now.after(self.policy.disagreement_cordon);
                self.endpoints[usize::from(endpoint.index)].shut_until = until;
                self.is_stale = true;
            }
            Intent::Act(Act::Notice(Notice::Cordoned { endpoint, .. })) => {
                let until = now.after(self.policy.identity_cordon);
                self.endpoints[usize::from(endpoint.index)].shut_until = until;
                self.is_stale = true;
            }
            Intent::Record(Record::Escrow(EscrowRecord::ClaimFiled { tx, .. })) => {
                self.claimed.insert(tx.tx);
                self.named.entry(tx.tx).or_insert(now);
            }
            Intent::Record(Record::Escrow(EscrowRecord::Scanned { found, .. })) => {
                for tx in found {
                    self.named.entry(*tx).or_insert(now);
                }
            }
            Intent::Record(_) | Intent::Act(Act::Notice(_) | Act::Reply { .. } | Act::Queue { .. }) => {}
        }
    }

    fn lanes(&self, now: Instant, question: &Question) -> Vec<Condition> {
        match question {
            Question::Identity { .. } => vec![Condition::Identity],
            Question::Heads | Question::Attested => vec![Condition::Heads],
            Question::Scan { .. } => vec![Condition::Scanner],
            Question::Receipt { tx } if *tx == NO_TX => vec![Condition::Identity],
            Question::Balances { .. } => Vec::new(),
            Question::Receipt { tx } => {
                let named = self.named.get(tx).copied().unwrap_or(self.began);
                let track = if now.since(named) <= self.fast_track {
                    Condition::FastTrack
                } else {
                    Condition::Sweep
                };
                let is_claimed = self.claimed.contains(tx);
                let claim = is_claimed.then_some(Condition::Claim);
                core::iter::once(track).chain(claim).collect()
            }
        }
    }

    fn end_call(&mut self, call: CallId) {
        let Some((until, lanes)) = self.calls.remove(&call) else {
            return;
        };
        self.deadlines.remove(&(until, call));
        for lane in lanes {
            self.counts[lane.place()] -= 1;
        }
        self.is_stale = true;
    }

    /// Ends the questions whose time is over.
    fn let_go(&mut self, now: Instant) {
        while let Some((_, call)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.end_call(call);
        }
    }

    fn read(&mut self, record: &Record) {
        let Record::Escrow(record) = record else { return };
        match record {
            EscrowRecord::ClaimFiled { tx, .. } => {
                self.claimed.insert(tx.tx);
                self.name(tx.tx, false);
            }
            EscrowRecord::Scanned { found, .. } => found.iter().for_each(|tx| self.name(*tx, true)),
            EscrowRecord::Seen { tx, .. } => self.enter(tx.tx, Some(Condition::Seen)),
            EscrowRecord::Reorged { tx, .. } => self.enter(tx.tx, Some(Condition::Reorged)),
            EscrowRecord::Final { tx, deposits, .. } => {
                let is_nobodys = |beneficiary| matches!(beneficiary, Beneficiary::Suspense(_));
                let is_suspended = deposits.iter().any(|one| is_nobodys(one.deposit.beneficiary));
                let condition = if is_suspended {
                    Condition::Suspended
                } else {
                    Condition::Posted
                };
                self.enter(tx.tx, Some(condition));
            }
            EscrowRecord::Rejected { tx, .. } => self.enter(tx.tx, Some(Condition::Rejected)),
            EscrowRecord::DeadLettered { tx, .. } => self.enter(tx.tx, Some(Condition::DeadLetter)),
            EscrowRecord::DeadLetterResolved { tx, resolution, .. } => match resolution {
                Resolution::Retry => self.enter(tx.tx, Some(Condition::Observed)),
                Resolution::Dismiss => self.enter(tx.tx, None),
            },
            EscrowRecord::SuspenseAttributed { deposit, .. } => {
                self.enter(deposit.tx.tx, Some(Condition::Posted));
            }
            EscrowRecord::DustCredited { deposits, .. } => {
                for deposit in deposits {
                    self.enter(deposit.tx.tx, Some(Condition::Posted));
                }
            }
            EscrowRecord::DeadLetterReopened { tx, .. } | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                self.enter(tx.tx, Some(Condition::Observed));
            }
            EscrowRecord::Refund(_)
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. } => {}
        }
    }

    /// Somebody named a transaction: work begins. The scanner's word, which is proof, revives a dead letter.
    fn name(&mut self, tx: TxHash, is_proof: bool) {
        let before = self.deposits.get(&tx);
        let is_new = before.is_none() || before == Some(&Condition::Unnamed);
        if is_new || (is_proof && before == Some(&Condition::DeadLetter)) {
            self.enter(tx, Some(Condition::Observed));
        }
    }

    fn follow(&mut self, event: &ChainEvent) {
        match event {
            ChainEvent::Mined { tx, .. } => {
                if !self.deposits.contains_key(tx) {
                    self.enter(*tx, Some(Condition::Unnamed));
                }
            }
            ChainEvent::Unmined { tx } => {
                if self.deposits.get(tx) == Some(&Condition::Unnamed) {
                    self.enter(*tx, None);
                }
            }
            ChainEvent::Reorged { .. } | ChainEvent::Finalized { .. } => {}
        }
    }

    fn enter(&mut self, tx: TxHash, condition: Option<Condition>) {
        let before = match condition {
            Some(condition) => {
                self.counts[condition.place()] += 1;
                self.deposits.insert(tx, condition)
            }
            None => self.deposits.remove(&tx),
        };
        if let Some(before) = before {
            self.counts[before.place()] -= 1;
        }
        self.is_stale = true;
    }
}

const fn ends_process(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Process {
            fault: ProcessFault::Crash { .. } | ProcessFault::Restart
        }
    )
}

#[cfg(test)]
mod tests;
