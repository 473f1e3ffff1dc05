//! The one binary.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use plimsoll_adapters::cli::{Cli, CliError};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // There is nobody left to tell if this fails.
            drop(tell(error));
            ExitCode::FAILURE
        }
    }
}

fn tell(error: CliError) -> io::Result<()> {
    let hint = error.hint();
    let mut stderr = io::stderr();
    // `{:#}` writes the whole chain of causes.
    writeln!(stderr, "error: failed to {:#}", anyhow::Error::from(error))?;
    match hint {
        Some(hint) => writeln!(stderr, "hint: {hint}"),
        None => Ok(()),
    }
}
