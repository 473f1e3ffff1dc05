//! The engine: virtual time, events, networks, disks and processes, for any machine.
//!
//! Nothing in here knows a bank. A world is a [`Schedule`] of its own events, [`Process`]es of machines, and models
//! that answer them over [`Link`]s and on [`Disk`]s; each draws from a random stream of its own name.

pub mod disk;
pub mod latency;
pub mod network;
pub mod process;
pub mod schedule;
pub mod trace;

pub use disk::Disk;
pub use latency::Latency;
pub use network::{Delivery, Link};
pub use process::{Process, Step};
pub use schedule::{Due, Schedule};
pub use trace::Trace;
