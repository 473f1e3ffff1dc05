//! What a deposit does to the ledger: held while seen, posted once final, and then spent on its product.
//!
//! Every posting carries a key derived from the deposit, so the ledger itself refuses to do one twice: exactly-once
//! is held here and, independently, there.

use alloc::collections::BTreeMap;
use alloc::vec;

use super::{Bank, Effect, Record};
use crate::escrow::{Beneficiary, Booked, Deposit, DepositKey, Product, SuspenseReason};
use crate::id::{AssetId, IdempotencyKey, TransactionId, UserId};
use crate::ledger::{self, Command, Ledger, LedgerRecord, Outcome, Owner, Request, Rules, Transfer, Verdict};
use crate::machine::Effects;
use crate::money::Amount;

impl Bank {
    /// Whether the ledger can count all of `deposits` on top of everything that it ever counted: each as it comes, and
    /// once more as it is spent on its product.
    pub(super) fn can_count(&self, deposits: &[Deposit]) -> bool {
        let mut sums: BTreeMap<AssetId, Amount> = BTreeMap::new();
        deposits.iter().all(|deposit| {
            let sum = sums.entry(deposit.asset).or_insert_with(|| {
                let totals = self.state.ledger().totals(deposit.asset);
                totals
                    .debits_posted
                    .plus(totals.debits_pending)
                    .unwrap_or(Amount::MAX)
            });
            let after = sum
                .plus(deposit.amount)
                .and_then(|came| came.plus(deposit.amount));
            after.map(|after| *sum = after).is_ok()
        })
    }

    /// Holds a seen deposit: its owner sees it, locked. What is nobody's is not held.
    pub(super) fn hold(
        &mut self,
        key: DepositKey,
        sighting: u32,
        deposit: Deposit,
        fx: &mut Effects<Effect>,
    ) -> Booked {
        let transaction = match deposit.beneficiary {
            Beneficiary::User(user) => {
                let transfers = vec![received(key, &deposit, Owner::User(user))];
                let command = Command::Hold {
                    transfers,
                    expires_at: None,
                };
                accepted(self.post(posting_key("escrow/hold", key, sighting), command, fx))
            }
            Beneficiary::Suspense(_) => None,
        };
        Booked {
            deposit,
            transaction,
            purchase: None,
        }
    }

    /// Gives up the holds of a sighting.
    pub(super) fn void(&mut self, key: DepositKey, sighting: u32, booked: &Booked, fx: &mut Effects<Effect>) {
        if let Some(hold) = booked.transaction {
            let outcome = self.post(
                posting_key("escrow/void", key, sighting),
                Command::VoidHold { hold },
                fx,
            );
            assert_eq!(
                outcome,
                Outcome::Accepted(hold),
                "the hold of {key:?} was not there to void"
            );
        }
    }

    /// Posts a final deposit: from its hold if it has one, to suspense if its owner's account cannot take it.
    pub(super) fn credit(
        &mut self,
        key: DepositKey,
        mut deposit: Deposit,
        hold: Option<TransactionId>,
        fx: &mut Effects<Effect>,
    ) -> Booked {
        assert!(
            self.state.escrow().posting(&key).is_none(),
            "{key:?} is about to be posted twice"
        );
        if let Beneficiary::User(user) = deposit.beneficiary {
            let command = match hold {
                Some(hold) => Command::PostHold { hold, amounts: None },
                None => Command::Post {
                    transfers: vec![received(key, &deposit, Owner::User(user))],
                },
            };
            let outcome = self.post(posting_key("escrow/credit", key, 0), command, fx);
            if let Some(transaction) = accepted(outcome) {
                let purchase = self.purchase(key, user, deposit.asset, deposit.amount, fx);
                return Booked {
                    deposit,
                    transaction: Some(transaction),
                    purchase,
                };
            }
            if let Some(hold) = hold {
                let given_up = Command::VoidHold { hold };
                let outcome = self.post(posting_key("escrow/unhold", key, 0), given_up, fx);
                assert_eq!(
                    outcome,
                    Outcome::Accepted(hold),
                    "the hold of {key:?} can neither be posted nor voided"
                );
            }
            deposit.beneficiary = Beneficiary::Suspense(SuspenseReason::AccountLimit);
        }
        let command = Command::Post {
            transfers: vec![received(key, &deposit, Owner::Suspense)],
        };
        let outcome = self.post(posting_key("escrow/suspense", key, 0), command, fx);
        let Some(transaction) = accepted(outcome) else {
            unreachable!("suspense refused {key:?}: {outcome:?}")
        };
        Booked {
            deposit,
            transaction: Some(transaction),
            purchase: None,
        }
    }

    /// Moves a deposit out of suspense to its owner, and spends it. A refusal (an account that is full) leaves no
    /// trace: the operator may try again once the reason is gone.
    pub(super) fn attribute(
        &mut self,
        key: DepositKey,
        user: UserId,
        deposit: &Deposit,
        fx: &mut Effects<Effect>,
    ) -> Result<(TransactionId, Option<TransactionId>), ledger::Refusal> {
        self.release("escrow/attribute", key, (user, deposit.asset, deposit.amount), fx)
    }

