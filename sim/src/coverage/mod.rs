//! Coverage: which kind of fault was at work while which machine was in which state, counted over runs.
//!
//! A line of code that ran says little about a system whose bugs are in what meets what. The matrix has a row for each
//! kind of fault and a column for each state of what the bank does; a cell counts the runs in which the fault was at work
//! while something was in that state. `never` says of each cell that cannot be why not. Nothing here depends on the order
//! of runs or on threads.

mod condition;
mod kind;
mod never;

pub use condition::{CONDITIONS, Condition, Group};
pub use kind::{KINDS, Kind, place};
pub use never::reason;

/// What one run struck: for each kind of fault the conditions that it met, a bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells([u64; KINDS.len()]);

impl Default for Cells {
    fn default() -> Self {
        Self([0; KINDS.len()])
    }
}

impl Cells {
    /// Notes that the fault of the kind at `place` met these `conditions`, a bit each.
    pub const fn note(&mut self, place: usize, conditions: u64) {
        self.0[place] |= conditions;
    }

    /// Whether the fault of the kind at `place` met `condition`.
    #[must_use]
    pub const fn has(&self, place: usize, condition: Condition) -> bool {
        self.0[place] & condition.bit() != 0
    }
}

/// In how many runs each kind of fault met each condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    runs: u64,
    counts: Vec<[u64; CONDITIONS.len()]>,
}

impl Default for Matrix {
    fn default() -> Self {
        Self {
            runs: 0,
            counts: vec![[0; CONDITIONS.len()]; KINDS.len()],
        }
    }
}

impl Matrix {
    /// Counts one more run. Says whether it struck a cell that no run before did.
    pub fn add(&mut self, cells: &Cells) -> bool {
        self.runs += 1;
        let mut is_new = false;
        for (counts, met) in self.counts.iter_mut().zip(cells.0) {
            for (column, count) in counts.iter_mut().enumerate() {
                let is_met = met >> column & 1 == 1;
                is_new |= is_met && *count == 0;
                *count += u64::from(is_met);
            }
        }
        is_new
    }

    /// Adds the counts of other runs.
    pub fn merge(&mut self, other: &Self) {
        self.runs += other.runs;
        for (counts, more) in self.counts.iter_mut().zip(&other.counts) {
            for (count, more) in counts.iter_mut().zip(more) {
                *count += more;
            }
        }
    }

    /// How many runs were counted.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// In how many runs the fault of the kind at `place` met `condition`.
    #[must_use]
    pub fn count(&self, place: usize, condition: Condition) -> u64 {
        self.counts[place][condition.place()]
    }

    /// Every cell: the place of the kind of fault, the condition, in how many runs they met, and why they never can.
    pub fn cells(&self) -> impl Iterator<Item = (usize, Condition, u64, Option<&'static str>)> {
        (0..KINDS.len()).flat_map(move |place| {
            CONDITIONS.iter().map(move |condition| {
                let never = reason(&KINDS[place], *condition);
                (place, *condition, self.count(place, *condition), never)
            })
        })
    }
}

#[cfg(test)]
mod tests;
