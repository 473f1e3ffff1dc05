//! [`Purpose`]: BLAKE3 for one purpose, so that no hash made for one is ever taken for that of another.
//!
//! It is BLAKE3's derive-key mode with the key of each context worked out beforehand. What is hashed here is short, so
//! working that key out anew each time would be a third of the work.

use blake3::Hasher;
use blake3::hazmat::{ContextKey, HasherExt as _};

/// What a hash is for: the key that BLAKE3 makes of a context string.
pub(crate) struct Purpose(ContextKey);

/// Links of the journal's chain: `plimsoll journal 2026-11 chain`.
pub(crate) const JOURNAL_CHAIN: Purpose = Purpose([
    0xa5, 0x3f, 0x36, 0xf4, 0xc6, 0x22, 0xfa, 0xc2, 0x92, 0x34, 0xef, 0xb3, 0x47, 0x79, 0x17, 0x34, 0xea,
    0x28, 0xc7, 0xbf, 0x28, 0x55, 0xd2, 0x04, 0x13, 0x03, 0xeb, 0x61, 0xf6, 0xd4, 0x08, 0xc0,
]);
/// Keys of requests: `plimsoll idempotency key 2026-11`.
pub(crate) const IDEMPOTENCY_KEY: Purpose = Purpose([
    0x31, 0x31, 0x26, 0xf9, 0xac, 0x07, 0xd5, 0x05, 0x95, 0xaf, 0x21, 0x6d, 0x01, 0x0a, 0x79, 0xda, 0xe5,
    0x90, 0x8f, 0x6d, 0x70, 0x74, 0x0b, 0xea, 0x5b, 0x20, 0xdb, 0x77, 0xc8, 0x1c, 0x20, 0xf9,
]);

impl Purpose {
    /// A hasher that has hashed nothing.
    pub(crate) fn hasher(&self) -> Hasher {
        Hasher::new_from_context_key(&self.0)
    }
}

#[cfg(test)]
mod tests;
