use plimsoll_core::money::convert;

use super::minor_units;
use crate::world::plan::Token;

#[test]
fn every_asset_has_facts_and_its_token_is_not_finer_than_the_ledger() {
    for token in Token::ALL {
        let facts = token.facts();
        assert!(facts.scale >= 3, "{token:?} counts thousandths");
        assert!(facts.contract.is_none_or(|(_, decimals)| decimals <= facts.scale));
    }
}

#[test]
fn thousandths_become_minor_units() {
    assert_eq!(minor_units(1, 6).minor(), 1_000);
    assert_eq!(minor_units(1_500, 18).minor(), 1_500_000_000_000_000_000);
    assert_eq!(convert(minor_units(7, 6), 6, 8), Ok(minor_units(7, 8)));
}
