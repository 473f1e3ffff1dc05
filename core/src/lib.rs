//! The machines that decide everything in Plimsoll, and touch nothing.
//!
//! Time, randomness and every fact about the outside world arrive as arguments; every wish leaves as an effect.
//! That makes a run a function of its inputs, so the simulator can run the very code that production runs.
//!
//! Where things are: `machine` (the one trait), `bank` (the root machine), `ledger` and `escrow` (what it owns),
//! `monitor` and `webhook` (root machines beside it: what people hear of, and receivers),
//! `resilience` (leaves: backoff, breaker, pool), `journal` and `outbox` (facts before acts), `chaos` (bad luck on purpose,
//! in simulated runs), and the shared words in `id`, `money`, `time`, `rng`, `limits`.
#![no_std]
#![cfg_attr(not(test), deny(clippy::float_arithmetic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bank;
pub mod chaos;
pub mod digest;
pub mod escrow;
pub mod id;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod machine;
pub mod money;
pub mod monitor;
pub mod outbox;
mod purpose;
pub mod queue;
pub mod resilience;
pub mod rng;
pub mod table;
pub mod time;
pub mod webhook;
pub mod worker;
