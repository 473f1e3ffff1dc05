//! A deposit's life, and each way in which it may go wrong.

use core::time::Duration;
use std::vec::Vec;

use super::bends::{refusing, silent};
use super::{House, named};
use crate::bank::{BankConfig, ClaimStatus, ClaimVerdict, Command, Query, Record, Refusal, Reply};
use crate::escrow::testing::{COLLECT, block, tx};
use crate::escrow::{
    Answer, BlockRef, DeadLetterReason, DepositKey, EscrowRecord, Question, Reason, Resolution,
    SuspenseReason,
};
use crate::id::BlockHash;
use crate::resilience::CordonReason;

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn status(house: &mut House, reply: Reply) -> ClaimStatus {
    let Reply::Claim { claim, .. } = reply else {
        panic!("{reply:?}")
    };
    let reply = house.query(Query::Claim(claim.id));
    let Reply::Claim { claim, .. } = reply else {
        panic!("{reply:?}")
    };
    claim.status
}

#[test]
fn a_claimed_deposit_is_locked_then_final_then_spent_on_its_product() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_001)]);
    let claim = house.claim(alice, 1);
    assert_eq!(house.stage(1), "seen");
    assert_eq!(house.balances(alice), (0, 3_001, 0));
    house.mine(2);
    assert_eq!(house.stage(1), "final");
    // 3001 / 300 = 10.003…: 10 units cost 3000, and 1 is left over.
    assert_eq!(house.balances(alice), (1, 0, 10));
    assert!(
        matches!(status(&mut house, claim), ClaimStatus::Settled(ClaimVerdict::Credited(booked)) if booked.len() == 1)
    );
    house.mine(10);
    assert_eq!(house.balances(alice), (1, 0, 10), "nothing more ever comes of it");
    house.audit();
}

#[test]
fn a_deposit_that_nobody_claims_is_found_by_the_scanner() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

#[test]
fn e8_every_log_is_a_deposit_of_its_own() {
    let mut house = House::new();
    let (alice, to_alice) = house.register("alice");
    let (bob, to_bob) = house.register("bob");
    house.mine(1);
    house.pay(1, &[(to_alice, 3_000), (to_bob, 6_000), (to_alice, 3_000)]);
    house.mine(4);
    assert_eq!(house.final_deposits(1), 3);
    assert_eq!((house.balances(alice).2, house.balances(bob).2), (20, 20));
    house.audit();
}

#[test]
fn e19_a_stolen_hash_credits_its_owner_only() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    let (mallory, _) = house.register("mallory");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    let theft = house.claim(mallory, 1);
    house.mine(4);
    assert_eq!(
        status(&mut house, theft),
        ClaimStatus::Settled(ClaimVerdict::Rejected(Reason::NotYours))
    );
    assert_eq!(
        (house.balances(alice).2, house.balances(mallory)),
        (10, (0, 0, 0))
    );
    house.audit();
}

#[test]
fn a_reverted_transaction_is_rejected_only_once_final() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.mined.get_mut(&tx(1)).unwrap().succeeded = false;
    let claim = house.claim(alice, 1);
    assert_eq!(house.stage(1), "observed");
    house.mine(4);
    assert_eq!(
        status(&mut house, claim),
        ClaimStatus::Settled(ClaimVerdict::Rejected(Reason::Reverted))
    );
    house.audit();
}

#[test]
fn e11_a_reorg_voids_the_hold_and_the_same_deposit_is_credited_once_where_it_lands() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    assert_eq!(house.balances(alice), (0, 3_000, 0));
    let mut moved = house.mined.remove(&tx(1)).unwrap();
    house.mine(3);
    assert_eq!(house.stage(1), "reorged");
    assert_eq!(house.balances(alice), (0, 0, 0));
    moved.block = block(house.latest);
    moved.logs[0].index = 99;
    house.mined.insert(tx(1), moved);
    house.mine(4);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

