//! The one binary.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use plimsoll_adapters::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // `{:#}` writes the whole chain of causes. There is nobody left to tell if this fails.
            drop(writeln!(
                io::stderr(),
                "error: failed to {:#}",
                anyhow::Error::from(error)
            ));
            ExitCode::FAILURE
        }
    }
}
