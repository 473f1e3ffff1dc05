//! [`Desk`]: one chain's questions and answers.
//!
//! It begins what is due (probes, polls, verifications), asks the endpoints that its pool chooses, replaces those
//! that fail or let their time pass, and reports what a quorum stands behind. `answer.rs` takes answers apart.

mod answer;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::round::{Round, Standing};
use super::scan::Scan;
use super::schedule::Schedule;
use super::{Ask, Finding, Out, QUORUM};
use crate::escrow::config::{ChainConfig, EscrowConfig};
use crate::escrow::deposit::Evidence;
use crate::escrow::evm::{Question, Receipt};
use crate::id::{Address, CallId, ChainId, EndpointId, TxHash};
use crate::machine::Deadline;
use crate::resilience::pool::EndpointStatus;
use crate::resilience::{Choice, EndpointSet, Lease, Pool, ProviderSet, Transition};
use crate::time::Instant;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Identity,
    Heads,
    Receipt { tx: TxHash, round: u64 },
    Scan { from: u64, to: u64, round: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    purpose: Purpose,
    lease: Lease,
    asked_at: Instant,
    deadline: Instant,
}

/// One chain's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Desk {
    chain: ChainConfig,
    /// The tokens of the chain, with their decimals, in the order in which they are asked about.
    tokens: Vec<(Address, u8)>,
    pool: Pool,
    pub(super) schedule: Schedule,
    scan: Scan,
    rounds: BTreeMap<TxHash, Round<Receipt>>,
    rounds_max: usize,
    calls: BTreeMap<CallId, Call>,
    deadlines: BTreeSet<(Instant, CallId)>,
    next_poll: Instant,
    /// Who was asked for heads since the last poll.
    heads_asked: (EndpointSet, ProviderSet),
    /// The number of the next call, and the step to the one after it.
    numbering: (u64, u64),
    next_round: u64,
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
        Self {
            chain: chain.clone(),
            tokens,
            pool,
            schedule: Schedule::new(config.fast_track.clone(), config.sweep),
            scan: Scan::new(scanned.unwrap_or_else(|| chain.start_block.saturating_sub(1))),
            rounds: BTreeMap::new(),
            rounds_max: config.rounds_max,
            calls: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            next_poll: Instant::ZERO,
            heads_asked: (EndpointSet::EMPTY, ProviderSet::EMPTY),
            numbering,
            next_round: 0,
        }
    }

    pub(super) const fn chain(&self) -> ChainId {
        self.chain.id
    }

    pub(super) fn finalized(&self) -> Option<u64> {
        self.pool.agreed_finalized(QUORUM)
    }

    pub(super) const fn scanned(&self) -> u64 {
        self.scan.cursor()
    }

    pub(super) fn endpoints(&self, now: Instant) -> Vec<EndpointStatus> {
        self.pool.status(now).collect()
    }

    /// Stops to verify `tx`. Answers about it that are still to come find no round to vote in.
    pub(super) fn unwatch(&mut self, tx: TxHash) {
        self.schedule.remove(tx);
        self.rounds.remove(&tx);
    }

    /// Does what is due: lets calls go whose time is over, probes, polls, verifies.
    pub(super) fn on_tick(&mut self, now: Instant, out: &mut Out) {
        self.expire_calls(now, out);
        self.probe(now, out);
        self.poll(now, out);
        self.verify_due(now, out);
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let call = self.deadlines.first().map(|(at, _)| Deadline {
            at: *at,
            why: "endpoint call times out",
        });
        let due = self
            .schedule
            .next_due()
            .filter(|_| self.rounds.len() < self.rounds_max);
        let due = due.map(|at| Deadline {
            at,
            why: "transaction is due for verification",
        });
        let poll = Some(Deadline {
            at: self.next_poll,
            why: "poll the heads",
        });
        [call, due, poll, self.pool.next_deadline()]
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
        while let Choice::Ask(lease) = self.pool.choose_unverified(now) {
            self.ask(now, lease, Purpose::Identity, out);
        }
    }

    fn poll(&mut self, now: Instant, out: &mut Out) {
        if now < self.next_poll {
            return;
        }
        self.next_poll = now.after(self.chain.poll);
        self.heads_asked = (EndpointSet::EMPTY, ProviderSet::EMPTY);
        for _ in 0..QUORUM {
            self.ask_heads(now, out);
        }
        self.scan_on(now, out);
    }

    /// Asks one more endpoint for its heads.
    fn ask_heads(&mut self, now: Instant, out: &mut Out) {
        let (asked, providers) = self.heads_asked;
        if let Choice::Ask(lease) = self.pool.choose(now, asked, providers) {
            self.heads_asked.0.insert(lease.endpoint);
            self.heads_asked.1.insert(self.pool.provider(lease.endpoint));
            self.ask(now, lease, Purpose::Heads, out);
        }
    }

    /// Hurries what has become final, and reads the blocks that have.
    fn on_heights(&mut self, now: Instant, out: &mut Out) {
        if let Some(finalized) = self.finalized() {
            self.schedule.on_finalized(now, finalized);
        }
        self.scan_on(now, out);
        self.verify_due(now, out);
    }

    fn scan_on(&mut self, now: Instant, out: &mut Out) {
        if let Some(finalized) = self.finalized() {
            if self.scan.under_way().is_none() {
                self.next_round += 1;
                self.scan.begin(finalized, self.next_round);
            }
            self.advance_scan(now, out);
        }
    }

    fn verify_due(&mut self, now: Instant, out: &mut Out) {
        while self.rounds.len() < self.rounds_max {
            let Some(tx) = self.schedule.take_due(now) else {
                break;
            };
            self.next_round += 1;
            let earlier = self.rounds.insert(tx, Round::new(self.next_round));
            assert!(earlier.is_none(), "{tx} is being verified twice at once");
            self.advance_receipt(now, tx, out);
        }
    }

    /// Brings the verification of `tx` as far as it goes now.
    fn advance_receipt(&mut self, now: Instant, tx: TxHash, out: &mut Out) {
        let Some(mut round) = self.rounds.remove(&tx) else {
            return;
        };
        let purpose = Purpose::Receipt {
            tx,
            round: round.number,
        };
        let finding = match round.standing() {
            Standing::Open { want } => {
                self.ask_for(now, want, &mut round, purpose, out);
                if round.is_pending() {
                    self.rounds.insert(tx, round);
                    return;
                }
                Finding::Undecided { tx }
            }
            Standing::Agreed {
                content,
                digest,
                votes,
                dissenters,
            } => {
                self.cordon_dissenters(now, &dissenters, out);
                let evidence = Evidence {
                    block: content.block,
                    digest,
                    votes,
                };
                Finding::Mined {
                    receipt: content,
                    evidence,
                }
            }
            Standing::Absent { votes } => Finding::Absent { tx, votes },
        };
        self.schedule.put_back(now, tx);
        out.findings.push((self.chain.id, finding));
    }

    /// Brings the scan as far as it goes now.
    fn advance_scan(&mut self, now: Instant, out: &mut Out) {
        let Some(range) = self.scan.under_way() else {
            return;
        };
        let purpose = Purpose::Scan {
            from: range.from,
            to: range.to,
            round: range.round.number,
        };
        match range.round.standing() {
            Standing::Open { want } => {
                let mut round = range.round.clone();
                self.ask_for(now, want, &mut round, purpose, out);
                let pending = round.is_pending();
                if let Some(range) = self.scan.under_way() {
                    range.round = round;
                }
                if !pending {
                    self.scan.give_up();
                }
            }
            Standing::Agreed {
                content: (to, logs),
                dissenters,
                ..
            } => {
                self.cordon_dissenters(now, &dissenters, out);
                self.scan.finish();
                out.findings.push((self.chain.id, Finding::Scanned { to, logs }));
                self.scan_on(now, out);
            }
            // Nodes that lack a block that others call final: the next poll asks again.
            Standing::Absent { .. } => self.scan.give_up(),
        }
    }

    /// Asks up to `want` more endpoints on behalf of `round`.
    fn ask_for<T: Clone>(
        &mut self,
        now: Instant,
        want: usize,
        round: &mut Round<T>,
        purpose: Purpose,
        out: &mut Out,
    ) {
        for _ in 0..want {
            let Choice::Ask(lease) = self.pool.choose(now, round.asked, round.providers) else {
                break;
            };
            round.on_asked(lease.endpoint, self.pool.provider(lease.endpoint));
            self.ask(now, lease, purpose, out);
        }
    }

    fn ask(&mut self, now: Instant, lease: Lease, purpose: Purpose, out: &mut Out) {
        let (number, step) = self.numbering;
        self.numbering.0 = number + step;
        let call = CallId::new(number);
        let timeout = lease.timeout;
        let deadline = now.after(timeout);
        out.asks.push(Ask {
            call,
            endpoint: EndpointId {
                chain: self.chain.id,
                index: lease.endpoint,
            },
            question: self.question(purpose),
            timeout,
        });
        self.deadlines.insert((deadline, call));
        self.calls.insert(
            call,
            Call {
                purpose,
                lease,
                asked_at: now,
                deadline,
            },
        );
    }

    fn question(&self, purpose: Purpose) -> Question {
        let contracts = |tokens: &[(Address, u8)]| tokens.iter().map(|(contract, _)| *contract).collect();
        match purpose {
            Purpose::Identity => Question::Identity {
                tokens: contracts(&self.tokens),
            },
            Purpose::Heads => Question::Heads,
            Purpose::Receipt { tx, .. } => Question::Receipt { tx },
            Purpose::Scan { from, to, .. } => Question::Scan {
                from,
                to,
                tokens: contracts(&self.tokens),
            },
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

    fn report(&self, endpoint: u8, transition: Option<Transition>, out: &mut Out) {
        if let Some(Transition { from, to }) = transition {
            out.findings
                .push((self.chain.id, Finding::Breaker { endpoint, from, to }));
        }
    }
}
