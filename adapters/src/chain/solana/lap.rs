//! [`Lap`]: what names each of some token accounts, in a range of slots.
//!
//! Nodes tell the transactions that name an account from the newest back, a page at a time. What is newer than the range is
//! passed over, and the first that is older ends it. The lists are hints: whether a transaction paid anything is for its
//! receipt to say (trap S6). Each call says which slot the node must have come to (trap S9). A node leaves out what it has
//! dropped, and says nothing of it (trap S6), so it is asked last which block is the first that it has.

use plimsoll_core::escrow::{Answer, BlockRef, Fault, Log, ScanLog};
use plimsoll_core::id::{Address, TxHash};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Step, Talk, answer, block};

/// How many entries a page has, unless it is the last: the most that nodes tell at once.
const PAGE_ENTRIES: usize = 1_000;
/// How many pages are read in all. An account that is named more often between two laps has to be claimed on.
const PAGES_MAX: usize = 64;
/// How many slots in a row may have no block.
const SKIPPED_MAX: u64 = 1_000;
/// How many transactions one answer may hold: a shorter range holds fewer.
const FOUND_MAX: usize = 4_096;

/// One part of a lap.
#[derive(Debug, Clone)]
pub(in crate::chain) struct Lap {
    from: u64,
    to: u64,
    slot: Option<u64>,
    finalized: Option<BlockRef>,
    last: Option<BlockRef>,
    /// Where the block of the last slot is looked for.
    below: Below,
    /// The accounts that are left, the one that is being read last.
    accounts: Vec<Address>,
    /// The oldest of those that were told of the account.
    before: Option<TxHash>,
    pages: usize,
    found: Vec<ScanLog>,
}

/// Where the block of the last slot is looked for: in that slot, and, if there is none in it, before it (trap S8).
#[derive(Debug, Clone, Copy)]
enum Below {
    Itself,
    Somewhere,
    Slot(u64),
}

impl Lap {
    /// Whether the block of the last slot is asked for.
    pub(super) const fn awaits_last(&self) -> bool {
        self.finalized.is_some() && self.last.is_none() && matches!(self.below, Below::Itself)
    }

    /// The same when no block was made in the last slot.
    pub(super) fn look_below(self) -> Self {
        Self {
            below: Below::Somewhere,
            ..self
        }
    }

    pub(super) fn new((from, to): (u64, u64), accounts: &[Address]) -> Self {
        Self {
            from,
            to,
            slot: None,
            finalized: None,
            last: None,
            below: Below::Itself,
            accounts: accounts.iter().rev().copied().collect(),
            before: None,
            pages: 0,
            found: Vec::new(),
        }
    }

    /// The method of the next call, and its parameters.
    pub(super) fn call(&self) -> (&'static str, Value) {
        match (self.slot, self.finalized, self.last) {
            (None, _, _) => ("getSlot", json!([{"commitment": "finalized"}])),
            (Some(slot), None, _) => block(slot, "finalized"),
            (Some(_), Some(_), None) => match self.below {
                Below::Itself => block(self.to, "finalized"),
                Below::Somewhere => {
                    let from = self.to.saturating_sub(SKIPPED_MAX);
                    ("getBlocks", json!([from, self.to, {"commitment": "finalized"}]))
                }
                Below::Slot(slot) => block(slot, "finalized"),
            },
            (Some(_), Some(_), Some(_)) if self.accounts.is_empty() => ("getFirstAvailableBlock", json!([])),
            (Some(_), Some(_), Some(_)) => {
                let account = self.accounts.last().map(ToString::to_string);
                let mut wanted = json!({
                    "commitment": "finalized",
                    "minContextSlot": self.to,
                    "limit": PAGE_ENTRIES,
                });
                if let Some(before) = self.before {
                    wanted["before"] = json!(before.to_string());
                }
                ("getSignaturesForAddress", json!([account, wanted]))
            }
        }
    }

    /// Takes the result of that call.
    pub(super) fn take(mut self, result: &RawValue) -> Result<Step, Fault> {
        match (self.slot, self.finalized, self.last) {
            (None, _, _) => self.slot = Some(answer::slot(result)?),
            (Some(number), None, _) => {
                let hash = answer::block(result)?;
                let finalized = BlockRef { number, hash };
                self.finalized = Some(finalized);
                if number < self.to {
                    return Ok(Step::Done(self.told(finalized)));
                }
            }
            (Some(_), Some(_), None) if matches!(self.below, Below::Somewhere) => {
                self.below = Below::Slot(answer::last_slot(result)?);
            }
            (Some(_), Some(_), None) => {
                let hash = answer::block(result)?;
                self.last = Some(BlockRef {
                    number: self.to,
                    hash,
                });
            }
            (Some(_), Some(finalized), Some(_)) if self.accounts.is_empty() => {
                self.take_first(answer::slot(result)?)?;
                return Ok(Step::Done(self.told(finalized)));
            }
            (Some(_), Some(_), Some(_)) => self.take_page(result)?,
        }
        Ok(Step::Next(Talk::Scan(self)))
    }

    /// Takes one page about the last of the accounts, and is done with that account when it was the last page.
    fn take_page(&mut self, result: &RawValue) -> Result<(), Fault> {
        let page = answer::signatures(result)?;
        let (from, to) = (self.from, self.to);
        let is_last = page.len() < PAGE_ENTRIES || page.iter().any(|one| one.slot < from);
        self.before = page.last().map(|one| one.tx).filter(|_| !is_last);
        let address = self.accounts.last().copied().unwrap_or_default();
        // What failed moved nothing (trap S1).
        let ours = page
            .iter()
            .filter(|one| one.succeeded && (from..=to).contains(&one.slot));
        self.found.extend(ours.map(|one| ScanLog {
            tx: one.tx,
            block: one.slot,
            log: Log::naming(address),
        }));
        self.pages += 1;
        if is_last {
            self.accounts.pop();
        }
        let is_too_large = self.found.len() > FOUND_MAX || (self.pages >= PAGES_MAX && !is_last);
        if is_too_large {
            Err(Fault::TooLarge)
        } else {
            Ok(())
        }
    }

    /// Takes the slot of the first block that the node has after it has told everything: what it has then, it had before.
    fn take_first(&self, first: u64) -> Result<(), Fault> {
        if first <= self.from {
            return Ok(());
        }
        tracing::warn!(
            first,
            from = self.from,
            "an endpoint has dropped slots that are still to be scanned: one that keeps them is asked, if there is one"
        );
        Err(Fault::Pruned)
    }

    fn told(mut self, finalized: BlockRef) -> Answer {
        self.found
            .sort_unstable_by_key(|one| (one.block, one.tx, one.log.address));
        Answer::Scan {
            finalized,
            last: self.last,
            logs: self.found,
        }
    }
}

#[cfg(test)]
mod tests;
