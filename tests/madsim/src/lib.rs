//! The driver, by the very files of `adapters/src/driver`, on madsim's runtime: which task runs next is drawn from a seed.
//!
//! The files say `tokio`, so this crate is called so inside itself: what madsim's stand-in lacks of what the driver uses
//! (a set of tasks, and a panic taken out of a task's end) is in `task`.
#![cfg(madsim)]

extern crate self as tokio;

pub use madsim_tokio::{select, sync, time};

pub mod check;
#[path = "../../../adapters/src/clock.rs"]
pub mod clock;
#[path = "../../../adapters/src/driver/mod.rs"]
pub mod driver;
pub mod recorder;
pub mod store;
pub mod task;
pub mod world;

/// Starts `future` as a task of its own, on the node that runs this.
pub fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> task::JoinHandle<T> {
    task::JoinHandle::new(madsim::task::spawn(future))
}
