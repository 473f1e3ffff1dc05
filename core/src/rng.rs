//! Seeded randomness: xoshiro256++ streams that are forked by name, never by draw order.
//!
//! A fork depends only on the seed and the path of names that leads to it, so a draw added in one place moves no
//! other stream and old seeds keep their meaning. The generator is xoshiro256++ 1.0 (Blackman and Vigna,
//! <https://prng.di.unimi.it/xoshiro256plusplus.c>); names are hashed with keyed BLAKE3.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::halves;

/// A named stream of random numbers. Cloning it repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rng {
    root: [u8; 32],
    state: [u64; 4],
}

impl Rng {
    /// The root stream of a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("plimsoll rng 2026-11 seed");
        hasher.update(&seed.to_le_bytes());
        Self::from_root(*hasher.finalize().as_bytes())
    }

    /// The child stream called `label`, whatever was drawn from this one before.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        Self::from_root(*blake3::keyed_hash(&self.root, label.as_bytes()).as_bytes())
    }

    /// The child stream called `label` number `index`, for families of like things.
    #[must_use]
    pub fn fork_indexed(&self, label: &str, index: u64) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.root);
        hasher.update(label.as_bytes());
        hasher.update(&[0]);
        hasher.update(&index.to_le_bytes());
        Self::from_root(*hasher.finalize().as_bytes())
    }

    fn from_root(root: [u8; 32]) -> Self {
        let mut state = [0u64; 4];
        for (word, bytes) in state.iter_mut().zip(root.chunks_exact(8)) {
            let mut eight = [0u8; 8];
            eight.copy_from_slice(bytes);
            *word = u64::from_le_bytes(eight);
        }
        if state == [0; 4] {
            state[0] = 1; // the one state from which the generator never leaves zero
        }
        Self { root, state }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let mut s = [a, b, c ^ a, d ^ b];
        let shifted = b << 17;
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        self.state = s;
        result
    }

    /// A number in `0..bound`, without bias (Lemire's multiply and reject).
    ///
    /// # Panics
    /// When `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a number below zero was asked for");
        loop {
            let (high, low) = halves(u128::from(self.next_u64()) * u128::from(bound));
            // The threshold is below `bound`, so it need rarely be worked out.
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return high;
            }
        }
    }

    /// A number in `low..=high`.
    ///
    /// # Panics
    /// When `low > high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range was asked for");
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.next_u64(),
        }
    }

    /// A duration in `low..=high`, to the nanosecond (at most 584 years).
    ///
    /// # Panics
    /// When `low > high`.
    pub fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.between(nanos(low), nanos(high)))
    }

    /// True in `numerator` of `denominator` cases.
    ///
    /// # Panics
    /// When `denominator` is zero.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// An index into a list of `len` things.
    ///
    /// # Panics
    /// When the list is empty.
    pub fn index(&mut self, len: usize) -> usize {
        let bound = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// One of `items`, or nothing when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            None
        } else {
            items.get(self.index(items.len()))
        }
    }
}

#[cfg(test)]
mod tests;
