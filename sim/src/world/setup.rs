//! Turns a plan's topology into the bank's configuration.

use core::num::NonZeroU64;
use core::time::Duration;

use plimsoll_core::bank::BankConfig;
use plimsoll_core::escrow::{ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig, Product, Workers};
use plimsoll_core::id::{Address, ChainId};
use plimsoll_core::money::{Amount, Asset, ChainToken, InForce, Ratio, Registry};

use super::plan::{BankPlan, ChainKind, QuotaPlan, Token, Topology, WorkersPlan};
use crate::model::assets::{MIN_MILLI, collect, minor_units};
use crate::model::chain::{Chain, FIRST_HEIGHT};

/// Where users' addresses come from.
const fn deposit_addresses(kind: ChainKind) -> DepositAddresses {
    match kind {
        ChainKind::Evm => DepositAddresses::Factory {
            factory: Address::Evm([0xfa; 20]),
            init_code_hash: [0x1c; 32],
        },
        ChainKind::Solana => DepositAddresses::Program {
            program: Address::Solana([0xfa; 32]),
        },
    }
}

/// The bank's configuration in a world of this `topology`, without its seed.
#[must_use]
pub fn bank_config(topology: &Topology, chain: &Chain) -> BankConfig {
    let (id, kind) = (chain.chain_id(), chain.kind());
    let endpoints = topology.endpoints.iter().map(|one| EndpointConfig {
        name: one.name.clone(),
        provider: one.provider.clone(),
        quotas: one.quotas.iter().map(QuotaPlan::window).collect(),
    });
    let chain = ChainConfig {
        id,
        genesis: chain.genesis(),
        endpoints: endpoints.collect(),
        addresses: deposit_addresses(kind),
        collect: vec![collect(kind)],
        // What is not final when time begins may still be replaced, and get transactions by that.
        start_block: (FIRST_HEIGHT + 1)
            .saturating_sub(topology.chain.finality_blocks)
            .max(1),
        poll: Duration::from_millis(topology.bank.poll_ms),
        stalled_lag: topology.bank.stalled_lag,
    };
    BankConfig {
        registry: registry(id, kind, topology.chain.usdc_retired_after),
        escrow: escrow(&topology.bank, topology.workers, chain),
        pool: topology.bank.pool.policy(),
        seed: 0,
    }
}

fn registry(chain: ChainId, kind: ChainKind, usdc_retired_after: Option<u64>) -> Registry {
    let asset = |token: &Token| {
        let facts = token.facts();
        let retired_after = usdc_retired_after.filter(|_| *token == Token::Usdc);
        let of_contract = |(contract, decimals)| ChainToken {
            chain,
            contract,
            decimals,
            in_force: InForce {
                from: 0,
                until: retired_after.map(|blocks| FIRST_HEIGHT + blocks),
            },
        };
        Asset {
            id: facts.id,
            name: facts.name.to_owned(),
            scale: facts.scale,
            min: minor_units(MIN_MILLI, facts.scale),
            max: Amount::MAX,
            enabled: facts.is_enabled,
            tokens: token.contract(kind).map(of_contract).into_iter().collect(),
        }
    };
    let assets = Token::ALL.iter().map(asset).collect();
    Registry::new(assets).unwrap_or_else(|errors| unreachable!("the world's assets are wrong: {errors:?}"))
}

fn escrow(bank: &BankPlan, workers: Option<WorkersPlan>, chain: ChainConfig) -> EscrowConfig {
    let at_least_one = |number| NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
    let product = bank.price.map(|price| Product {
        pays: Token::Usdt.facts().id,
        gives: Token::Gold.facts().id,
        price: Ratio {
            numerator: at_least_one(price.numerator),
            denominator: at_least_one(price.denominator),
        },
    });
    EscrowConfig {
        chains: vec![chain],
        products: product.into_iter().collect(),
        fast_track: bank
            .fast_track_ms
            .iter()
            .copied()
            .map(Duration::from_millis)
            .collect(),
        sweep: Duration::from_millis(bank.sweep_ms),
        patience: Duration::from_millis(bank.patience_ms),
        recheck: Duration::from_millis(bank.recheck_ms),
        dismiss_alone_max: bank.dismiss_alone_milli.map(|milli| {
            let usdt = Token::Usdt.facts();
            vec![(usdt.id, minor_units(milli, usdt.scale))]
        }),
        workers: workers.map(|workers| Workers {
            has_immediate: workers.immediate,
            takeover: Duration::from_millis(workers.takeover_ms),
        }),
        reconcile: bank.reconcile_ms.map(Duration::from_millis),
        ..EscrowConfig::default()
    }
}
