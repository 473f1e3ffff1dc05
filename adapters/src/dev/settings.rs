//! The configuration of a development server, which nobody has to write.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use plimsoll_core::id::BlockHash;

use crate::config::{ConfigError, RecordKey, ServerConfig};

/// The configuration as it would be written.
const DEV: &str = include_str!("dev.toml");
/// The journal's file in the data folder.
const JOURNAL: &str = "journal.db";

/// The key with which recordings of development servers are redacted, so that they can be replayed without being told it.
/// Nobody's name is in them.
pub const RECORD_KEY: &str = "development recordings hide nothing";

/// Where the journal of the data folder `folder` is.
#[must_use]
pub fn journal_path(folder: &Path) -> PathBuf {
    folder.join(JOURNAL)
}

/// The configuration of a server that listens on `listen`, keeps its data in `folder` and takes deposits on the
/// chain that begins with `genesis` and whose endpoints are at `rpc`.
///
/// # Errors
/// [`ConfigError`]: it contradicts itself, which its test rules out.
pub fn config(
    listen: SocketAddr,
    folder: &Path,
    genesis: BlockHash,
    rpc: SocketAddr,
    seed: u64,
) -> Result<ServerConfig, ConfigError> {
    let written = DEV
        .replace("{genesis}", &genesis.to_string())
        .replace("{rpc}", &format!("http://{rpc}"));
    let mut config = ServerConfig::from_toml(&written, seed)?;
    config.api.listen = listen;
    config.journal = journal_path(folder);
    config.record.key = Some(RecordKey::new(RECORD_KEY.to_owned()));
    Ok(config)
}
