//! `plimsoll serve`: opens the journal, recovers the bank, drives it, and answers HTTP until told to stop.
//!
//! The end is orderly: readiness fails, no connection is accepted any more, requests under way finish, the driver
//! commits what it was given, the journal is closed. The process ends with 0 only then.

mod error;
mod server;

use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

pub use error::ServeError;

use super::{CliError, block_on};
use crate::cli::signals::Signals;
use crate::clock::Clock;
use crate::config::ServerConfig;
use crate::dev::{self, DevChain, Greeting};
use crate::entropy;
use crate::store::{Mode, SqliteJournal};
use server::{Server, bind};

/// How to serve.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll serve --dev                                    try it: no configuration, a chain of its own\n  \
    plimsoll serve --dev --data /tmp/plimsoll --listen 127.0.0.1:9000\n  \
    plimsoll serve --config plimsoll.toml --init            the first start: makes the journal\n  \
    plimsoll serve --config plimsoll.toml                   every later one\n  \
    plimsoll serve --config plimsoll.toml --record flight   the same, with a flight recorder\n\n\
    SIGTERM or SIGINT stops it: requests under way finish, everything is flushed, exit code 0.\n\
    The configuration is described in adapters/plimsoll.sample.toml; PLIMSOLL_API__LISTEN overrides api.listen.")]
pub(super) struct ServeArgs {
    /// The configuration file.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "dev",
        conflicts_with = "dev"
    )]
    config: Option<PathBuf>,
    /// Make the journal if it is missing. Without this a missing journal is refused, because an empty one would
    /// forget every credit.
    #[arg(long, conflicts_with = "dev")]
    init: bool,
    /// Serve without configuration, with a simulated chain and a faucet.
    #[arg(long)]
    dev: bool,
    /// Where the development server keeps its data.
    #[arg(long, value_name = "DIR", default_value = "data", conflicts_with = "config")]
    data: PathBuf,
    /// Where the development server listens.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        conflicts_with = "config"
    )]
    listen: SocketAddr,
    /// Record everything that the bank is told to segments in this folder, for `plimsoll replay`. Names are hashed with
    /// record.key; the folder is bounded by record.segment_bytes and record.segments_max.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

pub(super) fn run(args: ServeArgs) -> Result<ExitCode, CliError> {
    block_on(serve(args))??;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    let clock = Clock::start();
    let seed = entropy::seed().map_err(ServeError::Seed)?;
    let mut signals = Signals::listen()?;
    match args.config {
        Some(file) => {
            let config = ServerConfig::load(&file, seed)?;
            let mode = if args.init {
                Mode::CreateIfMissing
            } else {
                Mode::MustExist
            };
            let server = Server::open(config, mode, clock)
                .await?
                .recording(args.record.as_deref())?;
            server.run(OpenApiRouter::new(), signals.next()).await
        }
        None => {
            let mut server = DevServer::open(args.data, args.listen, seed, clock).await?;
            server.server = server.server.recording(args.record.as_deref())?;
            write!(io::stdout(), "{}", server.greeting).map_err(ServeError::Output)?;
            Box::pin(server.run(signals.next())).await
        }
    }
}

/// A server with a chain of its own.
struct DevServer {
    server: Server,
    chain: Arc<DevChain>,
    /// Where the endpoints of the chain will be served.
    rpc: TcpListener,
    greeting: Greeting,
}

impl DevServer {
    async fn open(folder: PathBuf, listen: SocketAddr, seed: u64, clock: Clock) -> Result<Self, ServeError> {
        let make = |source| ServeError::Folder {
            folder: folder.clone(),
            source,
        };
        std::fs::create_dir_all(&folder).map_err(make)?;
        // The journal comes first: its lock keeps a second process from the chain as well.
        let journal = SqliteJournal::open(&dev::journal_path(&folder), Mode::CreateIfMissing).await?;
        let chain = Arc::new(DevChain::open(&folder, clock)?);
        let rpc = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let config = dev::config(listen, &folder, chain.genesis(), rpc.local_addr()?, seed)?;
        let addresses = config.bank.escrow.chains[0].addresses;
        let server = Server::recover(config, journal, clock).await?;
        let greeting = Greeting::new(server.address()?, folder, server.state(), &addresses);
        Ok(Self {
            server,
            chain,
            rpc,
            greeting,
        })
    }

    async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let endpoints = axum::serve(self.rpc, dev::rpc(Arc::clone(&self.chain)));
        // The endpoints answer for as long as the server runs, its orderly end included.
        tokio::select! {
            served = self.server.run(dev::faucet(self.chain), stop) => served,
            ended = endpoints => Ok(ended?),
        }
    }
}

#[cfg(test)]
mod tests;
