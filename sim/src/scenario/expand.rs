//! From a scenario and a seed to the plan of one run.
//!
//! Each table draws from a stream of its own, named by its place, and each entry of a table from one numbered within
//! it: adding an entry moves no other.

mod payment;

use plimsoll_core::rng::Rng;

use payment::Payment;

use super::faults::{endpoint_name, latency};
use super::kinds::{Claiming, DepositKind, OrderKind, ShapeKind};
use super::schema::{DepositsTable, OrdersTable, ScenarioTable, TransactionsTable, WorldTable};
use super::values::Names;
use crate::world::plan::{
    BankPlan, BuggifyPlan, Canary, ChainPlan, ClaimPlan, Deed, EndpointPlan, Fate, Handling, LinkPlan,
    Movement, OrderPlan, Paid, Plan, PoolPlan, PricePlan, ScheduledFault, Shape, StorePlan, Theft, Token,
    Topology, TransferFee, WorkersPlan,
};

/// When users are funded: they register in the first half second.
const FUND_AT_MS: u64 = 600;
/// How long after the first claim the same request is sent again.
const REPEAT_AFTER_MS: u64 = 1_500;
/// One whole unit of an asset, the least that a deposit may be.
const WHOLE_MILLI: u64 = 1_000;
/// What USDT buys in every scenario: three minor units of GOLD (8 decimals) for 7 x 10^12 of USDT (18 decimals), so that
/// neither the units that an amount buys nor what they cost come out even.
pub(super) const PRICE: PricePlan = PricePlan {
    numerator: 3,
    denominator: 7_000_000_000_000,
};

/// The plan of `table`, which is no swarm, for one seed.
pub(super) fn expand(name: &str, table: &ScenarioTable, rng: &Rng) -> Plan {
    let mut plan = Plan::calm(name, table.duration_ms.get_ref().0);
    plan.topology = topology(&table.world, table.workload.users.get_ref().0);
    plan.expect = table.expect.expectations();
    if plan.expect.canary == Some(Canary::Liveness) {
        plan.converge_ms = 0;
    }
    plan.quiet_at_ms = table.quiet_at_ms.iter().map(|at| at.get_ref().0).collect();
    plan.core = table
        .heal_core
        .then(|| core(&plan.topology, &mut rng.fork("core")));
    let mut workload = Workload::new(&plan, rng);
    if let Some(fund) = table.workload.fund {
        workload.fund(fund.low.0, fund.high.0);
    }
    for (place, deposits) in (0..).zip(&table.workload.deposits) {
        workload.deposits(place, deposits);
    }
    for (place, transactions) in (0..).zip(&table.workload.transactions) {
        workload.transactions(place, transactions);
    }
    let asked = &table.workload;
    for (how, times) in [
        (Handling::Retry, &asked.retry_dead_letters_at_ms),
        (Handling::Replay, &asked.replay_dead_letters_at_ms),
        (Handling::DryRun, &asked.dry_run_dead_letters_at_ms),
        (Handling::Dismiss, &asked.dismiss_dead_letters_at_ms),
    ] {
        for at in times {
            workload.handle_dead_letters(at.get_ref().0, how);
        }
    }
    if let Some(at) = &table.workload.attribute_suspense_at_ms {
        workload.attribute(at.get_ref().0);
    }
    for (place, orders) in (0..).zip(&table.workload.orders) {
        workload.orders(place, orders, table.world.endpoints.get_ref().len());
    }
    plan.workload = workload.deeds;
    plan.faults = faults(table, rng).into_iter().map(|(_, fault)| fault).collect();
    plan
}

/// Every scheduled fault, with the place of the table that it comes from.
pub(super) fn faults(table: &ScenarioTable, rng: &Rng) -> Vec<(usize, ScheduledFault)> {
    let endpoints = table.world.endpoints.get_ref().len();
    let end_ms = table.duration_ms.get_ref().0;
    let mut faults = Vec::new();
    for (place, fault) in table.faults.iter().enumerate() {
        let rng = rng.fork_indexed("faults", place as u64);
        let scheduled = fault.get_ref().expand(endpoints, end_ms, &rng);
        faults.extend(scheduled.into_iter().map(|fault| (place, fault)));
    }
    faults
}

