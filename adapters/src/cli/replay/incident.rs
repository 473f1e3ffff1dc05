//! [`Incident`]: what a replay sees, gathered as a scenario, so that an incident can be run again in the simulator, changed
//! and shrunk.
//!
//! A recording holds what the bank was told, and a scenario what the world did. So a claim, a transfer and a retry become
//! deeds of their time; a transaction is paid when the bank first heard of it, as what it turned out to be; answers that
//! did not come become faults of their endpoint while nothing else came; the journal's become faults of the store; and
//! a life that ended becomes a crash. What a recording cannot tell (blocks, latencies) is up to the scenario's seed. A
//! scenario has one chain and its own four assets: what is on other chains, and transfers with the house, are left out and
//! counted.

mod orders;
mod trouble;

use std::collections::BTreeMap;

use plimsoll_core::bank::{Act, BankConfig, Command, Effect, Event, Input, Record, Reply, State};
use plimsoll_core::escrow::{Booked, DeadLetterReason, EscrowRecord, Reason, Resolution, TxKey};
use plimsoll_core::id::{AssetId, Family, TransactionId, UserId};
use plimsoll_core::ledger::{self, Outcome, Owner, Transfer};
use plimsoll_core::machine::Intent;
use plimsoll_core::money::Amount;
use plimsoll_core::time::WallClock;
use plimsoll_sim::fault::{ChainFault, Fault};
use plimsoll_sim::scenario::{Expanded, Origin};
use plimsoll_sim::world::observe::Observation;
use plimsoll_sim::world::plan::{
    ChainKind, ClaimPlan, Deed, EndpointPlan, Fate, Handling, HoldEnd, HoldPlan, LinkPlan, Movement, Plan,
    PlanError, QuotaPlan, ScheduledFault, Shape, Token,
};

use crate::recorder::{Answered, Opening};
use orders::Orders;
use trouble::Troubles;

/// The time before the first thing that was recorded: users register, and what they had is paid to them.
const PRELUDE_MS: u64 = 3_000;
/// How long a scenario goes on after the last thing that was recorded.
const AFTERMATH_MS: u64 = 1_000;
/// The largest amount of a movement, in thousandths.
const AMOUNT_MILLI_MAX: u64 = 1_000_000_000_000;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Incident {
    config: Option<BankConfig>,
    began: Option<WallClock>,
    /// The number of the life that is played.
    life: u64,
    /// The last moment, in milliseconds of the scenario.
    now_ms: u64,
    /// Deeds of people, and for those that can be referred to, their places by the transaction that they made.
    deeds: Vec<Deed>,
    made: BTreeMap<TransactionId, usize>,
    payments: BTreeMap<TxKey, Payment>,
    troubles: Troubles,
    orders: Orders,
    faults: Vec<ScheduledFault>,
    scales: BTreeMap<AssetId, u8>,
    users: usize,
    /// What could not be said as a deed.
    left_out: u64,
}

/// What is known of a transaction on the chain.
#[derive(Debug)]
struct Payment {
    first_ms: u64,
    claims: Vec<ClaimPlan>,
    deposits: Vec<Booked>,
    rejected: Option<Reason>,
    is_unseen: bool,
}

impl Incident {
    /// A life begins at `opening`, or goes on there after a gap, with what `state` holds.
    pub(super) fn begin(&mut self, opening: &Opening, state: &State) {
        let is_another = core::mem::replace(&mut self.life, opening.life()) != opening.life();
        if let Some(began) = self.began {
            let up_ms = ms_after(began, opening.wall).max(self.now_ms + 1);
            if is_another {
                self.troubles.crash(self.now_ms, up_ms);
            }
            self.now_ms = up_ms;
            return;
        }
        self.config = Some(opening.config.clone());
        self.began = Some(opening.wall);
        self.now_ms = PRELUDE_MS;
        self.note(state);
        for (account, counters) in state.ledger().accounts() {
            let balance = counters.balance(account.owner).available;
            if let (Owner::User(user), Some(token)) = (account.owner, on_chain(account.asset))
                && balance > Amount::ZERO
            {
                let amount = self.milli(account.asset, balance);
                self.deeds.push(Deed::payment(500, place(user), token, amount));
            }
        }
    }

    /// Takes in how many users and which assets there are.
    pub(super) fn note(&mut self, state: &State) {
        self.users = state.users().len();
        let assets = state.ledger().accounts().map(|(account, _)| account.asset);
        let scales = assets.filter_map(|asset| Some((asset, state.scale(asset)?)));
        self.scales.extend(scales);
    }

