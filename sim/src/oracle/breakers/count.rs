//! Counts of outcomes, of which some are certain and some are not.

use plimsoll_core::resilience::CallOutcome;

/// How many of these outcomes were so; certainly, if `is_certain`.
pub(super) fn count(heard: &[(CallOutcome, bool)], outcome: CallOutcome, is_certain: bool) -> u32 {
    let so = heard
        .iter()
        .filter(|(of, certain)| *of == outcome && (*certain || !is_certain));
    u32::try_from(so.count()).unwrap_or(u32::MAX)
}

/// How many failures there are since the last success, at most; or at least, if `is_certain`.
pub(super) fn failures_in_a_row(heard: &[(CallOutcome, bool)], is_certain: bool) -> u32 {
    let mut failures = 0;
    for (outcome, certain) in heard {
        match outcome {
            CallOutcome::Failure if *certain || !is_certain => failures += 1,
            CallOutcome::Success if *certain || is_certain => failures = 0,
            CallOutcome::Failure | CallOutcome::Success | CallOutcome::Ignored => {}
        }
    }
    failures
}
