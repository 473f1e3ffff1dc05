//! The tokio shell of Plimsoll.
