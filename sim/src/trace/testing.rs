//! Small traces, made by hand.

use plimsoll_core::time::Instant;

use super::{Body, End, Event, EventLine, Header, Ids, Memory, Node, Note, Transcript};
use crate::engine::Trace;
use crate::run::traced;
use crate::scenario::Scenario;
use crate::scenario::library::EMBEDDED;

pub(crate) fn header() -> Header {
    Header {
        trace: super::VERSION,
        scenario: "small".to_owned(),
        seed: 7,
        plan: "00".to_owned(),
        build: "test".to_owned(),
        duration_ms: 1_000,
        nodes: vec![Node {
            name: "bank".to_owned(),
            about: "the bank".to_owned(),
        }],
    }
}

/// An event of the bank that says `text`.
pub(crate) fn note(at: u64, seq: u64, text: &str) -> Event {
    Event {
        at: Instant::from_nanos(at),
        seq,
        node: "bank".to_owned(),
        part: "machine".to_owned(),
        ids: Ids {
            fault: Some(3),
            ..Ids::default()
        },
        body: Body::Note(Note {
            text: text.to_owned(),
        }),
    }
}

pub(crate) fn end(events: u64) -> End {
    End {
        end: "passed".to_owned(),
        oracle: String::new(),
        invariant: String::new(),
        detail: String::new(),
        digest: "00".to_owned(),
        events,
        t: 20,
    }
}

pub(crate) fn transcript(events: Vec<Event>) -> Transcript {
    Transcript {
        header: header(),
        end: end(events.len() as u64),
        events,
    }
}

/// The bytes of a trace with these events.
pub(crate) fn bytes(events: &[Event]) -> Vec<u8> {
    let memory = Memory::new();
    let mut trace = Trace::to(Box::new(memory.clone()));
    trace.line(&header());
    events
        .iter()
        .for_each(|event| trace.line(&EventLine::from(event)));
    trace.line(&end(events.len() as u64));
    assert!(trace.finish().is_ok());
    memory.take()
}

/// The trace of one seed of one of the project's scenarios.
#[track_caller]
pub(crate) fn told(name: &str, seed: u64) -> Transcript {
    let found = EMBEDDED.iter().find(|(known, _)| *known == name);
    let (name, text) = found.unwrap_or_else(|| panic!("there is no scenario {name}"));
    let scenario = Scenario::parse(name, name, text).unwrap();
    traced(&scenario.expand(seed), seed).unwrap().1
}
