use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{Beneficiary, Booked, DepositKey, EscrowRecord, SuspenseReason};
use plimsoll_core::id::Address;
use plimsoll_core::ledger::{Owner, Transfer};

use super::super::testing::{
    CHAIN, WALL, bank, block, booked, evidence, id, judge_records, posted, settled, transfer, tx, user,
};
use super::{Picture, Suspense, minimum};
use crate::world::plan::PricePlan;

/// A thousandth of the minimum.
fn milli() -> i128 {
    minimum(super::super::testing::usdt()).minor() / 1_000
}

fn came() -> Record {
    Record::UserRegistered {
        user: user(1),
        key: super::super::testing::key("user 1"),
        name: "user 1".to_owned(),
        addresses: vec![(CHAIN, Address::Evm([0x01; 20]))],
        at: WALL,
    }
}

/// Transaction `number` pays so many thousandths of the minimum, as the ledger's transaction of the same number.
fn suspended(number: u8, millis: i128, reason: SuspenseReason) -> Vec<Record> {
    let amount = millis * milli();
    let mut booked: Booked = booked(0, amount, Some(number.into()));
    booked.deposit.beneficiary = Beneficiary::Suspense(reason);
    let posting = transfer(Owner::Custody(CHAIN), Owner::Suspense, amount);
    vec![
        posted(number.into(), &[posting]),
        settled(tx(number), evidence(block(5), &[(0, 5), (1, 5)]), &[booked]),
    ]
}

fn dust(number: u8, millis: i128) -> Vec<Record> {
    suspended(number, millis, SuspenseReason::BelowMinimum)
}

fn credit(numbers: &[u8], whose: u64) -> Record {
    let key = |number: &u8| DepositKey {
        tx: tx(*number),
        ordinal: 0,
    };
    Record::Escrow(EscrowRecord::DustCredited {
        user: user(whose),
        deposits: numbers.iter().map(key).collect(),
        transaction: id(90),
        purchase: None,
        at: WALL,
    })
}

/// What moves so many thousandths of the minimum out of suspense, as transaction 90.
fn released(millis: i128) -> Record {
    posted(
        90,
        &[transfer(Owner::Suspense, Owner::User(user(1)), millis * milli())],
    )
}

/// What the oracle says to the last of `groups`, after it found the others fine.
#[track_caller]
fn check(groups: &[Vec<Record>], expected: &str) {
    let (mut oracle, bank) = (Suspense::default(), bank(&[]));
    let said: Vec<&str> = groups
        .iter()
        .map(|group| judge_records(&mut oracle, &bank, group))
        .collect();
    let (last, before) = said.split_last().unwrap();
    assert!(before.iter().all(|one| *one == "fine"), "{before:?}");
    assert_eq!(*last, expected);
}

#[test]
fn dust_is_credited_together_once_and_whole() {
    let before = || vec![vec![came()], dust(1, 400), dust(2, 600)];
    let then = |group: Vec<Record>| [before(), vec![group]].concat();
    check(&then(vec![released(1_000), credit(&[1, 2], 1)]), "fine");
    check(&then(vec![released(400), credit(&[1], 1)]), "below_minimum");
    check(&then(vec![released(1_000), credit(&[1, 2], 2)]), "wrong_owner");
    check(&then(vec![released(999), credit(&[1, 2], 1)]), "posting_differs");
    check(&then(vec![credit(&[1, 2], 1)]), "posting_differs");
    check(&then(vec![released(1_000)]), "released_without_reason");
    check(&then(vec![released(1_000), credit(&[1, 1], 1)]), "released_twice");
    let third = |group: Vec<Record>| [before(), vec![dust(3, 500), group]].concat();
    check(&third(vec![released(1_000), credit(&[1, 2], 1)]), "left_behind");
    let other = suspended(3, 2_000, SuspenseReason::AccountLimit);
    let mixed = vec![released(2_400), credit(&[1, 3], 1)];
    check(
        &[before(), vec![other, mixed]].concat(),
        "gathered_what_is_no_dust",
    );
}

#[test]
fn what_is_attributed_leaves_alone() {
    let attribution = Record::Escrow(EscrowRecord::SuspenseAttributed {
        deposit: DepositKey {
            tx: tx(1),
            ordinal: 0,
        },
        user: user(1),
        transaction: id(90),
        purchase: None,
        actor: "ops".to_owned(),
        reason: "asked".to_owned(),
        at: WALL,
    });
    let given = vec![released(400), attribution];
    check(&[vec![came()], dust(1, 400), given.clone()], "fine");
    check(
        &[vec![came()], dust(1, 400), given.clone(), given],
        "released_twice",
    );
}

#[test]
fn what_is_credited_together_buys_the_product() {
    let price = PricePlan {
        numerator: 1,
        denominator: milli().unsigned_abs().try_into().unwrap_or(u64::MAX),
    };
    let picture = Picture {
        price: Some(price),
        ..Picture::default()
    };
    let (sum, asset) = (1_000 * milli(), super::super::testing::usdt());
    let (units, cost) = super::units_and_cost(sum, price).unwrap();
    assert!(units > 0 && cost <= sum);
    assert!(picture.check_purchase((user(1), asset, sum), None).is_err());
    let mut bought = picture;
    let spent = transfer(Owner::User(user(1)), Owner::Treasury, cost);
    let given = Transfer {
        asset: crate::world::plan::Token::Gold.facts().id,
        ..transfer(Owner::Issuance, Owner::User(user(1)), units)
    };
    bought.bought.insert(id(91), vec![spent, given]);
    assert!(bought.check_purchase((user(1), asset, sum), Some(id(91))).is_ok());
}
