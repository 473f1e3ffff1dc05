use plimsoll_core::bank::Record;
use plimsoll_core::ledger::{AccountKey, LedgerRecord, Owner};

use super::super::testing::{
    held, hold_posted, id, paid, posted, receipt, received, reversed, units, usdt, user,
};
use super::Books;

/// Enters records one after the other: the last refusal, or what user 1 has available.
fn enter(records: &[Record]) -> Result<i128, String> {
    let mut books = Books::default();
    for record in records {
        if let Record::Ledger(record) = record {
            books.enter(record)?;
        }
    }
    let owner = Owner::User(user(1));
    let asset = usdt();
    Ok(books.line(AccountKey { owner, asset }).available(owner))
}

fn void(number: u64) -> Record {
    Record::Ledger(LedgerRecord::HoldVoided {
        receipt: receipt("void"),
        hold: id(number),
    })
}

fn post_part(number: u64, minor: i128) -> Record {
    Record::Ledger(LedgerRecord::HoldPosted {
        receipt: receipt("part"),
        hold: id(number),
        amounts: Some(vec![units(minor)]),
    })
}

#[test]
fn what_is_held_is_neither_here_nor_there() {
    let incoming = posted(1, &[received(1, 100)]);
    let hold = held(2, &[paid(1, 2, 30)]);
    assert_eq!(enter(&[incoming.clone(), hold.clone()]), Ok(70));
    assert_eq!(enter(&[incoming.clone(), hold.clone(), void(2)]), Ok(100));
    assert_eq!(enter(&[incoming.clone(), hold.clone(), hold_posted(2)]), Ok(70));
    assert_eq!(enter(&[incoming.clone(), hold.clone(), post_part(2, 10)]), Ok(90));
    assert_eq!(
        enter(&[incoming, hold, post_part(2, 10), reversed(3, 2)]),
        Ok(100)
    );
}

#[test]
fn impossible_records_are_refused_with_a_reason() {
    let incoming = posted(1, &[received(1, 100)]);
    let hold = held(2, &[paid(1, 2, 30)]);
    let refused = |records: &[Record]| enter(records).err().unwrap_or_default();
    assert_eq!(
        refused(&[incoming.clone(), incoming.clone()]),
        "transaction-1 was recorded twice"
    );
    assert_eq!(
        refused(&[posted(1, &[received(1, 0)])]),
        "transaction-1 moves 0 minor units of USDT"
    );
    let twice = [hold.clone(), void(2), hold_posted(2)];
    assert_eq!(refused(&twice), "transaction-2 was resolved and is no open hold");
    let over = [hold.clone(), post_part(2, 31)];
    assert_eq!(
        refused(&over),
        "transaction-2 was posted for other amounts than it held"
    );
    assert_eq!(
        refused(&[hold, reversed(3, 2)]),
        "transaction-3 reverses transaction-2, which is not posted"
    );
    let twice = [incoming, reversed(3, 1), reversed(4, 1)];
    assert_eq!(refused(&twice), "transaction-1 was reversed twice");
}
