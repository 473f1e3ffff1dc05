//! What the chain knows about its own logs: for each, what is due, and whether it is final.

use plimsoll_core::escrow::{DepositKey, SuspenseReason, TxKey};
use plimsoll_core::id::{Address, AssetId, UserId};
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;

use super::{Chain, TxIndex};
use crate::world::plan::{Shape, Token};

/// What is due for one log, once its block is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Due {
    /// Its amount, to this user.
    User(UserId),
    /// Its amount, to suspense, until an operator says whose it is.
    Suspense(SuspenseReason),
    /// A look by a person: no ledger can count it, so nothing of its transaction is booked by a rule.
    Person,
    /// Nothing, whatever it looks like.
    Nothing(Shape),
}

/// One log, as it was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Truth {
    /// The asset that moved, or seems to have moved.
    pub asset: AssetId,
    /// How much, in the ledger's minor units. Means nothing when nothing or a look by a person is due.
    pub amount: Amount,
    /// Who paid.
    pub from: Address,
    /// Which address was paid, on Solana which wallet.
    pub to: Address,
    /// What is due for it.
    pub due: Due,
}

impl Chain {
    /// The logs of a transaction, by ordinal; none if it was not sent, reverted, or has none.
    #[must_use]
    pub fn truth(&self, index: TxIndex) -> &[Truth] {
        &self.transactions[index.place()].truths
    }

    /// Whether a log of the transaction can only be judged by a person, so that none of it is booked by a rule.
    #[must_use]
    pub fn needs_person(&self, index: TxIndex) -> bool {
        self.truth(index).iter().any(|truth| truth.due == Due::Person)
    }

    /// Whether the contract of `asset` stands for it in the block that holds the transaction, or held it last.
    #[must_use]
    pub fn is_in_force(&self, index: TxIndex, asset: AssetId) -> bool {
        let retired_at = self.usdc_retired_at.filter(|_| asset == Token::Usdc.facts().id);
        let placements = &self.transactions[index.place()].placements;
        let height = placements
            .iter()
            .rev()
            .find_map(|one| one.spot)
            .map(|spot| spot.number);
        retired_at.is_none_or(|retired_at| height.is_none_or(|height| height < retired_at))
    }

    /// Whether the transaction was sent and reverted.
    #[must_use]
    pub fn has_reverted(&self, index: TxIndex) -> bool {
        let tx = &self.transactions[index.place()];
        !tx.succeeded && !tx.placements.is_empty()
    }

    /// The name of a transaction.
    #[must_use]
    pub fn key_of(&self, index: TxIndex) -> TxKey {
        TxKey {
            chain: self.id,
            tx: self.hash_of(index),
        }
    }

    /// Whether the transaction is final: what is due for its logs is due now, and for ever.
    #[must_use]
    pub fn is_final(&self, index: TxIndex, at: Instant) -> bool {
        self.finalized_at(index).is_some_and(|since| since <= at)
    }

    /// Every valid deposit that is final at `at`, with its truth.
    pub fn deposits(&self, at: Instant) -> impl Iterator<Item = (DepositKey, &Truth)> {
        let is_final = move |index: &TxIndex| self.is_final(*index, at);
        self.transactions()
            .filter(is_final)
            .flat_map(|index| self.deposits_of(index))
    }

    /// The valid deposits of a transaction, final or not: due to a user or to suspense, and not held up by a neighbour
    /// that needs a person.
    pub fn deposits_of(&self, index: TxIndex) -> impl Iterator<Item = (DepositKey, &Truth)> {
        let tx = self.key_of(index);
        let logs = if self.needs_person(index) {
            &[]
        } else {
            self.truth(index)
        };
        let of_log = move |(truth, ordinal)| (DepositKey { tx, ordinal }, truth);
        let is_valid = move |(_, truth): &(DepositKey, &Truth)| match truth.due {
            Due::User(_) | Due::Suspense(_) => self.is_in_force(index, truth.asset),
            Due::Person | Due::Nothing(_) => false,
        };
        logs.iter().zip(0u32..).map(of_log).filter(is_valid)
    }
}
