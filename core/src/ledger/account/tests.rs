use std::string::ToString;

use super::{AccountKey, Counters, Phase};
use crate::ledger::script::{asset, owner};
use crate::money::Amount;

#[test]
fn a_balance_is_seen_from_the_owners_side() {
    let amount = Amount::from_minor;
    let check = |name: &str, counters: [i128; 4], expected: [i128; 5]| {
        let [debits_posted, credits_posted, debits_pending, credits_pending] = counters.map(amount);
        let counters = Counters {
            debits_posted,
            credits_posted,
            debits_pending,
            credits_pending,
        };
        let balance = counters.balance(owner(name));
        let seen = [
            balance.available,
            balance.held,
            balance.incoming,
            balance.locked(),
            balance.most(),
        ];
        assert_eq!(seen, expected.map(amount), "{name}");
    };
    // debits and credits posted, then pending -> available, held, incoming, locked, most
    for name in ["alice", "suspense", "treasury", "fees"] {
        check(name, [3, 10, 2, 5], [5, 2, 5, 7, 12]);
        check(name, [10, 3, 0, 0], [-7, 0, 0, 0, -7]);
    }
    for name in ["custody", "issuance"] {
        check(name, [10, 3, 5, 2], [5, 2, 5, 7, 12]);
        check(name, [3, 10, 0, 0], [-7, 0, 0, 0, -7]);
    }
    check("alice", [i128::MAX, 0, 0, 0], [-i128::MAX, 0, 0, 0, -i128::MAX]);
}

#[test]
#[should_panic(expected = "more debits were released than held")]
fn what_was_not_held_cannot_be_released() {
    let mut counters = Counters::default();
    counters.add(Phase::Pending, Amount::from_minor(1), Amount::ZERO);
    counters.release(Amount::from_minor(2), Amount::ZERO);
}

#[test]
fn accounts_have_readable_names() {
    let name = |of: &str| {
        let (owner, asset) = (owner(of), asset("USDT"));
        AccountKey { owner, asset }.to_string()
    };
    assert_eq!(name("alice"), "user-1/USDT");
    assert_eq!(name("custody"), "custody-eip155:56/USDT");
    assert_eq!(name("suspense"), "suspense/USDT");
    assert_eq!(name("treasury"), "treasury/USDT");
    assert_eq!(name("issuance"), "issuance/USDT");
    assert_eq!(name("fees"), "fees/USDT");
}
