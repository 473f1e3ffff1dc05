//! More claims than the endpoints can be asked about at once.

use core::time::Duration;

use super::{MILLI, Office, SECOND};
use crate::escrow::testing::{COLLECT, tx};
use crate::escrow::verifier::Finding;
use crate::id::TxHash;

/// A made-up hash that sorts before every other.
fn made_up(n: u16) -> TxHash {
    let mut hash = [0; 32];
    hash[2..4].copy_from_slice(&n.to_be_bytes());
    TxHash(hash)
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
