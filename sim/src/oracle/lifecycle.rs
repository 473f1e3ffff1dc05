//! Lawful lives: a transaction moves from stage to stage as the design allows, on evidence that is true.
//!
//! Nothing is believed on one voice or on two voices of one provider; what is seen was in that very block; what is
//! final or rejected is final on the chain, in that very block, and stays so for ever.

use std::collections::BTreeMap;

use plimsoll_core::bank::{AdminAct, Record};
use plimsoll_core::escrow::{BlockRef, EscrowRecord, Evidence, Resolution, TxKey};
use plimsoll_core::id::TxHash;
use plimsoll_core::time::Instant;

use super::broken;
use super::twin::{Follower, Twin, records_of};
use crate::model::chain::ChainEvent;
use crate::world::observe::{End, Observation, Oracle, Violation};
use crate::world::plan::Plan;

const NAME: &str = "lifecycle";

/// The oracle.
#[derive(Debug)]
pub struct Lifecycle {
    twin: Twin<Lives>,
    /// Who runs each endpoint.
    providers: Vec<String>,
    /// Whether the chain itself is seen: a recording has only what was said of it.
    sees_chain: bool,
    /// Every block in which each transaction ever was.
    blocks: BTreeMap<TxHash, Vec<BlockRef>>,
    /// The block in which each transaction became final.
    finalized: BTreeMap<TxHash, BlockRef>,
}

#[derive(Debug, Clone, Default)]
struct Lives {
    stages: BTreeMap<TxKey, Stage>,
    /// The highest block scanned, by chain number.
    scanned: BTreeMap<u64, u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Observed,
    Seen(BlockRef),
    Reorged,
    Final,
    Rejected,
    DeadLetter,
    Dismissed,
}

impl Lifecycle {
    /// The oracle for a run of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let endpoints = plan.topology.endpoints.iter();
        Self {
            sees_chain: true,
            ..Self::blind(endpoints.map(|one| one.provider.clone()).collect())
        }
    }

    /// The oracle for a recording, which shows nothing of the chain itself. `providers` run the endpoints, in order.
    #[must_use]
    pub fn blind(providers: Vec<String>) -> Self {
        Self {
            twin: Twin::default(),
            providers,
            sees_chain: false,
            blocks: BTreeMap::new(),
            finalized: BTreeMap::new(),
        }
    }

    fn on_chain(&mut self, event: &ChainEvent) {
        match event {
            ChainEvent::Mined { tx, block } => self.blocks.entry(*tx).or_default().push(*block),
            ChainEvent::Finalized { tx, block } => {
                self.finalized.insert(*tx, *block);
            }
            ChainEvent::Reorged { .. } | ChainEvent::Unmined { .. } => {}
        }
    }

    /// Whether the evidence of a record is true.
    fn check_record(&self, record: &Record) -> Result<(), Violation> {
        let Record::Escrow(record) = record else {
            return Ok(());
        };
        match record {
            EscrowRecord::Seen { tx, evidence, .. } => {
                self.check_voices(*tx, evidence)?;
                let was_there = self
                    .blocks
                    .get(&tx.tx)
                    .is_some_and(|blocks| blocks.contains(&evidence.block));
                if was_there || !self.sees_chain {
                    return Ok(());
                }
                let detail = format!(
                    "{} is seen in block {}, where it never was",
                    tx.tx,
                    shown(evidence.block)
                );
                Err(broken(NAME, "seen_where_it_never_was", detail))
            }
            EscrowRecord::Final { tx, evidence, .. } | EscrowRecord::Rejected { tx, evidence, .. } => {
                self.check_voices(*tx, evidence)?;
                self.check_final(*tx, evidence)
            }
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::Scanned { .. }
            | EscrowRecord::Reorged { .. }
            | EscrowRecord::DeadLettered { .. }
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

    fn check_voices(&self, tx: TxKey, evidence: &Evidence) -> Result<(), Violation> {
        let provider = |endpoint: u8| self.providers.get(usize::from(endpoint));
        let mut providers: Vec<_> = evidence
            .votes
            .iter()
            .map(|vote| provider(vote.endpoint))
            .collect();
        providers.sort();
        providers.dedup();
        if providers.len() >= 2 && providers.iter().all(Option::is_some) {
            return Ok(());
        }
        let detail = format!("{} was believed on the word of {:?} alone", tx.tx, evidence.votes);
        Err(broken(NAME, "one_voice", detail))
    }

    fn check_final(&self, tx: TxKey, evidence: &Evidence) -> Result<(), Violation> {
        let block = evidence.block;
        if let Some(vote) = evidence
            .votes
            .iter()
            .find(|vote| vote.finalized.number < block.number)
        {
            let detail = format!(
                "{} was settled in block {}, which endpoint {} had not finalized: it was at {}",
                tx.tx, block.number, vote.endpoint, vote.finalized.number
            );
            return Err(broken(NAME, "settled_before_finality", detail));
        }
        match self.finalized.get(&tx.tx) {
            None if !self.sees_chain => Ok(()),
            Some(truth) if *truth == block => Ok(()),
            truth => {
                let truth =
                    truth.map_or_else(|| "nowhere".to_owned(), |truth| format!("in {}", shown(*truth)));
                let detail = format!(
                    "{} was settled in {}, on the chain it is final {truth}",
                    tx.tx,
                    shown(block)
                );
                Err(broken(NAME, "settled_against_the_chain", detail))
            }
        }
    }
}

impl Oracle for Lifecycle {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, _at: Instant, seen: &Observation<'_>) -> Result<(), Violation> {
        match seen {
            Observation::Chain(event) => {
                self.on_chain(event);
                Ok(())
            }
            Observation::Handled { effects, .. } => {
                records_of(effects).try_for_each(|record| self.check_record(record))?;
                self.twin.observe(seen)
            }
            Observation::Committed { .. }
            | Observation::Released { .. }
            | Observation::ReplyDelivered { .. }
            | Observation::Crashed { .. }
            | Observation::Restarted { .. }
            | Observation::Fault { .. }
            | Observation::Told { .. }
            | Observation::Looked(_)
            | Observation::Disk(_) => self.twin.observe(seen),
        }
    }

    fn finish(&mut self, _end: &End<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

impl Follower for Lives {
    fn follow<'a>(&mut self, records: impl Iterator<Item = &'a Record>) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Escrow(record) => self.follow_escrow(record)?,
                Record::Administered {
                    act: AdminAct::Process(tx),
                    ..
                } => self.take_up(*tx),
                Record::Administered { .. }
                | Record::Ledger(_)
                | Record::AssetRegistered { .. }
                | Record::UserRegistered { .. }
                | Record::Reconciled { .. }
                | Record::AddressAssigned { .. } => {}
            }
        }
        Ok(())
    }
}

