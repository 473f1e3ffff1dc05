//! Endpoints that fail, vanish, lag or answer late: what it costs a deposit.

use core::time::Duration;
use std::vec::Vec;

use super::{Endpoint, MILLI, Office, SECOND, named};
use crate::escrow::testing::{COLLECT, tx};
use crate::escrow::verifier::{Finding, Out};
use crate::escrow::{Answer, Fault, Question};

fn receipts_asked(office: &Office, since: crate::time::Instant) -> Vec<u8> {
    let receipts = office
        .asked_since(since)
        .filter(|(_, question)| matches!(question, Question::Receipt { .. }));
    receipts.map(|(endpoint, _)| endpoint).collect()
}

#[test]
fn an_endpoint_that_never_answers_costs_one_attempt_timeout() {
    let mut office = Office::new();
    office.run(SECOND * 5);
    // The one that is asked first, as it has been the fastest.
    office.endpoints[0].latency = MILLI;
    office.run(SECOND * 20);
    office.endpoints[0].is_dead = true;
    office.on_the_way.clear();
    office.pay(1, COLLECT);
    let since = office.now;
    office.watch(tx(1));
    office.run(SECOND);
    let (seen, _) = office.mined_after(since, tx(1));
    assert!(seen.unwrap() <= Duration::from_millis(500), "{seen:?}");
    assert_eq!(receipts_asked(&office, since)[0], 0, "it was asked");
}

#[test]
fn failed_endpoints_are_replaced_at_once_and_nobody_is_asked_twice() {
    let mut office = Office::new();
    for endpoint in [0, 1] {
        office.endpoints[endpoint].latency = MILLI;
    }
    office.run(SECOND * 20);
    for endpoint in [0, 1] {
        office.endpoints[endpoint].bend = Some(|_, _| Some(Err(Fault::Connection)));
    }
    office.pay(1, COLLECT);
    let since = office.now;
    office.watch(tx(1));
    office.run(MILLI * 500);
    let mut asked = receipts_asked(&office, since);
    asked.sort_unstable();
    assert_eq!(asked, [0, 1, 2, 3]);
    let (seen, _) = office.mined_after(since, tx(1));
    assert!(seen.unwrap() <= MILLI * 50, "{seen:?}");
}

#[test]
fn fast_endpoints_that_stopped_to_follow_the_chain_hold_up_nothing() {
    let mut office = Office::new();
    for endpoint in [0, 1] {
        office.endpoints[endpoint].latency = MILLI;
        office.endpoints[endpoint].frozen_at = Some(15);
    }
    office.run(SECOND * 60);
    office.pay(1, COLLECT);
    let since = office.now;
    office.watch(tx(1));
    office.run(SECOND * 10);
    let (seen, is_final) = office.mined_after(since, tx(1));
    assert!(seen.unwrap() <= SECOND, "{seen:?}");
    assert!(is_final.unwrap() <= SECOND * 6, "{is_final:?}");
    assert!(office.scanned() >= office.height() - 5, "{}", office.scanned());
}

#[test]
fn what_stopped_endpoints_saw_becomes_final_by_the_others() {
    let mut office = Office::new();
    for endpoint in [0, 1] {
        office.endpoints[endpoint].latency = MILLI;
    }
    office.run(SECOND * 60);
    office.pay(1, COLLECT);
    let since = office.now;
    for endpoint in [0, 1] {
        office.endpoints[endpoint].frozen_at = Some(office.height());
    }
    office.watch(tx(1));
    office.run(SECOND * 40);
    let (seen, is_final) = office.mined_after(since, tx(1));
    assert!(seen.unwrap() <= SECOND, "{seen:?}");
    assert!(is_final.unwrap() <= SECOND * 30, "{is_final:?}");
}

