//! `plimsoll sim`: runs scenarios over many seeds in simulated worlds, and shows one run again.

mod commit;
mod coverage;
mod diverge;
mod explain;
mod export;
mod list;
mod replay;
mod run;
mod shrink;
mod soak;
mod stop;
mod trace;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use plimsoll_sim::run::{CampaignError, Failure};
use plimsoll_sim::scenario::library::LibraryError;
use plimsoll_sim::trace::{NoDeposit, ReadError};

use super::{EXIT_UNREAD, is_unread};
use diverge::DivergeArgs;
use explain::ExplainArgs;
use export::ExportArgs;
use replay::ReplayArgs;
use run::RunArgs;
use shrink::ShrinkArgs;
use soak::SoakArgs;

/// A wrong argument or scenario: nothing was run.
const EXIT_USAGE: u8 = 2;

/// What should come about now and then never did.
const EXIT_NEVER: u8 = 14;

/// What the exit code tells, for `--help`.
const EXIT_CODES: &str = "Exit codes:\n  \
     0   every run passed\n  \
     2   a wrong argument or scenario: nothing was run\n  \
     10  the code under test panicked\n  \
     11  an oracle found an invariant broken\n  \
     12  a world did not settle\n  \
     13  a run was sound, and not as its scenario expects\n  \
     14  a landmark was never reached, and --require-sometimes was given\n\
     With several kinds of failure, the first of these.";

/// The simulator.
#[derive(Debug, Args)]
pub(super) struct SimArgs {
    #[command(subcommand)]
    command: SimCommand,
}

#[derive(Debug, Subcommand)]
enum SimCommand {
    /// Run scenarios over many seeds: a table, and each failure with the command that shows it again.
    #[command(after_help = EXIT_CODES)]
    Run(RunArgs),
    /// Run fresh seeds until the time is over or it is interrupted: a table, and every failure kept as a scenario file.
    #[command(after_help = soak::after_help())]
    Soak(SoakArgs),
    /// Run one seed of a scenario again: its digest, its figures, and its trace.
    #[command(after_help = EXIT_CODES)]
    Replay(ReplayArgs),
    /// Make a run that fails as small as it gets: the fewest faults, deeds, endpoints and users that still fail alike.
    #[command(after_help = shrink::EXIT_CODES)]
    Shrink(ShrinkArgs),
    /// Compare two traces: the first event that is not the same, with both sides.
    #[command(after_help = diverge::EXIT_CODES)]
    Diverge(DivergeArgs),
    /// Tell what happened to one deposit of a run, in sentences: by default the one that a failure is about.
    #[command(after_help = explain::AFTER_HELP)]
    Explain(ExplainArgs),
    /// Turn a trace into something to look at.
    #[command(after_help = export::EXIT_CODES)]
    Export(ExportArgs),
    /// List the scenarios and what each proves.
    List,
}

/// Why nothing came of a command; the text is a sentence of its own.
#[derive(Debug, thiserror::Error)]
enum SimError {
    /// The scenario cannot be had.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// There is nothing to run.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// One scenario was needed.
    #[error("`{selector}` names {found} scenarios, and one is replayed at a time: {names}")]
    NotOne {
        /// What was asked for.
        selector: String,
        /// How many it names.
        found: usize,
        /// Their names.
        names: String,
    },
    /// A trace cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is nothing to tell of.
    #[error(transparent)]
    NoDeposit(#[from] NoDeposit),
    /// A trace tells of one run, and something of another was asked for.
    #[error("{} is the trace of one run, which `{option}` does not fit: leave it out, or name the scenario", .path.display())]
    OneRun {
        /// The trace.
        path: std::path::PathBuf,
        /// The option.
        option: &'static str,
    },
    /// No commit that seeds could be drawn from.
    #[error(
        "`{commit}` is no commit to draw seeds from: give twelve digits or more, as in --seeds-from-commit=0123456789ab"
    )]
    NoCommit {
        /// What was given, or is known of the sources.
        commit: String,
    },
    /// A scenario that draws from a seed was given none.
    #[error("which run of `{handle}`? It draws from a seed: add --seed, for example --seed 0")]
    NoSeed {
        /// What names the scenario.
        handle: String,
    },
    /// An expanded scenario has one seed, and another one was given.
    #[error("`{handle}` is expanded and runs with its own seed {own}, not with {given}: leave --seed out")]
    OtherSeed {
        /// What names the scenario.
        handle: String,
        /// What was asked for.
        given: u64,
        /// What it has.
        own: u64,
    },
    /// A file cannot be written.
    #[error("failed to write {}", .path.display())]
    Write {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The digests cannot be written.
    #[error("failed to write the digests to {}", .path.display())]
    Digests {
        /// Where to.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state of a soak cannot be used.
    #[error(transparent)]
    Soak(#[from] soak::FolderError),
    /// Standard output is closed.
    #[error("failed to write to standard output")]
    Output(#[from] io::Error),
}

/// The commit of the sources of this program, as failures name it.
pub(super) fn commit() -> String {
    commit::describe()
}

/// Does what was asked: data to standard output, progress and errors to standard error.
#[must_use]
pub(super) fn run(args: SimArgs) -> ExitCode {
    let mut out = io::stdout().lock();
    let done = match args.command {
        SimCommand::Run(args) => run::run(&args, &mut out),
        SimCommand::Soak(args) => soak::run(&args, &mut out),
        SimCommand::Replay(args) => replay::run(&args, &mut out),
        SimCommand::Shrink(args) => shrink::run(&args, &mut out),
        SimCommand::Diverge(args) => diverge::run(&args, &mut out),
        SimCommand::Explain(args) => explain::run(&args, &mut out),
        SimCommand::Export(args) => export::run(&args, &mut out),
        SimCommand::List => list::run(&mut out),
    };
    ExitCode::from(done.unwrap_or_else(|error| given_up(error, &mut io::stderr())))
}

/// Says why nothing came of a command, and gives its exit code.
fn given_up(error: SimError, err: &mut dyn Write) -> u8 {
    if let SimError::Output(output) = &error
        && is_unread(output)
    {
        return EXIT_UNREAD;
    }
    // There is nobody left to tell if this fails.
    drop(writeln!(err, "error: {:#}", anyhow::Error::from(error)));
    EXIT_USAGE
}

/// The exit code of a failure.
const fn exit_code(failure: &Failure) -> u8 {
    match failure {
        Failure::Crash { .. } => 10,
        Failure::Safety(_) => 11,
        Failure::Liveness { .. } => 12,
        Failure::Expectation(_) => 13,
    }
}

#[cfg(test)]
mod tests;