    /// Moves money out of suspense to a user, under a key that `scope` derives from `key`, and spends it as a deposit. A
    /// refusal leaves no trace.
    pub(super) fn release(
        &mut self,
        scope: &str,
        key: DepositKey,
        (user, asset, amount): (UserId, AssetId, Amount),
        fx: &mut Effects<Effect>,
    ) -> Result<(TransactionId, Option<TransactionId>), ledger::Refusal> {
        let transfer = Transfer {
            debit: Owner::Suspense,
            credit: Owner::User(user),
            asset,
            amount,
        };
        let command = Command::Post {
            transfers: vec![transfer],
        };
        let (record, transaction) = self.decide_post(posting_key(scope, key, 0), command)?;
        self.record(Record::Ledger(record), fx);
        Ok((transaction, self.purchase(key, user, asset, amount, fx)))
    }

    /// What a request of our own comes to, which the ledger may refuse: then nothing happened, and it may be asked again.
    pub(super) fn decide_post(
        &self,
        key: IdempotencyKey,
        command: Command,
    ) -> Result<(LedgerRecord, TransactionId), ledger::Refusal> {
        let request = Request { key, command };
        let record = match self.state.ledger().decide(Rules::Internal, self.wall, request) {
            Verdict::Fresh(record) => record,
            verdict @ (Verdict::Frozen(_) | Verdict::Conflict { .. }) => {
                unreachable!("{key:?} was posted before: {verdict:?}")
            }
        };
        match Ledger::outcome_of(&record) {
            Some(Outcome::Accepted(transaction)) => Ok((record, transaction)),
            Some(Outcome::Refused(refusal)) => Err(refusal),
            None => unreachable!("a request was not answered"),
        }
    }

    /// Buys the product of what was deposited. Units are rounded down and their cost up, so the cost is never more
    /// than the deposit; what is left over stays with the user in the asset paid.
    fn purchase(
        &mut self,
        key: DepositKey,
        user: UserId,
        pays: AssetId,
        paid: Amount,
        fx: &mut Effects<Effect>,
    ) -> Option<TransactionId> {
        let Product { gives, price, .. } = self
            .config
            .escrow
            .products
            .iter()
            .copied()
            .find(|one| one.pays == pays)?;
        self.config.registry.asset(gives).filter(|asset| asset.enabled)?;
        let units = paid.scaled_down(price).ok().filter(|units| units.is_positive())?;
        let cost = units.unscaled_up(price).ok()?;
        assert!(
            cost.is_positive() && cost <= paid,
            "{units:?} of {gives} cost {cost:?}, more than was paid"
        );
        let transfers = vec![
            Transfer {
                debit: Owner::User(user),
                credit: Owner::Treasury,
                asset: pays,
                amount: cost,
            },
            Transfer {
                debit: Owner::Issuance,
                credit: Owner::User(user),
                asset: gives,
                amount: units,
            },
        ];
        accepted(self.post(
            posting_key("escrow/purchase", key, 0),
            Command::Post { transfers },
            fx,
        ))
    }

    /// Puts a request of our own to the ledger.
    fn post(&mut self, key: IdempotencyKey, command: Command, fx: &mut Effects<Effect>) -> Outcome {
        let request = Request { key, command };
        match self.state.ledger().decide(Rules::Internal, self.wall, request) {
            Verdict::Fresh(record) => {
                let Some(outcome) = Ledger::outcome_of(&record) else {
                    unreachable!("a request was not answered")
                };
                self.record(Record::Ledger(record), fx);
                outcome
            }
            Verdict::Frozen(outcome) => unreachable!("{key:?} was posted before: {outcome:?}"),
            Verdict::Conflict { field } => {
                unreachable!("{key:?} was posted otherwise: {field:?}")
            }
        }
    }
}

/// What came in on chain, on its way from custody to `to`.
fn received(key: DepositKey, deposit: &Deposit, to: Owner) -> Transfer {
    let debit = Owner::Custody(key.tx.chain);
    Transfer {
        debit,
        credit: to,
        asset: deposit.asset,
        amount: deposit.amount,
    }
}

const fn accepted(outcome: Outcome) -> Option<TransactionId> {
    match outcome {
        Outcome::Accepted(transaction) => Some(transaction),
        Outcome::Refused(_) => None,
    }
}

/// The key of one posting of one deposit.
fn posting_key(scope: &str, key: DepositKey, number: u32) -> IdempotencyKey {
    let name = [
        &key.tx.chain.number().to_be_bytes(),
        key.tx.tx.bytes(),
        &key.ordinal.to_be_bytes(),
        &number.to_be_bytes(),
    ];
    IdempotencyKey::derive(scope, &name.concat())
}