fn topology(world: &WorldTable, users: u64) -> Topology {
    let endpoints = world.endpoints.get_ref().len();
    let providers = world
        .providers
        .as_ref()
        .map_or(endpoints, |providers| providers.get_ref().len());
    let endpoint = |index: usize| EndpointPlan {
        name: endpoint_name(index),
        provider: format!("provider-{}", index % providers + 1),
        link: LinkPlan {
            latency: latency(
                world.latency_shape,
                world.latency_ms.low.0,
                world.latency_ms.high.0,
            ),
            ..LinkPlan::default()
        },
        lag_blocks: 0,
        scan_blocks_max: None,
        refuses_logs: is_among(&world.without_logs, index),
        history_blocks: is_among(&world.pruned, index).then_some(world.history_blocks.get_ref().0),
        quotas: world.quotas.get_ref().clone(),
    };
    Topology {
        chain: ChainPlan {
            kind: world.chain,
            block_ms: world.block_ms.get_ref().0,
            finality_blocks: world.finality_blocks.get_ref().0,
            attested_blocks: world.attested_blocks.as_ref().map(|blocks| blocks.get_ref().0),
            usdc_retired_after: world.usdc_retired_after.as_ref().map(|blocks| blocks.get_ref().0),
            usdc_fee: world.usdc_fee.as_ref().map(|fee| TransferFee {
                after_blocks: fee.after_blocks.get_ref().0,
                percent: fee.percent.get_ref().byte(),
            }),
            theft: world.theft.as_ref().map(|theft| Theft {
                at_ms: theft.at_ms.get_ref().0,
                amount_milli: theft.amount.0,
            }),
            ..ChainPlan::default()
        },
        endpoints: (0..endpoints).map(endpoint).collect(),
        users: u32::try_from(users).unwrap_or(u32::MAX),
        store: StorePlan {
            sync: latency(ShapeKind::Uniform, world.commit_ms.low.0, world.commit_ms.high.0),
        },
        bank: BankPlan {
            poll_ms: world.poll_ms.get_ref().0,
            sweep_ms: world.sweep_ms.get_ref().0,
            pool: PoolPlan {
                hedge_share_max: u8::try_from(world.hedge_share_max.0).unwrap_or(100),
                ..PoolPlan::default()
            },
            stalled_lag: world.stalled_lag.as_ref().map(|blocks| blocks.get_ref().0),
            patience_ms: world.patience_ms.get_ref().0,
            recheck_ms: world.recheck_ms.get_ref().0,
            reconcile_ms: world.reconcile_ms.as_ref().map(|every| every.get_ref().0),
            dismiss_alone_milli: world.dismiss_alone_max.map(|sum| sum.0),
            fast_track_ms: world.fast_track_ms.iter().map(|millis| millis.0).collect(),
            price: Some(PRICE),
            buggify: world.buggify.then(BuggifyPlan::default),
            ..BankPlan::default()
        },
        workers: workers(world),
        ..Topology::default()
    }
}

fn is_among(names: &toml::Spanned<Names>, index: usize) -> bool {
    names.get_ref().0.contains(&endpoint_name(index))
}

fn workers(world: &WorldTable) -> Option<WorkersPlan> {
    let count = u8::try_from(world.workers.get_ref().0).unwrap_or(u8::MAX);
    (count > 0).then(|| WorkersPlan {
        count,
        takeover_ms: world.takeover_ms.get_ref().0,
        ..WorkersPlan::default()
    })
}

