//! Refunds, as operators order them: the money leaves whoever has it, waits, and leaves custody or comes back.
//!
//! Nothing is paid here: a pending refund goes to an operator, who pays it on chain and says so. What a deposit bought is given
//! back in the same transfer, so that what is refunded is the deposit and nothing else; what is spent otherwise is not there
//! to be refunded. A withdrawal reverses that transfer whole.

use alloc::vec;
use alloc::vec::Vec;

use super::orders::ActDone;
use super::{Bank, Effect, Notice, Ours, Record, Refusal};
use crate::escrow::{
    Addresses as _, Beneficiary, DepositKey, EscrowRecord, EscrowState, Holding, Refund, RefundAct,
    RefundRecord, RefundStage,
};
use crate::id::{Address, IdempotencyKey, RefundId, Text, TransactionId, TxHash};
use crate::ledger::{self, AccountKey, Command, Ledger, LedgerRecord, Owner, Transfer};
use crate::machine::Effects;
use crate::money::Amount;

impl Bank {
    /// Does `act`, whose records go before that of the act itself. A refusal leaves no trace.
    pub(super) fn refund(
        &mut self,
        act: &RefundAct,
        actor: &Text,
        fx: &mut Effects<Effect>,
    ) -> Result<ActDone, Refusal> {
        match act {
            RefundAct::Request { deposit, to } => self.request_refund(*deposit, *to, actor, fx),
            RefundAct::Settle { refund, paid_by } => self.settle_refund(*refund, *paid_by, fx),
            RefundAct::Withdraw { refund } => self.withdraw_refund(*refund, fx),
        }
    }

    fn request_refund(
        &mut self,
        deposit: DepositKey,
        to: Address,
        actor: &Text,
        fx: &mut Effects<Effect>,
    ) -> Result<ActDone, Refusal> {
        let (refund, Holding { booked, of, purchase }) = self.refundable(deposit)?;
        let chain = deposit.tx.chain;
        assert_eq!(
            to.family(),
            chain.family(),
            "the edge reads {to} in the words of its chain"
        );
        if Ours(self).recipient(chain, to).is_some() {
            return Err(Refusal::RefundToOurselves);
        }
        let (asset, amount, at) = (booked.deposit.asset, booked.deposit.amount, self.wall);
        let transfers = self.way_out(
            &Transfer {
                debit: owner(of),
                credit: Owner::Refunds,
                asset,
                amount,
            },
            purchase,
        );
        let moved = self.decide_refund("escrow/refund", refund, Command::Post { transfers })?;
        let proposal = self.state.escrow().refund_proposal(&deposit);
        // Another address is another proposal.
        let proposer = proposal.filter(|one| one.to == to).map(|one| &one.actor);
        if !self.may_decide(Some(&[(asset, amount)]), proposer, actor)? {
            let actor = actor.clone();
            let record = RefundRecord::Proposed {
                deposit,
                to,
                actor,
                at,
            };
            self.escrow(EscrowRecord::Refund(record), fx);
            return Ok(ActDone::RefundProposed);
        }
        let transaction = self.move_refund(moved, fx);
        let record = RefundRecord::Requested {
            refund,
            deposit,
            to,
            of,
            asset,
            amount,
            transaction,
            at,
        };
        self.escrow(EscrowRecord::Refund(record), fx);
        self.tell_of_refund(refund, transaction, fx)
    }

    /// Where the money of `deposit` is that is to go back, and the name of the refund.
    fn refundable(&self, deposit: DepositKey) -> Result<(RefundId, Holding), Refusal> {
        let escrow = self.state.escrow();
        match escrow
            .refund_of(&deposit)
            .map(|earlier| (earlier.id, earlier.stage))
        {
            Some((id, RefundStage::Pending | RefundStage::Settled { .. })) => {
                return Err(Refusal::AlreadyRefunded(id));
            }
            Some((_, RefundStage::Withdrawn { .. })) | None => {}
        }
        let holding = escrow.holding(&deposit).ok_or(Refusal::NotCredited)?;
        Ok((escrow.next_refund(), holding))
    }

    /// The movement out, after what undoes the purchase that the deposit paid.
    fn way_out(&self, out: &Transfer, purchase: Option<TransactionId>) -> Vec<Transfer> {
        let bought = purchase.and_then(|id| self.state.ledger().transaction(id));
        let mut transfers: Vec<Transfer> = Vec::new();
        for leg in bought.into_iter().flat_map(|view| view.transfers) {
            let (debit, credit) = (leg.credit, leg.debit);
            transfers.push(Transfer { debit, credit, ..leg });
        }
        transfers.push(*out);
        transfers
    }

    fn settle_refund(
        &mut self,
        id: RefundId,
        paid_by: TxHash,
        fx: &mut Effects<Effect>,
    ) -> Result<ActDone, Refusal> {
        let refund = self.pending_refund(id)?;
        let tx = refund.deposit.tx;
        if paid_by.family() != tx.chain.family() || paid_by == tx.tx {
            return Err(Refusal::NotItsPayment(tx.chain));
        }
        let command = Command::Post {
            transfers: vec![payment(&refund)],
        };
        let moved = self.decide_refund("escrow/refund_settled", id, command)?;
        let transaction = self.move_refund(moved, fx);
        let record = RefundRecord::Settled {
            refund: id,
            paid_by,
            transaction,
            at: self.wall,
        };
        self.escrow(EscrowRecord::Refund(record), fx);
        self.tell_of_refund(id, transaction, fx)
    }

