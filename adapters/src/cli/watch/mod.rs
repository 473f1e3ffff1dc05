//! `plimsoll watch`: follows a claim until it is settled, over a WebSocket, whatever happens to the connection.

mod follow;
mod update;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use plimsoll_core::id::ClaimId;

use super::{CliError, EXIT_CANNOT_BEGIN, EXIT_UNREAD, block_on, is_unread, parse_url};
use crate::chain::{EndpointUrl, Internet, TlsError};
use crate::config::parse_duration;
use crate::entropy;
use follow::{Ended, Follow};
use update::Update;

/// The exit code of one who gave up: how the claim will end is not known.
const EXIT_GAVE_UP: u8 = 3;

/// Which claim, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "A line for each change, on standard output: when it was seen, the claim, how it stands, and why or how much.\n\
                  A connection that breaks is made again, and nothing is printed twice.\n\n\
                  Exit codes: 0 settled and credited; 1 settled, and nothing was credited to the claimant;\n\
                  2 it cannot be followed: no such claim, or no such server; 3 gave up before it was settled.\n\n\
                  Examples:\n  plimsoll watch claim-17\n  \
                  plimsoll watch claim-17 --url https://pay.example.com --give-up 30m && echo paid\n  \
                  plimsoll watch claim-17 --format json | jq .claim.finality"
)]
pub(super) struct WatchArgs {
    /// The claim, as the server named it when it was filed.
    #[arg(value_name = "CLAIM", value_parser = parse_claim)]
    claim: ClaimId,
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = parse_url)]
    url: EndpointUrl,
    /// How long the server may be out of reach before this gives up.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    give_up: Duration,
    /// How changes are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// How changes are printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// A line for people.
    #[default]
    Text,
    /// The server's own message, one a line.
    Json,
}

fn parse_claim(text: &str) -> Result<ClaimId, String> {
    let read = text.parse::<ClaimId>();
    read.map_err(|error| format!("{error}, such as claim-17"))
}

/// Why a claim could not be followed.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    /// The system has no entropy to give.
    #[error("draw a seed from the system")]
    Seed(#[source] getrandom::Error),
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Standard output is closed.
    #[error("write to standard output")]
    Output(#[from] io::Error),
}

pub(super) fn run(args: WatchArgs) -> Result<ExitCode, CliError> {
    let format = args.format;
    match block_on(watch(args, |update| {
        tell(&mut io::stdout().lock(), format, update)
    }))? {
        Ok(Ended::Settled { is_credited: true }) => Ok(ExitCode::SUCCESS),
        Ok(Ended::Settled { is_credited: false }) => Ok(ExitCode::FAILURE),
        Ok(Ended::Refused { why }) => {
            tracing::error!("the claim cannot be followed: {why}");
            Ok(ExitCode::from(EXIT_CANNOT_BEGIN))
        }
        Ok(Ended::GaveUp { why }) => {
            tracing::error!("gave up: {why}; the claim itself goes on, so watch it again later");
            Ok(ExitCode::from(EXIT_GAVE_UP))
        }
        Err(WatchError::Output(error)) if is_unread(&error) => Ok(ExitCode::from(EXIT_UNREAD)),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the claim cannot be followed"
            );
            Ok(ExitCode::from(EXIT_CANNOT_BEGIN))
        }
    }
}

async fn watch(args: WatchArgs, tell: impl FnMut(&Update) -> io::Result<()>) -> Result<Ended, WatchError> {
    let seed = entropy::seed().map_err(WatchError::Seed)?;
    let network = Internet::reaching([&args.url].into_iter())?;
    let follow = Follow::new(args.url, args.claim, args.give_up, seed);
    Ok(follow.until_settled(&network, tell).await?)
}

fn tell(out: &mut impl Write, format: Format, update: &Update) -> io::Result<()> {
    match format {
        Format::Text => writeln!(out, "{update}")?,
        Format::Json => writeln!(out, "{}", update.raw)?,
    }
    out.flush()
}

#[cfg(test)]
mod tests;
