//! How a desk takes an answer: first what it says of the endpoint, then what it says of the chain.
//!
//! An answer of the wrong kind, about something else, or that contradicts itself is a fault of the endpoint. An
//! answer to a round that is over still tells how healthy the endpoint is, and nothing more.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Desk, Purpose};
use crate::escrow::TxKey;
use crate::escrow::deposit::Vote;
use crate::escrow::evm::{Answer, BlockRef, Fault, Receipt, ScanLog};
use crate::escrow::letter::class_of;
use crate::escrow::reason::AttemptClass;
use crate::escrow::verifier::ability::Probe;
use crate::escrow::verifier::{Finding, Heard, Out};
use crate::id::{BlockHash, CallId, TxHash};
use crate::resilience::{CordonReason, ErrorClass, Lease};
use crate::time::Instant;

/// An answer that fits its question.
enum Fitting {
    Identity(Result<(), CordonReason>),
    Heads {
        latest: BlockRef,
        finalized: BlockRef,
    },
    Receipt {
        finalized: BlockRef,
        receipt: Option<Receipt>,
    },
    Scan {
        finalized: BlockRef,
        last: Option<BlockRef>,
        logs: Vec<ScanLog>,
    },
    Ability(Probe),
    Balances {
        finalized: BlockRef,
        content: Option<(BlockRef, Vec<[u8; 32]>)>,
    },
    Attested(BlockRef),
}

impl Desk {
    /// Takes the outcome of a call. Late and unknown ones do nothing.
    pub(in crate::escrow::verifier) fn on_answer(
        &mut self,
        now: Instant,
        call: CallId,
        outcome: Result<Answer, Fault>,
        out: &mut Out,
    ) {
        let Some(super::Call {
            purpose,
            lease,
            asked_at,
            deadline,
            hedge_at,
            stands_in_for,
        }) = self.calls.remove(&call)
        else {
            return;
        };
        self.deadlines.remove(&(deadline, call));
        self.unhedge(call, hedge_at);
        self.report_due(now, out);
        let (endpoint, took) = (lease.endpoint, now.since(asked_at));
        match outcome.and_then(|answer| self.fitting(purpose, answer)) {
            Ok(answer) => {
                let transition = self.pool.on_answer(now, lease, took);
                self.hedging.on_answer(purpose, took);
                if stands_in_for.0.is_some() {
                    self.count_won(endpoint);
                } else if hedge_at.is_some_and(|at| at <= now) {
                    self.outrun(call);
                }
                self.report(endpoint, transition, out);
                self.on_fitting(now, endpoint, purpose, answer, out);
            }
            Err(fault) => {
                if fault == Fault::Timeout {
                    self.hedging.on_timeout(purpose, took);
                }
                self.on_fault(now, lease, took, &fault, out);
                self.on_no_answer(now, endpoint, purpose, Some(&fault), out);
            }
        }
        self.on_room(now, out);
    }

    /// Checks that an answer is one to the question asked, and does not contradict itself.
    fn fitting(&self, purpose: Purpose, answer: Answer) -> Result<Fitting, Fault> {
        match (purpose, answer) {
            (
                Purpose::Identity,
                Answer::Identity {
                    chain_id,
                    genesis,
                    decimals,
                },
            ) => Ok(Fitting::Identity(self.identify(chain_id, genesis, &decimals))),
            (Purpose::Heads, Answer::Heads { latest, finalized }) => fit_heads(latest, finalized),
            (Purpose::Receipt { tx, .. }, Answer::Receipt { finalized, receipt }) => {
                fit_receipt(tx, finalized, receipt)
            }
            (
                Purpose::Scan { from, to, .. },
                Answer::Scan {
                    finalized,
                    last,
                    logs,
                },
            ) => fit_scan((from, to), finalized, last, logs),
            (Purpose::Attested, Answer::Attested { block }) => Ok(Fitting::Attested(block)),
            (Purpose::Ability(probe @ Probe::Receipts), Answer::Receipt { .. })
            | (Purpose::Ability(probe @ Probe::Logs { .. }), Answer::Scan { last: Some(_), .. }) => {
                Ok(Fitting::Ability(probe))
            }
            // It has not got the block yet, or is another node than the one that said so: that tells nothing.
            (Purpose::Ability(Probe::Logs { .. }), Answer::Scan { last: None, .. }) => Err(Fault::NotReady),
            (
                Purpose::Balances { block, holders, .. },
                Answer::Balances {
                    finalized,
                    at,
                    balances,
                },
            ) => fit_balances((block, holders), finalized, at, balances),
            (
                Purpose::Identity
                | Purpose::Heads
                | Purpose::Attested
                | Purpose::Receipt { .. }
                | Purpose::Scan { .. }
                | Purpose::Ability(_)
                | Purpose::Balances { .. },
                Answer::Identity { .. }
                | Answer::Heads { .. }
                | Answer::Attested { .. }
                | Answer::Receipt { .. }
                | Answer::Scan { .. }
                | Answer::Balances { .. },
            ) => malformed("answer to another question"),
        }
    }

