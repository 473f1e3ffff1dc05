//! The run that found a bug, shrunk.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_sim::scenario::Expanded;
use plimsoll_sim::shrink::{self, Refusal, Shrunk};

use crate::bug::Bug;

/// What is left of a run that found a bug.
#[derive(Debug)]
pub struct Smallest {
    /// The run, or why it cannot be shrunk.
    shrunk: Result<Shrunk, Refusal>,
    /// How long it took.
    pub took: Duration,
}

/// Shrinks `run`, which fails while the bug is at work, for so long at most.
pub fn shrink(run: &Expanded, longest: Duration) -> Smallest {
    let begun = Instant::now();
    let shrunk = shrink::shrink(run, u64::MAX, &mut |_| {
        if begun.elapsed() < longest {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    Smallest {
        shrunk,
        took: begun.elapsed(),
    }
}

impl Smallest {
    /// How many faults and deeds are left, if it could be shrunk.
    pub fn entries(&self) -> Option<usize> {
        self.shrunk.as_ref().ok().map(|shrunk| shrunk.after.entries())
    }

    /// How many faults and deeds are left, with a `+` if the time was over before the shrinker was done.
    pub fn shown(&self) -> String {
        match &self.shrunk {
            Ok(shrunk) if shrunk.is_minimal => shrunk.after.entries().to_string(),
            Ok(shrunk) => format!("{}+", shrunk.after.entries()),
            Err(_) => "-".to_owned(),
        }
    }

    /// Writes the run to `folder`.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&self, folder: &Path, bug: &Bug) -> Result<(), String> {
        let shrunk = match &self.shrunk {
            Ok(shrunk) => shrunk,
            Err(refusal) => {
                eprintln!("        {}: not shrunk: {refusal}", bug.name);
                return Ok(());
            }
        };
        let story = format!("Planted: {}\nIt failed: {}", bug.what, shrunk.failure);
        let path = folder.join(&bug.name).with_extension("toml");
        let failed = |error| format!("failed to write {}: {error}", path.display());
        fs::create_dir_all(folder).map_err(failed)?;
        fs::write(&path, shrunk.expanded.to_toml(&story)).map_err(failed)
    }
}
