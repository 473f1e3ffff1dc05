use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::id::{TransactionId, UserId};
use crate::ledger::fingerprint::{Fingerprint, Receipt};
use crate::ledger::script::{asset, command, key_number, owner, run, transfers};
use crate::ledger::{AccountKey, Balance, Ledger, LedgerRecord, Limits, Refusal};
use crate::money::Amount;

/// A new key's receipt; what was asked under it does not matter here.
fn receipt(key: u64) -> Receipt {
    Receipt {
        key: key_number(key),
        fingerprint: Fingerprint::of(&command("void 1")),
    }
}

/// Posted and reversed, pending with and without a date, voided, posted hold, expired.
fn ledger() -> Ledger {
    let script = run("
        post custody>alice 10            -> transaction-1
        reverse 1                        -> transaction-2
        post custody>alice 10            -> transaction-3
        hold alice>bob 1 until 5         -> transaction-4
        hold alice>bob 2                 -> transaction-5
        hold alice>bob 3                 -> transaction-6
        void 6                           -> transaction-6
        hold alice>bob 1                 -> transaction-7
        key=77 post-hold 7               -> transaction-7
        hold alice>bob 1 until 1         -> transaction-8
        at 1
        expire 1                         -> transaction-8
    ");
    script.ledger
}

fn posted(id: u64, text: &str) -> LedgerRecord {
    LedgerRecord::Posted {
        receipt: receipt(1),
        transaction: TransactionId::new(id),
        transfers: transfers(text),
    }
}

fn held(id: u64, text: &str) -> LedgerRecord {
    LedgerRecord::Held {
        receipt: receipt(1),
        transaction: TransactionId::new(id),
        transfers: transfers(text),
        expires_at: None,
    }
}

fn hold_posted(id: u64, amounts: Option<&[i128]>) -> LedgerRecord {
    LedgerRecord::HoldPosted {
        receipt: receipt(1),
        hold: TransactionId::new(id),
        amounts: amounts.map(|amounts| amounts.iter().copied().map(Amount::from_minor).collect()),
    }
}

fn hold_voided(id: u64) -> LedgerRecord {
    LedgerRecord::HoldVoided {
        receipt: receipt(1),
        hold: TransactionId::new(id),
    }
}

fn hold_expired(id: u64) -> LedgerRecord {
    LedgerRecord::HoldExpired {
        hold: TransactionId::new(id),
    }
}

fn reversed(id: u64, original: u64) -> LedgerRecord {
    LedgerRecord::Reversed {
        receipt: receipt(1),
        transaction: TransactionId::new(id),
        original: TransactionId::new(original),
    }
}

fn limits_set(minimum: i128, maximum: i128) -> LedgerRecord {
    LedgerRecord::LimitsSet {
        account: AccountKey {
            owner: owner("alice"),
            asset: asset("USDT"),
        },
        limits: Limits {
            minimum: Amount::from_minor(minimum),
            maximum: Amount::from_minor(maximum),
        },
    }
}

/// What applying `record` says as it panics.
fn objection(record: &LedgerRecord) -> String {
    let mut ledger = ledger();
    let applied = catch_unwind(AssertUnwindSafe(|| ledger.apply(record)));
    let panic = applied.expect_err("the record was applied");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => String::from(*panic.downcast::<&str>().unwrap()),
    }
}

#[test]
fn a_record_that_does_not_follow_is_never_applied() {
    let frozen = LedgerRecord::Refused {
        receipt: receipt(77),
        refusal: Refusal::NoTransfers,
    };
    let table = [
        (posted(8, "custody>alice 1"), "transaction ids have no gaps"),
        (posted(10, "custody>alice 1"), "transaction ids have no gaps"),
        (posted(9, "alice>bob 99"), "an account stands where it may not"),
        (held(9, "alice>bob 99"), "an account stands where it may not"),
        (
            posted(9, "alice>custody 99"),
            "an account stands where it may not",
        ),
        (posted(9, "custody>alice -1"), "a leg moves less than nothing"),
        (posted(9, "alice>alice 1"), "a leg has two accounts"),
        (posted(9, "custody>alice max"), "a sum left the range"),
        (hold_posted(1, None), "was resolved while it was not pending"),
        (hold_posted(6, None), "was resolved while it was not pending"),
        (hold_posted(7, None), "was resolved while it was not pending"),
        (hold_posted(8, None), "was resolved while it was not pending"),
        (hold_posted(9, None), "which does not exist"),
        (hold_posted(4, Some(&[2])), "more was posted than held"),
        (hold_posted(4, Some(&[-1])), "a negative amount was posted"),
        (
            hold_posted(4, Some(&[1, 0])),
            "a partial post has one amount a leg",
        ),
        (hold_voided(6), "was resolved while it was not pending"),
        (hold_expired(8), "was resolved while it was not pending"),
        (hold_expired(5), "expired, which it never would"),
        (reversed(9, 1), "was reversed twice"),
        (reversed(9, 4), "was reversed without having been posted"),
        (reversed(9, 6), "was reversed without having been posted"),
        (reversed(9, 10), "which does not exist"),
        (reversed(9, 3), "an account stands where it may not"),
        (limits_set(99, 100), "an account stands where it may not"),
        (limits_set(0, 1), "an account stands where it may not"),
        (limits_set(-1, 100), "contradict themselves"),
        (frozen, "an idempotency key was answered twice"),
    ];
    for (record, expected) in table {
        let said = objection(&record);
        assert!(said.contains(expected), "{record:?}: {said}");
    }
}

#[test]
fn accounts_are_opened_once_and_by_whatever_comes_first() {
    let opened = |symbols: &[&str]| LedgerRecord::AccountsOpened {
        user: UserId::new(1),
        assets: symbols.iter().map(|symbol| asset(symbol)).collect(),
    };
    let mut ledger = ledger();
    let balances = |ledger: &Ledger| ledger.balances_of(UserId::new(1)).collect::<Vec<_>>();
    let before = balances(&ledger);
    ledger.apply(&opened(&["USDT"]));
    assert_eq!(balances(&ledger), before);
    ledger.apply(&opened(&["USDT", "GOLD", "GOLD"]));
    ledger.apply(&opened(&["GOLD"]));
    ledger.check();
    assert_eq!(
        balances(&ledger),
        vec![(asset("GOLD"), Balance::default()), before[0]]
    );
    assert_eq!(ledger.accounts().count(), 4);
}

#[test]
fn the_same_records_make_the_same_ledger() {
    let (one, mut other) = (ledger(), ledger());
    assert_eq!(one, other);
    assert_eq!(one.digest(), other.digest());
    let mut digests = vec![one.digest()];
    for record in [
        posted(9, "custody>alice 1"),
        limits_set(0, 100),
        hold_expired(4),
        LedgerRecord::Refused {
            receipt: receipt(2),
            refusal: Refusal::NoTransfers,
        },
    ] {
        other.apply(&record);
        assert!(!digests.contains(&other.digest()), "{record:?} changed no digest");
        assert_ne!(one, other);
        digests.push(other.digest());
    }
}
