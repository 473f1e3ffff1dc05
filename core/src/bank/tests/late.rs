//! Deposits that come late, or are more than expected. There is no time after which, and no state in which, a deposit of a
//! user is not credited; a claim expects no amount, so there is none that could be exceeded but the asset's maximum, above which a
//! person looks first.

use core::time::Duration;
use std::vec::Vec;

use super::{House, named};
use crate::bank::{Command, Reply};
use crate::escrow::testing::asset;
use crate::escrow::{DepositAddresses, DepositKey, Resolution, SuspenseReason};
use crate::id::{Address, UserId};
use crate::money::{Amount, Registry};

const SECOND: Duration = Duration::from_secs(1);

/// A claim of transaction 1 that expired before anything was mined.
fn expired() -> (House, UserId, Address) {
    let mut house = House::with(|config| config.escrow.patience = SECOND * 10);
    let (alice, address) = house.register("alice");
    house.claim(alice, 1);
    house.mine(14);
    assert_eq!(house.stage(1), "dead_letter");
    (house, alice, address)
}

#[test]
fn what_is_mined_after_its_claim_expired_is_credited() {
    let (mut house, alice, address) = expired();
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    assert_eq!((house.stage(1), house.balances(alice)), ("final", (0, 0, 10)));
    house.audit();
}

#[test]
fn what_is_mined_after_an_operator_dismissed_it_is_credited() {
    let (mut house, alice, address) = expired();
    let dismissed = Command::ResolveDeadLetter {
        tx: named(1),
        resolution: Resolution::Dismiss,
        actor: "ops".into(),
        reason: "made up".into(),
    };
    assert_eq!(house.command(dismissed), Reply::Done);
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    assert_eq!((house.stage(1), house.balances(alice)), ("final", (0, 0, 10)));
    house.audit();
}

#[test]
fn an_address_takes_deposits_after_others_of_its_were_settled() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    for n in 1..=3 {
        house.mine(1);
        house.pay(n, &[(address, 3_000)]);
        house.mine(600);
        assert_eq!(house.balances(alice), (0, 0, i128::from(n) * 10));
    }
    house.audit();
}

#[test]
fn an_address_that_the_configuration_would_no_longer_give_out_takes_deposits_for_ever() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.restart(|config| {
        config.escrow.chains[0].addresses = DepositAddresses::Factory {
            factory: Address::Evm([0xfb; 20]),
            init_code_hash: [0x1d; 32],
        };
    });
    let (_, to_bob) = house.register("bob");
    assert_ne!(address, to_bob);
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

#[test]
fn what_is_above_the_maximum_waits_for_a_person_who_gives_it_to_its_owner() {
    let mut house = House::with(|config| {
        let mut assets: Vec<_> = config.registry.assets().cloned().collect();
        for one in assets.iter_mut().filter(|one| one.id == asset("USDT")) {
            one.max = Amount::from_minor(5_000);
        }
        config.registry = Registry::new(assets).unwrap();
    });
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 5_000), (address, 5_001)]);
    house.mine(4);
    assert_eq!(house.balances(alice), (200, 0, 16));
    let deposit = DepositKey {
        tx: named(1),
        ordinal: 1,
    };
    let suspended = *house.bank.state().escrow().suspended(&deposit).unwrap();
    assert_eq!(suspended.reason, SuspenseReason::AboveMaximum);
    assert_eq!(suspended.booked.deposit.asset, asset("USDT"));
    let given = Command::AttributeSuspense {
        deposit,
        user: alice,
        actor: "ops".into(),
        reason: "known to us".into(),
    };
    assert_eq!(house.command(given), Reply::Done);
    assert_eq!(house.balances(alice), (401, 0, 32));
    house.audit();
}
