//! What people want done.

use alloc::vec::Vec;

use super::{Bank, Command, Effect, Record, Refusal, Reply};
use crate::escrow::{DepositKey, EscrowRecord, TxKey, deposit_address};
use crate::id::{Address, AssetId, ChainId, IdempotencyKey, RequestId, Text, UserId};
use crate::ledger::{self, Ledger, LedgerRecord, Owner, Request, Rules, Transfer, Verdict};
use crate::limits::{OPEN_CLAIMS_PER_USER_MAX, TEXT_BYTES_MAX};
use crate::machine::Effects;

impl Bank {
    pub(super) fn on_command(&mut self, request: RequestId, command: Command, fx: &mut Effects<Effect>) {
        let reply = match command {
            Command::RegisterUser { key, name } => self.register(key, name, fx),
            Command::Claim { key, user, tx } => self.claim(key, user, tx, fx),
            Command::Transact(wanted) => self.transact(wanted, fx),
            Command::ResolveDeadLetter {
                tx,
                resolution,
                actor,
                reason,
            } => self.resolve(tx, resolution, actor, reason, fx),
            Command::ReplayDeadLetters { plan, actor, reason } => self.begin_replay(*plan, actor, reason, fx),
            Command::CancelReplay {
                replay,
                actor,
                reason,
            } => self.cancel_replay(replay, actor, reason, fx),
            Command::Report(report) => self.on_report(*report, fx),
            Command::AttributeSuspense {
                deposit,
                user,
                actor,
                reason,
            } => self.attribute_suspense(deposit, user, actor, reason, fx),
            Command::Administer {
                key,
                act,
                actor,
                reason,
            } => self.administer(key, act, actor, reason, fx),
        };
        self.reply(request, reply.unwrap_or_else(Reply::Refused), fx);
    }

    fn register(
        &mut self,
        key: IdempotencyKey,
        name: Text,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        check_text("name", &name)?;
        if let Some(user) = self.state.user_by_key(&key) {
            let same = self.state.user(user).is_some_and(|known| known.name == name);
            return if same {
                self.user_reply(user, true)
            } else {
                Ok(Reply::Conflict { field: "name" })
            };
        }
        self.check_takes_in()?;
        let user = self.state.next_user();
        let address =
            |chain: &crate::escrow::ChainConfig| (chain.id, deposit_address(&chain.addresses, user));
        let addresses: Vec<(ChainId, Address)> = self.config.escrow.chains.iter().map(address).collect();
        let enabled = self.config.registry.assets().filter(|asset| asset.enabled);
        let assets: Vec<AssetId> = enabled.map(|asset| asset.id).collect();
        self.record(
            Record::UserRegistered {
                user,
                key,
                name,
                addresses,
                at: self.wall,
            },
            fx,
        );
        self.record(Record::Ledger(LedgerRecord::AccountsOpened { user, assets }), fx);
        self.user_reply(user, false)
    }

    fn claim(
        &mut self,
        key: IdempotencyKey,
        user: UserId,
        tx: TxKey,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        if let Some(earlier) = self.state.escrow().claim_by_key(&key) {
            let field = match (
                earlier.user == user,
                earlier.tx.chain == tx.chain,
                earlier.tx.tx == tx.tx,
            ) {
                (true, true, true) => return self.claim_reply(earlier.id, true),
                (false, _, _) => "user",
                (true, false, _) => "chain",
                (true, true, false) => "tx",
            };
            return Ok(Reply::Conflict { field });
        }
        self.state.user(user).ok_or(Refusal::UnknownUser(user))?;
        self.check_chain(tx.chain)?;
        assert_eq!(
            tx.tx.family(),
            tx.chain.family(),
            "the edge reads {tx:?} in the words of its chain"
        );
        if let Some(earlier) = self.state.escrow().claim_of(user, tx) {
            return self.claim_reply(earlier.id, true);
        }
        self.check_takes_in()?;
        if self.state.escrow().open_claims(user, OPEN_CLAIMS_PER_USER_MAX) >= OPEN_CLAIMS_PER_USER_MAX {
            return Err(Refusal::TooManyClaims);
        }
        let claim = self.state.escrow().next_claim();
        self.escrow(
            EscrowRecord::ClaimFiled {
                claim,
                key,
                user,
                tx,
                at: self.wall,
            },
            fx,
        );
        if self
            .state
            .escrow()
            .watch(tx)
            .is_some_and(|watch| watch.stage.is_open())
        {
            self.watch(tx);
        }
        self.claim_reply(claim, false)
    }

