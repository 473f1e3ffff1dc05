//! More claims than the endpoints can be asked about at once.

use core::time::Duration;
use std::vec;

use super::{Endpoint, MILLI, Office, SECOND};
use crate::escrow::testing::{COLLECT, tx};
use crate::escrow::verifier::Finding;
use crate::id::TxHash;
use crate::resilience::Window;

/// A made-up hash that sorts before every other.
fn made_up(n: u16) -> TxHash {
    let mut hash = [0; 32];
    hash[2..4].copy_from_slice(&n.to_be_bytes());
    TxHash::Evm(hash)
}

#[test]
fn a_crowd_of_made_up_claims_delays_a_deposit_and_the_scanner_by_seconds() {
    let mut office = Office::new();
    for endpoint in &mut office.endpoints {
        endpoint.latency = MILLI * 100;
    }
    office.run(SECOND * 5);
    (0..3_000).for_each(|n| office.watch(made_up(n)));
    office.run(SECOND * 20);
    office.pay(0xff, COLLECT);
    let since = office.now;
    office.watch(tx(0xff));
    office.run(SECOND * 30);
    let (seen, is_final) = office.mined_after(since, tx(0xff));
    assert!(seen.unwrap() <= SECOND * 8, "{seen:?}");
    assert!(is_final.unwrap() <= SECOND * 16, "{is_final:?}");
    assert!(
        office.scanned() >= office.height() - 8,
        "{} of {}",
        office.scanned(),
        office.height()
    );
    // The endpoints are used to the full: 32 calls at once each, in 100 ms, two a verification.
    let decided = |(at, finding): &&(crate::time::Instant, Finding)| {
        at.since(since) > Duration::ZERO && matches!(finding, Finding::Absent { .. })
    };
    let per_second = office.findings.iter().filter(decided).count() / 30;
    assert!(per_second >= 400, "{per_second} verifications a second");
}

/// Quotas are spent as soon as they allow it, not at the next poll: 40 calls a second each, of which a burst of ten is
/// kept back, are 31 for four endpoints, and two make a question.
#[test]
fn a_crowd_waits_for_quotas_and_uses_them_up() {
    let mut endpoints = ["a", "b", "c", "d"].map(Endpoint::of).to_vec();
    let quota = Window {
        quota: 40,
        per: SECOND,
    };
    for endpoint in &mut endpoints {
        endpoint.quotas = vec![quota];
    }
    let mut office = Office::with(endpoints, None);
    office.run(SECOND * 5);
    (0..1_000).for_each(|n| office.watch(made_up(n)));
    let since = office.now;
    office.run(SECOND * 20);
    let calls = |endpoint: u8| {
        let of_endpoint = office
            .asked
            .iter()
            .filter(move |(_, asked, _)| *asked == endpoint);
        of_endpoint.map(|(at, _, question)| (*at, question.calls()))
    };
    for endpoint in 0..4 {
        for (start, _) in calls(endpoint) {
            let in_span = calls(endpoint).filter(|(at, _)| (start..start.after(SECOND)).contains(at));
            let calls: u32 = in_span.map(|(_, calls)| calls).sum();
            assert!(calls <= quota.quota, "{calls} calls of {endpoint} in a second");
        }
        let late: u32 = calls(endpoint)
            .filter(|(at, _)| *at >= since)
            .map(|(_, calls)| calls)
            .sum();
        assert!(late >= 20 * 30, "only {late} calls of {endpoint} in 20 s");
    }
}
