//! The tokio shell of Plimsoll: everything that touches the world, and decides nothing.

pub mod chain;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dev;
pub mod driver;
pub mod entropy;
pub mod http;
pub mod queue;
pub mod recorder;
pub mod store;
pub mod telemetry;
pub mod webhook;
pub mod worker;

#[cfg(test)]
mod testing;
