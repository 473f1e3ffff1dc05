//! What the tests of this package share: a bank with one asset on one chain with two endpoints.

use std::time::Duration;

use plimsoll_core::bank::{BankConfig, Command};
use plimsoll_core::escrow::{ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig};
use plimsoll_core::id::{Address, BlockHash, ChainId, IdempotencyKey};
use plimsoll_core::money::{Amount, Asset, ChainToken, InForce, Registry};
use plimsoll_core::resilience::PoolPolicy;

pub(crate) const CHAIN: ChainId = ChainId::new(56);
pub(crate) const TOKEN: Address = Address::Evm([0x55; 20]);
pub(crate) const GENESIS: BlockHash = BlockHash::Evm([1; 32]);

/// A bank that takes no deposits, so that a user costs no address.
pub(crate) fn chainless_config() -> BankConfig {
    let mut usdt = usdt();
    usdt.tokens.clear();
    BankConfig {
        registry: Registry::new(vec![usdt]).unwrap(),
        escrow: EscrowConfig::default(),
        ..bank_config()
    }
}

pub(crate) fn bank_config() -> BankConfig {
    let endpoint = |name: &str| EndpointConfig {
        name: name.to_owned(),
        provider: format!("{name} of another provider"),
        quotas: vec![],
    };
    let chain = ChainConfig {
        id: CHAIN,
        genesis: GENESIS,
        endpoints: vec![endpoint("one"), endpoint("two")],
        addresses: DepositAddresses::Factory {
            factory: Address::Evm([0xfa; 20]),
            init_code_hash: [0x1c; 32],
        },
        collect: vec![],
        start_block: 1,
        poll: Duration::from_secs(1),
        stalled_lag: None,
    };
    BankConfig {
        registry: Registry::new(vec![usdt()]).unwrap(),
        escrow: EscrowConfig {
            chains: vec![chain],
            ..EscrowConfig::default()
        },
        pool: PoolPolicy::default(),
        seed: 7,
    }
}

fn usdt() -> Asset {
    let token = ChainToken {
        chain: CHAIN,
        contract: TOKEN,
        decimals: 18,
        in_force: InForce::ALWAYS,
    };
    Asset {
        id: "USDT".parse().unwrap(),
        name: "Tether".to_owned(),
        scale: 18,
        min: Amount::from_minor(1),
        max: Amount::MAX,
        enabled: true,
        tokens: vec![token],
    }
}

/// Registers a user called `name`, under a key of that name.
pub(crate) fn register(name: &str) -> Command {
    Command::RegisterUser {
        key: IdempotencyKey::derive("test", name.as_bytes()),
        name: name.to_owned(),
    }
}