    fn withdraw_refund(&mut self, id: RefundId, fx: &mut Effects<Effect>) -> Result<ActDone, Refusal> {
        let refund = self.pending_refund(id)?;
        let command = Command::Reverse {
            transaction: refund.transaction,
        };
        let moved = self.decide_refund("escrow/refund_withdrawn", id, command)?;
        let transaction = self.move_refund(moved, fx);
        let record = RefundRecord::Withdrawn {
            refund: id,
            transaction,
            at: self.wall,
        };
        self.escrow(EscrowRecord::Refund(record), fx);
        // What is below the minimum may have reached it meanwhile.
        let back = self.state.escrow().holding(&refund.deposit);
        let booked: Vec<_> = back.into_iter().map(|holding| holding.booked).collect();
        self.look_at_dust(refund.deposit.tx, &booked);
        self.tell_of_refund(id, transaction, fx)
    }

    fn pending_refund(&self, id: RefundId) -> Result<Refund, Refusal> {
        let refund = *self.state.escrow().refund(id).ok_or(Refusal::UnknownRefund(id))?;
        match refund.stage {
            RefundStage::Pending => Ok(refund),
            RefundStage::Settled { .. } | RefundStage::Withdrawn { .. } => Err(Refusal::RefundEnded(id)),
        }
    }

    /// What `command` comes to for `refund`, which does `scope` once at most.
    fn decide_refund(
        &self,
        scope: &str,
        refund: RefundId,
        command: Command,
    ) -> Result<(LedgerRecord, TransactionId), Refusal> {
        let key = IdempotencyKey::derive(scope, &refund.number().to_be_bytes());
        self.decide_post(key, command).map_err(|refusal| {
            let is_spent = matches!(
                refusal,
                ledger::Refusal::InsufficientFunds { .. } | ledger::Refusal::BelowMinimum { .. }
            );
            if is_spent {
                Refusal::Spent
            } else {
                Refusal::Ledger(refusal)
            }
        })
    }

    fn tell_of_refund(
        &self,
        refund: RefundId,
        transaction: TransactionId,
        fx: &mut Effects<Effect>,
    ) -> Result<ActDone, Refusal> {
        let moved = self.state.escrow().refund(refund);
        let Refund { deposit, stage, .. } = *moved.ok_or(Refusal::UnknownRefund(refund))?;
        let stage = stage.code();
        self.notice(
            Notice::Refund {
                deposit,
                refund,
                stage,
            },
            fx,
        );
        Ok(ActDone::Refund { refund, transaction })
    }

    fn move_refund(
        &mut self,
        (record, transaction): (LedgerRecord, TransactionId),
        fx: &mut Effects<Effect>,
    ) -> TransactionId {
        self.record(Record::Ledger(record), fx);
        transaction
    }
}

/// The movement of a refund that was paid.
fn payment(refund: &Refund) -> Transfer {
    Transfer {
        debit: Owner::Refunds,
        credit: Owner::Custody(refund.deposit.tx.chain),
        asset: refund.asset,
        amount: refund.amount,
    }
}

/// Whose account has what is refunded.
pub(super) const fn owner(of: Beneficiary) -> Owner {
    match of {
        Beneficiary::User(user) => Owner::User(user),
        Beneficiary::Suspense(_) => Owner::Suspense,
    }
}

/// Audits refunds against the ledger. Walks everything: for checks only.
///
/// # Panics
/// With the invariant that is broken.
pub(super) fn check_refunds(escrow: &EscrowState, ledger: &Ledger) {
    for refund in escrow.refunds() {
        let id = refund.id;
        let Some(taken) = ledger.transaction(refund.transaction) else {
            unreachable!("{id} moved nothing")
        };
        let out = Transfer {
            debit: owner(refund.of),
            credit: Owner::Refunds,
            asset: refund.asset,
            amount: refund.amount,
        };
        assert!(
            taken.transfers.last() == Some(&out),
            "{id} did not take what was paid from whoever had it"
        );
        let (reversal, payments) = match refund.stage {
            RefundStage::Pending => (None, None),
            RefundStage::Withdrawn { transaction, .. } => (Some(transaction), None),
            RefundStage::Settled { transaction, .. } => (None, ledger.transaction(transaction)),
        };
        assert_eq!(
            taken.reversed_by, reversal,
            "{id} came back, or not, as it should not"
        );
        if let Some(paid) = payments {
            assert!(
                paid.transfers == [payment(refund)],
                "{id} left custody otherwise than it was refunded"
            );
        }
    }
    for (AccountKey { owner, asset }, counters) in ledger.accounts() {
        if owner == Owner::Refunds {
            let pending = escrow.refunds_pending().filter_map(|id| escrow.refund(id));
            let mine = pending.filter(|refund| refund.asset == asset);
            let sum = mine.map(|refund| refund.amount.minor()).sum();
            assert_eq!(
                counters.balance(owner).available,
                Amount::from_minor(sum),
                "what is to be refunded in {asset} is not what pending refunds come to"
            );
        }
    }
}
