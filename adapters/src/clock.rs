//! The clocks of the process. They are read here and nowhere else.
//!
//! The monotonic clock is tokio's, so that paused or simulated time reaches the machines as well.

use plimsoll_core::time::{Instant, WallClock};

/// Both clocks. Copies agree with each other: instants count from the making of the first.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: tokio::time::Instant,
    /// The date at the start, when it goes by the monotonic clock.
    date: Option<WallClock>,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the monotonic clock is read"
    )]
    pub fn start() -> Self {
        Self {
            start: tokio::time::Instant::now(),
            date: None,
        }
    }

    /// A clock that starts now, at `date`, which the monotonic clock moves on: for simulated time.
    #[must_use]
    pub fn start_at(date: WallClock) -> Self {
        Self {
            date: Some(date),
            ..Self::start()
        }
    }

    /// Now, on the monotonic clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        let nanos = self.start.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The date. A system clock before 1970 or past the year 294,000 reads as that limit.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock is read"
    )]
    pub fn wall(&self) -> WallClock {
        if let Some(date) = self.date {
            return date.after(self.now().since(Instant::ZERO));
        }
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        WallClock::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    /// Waits until `deadline`; returns at once when it is past.
    pub async fn sleep_until(&self, deadline: Instant) {
        let after_start = deadline.since(Instant::ZERO);
        match self.start.checked_add(after_start) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}
