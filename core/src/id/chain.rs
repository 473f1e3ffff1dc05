//! [`ChainId`]: which chain, and [`Family`]: what its names look like.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{BlockHash, IdParseError, base58};

/// What kind of chain it is: how its blocks, transactions and addresses are named, and by which rules it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// An Ethereum-like chain: hexadecimal names.
    Evm,
    /// A Solana cluster: base58 names.
    Solana,
}

/// A chain: `eip155:` and its EIP-155 id, or `solana:` and the first 10 digits of the cluster's genesis hash.
///
/// The CAIP-2 name of a cluster has 32 digits of that hash. Ten of them tell clusters apart and fit a number; the whole
/// hash is in the configuration, and every endpoint is held to it. The 32 digits are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChainId(u64);

impl ChainId {
    /// The chain with this EIP-155 id.
    ///
    /// # Panics
    /// When it is above [`Self::EIP155_MAX`].
    #[must_use]
    pub const fn new(number: u64) -> Self {
        assert!(number <= Self::EIP155_MAX, "an EIP-155 id above the largest");
        Self(number)
    }

    /// The Solana cluster whose block 0 has this hash; `None` for a hash that is none of Solana's.
    #[must_use]
    pub fn of_cluster(genesis: &BlockHash) -> Option<Self> {
        let BlockHash::Solana(hash) = genesis else {
            return None;
        };
        let (digits, len) = base58::encode(hash);
        Self::of_digits(digits.get(..len)?.get(..CLUSTER_DIGITS)?)
    }

    /// The largest EIP-155 id.
    pub const EIP155_MAX: u64 = CLUSTER - 1;

    /// Its number, which no other chain has: the EIP-155 id, or one above [`Self::EIP155_MAX`] for a cluster.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// What kind of chain it is.
    #[must_use]
    pub const fn family(self) -> Family {
        if self.0 < CLUSTER {
            Family::Evm
        } else {
            Family::Solana
        }
    }

    fn of_digits(digits: &[u8]) -> Option<Self> {
        let mut number = 0;
        for digit in digits {
            number = number * 58 + u64::from(base58::value(*digit)?);
        }
        Some(Self(CLUSTER | number))
    }
}

/// The bit that tells the number of a cluster from an EIP-155 id: 58^10 is less than 2^59.
const CLUSTER: u64 = 1 << 63;
/// How many digits of the genesis hash name a cluster.
const CLUSTER_DIGITS: usize = 10;
/// How many of them CAIP-2 has.
const CAIP2_DIGITS: usize = 32;

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family() {
            Family::Evm => write!(f, "eip155:{}", self.0),
            Family::Solana => {
                f.write_str("solana:")?;
                let number = self.0 ^ CLUSTER;
                let digits = (0..10u32).rev().map(|place| number / 58u64.pow(place) % 58);
                digits
                    .map(|value| base58::digit(u8::try_from(value).unwrap_or(0)))
                    .try_for_each(|digit| write!(f, "{digit}"))
            }
        }
    }
}

impl FromStr for ChainId {
    type Err = IdParseError;

    fn from_str(text: &str) -> Result<Self, IdParseError> {
        let error = IdParseError {
            expected: "\"eip155:\" and a number, or \"solana:\" and the first 10 or 32 digits of its genesis hash",
        };
        let id = match text.split_once(':') {
            Some(("eip155", digits)) => super::plain_number(digits)
                .filter(|number| *number <= Self::EIP155_MAX)
                .map(Self),
            Some(("solana", digits)) if matches!(digits.len(), CLUSTER_DIGITS | CAIP2_DIGITS) => {
                let is_base58 = digits.bytes().all(|digit| base58::value(digit).is_some());
                let leading = digits.as_bytes().get(..CLUSTER_DIGITS).filter(|_| is_base58);
                leading.and_then(Self::of_digits)
            }
            Some(_) | None => None,
        };
        id.ok_or(error)
    }
}

#[cfg(test)]
mod tests;
