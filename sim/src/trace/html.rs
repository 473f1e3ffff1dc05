//! Exports a trace as a timeline: one HTML file that needs nothing else, opens from disk and reaches for no network.
//!
//! `timeline.html` is the page, written by hand; this puts the trace into it, in columns and with every text once, so
//! that the page opens at once. What would be too much to look at is left out, first what only asks how far the chain is, and the page says so.

mod bands;
mod choice;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{Body, Event, Journey, Transcript, words};
use bands::Band;

/// The page, with a mark where the trace goes.
const PAGE: &str = include_str!("html/timeline.html");
/// The mark.
const MARK: &str = "/*TRACE*/";
/// The most events that a page shows.
pub const EVENTS_MAX: usize = 40_000;

impl Transcript {
    /// Writes the trace as an HTML page with a timeline of at most [`EVENTS_MAX`] events.
    ///
    /// # Errors
    /// The first failure to write.
    pub fn write_html(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (before, after) = PAGE.split_once(MARK).unwrap_or((PAGE, ""));
        let data = serde_json::to_string(&Data::of(self, EVENTS_MAX))?;
        out.write_all(before.as_bytes())?;
        // Nothing in the data may end the element that it stands in; outside of its texts JSON has no such letter.
        out.write_all(data.replace('<', "\\u003c").as_bytes())?;
        out.write_all(after.as_bytes())?;
        out.flush()
    }
}

/// What the page gets. Events are named by their places in `events`, texts by theirs in `texts`.
#[derive(Serialize)]
struct Data<'a> {
    run: Run<'a>,
    nodes: Vec<(&'a str, &'a str)>,
    /// Each lane's node and part.
    lanes: Vec<(usize, &'a str)>,
    kinds: &'static [&'static str],
    texts: Vec<String>,
    events: Columns,
    bands: Vec<Band>,
    journeys: Vec<Trip>,
    /// What is left out, for people; empty when nothing is.
    left_out: String,
}

#[derive(Serialize)]
struct Run<'a> {
    scenario: &'a str,
    seed: u64,
    outcome: &'a str,
    oracle: &'a str,
    invariant: &'a str,
    detail: &'a str,
    /// In microseconds.
    until: u64,
}

/// The events, a column a field.
#[derive(Serialize, Default)]
struct Columns {
    /// Microseconds since the event before.
    t: Vec<u64>,
    lane: Vec<usize>,
    kind: Vec<usize>,
    text: Vec<usize>,
    /// The ids, as a text.
    ids: Vec<usize>,
    /// What else there is to tell, as a text; the first text, which is empty, for nothing.
    more: Vec<usize>,
    /// The line in the trace.
    line: Vec<usize>,
}

/// A journey.
#[derive(Serialize)]
struct Trip {
    number: usize,
    title: String,
    fate: String,
    events: Vec<usize>,
}

/// Every text once.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: String) -> usize {
        if let Some(place) = self.places.get(&text) {
            return *place;
        }
        let place = self.all.len();
        self.all.push(text.clone());
        self.places.insert(text, place);
        place
    }
}

impl<'a> Data<'a> {
    fn of(told: &'a Transcript, most: usize) -> Self {
        let journeys = told.journeys();
        let (shown, left_out) = choice::choose(told, &journeys, most);
        let mut texts = Texts::default();
        texts.place(String::new());
        let nodes = nodes(told);
        let mut lanes: Vec<(usize, &str)> = Vec::new();
        let mut columns = Columns::default();
        let mut places = BTreeMap::new();
        let mut before = 0;
        for place in shown {
            let event = &told.events[place];
            let at = micros(event.at.as_nanos());
            places.insert(place, columns.t.len());
            columns.t.push(at - before);
            before = at;
            columns.lane.push(lane(event, &nodes, &mut lanes));
            columns.kind.push(kind(event));
            columns.text.push(texts.place(words::of(event)));
            columns.ids.push(texts.place(ids(event)));
            columns.more.push(texts.place(more(event)));
            columns.line.push(place + 2);
        }
        Self {
            run: run(told),
            bands: bands::of(told, &nodes),
            journeys: trips(journeys, &places),
            nodes,
            lanes,
            kinds: Body::KINDS,
            texts: texts.all,
            events: columns,
            left_out,
        }
    }
}

fn run(told: &Transcript) -> Run<'_> {
    let (header, end) = (&told.header, &told.end);
    let last = told.events.last().map_or(0, |event| event.at.as_nanos());
    Run {
        scenario: &header.scenario,
        seed: header.seed,
        outcome: &end.end,
        oracle: &end.oracle,
        invariant: &end.invariant,
        detail: &end.detail,
        until: micros(end.t.max(last)).max(1),
    }
}

/// The nodes with what they are, those first that the header names.
fn nodes(told: &Transcript) -> Vec<(&str, &str)> {
    let declared = told
        .header
        .nodes
        .iter()
        .map(|node| (node.name.as_str(), node.about.as_str()));
    let mut nodes: Vec<(&str, &str)> = declared.collect();
    for event in &told.events {
        if !nodes.iter().any(|(name, _)| *name == event.node) {
            nodes.push((&event.node, ""));
        }
    }
    nodes
}

fn lane<'a>(event: &'a Event, nodes: &[(&str, &str)], lanes: &mut Vec<(usize, &'a str)>) -> usize {
    let node = nodes
        .iter()
        .position(|(name, _)| *name == event.node)
        .unwrap_or_default();
    let wanted = (node, event.part.as_str());
    lanes.iter().position(|lane| *lane == wanted).unwrap_or_else(|| {
        lanes.push(wanted);
        lanes.len() - 1
    })
}

fn kind(event: &Event) -> usize {
    let kind = event.body.kind();
    Body::KINDS
        .iter()
        .position(|known| *known == kind)
        .unwrap_or_default()
}

/// The ids but the message, as `request 3, tx 0x12…`.
fn ids(event: &Event) -> String {
    let value = serde_json::to_value(&event.ids).unwrap_or_default();
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| *name != "message");
    let shown = |value: &serde_json::Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    let fields: Vec<String> = fields
        .map(|(name, value)| format!("{name} {}", shown(value)))
        .collect();
    fields.join(", ")
}

/// What the words of an event leave out.
fn more(event: &Event) -> String {
    if let Body::Input(input) = &event.body {
        return format!(
            "records {}, acts {}, digest {}",
            input.records, input.acts, input.digest
        );
    }
    if let Body::Committed(committed) = &event.body {
        return format!("journal {}", committed.hash);
    }
    let Body::Record(record) = &event.body else {
        return String::new();
    };
    let mut parts = vec![record.name.clone()];
    if !record.votes.is_empty() {
        parts.push(format!("vouched for by {}", record.votes.join(" and ")));
    }
    for booking in &record.bookings {
        let (amount, asset, to) = (&booking.amount, &booking.asset, &booking.to);
        parts.push(format!("log {}: {amount} {asset} to {to}", booking.ordinal));
    }
    parts.extend(record.found.iter().map(|tx| format!("found {tx}")));
    parts.join("; ")
}

fn trips(journeys: Vec<Journey>, places: &BTreeMap<usize, usize>) -> Vec<Trip> {
    let trip = |journey: Journey| Trip {
        number: journey.number,
        events: journey
            .events
            .iter()
            .filter_map(|place| places.get(place))
            .copied()
            .collect(),
        title: journey.title,
        fate: journey.fate,
    };
    journeys.into_iter().map(trip).collect()
}

/// Nanoseconds as microseconds, rounded down: what a screen can show.
const fn micros(nanos: u64) -> u64 {
    nanos / 1_000
}

#[cfg(test)]
mod tests;
