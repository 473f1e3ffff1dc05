use std::vec;
use std::vec::Vec;

use super::{
    AccountKey, Balance, Command, Ledger, LedgerRecord, Limits, Outcome, Owner, Refusal, Request, Rules,
    Transfer, Verdict,
};
use crate::id::{AssetId, ChainId, IdempotencyKey, TransactionId, UserId};
use crate::money::Amount;
use crate::time::WallClock;

const ALICE: Owner = Owner::User(UserId::new(1));
const BOB: Owner = Owner::User(UserId::new(2));
const BSC: Owner = Owner::Custody(ChainId::new(56));

fn usdt() -> AssetId {
    "USDT".parse().unwrap()
}

fn at(micros: i64) -> WallClock {
    WallClock::from_micros(micros)
}

fn minor(units: i128) -> Amount {
    Amount::from_minor(units)
}

fn moved(debit: Owner, credit: Owner, units: i128) -> Transfer {
    Transfer {
        debit,
        credit,
        asset: usdt(),
        amount: minor(units),
    }
}

fn request(key: u8, command: Command) -> Request {
    Request {
        key: IdempotencyKey::from_bytes([key; 16]),
        command,
    }
}

fn post(transfers: &[Transfer]) -> Command {
    Command::Post {
        transfers: transfers.to_vec(),
    }
}

/// Decides and applies under a key that is used nowhere else.
fn run(ledger: &mut Ledger, key: u8, wall: i64, command: Command) -> Outcome {
    let Verdict::Fresh(record) = ledger.decide(Rules::Internal, at(wall), &request(key, command)) else {
        panic!("key {key} was used before")
    };
    ledger.apply(&record);
    ledger.check();
    Ledger::outcome_of(&record).unwrap()
}

fn balance(ledger: &Ledger, owner: Owner) -> (i128, i128, i128) {
    let Balance {
        available,
        held,
        incoming,
    } = ledger.balance(AccountKey { owner, asset: usdt() });
    (available.minor(), held.minor(), incoming.minor())
}

fn accepted(id: u64) -> Outcome {
    Outcome::Accepted(TransactionId::new(id))
}

#[test]
fn money_moves_from_account_to_account() {
    let mut ledger = Ledger::new();
    assert_eq!(
        run(&mut ledger, 1, 0, post(&[moved(BSC, ALICE, 10)])),
        accepted(1)
    );
    assert_eq!(run(&mut ledger, 2, 0, post(&[moved(ALICE, BOB, 4)])), accepted(2));
    assert_eq!(balance(&ledger, BSC), (10, 0, 0));
    assert_eq!(balance(&ledger, ALICE), (6, 0, 0));
    assert_eq!(balance(&ledger, BOB), (4, 0, 0));
    let account = AccountKey {
        owner: ALICE,
        asset: usdt(),
    };
    let refused = Outcome::Refused(Refusal::InsufficientFunds { account });
    assert_eq!(run(&mut ledger, 3, 0, post(&[moved(ALICE, BOB, 7)])), refused);
    assert_eq!(balance(&ledger, ALICE), (6, 0, 0));
}

#[test]
fn a_hold_is_posted_in_part_and_then_reversed() {
    let mut ledger = Ledger::new();
    run(&mut ledger, 1, 0, post(&[moved(BSC, ALICE, 10)]));
    let hold = Command::Hold {
        transfers: vec![moved(ALICE, BOB, 8)],
        expires_at: Some(at(5)),
    };
    assert_eq!(run(&mut ledger, 2, 0, hold), accepted(2));
    assert_eq!(balance(&ledger, ALICE), (2, 8, 0));
    assert_eq!(balance(&ledger, BOB), (0, 0, 8));
    assert_eq!(ledger.next_expiry(), Some(at(5)));
    let part = Command::PostHold {
        hold: TransactionId::new(2),
        amounts: Some(vec![minor(3)]),
    };
    assert_eq!(run(&mut ledger, 3, 4, part), accepted(2));
    assert_eq!(balance(&ledger, ALICE), (7, 0, 0));
    assert_eq!(balance(&ledger, BOB), (3, 0, 0));
    assert_eq!(ledger.next_expiry(), None);
    let reverse = Command::Reverse {
        transaction: TransactionId::new(2),
    };
    assert_eq!(run(&mut ledger, 4, 4, reverse), accepted(3));
    assert_eq!(balance(&ledger, ALICE), (10, 0, 0));
}

#[test]
fn limits_bind_from_the_moment_they_are_set() {
    let mut ledger = Ledger::new();
    let account = AccountKey {
        owner: ALICE,
        asset: usdt(),
    };
    let limits = Limits {
        minimum: Amount::ZERO,
        maximum: minor(10),
    };
    let record = ledger.decide_limits(Rules::Internal, account, limits).unwrap();
    ledger.apply(&record);
    let refused = Outcome::Refused(Refusal::AboveMaximum { account });
    assert_eq!(run(&mut ledger, 1, 0, post(&[moved(BSC, ALICE, 11)])), refused);
    assert_eq!(
        run(&mut ledger, 2, 0, post(&[moved(BSC, ALICE, 10)])),
        accepted(1)
    );
}

#[test]
fn opening_twice_is_opening_once() {
    let mut ledger = Ledger::new();
    let opened = LedgerRecord::AccountsOpened {
        user: UserId::new(1),
        assets: vec![usdt(), usdt()],
    };
    ledger.apply(&opened);
    ledger.apply(&opened);
    ledger.check();
    let balances: Vec<_> = ledger.balances_of(UserId::new(1)).collect();
    assert_eq!(balances, [(usdt(), Balance::default())]);
    assert_eq!(ledger.accounts().count(), 1);
}
