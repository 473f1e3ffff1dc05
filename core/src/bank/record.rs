//! What becomes durable: the journal holds these and nothing else.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::orders::{ActDone, AdminAct};
use crate::escrow::{EscrowRecord, Reconciliation};
use crate::id::{Address, AssetId, ChainId, IdempotencyKey, Text, UserId};
use crate::ledger::LedgerRecord;
use crate::time::WallClock;

/// One fact. The order of the variants is part of the stored format: add at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// An asset was used for the first time; its scale holds for ever.
    AssetRegistered {
        /// The asset.
        asset: AssetId,
        /// The decimals of its amounts.
        scale: u8,
    },
    /// A user came. Their accounts are in a ledger record of the same group.
    UserRegistered {
        /// The user.
        user: UserId,
        /// The client's key.
        key: IdempotencyKey,
        /// The name for people.
        name: Text,
        /// Their deposit addresses.
        addresses: Vec<(ChainId, Address)>,
        /// When.
        at: WallClock,
    },
    /// A user got a deposit address on a chain that was configured after they came.
    AddressAssigned {
        /// The user.
        user: UserId,
        /// The chain.
        chain: ChainId,
        /// The address.
        address: Address,
    },
    /// Money moved, or was refused to.
    Ledger(LedgerRecord),
    /// A deposit moved on.
    Escrow(EscrowRecord),
    /// An operator acted.
    Administered {
        /// The client's key.
        key: IdempotencyKey,
        /// What was ordered.
        act: AdminAct,
        /// Who ordered it.
        actor: Text,
        /// Why.
        reason: Text,
        /// What it did.
        done: ActDone,
        /// When.
        at: WallClock,
    },
    /// What custody addresses hold was held against the books.
    Reconciled {
        /// The chain.
        chain: ChainId,
        /// What it came to.
        reconciliation: Reconciliation,
    },
}

#[cfg(test)]
mod tests;
