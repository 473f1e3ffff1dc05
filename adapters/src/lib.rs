//! The tokio shell of Plimsoll: everything that touches the world, and decides nothing.

pub mod chain;
pub mod clock;
pub mod config;
pub mod driver;
pub mod entropy;
pub mod http;
pub mod store;

#[cfg(test)]
mod testing;
