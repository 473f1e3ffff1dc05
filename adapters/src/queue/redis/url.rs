//! [`RedisUrl`]: where Redis is, with the secret that it may hold kept out of logs.

use std::fmt;
use std::str::FromStr;

use ::redis::{Client, IntoConnectionInfo as _};

/// The address of a Redis server: `redis://[user:password@]host[:port][/database]`, or `unix:///path/to/socket`. It prints
/// without user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

/// An address that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address of a Redis server")]
pub struct RedisUrlError;

impl RedisUrl {
    /// A client of it, which connects to nobody yet.
    pub(super) fn client(&self) -> Result<Client, RedisUrlError> {
        Client::open(self.0.as_str()).map_err(|_| RedisUrlError)
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let has_scheme = ["redis://", "unix://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        text.into_connection_info()
            .ok()
            .filter(|_| has_scheme)
            .map(|_| Self(text.to_owned()))
            .ok_or(RedisUrlError)
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("redis", ""));
        let rest = rest.split('?').next().unwrap_or_default();
        let place = rest.rsplit('@').next().unwrap_or_default();
        write!(f, "{scheme}://{place}")
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
