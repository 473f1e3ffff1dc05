//! Two stories of one deposit side by side, from where the runs part: a failing run and its nearest passing neighbour.

use core::fmt;

use super::{Beat, Story, page};
use crate::trace::{Transcript, words};

/// How wide each column is, in characters.
const COLUMN: usize = 64;

/// A failing run, a passing one that differs from it in one fault, and the story of one deposit in both.
#[derive(Debug)]
pub struct Beside<'a> {
    failing: (&'a Transcript, &'a Story<'a>),
    passing: (&'a Transcript, &'a Story<'a>),
    /// What the passing run is without, in words.
    without: &'a str,
    /// How many events at the beginning are the same.
    common: usize,
}

impl<'a> Beside<'a> {
    /// Sets the story of a failing run beside that of a passing one which is `without` one fault, told in words, and
    /// whose first `common` events are the same.
    #[must_use]
    pub const fn of(
        failing: (&'a Transcript, &'a Story<'a>),
        passing: (&'a Transcript, &'a Story<'a>),
        without: &'a str,
        common: usize,
    ) -> Self {
        Self {
            failing,
            passing,
            without,
            common,
        }
    }

    /// The beats of both runs, without those that are the same in both at the beginning.
    fn parting(&self) -> (&[Beat], &[Beat]) {
        let (a, b) = (&self.failing.1.beats, &self.passing.1.beats);
        let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        (&a[same..], &b[same..])
    }
}

impl fmt::Display for Beside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let intro = format!(
            "The nearest run that passes is the same without {}.",
            self.without
        );
        writeln!(f, "{}", page::paragraph(&intro, ""))?;
        if let Some(event) = self.failing.0.events.get(self.common) {
            let (count, at) = (self.common, words::seconds(event.at));
            writeln!(f, "The first {count} events are the same; the runs part at {at}.")?;
        }
        let (a, b) = self.parting();
        writeln!(f, "What differs of the deposit's story:\n")?;
        writeln!(f, "{:<COLUMN$} | with it left out: passes", "as it is: FAILS")?;
        writeln!(f, "{:-<COLUMN$}-+-{:-<COLUMN$}", "", "")?;
        let (a, b) = (column(a), column(b));
        for place in 0..a.len().max(b.len()) {
            let cell = |lines: &[String]| lines.get(place).cloned().unwrap_or_default();
            let line = format!("{:<COLUMN$} | {}", cell(&a), cell(&b));
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f)?;
        for (name, story) in [("as it is", self.failing.1), ("with it left out", self.passing.1)] {
            for line in story.ending() {
                writeln!(f, "{}", page::paragraph(&format!("{name}: {line}"), "  "))?;
            }
        }
        Ok(())
    }
}

fn column(beats: &[Beat]) -> Vec<String> {
    let (places, gap) = page::shown(beats.len());
    let mut lines = Vec::new();
    for (number, place) in places.iter().enumerate() {
        if gap == Some(number) {
            lines.push(format!(
                "({} sentences are left out here)",
                beats.len() - places.len()
            ));
        }
        lines.extend(page::lines(&beats[*place], COLUMN));
    }
    lines
}