    fn identify(
        &self,
        chain_id: u64,
        genesis: BlockHash,
        decimals: &[Option<u8>],
    ) -> Result<(), CordonReason> {
        let tokens = self.tokens.iter().map(|(_, decimals)| *decimals);
        crate::escrow::address::judge_identity(&self.chain, tokens, chain_id, genesis, decimals)
    }

    fn on_fitting(&mut self, now: Instant, endpoint: u8, purpose: Purpose, answer: Fitting, out: &mut Out) {
        match answer {
            Fitting::Identity(verdict) => self.on_identity(now, endpoint, verdict, out),
            Fitting::Heads { latest, finalized } => {
                self.on_height(now, endpoint, latest.number, finalized.number, out);
            }
            Fitting::Receipt { finalized, receipt } => {
                let height = receipt.as_ref().map_or(0, |receipt| receipt.block.number);
                self.on_height(now, endpoint, height.max(finalized.number), finalized.number, out);
                if let Purpose::Receipt { tx, round } = purpose {
                    self.ability(endpoint).on_receipts();
                    let (class, at) = match &receipt {
                        Some(receipt) => (AttemptClass::Shown, receipt.block.number),
                        None => (AttemptClass::Absent, finalized.number),
                    };
                    self.hear(tx, Some(endpoint), class, Some(at), out);
                    let vote = self.attested.vote(endpoint, finalized);
                    self.on_receipt(now, (tx, round), vote, receipt, out);
                }
            }
            Fitting::Scan {
                finalized,
                last,
                logs,
            } => {
                if let Purpose::Scan { from, round, .. } = purpose {
                    if last.is_some() {
                        self.ability(endpoint).on_logs(from);
                    }
                    self.on_scan(
                        now,
                        round,
                        self.attested.vote(endpoint, finalized),
                        last.map(|last| (last, logs)),
                        out,
                    );
                }
            }
            Fitting::Attested(block) => self.on_attested(now, endpoint, block, out),
            Fitting::Ability(probe) => self.on_ability(now, endpoint, probe, Ok(())),
            Fitting::Balances { finalized, content } => {
                if let Purpose::Balances { round, .. } = purpose {
                    let vote = self.attested.vote(endpoint, finalized);
                    self.on_balances(now, round, vote, content, out);
                }
            }
        }
    }

    fn on_identity(&mut self, now: Instant, endpoint: u8, verdict: Result<(), CordonReason>, out: &mut Out) {
        match verdict {
            Ok(()) => {
                self.pool.mark_verified(endpoint);
                self.attested.forget(endpoint);
                // The first endpoints to prove themselves are put to work without waiting for the next poll.
                self.ask_heads(now, out);
            }
            Err(reason) => {
                self.pool.cordon(now, endpoint, reason, None);
                out.findings
                    .push((self.chain.id, Finding::Cordoned { endpoint, reason }));
            }
        }
    }

    fn on_receipt(
        &mut self,
        now: Instant,
        (tx, number): (TxHash, u64),
        vote: Vote,
        receipt: Option<Receipt>,
        out: &mut Out,
    ) {
        let Some(round) = self.rounds.get_mut(&tx).filter(|round| round.number == number) else {
            return;
        };
        let provider = self.pool.provider(vote.endpoint);
        match receipt {
            Some(receipt) => round.on_shown(vote, provider, receipt.block.number, receipt),
            None => round.on_absent(vote, provider),
        }
        self.advance_receipt(now, tx, out);
    }

    fn on_scan(
        &mut self,
        now: Instant,
        number: u64,
        vote: Vote,
        content: Option<(BlockRef, Vec<ScanLog>)>,
        out: &mut Out,
    ) {
        let provider = self.pool.provider(vote.endpoint);
        let Some(range) = self.scan.under_way().filter(|range| range.round.number == number) else {
            return;
        };
        match content {
            // A node that has not finalized the range itself does not vote on it.
            Some(content) if vote.finalized.number >= range.to => {
                range.round.on_shown(vote, provider, range.to, content);
            }
            Some(_) | None => range.round.on_absent(vote, provider),
        }
        self.advance_scan(now, out);
    }

    /// Notes what came of asking about `tx`.
    pub(super) fn hear(
        &self,
        tx: TxHash,
        endpoint: Option<u8>,
        class: AttemptClass,
        height: Option<u64>,
        out: &mut Out,
    ) {
        let tx = TxKey {
            chain: self.chain.id,
            tx,
        };
        out.heard.push(Heard {
            tx,
            endpoint,
            class,
            height,
        });
    }

