use std::collections::BTreeSet;

use super::Reason;

#[test]
fn of_two_reasons_one_weighs_more() {
    let weights: BTreeSet<u8> = Reason::ALL.iter().map(|reason| reason.weight()).collect();
    assert_eq!(weights.len(), Reason::ALL.len());
}
