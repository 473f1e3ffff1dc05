//! What can go wrong, as data.

mod kind;

pub use kind::{
    ChainFault, CrashLoss, Direction, EndpointFault, Fault, Lie, LinkFault, LinkName, ProcessFault,
    StoreFault,
};
