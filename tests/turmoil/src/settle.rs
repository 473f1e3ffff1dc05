//! What is not settled.

use std::collections::BTreeMap;

use plimsoll_core::bank::State;
use plimsoll_core::id::TxHash;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::{Chain, Due};

/// What keeps `state` from being settled, by transaction: deposits that are final at `now` and not in the books, and
/// transactions that are under way. One that no block holds may be watched for ever.
pub(crate) fn open(state: &State, chain: &Chain, now: Instant) -> BTreeMap<TxHash, String> {
    let escrow = state.escrow();
    let is_missing = |(key, due): (_, &Due)| match due {
        Due::User(_) => escrow.posting(&key).is_none(),
        Due::Suspense(_) => escrow.suspended(&key).is_none() && escrow.posting(&key).is_none(),
        Due::Person | Due::Nothing(_) => false,
    };
    let missing = chain
        .deposits(now)
        .filter(|(key, truth)| is_missing((*key, &truth.due)));
    let missing = missing.map(|(key, _)| (key.tx.tx, format!("{key:?} is in no book")));
    let is_in_block = |tx: &TxHash| {
        chain
            .find(tx)
            .is_none_or(|index| chain.block_of(index, now).is_some())
    };
    let under_way = escrow.open().map(|(_, key)| key.tx);
    let under_way = under_way.filter(is_in_block);
    let under_way = under_way.map(|tx| (tx, format!("{tx} is under way")));
    missing.chain(under_way).collect()
}
