//! A bank that goes on from what another one held, in its stored form, does what that one would have done.

use core::time::Duration;
use std::vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bends::{banning, not_ready, refusing, silent, too_large};
use super::{House, key};
use crate::bank::{Bank, Command, OpenError};
use crate::ledger::{self, Owner, Request, Transfer};
use crate::money::Amount;
use crate::time::WallClock;

/// What is read of what is written of `value`.
pub(super) fn stored<T: Serialize + DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_allocvec(value).unwrap()).unwrap()
}

/// Another bank that goes on where `bank` is.
pub(super) fn resumed(bank: &Bank) -> Bank {
    let (config, volatile) = (stored(bank.config()), stored(&bank.volatile()));
    let resumed = Bank::resume(config, bank.state().clone(), volatile).unwrap();
    assert_eq!(resumed.volatile(), bank.volatile());
    resumed
}

/// A day in which a little of everything happens.
fn day(hands_over: bool) -> House {
    let mut house = House::with(|config| {
        config.escrow.patience = Duration::from_secs(40);
        config.pool.explore_one_in = 2;
    });
    house.hands_over = hands_over;
    let (alice, to_alice) = house.register("alice");
    let (bob, to_bob) = house.register("bob");
    for n in 1..40 {
        house.bends.clear();
        let bends = [silent, refusing, not_ready, banning, too_large];
        house.bends.insert(n % 4, bends[usize::from(n % 5)]);
        house.mine(1);
        house.pay(n, &[(to_alice, 3_000), (to_bob, u128::from(n) * 1_000)]);
        if n % 3 == 0 {
            house.claim(alice, n);
        }
        if n % 10 == 0 {
            house.claim(bob, n + 100);
        }
        let transfers = vec![Transfer {
            debit: Owner::User(alice),
            credit: Owner::User(bob),
            asset: "USDT".parse().unwrap(),
            amount: Amount::from_minor(1),
        }];
        let expires_at = Some(WallClock::from_micros(house.wall().as_micros() + 2_500_000));
        let command = ledger::Command::Hold {
            transfers,
            expires_at,
        };
        let key = key(&std::format!("hold {n}"));
        house.command(Command::Transact(Request { key, command }));
    }
    house.mine(60);
    assert!(house.stage(1) == "final" && house.stage(110) == "dead_letter");
    house.audit();
    house
}

#[test]
fn a_bank_that_goes_on_before_every_input_does_the_same() {
    let (through, handed_over) = (day(false), day(true));
    assert_eq!(through.records, handed_over.records);
    assert_eq!(through.replies, handed_over.replies);
    assert_eq!(through.asked, handed_over.asked);
}

#[test]
fn what_was_held_under_another_configuration_is_refused() {
    let house = House::new();
    let mut config = house.bank.config().clone();
    config.escrow.chains[0].endpoints.pop();
    let refused = Bank::resume(config, house.bank.state().clone(), house.bank.volatile());
    assert_eq!(refused, Err(vec![OpenError::Volatile]));
}