    fn transact(&mut self, wanted: Request, fx: &mut Effects<Effect>) -> Result<Reply, Refusal> {
        self.check_permitted(&wanted.command)?;
        let is_new = match &wanted.command {
            ledger::Command::Post { .. } | ledger::Command::Hold { .. } | ledger::Command::Reverse { .. } => {
                true
            }
            // A hold that is resolved is open work that ends.
            ledger::Command::PostHold { .. } | ledger::Command::VoidHold { .. } => false,
        };
        let verdict = self
            .state
            .ledger()
            .decide(Rules::Registered(&self.config.registry), self.wall, wanted);
        match verdict {
            Verdict::Fresh(record) => {
                if is_new {
                    self.check_takes_in()?;
                }
                let Some(outcome) = Ledger::outcome_of(&record) else {
                    unreachable!("a request was not answered")
                };
                self.record(Record::Ledger(record), fx);
                Ok(Reply::Outcome {
                    outcome,
                    replayed: false,
                })
            }
            Verdict::Frozen(outcome) => Ok(Reply::Outcome {
                outcome,
                replayed: true,
            }),
            Verdict::Conflict { field } => Ok(Reply::Conflict {
                field: field.as_str(),
            }),
        }
    }

    /// People move users' money: from users, to users or to fees. Custody, suspense, treasury and issuance move by
    /// the escrow alone, and its holds and postings are not theirs to resolve or reverse.
    fn check_permitted(&self, command: &ledger::Command) -> Result<(), Refusal> {
        match command {
            ledger::Command::Post { transfers } | ledger::Command::Hold { transfers, .. } => transfers
                .iter()
                .try_for_each(|transfer| self.check_transfer(transfer)),
            ledger::Command::PostHold { hold: id, .. }
            | ledger::Command::VoidHold { hold: id }
            | ledger::Command::Reverse { transaction: id } => {
                let Some(view) = self.state.ledger().transaction(*id) else {
                    return Ok(());
                };
                view.transfers
                    .iter()
                    .try_for_each(|transfer| self.check_transfer(transfer))
            }
        }
    }

    fn check_transfer(&self, transfer: &Transfer) -> Result<(), Refusal> {
        match (transfer.debit, transfer.credit) {
            (Owner::User(payer), Owner::User(payee)) => {
                self.check_user(payer)?;
                self.check_user(payee)
            }
            (Owner::User(payer), Owner::Fees) => self.check_user(payer),
            (
                Owner::User(_)
                | Owner::Custody(_)
                | Owner::Suspense
                | Owner::Treasury
                | Owner::Issuance
                | Owner::Fees
                | Owner::Refunds,
                _,
            ) => Err(Refusal::NotPermitted),
        }
    }

    pub(super) fn check_chain(&self, chain: ChainId) -> Result<(), Refusal> {
        if self.config.escrow.has_chain(chain) {
            Ok(())
        } else {
            Err(Refusal::UnknownChain(chain))
        }
    }

    fn check_user(&self, user: UserId) -> Result<(), Refusal> {
        self.state
            .user(user)
            .map(|_| ())
            .ok_or(Refusal::UnknownUser(user))
    }

    fn attribute_suspense(
        &mut self,
        deposit: DepositKey,
        user: UserId,
        actor: Text,
        reason: Text,
        fx: &mut Effects<Effect>,
    ) -> Result<Reply, Refusal> {
        check_text("actor", &actor)?;
        check_text("reason", &reason)?;
        self.check_user(user)?;
        let suspended = self
            .state
            .escrow()
            .suspended(&deposit)
            .ok_or(Refusal::NotInSuspense)?;
        let found = suspended.booked.deposit;
        let attributed = self.attribute(deposit, user, &found, fx);
        let (transaction, purchase) = attributed.map_err(Refusal::Ledger)?;
        let at = self.wall;
        self.escrow(
            EscrowRecord::SuspenseAttributed {
                deposit,
                user,
                transaction,
                purchase,
                actor,
                reason,
                at,
            },
            fx,
        );
        Ok(Reply::Done)
    }
}

pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), Refusal> {
    if (1..=TEXT_BYTES_MAX).contains(&text.len()) {
        Ok(())
    } else {
        Err(Refusal::Text { field })
    }
}
