//! [`Scan`]: the cursor over finalized blocks, and the range that is being read.
//!
//! The cursor here runs ahead of the durable one: an empty range need not be journalled at once, since reading it
//! again finds the same. It never passes a block that two independent upstreams have not finalized.

use super::round::Round;
use crate::escrow::evm::{BlockRef, ScanLog};
use crate::limits::SCAN_BLOCKS_MAX;
use alloc::vec::Vec;

/// What a scan shows: the last header and the logs.
pub(super) type Content = (BlockRef, Vec<ScanLog>);

/// A range that is being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// Its first block.
    pub(super) from: u64,
    /// Its last block.
    pub(super) to: u64,
    /// Who says what it holds.
    pub(super) round: Round<Content>,
}

/// The scanner of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// The last block read.
    cursor: u64,
    /// How many blocks are asked for at once: halved when there were too many logs, doubled when not.
    span: u64,
    under_way: Option<Range>,
}

impl Scan {
    /// A scanner that has read up to and including `cursor`.
    pub(super) const fn new(cursor: u64) -> Self {
        Self {
            cursor,
            span: SCAN_BLOCKS_MAX,
            under_way: None,
        }
    }

    /// The last block read.
    pub(super) const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Starts to read on, if blocks up to `finalized` wait and nothing is under way.
    pub(super) fn begin(&mut self, finalized: u64, round: u64) {
        if self.under_way.is_none() && finalized > self.cursor {
            let to = finalized.min(self.cursor.saturating_add(self.span));
            self.under_way = Some(Range {
                from: self.cursor + 1,
                to,
                round: Round::new(round),
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
            self.span = (self.span * 2).min(SCAN_BLOCKS_MAX);
        }
    }

    /// The range could not be read; the next poll tries again.
    pub(super) fn give_up(&mut self) {
        self.under_way = None;
    }

    /// The range has too many logs for one answer: the next is half as long. A single block that is too large waits
    /// for the next poll.
    pub(super) fn halve(&mut self) {
        if let Some(Range { from, to, .. }) = self.under_way.take() {
            self.span = (to - from).div_ceil(2).max(1);
        }
    }
}
