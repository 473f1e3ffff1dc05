//! The words of the flight recorder that a witness hears.

#[path = "../../../adapters/src/recorder/frame.rs"]
mod frame;
#[path = "../../../adapters/src/recorder/redact.rs"]
mod redact;

pub use frame::{Answered, HeadSeen};
