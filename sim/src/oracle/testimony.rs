//! Testimony: what the bank believes of the chain was said to it, in this life of its process, by those whom it names.
//!
//! Each vote in an evidence was cast: its endpoint showed the transaction in that block, and called final what the vote
//! says. A block is taken for gone when two independent upstreams showed the transaction elsewhere, or had no receipt for
//! it although they had finalized that height; that they are behind proves nothing (traps E13, E15). A range is read when
//! two independent upstreams had finalized it and agree on its last block.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{Act, Command, Event, Input, Record};
use plimsoll_core::escrow::{
    Answer, BlockRef, EscrowRecord, Evidence, FinalityRule, Question, Report, Sighting, TxKey,
};
use plimsoll_core::id::{CallId, ChainId, EndpointId, Family, TxHash};
use plimsoll_core::machine::Intent;
use plimsoll_core::time::Instant;

use super::broken;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Plan;

const NAME: &str = "testimony";

/// The oracle.
#[derive(Debug)]
pub struct Testimony {
    /// Who runs each endpoint.
    providers: Vec<String>,
    /// Whom each call asked what.
    calls: BTreeMap<CallId, (EndpointId, Asked)>,
    /// What was said of each transaction.
    of_transactions: BTreeMap<TxKey, Said>,
    /// What was said of each to workers, which outlive the bank's process.
    to_workers: BTreeMap<TxKey, Vec<Statement>>,
    /// Whether nobody hears what workers are told, as in a recording, so that their reports count as heard.
    believes_workers: bool,
    /// Which blocks each endpoint said were attested.
    attested: BTreeMap<EndpointId, Vec<BlockRef>>,
    /// The same, said to workers.
    attested_to_workers: BTreeMap<EndpointId, Vec<BlockRef>>,
    /// What was said of ranges, by their last block.
    of_ranges: BTreeMap<(ChainId, BlockRef), Vec<Reading>>,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Receipt(TxHash),
    Scan,
    Attested,
}

/// What was said of a transaction.
#[derive(Debug, Clone, Default)]
struct Said {
    /// Before it was last seen.
    earlier: Vec<Statement>,
    /// Since then, or at all.
    since: Vec<Statement>,
}

/// What an endpoint said of a transaction.
#[derive(Debug, Clone, Copy)]
struct Statement {
    endpoint: u8,
    finalized: BlockRef,
    /// The block of its receipt, if it had one.
    block: Option<BlockRef>,
}

/// What an endpoint said of a range.
#[derive(Debug, Clone)]
struct Reading {
    endpoint: u8,
    finalized: BlockRef,
    found: BTreeSet<TxHash>,
}

