//! The real world: a scenario's plan, run by the binary that people run, on a real chain, a real disk and a real network.
//!
//! The bank is the release build of `plimsoll` with its SQLite journal and a flight recorder. Its chain is a private EVM node
//! that mines by the plan's calendar. Between the two, each endpoint is a proxy that misbehaves as the plan says
//! (`upstream`, `untruth`), behind a link of its own that delays, loses and holds bytes (`links`); people reach the bank
//! through such a link too (`people`). `director` does what the plan says when it is due: it pays, begins and ends faults,
//! kills the process with -9, stops it with SIGSTOP. `expressible` refuses by name what cannot be done here, and
//! `jury` judges what is left behind.
//!
//! The seed decides the latencies, which questions are hit, and when clients lose their patience, but not the course of the
//! run, which is up to the machine. What comes of it must be what comes of the plan in the simulator all the same.

mod clock;
mod director;
mod expressible;
mod jury;
mod links;
mod people;
mod run;
mod settings;
mod stage;
mod untruth;
mod upstream;

pub use expressible::check;
pub use jury::{Deposit, judge};
pub use run::{Failure, Report, run};
