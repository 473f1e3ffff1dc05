//! Where a list of dead letters goes on: a place among them, with a check that it is one of ours and of the same list.
//!
//! The check keeps no secret: it finds slips, a cursor of another filter among them, before they look like an empty page.

use plimsoll_core::escrow::{LetterFilter, LetterPlace};
use plimsoll_core::time::WallClock;

use crate::http::field;
use crate::http::problem::{Code, Problem};

const CONTEXT: &str = "plimsoll http 2026-11 cursor of dead letters";

/// The cursor after `place` in the list of those that fit `filter`.
pub(super) fn write(place: LetterPlace, filter: &LetterFilter) -> String {
    let LetterPlace { since, tx } = place;
    let (since, check) = (since.as_micros(), check(place, filter));
    format!("{since}.{}.{}.{check}", tx.chain, tx.tx)
}

/// The place after which the list of those that fit `filter` goes on.
///
/// # Errors
/// Whatever [`write()`] did not write for this filter.
pub(super) fn read(text: &str, filter: &LetterFilter) -> Result<LetterPlace, Problem> {
    let place = parse(text).filter(|place| write(*place, filter) == text);
    place.ok_or_else(|| {
        let detail = "send what `next` of the page before said, with the same filter";
        Problem::new(Code::IdMalformed, detail).at("after")
    })
}

fn parse(text: &str) -> Option<LetterPlace> {
    let mut parts = text.split('.');
    let mut part = || parts.next();
    let since = WallClock::from_micros(part()?.parse().ok()?);
    let tx = field::tx(("after", part()?), ("after", part()?)).ok()?;
    Some(LetterPlace { since, tx })
}

fn check(place: LetterPlace, filter: &LetterFilter) -> String {
    let LetterPlace { since, tx } = place;
    let LetterFilter {
        chain,
        reason,
        fingerprint,
        claimed_by,
        older_than,
    } = *filter;
    let text = format!("{since:?} {tx:?} {chain:?} {reason:?} {fingerprint:?} {claimed_by:?} {older_than:?}");
    let hash = blake3::derive_key(CONTEXT, text.as_bytes());
    hash[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
