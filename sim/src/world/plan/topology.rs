//! What a world is made of: one chain, its endpoints, the store, the users' network, and the bank's settings.

use core::time::Duration;
use std::collections::BTreeSet;

use plimsoll_core::chaos::Intensity;
use plimsoll_core::id::{BlockHash, ChainId, Family};
use plimsoll_core::resilience::breaker::{BreakerPolicy, TripModel};
use plimsoll_core::resilience::{HedgePolicy, PoolPolicy, Window};
use serde::{Deserialize, Serialize};

use crate::engine::Latency;

/// The parts of a world.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topology {
    /// The chain.
    pub chain: ChainPlan,
    /// Its endpoints, at least two of different providers.
    pub endpoints: Vec<EndpointPlan>,
    /// How many users there are. Deeds name them by number, from 0.
    pub users: u32,
    /// Within how long after the start the users register, evenly spread.
    pub register_ms: u64,
    /// The network between the users and the bank.
    pub users_link: LinkPlan,
    /// The journal's store.
    pub store: StorePlan,
    /// The bank.
    pub bank: BankPlan,
    /// Its workers; left out, it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersPlan>,
}

impl Topology {
    /// How many providers have an endpoint from which every block can be read.
    #[must_use]
    pub fn readers(&self) -> usize {
        let readers = self.endpoints.iter().filter(|one| one.tells_everything());
        readers
            .map(|one| one.provider.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    }
}

impl Default for Topology {
    /// Seven endpoints of four providers, six users, and the defaults of every part.
    fn default() -> Self {
        let endpoint = |index: usize| EndpointPlan {
            name: format!("node-{index}"),
            provider: format!("provider-{}", index % 4),
            link: LinkPlan::default(),
            lag_blocks: 0,
            scan_blocks_max: None,
            refuses_logs: false,
            history_blocks: None,
            quotas: Vec::new(),
        };
        Self {
            chain: ChainPlan::default(),
            endpoints: (0..7).map(endpoint).collect(),
            users: 6,
            register_ms: 500,
            users_link: LinkPlan::default(),
            store: StorePlan::default(),
            bank: BankPlan::default(),
            workers: None,
        }
    }
}

/// The chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChainPlan {
    /// What kind of chain it is.
    #[serde(skip_serializing_if = "ChainKind::is_evm")]
    pub kind: ChainKind,
    /// Its EIP-155 id. A Solana cluster has none, and is named by its genesis hash.
    pub id: u64,
    /// The time between two blocks.
    pub block_ms: u64,
    /// By how many blocks the finalized one trails the latest.
    pub finality_blocks: u64,
    /// After how many blocks the contract of USDC stands for it no longer (trap E21). Left out, it always does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usdc_retired_after: Option<u64>,
    /// What the contract of USDC keeps of each transfer, whatever it logs (trap E10). Left out, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usdc_fee: Option<TransferFee>,
    /// By how many blocks the one that two thirds of the validators have built upon trails the latest. Left out, nobody tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attested_blocks: Option<u64>,
    /// What a thief takes, of whom the bank is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theft: Option<Theft>,
}

/// A token that begins to keep a part of each transfer: its contract was upgraded, and its logs do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferFee {
    /// After how many blocks.
    pub after_blocks: u64,
    /// How much of a hundred, rounded down.
    pub percent: u8,
}

/// A thief takes USDT from the deposit address that has most of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theft {
    /// When.
    pub at_ms: u64,
    /// How much, in thousandths of a unit; no more than there is.
    pub amount_milli: u64,
}

/// What kind of chain it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainKind {
    /// Blocks with logs.
    #[default]
    Evm,
    /// Slots, some of them skipped, and what token accounts held before and after. The latest slot is the confirmed one.
    Solana,
}

impl ChainKind {
    /// The family that the bank takes it for.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Evm => Family::Evm,
            Self::Solana => Family::Solana,
        }
    }

    const fn is_evm(&self) -> bool {
        matches!(self, Self::Evm)
    }
}

impl ChainPlan {
    /// The hash of block 0 of every cluster.
    pub const CLUSTER_GENESIS: BlockHash = BlockHash::Solana([0x45; 32]);

    /// What the bank calls it.
    #[must_use]
    pub fn chain_id(&self) -> ChainId {
        match self.kind {
            ChainKind::Evm => ChainId::new(self.id),
            ChainKind::Solana => ChainId::of_cluster(&Self::CLUSTER_GENESIS)
                .unwrap_or_else(|| unreachable!("a genesis hash names a cluster")),
        }
    }
}

