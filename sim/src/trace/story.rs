//! Stories: what happened to one deposit of a run, in sentences that a person can read aloud.
//!
//! `choice` finds the deposit that a failure is about, `beats` turns events into sentences, `promise` says what must
//! hold where something did not, `page` sets sentences in lines, `beside` sets two stories side by side.

mod beats;
mod beside;
mod choice;
mod page;
mod promise;

use core::fmt;
use std::collections::BTreeMap;

use plimsoll_core::time::Instant;

use super::{Body, Event, FaultBegan, Journey, Transcript, words};
use beats::Beat;

pub use beside::Beside;
use promise::promise;

/// The most sentences that a story has: what is in the middle of a longer one is left out, and the story says so.
pub const SENTENCES_MAX: usize = 160;

/// There is no such deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no deposit {wanted}: this run sent {count} to the chain, numbered from 1")]
pub struct NoDeposit {
    /// The number that was asked for.
    pub wanted: usize,
    /// How many there are.
    pub count: usize,
}

/// The story of one deposit. Shown as text, it is the whole answer of `sim explain`.
#[derive(Debug)]
pub struct Story<'a> {
    told: &'a Transcript,
    /// The deposit, why it is this one, and how many there are; none in a run that sent none.
    subject: Option<(Journey, String, usize)>,
    beats: Vec<Beat>,
}

impl Transcript {
    /// The story of a deposit: of number `wanted`, or else of the one that the failure is about, or else of the one to
    /// which the most happened.
    ///
    /// # Errors
    /// [`NoDeposit`] if there is none of that number.
    pub fn story(&self, wanted: Option<usize>) -> Result<Story<'_>, NoDeposit> {
        let journeys = self.journeys();
        let count = journeys.len();
        let (place, why) = match (wanted, choice::choose(self, &journeys)) {
            (Some(wanted), _) if wanted == 0 || wanted > count => return Err(NoDeposit { wanted, count }),
            (Some(wanted), _) => (wanted - 1, "It was asked for.".to_owned()),
            (None, Some(chosen)) => chosen,
            (None, None) => {
                let beats = beats::tell(self, None);
                return Ok(Story {
                    told: self,
                    subject: None,
                    beats,
                });
            }
        };
        let journey = journeys.into_iter().nth(place);
        let beats = beats::tell(self, journey.as_ref());
        let subject = journey.map(|journey| (journey, why, count));
        Ok(Story {
            told: self,
            subject,
            beats,
        })
    }
}

impl Story<'_> {
    /// The deposit that the story is about, by its number; none in a run that sent none.
    #[must_use]
    pub fn deposit(&self) -> Option<usize> {
        self.subject.as_ref().map(|(journey, ..)| journey.number)
    }

    /// What the story begins with.
    fn head(&self) -> String {
        let Some((journey, why, count)) = &self.subject else {
            return "No deposit was sent to the chain in this run, so this tells of the run alone."
                .to_owned();
        };
        let (number, title, tx) = (journey.number, &journey.title, &journey.tx);
        format!("Deposit {number} of {count}: {title}, in transaction {tx}.\n{why}")
    }

    /// What the deposit, and then the run, came to.
    fn ending(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .subject
            .iter()
            .map(|(journey, ..)| in_the_end(journey))
            .collect();
        let end = &self.told.end;
        if end.is_passed() {
            lines.push("The run passed: no oracle found anything.".to_owned());
            return lines;
        }
        let who = match end.end.as_str() {
            "crash" => "The code under test panicked".to_owned(),
            "liveness" => "The world did not settle".to_owned(),
            _ => format!("The oracle `{}` found `{}` broken", end.oracle, end.invariant),
        };
        let at = words::seconds(Instant::from_nanos(end.t));
        lines.push(format!(
            "The run failed at {at}. {who}: {}.",
            end.detail.trim_end_matches('.')
        ));
        lines.push(format!(
            "What must hold instead: {}",
            promise(&end.end, &end.oracle)
        ));
        lines
    }

    /// The faults that were at work when the story begins.
    fn at_work(&self) -> Vec<String> {
        let Some(first) = self.beats.first() else {
            return Vec::new();
        };
        at_work(&self.told.events, first.at)
    }
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.told.header;
        let outcome = if self.told.end.is_passed() {
            "passed"
        } else {
            "FAILED"
        };
        writeln!(f, "{}, seed {}: {outcome}.\n", header.scenario, header.seed)?;
        writeln!(f, "{}\n", page::paragraph(&self.head(), ""))?;
        let at_work = self.at_work();
        if !at_work.is_empty() {
            writeln!(f, "At work when it begins:")?;
            for one in at_work {
                writeln!(f, "{}", page::paragraph(&format!("  - {one}"), "    "))?;
            }
            writeln!(f)?;
        }
        page::write(f, &self.beats)?;
        for line in self.ending() {
            writeln!(f, "\n{}", page::paragraph(&line, ""))?;
        }
        Ok(())
    }
}

/// What was at work just before `at`, and until when.
fn at_work(events: &[Event], at: Instant) -> Vec<String> {
    let mut open: BTreeMap<Option<u32>, (&FaultBegan, Instant)> = BTreeMap::new();
    for event in events.iter().take_while(|event| event.at < at) {
        if let Body::FaultBegan(began) = &event.body {
            open.insert(event.ids.fault, (began, event.at));
        } else if let Body::FaultEnded(_) = &event.body {
            open.remove(&event.ids.fault);
        }
    }
    let struck_once = |began: &FaultBegan| began.until.is_some_and(|until| Instant::from_nanos(until) < at);
    let open = open.into_iter().filter(|(_, (began, _))| !struck_once(began));
    let line = |(number, (began, since)): (Option<u32>, (&FaultBegan, Instant))| {
        let number = number.map_or_else(String::new, |number| format!("fault {number}, "));
        let since = words::seconds(since);
        let until = began.until.map_or_else(String::new, |until| {
            format!(" until {}", words::seconds(Instant::from_nanos(until)))
        });
        format!("{number}{}, since {since}{until}", began.what)
    };
    open.map(line).collect()
}

fn in_the_end(journey: &Journey) -> String {
    let fate = &journey.fate;
    let credited = journey.credited.map(words::seconds);
    match (journey.wait(), credited) {
        (Some(wait), Some(at)) => {
            let wait = wait.as_millis();
            format!(
                "What became of it: {fate}. The posting is durable since {at}, {wait} ms after its block was final."
            )
        }
        (None, Some(at)) => format!("What became of it: {fate}. The posting is durable since {at}."),
        (_, None) => format!("What became of it: {fate}. It was not posted."),
    }
}

#[cfg(test)]
mod tests;
