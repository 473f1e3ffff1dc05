//! [`Progress`]: how a recording does, shared between the driver, its writer and whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// How a recording does.
#[derive(Debug, Default)]
pub(super) struct Progress {
    written: AtomicU64,
    lost: AtomicU64,
    /// Bytes that were sent and not written.
    queued: AtomicUsize,
    has_ended: AtomicBool,
}

/// How a recording does, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordingPulse {
    /// How many inputs are in files.
    pub written: u64,
    /// How many inputs are in no file, because the disk did not keep up or failed.
    pub lost: u64,
    /// Whether it ended by a failure, while the server goes on.
    pub has_failed: bool,
}

/// Shows how a recording does while it is at work.
#[derive(Debug, Clone)]
pub struct RecordingStatus(Arc<Progress>);

impl RecordingStatus {
    pub(super) const fn new(progress: Arc<Progress>) -> Self {
        Self(progress)
    }

    /// How it does now.
    #[must_use]
    pub fn pulse(&self) -> RecordingPulse {
        self.0.pulse()
    }
}

impl Progress {
    pub(super) fn pulse(&self) -> RecordingPulse {
        RecordingPulse {
            written: self.written.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            has_failed: self.has_ended(),
        }
    }

    /// Whether nobody writes any more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// How many bytes wait to be written.
    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(super) fn on_sent(&self, bytes: usize) {
        self.queued.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn on_taken(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn on_written(&self, inputs: u64) {
        self.written.fetch_add(inputs, Ordering::Relaxed);
    }

    pub(super) fn on_lost(&self, inputs: u64) {
        self.lost.fetch_add(inputs, Ordering::Relaxed);
    }
}
