//! What happens on a chain, and to whom.

use plimsoll_core::escrow::BlockRef;
use plimsoll_core::id::TxHash;
use plimsoll_core::time::Instant;

/// What happened on the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChainEvent {
    /// A transaction came into a block, for the first time or again.
    Mined {
        /// Which.
        tx: TxHash,
        /// The block.
        block: BlockRef,
    },
    /// The last blocks were replaced.
    Reorged {
        /// The lowest height that has another block since.
        from: u64,
        /// The height of the chain.
        latest: u64,
    },
    /// A transaction is in no block any more.
    Unmined {
        /// Which.
        tx: TxHash,
    },
    /// A transaction's block became final: what it says is true for ever.
    Finalized {
        /// Which.
        tx: TxHash,
        /// The block.
        block: BlockRef,
    },
}

/// A transaction, by its number in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxIndex(pub(super) u32);

impl TxIndex {
    /// Its place in lists of all transactions.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

/// Where a reorganisation left a transaction that it hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It was mined again at once.
    Again(BlockRef),
    /// It waits to be mined again at this moment.
    Later(Instant),
    /// It is gone for good.
    Gone,
}
