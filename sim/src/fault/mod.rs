//! What can go wrong, as data.

mod drift;
mod kind;
mod trigger;

pub use drift::Drift;
pub use kind::{
    ChainFault, CrashLoss, Direction, DiskFault, EndpointFault, Fault, Lie, LinkFault, LinkName,
    ProcessFault, StoreFault,
};
pub use trigger::{Cue, Trigger};
