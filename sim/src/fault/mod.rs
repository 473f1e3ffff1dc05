//! What can go wrong, as data.

mod drift;
mod kind;
mod trigger;

pub use drift::Drift;
pub use kind::{
    ChainFault, CrashLoss, Direction, DiskFault, EndpointFault, Fault, LaneName, Lie, LinkFault, LinkName,
    ProcessFault, QueueFault, StoreFault, WorkerFault,
};
pub use trigger::{Cue, Trigger};
