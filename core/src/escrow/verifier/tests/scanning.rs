//! The scanner: every finalized block once, in order, whatever endpoints say.

use std::vec::Vec;

use super::{Endpoint, MILLI, Office, SECOND};
use crate::escrow::testing::{COLLECT, block, tx};
use crate::escrow::verifier::Finding;
use crate::escrow::{Answer, Fault, Question};
use crate::limits::SCAN_BLOCKS_MAX;

/// The ranges of what was scanned: each begins after the one before.
fn ends(office: &Office) -> Vec<u64> {
    let mut ends = Vec::new();
    for (_, finding) in &office.findings {
        if let Finding::Scanned { to, .. } = finding {
            ends.push(to.number);
        }
    }
    ends
}

/// The ranges that were asked for, but for the first block, whose logs show what an endpoint can do.
fn ranges(office: &Office) -> Vec<(u64, u64)> {
    let mut ranges = Vec::new();
    for (_, _, question) in &office.asked {
        if let Question::Scan { from, to, .. } = question {
            ranges.push((*from, *to));
        }
    }
    ranges.retain(|range| *range != (1, 1));
    ranges.dedup();
    ranges
}

fn four() -> Vec<Endpoint> {
    ["a", "b", "c", "d"].map(Endpoint::of).to_vec()
}

#[test]
fn it_goes_on_after_the_durable_cursor_and_leaves_no_block_out() {
    let mut office = Office::with(four(), Some(4));
    office.run(SECOND * 30);
    let ends = ends(&office);
    let begins = ranges(&office);
    assert_eq!(begins[0].0, 5);
    assert!(
        begins
            .iter()
            .all(|(from, _)| *from == 5 || ends.contains(&(from - 1)))
    );
    assert!(ends.is_sorted());
    assert!(office.scanned() >= office.height() - 4);
}

#[test]
fn a_range_with_too_many_logs_is_halved_until_it_fits() {
    let narrow: super::Bend = |_, question| {
        let is_wide = matches!(question, Question::Scan { from, to, .. } if to - from >= 8);
        is_wide.then_some(Err(Fault::TooLarge))
    };
    let mut endpoints = four();
    endpoints.iter_mut().for_each(|one| one.is_dead = true);
    let mut office = Office::with(endpoints, None);
    office.run(SECOND * 2_000);
    for endpoint in &mut office.endpoints {
        endpoint.is_dead = false;
        endpoint.bend = Some(narrow);
    }
    office.pay(1, COLLECT);
    office.run(SECOND * 120);
    let widest = ranges(&office).iter().map(|(from, to)| to - from + 1).max();
    assert_eq!(widest, Some(SCAN_BLOCKS_MAX));
    let ends = ends(&office);
    let steps: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().all(|step| (1..=8).contains(step)), "{steps:?}");
    assert!(
        office.scanned() >= office.height() - 5,
        "{} of {}",
        office.scanned(),
        office.height()
    );
    let found = office.findings.iter().any(|(_, finding)| {
        matches!(finding, Finding::Scanned { logs, .. } if logs.iter().any(|log| log.tx == tx(1)))
    });
    assert!(found);
}

#[test]
fn one_endpoint_that_calls_everything_too_large_holds_up_nothing() {
    let mut office = Office::new();
    office.endpoints[0].latency = MILLI;
    office.endpoints[0].bend =
        Some(|_, question| matches!(question, Question::Scan { .. }).then_some(Err(Fault::TooLarge)));
    office.run(SECOND * 120);
    assert!(
        office.scanned() >= office.height() - 5,
        "{} of {}",
        office.scanned(),
        office.height()
    );
}

#[test]
fn one_of_two_upstreams_that_has_little_room_does_not_let_it_fall_behind() {
    let narrow: super::Bend = |_, question| {
        let is_wide = matches!(question, Question::Scan { from, to, .. } if to - from >= 8);
        is_wide.then_some(Err(Fault::TooLarge))
    };
    let mut endpoints = ["a", "b"].map(Endpoint::of).to_vec();
    endpoints.iter_mut().for_each(|one| one.is_dead = true);
    let mut office = Office::with(endpoints, None);
    office.run(SECOND * 4_000);
    for endpoint in &mut office.endpoints {
        endpoint.is_dead = false;
    }
    office.endpoints[1].bend = Some(narrow);
    office.run(SECOND * 120);
    assert!(
        office.scanned() >= office.height() - 5,
        "{} of {}",
        office.scanned(),
        office.height()
    );
}

#[test]
fn an_endpoint_that_exaggerates_its_finality_holds_up_nothing() {
    let mut office = Office::new();
    for (endpoint, lag) in [(1, 0), (2, 3), (3, 6)] {
        office.endpoints[endpoint].lag = lag;
    }
    office.endpoints[0].latency = MILLI;
    office.endpoints[0].bend = Some(|_, question| match question {
        Question::Heads => Some(Ok(Answer::Heads {
            latest: block(1 << 40),
            finalized: block(1 << 40),
        })),
        Question::Scan { to, .. } => Some(Ok(Answer::Scan {
            finalized: block(1 << 40),
            last: Some(crate::escrow::BlockRef {
                number: *to,
                hash: crate::id::BlockHash::Evm([0xee; 32]),
            }),
            logs: Vec::new(),
        })),
        Question::Identity { .. }
        | Question::Attested
        | Question::Receipt { .. }
        | Question::Balances { .. } => None,
    });
    office.run(SECOND * 120);
    assert!(
        office.scanned() >= office.height() - 20,
        "{} of {}",
        office.scanned(),
        office.height()
    );
}

