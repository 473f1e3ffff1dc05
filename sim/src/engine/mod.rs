//! The engine: virtual time, randomness, networks, disks and processes, for any machine.

pub mod latency;

pub use latency::Latency;
