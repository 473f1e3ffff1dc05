//! The world: what a run is made of, and who may watch it.

pub mod observe;
pub mod outcome;
pub mod plan;
mod stats;

pub use outcome::{Outcome, Verdict};
pub use stats::{Part, Recovery, Stats};
