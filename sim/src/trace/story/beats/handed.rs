//! Sentences about a deposit's job: handed over, leased, verified by a worker, reported.

use plimsoll_core::time::Instant;

use crate::trace::{Event, JobMoved, JobStep, Sent, words};

/// What became of the job, if a story needs it.
pub(super) fn sentence(event: &Event, moved: &JobMoved) -> Option<String> {
    let queue = &moved.queue;
    let worker = moved.worker.as_deref().unwrap_or("nobody");
    let until = moved
        .until
        .map_or_else(String::new, |until| words::seconds(Instant::from_nanos(until)));
    let text = match moved.step {
        JobStep::Pushed => format!("It was handed to the {queue} queue."),
        JobStep::Leased => {
            let again = match moved.attempts {
                0 | 1 => String::new(),
                attempts => format!(", handed out for the {} time", ordinal(attempts)),
            };
            format!(
                "{} leased it from the {queue} queue until {until}{again}.",
                capital(worker)
            )
        }
        // That goes on as long as the worker does.
        JobStep::Extended => return None,
        JobStep::RanOut => format!("The lease of {worker} ran out: the {queue} queue may hand it out again."),
        JobStep::Repeated => {
            format!("The {queue} queue had it for anybody, though the lease of {worker} was not over.")
        }
        JobStep::Orphaned => {
            let still = if Instant::from_nanos(moved.until.unwrap_or_default()) > event.at {
                format!(", and the lease lasts until {until}")
            } else {
                String::new()
            };
            format!("{} died with it in its hands{still}.", capital(worker))
        }
        JobStep::Returned => {
            format!(
                "{} gave it back to the {queue} queue, to wait until {until}.",
                capital(worker)
            )
        }
        JobStep::Completed => format!("{} took it off the {queue} queue, done.", capital(worker)),
        JobStep::Lost => format!("The {queue} queue lost it."),
    };
    Some(text)
}

/// What a worker reported.
pub(super) fn report(event: &Event, sent: &Sent) -> String {
    let lost = if sent.arrives.is_empty() {
        ", and that was lost on the way"
    } else {
        ""
    };
    format!("{} reported {}{lost}.", capital(&event.node), sent.what.text)
}

/// A node within a sentence.
pub(super) fn named(node: &str) -> String {
    match node {
        "bank" => "the bank".to_owned(),
        "immediate" | "database" => format!("the {node} queue"),
        other => other.to_owned(),
    }
}

/// A node at the beginning of a sentence.
pub(super) fn capital(node: &str) -> String {
    let named = named(node);
    let mut letters = named.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn ordinal(number: u32) -> String {
    let end = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        (_, _) => "th",
    };
    format!("{number}{end}")
}
