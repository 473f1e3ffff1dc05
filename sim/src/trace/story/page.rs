//! Sentences in lines: a time, a mark for what happened around the deposit, and the words, wrapped.

use core::fmt;

use super::{Beat, SENTENCES_MAX, words};

/// How wide a line is, in characters.
const WIDTH: usize = 110;
/// What stands before the words of a beat, in characters.
const MARGIN: usize = 13;

/// `text` wrapped, with `hanging` before every line but the first of each of its lines.
pub(super) fn paragraph(text: &str, hanging: &str) -> String {
    let lines = text.lines().flat_map(|line| wrapped(line, WIDTH, hanging));
    lines.collect::<Vec<_>>().join("\n")
}

/// `text` in lines of at most `width` characters, if its words allow. What it begins with is kept.
pub(super) fn wrapped(text: &str, width: usize, hanging: &str) -> Vec<String> {
    let begin = text.len() - text.trim_start().len();
    let mut lines = vec![text[..begin].to_owned()];
    let mut is_new = true;
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if !is_new && line + 1 + word.chars().count() > width {
            lines.push(hanging.to_owned());
            is_new = true;
        }
        if let Some(line) = lines.last_mut() {
            if !is_new {
                line.push(' ');
            }
            line.push_str(word);
            is_new = false;
        }
    }
    lines
}

/// The lines of one beat.
pub(super) fn lines(beat: &Beat, width: usize) -> Vec<String> {
    let mark = if beat.is_around { '!' } else { ' ' };
    let begin = format!("{mark}{:>10}  ", words::seconds(beat.at));
    let mut lines = wrapped(&beat.text, width - MARGIN, "").into_iter();
    let first = lines.next().map(|line| format!("{begin}{line}"));
    let rest = lines.map(|line| format!("{:MARGIN$}{line}", ""));
    first.into_iter().chain(rest).collect()
}

/// The places of the beats that are shown, and after how many of them what is left out stood.
pub(super) fn shown(count: usize) -> (Vec<usize>, Option<usize>) {
    if count <= SENTENCES_MAX {
        return ((0..count).collect(), None);
    }
    let begin = SENTENCES_MAX / 2;
    let end = count - (SENTENCES_MAX - begin);
    ((0..begin).chain(end..count).collect(), Some(begin))
}

/// Writes beats, one after the other.
pub(super) fn write(f: &mut fmt::Formatter<'_>, beats: &[Beat]) -> fmt::Result {
    let (places, gap) = shown(beats.len());
    for (number, place) in places.iter().enumerate() {
        if gap == Some(number) {
            writeln!(
                f,
                "{:MARGIN$}({} sentences are left out here)",
                "",
                beats.len() - places.len()
            )?;
        }
        for line in lines(&beats[*place], WIDTH) {
            writeln!(f, "{line}")?;
        }
    }
    Ok(())
}
