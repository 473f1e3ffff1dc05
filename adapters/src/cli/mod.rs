//! The command line: what can be asked of the one binary.
//!
//! Data goes to standard output, logs and progress to standard error. Exit codes: 0 done; 1 it was done and found
//! something wrong, or failed; 2 it could not begin; 141 nobody reads what it prints any more, as in `plimsoll sim run | head`.

mod admin;
mod check;
mod config;
mod replay;
mod serve;
mod signals;
mod sim;
mod verify_credit;
mod watch;
mod worker;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::chain::EndpointUrl;
use crate::telemetry::{self, DEFAULT_FILTER, LogFormat};
use admin::AdminArgs;
use check::CheckArgs;
use config::ConfigArgs;
use replay::ReplayArgs;
use serve::ServeArgs;
use sim::SimArgs;
use verify_credit::VerifyCreditArgs;
use watch::WatchArgs;
use worker::WorkerArgs;

pub use serve::ServeError;

/// The exit code of a command that could not begin.
const EXIT_CANNOT_BEGIN: u8 = 2;

/// The exit code of a command whose output nobody reads any more, which shells give to a program that SIGPIPE ended (128 + 13).
/// It is none of the verdicts, for nobody was told of one.
const EXIT_UNREAD: u8 = 141;

/// A ledger and an escrow pipeline: every valid on-chain deposit is credited exactly once.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    propagate_version = true,
    after_help = "Begin here:\n  plimsoll serve --dev          a server with a chain of its own; it prints what to try\n  \
                  plimsoll help serve           how to run the real thing\n  \
                  plimsoll sim run              every scenario in simulated worlds, in seconds\n\n\
                  A command whose output nobody reads any more, as in plimsoll sim run | head -1, ends with exit code 141."
)]
pub struct Cli {
    /// What to log, as level or target=level; also from RUST_LOG.
    #[arg(long, global = true, env = "RUST_LOG", default_value = DEFAULT_FILTER, hide_env_values = true)]
    #[arg(help_heading = "Logging", value_name = "FILTER")]
    log: String,
    /// How log lines look.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Logging",
        value_name = "FORMAT"
    )]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: take deposits, keep the ledger, answer the interface.
    Serve(ServeArgs),
    /// Check a journal: chain of hashes, double entry, balances derived again. A server may be running on it.
    Check(CheckArgs),
    /// Verify one credit again: its evidence against the journal, and against the endpoints if they are given.
    VerifyCredit(VerifyCreditArgs),
    /// Follow a claim until it is settled.
    Watch(WatchArgs),
    /// Take jobs from a server's queues, verify them, and report to it; any number of these may run.
    Worker(WorkerArgs),
    /// Do what operators do: look, pause, force, process, drain, and see to dead letters.
    Admin(AdminArgs),
    /// Look at a configuration without starting anything.
    Config(ConfigArgs),
    /// Replay what `serve --record` recorded, and check that the code does what it did.
    Replay(ReplayArgs),
    /// Simulate: run scenarios over many seeds, with every oracle watching.
    Sim(SimArgs),
}

/// Why a command was not done; the text completes "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// `--log` or RUST_LOG cannot be read.
    #[error("read --log (or RUST_LOG): write a level such as info, or target=level")]
    Log(#[from] tracing_subscriber::filter::ParseError),
    /// The runtime did not start, or standard output is closed.
    #[error("write to standard output, or start")]
    Io(#[from] io::Error),
    /// Serving failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl CliError {
    /// What a person can do about it, if that is not plain from the error.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Serve(error) => error.hint(),
            Self::Log(_) | Self::Io(_) => None,
        }
    }

    /// Whether nobody reads standard output any more.
    fn is_of_closed_output(&self) -> bool {
        match self {
            Self::Io(error) | Self::Serve(ServeError::Output(error)) => is_unread(error),
            Self::Log(_) | Self::Serve(_) => false,
        }
    }
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// [`CliError`]: what kept it from being done.
    pub fn run(self) -> Result<ExitCode, CliError> {
        telemetry::init(&self.log, self.log_format)?;
        let done = match self.command {
            Command::Serve(args) => serve::run(args),
            Command::Check(args) => check::run(&args),
            Command::VerifyCredit(args) => verify_credit::run(&args),
            Command::Watch(args) => watch::run(args),
            Command::Worker(args) => worker::run(&args),
            Command::Admin(args) => admin::run(args),
            Command::Config(args) => config::run(&args),
            Command::Replay(args) => replay::run(&args),
            Command::Sim(args) => Ok(sim::run(args)),
        };
        done.or_else(|error| {
            if error.is_of_closed_output() {
                Ok(ExitCode::from(EXIT_UNREAD))
            } else {
                Err(error)
            }
        })
    }
}

/// Whether nobody reads standard output any more, to which writing failed with `error`.
fn is_unread(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Reads where a server is.
fn parse_url(text: &str) -> Result<EndpointUrl, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// Runs `future` on a runtime of its own.
fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future))
}

#[cfg(test)]
mod tests;
