//! The tokio shell of Plimsoll: everything that touches the world, and decides nothing.

pub mod store;