#[test]
fn e11_what_is_seen_again_after_a_reorg_is_held_again_and_credited_once() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    for _ in 0..2 {
        assert_eq!((house.stage(1), house.balances(alice)), ("seen", (0, 3_000, 0)));
        let mut moved = house.mined.remove(&tx(1)).unwrap();
        house.mine(3);
        assert_eq!((house.stage(1), house.balances(alice)), ("reorged", (0, 0, 0)));
        moved.block = block(house.latest);
        house.mined.insert(tx(1), moved);
        house.pass(SECOND * 4);
    }
    house.mine(4);
    assert_eq!((house.stage(1), house.balances(alice)), ("final", (0, 0, 10)));
    house.audit();
}

#[test]
fn what_no_rule_can_judge_is_for_a_person_once_it_is_final_and_not_before() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, u128::MAX)]);
    house.claim(alice, 1);
    house.pass(SECOND * 4);
    assert_eq!(house.stage(1), "observed", "the verdict may still change");
    house.mine(4);
    assert_eq!(house.stage(1), "dead_letter");
    let letter = house.bank.state().escrow().dead_letter(named(1)).unwrap();
    assert_eq!(letter.reason, DeadLetterReason::AmountOutOfRange);
    house.audit();
}

#[test]
fn a_cursor_is_journalled_when_it_lags_and_what_is_settled_is_not_found_again() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.mine(200);
    assert_eq!(house.stage(1), "final");
    let scans = |house: &House| -> Vec<(u64, usize)> {
        let of = |record: &Record| {
            let Record::Escrow(EscrowRecord::Scanned { to, found, .. }) = record else {
                return None;
            };
            Some((to.number, found.len()))
        };
        house.records.iter().filter_map(of).collect()
    };
    let before = scans(&house);
    let cursors: Vec<u64> = before.iter().map(|(to, _)| *to).collect();
    let pauses: Vec<u64> = cursors.windows(2).map(|two| two[1] - two[0]).collect();
    assert!((3..=5).contains(&cursors.len()), "{cursors:?}");
    assert!(
        pauses[1..].iter().all(|pause| (64..70).contains(pause)),
        "{cursors:?}"
    );
    house.pay(2, &[(address, 3_000)]);
    house.claim(alice, 2);
    house.mine(4);
    house.restart(|_| {});
    house.mine(4);
    assert_eq!(house.stage(2), "final");
    let found: usize = scans(&house)[before.len()..].iter().map(|(_, found)| found).sum();
    assert!(found <= 1, "a scan that comes again finds nothing more");
}

#[test]
fn a_lagging_majority_does_not_undo_what_was_seen() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    let seen = house.mined.remove(&tx(1)).unwrap();
    house.pass(SECOND * 4);
    assert_eq!(house.stage(1), "seen", "absence below finality proves nothing");
    house.mined.insert(tx(1), seen);
    house.mine(3);
    assert_eq!(house.stage(1), "final");
    house.audit();
}

#[test]
fn one_voice_credits_nothing_and_a_second_one_does() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.pass(SECOND);
    for endpoint in 0..3 {
        house
            .bends
            .insert(endpoint, if endpoint == 1 { silent } else { refusing });
    }
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.mine(30);
    assert_eq!(house.stage(1), "observed");
    assert_eq!(house.balances(alice), (0, 0, 0));
    house.bends.remove(&1);
    house.mine(6);
    assert_eq!(house.stage(1), "final");
    house.audit();
}

#[test]
fn a_liar_credits_nothing_and_is_cordoned_once_outvoted_about_a_final_block() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    let lie: super::Bend = |house, question| match (house.honest(question), question) {
        (
            Answer::Receipt {
                finalized,
                receipt: Some(mut receipt),
            },
            Question::Receipt { .. },
        ) => {
            receipt.logs[0].word[31] ^= 0xff;
            Some(Ok(Answer::Receipt {
                finalized,
                receipt: Some(receipt),
            }))
        }
        _ => None,
    };
    house.bends.insert(0, lie);
    house.pay(1, &[(address, 3_000)]);
    house.mine(3);
    house.claim(alice, 1);
    house.mine(3);
    assert_eq!(house.balances(alice), (0, 0, 10));
    let Reply::Status(status) = house.query(Query::Status) else {
        panic!("no status")
    };
    let cordons = status.chains[0].endpoints.iter().map(|one| one.cordon);
    assert!(cordons.eq([Some(CordonReason::Disagreed), None, None, None]));
    house.audit();
}

