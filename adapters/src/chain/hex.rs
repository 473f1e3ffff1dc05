//! The two hexadecimal forms of JSON-RPC: quantities and data
//! (<https://ethereum.org/en/developers/docs/apis/json-rpc/#conventions>).
//!
//! Quantities are also accepted with leading zeros, which some nodes write and which mean the same.

use std::fmt;
use std::marker::PhantomData;

use plimsoll_core::id::{Address, BlockHash, TxHash};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A value that is written as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hex<T>(pub(super) T);

/// The start and the length of a byte string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Data {
    /// The first 32 bytes, zero-padded.
    pub(super) word: [u8; 32],
    /// How many bytes there are.
    pub(super) len: u32,
}

/// What can be written in hexadecimal.
pub(super) trait FromHex: Sized {
    fn from_hex(text: &str) -> Option<Self>;
}

impl FromHex for u64 {
    fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x")?;
        let is_plain = digits.len() <= 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        Self::from_str_radix(digits, 16).ok().filter(|_| is_plain)
    }
}

impl FromHex for Data {
    fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x")?.as_bytes();
        if digits.len() % 2 != 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut word = [0; 32];
        for (byte, pair) in word.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self {
            word,
            len: u32::try_from(digits.len() / 2).ok()?,
        })
    }
}

/// A topic of a log.
impl FromHex for [u8; 32] {
    fn from_hex(text: &str) -> Option<Self> {
        BlockHash::evm_from_str(text).ok()?.evm()
    }
}

macro_rules! by_parsing {
    ($($name:ty),*) => {
        $(impl FromHex for $name {
            fn from_hex(text: &str) -> Option<Self> {
                Self::evm_from_str(text).ok()
            }
        })*
    };
}

by_parsing!(Address, BlockHash, TxHash);

impl<'de, T: FromHex> Deserialize<'de> for Hex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);

        impl<T: FromHex> Visitor<'_> for Text<T> {
            type Value = Hex<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a hexadecimal text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Hex<T>, E> {
                T::from_hex(text)
                    .map(Hex)
                    .ok_or_else(|| E::custom("not the hexadecimal text expected"))
            }
        }

        deserializer.deserialize_str(Text(PhantomData))
    }
}

#[cfg(test)]
mod tests;
