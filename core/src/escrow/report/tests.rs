use std::vec;

use super::{Report, ReportError, Sighting, Tried};
use crate::escrow::AttemptClass;
use crate::escrow::testing::{CHAIN, chain, tx};
use crate::limits::ATTEMPTS_KEPT_MAX;

/// What is wrong with a report of so many attempts, each at `endpoint` and of `class`.
fn wrong(count: usize, endpoint: Option<u8>, class: AttemptClass) -> Option<ReportError> {
    let tried = Tried {
        ago_micros: 1,
        endpoint,
        class,
        height: None,
    };
    let report = Report {
        chain: CHAIN,
        sighting: Sighting::Undecided { tx: tx(1) },
        tried: vec![tried; count],
    };
    report.check(&chain()).err()
}

#[test]
fn attempts_are_at_endpoints_of_the_chain_or_at_none_when_nobody_was_asked() {
    let last = u8::try_from(chain().endpoints.len() - 1).unwrap();
    let (answered, nobody) = (AttemptClass::Timeout, AttemptClass::NobodyAsked);
    let bad = Some(ReportError::Tried);
    for (count, endpoint, class, expected) in [
        (1, Some(0), answered, None),
        (1, Some(last), answered, None),
        (1, Some(last + 1), answered, bad),
        (1, Some(0), nobody, bad),
        (1, None, nobody, None),
        (1, None, answered, bad),
        (ATTEMPTS_KEPT_MAX, Some(0), answered, None),
        (ATTEMPTS_KEPT_MAX + 1, Some(0), answered, bad),
    ] {
        let found = wrong(count, endpoint, class);
        assert_eq!(found, expected, "{count} {endpoint:?} {class:?}");
    }
}
