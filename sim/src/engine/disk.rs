//! A disk as far as a log needs one: appended bytes are there for readers at once, and safe once they are synced.
//!
//! It can go bad: a bit flips, a write lands in a wrong place, a sync fails. What a reader should see is remembered, so
//! that whoever notices can be given it back, and whoever does not can be told.

use core::ops::Range;
use std::borrow::Cow;

use plimsoll_core::rng::Rng;

use crate::fault::CrashLoss;

/// One append-only file.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    bytes: Vec<u8>,
    synced: usize,
    /// What a failed sync left behind: readers do not see it, and a crash may bring it back.
    ghost: Vec<u8>,
    /// What was damaged, oldest first.
    wounds: Vec<Wound>,
}

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wound {
    at: usize,
    was: Vec<u8>,
}

impl Disk {
    /// An empty file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes, which a crash may lose until they are synced.
    pub fn append(&mut self, bytes: &[u8]) {
        self.ghost.clear();
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes everything appended so far safe.
    pub fn sync(&mut self) {
        self.synced = self.bytes.len();
    }

    /// Fails to make safe what was appended: readers see it no more, and what becomes of it only a crash shows, unless
    /// something is appended before.
    pub fn fail_to_sync(&mut self) {
        self.ghost = self.bytes.split_off(self.synced);
    }

    /// Takes back what was appended and not synced: a transaction was rolled back.
    pub fn roll_back(&mut self) {
        self.bytes.truncate(self.synced);
    }

    /// What a reader sees after the machine died. Whatever survived is safe from here on. What a failed sync left behind
    /// comes back in half of the cases.
    pub fn crash(&mut self, loss: CrashLoss, rng: &mut Rng) {
        let kept = match loss {
            CrashLoss::Kept => self.bytes.len(),
            CrashLoss::Lost => self.synced,
            CrashLoss::Torn => self.synced + rng.index(self.bytes.len() - self.synced + 1),
        };
        self.bytes.truncate(kept);
        if !self.ghost.is_empty() && rng.chance(1, 2) {
            self.bytes.append(&mut self.ghost);
        }
        self.forget_failed_sync();
        self.sync();
    }

    /// Lets nothing come back of what a failed sync left behind: somebody else has read the file since.
    pub fn forget_failed_sync(&mut self) {
        self.ghost.clear();
    }

    /// Cuts the file to `len` bytes: recovery found that the rest is no whole entry.
    ///
    /// # Panics
    /// When that would lengthen it.
    pub fn truncate(&mut self, len: usize) {
        assert!(len <= self.bytes.len(), "a file was cut to more than it holds");
        self.bytes.truncate(len);
        self.sync();
    }

    /// Flips the bits of `mask` in the byte at `at`, silently.
    ///
    /// # Panics
    /// When there is no such byte.
    pub fn flip(&mut self, at: usize, mask: u8) {
        self.wound(at..at + 1);
        self.bytes[at] ^= mask;
    }

    /// Lets the bytes of `written` land at `at` instead, over what was there, and leaves zeros where they should be.
    /// What would land behind `written` is lost.
    ///
    /// # Panics
    /// When there are no such bytes.
    pub fn misplace(&mut self, written: Range<usize>, at: usize) {
        let bytes = self.bytes[written.clone()].to_vec();
        let end = (at + bytes.len()).min(written.start);
        self.wound(written.clone());
        self.bytes[written].fill(0);
        self.wound(at..end);
        self.bytes[at..end].copy_from_slice(&bytes[..end - at]);
    }

    /// Whether anything is not what it should be.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        !self.wounds.is_empty()
    }

    /// Makes everything what it should be, from a copy that somebody kept.
    pub fn restore(&mut self) {
        while let Some(Wound { at, was }) = self.wounds.pop() {
            self.bytes[at..at + was.len()].copy_from_slice(&was);
        }
    }

    /// What a reader sees.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a reader should see.
    #[must_use]
    pub fn intended(&self) -> Cow<'_, [u8]> {
        if !self.is_damaged() {
            return Cow::Borrowed(&self.bytes);
        }
        let mut healed = self.clone();
        healed.restore();
        Cow::Owned(healed.bytes)
    }

    fn wound(&mut self, range: Range<usize>) {
        let (at, was) = (range.start, self.bytes[range].to_vec());
        self.wounds.push(Wound { at, was });
    }
}

#[cfg(test)]
mod tests;
