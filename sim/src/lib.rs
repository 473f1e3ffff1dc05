//! A seeded simulated world for sans-IO machines.

pub mod engine;
pub mod fault;
pub mod world;
