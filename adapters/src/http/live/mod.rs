//! Live status: a claim followed as it changes, by server-sent events or over a WebSocket.
//!
//! `hub` knows who listens to what and wakes them when the bank tells of a transaction, which it does after the commit;
//! `follow` asks the bank how the claim stands, and says so if it is news. So only what is committed is told, and what
//! is told is how things stand: of changes in quick succession a slow listener hears the last.

mod events;
mod follow;
mod hub;
mod socket;

pub use hub::Hub;

pub(super) use events::__path_events;
pub(super) use events::events;
pub(super) use socket::__path_socket;
pub(super) use socket::socket;
