//! Models of everything outside the bank: the chain, its endpoints, the journal's store, a work queue, and the people.

pub mod assets;
pub mod chain;
pub mod endpoint;
pub mod queue;
pub mod store;
pub mod users;
