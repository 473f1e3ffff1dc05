//! [`Times`]: many times, counted by whole milliseconds, so that a run of a day takes no more room than one of a minute.

use core::time::Duration;
use std::collections::BTreeMap;

/// Many times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    count: u64,
    by_ms: BTreeMap<u64, u64>,
}

impl Times {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        self.count += 1;
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        *self.by_ms.entry(ms).or_default() += 1;
    }

    /// The least time, in whole milliseconds, that `percent` of a hundred of them do not exceed; `None` of none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (u128::from(self.count) * u128::from(percent))
            .div_ceil(100)
            .max(1);
        let mut passed: u128 = 0;
        let mut reached = self.by_ms.iter().skip_while(|(_, count)| {
            passed += u128::from(**count);
            passed < rank
        });
        reached.next().map(|(ms, _)| Duration::from_millis(*ms))
    }
}

#[cfg(test)]
mod tests;
