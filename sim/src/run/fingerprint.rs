//! [`Fingerprint`]: which failures are the same one.
//!
//! Two runs found the same when the same oracle found the same invariant broken, in the same words once everything
//! that differs from run to run is left out: numbers, hashes, ids, how long a list is. A fingerprint names a failure
//! in file names, so it must not change its meaning: oracles keep their names and their wording.

use core::fmt;

use plimsoll_core::digest::Digest;

use super::{DETERMINISM, Failure};

/// The most of a finding that tells it from others: what goes on is the state of one run.
const WORDS_MAX: usize = 160;

/// What tells one failure from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// The oracle, or what else found it.
    oracle: &'static str,
    /// The invariant.
    invariant: &'static str,
    /// What was found, without what differs from run to run.
    words: String,
}

impl Fingerprint {
    /// The fingerprint of what `oracle` found broken of `invariant`, with `detail` for people. Only the first line of
    /// that counts.
    #[must_use]
    pub fn new(oracle: &'static str, invariant: &'static str, detail: &str) -> Self {
        Self {
            oracle,
            invariant,
            words: normalised(detail.lines().next().unwrap_or("")),
        }
    }

    /// Who found it.
    #[must_use]
    pub const fn oracle(&self) -> &'static str {
        self.oracle
    }
}

impl fmt::Display for Fingerprint {
    /// Fit for a file name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = Digest::of(&self.words) >> 96;
        write!(f, "{}-{}-{digest:08x}", self.oracle, self.invariant)
    }
}

impl Failure {
    /// What tells this failure from others.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Crash { message, place } => {
                let file = place.as_deref().and_then(|place| place.split(':').next());
                let first = message.lines().next().unwrap_or("");
                let told = format!("{} {first}", file.unwrap_or(""));
                Fingerprint::new("crash", self.invariant(), &told)
            }
            // Where two runs part is told for people, and differs each time.
            Self::Safety(violation) if violation.oracle == DETERMINISM => {
                Fingerprint::new(violation.oracle, violation.invariant, "")
            }
            Self::Safety(violation) | Self::Expectation(violation) => {
                Fingerprint::new(violation.oracle, violation.invariant, &violation.detail)
            }
            Self::Liveness { left } => {
                // What else is left usually follows from the first.
                let first = left.first().map_or("", String::as_str);
                Fingerprint::new("liveness", self.invariant(), first)
            }
        }
    }
}

/// `text` with `#` for every word that has a digit in it, one `#` for any number of them in a row, and one for whatever
/// stands in square brackets.
fn normalised(text: &str) -> String {
    let mut words = String::new();
    let is_word = |letter: char| letter.is_ascii_alphanumeric();
    let text = without_lists(text);
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|letter| is_word(letter) != is_word(first));
        let (part, after) = rest.split_at(length.unwrap_or(rest.len()));
        if !part.contains(|letter: char| letter.is_ascii_digit()) {
            words.push_str(part);
        } else if is_list(&words) {
            words.truncate(words.rfind('#').map_or(0, |last| last + 1));
        } else {
            words.push('#');
        }
        rest = after;
    }
    let end = words
        .char_indices()
        .nth(WORDS_MAX)
        .map_or(words.len(), |(end, _)| end);
    words.truncate(end);
    words
}

/// `text` with `#` for what is in square brackets: how long a list is, and what is in it, differs from run to run.
fn without_lists(text: &str) -> String {
    let (mut kept, mut depth) = (String::new(), 0_usize);
    for letter in text.chars() {
        if letter == ']' && depth > 0 {
            depth -= 1;
        }
        if depth == 0 {
            kept.push(letter);
        }
        if letter == '[' {
            depth += 1;
            if depth == 1 {
                kept.push('#');
            }
        }
    }
    kept
}

/// Whether `words` end in a number and what parts it from the next one of a list.
fn is_list(words: &str) -> bool {
    let gap = words.rsplit('#').next().filter(|gap| gap.len() < words.len());
    gap.is_some_and(|gap| {
        gap.chars()
            .all(|letter| matches!(letter, ',' | ' ' | '.' | '_' | '-'))
    })
}

#[cfg(test)]
mod tests;
