//! What the chains say, decided upon: seen, final, rejected, reorged, dead letter, found by the scanner.
//!
//! A finding carries the word of two independent upstreams; everything here is about what follows from it. Nothing
//! is remembered from an earlier look but the holds: at finality the receipt is judged from scratch (trap E11).

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Bank, Effect, Notice, Ours, Record};
use crate::buggify_knob;
use crate::escrow::verifier::Finding;
use crate::escrow::{
    Assessment, BlockRef, Booked, DeadLetterReason, Deposit, DepositKey, EscrowRecord, Evidence, Letter,
    Reason, Receipt, ScanLog, Stage, TxKey, Vote, assess, concerns_us,
};
use crate::id::{ChainId, EndpointId, TransactionId, TxHash};
use crate::machine::Effects;

/// An empty scan is journalled when the durable cursor is this many blocks behind: reading them again is cheap.
const CURSOR_LAG_MAX: u64 = 64;

/// However old a transaction is, it is not given up before this process has tried for so long: a process that was
/// down, or a date that jumped, says nothing about it.
const TRIED_MIN: Duration = Duration::from_secs(60);

impl Bank {
    pub(super) fn on_finding(&mut self, chain: ChainId, finding: Finding, fx: &mut Effects<Effect>) {
        let endpoint = |index| EndpointId { chain, index };
        if let Some(tx) = finding.tx() {
            self.on_looked(TxKey { chain, tx }, &finding, fx);
        }
        match finding {
            Finding::Mined { receipt, evidence } => self.on_mined(chain, &receipt, evidence, fx),
            Finding::Absent { tx, votes } => self.on_absent(TxKey { chain, tx }, &votes, fx),
            Finding::Undecided { tx } => self.lose_patience(TxKey { chain, tx }, fx),
            Finding::Scanned { to, logs } => self.on_scanned(chain, to, &logs, fx),
            Finding::Counted {
                number,
                block,
                balances,
            } => self.on_counted(number, block, &balances),
            Finding::Uncounted { number } => self.on_uncounted(number),
            Finding::Disagreed { endpoint: index } => {
                self.notice(
                    Notice::Disagreement {
                        endpoint: endpoint(index),
                    },
                    fx,
                );
            }
            Finding::Cordoned {
                endpoint: index,
                reason,
            } => {
                self.notice(
                    Notice::Cordoned {
                        endpoint: endpoint(index),
                        reason,
                    },
                    fx,
                );
            }
            Finding::Breaker {
                endpoint: index,
                from,
                to,
            } => {
                self.notice(
                    Notice::Breaker {
                        endpoint: endpoint(index),
                        from,
                        to,
                    },
                    fx,
                );
            }
        }
    }

    fn on_mined(&mut self, chain: ChainId, receipt: &Receipt, evidence: Evidence, fx: &mut Effects<Effect>) {
        let tx = TxKey {
            chain,
            tx: receipt.tx,
        };
        if !self.is_open(tx) {
            return;
        }
        if let Some(was) = self.seen_in(tx).filter(|was| *was != evidence.block) {
            self.reorg(tx, was, fx);
        }
        // In the same block still: there is nothing new to judge before it is final.
        if !evidence.is_final() && self.seen_in(tx).is_some() {
            self.lose_patience(tx, fx);
            return;
        }
        let assessment = assess(chain, receipt, &self.config.registry, &Ours(self));
        match assessment {
            Assessment::Deposits(deposits) if evidence.is_final() => {
                self.finalize(tx, evidence, deposits, fx)
            }
            // Seen in this very block, so only a change of the configuration can have undone the verdict.
            Assessment::Nothing(_) if evidence.is_final() && self.seen_in(tx).is_some() => {
                self.dead_letter(tx, DeadLetterReason::RulesChanged, fx)
            }
            Assessment::Nothing(reason) if evidence.is_final() => self.reject(tx, reason, evidence, fx),
            Assessment::DeadLetter(reason) if evidence.is_final() => self.dead_letter(tx, reason, fx),
            Assessment::Deposits(deposits) => self.see(tx, evidence, deposits, fx),
            // Not final: the verdict may still change.
            Assessment::Nothing(_) | Assessment::DeadLetter(_) => self.lose_patience(tx, fx),
        }
    }

    /// Two upstreams have no receipt. That proves something only if the transaction was seen in a block whose height
    /// both have finalized since: then the chain went on without it.
    fn on_absent(&mut self, tx: TxKey, votes: &[Vote], fx: &mut Effects<Effect>) {
        let passed = |was: &BlockRef| votes.iter().all(|vote| vote.finalized.number >= was.number);
        if let Some(was) = self.seen_in(tx).filter(passed) {
            self.reorg(tx, was, fx);
        }
        self.lose_patience(tx, fx);
    }

