//! The table of what was found, as Markdown.

use std::time::Duration;

use crate::Outcome;

/// A row for each bug, in columns.
pub fn render(outcomes: &[Outcome]) -> String {
    let head = [
        "bug", "area", "found", "by", "runs", "time", "size", "shrunk", "in",
    ]
    .map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(outcomes.iter().map(row));
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            text += &if column >= 4 {
                format!("| {cell:>width$} ")
            } else {
                format!("| {cell:<width$} ")
            };
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                text += &if column >= 4 {
                    format!("|-{}:", "-".repeat(*width))
                } else {
                    format!("|-{}-", "-".repeat(*width))
                };
            }
            text += "|\n";
        }
    }
    text
}

fn row(outcome: &Outcome) -> [String; 9] {
    let (bug, found) = (&outcome.bug, if outcome.is_found() { "yes" } else { "NO" });
    let none = || "-".to_owned();
    let runs = outcome.runs.map_or_else(none, |runs| runs.to_string());
    let size = outcome.size.map_or_else(none, |size| size.to_string());
    let smallest = outcome.smallest.as_ref();
    let (shrunk, shrunk_in) = smallest.map_or_else(|| (none(), none()), |one| (one.shown(), shown(one.took)));
    let finder = outcome.finder.clone().unwrap_or_else(none);
    [
        bug.name.clone(),
        bug.area.clone(),
        found.to_owned(),
        finder,
        runs,
        shown(outcome.took),
        size,
        shrunk,
        shrunk_in,
    ]
}

/// A duration as people write it.
pub fn shown(took: Duration) -> String {
    let micros = took.as_micros();
    if micros < 10_000 {
        format!("{}.{} ms", micros / 1_000, micros / 100 % 10)
    } else if micros < 1_000_000 {
        format!("{} ms", micros / 1_000)
    } else {
        format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100)
    }
}
