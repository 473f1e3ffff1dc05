use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec;

use super::EscrowState;
use crate::escrow::testing::{CHAIN, PAYER, asset, block, tx};
use crate::escrow::{
    Beneficiary, Booked, DeadLetterReason, Deposit, DepositKey, EscrowRecord, Evidence, FinalityRule,
    LetterFilter, Reason, ReplayEnd, ReplayPlan, Resolution, TxKey, Vote,
};
use crate::id::{ClaimId, IdempotencyKey, ReplayId, TransactionId, UserId};
use crate::money::Amount;
use crate::time::WallClock;

const AT: WallClock = WallClock::from_micros(1);
const TX: TxKey = TxKey {
    chain: CHAIN,
    tx: crate::id::TxHash::Evm([1; 32]),
};

fn evidence(finalized: u64, voters: u8) -> Evidence {
    let vote = |endpoint| Vote {
        endpoint,
        finalized: block(finalized),
        rule: FinalityRule::Finalized,
    };
    Evidence {
        block: block(5),
        digest: 1,
        votes: (0..voters).map(vote).collect(),
    }
}

fn booked() -> Booked {
    let deposit = Deposit {
        ordinal: 0,
        asset: asset("USDT"),
        amount: Amount::from_minor(5),
        from: PAYER,
        to: PAYER,
        beneficiary: Beneficiary::User(UserId::new(1)),
    };
    Booked {
        deposit,
        transaction: Some(TransactionId::new(1)),
        purchase: None,
    }
}

/// The record that a word of a script stands for.
fn record(word: &str) -> EscrowRecord {
    let (tx, at) = (TX, AT);
    match word {
        "claimed" => EscrowRecord::ClaimFiled {
            claim: ClaimId::new(1),
            key: IdempotencyKey::derive("t", b"1"),
            user: UserId::new(1),
            tx,
            at,
        },
        "scanned" => EscrowRecord::Scanned {
            chain: CHAIN,
            to: block(9),
            found: vec![self::tx(1)],
            at,
        },
        "seen" => EscrowRecord::Seen {
            tx,
            evidence: evidence(3, 2),
            deposits: vec![booked()],
            at,
        },
        "reorged" => EscrowRecord::Reorged {
            tx,
            was: block(5),
            at,
        },
        "final" => EscrowRecord::Final {
            tx,
            evidence: evidence(5, 2),
            deposits: vec![booked()],
            at,
        },
        "hasty" => EscrowRecord::Final {
            tx,
            evidence: evidence(4, 2),
            deposits: vec![booked()],
            at,
        },
        "alone" => EscrowRecord::Final {
            tx,
            evidence: evidence(5, 1),
            deposits: vec![booked()],
            at,
        },
        "rejected" => EscrowRecord::Rejected {
            tx,
            reason: Reason::Reverted,
            evidence: evidence(5, 2),
            at,
        },
        "dead" => EscrowRecord::DeadLettered {
            tx,
            reason: DeadLetterReason::Unseen,
            at,
        },
        "retried" | "dismissed" => EscrowRecord::DeadLetterResolved {
            tx,
            resolution: if word == "retried" {
                Resolution::Retry
            } else {
                Resolution::Dismiss
            },
            actor: "ops".into(),
            reason: "known".into(),
            at,
        },
        word => replay_record(word),
    }
}

/// The records of replays, each word with the number of its replay.
fn replay_record(word: &str) -> EscrowRecord {
    let (tx, at) = (TX, AT);
    let (word, number) = word.split_once('#').unwrap_or_else(|| panic!("{word}"));
    let replay = ReplayId::new(number.parse().unwrap());
    let (actor, reason) = ("ops".into(), "an outage is over".into());
    match word {
        "began" => EscrowRecord::ReplayBegan {
            replay,
            plan: ReplayPlan {
                only: None,
                filter: LetterFilter::default(),
                rate: 1,
                stop_after: None,
                stop_at: None,
            },
            actor,
            reason,
            at,
        },
        "replayed" => EscrowRecord::DeadLetterReplayed { tx, replay, at },
        "ended" => EscrowRecord::ReplayEnded {
            replay,
            end: ReplayEnd::Done,
            at,
        },
        "cancelled" => EscrowRecord::ReplayCancelled {
            replay,
            actor,
            reason,
            at,
        },
        unknown => panic!("{unknown}"),
    }
}

#[track_caller]
fn lives(script: &str, stage: &str, open: usize) {
    let state = after(script);
    assert_eq!(state.watch(TX).unwrap().stage.name(), stage, "{script}");
    assert_eq!(state.open().count(), open, "{script}");
    let counted: usize = state.stages().map(|(_, count)| count).sum();
    assert_eq!(counted, 1, "{script}");
}

