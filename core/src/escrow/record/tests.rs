//! The stored form, byte for byte: a change here means that old journals are read as something else.

use std::string::String;
use std::vec;
use std::vec::Vec;

use serde::Serialize;

use super::{EscrowRecord, Resolution};
use crate::escrow::testing::{CHAIN, PAYER, asset, block};
use crate::escrow::{
    Attempt, AttemptClass, Beneficiary, Booked, DeadLetterReason, Deposit, DepositKey, Evidence,
    FinalityRule, History, Reason, RefundRecord, SuspenseReason, TxKey, Vote,
};
use crate::id::{ClaimId, IdempotencyKey, RefundId, TransactionId, TxHash, UserId};
use crate::money::Amount;
use crate::time::WallClock;

const AT: WallClock = WallClock::from_micros(-3);
const TX: TxKey = TxKey {
    chain: CHAIN,
    tx: TxHash::Evm([1; 32]),
};
const USER: UserId = UserId::new(300);

fn evidence() -> Evidence {
    Evidence {
        block: block(5),
        digest: 1 << 100,
        votes: vec![Vote {
            endpoint: 2,
            finalized: block(7),
            rule: FinalityRule::Finalized,
        }],
    }
}

fn booked(beneficiary: Beneficiary) -> Booked {
    Booked {
        deposit: Deposit {
            ordinal: 3,
            asset: asset("USDT"),
            amount: Amount::from_minor(5),
            from: PAYER,
            to: PAYER,
            beneficiary,
        },
        transaction: Some(TransactionId::new(9)),
        purchase: None,
    }
}

fn deposit() -> DepositKey {
    DepositKey { tx: TX, ordinal: 3 }
}

fn every_record() -> [EscrowRecord; 14] {
    let (tx, at) = (TX, AT);
    [
        EscrowRecord::ClaimFiled {
            claim: ClaimId::new(1),
            key: IdempotencyKey::from_bytes([2; 16]),
            user: USER,
            tx,
            at,
        },
        EscrowRecord::Scanned {
            chain: CHAIN,
            to: block(9),
            found: vec![TX.tx],
            at,
        },
        EscrowRecord::Seen {
            tx,
            evidence: evidence(),
            deposits: vec![booked(Beneficiary::User(USER))],
            at,
        },
        EscrowRecord::Reorged {
            tx,
            was: block(5),
            at,
        },
        EscrowRecord::Final {
            tx,
            evidence: evidence(),
            deposits: vec![booked(Beneficiary::Suspense(SuspenseReason::BelowMinimum))],
            at,
        },
        EscrowRecord::Rejected {
            tx,
            reason: Reason::Reverted,
            evidence: evidence(),
            at,
        },
        EscrowRecord::DeadLettered {
            tx,
            reason: DeadLetterReason::Unseen,
            at,
        },
        EscrowRecord::DeadLetterResolved {
            tx,
            resolution: Resolution::Dismiss,
            actor: "ops".into(),
            reason: "known".into(),
            at,
        },
        EscrowRecord::SuspenseAttributed {
            deposit: deposit(),
            user: USER,
            transaction: TransactionId::new(10),
            purchase: Some(TransactionId::new(11)),
            actor: "ops".into(),
            reason: "shown".into(),
            at,
        },
        EscrowRecord::DeadLetterDetailed {
            tx,
            history: history(),
        },
        EscrowRecord::Refund(RefundRecord::Proposed {
            deposit: deposit(),
            to: PAYER,
            actor: "ops".into(),
            at,
        }),
        EscrowRecord::Refund(RefundRecord::Requested {
            refund: RefundId::new(1),
            deposit: deposit(),
            to: PAYER,
            of: Beneficiary::User(USER),
            asset: asset("USDT"),
            amount: Amount::from_minor(5),
            transaction: TransactionId::new(9),
            at,
        }),
        EscrowRecord::Refund(RefundRecord::Settled {
            refund: RefundId::new(1),
            paid_by: TX.tx,
            transaction: TransactionId::new(9),
            at,
        }),
        EscrowRecord::Refund(RefundRecord::Withdrawn {
            refund: RefundId::new(1),
            transaction: TransactionId::new(9),
            at,
        }),
    ]
}

