//! Everything that once could have brought the bank down, or still would if a bound were forgotten.

use core::time::Duration;
use std::vec;

use super::bends::{banning_for_minutes, silent};
use super::{House, key, named};
use crate::bank::{Command, Record, Reply};
use crate::escrow::testing::{CHAIN, asset};
use crate::escrow::{DeadLetterReason, Resolution, Stage};
use crate::ledger::{self, Ledger, Owner, Request, Rules, Transfer, Verdict};
use crate::limits::DEPOSITS_PER_TX_MAX;
use crate::money::Amount;
use crate::time::WallClock;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn giving_up_on_many_deposits_at_once_takes_several_groups() {
    let mut house = House::with(|config| config.escrow.patience = SECOND * 10);
    let (alice, address) = house.register("alice");
    house.mine(1);
    for n in 1..=5 {
        house.pay(n, &vec![(address, 3_000); DEPOSITS_PER_TX_MAX]);
        house.claim(alice, n);
        assert_eq!(house.stage(n), "seen");
    }
    house.bend_all(banning_for_minutes);
    house.pass(SECOND * 4);
    // A pause of the whole process: everything is due at once, and nobody may be asked.
    house.now = house.now.after(SECOND * 100);
    house.handle(crate::bank::Event::Tick);
    house.pass(SECOND);
    assert!((1..=5).all(|n| house.stage(n) == "dead_letter"));
    assert_eq!(house.balances(alice), (0, 0, 0));
    house.audit();
}

#[test]
fn what_was_given_up_in_the_middle_of_a_verification_may_be_taken_up_at_once() {
    let mut house = House::with(|config| {
        config.escrow.fast_track = [0, 1, 2].map(|tenths| SECOND / 10 * tenths).to_vec();
        config.escrow.sweep = SECOND;
        config.escrow.patience = SECOND;
    });
    let (alice, _) = house.register("alice");
    house.mine(1);
    house.bend_all(silent);
    house.claim(alice, 1);
    for _ in 0..20 {
        for _ in 0..100 {
            house.pass(SECOND / 10);
            if house.stage(1) == "dead_letter" {
                break;
            }
        }
        let retry = Command::ResolveDeadLetter {
            tx: named(1),
            resolution: Resolution::Retry,
            actor: "ops".into(),
            reason: "again".into(),
        };
        assert_eq!(house.command(retry), Reply::Done);
    }
    house.audit();
}

#[test]
fn a_deposit_that_the_ledger_cannot_count_is_a_dead_letter() {
    let transfers = vec![Transfer {
        debit: Owner::Custody(CHAIN),
        credit: Owner::Treasury,
        asset: asset("USDT"),
        amount: Amount::from_minor(i128::MAX - 5_000),
    }];
    let request = Request {
        key: key("before"),
        command: ledger::Command::Post { transfers },
    };
    let Verdict::Fresh(posted) = Ledger::new().decide(Rules::Internal, WallClock::default(), request) else {
        panic!("nothing was posted before")
    };
    let almost_full = [
        Record::AssetRegistered {
            asset: asset("USDT"),
            scale: 18,
        },
        Record::Ledger(posted),
    ];
    let mut house = House::after(almost_full.to_vec(), |_| {});
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000), (address, 3_000)]);
    house.claim(alice, 1);
    house.mine(4);
    let stage = &house.bank.state().escrow().watch(named(1)).unwrap().stage;
    assert!(
        matches!(
            stage,
            Stage::DeadLetter {
                reason: DeadLetterReason::AmountOutOfRange,
                ..
            }
        ),
        "{stage:?}"
    );
    assert_eq!(house.balances(alice), (0, 0, 0));
    house.audit();
}