#[test]
fn late_repeated_and_foreign_answers_count_for_nothing() {
    let mut office = Office::new();
    office.pay(1, COLLECT);
    for endpoint in &mut office.endpoints {
        endpoint.latency = SECOND * 30; // later than any time-out
    }
    office.watch(tx(1));
    office.run(SECOND * 60);
    assert_eq!(
        office.mined_after(crate::time::Instant::ZERO, tx(1)),
        (None, None)
    );

    // One answer, handed in three times, is one vote; so is one that is handed in after its round.
    let mut office = Office::new();
    office.pay(1, COLLECT);
    office.watch(tx(1));
    let mut out = Out::default();
    office.verifier.on_tick(office.now, &mut out);
    let of_receipt = |ask: &&crate::escrow::verifier::Ask| matches!(ask.question, Question::Receipt { .. });
    let first = out.asks.iter().find(of_receipt).unwrap().clone();
    let answer = office.honest(first.endpoint.index, &first.question);
    let mut late = Out::default();
    for _ in 0..3 {
        office
            .verifier
            .on_answer(office.now, first.call, Ok(answer.clone()), &mut late);
    }
    office.verifier.unwatch(named(tx(1)));
    office.watch(tx(1));
    for ask in out.asks.iter().filter(of_receipt) {
        let answer = office.honest(ask.endpoint.index, &ask.question);
        office
            .verifier
            .on_answer(office.now, ask.call, Ok(answer), &mut late);
    }
    let mined = |(_, finding): &(_, Finding)| matches!(finding, Finding::Mined { .. });
    assert!(!late.findings.iter().any(mined), "{:?}", late.findings);
}

#[test]
fn an_answer_to_another_question_is_a_fault_of_the_endpoint() {
    let mut office = Office::new();
    office.pay(1, COLLECT);
    for endpoint in &mut office.endpoints[1..] {
        endpoint.bend = Some(|office, question| {
            matches!(question, Question::Receipt { .. }).then(|| Ok(office.honest(1, &Question::Heads)))
        });
    }
    office.watch(tx(1));
    office.run(SECOND * 10);
    assert_eq!(
        office.mined_after(crate::time::Instant::ZERO, tx(1)),
        (None, None)
    );
    let failures: Vec<_> = office
        .verifier
        .endpoints(crate::escrow::testing::CHAIN, office.now)
        .iter()
        .map(|one| one.0.counters.failures > 0)
        .collect();
    assert_eq!(failures, [false, true, true, true]);
}

#[test]
fn two_endpoints_of_two_providers_are_enough_and_one_is_not() {
    let mut office = Office::with(["a", "b"].map(Endpoint::of).to_vec(), None);
    office.pay(1, COLLECT);
    let since = office.now;
    office.watch(tx(1));
    office.run(SECOND);
    assert!(office.mined_after(since, tx(1)).0.is_some());
    office.endpoints[1].bend = Some(|office, question| match office.honest(1, question) {
        Answer::Receipt { finalized, .. } => Some(Ok(Answer::Receipt {
            finalized,
            receipt: None,
        })),
        Answer::Identity { .. }
        | Answer::Heads { .. }
        | Answer::Attested { .. }
        | Answer::Scan { .. }
        | Answer::Balances { .. } => None,
    });
    office.pay(2, COLLECT);
    office.watch(tx(2));
    office.run(SECOND * 30);
    assert_eq!(office.mined_after(since, tx(2)), (None, None));
}

#[test]
fn every_change_of_a_breaker_is_told_when_it_happens() {
    let mut office = Office::new();
    office.run(SECOND * 5);
    office.endpoints[0].bend = Some(|_, _| Some(Err(Fault::Connection)));
    let since = office.now;
    office.run(SECOND * 200);
    office.endpoints[0].bend = None;
    office.run(SECOND * 200);
    let told: Vec<_> = office
        .findings
        .iter()
        .filter_map(|(at, finding)| {
            let Finding::Breaker {
                endpoint: 0,
                from,
                to,
            } = finding
            else {
                return None;
            };
            Some((at.since(since), from.code(), to.code()))
        })
        .collect();
    let follows = told.windows(2).all(|pair| pair[0].2 == pair[1].1);
    assert!(follows, "{told:?}");
    assert_eq!(
        told.first().map(|(_, from, to)| (*from, *to)),
        Some(("closed", "open"))
    );
    assert_eq!(
        told.last().map(|(_, from, to)| (*from, *to)),
        Some(("half_open", "closed"))
    );
    // Once it answers again a probe may find that out before its time.
    let refused = told.iter().filter(|(at, ..)| *at < SECOND * 200);
    let times: Vec<Duration> = refused.map(|(at, ..)| *at).collect();
    for open_and_half_open in times.chunks_exact(2) {
        assert_eq!(
            open_and_half_open[1] - open_and_half_open[0],
            SECOND * 60,
            "{told:?}"
        );
    }
}
