//! The simulator's models against what they are models of: the same script of operations is run on both, step by step,
//! and after each step both must say the same.
//!
//! Scripts are drawn from seeds, one after the other, until every kind of operation has succeeded and has failed.

mod chain;
mod queue;
mod store;
mod tally;
