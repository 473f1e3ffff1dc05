//! `plimsoll worker`: takes jobs from the queues of a server, verifies them, and reports to it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use plimsoll_core::bank::ConfigError as BankConfigError;

use super::{CliError, EXIT_CANNOT_BEGIN, block_on};
use crate::chain::{EndpointUrl, Internet, RpcClient, TlsError};
use crate::cli::signals::Signals;
use crate::clock::Clock;
use crate::config::{ConfigError, ServerConfig};
use crate::entropy;
use crate::queue::{RedisUrlError, TwoLanes};
use crate::worker::{Refused, RemoteBank, Runner, Staff, wire};

/// The exit code of one that the server would not have.
const EXIT_REFUSED: u8 = 3;

/// Whose jobs, and how many at a time.
#[derive(Debug, Args)]
#[command(
    after_help = "A server with a [workers] table hands over what its fast track did not decide. Any number of workers may take\n\
                  it, on any machine that reaches the Redis of that table (the database lane is a file beside the journal: it\n\
                  serves workers on the server's own machine). A worker decides nothing: it asks the chains' endpoints, and\n\
                  tells the server what they showed. It may be killed at any moment; another one takes its jobs up.\n\n\
                  The configuration is the server's own; a worker with other chains or endpoints is refused. The token is one\n\
                  of [[api.tokens]] with role = \"worker\", alone in its file.\n\n\
                  SIGTERM or SIGINT ends it: no more jobs are taken, those that it holds are done.\n\
                  Exit codes: 0 ended as it was told to; 1 ended holding jobs, which others take up, or panicked;\n\
                  2 could not begin; 3 the server will not have it: another configuration, or a token that is not a worker's.\n\n\
                  Examples:\n  plimsoll worker --config plimsoll.toml --token-file worker.token\n  \
                  plimsoll worker --config plimsoll.toml --token-file worker.token --url https://pay.example.com --tasks 4"
)]
pub(super) struct WorkerArgs {
    /// The configuration file of the server.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = parse_url)]
    url: EndpointUrl,
    /// The file that holds the token.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// How many workers at once: each holds up to workers.jobs_max jobs.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=64))]
    tasks: u16,
}

fn parse_url(text: &str) -> Result<EndpointUrl, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// Why a worker did not begin, or did not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// The configuration is not sound.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing is handed over to workers.
    #[error("find the table [workers] in the configuration: add it, and restart the server with it")]
    NoWorkers,
    /// The chains do not fit together.
    #[error("make a worker of the configuration: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Worker(Vec<BankConfigError>),
    /// The token cannot be read.
    #[error("read the token in {}", path.display())]
    Token {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was read is none.
    #[error("send the token in {} to {url}: write the token alone into the file, and an address without a query", path.display())]
    Unsendable {
        /// Its file.
        path: PathBuf,
        /// Where.
        url: EndpointUrl,
    },
    /// The system has no entropy to give.
    #[error("draw a seed from the system")]
    Seed(#[source] getrandom::Error),
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Redis cannot be addressed.
    #[error("use workers.redis: it is {0}")]
    Redis(#[from] RedisUrlError),
    /// No signals.
    #[error("listen for signals")]
    Signals(#[source] io::Error),
    /// The server will not have this worker.
    #[error(transparent)]
    Refused(#[from] Refused),
}

pub(super) fn run(args: &WorkerArgs) -> Result<ExitCode, CliError> {
    let error = match block_on(work(args))? {
        Ok(Some(0)) => return Ok(ExitCode::SUCCESS),
        Ok(Some(held)) => {
            tracing::warn!(held, "ended with jobs in hand: another worker takes them up");
            return Ok(ExitCode::FAILURE);
        }
        Ok(None) => {
            tracing::error!("a worker panicked: see above");
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => error,
    };
    let code = match &error {
        WorkerError::Refused(_) => EXIT_REFUSED,
        WorkerError::Config(_)
        | WorkerError::NoWorkers
        | WorkerError::Worker(_)
        | WorkerError::Token { .. }
        | WorkerError::Unsendable { .. }
        | WorkerError::Seed(_)
        | WorkerError::Tls(_)
        | WorkerError::Redis(_)
        | WorkerError::Signals(_) => EXIT_CANNOT_BEGIN,
    };
    tracing::error!(error = &error as &dyn std::error::Error, "failed to work");
    Ok(ExitCode::from(code))
}

/// Works until told to stop; says how many jobs were left, or `None` after a panic.
async fn work(args: &WorkerArgs) -> Result<Option<usize>, WorkerError> {
    let clock = Clock::start();
    let config = ServerConfig::load(&args.config, entropy::seed().map_err(WorkerError::Seed)?)?;
    let workers = config.workers.as_ref().ok_or(WorkerError::NoWorkers)?;
    let mut signals = Signals::listen().map_err(WorkerError::Signals)?;
    let queues = Arc::new(TwoLanes::open(workers, &config.journal, clock)?);
    let endpoints = config.endpoints.values();
    let internet = Internet::reaching(endpoints.chain([&args.url]))?;
    let bank = Arc::new(remote_bank(args, &config, internet.clone())?);
    let client = RpcClient::new(config.endpoints.clone(), internet, clock);
    let mut runners = Vec::new();
    for _ in 0..args.tasks {
        let told = config.for_worker(workers, entropy::seed().map_err(WorkerError::Seed)?);
        let runner = Runner::new(
            told,
            client.clone(),
            Arc::clone(&queues) as _,
            Arc::clone(&bank) as _,
            clock,
        );
        runners.push(runner.map_err(WorkerError::Worker)?);
    }
    let staff = Staff::start(runners);
    tracing::info!(server = %args.url, tasks = args.tasks, "working");
    let refused = tokio::select! {
        () = signals.next() => None,
        refused = bank.refused() => Some(refused),
    };
    staff.drain();
    match refused {
        Some(refused) => Err(refused.into()),
        None => Ok(staff.ended().await),
    }
}

fn remote_bank(
    args: &WorkerArgs,
    config: &ServerConfig,
    internet: Internet,
) -> Result<RemoteBank<Internet>, WorkerError> {
    let path = &args.token_file;
    let token = std::fs::read_to_string(path).map_err(|source| WorkerError::Token {
        path: path.clone(),
        source,
    })?;
    let chains = wire::digest_of(&config.bank.escrow.chains);
    RemoteBank::new(&args.url, token.trim(), chains, internet).ok_or_else(|| WorkerError::Unsendable {
        path: path.clone(),
        url: args.url.clone(),
    })
}
