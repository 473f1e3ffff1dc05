//! The world: what a run is made of, and who may watch it.

pub mod plan;
