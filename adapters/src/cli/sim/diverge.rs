//! `plimsoll sim diverge`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use plimsoll_sim::trace::{Comparison, Transcript};

use super::SimError;

/// The traces are not the same.
const EXIT_DIFFERENT: u8 = 1;

/// What the exit code tells, for `--help`.
pub(super) const EXIT_CODES: &str = "Exit codes:\n  \
     0   the traces are the same, but for what built the programs that wrote them\n  \
     1   they are not\n  \
     2   a trace is missing, cut short, damaged or of another version: nothing was compared";

/// `plimsoll sim diverge`.
#[derive(Debug, Args)]
pub(super) struct DivergeArgs {
    /// A trace, as `sim replay --trace` writes it.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another one, of the same scenario and seed.
    #[arg(value_name = "B")]
    b: PathBuf,
}

pub(super) fn run(args: &DivergeArgs, out: &mut dyn Write) -> Result<u8, SimError> {
    let (a, b) = (Transcript::read(&args.a)?, Transcript::read(&args.b)?);
    let names = (args.a.display().to_string(), args.b.display().to_string());
    let comparison = Comparison::of((&names.0, &a), (&names.1, &b));
    write!(out, "{comparison}")?;
    Ok(if comparison.is_same() { 0 } else { EXIT_DIFFERENT })
}
