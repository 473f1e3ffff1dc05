//! What chains name: accounts, transactions and blocks, each in the words of its family.
//!
//! EVM names are hexadecimal and mean the same in capital and small letters; Solana names are base58, in which they do not
//! (trap S17). No text is a name in both: base58 has no zero, and `0x` begins with one.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Family, IdParseError, base58};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $evm:literal, $solana:literal $(with $how:literal)?, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            /// Of an EVM chain.
            Evm([u8; $evm]),
            /// Of a Solana cluster.
            Solana($(#[serde(with = $how)])? [u8; $solana]),
        }

        impl $name {
            /// Its bytes.
            #[must_use]
            pub const fn bytes(&self) -> &[u8] {
                match self {
                    Self::Evm(bytes) => bytes,
                    Self::Solana(bytes) => bytes,
                }
            }

            /// Its bytes, if it is of an EVM chain.
            #[must_use]
            pub const fn evm(self) -> Option<[u8; $evm]> {
                match self {
                    Self::Evm(bytes) => Some(bytes),
                    Self::Solana(_) => None,
                }
            }

            /// What kind of chain it is of.
            #[must_use]
            pub const fn family(&self) -> Family {
                match self {
                    Self::Evm(_) => Family::Evm,
                    Self::Solana(_) => Family::Solana,
                }
            }

            /// Reads a name of an EVM chain.
            ///
            /// # Errors
            /// When it is none.
            pub fn evm_from_str(text: &str) -> Result<Self, IdParseError> {
                from_hex(text).map(Self::Evm).ok_or(IdParseError {
                    expected: concat!("\"0x\" and ", $expected),
                })
            }

            /// Reads a name of a Solana cluster.
            ///
            /// # Errors
            /// When it is none.
            pub fn solana_from_str(text: &str) -> Result<Self, IdParseError> {
                base58::decode(text).map(Self::Solana).ok_or(IdParseError {
                    expected: concat!("the base58 of ", stringify!($solana), " bytes"),
                })
            }
        }

        /// The zero of EVM chains.
        impl Default for $name {
            fn default() -> Self {
                Self::Evm([0; $evm])
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, hasher: &mut H) {
                hasher.write(self.bytes());
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Evm(bytes) => {
                        f.write_str("0x")?;
                        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
                    }
                    Self::Solana(bytes) => {
                        let (digits, len) = base58::encode(bytes);
                        f.write_str(core::str::from_utf8(&digits[..len]).unwrap_or("?"))
                    }
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdParseError;

            fn from_str(text: &str) -> Result<Self, IdParseError> {
                let read = if text.starts_with("0x") {
                    Self::evm_from_str(text)
                } else {
                    Self::solana_from_str(text)
                };
                read.map_err(|_| IdParseError {
                    expected: concat!(
                        "\"0x\" and ", $expected, ", or the base58 of ", stringify!($solana), " bytes"
                    ),
                })
            }
        }
    };
}

named!(/// An account: on EVM chains one of a person or a contract, on Solana a wallet, a token account, a mint or a program.
    Address, 20, 32, "40 hex digits");
named!(/// A transaction: on EVM chains its hash, on Solana its first signature.
    TxHash, 32, 64 with "halves", "64 hex digits");
named!(/// A block, by its hash.
    BlockHash, 32, 32, "64 hex digits");

/// The `N` bytes that `text`, which begins with `0x`, stands for.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut value = [0u8; N];
    for (byte, pair) in value.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
    }
    Some(value)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// How 64 bytes are stored: serde knows arrays up to 32.
mod halves {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
        let (mut first, mut second) = ([0u8; 32], [0u8; 32]);
        first.copy_from_slice(&bytes[..32]);
        second.copy_from_slice(&bytes[32..]);
        (first, second).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
        let (first, second) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