    /// What a fault says of the endpoint.
    fn on_fault(&mut self, now: Instant, lease: Lease, took: Duration, fault: &Fault, out: &mut Out) {
        let endpoint = lease.endpoint;
        let transition = match blame(fault) {
            Some((class, retry_after)) => self.pool.on_failure(now, lease, class, retry_after, took),
            None => self.pool.on_answer(now, lease, took),
        };
        self.report(endpoint, transition, out);
    }

    /// Goes on without the answer: somebody else is asked. There is no fault when the call was let go by order.
    pub(super) fn on_no_answer(
        &mut self,
        now: Instant,
        endpoint: u8,
        purpose: Purpose,
        fault: Option<&Fault>,
        out: &mut Out,
    ) {
        let provider = self.pool.provider(endpoint);
        match purpose {
            Purpose::Identity | Purpose::Attested => {}
            Purpose::Ability(probe) => self.on_ability(now, endpoint, probe, Err(fault)),
            Purpose::Heads => {
                self.heads_asked.1.remove(provider);
                self.ask_heads(now, out);
            }
            Purpose::Receipt { tx, round: number } => {
                if let Some(fault) = fault {
                    self.note_inability(now, endpoint, Probe::Receipts, fault);
                    self.hear(tx, Some(endpoint), class_of(fault), None, out);
                }
                if let Some(round) = self.rounds.get_mut(&tx).filter(|round| round.number == number) {
                    round.on_failed(provider);
                    self.advance_receipt(now, tx, out);
                }
            }
            Purpose::Scan {
                from, round: number, ..
            } => {
                if let Some(fault) = fault {
                    self.note_inability(now, endpoint, Probe::Logs { at: from }, fault);
                }
                let Some(range) = self.scan.under_way().filter(|range| range.round.number == number) else {
                    return;
                };
                if fault == Some(&Fault::TooLarge) {
                    self.on_too_large(now, provider, out);
                } else {
                    range.round.on_failed(provider);
                    self.advance_scan(now, out);
                }
            }
            Purpose::Balances { round, .. } => self.on_no_balances(now, round, provider, out),
        }
    }
}

const fn malformed<T>(what: &'static str) -> Result<T, Fault> {
    Err(Fault::Malformed { what })
}

fn fit_heads(latest: BlockRef, finalized: BlockRef) -> Result<Fitting, Fault> {
    if finalized.number > latest.number {
        return malformed("finalized head above the latest");
    }
    Ok(Fitting::Heads { latest, finalized })
}

fn fit_receipt(tx: TxHash, finalized: BlockRef, receipt: Option<Receipt>) -> Result<Fitting, Fault> {
    match &receipt {
        Some(receipt) if receipt.tx != tx => malformed("receipt of another transaction"),
        Some(receipt) if contradicts(finalized, receipt.block) => {
            malformed("receipt contradicts the finalized head")
        }
        Some(_) | None => Ok(Fitting::Receipt { finalized, receipt }),
    }
}

fn fit_scan(
    (from, to): (u64, u64),
    finalized: BlockRef,
    last: Option<BlockRef>,
    logs: Vec<ScanLog>,
) -> Result<Fitting, Fault> {
    if let Some(last) = last {
        let inside = logs.iter().all(|log| (from..=to).contains(&log.block));
        if last.number != to || !inside || contradicts(finalized, last) {
            return malformed("logs or header outside the range asked for");
        }
    }
    Ok(Fitting::Scan {
        finalized,
        last,
        logs,
    })
}

fn fit_balances(
    (block, holders): (u64, usize),
    finalized: BlockRef,
    at: Option<BlockRef>,
    balances: Vec<[u8; 32]>,
) -> Result<Fitting, Fault> {
    if let Some(at) = at
        && (at.number != block || balances.len() != holders || contradicts(finalized, at))
    {
        return malformed("balances of others, or at another block");
    }
    Ok(Fitting::Balances {
        finalized,
        content: at.map(|at| (at, balances)),
    })
}

/// Whether `block` is at the finalized height and is another block: the node contradicts itself (trap E16).
fn contradicts(finalized: BlockRef, block: BlockRef) -> bool {
    finalized.number == block.number && finalized.hash != block.hash
}

/// How a fault counts against the endpoint; `None` when it is well and merely cannot say.
const fn blame(fault: &Fault) -> Option<(ErrorClass, Option<Duration>)> {
    match fault {
        Fault::Timeout | Fault::Connection => Some((ErrorClass::Transient, None)),
        Fault::RateLimited { retry_after } => Some((ErrorClass::RateLimited, *retry_after)),
        Fault::Auth => Some((ErrorClass::Auth, None)),
        Fault::Server { .. } | Fault::Malformed { .. } => Some((ErrorClass::Server, None)),
        Fault::NotReady | Fault::TooLarge | Fault::Unsupported | Fault::Pruned => None,
    }
}

#[cfg(test)]
mod tests;
