//! Which events a page shows when there are more than it can: first polls go, then what comes last.

use std::collections::BTreeSet;

use crate::trace::{Body, Event, Journey, Transcript};

/// The places of at most `most` events to show, in order, and what is left out, in words for the reader.
pub(super) fn choose(told: &Transcript, journeys: &[Journey], most: usize) -> (Vec<usize>, String) {
    // Figures follow from the events before them.
    let is_drawn = |event: &Event| !matches!(event.body, Body::Sample(_));
    let all: Vec<usize> = (0..told.events.len())
        .filter(|place| is_drawn(&told.events[*place]))
        .collect();
    if all.len() <= most {
        return (all, String::new());
    }
    let of_journeys: BTreeSet<usize> = journeys.iter().flat_map(|one| &one.events).copied().collect();
    let polls = polls(&told.events);
    let count = all.len();
    let mut shown: Vec<usize> = all
        .into_iter()
        .filter(|place| of_journeys.contains(place) || !polls.contains(place))
        .collect();
    let mut left_out = format!(
        "{} questions for heads and blocks, ticks and their answers",
        count - shown.len()
    );
    if shown.len() > most {
        let last = told.events[shown[most]].at.as_nanos() / 1_000_000;
        let late = shown.len() - most;
        shown.truncate(most);
        left_out = format!(
            "{left_out}, and {late} events from {}.{:03} s on",
            last / 1_000,
            last % 1_000
        );
    }
    let note = format!(
        "Of {count} events {} are shown. Left out: {left_out}. The trace has them all.",
        shown.len()
    );
    (shown, note)
}

/// The places of everything that only asks how far the chain is.
fn polls(events: &[Event]) -> BTreeSet<usize> {
    let call = |event: &Event| event.ids.question();
    let is_poll = |event: &&Event| {
        let Body::Sent(sent) = &event.body else {
            return false;
        };
        sent.what.sort == "question" && event.ids.tx.is_none()
    };
    let calls: BTreeSet<_> = events.iter().filter(is_poll).filter_map(call).collect();
    // What workers and queues tell each other about no job in particular.
    let is_between = |event: &Event| event.ids.worker.is_some() && event.ids.tx.is_none();
    let is_idle = |event: &Event| {
        if let Body::Input(input) = &event.body {
            return input.event == "tick" && input.records == 0;
        }
        matches!(event.body, Body::Worked(_) | Body::Sent(_) | Body::Arrived(_)) && is_between(event)
    };
    let belongs = |event: &Event| is_idle(event) || call(event).is_some_and(|call| calls.contains(&call));
    (0..events.len())
        .filter(|place| belongs(&events[*place]))
        .collect()
}
