use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::{Asset, AssetError, ChainToken, InForce, Registry, Standing, convert};
use crate::id::{Address, ChainId};
use crate::money::{Amount, AmountError};

const BSC: ChainId = ChainId::new(56);

fn asset(symbol: &str, tokens: Vec<ChainToken>) -> Asset {
    Asset {
        id: symbol.parse().unwrap(),
        name: symbol.to_string(),
        scale: 18,
        min: Amount::from_minor(1),
        max: Amount::MAX,
        enabled: true,
        tokens,
    }
}

fn token(last: u8, decimals: u8) -> ChainToken {
    ChainToken {
        chain: BSC,
        contract: Address::Evm([last; 20]),
        decimals,
        in_force: InForce::ALWAYS,
    }
}

#[test]
fn a_token_is_found_by_chain_and_contract_only() {
    let registry = Registry::new(vec![asset("USDT", vec![token(1, 6)])]).unwrap();
    let (found, decimals) = registry.token(BSC, Address::Evm([1; 20])).unwrap();
    assert_eq!((found.id.symbol(), decimals), ("USDT", 6));
    assert!(registry.token(ChainId::new(97), Address::Evm([1; 20])).is_none());
    assert!(registry.token(BSC, Address::Evm([2; 20])).is_none());
    assert_eq!(
        registry.tokens_of(BSC).collect::<Vec<_>>(),
        [(Address::Evm([1; 20]), 6)]
    );
}

#[test]
fn every_fault_is_reported_at_once() {
    let mut wild = asset("WILD", vec![token(1, 19), token(1, 6)]);
    wild.scale = 31;
    wild.min = Amount::ZERO;
    wild.name.clear();
    let mut coarse = asset("COARSE", vec![token(3, 18)]);
    coarse.scale = 6;
    let errors = Registry::new(vec![
        wild.clone(),
        coarse,
        asset("TWICE", vec![]),
        asset("TWICE", vec![]),
    ]);
    let (w, c, t) = (wild.id, "COARSE".parse().unwrap(), "TWICE".parse().unwrap());
    assert_eq!(
        errors.unwrap_err(),
        [
            AssetError::Scale(w),
            AssetError::Bounds(w),
            AssetError::Name(w),
            AssetError::TokenDuplicate {
                asset: w,
                chain: BSC,
                contract: Address::Evm([1; 20])
            },
            AssetError::TokenDecimals { asset: c, chain: BSC },
            AssetError::Duplicate(t),
        ]
    );
}

#[test]
fn one_contract_cannot_stand_for_two_assets() {
    let errors = Registry::new(vec![asset("A", vec![token(1, 6)]), asset("B", vec![token(1, 6)])]);
    assert_eq!(errors.unwrap_err().len(), 1);
}

#[test]
fn conversion_is_exact_or_refused() {
    let minor = Amount::from_minor;
    assert_eq!(convert(minor(5), 6, 18), Ok(minor(5_000_000_000_000)));
    assert_eq!(convert(minor(5_000_000_000_000), 18, 6), Ok(minor(5)));
    assert_eq!(
        convert(minor(5_000_000_000_001), 18, 6),
        Err(AmountError::Inexact)
    );
    assert_eq!(convert(Amount::MAX, 0, 1), Err(AmountError::OutOfRange));
    assert_eq!(convert(minor(1), 0, 60), Err(AmountError::OutOfRange));
    assert_eq!(convert(minor(0), 7, 7), Ok(minor(0)));
}

/// A token that is in force from `from` on, and no longer from `until` on.
fn for_a_while(last: u8, from: u64, until: Option<u64>) -> ChainToken {
    ChainToken {
        in_force: InForce { from, until },
        ..token(last, 6)
    }
}

#[test]
fn a_migrated_token_is_one_contract_up_to_a_block_and_another_from_it_on() {
    let tokens = vec![for_a_while(1, 0, Some(100)), for_a_while(2, 100, None)];
    let registry = Registry::new(vec![asset("USDT", tokens)]).unwrap();
    let usdt = registry.asset("USDT".parse().unwrap()).unwrap();
    let is = |last, block| registry.token_in(BSC, Address::Evm([last; 20]), block);
    for (block, old, new) in [
        (0, Standing::InForce(usdt, 6), Standing::NotInForce),
        (99, Standing::InForce(usdt, 6), Standing::NotInForce),
        (100, Standing::NotInForce, Standing::InForce(usdt, 6)),
        (u64::MAX, Standing::NotInForce, Standing::InForce(usdt, 6)),
    ] {
        assert_eq!((is(1, block), is(2, block)), (old, new), "{block}");
    }
    assert_eq!(is(3, 50), Standing::Foreign);
    assert_eq!(registry.tokens_of(BSC).count(), 2, "logs of both are asked for");
}

#[test]
fn at_any_height_one_contract_at_most_stands_for_an_asset() {
    for (first, second, faults) in [
        ((0, Some(100)), (100, None), 0),
        ((100, None), (0, Some(100)), 0),
        ((0, Some(101)), (100, None), 1),
        ((0, None), (100, Some(200)), 1),
        ((0, Some(50)), (100, Some(200)), 0),
        ((0, Some(100)), (100, Some(100)), 1),
        ((7, Some(7)), (9, None), 1),
        ((8, Some(7)), (9, None), 1),
    ] {
        let tokens = vec![
            for_a_while(1, first.0, first.1),
            for_a_while(2, second.0, second.1),
        ];
        let found = Registry::new(vec![asset("A", tokens)]).map_or_else(|errors| errors.len(), |_| 0);
        assert_eq!(found, faults, "{first:?} and {second:?}");
    }
}
