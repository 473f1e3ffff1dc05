//! [`pace`]: how soon to look again for what is about to be final.
//!
//! Whoever waits for finality looks at moments of its own, so what it costs to have just missed it is one interval. That
//! interval grows with the wait: short where a chain is final within seconds, and never shorter than an eighth of what
//! was waited where it takes minutes, or stalls.

use core::time::Duration;

/// The shortest interval.
pub(super) const PACE_MIN: Duration = Duration::from_millis(200);

/// The interval after having waited for `waited`; never longer than `usual`.
pub(super) fn pace(waited: Duration, usual: Duration) -> Duration {
    (waited / 8).max(PACE_MIN).min(usual)
}

#[cfg(test)]
mod tests {
    use super::{Duration, pace};

    #[test]
    fn an_eighth_of_the_wait_within_bounds() {
        let ms = Duration::from_millis;
        for (waited, usual, expected) in [
            (0, 1_000, 200),
            (1_600, 1_000, 200),
            (4_000, 1_000, 500),
            (60_000, 1_000, 1_000),
            (60_000, 50, 50),
            (0, 50, 50),
        ] {
            assert_eq!(pace(ms(waited), ms(usual)), ms(expected), "{waited} {usual}");
        }
    }
}
