//! Refunds, as far as they are about deposits: who has the money that goes back, and where it is when it does not.

use super::{EscrowState, Suspended};
use crate::escrow::deposit::{Beneficiary, Booked, DepositKey, Stage, TxKey};
use crate::escrow::refund::{Refund, RefundProposal, RefundRecord, RefundStage};
use crate::id::{ChainId, RefundId, TransactionId, UserId};
use crate::time::WallClock;

/// Who got what was in suspense, and what it bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Given {
    pub(super) user: UserId,
    /// The purchase that it alone paid, if there was one.
    pub(super) purchase: Option<TransactionId>,
}

/// Where the money of a final deposit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holding {
    /// The deposit, as it was booked.
    pub booked: Booked,
    /// Who has it: the user who was credited with it, whenever that was, or suspense.
    pub of: Beneficiary,
    /// The purchase that it alone paid, if there was one.
    pub purchase: Option<TransactionId>,
}

impl EscrowState {
    /// The refund called `id`.
    #[must_use]
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.get(id)
    }

    /// The last refund of `deposit`.
    #[must_use]
    pub fn refund_of(&self, deposit: &DepositKey) -> Option<&Refund> {
        self.refunds.of(deposit)
    }

    /// Every refund, oldest first.
    pub fn refunds(&self) -> impl DoubleEndedIterator<Item = &Refund> {
        self.refunds.all()
    }

    /// The refunds that operators are to pay, oldest first.
    pub fn refunds_pending(&self) -> impl ExactSizeIterator<Item = RefundId> + '_ {
        self.refunds.pending()
    }

    /// The refunds that wait for a second operator, by deposit.
    pub fn refund_proposals(&self) -> impl Iterator<Item = (DepositKey, &RefundProposal)> {
        self.refunds.proposals()
    }

    /// That `deposit` be sent back, if that waits for a second operator.
    #[must_use]
    pub fn refund_proposal(&self, deposit: &DepositKey) -> Option<&RefundProposal> {
        self.refunds.proposal(deposit)
    }

    /// The name of the next refund.
    #[must_use]
    pub fn next_refund(&self) -> RefundId {
        self.refunds.next_id()
    }

    /// The last refund of each deposit of `tx` that has one.
    pub fn refunds_of(&self, tx: TxKey) -> impl Iterator<Item = &Refund> {
        let deposits = match self.watches.get(&tx).map(|watch| &watch.stage) {
            Some(Stage::Final { deposits, .. }) => deposits.as_slice(),
            Some(
                Stage::Observed
                | Stage::Seen { .. }
                | Stage::Reorged { .. }
                | Stage::Rejected { .. }
                | Stage::DeadLetter { .. }
                | Stage::Dismissed,
            )
            | None => &[],
        };
        let ordinals = deposits.iter().map(|booked| booked.deposit.ordinal);
        ordinals.filter_map(move |ordinal| self.refund_of(&DepositKey { tx, ordinal }))
    }

    /// What may have left custody on `chain` beside what the books say: refunds that are pending, and those that were settled
    /// since `since`.
    pub fn refunds_leaving(&self, chain: ChainId, since: WallClock) -> impl Iterator<Item = &Refund> {
        self.refunds.leaving(chain, since)
    }

    /// Where the money of `deposit` is, if it is final and not on its way back.
    #[must_use]
    pub fn holding(&self, deposit: &DepositKey) -> Option<Holding> {
        let booked = self.booked(deposit)?;
        let (of, purchase) = match booked.deposit.beneficiary {
            Beneficiary::User(_) => (booked.deposit.beneficiary, booked.purchase),
            Beneficiary::Suspense(_) if self.suspense.contains_key(deposit) => {
                (booked.deposit.beneficiary, None)
            }
            Beneficiary::Suspense(_) => {
                let given = self.given.get(deposit)?;
                (Beneficiary::User(given.user), given.purchase)
            }
        };
        let booked = *booked;
        Some(Holding { booked, of, purchase })
    }

    pub(super) fn apply_refund(&mut self, record: &RefundRecord) {
        match record {
            RefundRecord::Proposed {
                deposit,
                to,
                actor,
                at,
            } => {
                let proposal = RefundProposal {
                    to: *to,
                    actor: actor.clone(),
                    at: *at,
                };
                self.refunds.propose(*deposit, proposal);
            }
            RefundRecord::Requested {
                refund,
                deposit,
                to,
                of,
                asset,
                amount,
                transaction,
                at,
            } => self.apply_requested(&Refund {
                id: *refund,
                deposit: *deposit,
                to: *to,
                of: *of,
                asset: *asset,
                amount: *amount,
                transaction: *transaction,
                requested_at: *at,
                stage: RefundStage::Pending,
            }),
            RefundRecord::Settled {
                refund,
                paid_by,
                transaction,
                at,
            } => {
                let stage = RefundStage::Settled {
                    paid_by: *paid_by,
                    transaction: *transaction,
                    at: *at,
                };
                self.refunds.end(*refund, stage);
            }
            RefundRecord::Withdrawn {
                refund,
                transaction,
                at,
            } => {
                let stage = RefundStage::Withdrawn {
                    transaction: *transaction,
                    at: *at,
                };
                let withdrawn = self.refunds.end(*refund, stage);
                self.return_to_suspense(&withdrawn);
            }
        }
    }

    fn apply_requested(&mut self, refund: &Refund) {
        let Some(holding) = self.holding(&refund.deposit) else {
            unreachable!("{} sends back what nobody has", refund.id)
        };
        let found = holding.booked.deposit;
        assert_eq!(
            (refund.of, refund.asset, refund.amount),
            (holding.of, found.asset, found.amount),
            "{} does not send back what was paid, or takes it from somebody else",
            refund.id
        );
        if let Beneficiary::Suspense(_) = refund.of {
            self.leave_suspense(&refund.deposit);
        }
        self.refunds.begin(refund);
    }

    /// What was nobody's is nobody's again.
    fn return_to_suspense(&mut self, withdrawn: &Refund) {
        let (key, Beneficiary::Suspense(reason)) = (withdrawn.deposit, withdrawn.of) else {
            return;
        };
        let Some(booked) = self.booked(&key).copied() else {
            unreachable!("{} was of a deposit that is not final", withdrawn.id)
        };
        let suspended = Suspended { booked, reason };
        self.suspense.insert(key, suspended);
        self.dust.put(key, &suspended);
    }

    fn booked(&self, deposit: &DepositKey) -> Option<&Booked> {
        let Stage::Final { deposits, .. } = &self.watches.get(&deposit.tx)?.stage else {
            return None;
        };
        let mut all = deposits.iter();
        all.find(|booked| booked.deposit.ordinal == deposit.ordinal)
    }
}
