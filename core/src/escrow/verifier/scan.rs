//! [`Scan`]: the cursor over finalized blocks, and the range that is being read.
//!
//! The cursor here runs ahead of the durable one: an empty range need not be journalled at once, since reading it
//! again finds the same. It never passes a block that two independent upstreams have not finalized.
//!
//! Solana cannot be asked for all transfers of some blocks. There a range is read in a lap over the token accounts that we
//! watch, a part of them at a time, each part agreed upon like a range elsewhere; the cursor moves when all were read. Whose
//! account is opened during a lap was paid, if at all, in blocks above it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::round::{QUORUM, Round};
use crate::escrow::evm::{BlockRef, ScanLog};
use crate::id::{Address, Family};
use crate::limits::SCAN_BLOCKS_MAX;
use crate::resilience::ProviderSet;

/// How many slots a lap over token accounts covers, at least: 10 s. A lap costs the same however few they are.
const LAP_SLOTS_MIN: u64 = 25;

/// What a scan shows: the last header and the logs.
pub(super) type Content = (BlockRef, Vec<ScanLog>);

/// A range that is being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    /// Its first block.
    pub(super) from: u64,
    /// Its last block.
    pub(super) to: u64,
    /// Who says what it holds.
    pub(super) round: Round<Content>,
    /// Whose endpoints say that it is too large for one answer.
    pub(super) too_large: ProviderSet,
    /// How far the lap is; `None` on chains that know of no laps.
    lap: Option<Lap>,
}

/// One lap over the token accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lap {
    /// How many accounts there were when it began.
    accounts: usize,
    /// How many of them come before those that are being read.
    read: usize,
    /// The accounts that are being read.
    part: Vec<Address>,
    /// What the accounts before them were named by.
    logs: Vec<ScanLog>,
}

impl Range {
    /// Whether two independent upstreams call it too large, and it can be made smaller. One alone would hold up
    /// everything by saying so.
    pub(super) const fn is_too_large(&self) -> bool {
        self.from < self.to && self.too_large.len() >= QUORUM
    }

    /// Whether half of it would do: one upstream showed it, the other only lacks room. Were it left to the next poll, an
    /// upstream with little room would let the scanner fall behind a fast chain for ever.
    pub(super) fn lacks_room(&self) -> bool {
        self.from < self.to && self.round.is_shown() && !self.too_large.is_empty()
    }

    /// The token accounts that are being read, if it is a lap over some.
    pub(super) fn part(&self) -> Option<&[Address]> {
        self.lap.as_ref().map(|lap| lap.part.as_slice())
    }

    /// Takes in what was found in the part that was being read: everything that was found, once that was the last part. `part`
    /// tells the accounts from one place up, of so many that there are.
    pub(super) fn on_read(
        &mut self,
        mut logs: Vec<ScanLog>,
        round: u64,
        part: impl FnOnce(usize, usize) -> Vec<Address>,
    ) -> Option<Vec<ScanLog>> {
        let Some(lap) = &mut self.lap else {
            return Some(logs);
        };
        lap.logs.append(&mut logs);
        lap.read += lap.part.len();
        if lap.read >= lap.accounts {
            return Some(core::mem::take(&mut lap.logs));
        }
        lap.part = part(lap.read, lap.accounts);
        assert!(
            !lap.part.is_empty(),
            "a lap has accounts left and none comes next"
        );
        (self.round, self.too_large) = (Round::new(round), ProviderSet::EMPTY);
        None
    }

    /// Half of its length, at least one block.
    fn half(&self) -> u64 {
        (self.to - self.from).div_ceil(2).max(1)
    }
}

/// The scanner of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scan {
    /// The last block read.
    cursor: u64,
    /// How many blocks are asked for at once: halved when there were too many logs, doubled when not.
    span: u64,
    /// The most blocks that are asked for at once.
    span_max: u64,
    /// How many blocks must wait before any are asked for.
    span_min: u64,
    /// The last block to ask for, after a range that could not be read: chasing the head, endpoints that follow the
    /// chain at different distances might never have the same range at the same time.
    limit: Option<u64>,
    under_way: Option<Range>,
}

impl Scan {
    /// A scanner of a chain of `family` that has read up to and including `cursor`.
    pub(super) const fn new(family: Family, cursor: u64) -> Self {
        let (span_min, span_max) = match family {
            Family::Evm => (1, SCAN_BLOCKS_MAX),
            Family::Solana => (LAP_SLOTS_MIN, u64::MAX),
        };
        Self {
            cursor,
            span: span_max,
            span_max,
            span_min,
            limit: None,
            under_way: None,
        }
    }

    /// Asks for no more than `blocks` at once from here on.
    pub(super) fn shorten(&mut self, blocks: u64) {
        self.span_max = self.span_max.min(blocks);
        self.span = self.span.min(blocks);
    }

    /// The last block read.
    pub(super) const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Starts to read on, if blocks up to `finalized` wait and nothing is under way: a lap over so many `accounts`, of which
    /// `part` are the first, if there are laps.
    pub(super) fn begin(&mut self, finalized: u64, round: u64, lap: Option<(usize, Vec<Address>)>) {
        if self.under_way.is_none() && self.waits(finalized) {
            let to = finalized.min(self.cursor.saturating_add(self.span));
            let to = self.limit.map_or(to, |limit| limit.min(to));
            let lap = lap.map(|(accounts, part)| Lap {
                accounts,
                read: 0,
                part,
                logs: Vec::new(),
            });
            self.under_way = Some(Range {
                from: self.cursor + 1,
                to,
                round: Round::new(round),
                too_large: ProviderSet::EMPTY,
                lap,
            });
        }
    }

    /// Passes the blocks up to `finalized` without reading: nobody has an account yet that they could have paid to.
    pub(super) fn pass(&mut self, finalized: u64) {
        assert!(self.under_way.is_none(), "blocks are passed that are being read");
        self.cursor = self.cursor.max(finalized);
    }

    /// Whether enough blocks up to `finalized` wait to be read.
    pub(super) const fn waits(&self, finalized: u64) -> bool {
        finalized >= self.cursor.saturating_add(self.span_min)
    }

    /// The range that is being read.
    pub(super) const fn under_way(&mut self) -> Option<&mut Range> {
        self.under_way.as_mut()
    }

    /// The token accounts that are being read, in a lap.
    pub(super) fn part(&self) -> Option<&[Address]> {
        self.under_way.as_ref()?.part()
    }

    /// The range was read.
    pub(super) fn finish(&mut self) {
        if let Some(Range { to, .. }) = self.under_way.take() {
            assert!(to > self.cursor, "a scan went back");
            self.cursor = to;
            self.limit = None;
            self.span = self.span.saturating_mul(2).min(self.span_max);
        }
    }

    /// The range could not be read; the next poll asks for no more than this one held and a quorum has finalized.
    pub(super) fn give_up(&mut self) {
        if let Some(range) = self.under_way.take() {
            if !range.too_large.is_empty() {
                self.span = range.half();
            }
            let reach = range.round.reach().unwrap_or(range.to);
            self.limit = Some(range.to.min(reach).max(range.from));
        }
    }

    /// The range is no longer being read, for reasons of our own.
    pub(super) fn abandon(&mut self) {
        self.under_way = None;
    }

    /// The range has too many logs for one answer: the next is half as long.
    pub(super) fn halve(&mut self) {
        if let Some(range) = self.under_way.take() {
            self.span = range.half();
        }
    }
}

#[cfg(test)]
mod tests;
