//! What the driver needs of a store.

#[path = "../../../adapters/src/store/journal.rs"]
mod journal;

pub use journal::{Journal, Progress};
