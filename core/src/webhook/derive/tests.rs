use alloc::vec::Vec;
use std::string::{String, ToString};
use std::{format, vec};

use super::{Deriver, Happening, RefundNews};
use crate::bank::Record;
use crate::escrow::testing::{CHAIN, PAYER, asset};
use crate::escrow::{
    Beneficiary, BlockRef, Booked, DeadLetterReason, Deposit, DepositKey, EscrowRecord, Evidence,
    FinalityRule, Reason, RefundRecord, Resolution, SuspenseReason, TxKey, Vote,
};
use crate::id::{Address, BlockHash, ClaimId, IdempotencyKey, RefundId, TransactionId, TxHash, UserId};
use crate::journal::Position;
use crate::money::Amount;
use crate::time::WallClock;

const TX: TxKey = TxKey {
    chain: CHAIN,
    tx: TxHash::Evm([7; 32]),
};
const AT: WallClock = WallClock::from_micros(5);

fn claim(user: u64) -> EscrowRecord {
    EscrowRecord::ClaimFiled {
        claim: ClaimId::new(user),
        key: IdempotencyKey::derive("claim", &user.to_le_bytes()),
        user: UserId::new(user),
        tx: TX,
        at: AT,
    }
}

fn evidence() -> Evidence {
    let block = BlockRef {
        number: 9,
        hash: BlockHash::Evm([9; 32]),
    };
    let vote = |endpoint| Vote {
        endpoint,
        finalized: block,
        rule: FinalityRule::Finalized,
    };
    Evidence {
        block,
        digest: 1,
        votes: vec![vote(0), vote(1)],
    }
}

fn booked(ordinal: u32, user: Option<u64>) -> Booked {
    let beneficiary = match user {
        Some(user) => Beneficiary::User(UserId::new(user)),
        None => Beneficiary::Suspense(SuspenseReason::BelowMinimum),
    };
    let deposit = Deposit {
        ordinal,
        asset: asset("USDT"),
        amount: Amount::from_minor(5),
        from: PAYER,
        to: Address::Evm([3; 20]),
        beneficiary,
    };
    Booked {
        deposit,
        transaction: Some(TransactionId::new(1)),
        purchase: None,
    }
}

fn seen(deposits: Vec<Booked>) -> EscrowRecord {
    EscrowRecord::Seen {
        tx: TX,
        evidence: evidence(),
        deposits,
        at: AT,
    }
}

fn settled(deposits: Vec<Booked>) -> EscrowRecord {
    EscrowRecord::Final {
        tx: TX,
        evidence: evidence(),
        deposits,
        at: AT,
    }
}

fn line(one: &Happening) -> String {
    let user = one
        .event
        .topic
        .user
        .map_or_else(|| "nobody".to_string(), |user| user.to_string());
    let ordinals: Vec<u32> = one.deposits.iter().map(|booked| booked.deposit.ordinal).collect();
    let reason = one.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    format!(
        "{} {} {user} {ordinals:?}{reason}",
        one.event.id,
        one.event.topic.kind.code()
    )
}

#[track_caller]
fn check(records: Vec<EscrowRecord>, expected: &[&str]) {
    let mut deriver = Deriver::default();
    let mut lines = Vec::new();
    for (position, record) in (1..).map(Position::new).zip(records) {
        let told = deriver.take(position, &Record::Escrow(record));
        lines.extend(told.iter().map(line));
    }
    assert_eq!(lines, expected);
}

#[test]
fn each_user_hears_of_their_own_deposits() {
    let deposits = vec![
        booked(0, Some(2)),
        booked(1, Some(1)),
        booked(2, Some(2)),
        booked(3, None),
    ];
    check(
        vec![seen(deposits.clone()), settled(deposits)],
        &[
            "event-1-0 deposit.seen user-1 [1]",
            "event-1-1 deposit.seen user-2 [0, 2]",
            "event-2-0 deposit.final user-1 [1]",
            "event-2-1 deposit.final user-2 [0, 2]",
            "event-2-2 deposit.suspended nobody [3] below_minimum",
        ],
    );
}

#[test]
fn whoever_claims_what_is_not_theirs_hears_so() {
    check(
        vec![
            claim(3),
            seen(vec![booked(0, Some(1))]),
            settled(vec![booked(0, Some(1))]),
        ],
        &[
            "event-2-0 deposit.seen user-1 [0]",
            "event-3-0 deposit.final user-1 [0]",
            "event-3-1 deposit.rejected user-3 [] not_yours",
        ],
    );
}

#[test]
fn whoever_claims_what_is_nobodys_hears_that_it_is() {
    check(
        vec![claim(3), settled(vec![booked(0, None)])],
        &["event-2-0 deposit.suspended user-3 [0] below_minimum"],
    );
}

#[test]
fn a_reorganisation_is_told_to_who_was_told_of_the_deposit_and_to_who_claims_it() {
    let reorged = EscrowRecord::Reorged {
        tx: TX,
        was: evidence().block,
        at: AT,
    };
    let rejected = EscrowRecord::Rejected {
        tx: TX,
        reason: Reason::Reverted,
        evidence: evidence(),
        at: AT,
    };
    check(
        vec![seen(vec![booked(0, Some(1))]), claim(3), reorged, rejected],
        &[
            "event-1-0 deposit.seen user-1 [0]",
            "event-3-0 deposit.reorged user-1 []",
            "event-3-1 deposit.reorged user-3 []",
            "event-4-0 deposit.rejected user-1 [] reverted",
            "event-4-1 deposit.rejected user-3 [] reverted",
        ],
    );
}

