use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::{Asset, AssetError, ChainToken, Registry, convert};
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
