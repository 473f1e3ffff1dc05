//! [`Quota`]: a bound on calls as a node keeps it, with every call of late in a list. Slow, and obviously right: the bank's
//! own limiter is judged by it.

use core::time::Duration;
use std::collections::VecDeque;

use plimsoll_core::time::Instant;

use crate::world::plan::QuotaPlan;

/// One bound, and what was counted in the last span of its length.
#[derive(Debug, Clone)]
pub struct Quota {
    plan: QuotaPlan,
    counted: VecDeque<(Instant, u32)>,
}

impl Quota {
    /// A bound by which nothing was counted yet.
    #[must_use]
    pub const fn new(plan: QuotaPlan) -> Self {
        Self {
            plan,
            counted: VecDeque::new(),
        }
    }

    /// How long after `now` so many more calls fit in, if they do not at once.
    pub fn pause(&mut self, now: Instant, calls: u32) -> Option<Duration> {
        let per = Duration::from_millis(self.plan.per_ms);
        while self.counted.front().is_some_and(|(at, _)| at.after(per) <= now) {
            self.counted.pop_front();
        }
        let counted: u32 = self.counted.iter().map(|(_, calls)| calls).sum();
        let mut excess = (counted + calls).saturating_sub(self.plan.calls);
        let mut pause = None;
        for (at, calls) in &self.counted {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(*calls);
            pause = Some(at.after(per).since(now));
        }
        pause
    }

    /// Counts calls, whether they fit in or not.
    pub fn count(&mut self, now: Instant, calls: u32) {
        self.counted.push_back((now, calls));
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        self.counted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_let_in_as_earlier_ones_leave() {
        let mut quota = Quota::new(QuotaPlan {
            calls: 5,
            per_ms: 1_000,
        });
        let at = |ms| Instant::ZERO.after(Duration::from_millis(ms));
        for (ms, calls, expected) in [
            (0, 3, None),
            (400, 2, None),
            (400, 1, Some(600)),
            (999, 4, Some(401)),
            (1_000, 3, None),
            (1_399, 1, Some(1)),
            (1_400, 2, None),
        ] {
            let pause = quota.pause(at(ms), calls);
            assert_eq!(pause, expected.map(Duration::from_millis), "{ms} {calls}");
            if pause.is_none() {
                quota.count(at(ms), calls);
            }
        }
    }
}
