//! `plimsoll check`: audits a journal.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{CliError, EXIT_CANNOT_BEGIN, block_on};
use crate::store::{HouseBalance, Report, audit};

/// Which journal to audit.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is written, and a server may be running on the journal: one snapshot of it is read.\n\
                  Besides the verdict it prints what the house's own accounts come to: custody must equal the chain.\n\
                  Exit codes: 0 sound, 1 findings (each on standard output), 2 the journal cannot be opened.\n\n\
                  Examples:\n  plimsoll check data/journal.db\n  plimsoll check /backup/journal.db && echo good backup"
)]
pub(super) struct CheckArgs {
    /// The journal's file.
    journal: PathBuf,
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, CliError> {
    match block_on(audit(&args.journal, |progress| {
        tracing::debug!(?progress, "verified")
    }))? {
        Ok(report) => {
            write_report(&mut io::stdout().lock(), args, &report)?;
            Ok(if report.is_sound() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the journal cannot be opened"
            );
            if let Some(hint) = error.hint() {
                tracing::error!("{hint}");
            }
            Ok(ExitCode::from(EXIT_CANNOT_BEGIN))
        }
    }
}

fn write_report(out: &mut impl io::Write, args: &CheckArgs, report: &Report) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "finding: {finding}")?;
    }
    let (verified, all) = (report.verified.count(), report.head.position.count());
    let verdict = if report.is_sound() { "sound" } else { "NOT sound" };
    write!(
        out,
        "{}: {verdict}, {verified} of {all} records verified",
        args.journal.display()
    )?;
    write!(out, " in {} batches of {} epochs", report.batches, report.epochs)?;
    match report.digest {
        Some(digest) => writeln!(out, ", state {digest:032x}")?,
        None => writeln!(out)?,
    }
    for HouseBalance {
        account,
        available,
        scale,
    } in &report.house
    {
        writeln!(out, "{account} {}", available.display(*scale))?;
    }
    Ok(())
}
