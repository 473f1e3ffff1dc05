//! Logs: to standard error, so that standard output is free for data.
//!
//! Levels say who acts: ERROR somebody now, WARN somebody today, INFO nobody. Values are fields. Account data is
//! never above DEBUG, and secrets are nowhere. Colours are for terminals: a file or a collector gets plain text, and so
//! does whoever sets `NO_COLOR` (<https://no-color.org>).

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// What is logged when nobody says otherwise.
pub const DEFAULT_FILTER: &str = "info";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Begins to log what `filter` lets through.
///
/// # Errors
/// `filter` is not of the form `info,plimsoll_adapters=debug`.
///
/// # Panics
/// When the process logs already.
pub fn init(filter: &str, format: LogFormat) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()),
        )
        .with_writer(io::stderr)
        // Where standard error is closed there is nobody to tell, and trying to would panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
