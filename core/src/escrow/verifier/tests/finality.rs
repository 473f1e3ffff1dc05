//! How soon finality is noticed, and what it costs to look for it.

use core::time::Duration;

use super::{MILLI, Office, SECOND};
use crate::escrow::testing::{COLLECT, block, tx};
use crate::escrow::{Answer, Fault, Question};
use crate::time::Instant;

/// How often somebody was asked for heads since `since`.
fn heads_asked(office: &Office, since: Instant) -> usize {
    let heads = |(at, _, question): &&(Instant, u8, Question)| *at >= since && *question == Question::Heads;
    office.asked.iter().filter(heads).count()
}

#[test]
fn what_was_seen_is_final_within_a_quarter_of_a_second_after_its_block_is() {
    for millis in (0..1_000).step_by(10) {
        let mut office = Office::new();
        office.run(SECOND * 3 + Duration::from_millis(millis));
        office.pay(1, COLLECT);
        let (since, height) = (office.now, office.height());
        office.watch(tx(1));
        office.run(SECOND * 4);
        let (_, noticed) = office.mined_after(since, tx(1));
        // A block a second, from 10 at the start, final after two more.
        let final_at = Instant::ZERO.after(SECOND * u32::try_from(height + 2 - 10).unwrap());
        let waited = since.after(noticed.unwrap()).since(final_at);
        assert!(waited <= MILLI * 250, "paid after {millis} ms: {waited:?}");
    }
}

#[test]
fn a_question_that_straddles_finality_is_put_again_at_once() {
    // The two that are fastest are asked about the receipt, one of them before and one after the block is final.
    let mut office = Office::new();
    office.run(SECOND * 10);
    for (endpoint, latency) in [(0, 20), (1, 60), (2, 200), (3, 200)] {
        office.endpoints[endpoint].latency = MILLI * latency;
    }
    office.run(SECOND * 20);
    office.pay(1, COLLECT);
    office.run(SECOND - MILLI * 40 + SECOND);
    let since = office.now;
    office.watch(tx(1));
    office.run(SECOND * 4);
    let (seen, noticed) = office.mined_after(since, tx(1));
    assert_eq!(seen, Some(MILLI * 60));
    let noticed = noticed.unwrap();
    assert!(noticed <= MILLI * 400, "{noticed:?}");
}

#[test]
fn heads_are_asked_for_five_times_a_second_while_finality_is_near_and_no_more() {
    let mut office = Office::new();
    office.run(SECOND * 10);
    for n in 1..=20 {
        office.run(MILLI * 100);
        office.pay(n, COLLECT);
        office.watch(tx(n));
    }
    let since = office.now;
    office.run(SECOND);
    let asked = heads_asked(&office, since);
    assert!(
        (9..=15).contains(&asked),
        "two a fifth of a second, and one in turn: {asked}"
    );
    office.run(SECOND * 5);
    let since = office.now;
    office.run(SECOND * 10);
    let asked = heads_asked(&office, since);
    assert!(
        (20..=31).contains(&asked),
        "two a second and one in turn at most: {asked}"
    );
}

#[test]
fn when_finality_stalls_heads_are_asked_for_as_usual_again() {
    let mut office = Office::new();
    office.run(SECOND * 10);
    let stalled = |office: &Office, question: &Question| match office.honest(0, question) {
        Answer::Heads { latest, .. } => Some(Ok(Answer::Heads {
            latest,
            finalized: block(18),
        })),
        Answer::Receipt { receipt, .. } => Some(Ok(Answer::Receipt {
            finalized: block(18),
            receipt,
        })),
        Answer::Identity { .. } | Answer::Attested { .. } | Answer::Scan { .. } | Answer::Balances { .. } => {
            None
        }
    };
    office
        .endpoints
        .iter_mut()
        .for_each(|one| one.bend = Some(stalled));
    office.pay(1, COLLECT);
    office.watch(tx(1));
    let since = office.now;
    office.run(SECOND * 8);
    let near = heads_asked(&office, since);
    assert!((40..=70).contains(&near), "{near}");
    let since = office.now;
    office.run(SECOND * 10);
    let asked = heads_asked(&office, since);
    assert!(
        (20..=31).contains(&asked),
        "two a second and one in turn at most: {asked}"
    );
}