    /// Takes in what the bank was told, and what it made of it.
    pub(super) fn see(&mut self, seen: &Observation<'_>) {
        if let Observation::Handled { input, effects, bank } = seen {
            self.handled(input, effects);
            if bank.state().users().len() != self.users {
                self.note(bank.state());
            }
        }
    }

    /// Takes in what the journal answered.
    pub(super) fn answered(&mut self, answer: Answered) {
        self.troubles.journal(self.now_ms, answer);
    }

    fn handled(&mut self, input: &Input, effects: &[Effect]) {
        if let Some(began) = self.began {
            self.now_ms = ms_after(began, input.wall).max(self.now_ms);
        }
        match &input.event {
            Event::Command { command, .. } => self.command(command, effects),
            Event::Answered { call, outcome } => {
                self.troubles.answer(self.now_ms, *call, outcome.as_ref().err())
            }
            Event::Tick | Event::Query { .. } | Event::Queued { .. } => {}
        }
        for effect in effects {
            match effect {
                Intent::Act(Act::Ask { call, endpoint, .. }) => {
                    self.troubles.ask(self.now_ms, *call, *endpoint);
                }
                Intent::Record(Record::Escrow(record)) => self.record(record),
                Intent::Record(Record::Administered { act, .. }) => self.orders.note(self.now_ms, act),
                Intent::Act(_) | Intent::Record(_) => {}
            }
        }
    }

    fn command(&mut self, command: &Command, effects: &[Effect]) {
        let at_ms = self.now_ms;
        match command {
            Command::Claim { user, tx, .. } => {
                let user = place(*user);
                let claim = ClaimPlan {
                    at_ms,
                    user,
                    key: None,
                };
                self.payment(*tx).claims.push(claim);
            }
            Command::Transact(request) => self.transact(&request.command, accepted(effects)),
            Command::ResolveDeadLetter {
                resolution: Resolution::Retry,
                ..
            } => self.handle_dead_letters(at_ms, Handling::Retry),
            Command::ReplayDeadLetters { .. } => self.handle_dead_letters(at_ms, Handling::Replay),
            // Users are there from the beginning, workers do what the plan's do; an order is told by its record; what else an
            // operator decides has no deed.
            Command::RegisterUser { .. } | Command::Report(_) | Command::Administer { .. } => {}
            Command::ResolveDeadLetter { .. }
            | Command::CancelReplay { .. }
            | Command::AttributeSuspense { .. } => self.left_out += 1,
        }
    }

    fn transact(&mut self, command: &ledger::Command, made: Option<TransactionId>) {
        let at_ms = self.now_ms;
        match command {
            ledger::Command::Post { transfers } => self.transfer(transfers, None, made),
            ledger::Command::Hold { transfers, .. } => {
                let hold = HoldPlan {
                    expires_after_ms: None,
                    end_at_ms: at_ms,
                    end: HoldEnd::Abandon,
                    also: None,
                };
                self.transfer(transfers, Some(hold), made);
            }
            ledger::Command::PostHold { hold, amounts } => {
                let end = amounts
                    .as_ref()
                    .map_or(HoldEnd::Post, |_| HoldEnd::PostPercent(50));
                self.end_hold(*hold, end);
            }
            ledger::Command::VoidHold { hold } => self.end_hold(*hold, HoldEnd::Void),
            ledger::Command::Reverse { transaction } => match self.deed_of(*transaction) {
                Some(Deed::Transfer { reverse_at_ms, .. }) => *reverse_at_ms = Some(at_ms),
                _ => self.left_out += 1,
            },
        }
    }

    fn transfer(&mut self, transfers: &[Transfer], hold: Option<HoldPlan>, made: Option<TransactionId>) {
        for transfer in transfers {
            let (Owner::User(from), Owner::User(to)) = (transfer.debit, transfer.credit) else {
                self.left_out += 1;
                continue;
            };
            if let Some(made) = made {
                self.made.insert(made, self.deeds.len());
            }
            self.deeds.push(Deed::Transfer {
                at_ms: self.now_ms,
                from: place(from),
                to: place(to),
                token: token(transfer.asset),
                amount_milli: self.milli(transfer.asset, transfer.amount),
                key: None,
                hold,
                reverse_at_ms: None,
            });
        }
    }

    fn end_hold(&mut self, hold: TransactionId, how: HoldEnd) {
        let at_ms = self.now_ms;
        match self.deed_of(hold) {
            Some(Deed::Transfer { hold: Some(plan), .. }) => {
                (plan.end_at_ms, plan.end) = (at_ms, how);
            }
            _ => self.left_out += 1,
        }
    }

