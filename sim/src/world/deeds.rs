//! What people do: they register, pay, claim, move money and resolve, and repeat themselves until they are answered.

use core::time::Duration;

use plimsoll_core::bank::{Command, Query, Reply};
use plimsoll_core::escrow::{DepositKey, LetterFilter, ReplayPlan, Resolution, TxKey};
use plimsoll_core::id::{IdempotencyKey, RequestId, TransactionId};
use plimsoll_core::ledger::{self, Outcome, Owner, Transfer};
use plimsoll_core::money::Amount;
use plimsoll_core::time::Instant;

use super::World;
use super::clock;
use super::event::{Happening, Sequel};
use super::observe::Observation;
use super::plan::{ClaimPlan, Deed, Fate, Handling, HoldEnd, HoldPlan, Movement, Token};
use super::stats::Part;
use crate::model::assets::minor_units;
use crate::model::chain::Payee;
use crate::model::users::{ANSWER_TIMEOUT, CallIndex, Heard, Message, Purpose, Users};

/// How long a deed waits for an account that it needs.
const ACCOUNT_WAIT: Duration = Duration::from_millis(250);
/// The most dead letters that an operator lists at once.
const DEAD_LETTERS_MAX: usize = 100;
/// How many of them a replay takes in a second.
const REPLAY_RATE: u32 = 10;

