//! [`Fates`]: what came of a run, in words that every world has.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::bank::State;
use plimsoll_core::escrow::DepositKey;
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::{Chain, Due};

/// The fate of every deposit and transaction, and the balance of every account that is not empty. Users go by their
/// names: who registered first is the network's to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fates {
    /// Whether each valid deposit is posted, suspended or neither.
    pub deposits: BTreeMap<DepositKey, &'static str>,
    /// How far each transaction came that the bank watched.
    pub transactions: BTreeMap<String, &'static str>,
    /// By user and asset: available, locked.
    pub balances: BTreeMap<(String, String), (Amount, Amount)>,
}

impl Fates {
    /// What `state` says of everything that was on `chain`.
    #[must_use]
    pub fn of(state: &State, chain: &Chain) -> Self {
        let escrow = state.escrow();
        let fate = |(key, _)| {
            let fate = match (escrow.posting(&key), escrow.suspended(&key)) {
                (Some(_), _) => "posted",
                (None, Some(_)) => "suspended",
                (None, None) => "missing",
            };
            (key, fate)
        };
        let watched = escrow
            .watches()
            .map(|(key, watch)| (key.tx.to_string(), watch.stage.name()));
        let mut balances = BTreeMap::new();
        for (id, user) in state.users() {
            for (asset, balance) in state.ledger().balances_of(id) {
                let amounts = (balance.available, balance.locked());
                if amounts != (Amount::ZERO, Amount::ZERO) {
                    balances.insert((user.name.to_string(), asset.to_string()), amounts);
                }
            }
        }
        Self {
            deposits: chain.deposits(Instant::MAX).map(fate).collect(),
            transactions: watched.collect(),
            balances,
        }
    }

    /// What keeps `state` from being settled: deposits that are final at `now` and not in the books, and transactions
    /// that are under way though not `stranded`, which no block will hold.
    pub(crate) fn unsettled(
        state: &State,
        chain: &Chain,
        now: Instant,
        stranded: &BTreeSet<String>,
    ) -> Vec<String> {
        let escrow = state.escrow();
        let missing = chain.deposits(now).filter(|(key, truth)| match truth.due {
            Due::User(_) => escrow.posting(key).is_none(),
            Due::Suspense(_) => escrow.suspended(key).is_none() && escrow.posting(key).is_none(),
            Due::Person | Due::Nothing(_) => false,
        });
        let open = escrow.open().map(|(_, key)| key.tx.to_string());
        let open = open.filter(|tx| !stranded.contains(tx));
        let missing = missing.map(|(key, _)| format!("{key:?} is in no book"));
        missing
            .chain(open.map(|tx| format!("{tx} is under way")))
            .collect()
    }
}