    fn handle_dead_letters(&mut self, at_ms: u64, how: Handling) {
        self.deeds.push(Deed::RetryDeadLetters { at_ms, how });
    }

    fn deed_of(&mut self, made: TransactionId) -> Option<&mut Deed> {
        let place = *self.made.get(&made)?;
        self.deeds.get_mut(place)
    }

    fn record(&mut self, record: &EscrowRecord) {
        let at_ms = self.now_ms;
        match record {
            EscrowRecord::Seen { tx, deposits, .. } | EscrowRecord::Final { tx, deposits, .. } => {
                self.payment(*tx).deposits.clone_from(deposits);
            }
            EscrowRecord::Rejected { tx, reason, .. } => self.payment(*tx).rejected = Some(*reason),
            EscrowRecord::DeadLettered { tx, reason, .. } => {
                self.payment(*tx).is_unseen = *reason == DeadLetterReason::Unseen;
            }
            EscrowRecord::Reorged { .. } => self.faults.push(ScheduledFault {
                after: None,
                from_ms: at_ms,
                until_ms: Some(at_ms + 1),
                fault: Fault::Chain {
                    fault: ChainFault::Reorg {
                        depth: 1,
                        vanish_percent: 0,
                    },
                },
            }),
            EscrowRecord::ClaimFiled { .. }
            | EscrowRecord::Scanned { .. }
            | EscrowRecord::DeadLetterResolved { .. }
            | EscrowRecord::DeadLetterDetailed { .. }
            | EscrowRecord::DismissalProposed { .. }
            | EscrowRecord::DeadLetterReopened { .. }
            | EscrowRecord::ReplayBegan { .. }
            | EscrowRecord::DeadLetterReplayed { .. }
            | EscrowRecord::ReplayEnded { .. }
            | EscrowRecord::ReplayCancelled { .. }
            | EscrowRecord::DustCredited { .. }
            | EscrowRecord::Refund(_)
            | EscrowRecord::SuspenseAttributed { .. } => {}
        }
    }

    fn payment(&mut self, tx: TxKey) -> &mut Payment {
        let first_ms = self.now_ms;
        self.payments.entry(tx).or_insert_with(|| Payment {
            first_ms,
            claims: Vec::new(),
            deposits: Vec::new(),
            rejected: None,
            is_unseen: false,
        })
    }

    fn milli(&self, asset: AssetId, amount: Amount) -> u64 {
        let scale = self.scales.get(&asset).copied().unwrap_or(0);
        let milli = amount.minor().saturating_mul(1_000) / 10_i128.saturating_pow(scale.into());
        u64::try_from(milli).unwrap_or(0).clamp(1, AMOUNT_MILLI_MAX)
    }

    /// The scenario, and how much is not in it.
    ///
    /// # Errors
    /// What is wrong with it: the recording is of a world that no scenario describes.
    pub(super) fn finish(mut self, commit: &str) -> Result<(Expanded, u64), Vec<PlanError>> {
        let duration_ms = self.now_ms + AFTERMATH_MS;
        let mut plan = Plan::calm("incident", duration_ms);
        let users = u32::try_from(self.users).unwrap_or(u32::MAX).max(1);
        plan.topology.users = users;
        if let Some(chain) = self
            .config
            .as_ref()
            .and_then(|config| config.escrow.chains.first())
        {
            match chain.id.family() {
                Family::Evm => plan.topology.chain.id = chain.id.number(),
                Family::Solana => plan.topology.chain.kind = ChainKind::Solana,
            }
            let endpoint = |one: &plimsoll_core::escrow::EndpointConfig| EndpointPlan {
                name: one.name.clone(),
                provider: one.provider.clone(),
                link: LinkPlan::default(),
                lag_blocks: 0,
                scan_blocks_max: None,
                refuses_logs: false,
                history_blocks: None,
                quotas: one.quotas.iter().map(QuotaPlan::of).collect(),
            };
            plan.topology.endpoints = chain.endpoints.iter().map(endpoint).collect();
            let is_here = |tx: &TxKey| tx.chain == chain.id;
            self.left_out += self.payments.keys().filter(|tx| !is_here(tx)).count() as u64;
            self.payments.retain(|tx, _| is_here(tx));
            let troubles = core::mem::take(&mut self.troubles);
            self.faults.extend(troubles.finish(chain.id, duration_ms));
        }
        let payments = self.payments.iter();
        let payments: Vec<_> = payments
            .map(|(tx, payment)| (Some(*tx), self.deed(payment)))
            .collect();
        let mut deeds: Vec<_> = self.deeds.into_iter().map(|deed| (None, deed)).collect();
        deeds.extend(payments);
        deeds.sort_by_key(|(_, deed)| deed.at_ms());
        let (paid, deeds): (Vec<Option<TxKey>>, Vec<Deed>) = deeds.into_iter().unzip();
        plan.workload = deeds;
        let chain = self
            .config
            .as_ref()
            .and_then(|config| config.escrow.chains.first());
        if let Some(chain) = chain {
            let place = |tx| {
                let place = paid.iter().position(|paid| *paid == Some(tx))?;
                u32::try_from(place).ok()
            };
            let orders = self.orders.finish(chain, duration_ms, place);
            self.left_out += orders.iter().filter(|order| order.is_none()).count() as u64;
            plan.workload.extend(orders.into_iter().flatten());
        }
        plan.faults = self.faults;
        plan.faults.sort_by_key(|fault| fault.from_ms);
        plan.check()?;
        let expanded = Expanded {
            proves: "What a recorded server met is survived.".to_owned(),
            seed: 0,
            origin: Origin {
                scenario: "recording".to_owned(),
                seed: 0,
                commit: commit.to_owned(),
                fingerprint: None,
            },
            plan,
        };
        Ok((expanded, self.left_out))
    }