impl World<'_> {
    /// A user comes and registers.
    pub(super) fn on_arrival(&mut self, user: u32) {
        let key = self.users.own_key();
        let name = format!("user {user}");
        let command = Command::RegisterUser { key, name };
        self.call(Purpose::Register { user }, Message::Command(command));
    }

    /// A deed begins, or waits for the accounts that it needs.
    pub(super) fn on_deed(&mut self, number: u32) {
        let plan = self.plan;
        let deed = &plan.workload[number as usize];
        let has_begun = match deed {
            Deed::Deposit {
                movements,
                fate,
                delay_blocks,
                ..
            } => self.deposit(number, movements, *fate, *delay_blocks),
            Deed::Transfer {
                from,
                to,
                token,
                amount_milli,
                key,
                hold,
                ..
            } => self.pay(number, (*from, *to), (*token, *amount_milli), *key, *hold),
            Deed::Balances { user, .. } => self.look(*user),
            Deed::RetryDeadLetters { how, .. } => self.handle_dead_letters(*how),
            Deed::Attribute {
                deed, ordinal, user, ..
            } => self.attribute(*deed, *ordinal, *user),
            Deed::Order { order, .. } => self.order(number, *order),
        };
        if has_begun {
            self.outstanding -= 1;
        } else {
            self.schedule.after(ACCOUNT_WAIT, Happening::Deed(number));
        }
    }

    /// A claim is filed, or waits for its user's account.
    pub(super) fn on_claim(&mut self, deed: u32, claim: u32) {
        let Some(ClaimPlan { user, key, .. }) = self.claim_plan(deed, claim) else {
            unreachable!("a claim was scheduled that is not in the plan")
        };
        let (Some(account), Some(tx)) = (self.users.account(user), self.transactions[deed as usize]) else {
            return self
                .schedule
                .after(ACCOUNT_WAIT, Happening::Claim { deed, claim });
        };
        self.outstanding -= 1;
        let command = Command::Claim {
            key: self.key(key),
            user: account.user,
            tx: self.chain.key_of(tx),
        };
        self.call(Purpose::Nothing, Message::Command(command));
    }

    /// A client tries.
    pub(super) fn on_attempt(&mut self, call: CallIndex) {
        let Some(request) = self.users.attempt(call) else {
            return;
        };
        let now = self.schedule.now();
        let delivery = self.wires.users.to_bank.send(now);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.request_sent(request, call.number(), delivery);
        }
        for at in delivery.first.into_iter().chain(delivery.second) {
            self.schedule.at(at, Happening::Request(request));
        }
        self.schedule
            .after(ANSWER_TIMEOUT, Happening::ClientTimeout(request));
    }

    /// A client has waited long enough, or was turned away: `why`, for people.
    pub(super) fn on_failure(&mut self, request: RequestId, why: &str) {
        if let Some((call, pause)) = self.users.on_failure(request) {
            if let Some(scribe) = &mut self.jury.scribe {
                scribe.gave_up(request, why, self.schedule.now().after(pause));
            }
            self.schedule.after(pause, Happening::Attempt(call));
        }
    }

    /// A reply reaches its client.
    pub(super) fn on_reply(&mut self, request: RequestId, reply: &Reply) {
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.reply_arrived(request);
        }
        let delivered = Observation::ReplyDelivered { request, reply };
        self.jury.see(self.schedule.now(), &delivered);
        self.works(|part| matches!(part, Part::Users | Part::Process));
        let heard = self.users.on_reply(request, reply);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.heard(request, reply, matches!(heard, Heard::Settled(_)));
        }
        match heard {
            Heard::Settled(call) => self.follow_up(call, reply),
            Heard::Again(call, pause) => self.schedule.after(pause, Happening::Attempt(call)),
            Heard::Nothing => {}
        }
    }

    /// A payment that was accepted is resolved or reversed.
    pub(super) fn on_resolution(&mut self, deed: u32, transaction: TransactionId, sequel: Sequel) {
        self.outstanding -= 1;
        let Deed::Transfer {
            token, amount_milli, ..
        } = &self.plan.workload[deed as usize]
        else {
            unreachable!("only a payment is resolved")
        };
        let all = minor_units(*amount_milli, token.facts().scale).minor();
        let post = |amount| ledger::Command::PostHold {
            hold: transaction,
            amounts: Some(vec![Amount::from_minor(amount)]),
        };
        let command = match sequel {
            Sequel::Reversal => ledger::Command::Reverse { transaction },
            Sequel::End(HoldEnd::Post) => ledger::Command::PostHold {
                hold: transaction,
                amounts: None,
            },
            Sequel::End(HoldEnd::PostPercent(percent)) => post(all / 100 * i128::from(percent)),
            Sequel::End(HoldEnd::PostExcess) => post(all + 1),
            Sequel::End(HoldEnd::Void) => ledger::Command::VoidHold { hold: transaction },
            Sequel::End(HoldEnd::Abandon) => unreachable!("nothing was to follow"),
        };
        self.transact(Purpose::Nothing, None, command);
    }

    fn deposit(&mut self, number: u32, movements: &[Movement], fate: Fate, delay_blocks: u64) -> bool {
        let accounts = movements.iter().map(|movement| self.users.account(movement.user));
        if accounts.into_iter().any(|account| account.is_none()) {
            return false;
        }
        let Some(index) = self.transactions[number as usize] else {
            unreachable!("a deposit without a transaction")
        };
        let payee = |user| {
            let account = self.users.account(user);
            account.unwrap_or_else(|| unreachable!("the account was there"))
        };
        let now = self.schedule.now();
        let mined_at = self
            .chain
            .send(now, index, (movements, &payee), fate, delay_blocks);
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.submitted(number, &self.chain.key_of(index), movements, (fate, mined_at));
        }
        if let Some(at) = mined_at {
            self.outstanding += 1;
            self.schedule.at(at, Happening::Mine(index));
        }
        true
    }

    fn pay(
        &mut self,
        deed: u32,
        (from, to): (u32, u32),
        (token, amount_milli): (Token, u64),
        key: Option<u64>,
        hold: Option<HoldPlan>,
    ) -> bool {
        let (Some(from), Some(to)) = (self.users.account(from), self.users.account(to)) else {
            return false;
        };
        let now = self.schedule.now();
        let facts = token.facts();
        let transfers = vec![Transfer {
            debit: Owner::User(from.user),
            credit: Owner::User(to.user),
            asset: facts.id,
            amount: minor_units(amount_milli, facts.scale),
        }];
        let command = match hold {
            None => ledger::Command::Post { transfers },
            Some(hold) => ledger::Command::Hold {
                transfers,
                expires_at: hold
                    .expires_after_ms
                    .map(|ms| clock::true_date(now).after(Duration::from_millis(ms))),
            },
        };
        self.transact(Purpose::Pay { deed }, key, command);
        true
    }

    fn look(&mut self, user: u32) -> bool {
        let Some(account) = self.users.account(user) else {
            return false;
        };
        self.call(Purpose::Nothing, Message::Query(Query::Balances(account.user)));
        true
    }

    fn handle_dead_letters(&mut self, how: Handling) -> bool {
        let (purpose, message) = match how {
            Handling::Retry | Handling::DryRun | Handling::Dismiss => {
                let query = Query::DeadLetters {
                    filter: LetterFilter::default(),
                    after: None,
                    limit: DEAD_LETTERS_MAX,
                };
                (Purpose::ListDeadLetters { how }, Message::Query(query))
            }
            Handling::Replay => {
                let plan = ReplayPlan {
                    only: None,
                    filter: LetterFilter::default(),
                    rate: REPLAY_RATE,
                    stop_after: None,
                    stop_at: None,
                };
                let command = Command::ReplayDeadLetters {
                    plan: Box::new(plan),
                    actor: "operator".to_owned(),
                    reason: "the plan says so".to_owned(),
                };
                (Purpose::Nothing, Message::Command(command))
            }
        };
        self.call(purpose, message);
        true
    }

    /// Does `how` about the dead letter `tx`, which was listed.
    fn handle_dead_letter(&mut self, how: Handling, tx: TxKey) {
        let resolve = |resolution, actor: &str| {
            Message::Command(Command::ResolveDeadLetter {
                tx,
                resolution,
                actor: actor.to_owned(),
                reason: "the plan says so".to_owned(),
            })
        };
        let messages = match how {
            Handling::Retry => vec![resolve(Resolution::Retry, "operator")],
            Handling::DryRun => vec![Message::Query(Query::DryRun(tx))],
            Handling::Dismiss => vec![
                resolve(Resolution::Dismiss, "operator"),
                resolve(Resolution::Dismiss, "another operator"),
            ],
            Handling::Replay => Vec::new(),
        };
        for message in messages {
            self.call(Purpose::Nothing, message);
        }
    }

    fn attribute(&mut self, deed: u32, ordinal: u32, user: u32) -> bool {
        let (Some(account), Some(index)) = (self.users.account(user), self.transactions[deed as usize])
        else {
            return false;
        };
        let tx = self.chain.key_of(index);
        let deposit = DepositKey { tx, ordinal };
        let command = Command::AttributeSuspense {
            deposit,
            user: account.user,
            actor: "operator".to_owned(),
            reason: "the plan says so".to_owned(),
        };
        self.call(Purpose::Attribute { deposit }, Message::Command(command));
        true
    }

    /// What a client does once it was answered for good.
    fn follow_up(&mut self, call: CallIndex, reply: &Reply) {
        match (self.users.purpose(call), reply) {
            (
                Purpose::Register { user },
                Reply::User {
                    user: id, addresses, ..
                },
            ) => {
                let here = self.chain.chain_id();
                let address = addresses.iter().find(|(chain, _)| *chain == here);
                let Some((_, address)) = address else {
                    unreachable!("{id} got no address on {here}")
                };
                let account = Payee {
                    user: *id,
                    address: *address,
                };
                self.users.open_account(user, account);
                if let Some(scribe) = &mut self.jury.scribe {
                    scribe.opened(user, &account);
                }
            }
            (
                Purpose::Pay { deed },
                Reply::Outcome {
                    outcome: Outcome::Accepted(transaction),
                    ..
                },
            ) => self.schedule_resolutions(deed, *transaction),
            (Purpose::ListDeadLetters { how }, Reply::DeadLetters(page)) => {
                for view in &page.letters {
                    self.handle_dead_letter(how, view.tx);
                }
            }
            (Purpose::Order { deed }, Reply::Administered { done, .. }) => self.on_ordered(deed, *done),
            // Refusals and conflicts are answers too, and nothing follows from the others.
            (
                Purpose::Register { .. }
                | Purpose::Pay { .. }
                | Purpose::ListDeadLetters { .. }
                | Purpose::Attribute { .. }
                | Purpose::Order { .. }
                | Purpose::Nothing,
                _,
            ) => {}
        }
    }

    fn schedule_resolutions(&mut self, deed: u32, transaction: TransactionId) {
        let Deed::Transfer {
            hold, reverse_at_ms, ..
        } = &self.plan.workload[deed as usize]
        else {
            unreachable!("only a payment is resolved")
        };
        let ends = hold.iter().flat_map(|hold| {
            let ends = [Some(hold.end), hold.also].into_iter().flatten();
            ends.map(move |end| (hold.end_at_ms, end))
        });
        let ends = ends.filter(|(_, end)| *end != HoldEnd::Abandon);
        let ends = ends.map(|(ms, end)| (ms, Sequel::End(end)));
        let reversed = reverse_at_ms.map(|ms| (ms, Sequel::Reversal));
        for (ms, sequel) in ends.chain(reversed) {
            self.outstanding += 1;
            let what = Happening::Resolution {
                deed,
                transaction,
                sequel,
            };
            self.schedule.at(Instant::from_nanos(ms * 1_000_000), what);
        }
    }

    fn transact(&mut self, purpose: Purpose, key: Option<u64>, command: ledger::Command) {
        let key = self.key(key);
        let request = ledger::Request { key, command };
        self.call(purpose, Message::Command(Command::Transact(request)));
    }

    pub(super) fn call(&mut self, purpose: Purpose, message: Message) {
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.wanted(purpose, &message, self.plan);
        }
        let call = self.users.call(purpose, message);
        self.on_attempt(call);
    }

    fn key(&self, number: Option<u64>) -> IdempotencyKey {
        number.map_or_else(|| self.users.own_key(), Users::shared_key)
    }

    fn claim_plan(&self, deed: u32, claim: u32) -> Option<ClaimPlan> {
        match self.plan.workload.get(deed as usize)? {
            Deed::Deposit { claims, .. } => claims.get(claim as usize).copied(),
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => None,
        }
    }
}
