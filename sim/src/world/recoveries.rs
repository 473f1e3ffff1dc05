//! Who measures how long things take to work again.

use plimsoll_core::time::Instant;

use super::stats::{Part, Recovery};

/// What still has to recover.
#[derive(Debug, Default)]
pub(super) struct Recoveries(Vec<(Part, Instant)>);

impl Recoveries {
    /// From `at` on, `part` could work again.
    pub(super) fn expect(&mut self, part: Part, at: Instant) {
        self.0.push((part, at));
    }

    /// Something works: `proves` says for each part whether it does.
    pub(super) fn works(&mut self, at: Instant, samples: &mut Vec<Recovery>, proves: impl Fn(Part) -> bool) {
        if self.0.is_empty() {
            return;
        }
        self.0.retain(|(part, since)| {
            let recovered = proves(*part);
            if recovered {
                let took = at.since(*since);
                samples.push(Recovery { part: *part, took });
            }
            !recovered
        });
    }
}
