use plimsoll_core::bank::{Record, State};
use plimsoll_core::escrow::{
    Beneficiary, BlockRef, Booked, Deposit, EscrowRecord, Evidence, FinalityRule, TxKey, Vote,
};
use plimsoll_core::id::{
    Address, BlockHash, ChainId, ClaimId, IdempotencyKey, TransactionId, TxHash, UserId,
};
use plimsoll_core::ledger::{Command, Ledger, Outcome, Owner, Request, Rules, Transfer, Verdict};
use plimsoll_core::money::Amount;
use plimsoll_core::time::WallClock;

use super::{Check, checks, describe};

const CHAIN: ChainId = ChainId::new(56);
const USER: UserId = UserId::new(1);
const AT: WallClock = WallClock::from_micros(1);
const TX: TxKey = TxKey {
    chain: CHAIN,
    tx: TxHash::Evm([5; 32]),
};

/// A journal in which somebody was credited.
struct Story {
    state: State,
    deposit: Deposit,
    evidence: Evidence,
}

impl Story {
    /// Two users with an address each, and a claim of the first.
    fn new() -> Self {
        let mut state = State::default();
        let asset = "USDT".parse().unwrap();
        state.apply(&Record::AssetRegistered { asset, scale: 2 });
        for number in [1, 2] {
            state.apply(&Record::UserRegistered {
                user: UserId::new(number),
                key: IdempotencyKey::derive("test", &number.to_be_bytes()),
                name: format!("user {number}"),
                addresses: vec![(CHAIN, address(number))],
                at: AT,
            });
        }
        state.apply(&Record::Escrow(EscrowRecord::ClaimFiled {
            claim: ClaimId::new(1),
            key: IdempotencyKey::derive("test", b"claim"),
            user: USER,
            tx: TX,
            at: AT,
        }));
        let vote = |endpoint| Vote {
            endpoint,
            finalized: block(9),
            rule: FinalityRule::Finalized,
        };
        Self {
            state,
            deposit: Deposit {
                ordinal: 3,
                asset,
                amount: Amount::from_minor(2_500),
                from: Address::Evm([0xff; 20]),
                to: address(1),
                beneficiary: Beneficiary::User(USER),
            },
            evidence: Evidence {
                block: block(8),
                digest: 0xd1,
                votes: vec![vote(0), vote(2)],
            },
        }
    }

    /// Posts `transfer`, and makes the deposit final with it.
    fn credited(mut self, transfer: Transfer) -> Self {
        let request = Request {
            key: IdempotencyKey::derive("test", b"credit"),
            command: Command::Post {
                transfers: vec![transfer],
            },
        };
        let Verdict::Fresh(record) = self.state.ledger().decide(Rules::Internal, AT, request) else {
            panic!("refused")
        };
        let Some(Outcome::Accepted(transaction)) = Ledger::outcome_of(&record) else {
            panic!("refused")
        };
        self.state.apply(&Record::Ledger(record));
        self.finish(transaction)
    }

    fn finish(mut self, transaction: TransactionId) -> Self {
        let booked = Booked {
            deposit: self.deposit,
            transaction: Some(transaction),
            purchase: None,
        };
        self.state.apply(&Record::Escrow(EscrowRecord::Final {
            tx: TX,
            evidence: self.evidence.clone(),
            deposits: vec![booked],
            at: AT,
        }));
        self
    }

    fn transfer(&self) -> Transfer {
        Transfer {
            debit: Owner::Custody(CHAIN),
            credit: Owner::User(USER),
            asset: self.deposit.asset,
            amount: self.deposit.amount,
        }
    }

    /// What does not hold.
    fn failures(&self) -> Vec<String> {
        let failed = checks(&self.state, TX).into_iter().filter(Check::has_failed);
        failed.map(|check| check.to_string()).collect()
    }
}

fn address(number: u64) -> Address {
    Address::Evm([u8::try_from(number).unwrap(); 20])
}

fn block(number: u64) -> BlockRef {
    BlockRef {
        number,
        hash: BlockHash::Evm([0xb0; 32]),
    }
}

#[test]
fn a_credit_that_is_what_it_should_be_is_told_with_its_evidence() {
    let story = Story::new();
    let transfer = story.transfer();
    let story = story.credited(transfer);
    assert_eq!(story.failures(), [""; 0]);
    let mut told = Vec::new();
    describe(&mut told, &story.state, TX).unwrap();
    insta::assert_snapshot!(String::from_utf8(told).unwrap());
}

#[test]
fn money_that_was_never_paid_is_found() {
    let wrong = "FAILED  the ledger moved exactly what log 3 paid, from custody";
    let edits: [fn(&mut Transfer); 3] = [
        |transfer| transfer.amount = Amount::from_minor(2_501),
        |transfer| transfer.credit = Owner::User(UserId::new(2)),
        |transfer| transfer.debit = Owner::Issuance,
    ];
    for edit in edits {
        let story = Story::new();
        let mut transfer = story.transfer();
        edit(&mut transfer);
        assert_eq!(story.credited(transfer).failures(), [wrong], "{transfer:?}");
    }
}

#[test]
fn a_credit_to_whom_the_address_does_not_belong_is_found() {
    let mut story = Story::new();
    story.deposit.to = address(2);
    let transfer = story.transfer();
    assert_eq!(
        story.credited(transfer).failures(),
        ["FAILED  the address that log 3 paid is that of whom it was credited to"]
    );
}

#[test]
fn two_votes_of_one_upstream_are_one() {
    let mut story = Story::new();
    story.evidence.votes[1].endpoint = 0;
    let transfer = story.transfer();
    assert_eq!(
        story.credited(transfer).failures(),
        ["FAILED  1 upstreams voted, and 2 are needed"]
    );
}

#[test]
fn what_is_not_final_is_no_credit() {
    assert_eq!(
        Story::new().failures(),
        ["FAILED  the transaction is final in the journal"]
    );
}
