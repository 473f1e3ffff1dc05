//! What the benches share: the suite that measures and reports, and the worlds that they measure in.
//!
//! A machine is a function of its inputs, so a bench records the inputs of a whole run once, with a toy world that
//! answers the machine's questions, and then times the machine alone on a copy of them.

pub mod config;
pub mod crowd;
pub mod house;
pub mod node;
pub mod rival;
pub mod script;
pub mod site;
pub mod suite;
pub mod teller;
pub mod took;
pub mod toy_chain;
