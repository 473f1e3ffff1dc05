//! [`Took`]: how long something took, by the clock on the wall and by what the processor spent on it.
//!
//! On a busy machine the two differ: a wait for another process is in the first alone, and so is a wait for a disk.
//! The work of further threads is in the second alone.

use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A time that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Took {
    /// By the clock on the wall.
    pub wall: Duration,
    /// What all threads of this process spent on processors meanwhile.
    pub processor: Duration,
}

impl Add for Took {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            wall: self.wall + other.wall,
            processor: self.processor + other.processor,
        }
    }
}

impl AddAssign for Took {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Took {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// A measurement under way.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    processor: Duration,
}

impl Stopwatch {
    /// Begins to measure.
    #[must_use]
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: processor(),
        }
    }

    /// How long it took so far.
    #[must_use]
    pub fn took(&self) -> Took {
        Took {
            wall: self.wall.elapsed(),
            processor: processor().saturating_sub(self.processor),
        }
    }
}

/// Times one call.
pub fn timed<T>(call: impl FnOnce() -> T) -> (Took, T) {
    let stopwatch = Stopwatch::start();
    let result = call();
    (stopwatch.took(), result)
}

/// What this process has spent on processors since it began.
fn processor() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(spent).unwrap_or_else(|_| unreachable!("the processor spent less than nothing"))
}
