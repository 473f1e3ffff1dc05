//! How a run ended.

use super::observe::Violation;
use super::stats::Stats;

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it passed.
    pub verdict: Verdict,
    /// The digest of every step: two runs of one plan and seed have the same.
    pub digest: u128,
    /// What was counted.
    pub stats: Stats,
    /// Why the trace that was asked for is not whole, if it is not.
    pub trace_error: Option<String>,
}

/// Whether a run passed, and if not, what kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No oracle complained, and everything settled.
    Passed,
    /// An invariant was broken.
    Safety(Violation),
    /// Everything healed, and this was still not settled when the plan's time was over.
    Liveness(Vec<String>),
    /// The code under test panicked: one of its own assertions failed.
    Crash {
        /// The message of the panic.
        message: String,
    },
}

impl Verdict {
    /// Whether the run passed.
    #[must_use]
    pub const fn is_passed(&self) -> bool {
        matches!(self, Self::Passed)
    }
}
