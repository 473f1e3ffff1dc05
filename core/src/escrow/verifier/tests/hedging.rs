//! A slow answer about money is asked for elsewhere, too, if that is configured.

use std::vec::Vec;

use super::{Endpoint, MILLI, Office, SECOND};
use crate::escrow::Question;
use crate::escrow::testing::{COLLECT, tx};
use crate::escrow::verifier::Finding;
use crate::resilience::{HedgePolicy, PoolPolicy};
use crate::time::Instant;

/// Four endpoints of four providers, the first two of which were the fastest.
fn office(share_max: u8) -> Office {
    let mut endpoints = ["a", "b", "c", "d"].map(Endpoint::of).to_vec();
    for (endpoint, latency) in endpoints.iter_mut().zip([10, 100, 120, 120]) {
        endpoint.latency = MILLI * latency;
    }
    let policy = PoolPolicy {
        hedge: HedgePolicy {
            share_max,
            after_max: MILLI * 300,
            ..HedgePolicy::default()
        },
        ..PoolPolicy::default()
    };
    let mut office = Office::under(&policy, endpoints, None);
    // So much is known of how long receipts take.
    for n in 201..=220 {
        office.pay(n, COLLECT);
        office.watch(tx(n));
    }
    office.run(SECOND * 30);
    office
}

fn receipts_asked(office: &Office, since: Instant) -> Vec<u8> {
    let receipts = office.asked_since(since);
    let receipts = receipts.filter(|(_, question)| matches!(question, Question::Receipt { .. }));
    receipts.map(|(endpoint, _)| endpoint).collect()
}

#[test]
fn a_slow_answer_is_asked_for_elsewhere_and_nobody_is_counted_twice() {
    // The slow one still answers before its time is over, so without a hedge everybody waits for it.
    for (share_max, most) in [(0, 390), (20, 260)] {
        let mut office = office(share_max);
        office.endpoints[0].latency = MILLI * 380;
        office.pay(1, COLLECT);
        let since = office.now;
        office.watch(tx(1));
        office.run(MILLI * 450);
        let (seen, _) = office.mined_after(since, tx(1));
        let seen = seen.unwrap();
        assert!(seen <= MILLI * most, "{share_max}: {seen:?}");
        assert!(share_max > 0 || seen >= MILLI * 380, "{seen:?}");
        let votes = office.findings.iter().find_map(|(_, finding)| match finding {
            Finding::Mined { evidence, .. } => Some(evidence.votes.clone()),
            Finding::Absent { .. }
            | Finding::Undecided { .. }
            | Finding::Scanned { .. }
            | Finding::Counted { .. }
            | Finding::Uncounted { .. }
            | Finding::Disagreed { .. }
            | Finding::Cordoned { .. }
            | Finding::Breaker { .. } => None,
        });
        let mut voters: Vec<u8> = votes.unwrap().iter().map(|vote| vote.endpoint).collect();
        voters.dedup();
        assert_eq!(voters.len(), 2, "{voters:?}");
    }
}

#[test]
fn nothing_is_hedged_that_answers_in_time_and_an_outage_is_not_met_with_more_and_more() {
    let mut quick = office(20);
    for endpoint in &mut quick.endpoints {
        endpoint.latency = MILLI * 50;
    }
    let since = quick.now;
    quick.pay(1, COLLECT);
    quick.watch(tx(1));
    quick.run(MILLI * 290);
    assert_eq!(receipts_asked(&quick, since).len(), 2);
    let asked = |share_max| {
        let mut office = office(share_max);
        for endpoint in &mut office.endpoints {
            endpoint.is_dead = true;
        }
        let since = office.now;
        (0..200).for_each(|n| office.watch(tx(n)));
        office.run(SECOND * 120);
        receipts_asked(&office, since).len()
    };
    let (without, with) = (asked(0), asked(20));
    assert!(with <= without + 100, "{without} questions became {with}");
}

#[test]
fn where_every_answer_is_slow_only_some_are_asked_for_elsewhere() {
    let asked = |share_max| {
        let mut office = office(share_max);
        for endpoint in &mut office.endpoints {
            endpoint.latency = MILLI * 250;
        }
        let since = office.now;
        for n in 0..200 {
            office.watch(tx(n));
            office.run(MILLI * 300);
        }
        receipts_asked(&office, since).len()
    };
    let (without, with) = (asked(0), asked(20));
    assert!(with > without, "some are: {without} questions became {with}");
    assert!(with <= without * 3 / 2, "{without} questions became {with}");
}
