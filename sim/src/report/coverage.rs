//! What each fault met, as text: a matrix that fits a terminal, then every cell that is empty.

use core::fmt::Write as _;

use crate::coverage::{CONDITIONS, Condition, KINDS, Matrix};

/// The matrix: a digit says of how many figures the number of runs is, `.` that there were none, and `x` that there can be
/// none; `!` stands for a cell that was met though it is said that it cannot be.
#[must_use]
pub fn coverage(matrix: &Matrix) -> String {
    let mut text = String::new();
    let margin = KINDS.iter().map(|kind| kind.on.len() + kind.name.len() + 2).max();
    let margin = margin.unwrap_or_default();
    heading(&mut text, margin);
    for (place, kind) in KINDS.iter().enumerate() {
        let name = format!("{}: {}", kind.on, kind.name);
        push(&mut text, format_args!("{name:<margin$} "));
        for (column, condition) in CONDITIONS.iter().enumerate() {
            gap(&mut text, column);
            text.push(mark(matrix, place, *condition));
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&summary(matrix));
    text
}

/// How many cells were met, and each that was not.
fn summary(matrix: &Matrix) -> String {
    let mut text = String::new();
    let (mut met, mut never, mut wrong) = (0_u64, 0_u64, Vec::new());
    let mut empty: Vec<(usize, Vec<&str>)> = Vec::new();
    for (place, condition, count, reason) in matrix.cells() {
        match (count, reason) {
            (0, Some(_)) => never += 1,
            (0, None) => match empty.last_mut().filter(|(row, _)| *row == place) {
                Some((_, names)) => names.push(condition.name()),
                None => empty.push((place, vec![condition.name()])),
            },
            (_, Some(reason)) => wrong.push((place, condition, count, reason)),
            (_, None) => met += 1,
        }
    }
    let holes: usize = empty.iter().map(|(_, names)| names.len()).sum();
    push(
        &mut text,
        format_args!(
            "{met} cells were met in {} runs, {never} never can be, {holes} are empty\n",
            matrix.runs()
        ),
    );
    for (place, names) in empty {
        let kind = KINDS[place];
        push(
            &mut text,
            format_args!("  {}: {}  never met  {}\n", kind.on, kind.name, names.join(", ")),
        );
    }
    for (place, condition, count, reason) in wrong {
        let kind = KINDS[place];
        push(
            &mut text,
            format_args!(
                "  {}: {}  met  {} in {count} runs, which cannot be: {reason}\n",
                kind.on,
                kind.name,
                condition.name()
            ),
        );
    }
    text
}

/// The names of the columns, from top to bottom.
fn heading(text: &mut String, margin: usize) {
    let height = CONDITIONS.iter().map(|condition| condition.name().len()).max();
    let height = height.unwrap_or_default();
    for line in 0..height {
        let mut row = " ".repeat(margin + 1);
        for (column, condition) in CONDITIONS.iter().enumerate() {
            gap(&mut row, column);
            let name = condition.name();
            let letter = (line + name.len()).checked_sub(height);
            row.push(letter.and_then(|at| name.chars().nth(at)).unwrap_or(' '));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
}

/// Groups of columns stand apart.
fn gap(text: &mut String, column: usize) {
    let is_apart = column > 0 && CONDITIONS[column].group() != CONDITIONS[column - 1].group();
    text.push_str(if is_apart { "   " } else { " " });
}

fn mark(matrix: &Matrix, place: usize, condition: Condition) -> char {
    let count = matrix.count(place, condition);
    match (count, crate::coverage::reason(&KINDS[place], condition)) {
        (0, Some(_)) => 'x',
        (0, None) => '.',
        (_, Some(_)) => '!',
        (count, None) => char::from_digit(count.ilog10() + 1, 36).unwrap_or('?'),
    }
}

fn push(text: &mut String, what: core::fmt::Arguments<'_>) {
    let written = text.write_fmt(what);
    assert!(written.is_ok(), "a string takes everything");
}

#[cfg(test)]
mod tests;
