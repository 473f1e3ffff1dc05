//! A seeded simulated world for sans-IO machines.

pub mod coverage;
pub mod deliveries;
pub mod engine;
pub mod fault;
pub mod model;
pub mod oracle;
pub mod report;
pub mod run;
pub mod scenario;
pub mod shrink;
pub mod sometimes;
pub mod trace;
pub mod world;
