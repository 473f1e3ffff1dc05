//! How soon finality is noticed, and what it costs to look for it.

use core::time::Duration;

use super::{MILLI, Office, SECOND};
use crate::escrow::Question;
use crate::escrow::testing::{COLLECT, tx};
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
        crate::escrow::Answer::Heads { latest, .. } => Some(Ok(crate::escrow::Answer::Heads {
            latest,
            finalized: crate::escrow::testing::block(18),
        })),
        crate::escrow::Answer::Receipt { receipt, .. } => Some(Ok(crate::escrow::Answer::Receipt {
            finalized: crate::escrow::testing::block(18),
            receipt,
        })),
        crate::escrow::Answer::Identity { .. }
        | crate::escrow::Answer::Scan { .. }
        | crate::escrow::Answer::Balances { .. } => None,
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
