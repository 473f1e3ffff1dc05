//! Which deposit a story is about when nobody says.

use crate::trace::{Body, Event, Journey, Submitted, Transcript};

/// The place of the deposit among `journeys` that the run's failure is about, or to which the most happened, and why it
/// is that one; none if there is none.
pub(super) fn choose(told: &Transcript, journeys: &[Journey]) -> Option<(usize, String)> {
    let failed = if told.end.is_passed() {
        None
    } else {
        guilty(told, journeys)
    };
    failed.or_else(|| {
        let most = (0..journeys.len())
            .rev()
            .max_by_key(|place| journeys[*place].events.len())?;
        let why = if told.end.is_passed() {
            "To it the most happened; --deposit N tells of another one."
        } else {
            "The failure names no deposit; to this one the most happened. --deposit N tells of another one."
        };
        Some((most, why.to_owned()))
    })
}

fn guilty(told: &Transcript, journeys: &[Journey]) -> Option<(usize, String)> {
    let end = &told.end;
    let is_named = |journey: &Journey| {
        let begin = journey.tx.get(..10).unwrap_or(&journey.tx);
        end.detail.contains(begin)
    };
    if let Some(place) = journeys.iter().position(is_named) {
        return Some((place, "The failure names it.".to_owned()));
    }
    let is_about_waiting = end.end == "liveness" || end.invariant == "all_credited";
    let waits = journeys.iter().position(|journey| is_owed(told, journey));
    if let (true, Some(place)) = (is_about_waiting, waits) {
        let why = "It is the first payment to a user that its chain calls final and that was not credited.";
        return Some((place, why.to_owned()));
    }
    let violation = told
        .events
        .iter()
        .find(|event| matches!(event.body, Body::Violated(_)))?;
    let is_same = |event: &Event| event.seq == violation.seq && event.at == violation.at;
    let under_way = journeys
        .iter()
        .position(|one| one.events.iter().any(|place| is_same(&told.events[*place])));
    under_way.map(|place| {
        (
            place,
            "The failure was found while the bank dealt with it.".to_owned(),
        )
    })
}

/// Whether it is a plain payment in a final block that was not credited.
fn is_owed(told: &Transcript, journey: &Journey) -> bool {
    let is_payment = |submitted: &Submitted| {
        submitted.fate == "mined" && submitted.moves.iter().any(|one| one.shape == "payment")
    };
    let paid = journey.events.iter().any(
        |place| matches!(&told.events[*place].body, Body::Submitted(submitted) if is_payment(submitted)),
    );
    paid && journey.finalized.is_some() && journey.credited.is_none()
}
