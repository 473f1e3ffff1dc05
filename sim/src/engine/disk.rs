//! A disk as far as a log needs one: appended bytes are there for readers at once, and safe once they are synced.

use plimsoll_core::rng::Rng;

use crate::fault::CrashLoss;

/// One append-only file.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    bytes: Vec<u8>,
    synced: usize,
}

impl Disk {
    /// An empty file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes, which a crash may lose until they are synced.
    pub fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes everything appended so far safe.
    pub fn sync(&mut self) {
        self.synced = self.bytes.len();
    }

    /// Takes back what was appended and not synced: a transaction was rolled back.
    pub fn roll_back(&mut self) {
        self.bytes.truncate(self.synced);
    }

    /// What a reader sees after the machine died. Whatever survived is safe from here on.
    pub fn crash(&mut self, loss: CrashLoss, rng: &mut Rng) {
        let kept = match loss {
            CrashLoss::Kept => self.bytes.len(),
            CrashLoss::Lost => self.synced,
            CrashLoss::Torn => self.synced + rng.index(self.bytes.len() - self.synced + 1),
        };
        self.bytes.truncate(kept);
        self.sync();
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

    /// What a reader sees.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