    fn see(&mut self, tx: TxKey, evidence: Evidence, deposits: Vec<Deposit>, fx: &mut Effects<Effect>) {
        let sighting = self.sightings(tx);
        let hold = |deposit: Deposit| {
            let key = DepositKey {
                tx,
                ordinal: deposit.ordinal,
            };
            self.hold(key, sighting, deposit, fx)
        };
        let deposits: Vec<Booked> = deposits.into_iter().map(hold).collect();
        self.set_height(tx, Some(evidence.block.number));
        self.escrow(
            EscrowRecord::Seen {
                tx,
                evidence,
                deposits,
                at: self.wall,
            },
            fx,
        );
        self.stage_notice(tx, fx);
    }

    fn finalize(&mut self, tx: TxKey, evidence: Evidence, deposits: Vec<Deposit>, fx: &mut Effects<Effect>) {
        let mut held = self.held(tx);
        let is_deposit = |ordinal: u32| deposits.iter().any(|deposit| deposit.ordinal == ordinal);
        if !held.iter().all(|(key, _)| is_deposit(key.ordinal)) {
            return self.dead_letter(tx, DeadLetterReason::RulesChanged, fx);
        }
        if !self.can_count(&deposits) {
            return self.dead_letter(tx, DeadLetterReason::AmountOutOfRange, fx);
        }
        let credit = |deposit: Deposit| {
            let key = DepositKey {
                tx,
                ordinal: deposit.ordinal,
            };
            let same = held.iter().position(|(_, booked)| booked.deposit == deposit);
            let hold: Option<TransactionId> = same.and_then(|index| held.swap_remove(index).1.transaction);
            self.credit(key, deposit, hold, fx)
        };
        let deposits: Vec<Booked> = deposits.into_iter().map(credit).collect();
        self.void_all(tx, &held, fx);
        let named = self
            .state
            .escrow()
            .watch(tx)
            .map_or(self.wall, |watch| watch.named_at);
        let record = EscrowRecord::Final {
            tx,
            evidence: evidence.clone(),
            deposits: deposits.clone(),
            at: self.wall,
        };
        self.escrow(record, fx);
        self.look_at_dust(tx, &deposits);
        self.reconciler
            .on_posted(tx.chain, evidence.block.number, &deposits);
        self.close(tx);
        self.stage_notice(tx, fx);
        for booked in deposits {
            let deposit = DepositKey {
                tx,
                ordinal: booked.deposit.ordinal,
            };
            let took = self.wall.since(named);
            self.notice(
                Notice::Credited {
                    deposit,
                    booked,
                    evidence: Box::new(evidence.clone()),
                    took,
                },
                fx,
            );
        }
    }

    fn reject(&mut self, tx: TxKey, reason: Reason, evidence: Evidence, fx: &mut Effects<Effect>) {
        self.void_all(tx, &self.held(tx), fx);
        self.escrow(
            EscrowRecord::Rejected {
                tx,
                reason,
                evidence,
                at: self.wall,
            },
            fx,
        );
        self.close(tx);
        self.stage_notice(tx, fx);
    }

    fn reorg(&mut self, tx: TxKey, was: BlockRef, fx: &mut Effects<Effect>) {
        self.void_all(tx, &self.held(tx), fx);
        self.set_height(tx, None);
        self.escrow(
            EscrowRecord::Reorged {
                tx,
                was,
                at: self.wall,
            },
            fx,
        );
        self.stage_notice(tx, fx);
    }

    /// Gives up on `tx` if automation has had its time with it.
    fn lose_patience(&mut self, tx: TxKey, fx: &mut Effects<Effect>) {
        let Some(watch) = self
            .state
            .escrow()
            .watch(tx)
            .filter(|watch| watch.stage.is_open())
        else {
            return;
        };
        let (patience, tried) = (self.config.escrow.patience, self.verifier.tried_for(self.now, tx));
        let is_old = self.wall.since(watch.since) >= patience && tried >= patience.min(TRIED_MIN);
        if !is_old && tried < patience {
            return;
        }
        let reason = match watch.stage {
            Stage::Seen { .. } => DeadLetterReason::NotFinal,
            Stage::Reorged { .. } => DeadLetterReason::ReorgedOut,
            Stage::Observed
            | Stage::Final { .. }
            | Stage::Rejected { .. }
            | Stage::DeadLetter { .. }
            | Stage::Dismissed => DeadLetterReason::Unseen,
        };
        self.dead_letter(tx, reason, fx);
    }