/// Some endpoints, of two providers at the least: each order of all of them is as likely, and so is each length of it.
pub(super) fn core(topology: &Topology, rng: &mut Rng) -> Vec<u8> {
    let mut order: Vec<u8> = (0u8..).take(topology.endpoints.len()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, rng.index(place + 1));
    }
    let provider = |endpoint: u8| &topology.endpoints[usize::from(endpoint)].provider;
    let is_other = |endpoint: &u8| provider(*endpoint) != provider(order[0]);
    let least = order
        .iter()
        .position(is_other)
        .map_or(order.len(), |place| place + 1);
    let length = least + rng.index(order.len() - least + 1);
    order.truncate(length);
    order.sort_unstable();
    order
}

/// The deeds in the making.
pub(super) struct Workload<'a> {
    pub(super) deeds: Vec<Deed>,
    rng: &'a Rng,
    users: u64,
    end_ms: u64,
    /// The next key that several requests share.
    key: u64,
}

impl<'a> Workload<'a> {
    pub(super) fn new(plan: &Plan, rng: &'a Rng) -> Self {
        Self {
            deeds: Vec::new(),
            rng,
            users: plan.topology.users.into(),
            end_ms: plan.duration_ms,
            key: 0,
        }
    }

    /// Lets every user pay in something between `low` and `high` thousandths of USDC, which buys nothing.
    pub(super) fn fund(&mut self, low: u64, high: u64) {
        for user in 0..self.users {
            let mut rng = self.rng.fork_indexed("fund", user);
            let payment = Movement {
                shape: Shape::Payment,
                user: number(user),
                token: Token::Usdc,
                amount_milli: rng.between(low, high),
            };
            self.deeds.push(Deed::Deposit {
                at_ms: FUND_AT_MS.min(self.end_ms),
                movements: vec![payment],
                fate: Fate::Mined,
                delay_blocks: 0,
                claims: Vec::new(),
            });
        }
    }

    pub(super) fn deposits(&mut self, place: u64, table: &DepositsTable) {
        let rng = self.rng.fork_indexed("deposits", place);
        for index in 0..table.count.get_ref().0 {
            let mut rng = rng.fork_indexed("deposit", index);
            let at_ms = table.at_ms.get_ref().draw(&mut rng).0;
            let user = rng.below(self.users);
            let kind = *table.kind.get_ref();
            let mut amount = || table.amount.draw(&mut rng);
            let movements = movements(kind, user, self.users, &mut amount);
            let after_ms = table.claim_after_ms.draw(&mut rng).0;
            let claims = self.claims(*table.claim.get_ref(), at_ms, after_ms, user);
            self.deeds.push(Deed::Deposit {
                at_ms,
                movements,
                fate: fate(kind),
                delay_blocks: 0,
                claims,
            });
        }
    }

    fn claims(&mut self, how: Claiming, at_ms: u64, after_ms: u64, user: u64) -> Vec<ClaimPlan> {
        let end_ms = self.end_ms;
        let claim = |at_ms: u64, user, key| ClaimPlan {
            at_ms: at_ms.min(end_ms),
            user: number(user),
            key,
        };
        let at_claim = at_ms + after_ms;
        match how {
            Claiming::Never => Vec::new(),
            Claiming::Once => vec![claim(at_claim, user, None)],
            Claiming::Early => vec![claim(at_ms.saturating_sub(after_ms), user, None)],
            Claiming::Twice => {
                let key = Some(self.next_key());
                vec![
                    claim(at_claim, user, key),
                    claim(at_claim + REPEAT_AFTER_MS, user, key),
                ]
            }
            Claiming::Concurrent => vec![claim(at_claim, user, None); 3],
            Claiming::Stolen => {
                let thief = (user + 1) % self.users;
                vec![
                    claim(at_ms + after_ms / 2, thief, None),
                    claim(at_claim, user, None),
                ]
            }
        }
    }

