//! [`Clock`]: the plan's time, which is real time since the plan began.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plimsoll_core::time::Instant;

use crate::process::pause;

/// A clock that stands at zero until it begins. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<OnceLock<std::time::Instant>>);

impl Clock {
    /// Begins.
    pub(super) fn begin(&self) {
        self.0.get_or_init(std::time::Instant::now);
    }

    /// How long ago it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.0.get().map_or(Duration::ZERO, std::time::Instant::elapsed)
    }

    /// The time.
    pub(super) fn now(&self) -> Instant {
        Instant::ZERO.after(self.elapsed())
    }

    /// Waits until `at`.
    pub(super) fn wait_until(&self, at: Instant) {
        pause(at.since(self.now()));
    }
}

/// A time of the plan.
pub(super) fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}
