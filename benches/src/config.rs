//! The bank's configuration in every bench: one chain with four endpoints, one token, one product.

use std::num::NonZeroU64;
use std::time::Duration;

use plimsoll_core::bank::BankConfig;
use plimsoll_core::escrow::{ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig, Product};
use plimsoll_core::id::{Address, AssetId};
use plimsoll_core::money::{Amount, Asset, ChainToken, InForce, Ratio, Registry};
use plimsoll_core::resilience::PoolPolicy;

use crate::toy_chain::{CHAIN, GENESIS, TOKEN, TOKEN_DECIMALS};

/// The configuration.
#[must_use]
pub fn bank_config() -> BankConfig {
    BankConfig {
        registry: registry(),
        escrow: escrow(),
        pool: PoolPolicy::default(),
        seed: 7,
    }
}

/// The asset called `symbol`.
///
/// # Panics
/// When that is not a symbol.
#[must_use]
pub fn asset(symbol: &str) -> AssetId {
    symbol.parse().unwrap_or_else(|error| unreachable!("{error}"))
}

fn registry() -> Registry {
    let entry = |symbol: &str, scale, tokens| Asset {
        id: asset(symbol),
        name: symbol.to_owned(),
        scale,
        min: Amount::from_minor(1),
        max: Amount::MAX,
        enabled: true,
        tokens,
    };
    let token = ChainToken {
        chain: CHAIN,
        contract: TOKEN,
        decimals: TOKEN_DECIMALS,
        in_force: InForce::ALWAYS,
    };
    let assets = vec![
        entry("USDT", TOKEN_DECIMALS, vec![token]),
        entry("GOLD", 2, vec![]),
    ];
    Registry::new(assets).unwrap_or_else(|errors| unreachable!("{errors:?}"))
}

fn escrow() -> EscrowConfig {
    let endpoint = |number: u8| EndpointConfig {
        name: format!("rpc-{number}"),
        provider: format!("provider-{number}"),
        quotas: vec![],
    };
    let chain = ChainConfig {
        id: CHAIN,
        genesis: GENESIS,
        endpoints: (0..4).map(endpoint).collect(),
        addresses: DepositAddresses::Factory {
            factory: Address::Evm([0xfa; 20]),
            init_code_hash: [0x1c; 32],
        },
        collect: Vec::new(),
        start_block: 1,
        poll: Duration::from_secs(1),
        stalled_lag: None,
    };
    let three_hundred = NonZeroU64::MIN.saturating_add(299);
    let product = Product {
        pays: asset("USDT"),
        gives: asset("GOLD"),
        price: Ratio {
            numerator: NonZeroU64::MIN,
            denominator: three_hundred,
        },
    };
    EscrowConfig {
        chains: vec![chain],
        products: vec![product],
        ..EscrowConfig::default()
    }
}
