//! Sometimes-assertions: what must come about in some run of many, or the many prove little.
//!
//! An oracle says what must never be. A landmark says what must be now and then: a scenario that never comes near an
//! unknown commit shows nothing about unknown commits. Each has a line here and is reached where
//! [`sometimes!`](crate::sometimes!) says so; over many runs it is counted in how many.

use plimsoll_core::chaos::place_in;

/// Every landmark: "reached …".
pub const LANDMARKS: [&str; 75] = [
    "a reorged transaction was seen again",
    "a reorged deposit was credited later",
    "a deposit was credited that was never seen before it was final",
    "a deposit was credited that nobody had claimed",
    "a deposit was credited that was claimed before it was mined",
    "a deposit was credited to its owner and not to the thief of its hash",
    "a dead letter was retried and credited",
    "the scanner revived a dead letter",
    "a replay took up a dead letter",
    "a dead letter closed by itself",
    "a dismissal waited for a second operator",
    "a person was called for an amount that no ledger can count",
    "automation lost its patience",
    "a suspended deposit was given to its owner",
    "deposits below the minimum were credited together",
    "a transaction with several deposits was posted",
    "a deposit bought its product",
    "a hold expired",
    "a hold was posted in part",
    "a hold was posted after it was resolved",
    "a payment was reversed",
    "a payment was refused for lack of money",
    "a repeated request got its first outcome",
    "a key was used again for something else",
    "a half-open breaker admitted a call that failed",
    "a breaker closed again",
    "a slow question was hedged",
    "a hedge was answered before the slow question",
    "an endpoint was outvoted and shut out",
    "an endpoint of another chain was shut out",
    "an unknown commit turned out committed",
    "an unknown commit turned out lost",
    "a crash took records of which nobody had heard",
    "a crash left a batch durable of which nobody had heard",
    "a failed sync came back by a crash",
    "a process started with transactions under way",
    "a process was shut out by another writer",
    "a process that was told to stop finished what it began",
    "a start was refused because the journal was damaged",
    "damage was found when the journal was checked",
    "a question left while the store was failing",
    "a request was turned away",
    "a date went back",
    "a quiet period settled everything, and faults went on",
    "everything settled though endpoints stayed broken",
    "an operator paused an endpoint",
    "an operator paused a chain",
    "an operator gave a breaker an order",
    "an operator made what was open due at once",
    "an operator had a transaction verified that nobody had named",
    "an operator had a dead letter verified again",
    "an operator let nothing new in",
    "a transaction became final by the report of a worker",
    "the chain had what the books said",
    "a reconciliation left open what was not decided yet",
    "the chain had not what the books said",
    "the immediate lane was down and the database lane served",
    "a worker had lost the lease of its job",
    "a deposit was sent back",
    "a refund was withdrawn",
    "a refund waited for a second operator",
    "people were told that the bank says nothing",
    "people were told that the journal fails",
    "people were told that a chain has too few upstreams",
    "people were told that the books differ",
    "people were told of an old dead letter",
    "people were told of many dead letters",
    "people were told that the queue is down",
    "people were told that finality lags",
    "people were told that something waits for long",
    "people were told that many wait",
    "people were told that endpoints are down",
    "people were told of a new dead letter",
    "an alert was told again by a process that began anew",
    "an alert was over",
];

/// The landmarks that one run reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached(u128);

/// In how many runs each landmark was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landmarks([u64; LANDMARKS.len()]);

impl Reached {
    /// Notes that the landmark at `place` was reached. See [`sometimes!`](crate::sometimes!).
    pub const fn note(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    /// Whether the landmark at `place` was reached.
    #[must_use]
    pub const fn has(&self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }
}

impl Default for Landmarks {
    fn default() -> Self {
        Self([0; LANDMARKS.len()])
    }
}

impl Landmarks {
    /// Counts what one more run reached.
    pub fn add(&mut self, run: Reached) {
        for (place, count) in self.0.iter_mut().enumerate() {
            *count += u64::from(run.has(place));
        }
    }

    /// Adds the counts of other runs.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count += more;
        }
    }

    /// Every landmark, with in how many runs it was reached.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        LANDMARKS.into_iter().zip(self.0)
    }

    /// The landmarks that no run reached.
    pub fn missed(&self) -> impl Iterator<Item = &'static str> {
        self.counts()
            .filter(|(_, count)| *count == 0)
            .map(|(name, _)| name)
    }
}

/// The place of a landmark.
///
/// # Panics
/// When there is none of that name: at compile time where [`sometimes!`](crate::sometimes!) is used.
#[must_use]
pub const fn landmark(name: &str) -> usize {
    match place_in(&LANDMARKS, name) {
        Some(place) => place,
        None => panic!("there is no such landmark: give it a line in LANDMARKS"),
    }
}

const _: () = assert!(LANDMARKS.len() <= 128, "a run notes its landmarks in 128 bits");

/// Says that a landmark is reached, if `condition` holds: `sometimes!(reached, is_torn, "a crash tore a write")`.
#[macro_export]
macro_rules! sometimes {
    ($reached:expr, $condition:expr, $landmark:literal) => {
        if $condition {
            $reached.note(const { $crate::sometimes::landmark($landmark) });
        }
    };
}

#[cfg(test)]
mod tests;
