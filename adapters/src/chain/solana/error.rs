//! The error codes of Solana's RPC, one by one (trap S8).
//!
//! None of them says that a transaction does not exist: a skipped slot, a pruned block and a node that lags all look alike
//! from outside, so each is at most "cannot say", and another endpoint is asked. One alone is plain: a block that was cleaned
//! up is one that the node had and has dropped.

use plimsoll_core::escrow::Fault;

use crate::chain::envelope::RpcError;

/// The block was cleaned up; the first one kept is newer.
const BLOCK_CLEANED_UP: i64 = -32001;
/// The block is not there for this slot.
const BLOCK_NOT_AVAILABLE: i64 = -32004;
/// The node is behind the cluster, or does not follow it.
const NODE_UNHEALTHY: i64 = -32005;
/// The slot was skipped, or is missing since the node jumped over it.
const SLOT_SKIPPED: i64 = -32007;
/// The slot was skipped, or is missing in long-term storage.
const SLOT_SKIPPED_IN_STORAGE: i64 = -32009;
/// The block is too new for what was asked of it.
const BLOCK_NOT_YET_AVAILABLE: i64 = -32014;
/// The transaction, or one in the block, is of a newer format than was asked for (trap S7).
pub(super) const UNSUPPORTED_VERSION: i64 = -32015;
/// The node has not reached the slot that was asked for (trap S9).
const MIN_CONTEXT_SLOT: i64 = -32016;

/// Whether `error` says that there is no block in a slot. Whether that is so is for others to say as well: they must name the
/// same block as the one before it.
pub(super) fn is_skipped(error: &RpcError) -> bool {
    matches!(error.code(), SLOT_SKIPPED | SLOT_SKIPPED_IN_STORAGE)
}

/// Whether `error` says that the node has not come to the slot that was asked for.
pub(super) const fn is_ahead(error: &RpcError) -> bool {
    error.code() == MIN_CONTEXT_SLOT
}

/// What `error` means for the endpoint. One that keeps no history (-32011) is of no use here, and is asked less, like one that
/// fails. That a format is too new for us is no fault of the endpoint: anybody may claim such a transaction, and must not make
/// breakers open by that. It is told, for it will not mend by itself.
pub(super) fn fault(error: &RpcError) -> Fault {
    match error.code() {
        BLOCK_CLEANED_UP => Fault::Pruned,
        BLOCK_NOT_AVAILABLE
        | NODE_UNHEALTHY
        | SLOT_SKIPPED
        | SLOT_SKIPPED_IN_STORAGE
        | BLOCK_NOT_YET_AVAILABLE
        | MIN_CONTEXT_SLOT => Fault::NotReady,
        code @ UNSUPPORTED_VERSION => {
            tracing::error!(
                code,
                "a transaction has a newer format than this version reads: deposits in such wait until plimsoll is upgraded"
            );
            Fault::NotReady
        }
        _ if error.is_rate_limit() => Fault::RateLimited { retry_after: None },
        code => Fault::Server { code },
    }
}

#[cfg(test)]
mod tests;