impl Lives {
    /// Automation begins with a transaction, or begins again.
    fn take_up(&mut self, tx: TxKey) {
        let stage = self.stages.entry(tx).or_insert(Stage::Observed);
        if matches!(stage, Stage::DeadLetter | Stage::Dismissed) {
            *stage = Stage::Observed;
        }
    }

    fn follow_escrow(&mut self, record: &EscrowRecord) -> Result<(), Violation> {
        match record {
            EscrowRecord::ClaimFiled { tx, .. } => {
                self.stages.entry(*tx).or_insert(Stage::Observed);
                Ok(())
            }
            EscrowRecord::Scanned { chain, to, found, .. } => {
                let before = self.scanned.insert(chain.number(), to.number);
                if let Some(before) = before.filter(|before| *before >= to.number) {
                    let detail = format!("blocks up to {before} were scanned, and then up to {}", to.number);
                    return Err(broken(NAME, "cursor_went_back", detail));
                }
                for tx in found {
                    self.take_up(TxKey {
                        chain: *chain,
                        tx: *tx,
                    });
                }
                Ok(())
            }
            EscrowRecord::Seen { tx, evidence, .. } => self.enter(*tx, Stage::Seen(evidence.block)),
            EscrowRecord::Reorged { tx, was, .. } => {
                if self.stages.get(tx) == Some(&Stage::Seen(*was)) {
                    return self.enter(*tx, Stage::Reorged);
                }
                let detail = format!("{} left block {}, in which it was not seen", tx.tx, shown(*was));
                Err(broken(NAME, "unlawful_step", detail))
            }
            EscrowRecord::Final { tx, .. } => self.enter(*tx, Stage::Final),
            EscrowRecord::Rejected { tx, .. } => self.enter(*tx, Stage::Rejected),
            EscrowRecord::DeadLettered { tx, .. } => self.enter(*tx, Stage::DeadLetter),
            EscrowRecord::DeadLetterResolved { tx, resolution, .. } => {
                if self.stages.get(tx) != Some(&Stage::DeadLetter) {
                    let detail = format!("{} was resolved and is no dead letter", tx.tx);
                    return Err(broken(NAME, "unlawful_step", detail));
                }
                let next = match resolution {
                    Resolution::Retry => Stage::Observed,
                    Resolution::Dismiss => Stage::Dismissed,
                };
                self.stages.insert(*tx, next);
                Ok(())
            }
            EscrowRecord::DeadLetterReopened { tx, .. } | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                self.revive(*tx)
            }
            EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => Ok(()),
        }
    }

    /// A dead letter is open again.
    fn revive(&mut self, tx: TxKey) -> Result<(), Violation> {
        match self.stages.insert(tx, Stage::Observed) {
            Some(Stage::DeadLetter) => Ok(()),
            from => {
                let detail = format!("{} was taken up again as a dead letter and was {from:?}", tx.tx);
                Err(broken(NAME, "unlawful_step", detail))
            }
        }
    }

    /// Moves a transaction that automation works on to its next stage.
    fn enter(&mut self, tx: TxKey, next: Stage) -> Result<(), Violation> {
        let from = self.stages.insert(tx, next);
        let is_lawful = match from {
            Some(Stage::Observed | Stage::Reorged) => next != Stage::Reorged,
            Some(Stage::Seen(_)) => !matches!(next, Stage::Seen(_)),
            Some(Stage::Final | Stage::Rejected | Stage::DeadLetter | Stage::Dismissed) | None => false,
        };
        if is_lawful {
            return Ok(());
        }
        let detail = format!("{} went from {from:?} to {next:?}", tx.tx);
        Err(broken(NAME, "unlawful_step", detail))
    }
}

fn shown(block: BlockRef) -> String {
    format!("{} ({})", block.number, block.hash)
}

#[cfg(test)]
mod tests;
