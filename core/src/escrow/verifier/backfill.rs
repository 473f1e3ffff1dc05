//! [`Backfill`]: how the scanner catches up with the chain, when it is far behind.

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// How many blocks behind the finalized one the scanner is when that is worth telling: half a minute of a chain with a block
/// each 0.45 s.
const FAR_BLOCKS: u64 = 64;

/// Blocks that are read after a time in which they were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Backfill {
    /// The last block that was read when it began.
    pub from: u64,
    /// The last block read.
    pub at: u64,
    /// The block up to which there is something to read.
    pub target: u64,
    /// How many blocks are read in a second, on average since it began.
    pub blocks_per_second: u64,
}

/// The way to where the chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Catching {
    /// Where it began, and when, while it is going on.
    began: Option<(u64, Instant)>,
}

impl Catching {
    /// Takes in that everything up to `cursor` is read, of `finalized` blocks that there are.
    pub(super) fn note(&mut self, now: Instant, cursor: u64, finalized: u64) {
        let behind = finalized.saturating_sub(cursor);
        match self.began {
            None if behind > FAR_BLOCKS => self.began = Some((cursor, now)),
            // Half of it is well clear of being far behind.
            Some(_) if behind <= FAR_BLOCKS / 2 => self.began = None,
            None | Some(_) => {}
        }
    }

    /// How far it is at `now`.
    pub(super) fn status(&self, now: Instant, cursor: u64, finalized: u64) -> Option<Backfill> {
        let (from, since) = self.began?;
        let millis = u64::try_from(now.since(since).as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        Some(Backfill {
            from,
            at: cursor,
            target: finalized,
            blocks_per_second: cursor.saturating_sub(from).saturating_mul(1_000) / millis,
        })
    }
}

#[cfg(test)]
mod tests;
