//! [`Scan`]: the cursor over finalized blocks, and the range that is being read.
//!
//! The cursor here runs ahead of the durable one: an empty range need not be journalled at once, since reading it
//! again finds the same. It never passes a block that two independent upstreams have not finalized.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::round::{QUORUM, Round};
use crate::escrow::evm::{BlockRef, ScanLog};
use crate::limits::SCAN_BLOCKS_MAX;
use crate::resilience::ProviderSet;

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
    /// The last block to ask for, after a range that could not be read: chasing the head, endpoints that follow the
    /// chain at different distances might never have the same range at the same time.
    limit: Option<u64>,
    under_way: Option<Range>,
}

impl Scan {
    /// A scanner that has read up to and including `cursor`.
    pub(super) const fn new(cursor: u64) -> Self {
        Self {
            cursor,
            span: SCAN_BLOCKS_MAX,
            span_max: SCAN_BLOCKS_MAX,
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

    /// Starts to read on, if blocks up to `finalized` wait and nothing is under way.
    pub(super) fn begin(&mut self, finalized: u64, round: u64) {
        if self.under_way.is_none() && finalized > self.cursor {
            let to = finalized.min(self.cursor.saturating_add(self.span));
            let to = self.limit.map_or(to, |limit| limit.min(to));
            self.under_way = Some(Range {
                from: self.cursor + 1,
                to,
                round: Round::new(round),
                too_large: ProviderSet::EMPTY,
            });
        }
    }

    /// The range that is being read.
    pub(super) const fn under_way(&mut self) -> Option<&mut Range> {
        self.under_way.as_mut()
    }

    /// The range was read.
    pub(super) fn finish(&mut self) {
        if let Some(Range { to, .. }) = self.under_way.take() {
            assert!(to > self.cursor, "a scan went back");
            self.cursor = to;
            self.limit = None;
            self.span = (self.span * 2).min(self.span_max);
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
