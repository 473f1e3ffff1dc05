//! `plimsoll admin`: what operators do, over the interface of a server that runs.
//!
//! A thin client: it makes one request and shows the answer. Which role may do what, and whether it makes sense, is the
//! server's to say.

mod client;
mod letters;
mod refunds;
mod table;
mod verb;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{CliError, EXIT_CANNOT_BEGIN, block_on};
use crate::chain::{EndpointUrl, Internet};
use crate::entropy;
use client::{AdminError, Answer, Client};
use verb::Verb;

/// The exit code when nobody knows whether it was done.
const EXIT_UNKNOWN: u8 = 3;

/// What is done, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "What is done is journalled with the name of the token and the reason, and orders hold through restarts until\n\
                  they are taken back. The token needs a role: viewer to look, operator to see to deposits and dead letters,\n\
                  admin for the rest. It is read from --token-file, or from PLIMSOLL_TOKEN.\n\n\
                  Exit codes: 0 done; 1 the server refused; 2 it could not begin: no token, no server; 3 no answer came, so it\n\
                  may have been done: repeat it with the --key that is named then, and it is done once.\n\n\
                  Examples:\n  \
                  export PLIMSOLL_TOKEN=...\n  \
                  plimsoll admin health\n  \
                  plimsoll admin pause endpoint eip155:56 bnb-2 --reason 'it serves old blocks'\n  \
                  plimsoll admin resume endpoint eip155:56 bnb-2 --reason 'it was mended'\n  \
                  plimsoll admin process eip155:56 0x5b8f... --reason 'ticket 118'\n  \
                  plimsoll admin letters groups\n  \
                  plimsoll admin refunds list --pending\n  \
                  plimsoll admin letters replay --dead-for unseen --older-than 1h --rate 5 --reason 'the outage is over'"
)]
pub(super) struct AdminArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = super::parse_url, global = true)]
    url: EndpointUrl,
    /// The file that holds the token, and nothing else. Without it, PLIMSOLL_TOKEN is shown.
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// How answers are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", global = true)]
    format: Format,
    /// The key under which an act is done once, however often it is repeated. Drawn anew when left out.
    #[arg(long, value_name = "KEY", global = true)]
    key: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for people.
    #[default]
    Table,
    /// The server's own JSON.
    Json,
}

pub(super) fn run(args: AdminArgs) -> Result<ExitCode, CliError> {
    let format = args.format;
    match block_on(administer(args))? {
        Ok(Answer { body, .. }) => {
            let shown = match format {
                Format::Table => table::shown(&body),
                Format::Json => format!("{body}\n"),
            };
            io::stdout().lock().write_all(shown.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "it was not done");
            Ok(match error {
                AdminError::Refused { .. } => ExitCode::FAILURE,
                AdminError::Unknown { .. } => ExitCode::from(EXIT_UNKNOWN),
                AdminError::Key(_)
                | AdminError::TokenMissing
                | AdminError::TokenFile { .. }
                | AdminError::TokenMalformed
                | AdminError::Tls(_)
                | AdminError::Connect { .. } => ExitCode::from(EXIT_CANNOT_BEGIN),
            })
        }
    }
}

async fn administer(args: AdminArgs) -> Result<Answer, AdminError> {
    let token = token(args.token_file)?;
    let key = match args.key {
        Some(key) => key,
        None => format!("cli-{:016x}", entropy::seed().map_err(AdminError::Key)?),
    };
    let network = Internet::reaching([&args.url].into_iter())?;
    let client = Client {
        url: args.url,
        token,
        key,
    };
    client.send(&network, &args.verb.request()).await
}

/// What is shown to the server.
fn token(file: Option<PathBuf>) -> Result<String, AdminError> {
    let token = match file {
        Some(path) => {
            let read = std::fs::read_to_string(&path);
            read.map_err(|source| AdminError::TokenFile { path, source })?
        }
        None => std::env::var("PLIMSOLL_TOKEN").map_err(|_| AdminError::TokenMissing)?,
    };
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AdminError::TokenMalformed);
    }
    Ok(token.to_owned())
}

/// A request as the server takes it.
#[derive(Debug, Clone, PartialEq)]
struct Request {
    method: &'static str,
    path: String,
    body: Option<Value>,
}

#[cfg(test)]
mod tests;
