//! Sentences about what happened around a deposit: faults, ends and starts, replaced blocks, a store in trouble.

use plimsoll_core::time::Instant;

use crate::trace::{Body, Event, words};

/// What an event says to a deposit that it is not part of, if anything.
pub(super) fn sentence(event: &Event) -> Option<String> {
    let fault = words::fault(event);
    let text = match &event.body {
        Body::FaultBegan(began) => format!(
            "Fault {fault} began: {}{}.",
            began.what,
            until(event, began.until)
        ),
        Body::FaultEnded(ended) => format!("Fault {fault} ended: {}.", ended.what),
        Body::Violated(violated) => format!(
            "The oracle `{}` found `{}` broken.",
            violated.oracle, violated.invariant
        ),
        Body::Reorged(reorged) => {
            format!(
                "The chain replaced its blocks from {} to {}.",
                reorged.from, reorged.latest
            )
        }
        Body::Breaker(moved) if moved.to == "open" => {
            let endpoint = &moved.endpoint;
            format!("The breaker of {endpoint} opened: nobody asks it for a while.")
        }
        Body::Breaker(moved) if moved.to == "closed" => format!("The breaker of {} closed.", moved.endpoint),
        Body::Crashed(crashed) => {
            format!(
                "The process ended; records that were not durable and are lost: {}.",
                crashed.lost
            )
        }
        Body::Restarted(restarted) => {
            format!(
                "The process was up again, having read {} records.",
                restarted.position
            )
        }
        Body::Paused(_) => format!("The process{} was stopped.", of_worker(event)),
        Body::Resumed(_) => format!("The process{} went on.", of_worker(event)),
        Body::StoreAnswered(stored) if !matches!(stored.outcome.as_str(), "committed" | "head") => {
            format!("The store answered: {}.", stored.outcome)
        }
        Body::Note(note) if event.node == "store" => format!("Of the store: {}.", note.text),
        Body::Breaker(_)
        | Body::StoreAnswered(_)
        | Body::Note(_)
        | Body::Wanted(_)
        | Body::Sent(_)
        | Body::Arrived(_)
        | Body::Heard(_)
        | Body::GaveUp(_)
        | Body::Opened(_)
        | Body::Submitted(_)
        | Body::Mined(_)
        | Body::Unmined(_)
        | Body::Finalized(_)
        | Body::Input(_)
        | Body::Record(_)
        | Body::Notice(_)
        | Body::StoreAsked(_)
        | Body::Committed(_)
        | Body::Job(_)
        | Body::Worked(_)
        | Body::Died(_)
        | Body::Started(_)
        | Body::Checkpoint(_)
        | Body::Sample(_) => return None,
    };
    Some(text)
}

/// When a fault ends, if that is later.
fn until(event: &Event, ends: Option<u64>) -> String {
    ends.filter(|ends| *ends > event.at.as_nanos())
        .map_or_else(String::new, |ends| {
            format!(", until {}", words::seconds(Instant::from_nanos(ends)))
        })
}

/// Whose process it is, if it is a worker's.
fn of_worker(event: &Event) -> String {
    if event.ids.worker.is_some() {
        format!(" of {}", event.node)
    } else {
        String::new()
    }
}
