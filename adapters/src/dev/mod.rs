//! A server for trying things out: no configuration, and a chain of its own whose faucet pays whoever asks.
//!
//! The chain is the simulator's model, run by the clock and shown by three endpoints that speak real JSON-RPC over
//! loopback, so that everything but the chain is what production runs. Its payments are kept beside the journal:
//! the same folder is the same chain after a restart.

mod chain;
mod faucet;
mod greeting;
mod rpc;
mod settings;

pub use chain::{DevChain, DevChainError};
pub use faucet::route as faucet;
pub use greeting::Greeting;
pub use rpc::{ENDPOINTS, router as rpc};
pub use settings::{RECORD_KEY, config, journal_path};