    fn dead_letter(&mut self, tx: TxKey, reason: DeadLetterReason, fx: &mut Effects<Effect>) {
        self.void_all(tx, &self.held(tx), fx);
        self.escrow(
            EscrowRecord::DeadLettered {
                tx,
                reason,
                at: self.wall,
            },
            fx,
        );
        let history = self.histories.remove(&tx).unwrap_or_default();
        self.escrow(EscrowRecord::DeadLetterDetailed { tx, history }, fx);
        self.recheck_later(tx);
        self.close(tx);
        self.notice(Notice::DeadLettered { tx, reason }, fx);
        self.stage_notice(tx, fx);
    }

    fn on_scanned(&mut self, chain: ChainId, to: BlockRef, logs: &[ScanLog], fx: &mut Effects<Effect>) {
        let ours = |log: &&ScanLog| concerns_us(chain, &log.log, &self.config.registry, &Ours(self));
        let mut known = BTreeSet::new();
        let named = logs.iter().filter(ours).map(|log| log.tx);
        let mut found: Vec<TxHash> = named.filter(|tx| known.insert(*tx)).collect();
        let is_waited_for = |tx: &TxHash| {
            let tx = TxKey { chain, tx: *tx };
            let letter = self.state.escrow().dead_letter(tx);
            // One log that the rules recognise says nothing of those that they disowned: the slow sweep looks at all.
            !self.is_settled(tx) && !letter.is_some_and(Letter::is_disowned)
        };
        found.retain(is_waited_for);
        let durable = self.state.escrow().scanned(chain).map(|block| block.number);
        let lag_max = buggify_knob!(self.chaos, "bank/journal_cursor", CURSOR_LAG_MAX, 1);
        let lags = durable.is_none_or(|durable| to.number >= durable + lag_max);
        if found.is_empty() && !lags {
            return;
        }
        let named = found.clone();
        self.escrow(
            EscrowRecord::Scanned {
                chain,
                to,
                found,
                at: self.wall,
            },
            fx,
        );
        for tx in named {
            self.watch(TxKey { chain, tx });
        }
    }

    /// The holds of a seen transaction, with the key of each deposit.
    fn held(&self, tx: TxKey) -> Vec<(DepositKey, Booked)> {
        let Some(Stage::Seen { deposits, .. }) = self.state.escrow().watch(tx).map(|watch| &watch.stage)
        else {
            return Vec::new();
        };
        let keyed = |booked: &Booked| {
            (
                DepositKey {
                    tx,
                    ordinal: booked.deposit.ordinal,
                },
                *booked,
            )
        };
        deposits.iter().map(keyed).collect()
    }

    fn void_all(&mut self, tx: TxKey, held: &[(DepositKey, Booked)], fx: &mut Effects<Effect>) {
        let sighting = self.sightings(tx);
        for (key, booked) in held {
            self.void(*key, sighting, booked, fx);
        }
    }

    fn sightings(&self, tx: TxKey) -> u32 {
        self.state.escrow().watch(tx).map_or(0, |watch| watch.sightings)
    }

    pub(super) fn seen_in(&self, tx: TxKey) -> Option<BlockRef> {
        match &self.state.escrow().watch(tx)?.stage {
            Stage::Seen { evidence, .. } => Some(evidence.block),
            Stage::Observed
            | Stage::Reorged { .. }
            | Stage::Final { .. }
            | Stage::Rejected { .. }
            | Stage::DeadLetter { .. }
            | Stage::Dismissed => None,
        }
    }

    pub(super) fn is_open(&self, tx: TxKey) -> bool {
        self.state
            .escrow()
            .watch(tx)
            .is_some_and(|watch| watch.stage.is_open())
    }

    fn is_settled(&self, tx: TxKey) -> bool {
        let stage = self.state.escrow().watch(tx).map(|watch| &watch.stage);
        matches!(stage, Some(Stage::Final { .. } | Stage::Rejected { .. }))
    }

    pub(super) fn escrow(&mut self, record: EscrowRecord, fx: &mut Effects<Effect>) {
        self.record(Record::Escrow(record), fx);
    }

    fn stage_notice(&self, tx: TxKey, fx: &mut Effects<Effect>) {
        if let Some(watch) = self.state.escrow().watch(tx) {
            self.notice(
                Notice::Stage {
                    tx,
                    stage: watch.stage.name(),
                },
                fx,
            );
        }
    }
}