impl Default for ChainPlan {
    /// BSC: a block each 0.45 s, final three blocks later.
    fn default() -> Self {
        Self {
            kind: ChainKind::Evm,
            id: 56,
            block_ms: 450,
            finality_blocks: 3,
            usdc_retired_after: None,
            usdc_fee: None,
            theft: None,
            attested_blocks: None,
        }
    }
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointPlan {
    /// What people call it.
    pub name: String,
    /// Who runs it. Two endpoints of one provider are not independent.
    pub provider: String,
    /// The way to it and back.
    #[serde(default)]
    pub link: LinkPlan,
    /// By how many blocks it always trails the chain.
    #[serde(default)]
    pub lag_blocks: u64,
    /// The most blocks that it scans at once; it calls more of them too large. Left out, there is no bound.
    #[serde(default)]
    pub scan_blocks_max: Option<u64>,
    /// Whether it searches no logs.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub refuses_logs: bool,
    /// Of how many blocks below its finalized one it holds the logs. Left out, of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_blocks: Option<u64>,
    /// How many calls it bears, by each of these counts; more are turned away. The bank is told of all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<QuotaPlan>,
}

impl EndpointPlan {
    /// Whether it searches logs, and holds those of every block.
    #[must_use]
    pub const fn tells_everything(&self) -> bool {
        !self.refuses_logs && self.history_blocks.is_none()
    }
}

/// A bound on calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaPlan {
    /// The most calls ...
    pub calls: u32,
    /// ... in any span of this length.
    pub per_ms: u64,
}

impl QuotaPlan {
    /// The same, as the bank is told of it.
    #[must_use]
    pub const fn window(&self) -> Window {
        Window {
            quota: self.calls,
            per: Duration::from_millis(self.per_ms),
        }
    }

    /// What a bank was told, in whole milliseconds: a wider span if they do not come out even, which allows no more.
    #[must_use]
    pub fn of(window: &Window) -> Self {
        let whole = window.per.as_micros().div_ceil(1_000);
        Self {
            calls: window.quota,
            per_ms: u64::try_from(whole).unwrap_or(u64::MAX),
        }
    }
}

/// A link, the same both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkPlan {
    /// How long a message travels.
    pub latency: Latency,
    /// How many of a hundred messages are lost.
    pub loss_percent: u8,
    /// How many of a hundred messages arrive twice.
    pub duplicate_percent: u8,
}

/// The store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorePlan {
    /// How long a sync takes.
    pub sync: Latency,
}

impl Default for StorePlan {
    /// An SSD: 0.2 to 2 ms.
    fn default() -> Self {
        Self {
            sync: Latency::Uniform {
                min_us: 200,
                max_us: 2_000,
            },
        }
    }
}

/// The bank's settings, and how its process is run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankPlan {
    /// How often heads are read and finalized blocks scanned.
    pub poll_ms: u64,
    /// By how many blocks finality trails the newest one from which on what is attested counts in its stead; left out, never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalled_lag: Option<u64>,
    /// When a newly named transaction is verified, counted from when it was named.
    pub fast_track_ms: Vec<u64>,
    /// How often everything that is not terminal is verified again.
    pub sweep_ms: u64,
    /// How long automation tries before a transaction becomes a dead letter.
    pub patience_ms: u64,
    /// How often dead letters are looked at again.
    pub recheck_ms: u64,
    /// How often custody is reconciled, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile_ms: Option<u64>,
    /// The most USDT, in thousandths, that one operator may dismiss alone; any amount if it is left out.
    pub dismiss_alone_milli: Option<u64>,
    /// What USDT buys, if anything: minor units of GOLD for each minor unit of USDT.
    pub price: Option<PricePlan>,
    /// How many inputs may wait before requests of users are turned away.
    pub mailbox: u32,
    /// How long after its end a process that ended by itself (fenced off) is started again.
    pub restart_ms: u64,
    /// How much bad luck it has on purpose; left out, none.
    pub buggify: Option<BuggifyPlan>,
    /// How it chooses among endpoints, and shuts them out.
    pub pool: PoolPlan,
}

/// The settings of the pool of endpoints. Left out, those that production has when nobody says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolPlan {
    /// How many failures in a row open a breaker.
    pub failures: u32,
    /// How long it stays open the first time.
    pub open_ms: u64,
    /// How long it stays open at the most: the time doubles each time that half-open fails.
    pub open_ms_max: u64,
    /// How many half-open calls must succeed to close it.
    pub successes: u32,
    /// How many half-open calls may be under way at once, 1 to 16.
    pub half_open_permits: u8,
    /// How long an endpoint is shut out that contradicted the others, or is not what it should be.
    pub cordon_ms: u64,
    /// The first pause for an endpoint that is rate limiting and names none.
    pub ban_ms: u64,
    /// The longest pause for an endpoint that is rate limiting.
    pub ban_ms_max: u64,
    /// The most questions under way at one endpoint, 1 to 64.
    pub in_flight: u8,
    /// One choice in so many goes to chance, at least 2.
    pub explore_one_in: u32,
    /// The most questions about money that are put to another endpoint, too, in hundredths; left out, none.
    #[serde(skip_serializing_if = "is_none")]
    pub hedge_share_max: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_none(share: &u8) -> bool {
    *share == 0
}

