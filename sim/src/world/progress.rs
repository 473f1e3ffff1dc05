//! How far every transaction is, told from the durable records alone.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::{AdminAct, Record};
use plimsoll_core::escrow::{Beneficiary, Booked, DepositKey, EscrowRecord, RefundRecord, Resolution, TxKey};
use plimsoll_core::id::{RefundId, TxHash};
use plimsoll_core::time::Instant;

use super::Stats;
use crate::model::chain::{Chain, TxIndex};

/// Where a transaction is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// Nobody named it.
    #[default]
    Unnamed,
    /// It is being looked for.
    Observed,
    /// It is in a block that is not final.
    Seen,
    /// It was in a block that is gone.
    Reorged,
    /// Its deposits are posted.
    Final,
    /// There is nothing in it for us.
    Rejected,
    /// A person must look at it.
    DeadLetter,
    /// A person did, and found it worthless.
    Dismissed,
}

/// Every transaction's standing.
#[derive(Debug, Default)]
pub(super) struct Progress {
    known: Vec<Standing>,
    /// Transactions that no chain has.
    made_up: BTreeMap<TxHash, Standing>,
    /// Transactions that the scanner found in final blocks.
    found: BTreeSet<TxHash>,
    /// Transactions that ever were dead letters.
    dead: BTreeSet<TxHash>,
    /// Suspended deposits that an operator gave to somebody.
    attributed: Vec<DepositKey>,
    /// Refunds of what was in suspense, but for those that were withdrawn.
    from_suspense: BTreeMap<RefundId, DepositKey>,
}

impl Progress {
    /// Where a transaction of the chain is.
    pub(super) fn standing(&self, index: TxIndex) -> Standing {
        self.known.get(index.place()).copied().unwrap_or_default()
    }

    /// Whether the scanner found the transaction: it will not name it again.
    pub(super) fn is_found(&self, tx: &TxHash) -> bool {
        self.found.contains(tx)
    }

    /// Whether an operator gave the deposit to somebody.
    pub(super) fn is_attributed(&self, deposit: &DepositKey) -> bool {
        self.attributed.contains(deposit)
    }

    /// Whether the deposit left suspense to be sent back.
    pub(super) fn is_refunded(&self, deposit: &DepositKey) -> bool {
        self.from_suspense.values().any(|one| one == deposit)
    }

    /// Takes in a durable record.
    pub(super) fn note(&mut self, now: Instant, record: &Record, chain: &Chain, stats: &mut Stats) {
        if let Record::Administered {
            act: AdminAct::Process(tx),
            ..
        } = record
        {
            // What is found is revived, by whomever.
            self.name(chain, *tx, true);
        }
        let Record::Escrow(record) = record else { return };
        match record {
            EscrowRecord::ClaimFiled { tx, .. } => self.name(chain, *tx, false),
            EscrowRecord::Scanned { chain: id, found, .. } => {
                for tx in found {
                    self.found.insert(*tx);
                    self.name(chain, TxKey { chain: *id, tx: *tx }, true);
                }
            }
            EscrowRecord::Seen { tx, .. } => self.enter(chain, *tx, Standing::Seen),
            EscrowRecord::Reorged { tx, .. } => self.enter(chain, *tx, Standing::Reorged),
            EscrowRecord::Final { tx, deposits, .. } => {
                self.enter(chain, *tx, Standing::Final);
                count(now, chain, *tx, deposits, stats);
            }
            EscrowRecord::Rejected { tx, .. } => {
                stats.rejected += 1;
                self.enter(chain, *tx, Standing::Rejected);
            }
            EscrowRecord::DeadLettered { tx, .. } => {
                self.dead.insert(tx.tx);
                stats.dead_lettered = self.dead.len() as u64;
                self.enter(chain, *tx, Standing::DeadLetter);
            }
            EscrowRecord::DeadLetterResolved { tx, resolution, .. } => {
                let standing = match resolution {
                    Resolution::Retry => Standing::Observed,
                    Resolution::Dismiss => Standing::Dismissed,
                };
                self.enter(chain, *tx, standing);
            }
            EscrowRecord::SuspenseAttributed { deposit, .. } => {
                stats.suspended = stats.suspended.saturating_sub(1);
                stats.credited += 1;
                self.attributed.push(*deposit);
            }
            EscrowRecord::DustCredited { deposits, .. } => {
                let count = deposits.len() as u64;
                stats.suspended = stats.suspended.saturating_sub(count);
                stats.credited += count;
            }
            EscrowRecord::DeadLetterReopened { tx, .. } | EscrowRecord::DeadLetterReplayed { tx, .. } => {
                self.enter(chain, *tx, Standing::Observed);
            }
            EscrowRecord::Refund(record) => self.note_refund(record, stats),
            EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. } => {}
        }
    }

    fn note_refund(&mut self, record: &RefundRecord, stats: &mut Stats) {
        match record {
            RefundRecord::Requested {
                refund,
                deposit,
                of: Beneficiary::Suspense(_),
                ..
            } => {
                self.from_suspense.insert(*refund, *deposit);
                stats.suspended = stats.suspended.saturating_sub(1);
            }
            RefundRecord::Withdrawn { refund, .. } => {
                stats.suspended += u64::from(self.from_suspense.remove(refund).is_some());
            }
            RefundRecord::Requested { .. } | RefundRecord::Settled { .. } | RefundRecord::Proposed { .. } => {
            }
        }
    }

    /// Somebody named a transaction: work begins. The scanner's word, which is proof, revives what was given up.
    fn name(&mut self, chain: &Chain, tx: TxKey, is_proof: bool) {
        let standing = self.place(chain, tx);
        match standing {
            Standing::Unnamed => *standing = Standing::Observed,
            Standing::DeadLetter | Standing::Dismissed if is_proof => *standing = Standing::Observed,
            Standing::DeadLetter
            | Standing::Dismissed
            | Standing::Observed
            | Standing::Seen
            | Standing::Reorged
            | Standing::Final
            | Standing::Rejected => {}
        }
    }

    fn enter(&mut self, chain: &Chain, tx: TxKey, standing: Standing) {
        *self.place(chain, tx) = standing;
    }

    fn place(&mut self, chain: &Chain, tx: TxKey) -> &mut Standing {
        let Some(index) = chain.find(&tx.tx) else {
            return self.made_up.entry(tx.tx).or_default();
        };
        if self.known.len() <= index.place() {
            self.known.resize(index.place() + 1, Standing::Unnamed);
        }
        &mut self.known[index.place()]
    }
}

/// Counts the deposits of a transaction that became final in the journal.
fn count(now: Instant, chain: &Chain, tx: TxKey, deposits: &[Booked], stats: &mut Stats) {
    let final_since = chain.find(&tx.tx).and_then(|index| chain.finalized_at(index));
    let took = final_since.map_or(Duration::ZERO, |since| now.since(since));
    for booked in deposits {
        match booked.deposit.beneficiary {
            Beneficiary::User(_) => {
                stats.credited += 1;
                stats.times_to_credit.push(took);
            }
            Beneficiary::Suspense(_) => stats.suspended += 1,
        }
    }
}