impl Testimony {
    /// The oracle for a run of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let endpoints = plan.topology.endpoints.iter();
        Self {
            believes_workers: false,
            ..Self::of_providers(endpoints.map(|one| one.provider.clone()).collect())
        }
    }

    /// The oracle for recorded lives that are seen from their beginning. `providers` run the endpoints, in order. What
    /// endpoints told workers is not recorded: their reports are taken at their word.
    #[must_use]
    pub const fn of_providers(providers: Vec<String>) -> Self {
        Self {
            believes_workers: true,
            providers,
            calls: BTreeMap::new(),
            of_transactions: BTreeMap::new(),
            to_workers: BTreeMap::new(),
            attested: BTreeMap::new(),
            attested_to_workers: BTreeMap::new(),
            of_ranges: BTreeMap::new(),
        }
    }

    /// Takes in an answer to a question that was asked.
    fn hear(&mut self, input: &Input) {
        let Event::Answered {
            call,
            outcome: Ok(answer),
        } = &input.event
        else {
            return;
        };
        let Some((EndpointId { chain, index }, asked)) = self.calls.get(call).copied() else {
            return;
        };
        match (asked, answer) {
            (Asked::Receipt(tx), Answer::Receipt { finalized, receipt }) => {
                let statement = Statement {
                    endpoint: index,
                    finalized: *finalized,
                    block: receipt.as_ref().map(|receipt| receipt.block),
                };
                let tx = TxKey { chain, tx };
                self.of_transactions.entry(tx).or_default().since.push(statement);
            }
            (
                Asked::Scan,
                Answer::Scan {
                    finalized,
                    last: Some(last),
                    logs,
                },
            ) => {
                let reading = Reading {
                    endpoint: index,
                    finalized: *finalized,
                    found: logs.iter().map(|log| log.tx).collect(),
                };
                self.of_ranges.entry((chain, *last)).or_default().push(reading);
            }
            (Asked::Attested, Answer::Attested { block }) => {
                self.attested
                    .entry(EndpointId { chain, index })
                    .or_default()
                    .push(*block);
            }
            (
                Asked::Receipt(_) | Asked::Scan | Asked::Attested,
                Answer::Identity { .. }
                | Answer::Heads { .. }
                | Answer::Attested { .. }
                | Answer::Receipt { .. }
                | Answer::Scan { .. }
                | Answer::Balances { .. },
            ) => {}
        }
    }

    /// Takes in what a worker says that it was told, where nobody else can say it.
    fn believe(&mut self, report: &Report) {
        let (votes, block) = match &report.sighting {
            Sighting::Mined { evidence, .. } => (&evidence.votes, Some(evidence.block)),
            Sighting::Absent { votes, .. } => (votes, None),
            Sighting::Undecided { .. } => return,
        };
        for vote in votes.iter().filter(|vote| vote.rule == FinalityRule::Attested) {
            let (chain, index) = (report.chain, vote.endpoint);
            let said = self.attested_to_workers.entry(EndpointId { chain, index });
            said.or_default().push(vote.finalized);
        }
        let said = votes.iter().map(|vote| Statement {
            endpoint: vote.endpoint,
            finalized: vote.finalized,
            block,
        });
        self.to_workers.entry(report.job()).or_default().extend(said);
    }

    fn note_question(&mut self, act: &Act) {
        let Act::Ask {
            call,
            endpoint,
            question,
            ..
        } = act
        else {
            return;
        };
        let asked = match question {
            Question::Receipt { tx } => Asked::Receipt(*tx),
            Question::Scan { .. } => Asked::Scan,
            Question::Attested => Asked::Attested,
            Question::Identity { .. } | Question::Heads | Question::Balances { .. } => return,
        };
        self.calls.insert(*call, (*endpoint, asked));
    }

    fn judge(&mut self, record: &Record) -> Result<(), Violation> {
        let Record::Escrow(record) = record else {
            return Ok(());
        };
        match record {
            EscrowRecord::Seen { tx, evidence, .. } => {
                self.judge_evidence(*tx, evidence)?;
                // What was said before says nothing about whether it is gone since.
                let said = self.of_transactions.entry(*tx).or_default();
                said.earlier = core::mem::take(&mut said.since);
                Ok(())
            }
            EscrowRecord::Final { tx, evidence, .. } | EscrowRecord::Rejected { tx, evidence, .. } => {
                self.judge_evidence(*tx, evidence)?;
                self.of_transactions.remove(tx);
                self.to_workers.remove(tx);
                Ok(())
            }
            EscrowRecord::Reorged { tx, was, .. } => self.judge_loss(*tx, *was),
            EscrowRecord::Scanned { chain, to, found, .. } => self.judge_scan(*chain, *to, found),
            EscrowRecord::DeadLettered { tx, .. } => {
                self.of_transactions.remove(tx);
                Ok(())
            }
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::DeadLetterResolved { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::DeadLetterReopened { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::DeadLetterReplayed { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => Ok(()),
        }
    }

    fn judge_evidence(&self, tx: TxKey, evidence: &Evidence) -> Result<(), Violation> {
        let said = self.of_transactions.get(&tx).cloned().unwrap_or_default();
        for vote in &evidence.votes {
            let by_rule = |statement: &Statement| match vote.rule {
                FinalityRule::Finalized => statement.finalized == vote.finalized,
                FinalityRule::Attested => {
                    self.has_attested(tx.chain, vote.endpoint, |block| block == vote.finalized)
                }
            };
            let is_this = |statement: &Statement| {
                statement.endpoint == vote.endpoint
                    && by_rule(statement)
                    && statement.block == Some(evidence.block)
            };
            let to_workers = self.to_workers.get(&tx).into_iter().flatten();
            if !said
                .earlier
                .iter()
                .chain(&said.since)
                .chain(to_workers)
                .any(is_this)
            {
                let detail = format!(
                    "{} rests on {vote:?} for {:?}: said was {said:?}",
                    tx.tx, evidence.block
                );
                return Err(broken(NAME, "vote_never_cast", detail));
            }
        }
        Ok(())
    }

    fn judge_loss(&self, tx: TxKey, was: BlockRef) -> Result<(), Violation> {
        let said = self.of_transactions.get(&tx);
        let said = said.map_or(&[][..], |said| said.since.as_slice());
        let proves = |statement: &&Statement| match statement.block {
            Some(block) => block != was,
            None => {
                statement.finalized.number >= was.number
                    || self.has_attested(tx.chain, statement.endpoint, |block| block.number >= was.number)
            }
        };
        let to_workers = self.to_workers.get(&tx).into_iter().flatten();
        let by = said.iter().chain(to_workers).filter(proves);
        let by = by.map(|statement| statement.endpoint);
        if self.are_independent(by) {
            return Ok(());
        }
        let detail = format!("{} is taken for gone from {was:?}: said was {said:?}", tx.tx);
        Err(broken(NAME, "gone_without_proof", detail))
    }

    fn judge_scan(&mut self, chain: ChainId, to: BlockRef, found: &[TxHash]) -> Result<(), Violation> {
        let said = self.of_ranges.get(&(chain, to)).map_or(&[][..], Vec::as_slice);
        let shows = |reading: &&Reading| {
            let is_final = reading.finalized.number >= to.number
                || self.has_attested(chain, reading.endpoint, |block| block.number >= to.number);
            is_final && found.iter().all(|tx| reading.found.contains(tx))
        };
        let by = said.iter().filter(shows).map(|reading| reading.endpoint);
        let is_backed = match chain.family() {
            Family::Evm => self.are_independent(by),
            // Read in parts, which others may have shown.
            Family::Solana => {
                let by = said
                    .iter()
                    .filter(|reading| reading.finalized.number >= to.number);
                self.are_independent(by.map(|reading| reading.endpoint))
                    && found.iter().all(|tx| {
                        let by = said.iter().filter(|reading| reading.found.contains(tx));
                        self.are_independent(by.map(|reading| reading.endpoint))
                    })
            }
        };
        if !is_backed {
            let detail = format!("blocks up to {to:?} count as read with {found:?}: said was {said:?}");
            return Err(broken(NAME, "read_without_proof", detail));
        }
        self.of_ranges
            .retain(|(of, last), _| *of != chain || last.number > to.number);
        Ok(())
    }

    /// Whether an endpoint said of such a block that it is attested.
    fn has_attested(&self, chain: ChainId, index: u8, is_such: impl Fn(BlockRef) -> bool) -> bool {
        let endpoint = EndpointId { chain, index };
        let mut said = [&self.attested, &self.attested_to_workers]
            .into_iter()
            .filter_map(|of| of.get(&endpoint))
            .flatten();
        said.any(|block| is_such(*block))
    }

    /// Whether two of these endpoints are run by different providers.
    fn are_independent(&self, endpoints: impl Iterator<Item = u8>) -> bool {
        let provider = |endpoint: u8| self.providers.get(usize::from(endpoint));
        let providers: BTreeSet<_> = endpoints.filter_map(provider).collect();
        providers.len() >= 2
    }
}

impl Oracle for Testimony {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Handled { input, effects, .. } => {
                self.hear(input);
                if let Event::Command {
                    command: Command::Report(report),
                    ..
                } = &input.event
                    && self.believes_workers
                {
                    self.believe(report);
                }
                for effect in *effects {
                    match effect {
                        Intent::Record(record) => self.judge(record)?,
                        Intent::Act(act) => self.note_question(act),
                    }
                }
                if let Event::Answered { call, .. } = &input.event {
                    self.calls.remove(call);
                }
            }
            Observation::Told {
                endpoint: EndpointId { chain, index },
                tx: Some(tx),
                answer: Answer::Receipt { finalized, receipt },
            } => {
                let statement = Statement {
                    endpoint: *index,
                    finalized: *finalized,
                    block: receipt.as_ref().map(|receipt| receipt.block),
                };
                let tx = TxKey {
                    chain: *chain,
                    tx: *tx,
                };
                self.to_workers.entry(tx).or_default().push(statement);
            }
            Observation::Told {
                endpoint,
                answer: Answer::Attested { block },
                ..
            } => self
                .attested_to_workers
                .entry(*endpoint)
                .or_default()
                .push(*block),
            // A process that begins anew asks anew.
            Observation::Crashed { .. } => {
                self.calls.clear();
                self.of_transactions.clear();
                self.of_ranges.clear();
                self.attested.clear();
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_)
            | Observation::Chain(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
