//! The driver: runs the bank on tokio, one input after the other, and does what it wishes for.
//!
//! One task owns the bank. Inputs come from a bounded mailbox, from endpoints that answer and from one timer; each is
//! stamped with both clocks and handed over. What the bank wishes for goes through the `Outbox`, which decides when
//! the journal must be asked and what may leave: no reply, no question and no notice before the records that it
//! rests on are committed. While an append is under way further inputs are handled, so that under load one commit
//! carries many. Nothing is decided here: not what is retried, not when, not what an answer means.

mod asker;
mod callers;
mod execute;
mod handle;
mod queues;
mod recover;
mod run;
pub(crate) mod spawn;
mod store;
mod witness;

pub use asker::Asker;
pub use handle::{Handle, Pulse, Unavailable};
pub use queues::{Answering, Queues};
pub use recover::{RecoverError, Recovered, recover};
pub use run::{Driver, DriverError};
pub use witness::Witness;

#[cfg(test)]
pub(crate) mod tests;
