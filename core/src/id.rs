//! Names of things: newtypes that cannot be mixed up, and parse from exactly the text that they print.

mod base58;
mod chain;
mod fingerprint;
mod named;

use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use alloc::string::String;
use serde::{Deserialize, Serialize};

use crate::purpose::IDEMPOTENCY_KEY;

pub use chain::{ChainId, Family};
pub use fingerprint::Fingerprint;
pub use named::{Address, BlockHash, TxHash};

/// Why a text is not the name of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("expected {expected}")]
pub struct IdParseError {
    /// What the text should have looked like.
    pub expected: &'static str,
}

macro_rules! counted {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(u64);

        impl $name {
            /// The one with this number.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// Its number.
            #[must_use]
            pub const fn number(self) -> u64 {
                self.0
            }

            /// The one after it.
            ///
            /// # Panics
            /// When there is none, after 2^64.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdParseError;

            fn from_str(text: &str) -> Result<Self, IdParseError> {
                let error = IdParseError { expected: concat!("\"", $prefix, "\" and a number") };
                let digits = text.strip_prefix($prefix).ok_or(error)?;
                plain_number(digits).map(Self).ok_or(error)
            }
        }
    };
}

counted!(/// A registered user.
    UserId, "user-");
counted!(/// A user's claim that a transaction on a chain paid us.
    ClaimId, "claim-");
counted!(/// A ledger transaction.
    TransactionId, "transaction-");
counted!(/// A replay of dead letters.
    ReplayId, "replay-");
counted!(/// A refund of a deposit.
    RefundId, "refund-");
counted!(/// Who waits for an answer. Means nothing after a restart.
    RequestId, "request-");
counted!(/// One question to one endpoint. Means nothing after a restart.
    CallId, "call-");
counted!(/// One request to a queue, or one report to a bank. Means nothing after a restart.
    ErrandId, "errand-");

/// The number that `digits` write as it is printed: nothing but digits, and no zero before others.
fn plain_number(digits: &str) -> Option<u64> {
    let canonical = !digits.starts_with('0') || digits == "0";
    let plain = canonical && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// An endpoint of a chain, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EndpointId {
    /// The chain that it serves.
    pub chain: ChainId,
    /// Its place in that chain's list, from 0.
    pub index: u8,
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.chain, self.index)
    }
}

/// The client's name for one write, so that repeating it does nothing. Scoped and hashed at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdempotencyKey([u8; 16]);

impl Hash for IdempotencyKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(&self.0);
    }
}

impl IdempotencyKey {
    /// The key called `name` within `scope`: two scopes never share a key.
    #[must_use]
    pub fn derive(scope: &str, name: &[u8]) -> Self {
        let mut hasher = IDEMPOTENCY_KEY.hasher();
        hasher.update(&(scope.len() as u64).to_le_bytes());
        hasher.update(scope.as_bytes());
        hasher.update(name);
        let mut key = [0u8; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(key)
    }

    /// A key from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// An asset, by its symbol: 1 to 12 capital letters, digits and dots.
///
/// The symbol is the identity, so the journal reads the same whatever the order of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AssetId([u8; 12]);

impl Hash for AssetId {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(&self.0);
    }
}

impl AssetId {
    /// The symbol.
    #[must_use]
    pub fn symbol(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        core::str::from_utf8(&self.0[..len]).unwrap_or("?")
    }

    /// The symbol's bytes, and zeros after it.
    pub(crate) const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

impl FromStr for AssetId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.';
        if text.is_empty() || text.len() > 12 || !text.bytes().all(plain) {
            return Err(IdParseError {
                expected: "an asset symbol: 1 to 12 capital letters, digits or dots",
            });
        }
        let mut symbol = [0u8; 12];
        symbol[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(symbol))
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl fmt::Debug for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// A short text from outside, bounded at the edge: a name, a reason, an actor.
pub type Text = String;

#[cfg(test)]
mod tests;
