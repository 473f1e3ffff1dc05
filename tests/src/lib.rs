//! What the end-to-end tests stand on: real processes that can be killed, a private, real EVM node, and a Solana validator.
//!
//! Helpers panic with the reason when the machine does not do what they ask: a test that cannot run has failed. What
//! npm ships is installed by `tests/run --install`.

pub mod browser;
pub mod crash;
pub mod evm;
pub mod http;
pub mod process;
pub mod product;
pub mod proxy;
pub mod receiver;
pub mod redis;
pub mod solana;
pub mod world;
