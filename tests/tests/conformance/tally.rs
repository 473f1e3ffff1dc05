//! Which kinds of operations were seen to succeed and to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How often operations of each kind succeeded and failed.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, (u64, u64)>);

impl Tally {
    /// Counts one.
    pub(super) fn count(&mut self, kind: impl Into<String>, succeeded: bool) {
        let (successes, failures) = self.0.entry(kind.into()).or_default();
        *(if succeeded { successes } else { failures }) += 1;
    }

    /// The `kinds` that have not yet both succeeded and failed, with what is missing. A kind in `infallible` need not
    /// fail.
    pub(super) fn missing(&self, kinds: &[&str], infallible: &[(&str, &str)]) -> Vec<String> {
        let mut missing = Vec::new();
        for kind in kinds {
            let (successes, failures) = self.0.get(*kind).copied().unwrap_or_default();
            if successes == 0 {
                missing.push(format!("{kind} never succeeded"));
            }
            if failures == 0 && !infallible.iter().any(|(name, _)| name == kind) {
                missing.push(format!("{kind} never failed"));
            }
        }
        missing
    }

    /// Asserts that exactly the kinds in `infallible` never failed, and that no other kinds than `kinds` were counted.
    ///
    /// # Panics
    /// When it is otherwise.
    #[track_caller]
    pub(super) fn check(&self, kinds: &[&str], infallible: &[(&str, &str)]) {
        let counted: BTreeSet<&str> = self.0.keys().map(String::as_str).collect();
        assert_eq!(counted, kinds.iter().copied().collect(), "other kinds\n{self}");
        let never = self.0.iter().filter(|(_, (_, failures))| *failures == 0);
        let never: BTreeSet<&str> = never.map(|(kind, _)| kind.as_str()).collect();
        let expected: BTreeSet<&str> = infallible.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(never, expected, "other kinds cannot fail\n{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<28} {:>9} {:>8}", "operation", "succeeded", "failed")?;
        for (kind, (successes, failures)) in &self.0 {
            writeln!(f, "{kind:<28} {successes:>9} {failures:>8}")?;
        }
        Ok(())
    }
}