#[test]
fn a_dead_letter_is_told_and_may_end_well() {
    let dead = EscrowRecord::DeadLettered {
        tx: TX,
        reason: DeadLetterReason::Unseen,
        at: AT,
    };
    let retried = EscrowRecord::DeadLetterResolved {
        tx: TX,
        resolution: Resolution::Retry,
        actor: "ada".parse().unwrap(),
        reason: "seen".parse().unwrap(),
        at: AT,
    };
    check(
        vec![claim(3), dead, retried, settled(vec![booked(0, Some(3))])],
        &[
            "event-2-0 deposit.dead_lettered user-3 [] unseen",
            "event-4-0 deposit.final user-3 [0]",
        ],
    );
}

#[test]
fn what_is_attributed_names_its_deposit() {
    let attributed = EscrowRecord::SuspenseAttributed {
        deposit: DepositKey { tx: TX, ordinal: 4 },
        user: UserId::new(8),
        transaction: TransactionId::new(2),
        purchase: None,
        actor: "ada".parse().unwrap(),
        reason: "asked".parse().unwrap(),
        at: AT,
    };
    let told = Deriver::default().take(Position::new(6), &Record::Escrow(attributed));
    assert_eq!(
        told.iter().map(line).collect::<Vec<_>>(),
        ["event-6-0 deposit.attributed user-8 []"]
    );
    assert_eq!(told[0].attributed, Some(DepositKey { tx: TX, ordinal: 4 }));
}

#[test]
fn what_is_credited_together_is_told_deposit_by_deposit() {
    let other = TxKey {
        tx: TxHash::Evm([9; 32]),
        ..TX
    };
    let deposits = [TX, other].map(|tx| DepositKey { tx, ordinal: 1 });
    let credited = EscrowRecord::DustCredited {
        user: UserId::new(8),
        deposits: deposits.to_vec(),
        transaction: TransactionId::new(2),
        purchase: None,
        at: AT,
    };
    let told = Deriver::default().take(Position::new(6), &Record::Escrow(credited));
    assert_eq!(
        told.iter().map(line).collect::<Vec<_>>(),
        [
            "event-6-0 deposit.attributed user-8 []",
            "event-6-1 deposit.attributed user-8 []"
        ]
    );
    let about: Vec<_> = told.iter().map(|one| (one.tx, one.attributed)).collect();
    assert_eq!(about, deposits.map(|one| (one.tx, Some(one))));
}

#[test]
fn a_refund_is_told_to_whoever_had_the_money_until_it_ends() {
    let deposit = DepositKey { tx: TX, ordinal: 4 };
    let (to, paid_by) = (Address::Evm([6; 20]), TxHash::Evm([5; 32]));
    let requested = |refund, of| RefundRecord::Requested {
        refund: RefundId::new(refund),
        deposit,
        to,
        of,
        asset: "USDT".parse().unwrap(),
        amount: Amount::from_minor(5),
        transaction: TransactionId::new(2),
        at: AT,
    };
    let (transaction, at) = (TransactionId::new(3), AT);
    let proposed = RefundRecord::Proposed {
        deposit,
        to,
        actor: "ada".into(),
        at,
    };
    let withdrawn = RefundRecord::Withdrawn {
        refund: RefundId::new(1),
        transaction,
        at,
    };
    let settled = RefundRecord::Settled {
        refund: RefundId::new(2),
        paid_by,
        transaction,
        at,
    };
    let user = Beneficiary::User(UserId::new(8));
    let nobody = Beneficiary::Suspense(SuspenseReason::Unattributed);
    let records = [
        proposed,
        requested(1, user),
        withdrawn,
        requested(2, nobody),
        settled,
    ];
    let mut deriver = Deriver::default();
    let mut told = Vec::new();
    for (position, record) in (1..).zip(records) {
        let record = Record::Escrow(EscrowRecord::Refund(record));
        told.extend(deriver.take(Position::new(position), &record));
    }
    assert_eq!(
        told.iter().map(line).collect::<Vec<_>>(),
        [
            "event-2-0 refund.requested user-8 []",
            "event-3-0 refund.withdrawn user-8 []",
            "event-4-0 refund.requested nobody []",
            "event-5-0 refund.settled nobody []",
        ]
    );
    assert!(told.iter().all(|one| one.attributed == Some(deposit)));
    let news = RefundNews {
        id: RefundId::new(2),
        to,
        paid_by: Some(paid_by),
    };
    assert_eq!(told[3].refund, Some(news));
    assert_eq!(deriver, Deriver::default(), "what ended is forgotten");
}

#[test]
fn what_is_settled_is_forgotten() {
    let mut deriver = Deriver::default();
    for (position, record) in (1..).zip([claim(3), settled(vec![booked(0, Some(3))])]) {
        deriver.take(Position::new(position), &Record::Escrow(record));
        assert_eq!(deriver.remembered(), usize::from(position == 1));
    }
}
