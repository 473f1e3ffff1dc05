//! Whatever comes from outside, given anything at all: each parser has a target, which must neither panic nor take
//! what makes no sense.
//!
//! `tests/corpus.rs` runs every target over its folder of `corpus/` and over small changes of what is there, in every
//! test run. `tests/fuzz/hunt` lets libFuzzer look for more, guided by what the parsers do.

mod targets;

pub use targets::{TARGETS, Target};
