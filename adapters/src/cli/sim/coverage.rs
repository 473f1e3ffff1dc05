//! What is asked for of coverage, and where it goes.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use plimsoll_sim::coverage::Matrix;
use plimsoll_sim::report;

use super::{SimError, commit};

/// Options that runs and soaks have alike.
#[derive(Debug, Args)]
pub(super) struct CoverageArgs {
    /// Show which kind of fault was at work while which machine was in which state: deposits, breakers, lanes, outbox,
    /// process. Then each combination that no run came upon.
    #[arg(long)]
    coverage: bool,
    /// Write the same as a heat-map to this file, for a browser.
    #[arg(long, value_name = "FILE")]
    coverage_html: Option<PathBuf>,
}

impl CoverageArgs {
    /// Whether any of it is wanted.
    pub(super) const fn is_wanted(&self) -> bool {
        self.coverage || self.coverage_html.is_some()
    }

    /// Shows and writes what is wanted.
    pub(super) fn tell(
        &self,
        matrix: &Matrix,
        selectors: &[String],
        out: &mut dyn Write,
    ) -> Result<(), SimError> {
        if self.coverage {
            write!(out, "\n{}", report::coverage(matrix))?;
        }
        if let Some(path) = &self.coverage_html {
            let title = format!("Of {}, at commit {}.", selectors.join(", "), commit::describe());
            fs::write(path, report::heat_map(matrix, &title)).map_err(|source| SimError::Write {
                path: path.clone(),
                source,
            })?;
        }
        Ok(())
    }
}
