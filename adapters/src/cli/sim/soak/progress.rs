//! [`Progress`]: how far a soak is, on standard error: a line that is written over on a terminal, else one now and then.

use core::time::Duration;
use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_core::time::Instant;

/// How often a line is written where none can be written over.
const LINE_EACH: Duration = Duration::from_secs(30);

pub(super) struct Progress {
    bar: ProgressBar,
    time: Option<Duration>,
    line_at: Instant,
}

impl Progress {
    /// Of a soak that ends after `time`, if it does.
    pub(super) fn new(time: Option<Duration>) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {pos} runs  {per_sec:>12}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self {
            bar,
            time,
            line_at: Instant::ZERO.after(LINE_EACH),
        }
    }

    /// Tells that so many runs are done `now`, and how many different failures were found.
    pub(super) fn show(&mut self, now: Instant, runs: u64, failures: usize) {
        let passed = now.since(Instant::ZERO);
        let is_line_due = self.bar.is_hidden() && now >= self.line_at;
        self.bar.set_position(runs);
        if self.bar.is_hidden() && !is_line_due {
            return;
        }
        let left = self.time.map_or_else(String::new, |time| {
            format!(", {} s left", time.saturating_sub(passed).as_secs())
        });
        let told = format!("{failures} different failures{left}");
        if is_line_due {
            self.line_at = now.after(LINE_EACH);
            // A soak goes on if nobody listens.
            drop(writeln!(
                io::stderr(),
                "soak: {} s, {runs} runs, {told}",
                passed.as_secs()
            ));
        } else {
            self.bar.set_message(told);
        }
    }

    /// Takes the line off a terminal.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