#[test]
fn an_endpoint_of_another_chain_is_never_asked_about_money() {
    let mut house = House::new();
    let other: super::Bend = |_, question| match question {
        Question::Identity { tokens } => {
            let (genesis, decimals) = (BlockHash::Evm([1; 32]), std::vec![Some(18); tokens.len()]);
            Some(Ok(Answer::Identity {
                chain_id: 97,
                genesis,
                decimals,
            }))
        }
        Question::Heads
        | Question::Attested
        | Question::Receipt { .. }
        | Question::Scan { .. }
        | Question::Balances { .. } => None,
    };
    house.bends.insert(2, other);
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.mine(5);
    assert_eq!(house.stage(1), "final");
    let asked_about_money = house
        .asked
        .iter()
        .any(|(index, question)| *index == 2 && !matches!(question, Question::Identity { .. }));
    assert!(!asked_about_money);
}

#[test]
fn a_node_that_contradicts_its_own_finality_has_no_vote() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    let crooked: super::Bend = |house, question| match house.honest(question) {
        Answer::Receipt {
            receipt: Some(receipt),
            ..
        } => {
            let finalized = BlockRef {
                number: receipt.block.number,
                hash: BlockHash::Evm([0xee; 32]),
            };
            Some(Ok(Answer::Receipt {
                finalized,
                receipt: Some(receipt),
            }))
        }
        Answer::Identity { .. }
        | Answer::Heads { .. }
        | Answer::Attested { .. }
        | Answer::Receipt { .. }
        | Answer::Scan { .. }
        | Answer::Balances { .. } => None,
    };
    for endpoint in 0..3 {
        house.bends.insert(endpoint, crooked);
    }
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.pass(SECOND * 5);
    assert_eq!(house.stage(1), "observed");
}

#[test]
fn what_nobody_owns_waits_in_suspense_until_a_person_says_whose_it_is() {
    let mut house = House::new();
    let (alice, _) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(COLLECT, 3_000)]);
    let claim = house.claim(alice, 1);
    house.mine(4);
    assert!(
        matches!(status(&mut house, claim), ClaimStatus::Settled(ClaimVerdict::Suspense(booked)) if booked.len() == 1)
    );
    let deposit = DepositKey {
        tx: named(1),
        ordinal: 0,
    };
    let suspended = house.bank.state().escrow().suspended(&deposit).copied().unwrap();
    assert_eq!(suspended.reason, SuspenseReason::Unattributed);
    let attribute = Command::AttributeSuspense {
        deposit,
        user: alice,
        actor: "ops".into(),
        reason: "receipt shown".into(),
    };
    assert_eq!(house.command(attribute.clone()), Reply::Done);
    assert_eq!(house.balances(alice), (0, 0, 10));
    assert_eq!(house.command(attribute), Reply::Refused(Refusal::NotInSuspense));
    house.audit();
}

#[test]
fn what_is_never_seen_becomes_a_dead_letter_that_a_person_or_the_scanner_revives() {
    let mut house = House::with(|config: &mut BankConfig| config.escrow.patience = SECOND * 10);
    let (alice, address) = house.register("alice");
    house.claim(alice, 1);
    house.claim(alice, 2);
    house.mine(14);
    assert_eq!((house.stage(1), house.stage(2)), ("dead_letter", "dead_letter"));
    house.pay(1, &[(address, 3_000)]);
    house.mine(4);
    assert_eq!(house.stage(1), "final", "the scanner found it");
    let retry = |resolution| Command::ResolveDeadLetter {
        tx: named(2),
        resolution,
        actor: "ops".into(),
        reason: "asked the payer".into(),
    };
    assert_eq!(house.command(retry(Resolution::Retry)), Reply::Done);
    assert_eq!(house.stage(2), "observed");
    assert_eq!(
        house.command(retry(Resolution::Retry)),
        Reply::Refused(Refusal::NotADeadLetter)
    );
    house.mine(14);
    assert_eq!(house.command(retry(Resolution::Dismiss)), Reply::Done);
    assert_eq!(house.stage(2), "dismissed");
    house.audit();
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.restart(|_| {});
    house.mine(4);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}
