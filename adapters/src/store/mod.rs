//! The store: where the journal's batches become durable.
//!
//! [`Journal`] is what the driver needs of a store, [`SqliteJournal`] is the embedded one, [`conformance`] is the body
//! of tests that every implementation must pass, and [`audit()`] derives everything in a journal again, and
//! [`read_batches`] reads it, without taking part in it. What is stored is defined by `plimsoll_core::journal`.

mod audit;
pub mod conformance;
mod error;
mod journal;
mod lock;
mod reading;
mod sqlite;

pub use audit::{Finding, HouseBalance, Report, audit, audited};
pub use error::StoreError;
pub use journal::{Journal, Progress};
pub use reading::{JournalReader, hash_at, read_batches};
pub use sqlite::{Mode, SqliteJournal};
