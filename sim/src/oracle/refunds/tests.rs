use plimsoll_core::bank::{ActDone, AdminAct, Record};
use plimsoll_core::escrow::{Beneficiary, DepositKey, EscrowRecord, RefundAct, RefundRecord};
use plimsoll_core::id::{Address, RefundId, TxHash};
use plimsoll_core::ledger::{Owner, Transfer};

use super::super::testing::{
    CHAIN, WALL, bank, block, booked, evidence, id, judge_records, key, posted, reversed, settled, transfer,
    tx, units, usdt, user,
};
use super::Refunds;

const TO: Address = Address::Evm([9; 20]);
const PAID_BY: TxHash = TxHash::Evm([8; 32]);

fn deposit() -> DepositKey {
    DepositKey {
        tx: tx(1),
        ordinal: 0,
    }
}

/// User 1 is credited with 100 by the ledger's transaction 1, of which transaction 2 spends 90 on the product.
fn credited() -> Vec<Record> {
    let mut booked = booked(0, 100, Some(1));
    booked.deposit.beneficiary = Beneficiary::User(user(1));
    booked.purchase = Some(id(2));
    vec![
        posted(1, &[transfer(Owner::Custody(CHAIN), Owner::User(user(1)), 100)]),
        posted(2, &[bought()]),
        settled(tx(1), evidence(block(5), &[(0, 5), (1, 5)]), &[booked]),
    ]
}

fn bought() -> Transfer {
    transfer(Owner::User(user(1)), Owner::Treasury, 90)
}

/// What takes so much from `from`, as transaction 3, and undoes the purchase.
fn taken(from: Owner, amount: i128) -> Record {
    let undone = transfer(Owner::Treasury, Owner::User(user(1)), 90);
    posted(3, &[undone, transfer(from, Owner::Refunds, amount)])
}

fn requested(number: u64, minor: i128) -> Record {
    Record::Escrow(EscrowRecord::Refund(RefundRecord::Requested {
        refund: RefundId::new(number),
        deposit: deposit(),
        to: TO,
        of: Beneficiary::User(user(1)),
        asset: usdt(),
        amount: units(minor),
        transaction: id(3),
        at: WALL,
    }))
}

fn refund_settled() -> Record {
    Record::Escrow(EscrowRecord::Refund(RefundRecord::Settled {
        refund: RefundId::new(1),
        paid_by: PAID_BY,
        transaction: id(4),
        at: WALL,
    }))
}

fn withdrawn() -> Record {
    Record::Escrow(EscrowRecord::Refund(RefundRecord::Withdrawn {
        refund: RefundId::new(1),
        transaction: id(4),
        at: WALL,
    }))
}

fn acted(act: RefundAct, transaction: u64) -> Record {
    Record::Administered {
        key: key(&format!("{act:?}")),
        act: AdminAct::Refund(act),
        actor: "ops".to_owned(),
        reason: "asked".to_owned(),
        done: ActDone::Refund {
            refund: RefundId::new(1),
            transaction: id(transaction),
        },
        at: WALL,
    }
}

fn asked() -> Record {
    let (deposit, to) = (deposit(), TO);
    acted(RefundAct::Request { deposit, to }, 3)
}

fn told() -> Record {
    let (refund, paid_by) = (RefundId::new(1), PAID_BY);
    acted(RefundAct::Settle { refund, paid_by }, 4)
}

fn given_up() -> Record {
    let refund = RefundId::new(1);
    acted(RefundAct::Withdraw { refund }, 4)
}

fn from_user() -> Record {
    taken(Owner::User(user(1)), 100)
}

fn paid(to: Owner, minor: i128) -> Record {
    posted(4, &[transfer(Owner::Refunds, to, minor)])
}

/// What the oracle says to the last of `groups`, after it found the others fine.
#[track_caller]
fn check(groups: &[Vec<Record>], expected: &str) {
    let (mut oracle, bank) = (Refunds::default(), bank(&[]));
    let said: Vec<&str> = groups
        .iter()
        .map(|group| judge_records(&mut oracle, &bank, group))
        .collect();
    let (last, before) = said.split_last().expect("a group");
    assert!(before.iter().all(|one| *one == "fine"), "{before:?}");
    assert_eq!(*last, expected);
}

#[test]
fn a_refund_takes_what_came_whole_and_once() {
    let table = [
        (vec![from_user(), requested(1, 100), asked()], "fine"),
        (vec![from_user(), requested(1, 100)], "unordered"),
        (vec![from_user(), asked()], "off_record"),
        (vec![from_user()], "moved_without_reason"),
        (vec![requested(1, 100), asked()], "posting_differs"),
        (
            vec![taken(Owner::User(user(1)), 99), requested(1, 99), asked()],
            "takes_other_money",
        ),
        (
            vec![taken(Owner::User(user(2)), 100), requested(1, 100), asked()],
            "posting_differs",
        ),
        (
            vec![
                posted(3, &[transfer(Owner::User(user(1)), Owner::Refunds, 100)]),
                requested(1, 100),
                asked(),
            ],
            "posting_differs",
        ),
    ];
    for (group, expected) in table {
        check(&[credited(), group], expected);
    }
    check(&[vec![from_user(), requested(1, 100), asked()]], "of_nothing");
    let twice = vec![from_user(), requested(2, 100), asked()];
    check(
        &[credited(), vec![from_user(), requested(1, 100), asked()], twice],
        "refunded_twice",
    );
}

#[test]
fn a_refund_ends_once_out_of_custody_or_back() {
    let custody = Owner::Custody(CHAIN);
    let table = [
        (vec![paid(custody, 100), refund_settled(), told()], "fine"),
        (
            vec![paid(custody, 99), refund_settled(), told()],
            "posting_differs",
        ),
        (
            vec![paid(Owner::User(user(2)), 100), refund_settled(), told()],
            "posting_differs",
        ),
        (vec![reversed(4, 3), withdrawn(), given_up()], "fine"),
        (vec![reversed(4, 3), refund_settled(), told()], "posting_differs"),
        (
            vec![paid(Owner::User(user(1)), 100), withdrawn(), given_up()],
            "posting_differs",
        ),
        (vec![reversed(4, 3)], "moved_without_reason"),
        (vec![withdrawn(), given_up()], "posting_differs"),
    ];
    let before = [credited(), vec![from_user(), requested(1, 100), asked()]];
    for (group, expected) in table {
        check(&[before.as_slice(), &[group]].concat(), expected);
    }
    let back = vec![reversed(4, 3), withdrawn(), given_up()];
    let again = vec![paid(custody, 100), refund_settled(), told()];
    check(&[before.as_slice(), &[back, again]].concat(), "ended_twice");
}