impl PoolPlan {
    /// The same for the bank.
    #[must_use]
    pub fn policy(&self) -> PoolPolicy {
        let usual = PoolPolicy::default();
        PoolPolicy {
            breaker: BreakerPolicy {
                model: TripModel::Consecutive {
                    failures: self.failures,
                },
                open_for: Duration::from_millis(self.open_ms),
                open_for_max: Duration::from_millis(self.open_ms_max),
                successes_to_close: self.successes,
                half_open_permits: self.half_open_permits,
                ..usual.breaker
            },
            in_flight_max: self.in_flight,
            disagreement_cordon: Duration::from_millis(self.cordon_ms),
            identity_cordon: Duration::from_millis(self.cordon_ms),
            ban: Duration::from_millis(self.ban_ms),
            ban_max: Duration::from_millis(self.ban_ms_max),
            explore_one_in: self.explore_one_in,
            hedge: HedgePolicy {
                share_max: self.hedge_share_max,
                ..usual.hedge
            },
            ..usual
        }
    }
}

impl Default for PoolPlan {
    /// Five failures open a breaker for a minute, three successes close it; an endpoint is shut out for a minute.
    fn default() -> Self {
        Self {
            failures: 5,
            open_ms: 60_000,
            open_ms_max: 60_000,
            successes: 3,
            half_open_permits: 3,
            cordon_ms: 60_000,
            ban_ms: 1_000,
            ban_ms_max: 600_000,
            in_flight: 32,
            explore_one_in: 32,
            hedge_share_max: 0,
        }
    }
}

/// Workers, and the queues that feed them. Their ways to the endpoints are like the bank's, and fail by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkersPlan {
    /// How many, 1 to 16.
    pub count: u8,
    /// Whether there is an immediate lane before the database lane.
    pub immediate: bool,
    /// How long they may have a transaction before the bank verifies it itself, at least two sweeps.
    pub takeover_ms: u64,
    /// How long a lease lasts, 1 s to 1 h.
    pub visibility_ms: u64,
    /// The most jobs that one of them holds, 1 to 1024.
    pub jobs_max: u16,
    /// The way to each queue, and from each worker to the bank.
    pub queues: LinkPlan,
}

impl Default for WorkersPlan {
    /// Two workers and both lanes; the bank takes over after 15 s, and a lease lasts 30 s.
    fn default() -> Self {
        Self {
            count: 2,
            immediate: true,
            takeover_ms: 15_000,
            visibility_ms: 30_000,
            jobs_max: 64,
            queues: LinkPlan {
                latency: Latency::Uniform {
                    min_us: 200,
                    max_us: 2_000,
                },
                ..LinkPlan::default()
            },
        }
    }
}

/// Bad luck on purpose, at the sites of [`plimsoll_core::chaos`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuggifyPlan {
    /// In how many of a hundred runs a site is active, 1 to 100.
    pub activation_percent: u8,
    /// How many of a hundred times an active site fires, 1 to 50.
    pub firing_percent: u8,
}

impl Default for BuggifyPlan {
    /// A quarter of the sites, each a quarter of the time.
    fn default() -> Self {
        let Intensity {
            activation_percent,
            firing_percent,
        } = Intensity::default();
        Self {
            activation_percent,
            firing_percent,
        }
    }
}

impl Default for BankPlan {
    /// Attempts at 0, 1 and 2 s, a sweep each 3 s, a poll each second, a day of patience, no product.
    fn default() -> Self {
        Self {
            poll_ms: 1_000,
            stalled_lag: None,
            fast_track_ms: vec![0, 1_000, 2_000],
            sweep_ms: 3_000,
            patience_ms: 24 * 60 * 60 * 1_000,
            recheck_ms: 10 * 60 * 1_000,
            reconcile_ms: None,
            dismiss_alone_milli: None,
            price: None,
            mailbox: 1_024,
            restart_ms: 1_000,
            buggify: None,
            pool: PoolPlan::default(),
        }
    }
}

/// A price: `numerator` minor units given for `denominator` minor units paid. Both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricePlan {
    /// What is multiplied by.
    pub numerator: u64,
    /// What is divided by.
    pub denominator: u64,
}
