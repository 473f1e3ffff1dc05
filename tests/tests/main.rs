//! End-to-end tests, in one binary: each needs what `tests/run --install` installs, and fails without it.

mod conformance;
mod crash;
mod evm;
mod http;
mod pipe;
mod process;
mod proxy;
mod serve;
mod solana;
mod storm;
mod timeline;
mod workers;
mod world;
