//! Storms over the machine that tells receivers what is committed: receivers that fail, hang, answer late or ask for patience,
//! readings that fail, crashes of the process that lose the cursors kept last.
//!
//! `storm` draws a plan from a seed, `world` runs it on the engine, and `oracle` judges every step of it: everything is
//! delivered at least once, nothing is invented, first attempts come in the order of the journal, and no cursor ever
//! passes what was not delivered.

mod oracle;
mod storm;
mod world;

pub use oracle::Violation;
pub use storm::{Mood, Peer, Storm};
pub use world::{Report, run};

#[cfg(test)]
mod tests;
