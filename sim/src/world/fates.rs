//! [`Fates`]: what came of a run, in words that every world has.
//!
//! Worlds that run one plan name things differently: a transaction has another hash on each chain, and who registers
//! first is the network's to say. So a transaction goes by its deed in the plan, a deposit by its movement in that deed,
//! and a user by name. Two worlds agree when the texts of their fates are equal, byte for byte.

use core::fmt;
use std::collections::BTreeMap;

use plimsoll_core::bank::State;
use plimsoll_core::escrow::{DepositKey, TxKey};
use plimsoll_core::money::Amount;

use super::plan::Deed;
use crate::model::chain::{Chain, TxIndex};

/// The fate of every deposit and transaction, and the balance of every account that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fates {
    /// What became of each valid deposit that is final: by the place of its deed in the workload, and of its movement
    /// in the deed.
    pub deposits: BTreeMap<(u32, u32), Booked>,
    /// How far each transaction came that the bank watched, by the place of its deed.
    pub transactions: BTreeMap<u32, &'static str>,
    /// How many transactions the bank watched that no deed sent, by how far they came.
    pub strangers: BTreeMap<&'static str, u32>,
    /// By the name of the user and the asset: what is available, and what is locked.
    pub balances: BTreeMap<(String, String), (Amount, Amount)>,
}

/// Where a deposit is in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booked {
    /// It is posted to its user.
    Posted,
    /// It is in suspense.
    Suspended,
    /// It is in no book.
    Missing,
}

/// A transaction of a deed, as its chain names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The place of the deed in the workload.
    pub deed: u32,
    /// Its name.
    pub key: TxKey,
    /// The places of the movements that are valid deposits; none while the transaction is not final.
    pub deposits: Vec<u32>,
}

impl Sent {
    /// The transactions of `workload` on the model of a chain; `transactions` has one for each deed that sends one.
    #[must_use]
    pub fn on(chain: &Chain, workload: &[Deed], transactions: &[TxIndex]) -> Vec<Self> {
        let deposits = (0u32..).zip(workload).filter(|(_, deed)| match deed {
            Deed::Deposit { .. } => true,
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => false,
        });
        let sent = deposits.zip(transactions).map(|((deed, _), index)| {
            let ordinals = chain.deposits_of(*index).map(|(key, _)| key.ordinal);
            let is_final = chain.finalized_at(*index).is_some();
            Self {
                deed,
                key: chain.key_of(*index),
                deposits: ordinals.filter(|_| is_final).collect(),
            }
        });
        sent.collect()
    }
}

impl Fates {
    /// What `state` says of everything that was `sent`.
    #[must_use]
    pub fn of(state: &State, sent: &[Sent]) -> Self {
        let mut fates = Self::default();
        let escrow = state.escrow();
        let deeds: BTreeMap<TxKey, u32> = sent.iter().map(|one| (one.key, one.deed)).collect();
        for one in sent {
            for ordinal in &one.deposits {
                let key = DepositKey {
                    tx: one.key,
                    ordinal: *ordinal,
                };
                let booked = match (escrow.posting(&key), escrow.suspended(&key)) {
                    (_, Some(_)) => Booked::Suspended,
                    (Some(_), None) => Booked::Posted,
                    (None, None) => Booked::Missing,
                };
                fates.deposits.insert((one.deed, *ordinal), booked);
            }
        }
        for (key, watch) in escrow.watches() {
            match deeds.get(&key) {
                Some(deed) => {
                    fates.transactions.insert(*deed, watch.stage.name());
                }
                None => *fates.strangers.entry(watch.stage.name()).or_default() += 1,
            }
        }
        for (id, user) in state.users() {
            for (asset, balance) in state.ledger().balances_of(id) {
                let amounts = (balance.available, balance.locked());
                if amounts != (Amount::ZERO, Amount::ZERO) {
                    let whose = (user.name.to_string(), asset.to_string());
                    fates.balances.insert(whose, amounts);
                }
            }
        }
        fates
    }
}

impl fmt::Display for Fates {
    /// One fact a line, in one order: deposits, transactions, balances. Amounts are in minor units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((deed, movement), booked) in &self.deposits {
            writeln!(f, "deposit {deed}.{movement} {booked}")?;
        }
        for (deed, stage) in &self.transactions {
            writeln!(f, "transaction {deed} {stage}")?;
        }
        for (stage, count) in &self.strangers {
            writeln!(f, "transactions of no deed: {count} {stage}")?;
        }
        for ((user, asset), (available, locked)) in &self.balances {
            let (available, locked) = (available.minor(), locked.minor());
            writeln!(
                f,
                "balance {user:?} {asset} available {available} locked {locked}"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Booked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Posted => "posted",
            Self::Suspended => "suspended",
            Self::Missing => "missing",
        })
    }
}

#[cfg(test)]
mod tests;
