//! Why serving did not begin, or ended otherwise than it was told to.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use plimsoll_core::bank::ConfigError as BankConfigError;

use crate::chain::TlsError;
use crate::config::ConfigError;
use crate::dev::DevChainError;
use crate::driver::{DriverError, RecoverError};
use crate::http::UnlistedRoutes;
use crate::queue::RedisUrlError;
use crate::recorder::RecorderError;
use crate::store::StoreError;
use crate::webhook::DeskError;

/// Why serving did not begin, or ended otherwise than it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is not sound.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system has no entropy to give.
    #[error("draw a seed from the system")]
    Seed(#[source] getrandom::Error),
    /// The data folder cannot be made.
    #[error("make the data folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The development chain cannot be had.
    #[error(transparent)]
    Chain(#[from] DevChainError),
    /// The address cannot be listened on.
    #[error("listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] StoreError),
    /// The bank cannot go on from the journal.
    #[error(transparent)]
    Recover(#[from] RecoverError<StoreError>),
    /// Deliveries to webhooks cannot go on.
    #[error(transparent)]
    Webhooks(#[from] DeskError),
    /// Recording was asked for, and nothing says how to redact.
    #[error("record: record.key is not set")]
    RecordKey,
    /// The recording cannot begin.
    #[error(transparent)]
    Record(#[from] RecorderError),
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Redis cannot be addressed.
    #[error("use workers.redis: it is {0}")]
    Redis(#[from] RedisUrlError),
    /// The workers inside the server contradict its configuration.
    #[error("make a worker of the configuration: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Worker(Vec<BankConfigError>),
    /// Nothing says who may use some route.
    #[error(transparent)]
    Routes(#[from] UnlistedRoutes),
    /// Standard output cannot be written to.
    #[error("write to standard output")]
    Output(#[source] io::Error),
    /// The server or a signal handler failed.
    #[error("serve")]
    Io(#[from] io::Error),
    /// The driver ended.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The driver panicked: an invariant is broken. Nothing that was not durable by then has left.
    #[error("keep an invariant: see the panic above")]
    Panicked,
}

impl ServeError {
    /// What a person can do about it, if that is not plain from the error.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Journal(error) | Self::Recover(RecoverError::Journal(error)) => error.hint(),
            Self::Webhooks(DeskError::Foreign { .. }) => Some(
                "the journal was replaced; move the file away, and receivers hear of what comes from here on",
            ),
            Self::RecordKey => Some(
                "names are hashed with it; set PLIMSOLL_RECORD__KEY=\"$(openssl rand -base64 24)\", and keep it to replay",
            ),
            Self::Config(_)
            | Self::Webhooks(_)
            | Self::Record(_)
            | Self::Seed(_)
            | Self::Folder { .. }
            | Self::Chain(_)
            | Self::Bind { .. }
            | Self::Recover(RecoverError::Config(_))
            | Self::Tls(_)
            | Self::Redis(_)
            | Self::Worker(_)
            | Self::Routes(_)
            | Self::Output(_)
            | Self::Io(_)
            | Self::Driver(_)
            | Self::Panicked => None,
        }
    }
}
