//! The words of refunds: what of a deposit goes back, on chain, to whom it belongs.
//!
//! A deposit is refunded whole, and at most once. What is to go back leaves whoever has it for the house's account of refunds
//! when an operator asks for it, and custody when an operator says which transaction paid it: nothing here pays on chain. A
//! refund that is withdrawn undoes its transfer, and then the deposit may be refunded again.
//!
//! ```text
//!   (proposed, above an amount) --> pending --the payment is final--> settled
//!                                      +------nobody paid it--------> withdrawn
//! ```

use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::deposit::{Beneficiary, DepositKey};
use crate::id::{Address, AssetId, ChainId, RefundId, Text, TransactionId, TxHash};
use crate::money::Amount;
use crate::time::WallClock;

/// What an operator does about a refund. The order of the variants is part of the stored format: add at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RefundAct {
    /// Has a deposit sent back.
    Request {
        /// The deposit: credited, or in suspense.
        deposit: DepositKey,
        /// Where to, on the deposit's chain.
        to: Address,
    },
    /// Says that it was paid.
    Settle {
        /// The refund, which is pending.
        refund: RefundId,
        /// The transaction that paid it, on the deposit's chain.
        paid_by: TxHash,
    },
    /// Says that it was not paid, and will not be.
    Withdraw {
        /// The refund, which is pending.
        refund: RefundId,
    },
}

/// What became of a refund, as it is journalled beside the transfer that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefundRecord {
    /// It takes another operator's word as well.
    Proposed {
        /// The deposit.
        deposit: DepositKey,
        /// Where to.
        to: Address,
        /// Who proposes.
        actor: Text,
        /// When.
        at: WallClock,
    },
    /// The money left whoever had it.
    Requested {
        /// The refund, numbered without gaps.
        refund: RefundId,
        /// The deposit.
        deposit: DepositKey,
        /// Where to.
        to: Address,
        /// Who had the money.
        of: Beneficiary,
        /// What goes back.
        asset: AssetId,
        /// How much: all of the deposit.
        amount: Amount,
        /// The transfer to the account of refunds.
        transaction: TransactionId,
        /// When.
        at: WallClock,
    },
    /// It was paid on chain: the money left custody.
    Settled {
        /// The refund.
        refund: RefundId,
        /// The transaction that paid it.
        paid_by: TxHash,
        /// The transfer out of custody.
        transaction: TransactionId,
        /// When.
        at: WallClock,
    },
    /// It will not be paid: the money is where it came from.
    Withdrawn {
        /// The refund.
        refund: RefundId,
        /// The reversal of the transfer.
        transaction: TransactionId,
        /// When.
        at: WallClock,
    },
}

/// A refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refund {
    /// Its name.
    pub id: RefundId,
    /// The deposit that goes back.
    pub deposit: DepositKey,
    /// Where to.
    pub to: Address,
    /// Who had the money.
    pub of: Beneficiary,
    /// What goes back.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
    /// The transfer to the account of refunds.
    pub transaction: TransactionId,
    /// When it was asked for.
    pub requested_at: WallClock,
    /// What became of it.
    pub stage: RefundStage,
}

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundStage {
    /// An operator is to pay it.
    Pending,
    /// It was paid.
    Settled {
        /// The transaction that paid it.
        paid_by: TxHash,
        /// The transfer out of custody.
        transaction: TransactionId,
        /// When an operator said so.
        at: WallClock,
    },
    /// It was not paid.
    Withdrawn {
        /// The reversal of its transfer.
        transaction: TransactionId,
        /// When an operator said so.
        at: WallClock,
    },
}

impl RefundStage {
    /// The stable code that the API shows.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Settled { .. } => "settled",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

/// That a deposit be sent back, until another operator approves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefundProposal {
    /// Where to.
    pub to: Address,
    /// Who proposes it. Somebody else must approve.
    pub actor: Text,
    /// When it was proposed.
    pub at: WallClock,
}

/// Every refund that was ever asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Refunds {
    all: BTreeMap<RefundId, Refund>,
    /// The last one of each deposit. Derived.
    last: BTreeMap<DepositKey, RefundId>,
    /// Derived.
    pending: BTreeSet<RefundId>,
    proposals: BTreeMap<DepositKey, RefundProposal>,
}

impl Refunds {
    pub(super) fn get(&self, id: RefundId) -> Option<&Refund> {
        self.all.get(&id)
    }

    /// The last refund of `deposit`.
    pub(super) fn of(&self, deposit: &DepositKey) -> Option<&Refund> {
        self.last.get(deposit).and_then(|id| self.all.get(id))
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Refund> {
        self.all.values()
    }

    pub(super) fn pending(&self) -> impl ExactSizeIterator<Item = RefundId> + '_ {
        self.pending.iter().copied()
    }

    pub(super) fn proposals(&self) -> impl Iterator<Item = (DepositKey, &RefundProposal)> {
        self.proposals.iter().map(|(deposit, one)| (*deposit, one))
    }

    pub(super) fn proposal(&self, deposit: &DepositKey) -> Option<&RefundProposal> {
        self.proposals.get(deposit)
    }

    pub(super) fn next_id(&self) -> RefundId {
        let last = self.all.last_key_value();
        last.map_or(RefundId::new(1), |(id, _)| id.next())
    }

    pub(super) fn propose(&mut self, deposit: DepositKey, proposal: RefundProposal) {
        self.proposals.insert(deposit, proposal);
    }

    /// Takes in a refund that was asked for.
    ///
    /// # Panics
    /// When it is not the next, or the deposit is going back already.
    pub(super) fn begin(&mut self, refund: &Refund) {
        assert_eq!(refund.id, self.next_id(), "refunds are numbered without gaps");
        let earlier = self.of(&refund.deposit).map(|earlier| earlier.stage);
        assert!(
            earlier.is_none_or(|stage| matches!(stage, RefundStage::Withdrawn { .. })),
            "{:?} is refunded twice",
            refund.deposit
        );
        self.proposals.remove(&refund.deposit);
        self.last.insert(refund.deposit, refund.id);
        self.pending.insert(refund.id);
        self.all.insert(refund.id, *refund);
    }

    /// Ends a refund, and says what it was.
    ///
    /// # Panics
    /// When it is not pending.
    pub(super) fn end(&mut self, id: RefundId, stage: RefundStage) -> Refund {
        assert!(self.pending.remove(&id), "{id} is not pending, and ended");
        let Some(refund) = self.all.get_mut(&id) else {
            unreachable!("{id} is pending and not known")
        };
        refund.stage = stage;
        *refund
    }

    /// What may have left custody on `chain` beside what the books say: what is pending, and what was settled since `since`,
    /// which may be paid in younger blocks than those that are looked at.
    pub(super) fn leaving(&self, chain: ChainId, since: WallClock) -> impl Iterator<Item = &Refund> {
        let may_leave = move |one: &&Refund| match one.stage {
            RefundStage::Pending => true,
            RefundStage::Settled { at, .. } => at >= since,
            RefundStage::Withdrawn { .. } => false,
        };
        let here = move |one: &&Refund| one.deposit.tx.chain == chain;
        self.all().filter(here).filter(may_leave)
    }
}

#[cfg(test)]
mod tests;
