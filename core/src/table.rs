//! A look-up table for hot paths: a hash table with a fixed hasher that cannot be iterated.
//!
//! Without iteration its hidden order can reach no decision, no effect and no digest, so it is as deterministic as
//! a `BTreeMap` and several times faster. What must be listed belongs in a `BTreeMap`.

use core::hash::{BuildHasherDefault, Hash, Hasher};

use hashbrown::HashMap;

use crate::digest::{Digest, fold};

/// A map from `K` to `V` that offers no order.
#[derive(Debug, Clone)]
pub struct Table<K, V>(HashMap<K, V, BuildHasherDefault<PlaceHasher>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Eq + Hash, V: Eq> Eq for Table<K, V> {}

impl<K: Eq + Hash, V> Table<K, V> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value at `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// The value at `key`, to change.
    #[must_use]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// Whether `key` is there.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Puts `value` at `key` and gives back what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// The value at `key`, made by `make` if it was not there.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(make)
    }

    /// Takes out the value at `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// How many keys are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Eq + Hash, V: Hash> Table<K, V> {
    /// A digest of the contents that does not depend on their hidden order. Walks everything: for checks only.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let sum = |sum: u128, entry: (&K, &V)| sum.wrapping_add(Digest::of(&entry));
        self.0.iter().fold(self.0.len() as u128, sum)
    }
}

/// Half of a [`Digest`]: enough to find a place by. Places are hidden, so they may differ between machines.
#[derive(Debug, Clone, Copy, Default)]
struct PlaceHasher(u64);

impl PlaceHasher {
    #[inline]
    fn word(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15, 0xa076_1d64_78bd_642f);
    }
}

impl Hasher for PlaceHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0u8; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(eight));
        }
    }
}