#[track_caller]
fn dies(script: &str) {
    let mut state = EscrowState::default();
    let (last, before) = script
        .split(' ')
        .collect::<vec::Vec<_>>()
        .split_last()
        .map(|(l, b)| (*l, b.to_vec()))
        .unwrap();
    before.iter().for_each(|word| state.apply(&record(word)));
    let death = catch_unwind(AssertUnwindSafe(|| state.apply(&record(last))));
    assert!(death.is_err(), "{script}");
}

#[test]
fn every_legal_life() {
    lives("claimed", "observed", 1);
    lives("claimed seen", "seen", 1);
    lives("claimed seen final", "final", 0);
    lives("claimed final", "final", 0);
    lives("scanned final", "final", 0);
    lives("claimed rejected", "rejected", 0);
    lives("claimed seen reorged", "reorged", 1);
    lives("claimed seen reorged seen final", "final", 0);
    lives("claimed seen dead", "dead_letter", 0);
    lives("claimed dead retried", "observed", 1);
    lives("claimed dead scanned final", "final", 0);
    lives("claimed dead dismissed", "dismissed", 0);
    lives("claimed dead dismissed scanned", "observed", 1);
    lives("claimed final scanned", "final", 0);
    lives("claimed dead began#1 replayed#1", "observed", 1);
    lives("claimed dead began#1 replayed#1 dead ended#1", "dead_letter", 0);
    lives(
        "claimed dead began#1 cancelled#1 began#2 replayed#2",
        "observed",
        1,
    );
}

#[test]
fn every_illegal_step_is_refused_loudly() {
    for script in [
        "seen",
        "final",
        "claimed claimed",
        "scanned scanned",
        "claimed final final",
        "claimed final seen",
        "claimed final rejected",
        "claimed final dead",
        "claimed rejected final",
        "claimed seen seen",
        "claimed reorged",
        "claimed dead final",
        "claimed retried",
        "claimed dead dismissed dismissed",
        "claimed hasty",
        "claimed alone",
        "claimed began#1 began#2",
        "claimed dead replayed#1",
        "claimed dead began#1 replayed#2",
        "claimed dead began#1 ended#1 replayed#1",
        "claimed began#1 ended#2",
        "claimed began#1 ended#1 ended#1",
        "claimed began#1 cancelled#2",
        "claimed began#1 cancelled#1 ended#1",
        "claimed began#1 replayed#1",
    ] {
        dies(script);
    }
}

fn after(script: &str) -> EscrowState {
    let mut state = EscrowState::default();
    script.split(' ').for_each(|word| state.apply(&record(word)));
    state
}

#[test]
fn what_was_posted_is_found_by_its_key() {
    let key = |ordinal| DepositKey { tx: TX, ordinal };
    let state = after("claimed final");
    assert_eq!(state.posting(&key(0)), Some(TransactionId::new(1)));
    assert_eq!(state.posting(&key(1)), None);
    assert_eq!(after("claimed seen").posting(&key(0)), None);
}

#[test]
fn the_newest_posted_block_is_the_highest_of_its_chain() {
    assert_eq!(after("claimed seen").newest_final(CHAIN), None);
    let mut state = after("claimed final");
    assert_eq!(state.newest_final(CHAIN), Some(5));
    let mut older = evidence(4, 2);
    older.block = block(4);
    let mut another = booked();
    another.transaction = Some(TransactionId::new(2));
    let (deposits, at) = (vec![another], AT);
    state.apply(&EscrowRecord::Scanned {
        chain: CHAIN,
        to: block(6),
        found: vec![tx(2)],
        at,
    });
    state.apply(&EscrowRecord::Final {
        tx: TxKey {
            chain: CHAIN,
            tx: tx(2),
        },
        evidence: older,
        deposits,
        at,
    });
    assert_eq!(
        state.newest_final(CHAIN),
        Some(5),
        "an older block was posted later"
    );
}

#[test]
fn every_sighting_counts() {
    for (script, sightings) in [
        ("claimed", 0),
        ("claimed seen", 1),
        ("claimed seen reorged seen", 2),
    ] {
        assert_eq!(after(script).watch(TX).unwrap().sightings, sightings, "{script}");
    }
}

#[test]
fn lives_that_differ_have_other_digests() {
    let lives = [
        "claimed",
        "scanned",
        "claimed scanned",
        "claimed seen",
        "claimed seen reorged",
        "claimed final",
        "claimed rejected",
        "claimed dead",
    ];
    let digests: BTreeSet<u128> = lives.iter().map(|life| after(life).digest()).collect();
    assert_eq!(digests.len(), lives.len());
    assert_eq!(after("claimed seen").digest(), after("claimed seen").digest());
}

#[test]
fn dead_letters_are_counted_while_they_stand() {
    for (script, told) in [
        ("claimed", (0, None)),
        ("claimed dead", (1, Some(AT))),
        ("claimed dead retried", (0, None)),
        ("claimed dead dismissed", (0, None)),
    ] {
        let state = after(script);
        assert_eq!(
            (state.dead_letter_count(), state.oldest_dead_letter()),
            told,
            "{script}"
        );
    }
}
