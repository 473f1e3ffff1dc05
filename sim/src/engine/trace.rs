//! Lines of JSON, each sealed by a sum of everything up to it: what a trace is written through.
//!
//! It knows nothing of what the lines say. The sum runs over the whole file, so a line that is changed, missing, added
//! or out of place breaks the seal there and nowhere before.

use core::hash::Hasher as _;
use std::io;

use plimsoll_core::digest::Digest;
use serde::Serialize;

/// What stands before the sum at the end of each line.
const MARK: &[u8] = b",\"sum\":\"";
/// What stands after it.
const CLOSE: &[u8] = b"\"}";
/// The hexadecimal digits of a sum.
const SUM_DIGITS: usize = 16;

/// The sum of all lines so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seal(Digest);

impl Seal {
    /// The seal of a file without lines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a line without its sum, and gives the sum that belongs to it.
    pub fn over(&mut self, line: &[u8]) -> u64 {
        self.0.write(line);
        self.0.finish()
    }

    /// Takes a line of a file apart: the JSON object without its sum, and the sum. `None` when it does not end in one.
    #[must_use]
    pub fn split(line: &[u8]) -> Option<(&[u8], u64)> {
        let rest = line.strip_suffix(CLOSE)?;
        let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(SUM_DIGITS)?)?;
        let body = rest.strip_suffix(MARK)?;
        let is_plain = |digit: &u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(digit);
        let digits = core::str::from_utf8(digits).ok()?;
        let sum = u64::from_str_radix(digits, 16).ok()?;
        digits.as_bytes().iter().all(is_plain).then_some((body, sum))
    }
}

/// Where lines go.
#[derive(Default)]
pub struct Trace {
    out: Option<Box<dyn io::Write>>,
    seal: Seal,
    line: Vec<u8>,
    failed: Option<io::Error>,
}

impl Trace {
    /// A trace that is not kept and costs nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// A trace that is written to `out`.
    #[must_use]
    pub fn to(out: Box<dyn io::Write>) -> Self {
        Self {
            out: Some(out),
            ..Self::default()
        }
    }

    /// Whether anybody asked for it, and it could be written so far.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.out.is_some()
    }

    /// Writes `value` as one line, and its sum as the last field of it.
    ///
    /// # Panics
    /// When `value` does not become a JSON object with at least one field.
    pub fn line(&mut self, value: &impl Serialize) {
        let Some(out) = &mut self.out else { return };
        let line = &mut self.line;
        line.clear();
        let written = serde_json::to_writer(&mut *line, value);
        assert!(written.is_ok(), "a line cannot be JSON: {written:?}");
        assert!(
            line.ends_with(b"}") && line.len() > 2,
            "a line must be an object with a field"
        );
        line.pop();
        let sum = self.seal.over(line);
        line.extend_from_slice(MARK);
        line.extend_from_slice(format!("{sum:0SUM_DIGITS$x}").as_bytes());
        line.extend_from_slice(CLOSE);
        line.push(b'\n');
        if let Err(error) = out.write_all(line) {
            self.out = None;
            self.failed = Some(error);
        }
    }

    /// Ends the trace.
    ///
    /// # Errors
    /// The first failure to write; nothing was written after it.
    pub fn finish(self) -> io::Result<()> {
        match (self.failed, self.out) {
            (Some(error), _) => Err(error),
            (None, Some(mut out)) => out.flush(),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
