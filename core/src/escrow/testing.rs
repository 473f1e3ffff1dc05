//! What the tests of the escrow share: one chain, two assets, logs made by hand.

use core::num::NonZeroU64;
use core::time::Duration;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::{
    BlockRef, ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig, Log, Product, Receipt,
    TRANSFER_TOPIC,
};
use crate::id::{Address, AssetId, BlockHash, ChainId, TxHash};
use crate::money::{Amount, Asset, ChainToken, InForce, Ratio, Registry};

pub(crate) const CHAIN: ChainId = ChainId::new(56);
pub(crate) const TOKEN: Address = Address::Evm([0x55; 20]);
pub(crate) const COLLECT: Address = Address::Evm([0xcc; 20]);
pub(crate) const PAYER: Address = Address::Evm([0xaa; 20]);

pub(crate) fn asset(symbol: &str) -> AssetId {
    symbol.parse().unwrap()
}

pub(crate) fn registry() -> Registry {
    let entry = |symbol: &str, scale, min, tokens| Asset {
        id: asset(symbol),
        name: symbol.to_string(),
        scale,
        min: Amount::from_minor(min),
        max: Amount::MAX,
        enabled: true,
        tokens,
    };
    let token = ChainToken {
        chain: CHAIN,
        contract: TOKEN,
        decimals: 18,
        in_force: InForce::ALWAYS,
    };
    Registry::new(vec![
        entry("USDT", 18, 1_000, vec![token]),
        entry("GOLD", 2, 1, vec![]),
    ])
    .unwrap()
}

pub(crate) fn chain() -> ChainConfig {
    let endpoint = |n: u8| EndpointConfig {
        name: std::format!("rpc-{n}"),
        provider: std::format!("provider-{n}"),
        quotas: vec![],
    };
    ChainConfig {
        id: CHAIN,
        genesis: BlockHash::Evm([1; 32]),
        endpoints: (0..4).map(endpoint).collect(),
        addresses: DepositAddresses::Factory {
            factory: Address::Evm([0xfa; 20]),
            init_code_hash: [0x1c; 32],
        },
        collect: vec![COLLECT],
        start_block: 1,
        poll: Duration::from_secs(1),
        stalled_lag: None,
    }
}

pub(crate) fn config() -> EscrowConfig {
    let whole = |n| NonZeroU64::new(n).unwrap();
    EscrowConfig {
        chains: vec![chain()],
        products: vec![Product {
            pays: asset("USDT"),
            gives: asset("GOLD"),
            price: Ratio {
                numerator: whole(1),
                denominator: whole(300),
            },
        }],
        ..EscrowConfig::default()
    }
}

pub(crate) fn block(number: u64) -> BlockRef {
    let mut hash = [0xb1; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    BlockRef {
        number,
        hash: BlockHash::Evm(hash),
    }
}

pub(crate) fn tx(n: u8) -> TxHash {
    TxHash::Evm([n; 32])
}

pub(crate) fn topic(address: Address) -> [u8; 32] {
    let mut topic = [0u8; 32];
    topic[12..].copy_from_slice(address.bytes());
    topic
}

pub(crate) fn transfer(from: Address, to: Address, units: u128) -> Log {
    let mut word = [0u8; 32];
    word[16..].copy_from_slice(&units.to_be_bytes());
    Log {
        address: TOKEN,
        topics: [TRANSFER_TOPIC, topic(from), topic(to), [0; 32]],
        topic_count: 3,
        word,
        data_len: 32,
        index: 0,
    }
}

pub(crate) fn receipt(n: u8, block: BlockRef, logs: Vec<Log>) -> Receipt {
    Receipt {
        tx: tx(n),
        block,
        succeeded: true,
        logs,
        balances: vec![],
    }
}
