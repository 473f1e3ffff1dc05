//! A trace: one JSON object a line for everything that happened, written only when somebody asked for it.

use core::fmt::{self, Debug, Write as _};
use std::io;

use plimsoll_core::time::Instant;

/// Where a trace goes.
#[derive(Default)]
pub struct Trace {
    out: Option<Box<dyn io::Write>>,
    line: String,
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

    /// Whether anybody asked for it.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.out.is_some()
    }

    /// Writes one line: `t` nanoseconds since the start, `n` the number of the event, where, what, and the details as
    /// the type itself prints them.
    pub fn line(&mut self, at: Instant, seq: u64, node: &str, what: &str, detail: &dyn Debug) {
        let Some(out) = &mut self.out else { return };
        let line = &mut self.line;
        line.clear();
        let written = write!(
            line,
            "{{\"t\":{},\"n\":{seq},\"node\":\"{node}\",\"what\":\"{what}\",\"detail\":\"",
            at.as_nanos()
        )
        .and_then(|()| write!(Escaped(line), "{detail:?}"));
        assert!(written.is_ok(), "a string takes everything");
        line.push_str("\"}\n");
        if let Err(error) = out.write_all(line.as_bytes()) {
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

/// Escapes what is written through it for a JSON string.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                control if u32::from(control) < 0x20 => write!(self.0, "\\u{:04x}", u32::from(control))?,
                plain => self.0.push(plain),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
