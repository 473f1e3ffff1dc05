//! Time that jumps, and how often the bank wants to be called while nothing can be done.

use core::time::Duration;
use std::vec;

use super::bends::{banning, not_ready, refusing, silent, too_large};
use super::{House, key};
use crate::bank::{BankConfig, Command};
use crate::escrow::testing::asset;
use crate::ledger::{self, Owner, Request, Transfer};
use crate::money::Amount;

const SECOND: Duration = Duration::from_secs(1);

/// How often the bank is called in a minute in which every endpoint does `bend`, while 100 claims are open.
fn calls_in_a_minute(bend: super::Bend, change: impl FnOnce(&mut BankConfig)) -> usize {
    let mut house = House::with(change);
    let (alice, _) = house.register("alice");
    house.mine(2);
    house.bend_all(bend);
    (0..100).for_each(|n| drop(house.claim(alice, n)));
    house.mine(10);
    let before = house.handled;
    house.pass(SECOND * 60);
    house.audit();
    house.handled - before
}

#[test]
fn an_idle_bank_is_called_a_few_times_a_second() {
    let mut house = House::new();
    house.mine(2);
    let before = house.handled;
    house.pass(SECOND * 60);
    let calls = house.handled - before;
    assert!(calls <= 60 * 8, "{calls}");
}

#[test]
fn whatever_the_endpoints_do_the_bank_never_spins() {
    // Those that say nothing are called by time alone; the others by their answers too, 100 claims each 3 s.
    for (name, bend, per_second) in [
        ("silent", silent as super::Bend, 20),
        ("refusing", refusing, 20),
        ("banning", banning, 20),
        ("not ready", not_ready, 200),
        ("too large", too_large, 200),
    ] {
        for rounds_max in [1, 16, 256] {
            let calls = calls_in_a_minute(bend, |config| config.escrow.rounds_max = rounds_max);
            assert!(
                calls <= 60 * per_second,
                "{name}, {rounds_max} rounds: {calls} calls in a minute"
            );
        }
    }
}

#[test]
fn a_clock_on_the_wall_that_stands_still_just_before_an_expiry_is_no_reason_to_spin() {
    let mut house = House::with(|config| config.escrow.products.clear());
    let (alice, address) = house.register("alice");
    let (bob, _) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(address, 10_000)]);
    house.mine(4);
    let transfer = Transfer {
        debit: Owner::User(alice),
        credit: Owner::User(bob),
        asset: asset("USDT"),
        amount: Amount::from_minor(4_000),
    };
    let expires_at = Some(house.wall().after(Duration::from_micros(3)));
    let hold = ledger::Command::Hold {
        transfers: vec![transfer],
        expires_at,
    };
    house.command(Command::Transact(Request {
        key: key("hold"),
        command: hold,
    }));
    assert_eq!(house.balances(alice).1, 4_000);
    house.dawn = crate::time::WallClock::from_micros(0); // back by decades, and it does not get there again
    let before = house.handled;
    house.pass(SECOND * 10);
    let calls = house.handled - before;
    assert!(calls <= 10 * 150, "{calls}");
    house.audit();
}
