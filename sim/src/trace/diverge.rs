//! Where two traces part: the first event that is not the same, or that only one of them has.
//!
//! Two traces of one plan and seed are of one run, whatever built the programs that wrote them, so any difference
//! between them is one too many.

use core::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Body, Event, EventLine, Transcript, words};

/// How many events are shown before the place where the traces part, and how many of each after it.
const CONTEXT: usize = 4;

/// How two traces compare. Shown as text, it names the first event that is not the same, with both sides.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// What people call the traces: their files.
    names: (&'a str, &'a str),
    a: &'a Transcript,
    b: &'a Transcript,
    headers: Vec<Difference>,
    /// How many events are the same.
    common: usize,
    /// Only looked at when all events are the same.
    ends: Vec<Difference>,
}

/// A field with another value in each trace; none where it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field, as a path of names.
    pub field: String,
    /// Its value in the first trace.
    pub a: Option<String>,
    /// Its value in the second one.
    pub b: Option<String>,
}

impl<'a> Comparison<'a> {
    /// Compares two traces, each with what people call it. What built the programs that wrote them does not count.
    #[must_use]
    pub fn of((name_a, a): (&'a str, &'a Transcript), (name_b, b): (&'a str, &'a Transcript)) -> Self {
        let pairs = a.events.iter().zip(&b.events);
        let common = pairs.take_while(|(a, b)| a == b).count();
        let mut headers = differences(&a.header, &b.header);
        headers.retain(|one| one.field != "build");
        let are_all = common == a.events.len() && common == b.events.len();
        let ends = if are_all {
            differences(&a.end, &b.end)
        } else {
            Vec::new()
        };
        Self {
            names: (name_a, name_b),
            a,
            b,
            headers,
            common,
            ends,
        }
    }

    /// Whether the traces tell the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.headers.is_empty() && self.ends.is_empty() && self.first_difference().is_none()
    }

    /// The place of the first event that is not the same, from 0; none when all are.
    #[must_use]
    pub fn first_difference(&self) -> Option<usize> {
        let longest = self.a.events.len().max(self.b.events.len());
        (self.common < longest).then_some(self.common)
    }

    /// The fields in which the first events that are not the same differ; none when one trace has no such event.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        let (a, b) = (self.a.events.get(self.common), self.b.events.get(self.common));
        let both = a.zip(b);
        both.map_or_else(Vec::new, |(a, b)| {
            differences(&EventLine::from(a), &EventLine::from(b))
        })
    }

    /// What both traces agree on, up to where they part.
    fn agreement(&self) -> String {
        let same = &self.a.events[..self.common];
        let Some(last) = same.last() else {
            return "not one event is the same".to_owned();
        };
        let checkpoint = same.iter().rev().find_map(|event| {
            let Body::Checkpoint(checkpoint) = &event.body else {
                return None;
            };
            Some(format!(", and so is the state after {} inputs", checkpoint.steps))
        });
        let (count, at) = (self.common, words::seconds(last.at));
        format!(
            "{count} events are the same, up to {at}{}",
            checkpoint.unwrap_or_default()
        )
    }

    fn write_parting(&self, f: &mut fmt::Formatter<'_>, place: usize) -> fmt::Result {
        // The first line is the header.
        writeln!(f, "the traces part at event {}, line {}\n", place + 1, place + 2)?;
        for event in &self.a.events[place.saturating_sub(CONTEXT)..place] {
            writeln!(f, "      {}", line(event))?;
        }
        for (side, of) in [("A", self.a), ("B", self.b)] {
            let rest = &of.events[place.min(of.events.len())..];
            for (number, event) in rest.iter().take(CONTEXT).enumerate() {
                let mark = if number == 0 { '>' } else { ' ' };
                writeln!(f, "  {side} {mark} {}", line(event))?;
            }
            if rest.is_empty() {
                writeln!(f, "  {side} > the end: {}", of.end.end)?;
            }
        }
        write_differences(f, &self.differences())
    }
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (side, name, of) in [("A", self.names.0, self.a), ("B", self.names.1, self.b)] {
            let header = &of.header;
            let run = format!("{}, seed {}, by {}", header.scenario, header.seed, header.build);
            writeln!(f, "{side}  {name}: {run}")?;
        }
        if !self.headers.is_empty() {
            writeln!(f, "\nthese are traces of different runs")?;
            write_differences(f, &self.headers)?;
        }
        if self.is_same() {
            let (count, end) = (self.common, &self.a.end);
            return writeln!(
                f,
                "\nthe same: {count} events, {}, digest {}",
                end.end, end.digest
            );
        }
        writeln!(f, "\n{}", self.agreement())?;
        if let Some(place) = self.first_difference() {
            return self.write_parting(f, place);
        }
        if !self.ends.is_empty() {
            writeln!(f, "the traces part at their ends")?;
            write_differences(f, &self.ends)?;
        }
        Ok(())
    }
}

fn line(event: &Event) -> String {
    let at = event.at.as_nanos();
    let (seconds, micros) = (at / 1_000_000_000, at / 1_000 % 1_000_000);
    let place = format!("{} / {}", event.node, event.part);
    format!(
        "{seconds:>4}.{micros:06} s  #{:<6} {place:<20}  {}",
        event.seq,
        words::of(event)
    )
}

fn write_differences(f: &mut fmt::Formatter<'_>, differences: &[Difference]) -> fmt::Result {
    if differences.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    for Difference { field, a, b } in differences {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(missing)".to_owned());
        writeln!(f, "  {field}\n    A {}\n    B {}", shown(a), shown(b))?;
    }
    Ok(())
}

/// The leaves in which two values differ.
fn differences(a: &impl Serialize, b: &impl Serialize) -> Vec<Difference> {
    let value =
        |of: serde_json::Result<Value>| of.unwrap_or_else(|error| unreachable!("a trace is JSON: {error}"));
    let mut found = Vec::new();
    compare(
        "",
        Some(&value(serde_json::to_value(a))),
        Some(&value(serde_json::to_value(b))),
        &mut found,
    );
    found
}

fn compare(field: &str, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Difference>) {
    if a == b {
        return;
    }
    let inner = |name: &str| {
        if field.is_empty() {
            name.to_owned()
        } else {
            format!("{field}.{name}")
        }
    };
    match (a, b) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let only_right = right.keys().filter(|name| !left.contains_key(*name));
            for name in left.keys().chain(only_right) {
                compare(&inner(name), left.get(name), right.get(name), found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for place in 0..left.len().max(right.len()) {
                compare(
                    &inner(&place.to_string()),
                    left.get(place),
                    right.get(place),
                    found,
                );
            }
        }
        (a, b) => found.push(Difference {
            field: field.to_owned(),
            a: a.map(ToString::to_string),
            b: b.map(ToString::to_string),
        }),
    }
}

#[cfg(test)]
mod tests;