fn history() -> History {
    let mut history = History::default();
    for (endpoint, class, height) in [
        (Some(2), AttemptClass::Absent, Some(300)),
        (None, AttemptClass::NobodyAsked, None),
    ] {
        history.push(Attempt {
            at: AT,
            endpoint,
            class,
            height,
        });
    }
    history
}

/// How `block(number)` is stored.
fn stored_block(number: u8) -> String {
    std::format!("{number:02x}00{number:016x}{}", "b1".repeat(24))
}

/// How `booked` is stored, with this beneficiary.
fn stored_booked(beneficiary: &str) -> String {
    let (usdt, payer) = ("555344540000000000000000", std::format!("00{}", "aa".repeat(20)));
    std::format!("03{usdt}0a{payer}{payer}{beneficiary}010900")
}

#[test]
fn every_record_is_stored_as_it_always_was() {
    let (tx, block5, at) = (std::format!("3800{}", "01".repeat(32)), stored_block(5), "05");
    let evidence = std::format!(
        "{block5}808080808080808080808080808004\
         0102{}00",
        stored_block(7)
    );
    let (usdt, payer) = ("555344540000000000000000", "aa".repeat(20));
    let texts = |reason: &str| std::format!("036f7073{reason}");
    let expected = [
        std::format!("0001{}ac02{tx}{at}", "02".repeat(16)),
        std::format!("0138{}0100{}{at}", stored_block(9), "01".repeat(32)),
        std::format!("02{tx}{evidence}01{}{at}", stored_booked("00ac02")),
        std::format!("03{tx}{block5}{at}"),
        std::format!("04{tx}{evidence}01{}{at}", stored_booked("0101")),
        std::format!("05{tx}00{evidence}{at}"),
        std::format!("06{tx}00{at}"),
        std::format!("07{tx}01{}{at}", texts("056b6e6f776e")),
        std::format!("08{tx}03ac020a010b{}{at}", texts("0573686f776e")),
        std::format!("09{tx}0202{at}01020101ac02{at}000a00"),
        std::format!("1100{tx}0300{payer}036f7073{at}"),
        std::format!("110101{tx}0300{payer}00ac02{usdt}0a09{at}"),
        std::format!("110201{}09{at}", &tx[2..]),
        std::format!("11030109{at}"),
    ];
    for (record, expected) in every_record().iter().zip(&expected) {
        let bytes: Vec<u8> = postcard::to_allocvec(record).unwrap();
        let stored: String = bytes.iter().map(|byte| std::format!("{byte:02x}")).collect();
        assert_eq!(stored, *expected, "{record:?}");
        assert_eq!(postcard::from_bytes::<EscrowRecord>(&bytes).unwrap(), *record);
    }
}

/// The stored number of every reason is its place in this list.
#[track_caller]
fn numbered<R: Serialize + Copy>(all: &[R], code: impl Fn(R) -> &'static str, expected: &str) {
    let told: Vec<&str> = all.iter().map(|one| code(*one)).collect();
    assert_eq!(told.join(" "), expected);
    for (place, one) in (0u8..).zip(all) {
        assert_eq!(postcard::to_allocvec(one).unwrap(), [place]);
    }
}

#[test]
fn every_reason_keeps_its_number_and_its_code() {
    numbered(
        Reason::ALL,
        Reason::code,
        "reverted no_transfer foreign_contract malformed_log native_transfer not_to_us zero_amount own_transfer \
         minted not_yours foreign_program not_associated token_not_in_force",
    );
    numbered(
        SuspenseReason::ALL,
        SuspenseReason::code,
        "unattributed below_minimum asset_disabled account_limit above_maximum",
    );
    numbered(
        DeadLetterReason::ALL,
        DeadLetterReason::code,
        "unseen reorged_out not_final amount_out_of_range too_many_deposits rules_changed mixed_payers",
    );
    numbered(
        AttemptClass::ALL,
        AttemptClass::code,
        "shown absent timeout connection rate_limited auth server not_ready malformed too_large nobody_asked unsupported pruned",
    );
}