#[test]
fn nothing_is_scanned_that_a_quorum_has_not_finalized() {
    let mut endpoints = four();
    for (endpoint, lag) in endpoints.iter_mut().zip([0, 4, 6, 8]) {
        endpoint.lag = lag;
    }
    let mut office = Office::with(endpoints, None);
    for _ in 0..100 {
        office.run(SECOND);
        // Finality is two blocks behind, and the second of the quorum four more.
        assert!(
            office.scanned() <= office.height() - 6,
            "{} of {}",
            office.scanned(),
            office.height()
        );
    }
    assert!(
        office.scanned() >= office.height() - 20,
        "{} of {}",
        office.scanned(),
        office.height()
    );
}

#[test]
fn what_was_agreed_to_be_final_stays_so_whoever_is_gone() {
    let mut office = Office::new();
    office.run(SECOND * 60);
    let agreed = office.verifier.finalized(super::CHAIN).unwrap();
    // The two that follow the chain are paused; the others stopped long ago.
    for endpoint in [2, 3] {
        office.endpoints[endpoint].frozen_at = Some(12);
    }
    for index in [0, 1] {
        let endpoint = crate::id::EndpointId {
            chain: super::CHAIN,
            index,
        };
        let mut out = super::Out::default();
        office.verifier.pause_endpoint(office.now, endpoint, &mut out);
        office.take(out);
    }
    office.run(SECOND * 60);
    assert_eq!(office.verifier.finalized(super::CHAIN), Some(agreed));
}

#[test]
fn how_it_catches_up_is_told() {
    let mut endpoints = four();
    endpoints.iter_mut().for_each(|one| one.is_dead = true);
    let mut office = Office::with(endpoints, None);
    office.run(SECOND * 5_000);
    office.endpoints.iter_mut().for_each(|one| one.is_dead = false);
    let mut told = Vec::new();
    for _ in 0..600 {
        office.run(MILLI * 200);
        told.extend(office.verifier.backfill(super::CHAIN, office.now));
    }
    let (first, last) = (told[0], told[told.len() - 1]);
    assert!(first.target >= 5_000 && first.from <= 1, "{first:?}");
    assert!(last.at > 4_000 && last.blocks_per_second > 10, "{last:?}");
    assert!(told.is_sorted_by_key(|one| one.at));
    assert_eq!(
        office.verifier.backfill(super::CHAIN, office.now),
        None,
        "it is over"
    );
}

/// How often an endpoint was asked for logs since `since`.
fn scans_of(office: &Office, endpoint: u8, since: crate::time::Instant) -> usize {
    let is_scan = |(at, of, question): &&(crate::time::Instant, u8, Question)| {
        *at >= since && *of == endpoint && matches!(question, Question::Scan { .. })
    };
    office.asked.iter().filter(is_scan).count()
}

#[test]
fn who_refuses_logs_is_asked_for_receipts_and_heads_alone_until_it_is_asked_again() {
    let mut endpoints = four();
    let no_logs: super::Bend =
        |_, question| matches!(question, Question::Scan { .. }).then_some(Err(Fault::Unsupported));
    // The nearest by far: whoever chooses by latency alone would ask them for everything.
    for endpoint in &mut endpoints[..2] {
        endpoint.latency = MILLI;
        endpoint.bend = Some(no_logs);
    }
    let mut office = Office::with(endpoints, None);
    let since = office.now;
    (1..=20).for_each(|n| {
        office.pay(n, COLLECT);
        office.watch(tx(n));
        office.run(SECOND * 5);
    });
    assert_eq!([0, 1].map(|endpoint| scans_of(&office, endpoint, since)), [1, 1]);
    assert!(office.scanned() >= office.height() - 5);
    let receipts = office
        .asked_since(since)
        .filter(|(endpoint, question)| *endpoint < 2 && matches!(question, Question::Receipt { .. }));
    assert!(receipts.count() >= 20);
    office.endpoints[0].bend = None;
    let since = office.now;
    office.run(SECOND * 170);
    assert!(
        scans_of(&office, 0, since) > 10,
        "it does since then, and is used"
    );
    assert_eq!(scans_of(&office, 1, since), 3, "asked once a minute, in vain");
}

#[test]
fn who_has_forgotten_blocks_is_asked_for_later_ones_alone() {
    let mut endpoints = four();
    endpoints.iter_mut().for_each(|one| one.is_dead = true);
    let mut office = Office::with(endpoints, None);
    office.run(SECOND * 2_000);
    let pruned: super::Bend = |office, question| {
        let is_gone = matches!(question, Question::Scan { from, .. } if from + 500 < office.height());
        is_gone.then_some(Err(Fault::Pruned))
    };
    for (place, endpoint) in office.endpoints.iter_mut().enumerate() {
        endpoint.is_dead = false;
        endpoint.bend = (place < 2).then_some(pruned);
    }
    office.run(SECOND * 120);
    assert!(office.scanned() >= office.height() - 5);
    let asked_in_vain = |endpoint: u8| {
        let too_old = |(of, question): &(u8, &Question)| {
            *of == endpoint && matches!(question, Question::Scan { from, .. } if *from < 1_000)
        };
        office
            .asked_since(crate::time::Instant::ZERO)
            .filter(too_old)
            .count()
    };
    for endpoint in 0..2 {
        assert!(asked_in_vain(endpoint) <= 8, "{}", asked_in_vain(endpoint));
        let (_, abilities, _) = office.verifier.endpoints(super::CHAIN, office.now)[usize::from(endpoint)];
        let from = abilities.history_from.unwrap();
        assert!((1_500..1_700).contains(&from), "{from}");
    }
}
