//! The node and the contracts really do what the tests of the product build on.

mod abi;
mod balances;
mod node;
mod traps;
