//! A 128-bit rolling digest that is the same on every machine and in every build profile.
//!
//! It answers one question: did two runs do the same things in the same order? It is fast, not cryptographic:
//! tampering is the journal's BLAKE3 chain's business. Two lanes of multiply and fold (the construction of wyhash,
//! <https://github.com/wangyi-fudan/wyhash>) with different constants.

use core::fmt;
use core::hash::Hasher;

/// A digest in the making, and its value so far. Feed it with `value.hash(&mut digest)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    high: u64,
    low: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            high: 0x9e37_79b9_7f4a_7c15,
            low: 0xd1b5_4a32_d192_ed03,
        }
    }
}

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The digest in the making whose value so far is `value`.
    #[must_use]
    pub const fn resume(value: u128) -> Self {
        let (high, low) = halves(value);
        Self { high, low }
    }

    /// The 128 bits so far.
    #[must_use]
    pub const fn value(&self) -> u128 {
        ((self.high as u128) << 64) | self.low as u128
    }

    /// The digest of one value alone.
    #[must_use]
    pub fn of<T: core::hash::Hash + ?Sized>(value: &T) -> u128 {
        let mut digest = Self::new();
        value.hash(&mut digest);
        digest.value()
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.high = fold(self.high ^ word, 0xa076_1d64_78bd_642f);
        self.low = fold(self.low.rotate_left(23) ^ word, 0xe703_7ed1_a0b4_28db).wrapping_add(word);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.value())
    }
}

impl Hasher for Digest {
    #[inline]
    fn finish(&self) -> u64 {
        self.high ^ self.low
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut eight = [0u8; 8];
            eight.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(eight));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut eight = [0u8; 8];
            eight[..rest.len()].copy_from_slice(rest);
            // The length keeps [0] and [0, 0] apart.
            self.word(u64::from_le_bytes(eight) ^ ((rest.len() as u64) << 56));
        }
    }

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }

    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }

    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }

    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }

    #[inline]
    fn write_u128(&mut self, n: u128) {
        let (high, low) = halves(n);
        self.word(low);
        self.word(high);
    }

    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
}

/// Mixes two words: the upper and the lower half of their product.
#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let (high, low) = halves(u128::from(a) * u128::from(b));
    low ^ high
}

/// The upper and the lower 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "splitting in halves is the point")]
pub(crate) const fn halves(n: u128) -> (u64, u64) {
    ((n >> 64) as u64, n as u64)
}

#[cfg(test)]
mod tests;