#[test]
fn endpoints_that_never_answer_are_not_flooded_with_questions_about_heads() {
    let mut office = Office::new();
    office.run(SECOND * 10);
    office.pay(1, COLLECT);
    office.watch(tx(1));
    office.run(MILLI * 100);
    office.endpoints.iter_mut().for_each(|one| one.is_dead = true);
    let since = office.now;
    office.run(SECOND * 4);
    let asked = heads_asked(&office, since);
    assert!(asked <= 40, "{asked}");
}

/// An office whose chain calls nothing final any more from block 71 on, and whose endpoints but for the last `mute` tell
/// what is attested: 20 blocks behind.
fn stalled(stalled_lag: Option<u64>, mute: usize) -> Office {
    let stalls: super::Bend = |office, question| {
        let answer = office.honest(0, question);
        let capped = |finalized: crate::escrow::BlockRef| block(finalized.number.min(70));
        match answer {
            Answer::Heads { latest, finalized } => Some(Ok(Answer::Heads {
                latest,
                finalized: capped(finalized),
            })),
            Answer::Receipt { finalized, receipt } => Some(Ok(Answer::Receipt {
                finalized: capped(finalized),
                receipt,
            })),
            Answer::Scan {
                finalized,
                last,
                logs,
            } => Some(Ok(Answer::Scan {
                finalized: capped(finalized),
                last,
                logs,
            })),
            Answer::Identity { .. } | Answer::Attested { .. } | Answer::Balances { .. } => None,
        }
    };
    let mute_too: super::Bend = |office, question| match question {
        Question::Attested => Some(Err(Fault::Unsupported)),
        Question::Identity { .. }
        | Question::Heads
        | Question::Receipt { .. }
        | Question::Scan { .. }
        | Question::Balances { .. } => office.endpoints[0].bend.and_then(|bend| bend(office, question)),
    };
    let mut endpoints = ["a", "b", "c", "d"].map(super::Endpoint::of).to_vec();
    for (place, endpoint) in endpoints.iter_mut().enumerate() {
        endpoint.bend = Some(if place < 4 - mute { stalls } else { mute_too });
    }
    let mut office = Office::attesting(stalled_lag, endpoints);
    office.run(SECOND * 100);
    office
}

#[test]
fn while_finality_stalls_what_two_providers_say_is_attested_counts_if_that_is_configured() {
    for (stalled_lag, mute, is_credited) in [
        (None, 0, false),
        (Some(20), 0, true),
        (Some(20), 2, true),
        (Some(20), 3, false),
        (Some(500), 0, false),
    ] {
        let mut office = stalled(stalled_lag, mute);
        office.pay(1, COLLECT);
        let since = office.now;
        office.watch(tx(1));
        office.run(SECOND * 60);
        let (seen, is_final) = office.mined_after(since, tx(1));
        assert!(seen.is_some());
        assert_eq!(is_final.is_some(), is_credited, "{stalled_lag:?}, {mute} mute");
        assert_eq!(office.scanned() > 71, is_credited, "{}", office.scanned());
        if let Some(after) = is_final {
            assert!(after >= SECOND * 20, "{after:?}");
            let rule = office
                .findings
                .iter()
                .rev()
                .find_map(|(_, finding)| match finding {
                    super::Finding::Mined { evidence, .. } => Some(evidence.rule()),
                    super::Finding::Absent { .. }
                    | super::Finding::Undecided { .. }
                    | super::Finding::Scanned { .. }
                    | super::Finding::Counted { .. }
                    | super::Finding::Uncounted { .. }
                    | super::Finding::Disagreed { .. }
                    | super::Finding::Cordoned { .. }
                    | super::Finding::Breaker { .. } => None,
                });
            assert_eq!(rule, Some(crate::escrow::FinalityRule::Attested));
        }
    }
}

#[test]
fn nobody_is_asked_what_is_attested_while_finality_moves() {
    let mut office = Office::attesting(Some(20), ["a", "b"].map(super::Endpoint::of).to_vec());
    office.run(SECOND * 300);
    let asked = office
        .asked
        .iter()
        .filter(|(_, _, question)| *question == Question::Attested);
    assert_eq!(asked.count(), 0);
}