    pub(super) fn transactions(&mut self, place: u64, table: &TransactionsTable) {
        let rng = self.rng.fork_indexed("transactions", place);
        for index in 0..table.count.get_ref().0 {
            let mut rng = rng.fork_indexed("transaction", index);
            let at_ms = table.at_ms.get_ref().draw(&mut rng).0;
            let end_at_ms = (at_ms + table.resolved_after_ms.draw(&mut rng).0).min(self.end_ms);
            let Some(kind) = rng.pick(table.kinds.get_ref()).copied() else {
                return;
            };
            let from = rng.below(self.users);
            let to = (from + 1 + rng.below(self.users - 1)) % self.users;
            let amount_milli = table.amount.draw(&mut rng);
            let mut payment = Payment {
                at_ms,
                from,
                to,
                amount_milli,
                key: None,
                run_ends_ms: self.end_ms,
            };
            if !rng.chance(table.repeat_percent.0, 100) {
                self.deeds.push(payment.deed(kind, end_at_ms));
                continue;
            }
            payment.key = Some(self.next_key());
            self.deeds.push(payment.deed(kind, end_at_ms));
            payment.at_ms = (at_ms + rng.below(REPEAT_AFTER_MS)).min(self.end_ms);
            payment.amount_milli += rng.below(2);
            self.deeds.push(payment.deed(kind, end_at_ms));
        }
    }

    pub(super) fn handle_dead_letters(&mut self, at_ms: u64, how: Handling) {
        self.deeds.push(Deed::RetryDeadLetters { at_ms, how });
    }

    /// Orders of one kind, of a bank with so many endpoints.
    pub(super) fn orders(&mut self, place: u64, table: &OrdersTable, endpoints: usize) {
        let rng = self.rng.fork_indexed("orders", place);
        for index in 0..table.count.get_ref().0 {
            let mut rng = rng.fork_indexed("order", index);
            let at_ms = table.at_ms.get_ref().draw(&mut rng).0.min(self.end_ms);
            let until_ms = (at_ms + table.for_ms.draw(&mut rng).0).min(self.end_ms);
            let endpoint = table.target.as_ref().map_or_else(
                || rng.index(endpoints),
                |target| place_of(target.get_ref(), endpoints),
            );
            let endpoint = u8::try_from(endpoint).unwrap_or(0);
            let order = match *table.kind.get_ref() {
                OrderKind::PauseChain => OrderPlan::PauseChain { until_ms },
                OrderKind::PauseEndpoint => OrderPlan::PauseEndpoint { endpoint, until_ms },
                OrderKind::ForceOpen => OrderPlan::ForceOpen { endpoint, until_ms },
                OrderKind::Disable => OrderPlan::Disable { endpoint, until_ms },
                OrderKind::Drain => OrderPlan::Drain { until_ms },
                OrderKind::Sweep => OrderPlan::Sweep,
                OrderKind::Process => match self.any_deposit(&mut rng) {
                    Some(deed) => OrderPlan::Process { deed },
                    None => OrderPlan::Sweep,
                },
                OrderKind::Refund => self.refund(&mut rng, until_ms),
            };
            self.deeds.push(Deed::Order { at_ms, order });
        }
    }

    /// Some movement is sent back, and then paid or not.
    fn refund(&self, rng: &mut Rng, until_ms: u64) -> OrderPlan {
        let Some(deed) = self.any_deposit(rng) else {
            return OrderPlan::Sweep;
        };
        let movements = match self.deeds.get(deed as usize) {
            Some(Deed::Deposit { movements, .. }) => movements.len(),
            Some(
                Deed::Transfer { .. }
                | Deed::Balances { .. }
                | Deed::RetryDeadLetters { .. }
                | Deed::Attribute { .. }
                | Deed::Order { .. },
            )
            | None => 0,
        };
        if movements == 0 {
            return OrderPlan::Sweep;
        }
        let ordinal = number(rng.below(movements as u64));
        let paid = match rng.below(3) {
            0 => Paid::Early,
            1 => Paid::Late,
            _ => Paid::Never,
        };
        OrderPlan::Refund {
            deed,
            ordinal,
            until_ms,
            paid,
        }
    }

