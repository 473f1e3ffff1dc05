//! What lasts: faults on whom they hit, a process that is down or stopped, breakers that are not closed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::micros;
use crate::trace::{Body, Event, Transcript};

/// Something that lasts, on one node.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Band {
    /// The node, by its place.
    pub(super) node: usize,
    /// `fault`, `down`, `stopped`, or the state of a breaker.
    pub(super) kind: String,
    /// What it is, for people.
    what: String,
    /// From when, in microseconds.
    pub(super) from: u64,
    /// Until when; the end of the run for what never ends.
    pub(super) to: u64,
    /// Whether it ended before the run did.
    pub(super) is_over: bool,
}

/// The bands of a run, in the order in which they begin.
pub(super) fn of(told: &Transcript, nodes: &[(&str, &str)]) -> Vec<Band> {
    let mut open = Open {
        nodes,
        bands: Vec::new(),
        open: BTreeMap::new(),
    };
    for event in &told.events {
        open.see(event);
    }
    let last = told.events.last().map_or(0, |event| event.at.as_nanos());
    let until = micros(told.end.t.max(last));
    for place in open.open.into_values().flatten() {
        open.bands[place].to = until;
    }
    open.bands
}

struct Open<'a> {
    nodes: &'a [(&'a str, &'a str)],
    bands: Vec<Band>,
    /// The bands that are open, by what they are.
    open: BTreeMap<String, Vec<usize>>,
}

impl Open<'_> {
    fn see(&mut self, event: &Event) {
        let own = [event.node.clone()];
        let fault = || {
            event
                .ids
                .fault
                .map_or_else(String::new, |number| number.to_string())
        };
        if let Body::FaultBegan(began) = &event.body {
            self.begin(
                event,
                &format!("fault {}", fault()),
                "fault",
                &began.what,
                &began.on,
            );
        }
        if let Body::FaultEnded(_) = &event.body {
            self.end(event, &format!("fault {}", fault()));
        }
        if let Body::Breaker(moved) = &event.body {
            let key = format!("breaker {}", moved.endpoint);
            self.end(event, &key);
            if moved.to != "closed" {
                let what = format!("breaker {}", moved.to.replace('_', " "));
                self.begin(
                    event,
                    &key,
                    &moved.to,
                    &what,
                    core::slice::from_ref(&moved.endpoint),
                );
            }
        }
        let (down, stopped) = (format!("down {}", event.node), format!("stopped {}", event.node));
        if matches!(event.body, Body::Crashed(_) | Body::Died(_)) {
            self.end(event, &stopped);
            self.begin(event, &down, "down", "the process is down", &own);
        }
        if matches!(event.body, Body::Restarted(_) | Body::Started(_)) {
            self.end(event, &down);
        }
        if matches!(event.body, Body::Paused(_)) {
            self.begin(event, &stopped, "stopped", "the process is stopped", &own);
        }
        if matches!(event.body, Body::Resumed(_)) {
            self.end(event, &stopped);
        }
    }

    fn begin(&mut self, event: &Event, key: &str, kind: &str, what: &str, on: &[String]) {
        for name in on {
            let Some(node) = self.nodes.iter().position(|(known, _)| known == name) else {
                continue;
            };
            let at = micros(event.at.as_nanos());
            self.open
                .entry(key.to_owned())
                .or_default()
                .push(self.bands.len());
            self.bands.push(Band {
                node,
                kind: kind.to_owned(),
                what: what.to_owned(),
                from: at,
                to: at,
                is_over: false,
            });
        }
    }

    fn end(&mut self, event: &Event, key: &str) {
        for place in self.open.remove(key).unwrap_or_default() {
            self.bands[place].to = micros(event.at.as_nanos());
            self.bands[place].is_over = true;
        }
    }
}