    fn deed(&self, payment: &Payment) -> Deed {
        let claimant = payment.claims.first().map_or(0, |claim| claim.user);
        let paid = payment.deposits.iter().map(|booked| {
            let deposit = booked.deposit;
            let (shape, user) = match deposit.beneficiary {
                plimsoll_core::escrow::Beneficiary::User(user) => (Shape::Payment, place(user)),
                plimsoll_core::escrow::Beneficiary::Suspense(_) => (Shape::ToCollect, claimant),
            };
            Movement {
                shape,
                user,
                token: on_chain(deposit.asset).unwrap_or(Token::Usdt),
                amount_milli: self.milli(deposit.asset, deposit.amount),
            }
        });
        let mut movements: Vec<Movement> = paid.collect();
        if let Some(shape) = payment.rejected.and_then(shape_of) {
            movements.push(Movement {
                shape,
                user: claimant,
                token: Token::Usdt,
                amount_milli: 1_000,
            });
        }
        Deed::Deposit {
            at_ms: payment.first_ms,
            movements,
            fate: match payment.rejected {
                Some(Reason::Reverted) => Fate::Reverted,
                None if payment.is_unseen && payment.deposits.is_empty() => Fate::NeverMined,
                Some(_) | None => Fate::Mined,
            },
            delay_blocks: 0,
            claims: payment.claims.clone(),
        }
    }
}

/// The transaction that was made, if one was.
fn accepted(effects: &[Effect]) -> Option<TransactionId> {
    effects.iter().find_map(|effect| match effect {
        Intent::Act(Act::Reply {
            reply:
                Reply::Outcome {
                    outcome: Outcome::Accepted(made),
                    ..
                },
            ..
        }) => Some(*made),
        Intent::Act(_) | Intent::Record(_) => None,
    })
}

fn ms_after(began: WallClock, wall: WallClock) -> u64 {
    let ms = wall.since(began).as_millis();
    PRELUDE_MS.saturating_add(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// The number of a user in a scenario.
fn place(user: UserId) -> u32 {
    u32::try_from(user.number().saturating_sub(1)).unwrap_or(u32::MAX)
}

/// What stands for an asset.
fn token(asset: AssetId) -> Token {
    match asset.symbol() {
        "USDC" => Token::Usdc,
        "BUSD" => Token::Busd,
        "GOLD" => Token::Gold,
        _ => Token::Usdt,
    }
}

/// What stands for an asset that can be paid on the chain.
fn on_chain(asset: AssetId) -> Option<Token> {
    Some(token(asset)).filter(|token| *token != Token::Gold)
}

/// What a movement looks like that is rejected so; none is a transaction without any.
const fn shape_of(reason: Reason) -> Option<Shape> {
    match reason {
        Reason::Reverted | Reason::NotYours => Some(Shape::Payment),
        Reason::NoTransfer => None,
        Reason::ForeignContract
        | Reason::ForeignProgram
        | Reason::NotAssociated
        | Reason::TokenNotInForce => Some(Shape::FakeToken),
        Reason::MalformedLog => Some(Shape::DirtyTopic),
        Reason::NativeTransfer => Some(Shape::Native),
        Reason::NotToUs => Some(Shape::ToStranger),
        Reason::ZeroAmount => Some(Shape::ZeroValue),
        Reason::OwnTransfer => Some(Shape::SelfTransfer),
        Reason::Minted => Some(Shape::Minted),
    }
}