    fn any_deposit(&self, rng: &mut Rng) -> Option<u32> {
        let is_deposit = |(place, deed): (u32, &Deed)| matches!(deed, Deed::Deposit { .. }).then_some(place);
        let places: Vec<u32> = (0..).zip(&self.deeds).filter_map(is_deposit).collect();
        rng.pick(&places).copied()
    }

    /// Says whose every unattributed movement is.
    pub(super) fn attribute(&mut self, at_ms: u64) {
        let mut found = Vec::new();
        for (deed, place) in self.deeds.iter().zip(0..) {
            let Deed::Deposit { movements, .. } = deed else {
                continue;
            };
            for (movement, ordinal) in movements.iter().zip(0..) {
                if movement.shape == Shape::ToCollect {
                    found.push(Deed::Attribute {
                        at_ms,
                        deed: place,
                        ordinal,
                        user: movement.user,
                    });
                }
            }
        }
        self.deeds.extend(found);
    }

    fn next_key(&mut self) -> u64 {
        self.key += 1;
        self.key
    }
}

/// The place of the endpoint called `name`.
fn place_of(name: &str, endpoints: usize) -> usize {
    (0..endpoints)
        .find(|place| endpoint_name(*place) == name)
        .unwrap_or(0)
}

const fn fate(kind: DepositKind) -> Fate {
    if matches!(kind, DepositKind::Reverted) {
        Fate::Reverted
    } else if matches!(kind, DepositKind::NeverMined) {
        Fate::NeverMined
    } else {
        Fate::Mined
    }
}

/// What moves in one transaction of a kind for `user`, who is one of `users`.
fn movements(kind: DepositKind, user: u64, users: u64, mut amount: impl FnMut() -> u64) -> Vec<Movement> {
    let mut of = |shape, token, user| Movement {
        shape,
        user: number(user),
        token,
        amount_milli: amount(),
    };
    let shape = match kind {
        DepositKind::Plain | DepositKind::Reverted | DepositKind::NeverMined => Shape::Payment,
        DepositKind::FewDecimals => return vec![of(Shape::Payment, Token::Usdc, user)],
        DepositKind::Disabled => return vec![of(Shape::Payment, Token::Busd, user)],
        DepositKind::Several => {
            let other = (user + 1) % users;
            return [user, other, user]
                .map(|user| of(Shape::Payment, Token::Usdt, user))
                .to_vec();
        }
        DepositKind::Relayed => {
            let shapes = [Shape::Approval, Shape::FakeToken, Shape::Payment, Shape::Native];
            return shapes.map(|shape| of(shape, Token::Usdt, user)).to_vec();
        }
        DepositKind::Dust => {
            let mut dust = of(Shape::Payment, Token::Usdt, user);
            dust.amount_milli = dust.amount_milli % (WHOLE_MILLI - 1) + 1;
            return vec![dust];
        }
        DepositKind::NoTransfer => Shape::Approval,
        DepositKind::FakeToken => Shape::FakeToken,
        DepositKind::Erc721 => Shape::Erc721,
        DepositKind::DirtyTopic => Shape::DirtyTopic,
        DepositKind::LongData => Shape::LongData,
        DepositKind::Native => Shape::Native,
        DepositKind::Zero => Shape::ZeroValue,
        DepositKind::SelfTransfer => Shape::SelfTransfer,
        DepositKind::OwnSweep => Shape::OwnSweep,
        DepositKind::Minted => Shape::Minted,
        DepositKind::Unattributed => Shape::ToCollect,
        DepositKind::Stranger => Shape::ToStranger,
        DepositKind::Huge => Shape::Huge,
    };
    vec![of(shape, Token::Usdt, user)]
}

/// A user's number, which is below [`super::values::COUNT_MAX`].
fn number(user: u64) -> u32 {
    u32::try_from(user).unwrap_or(u32::MAX)
}
