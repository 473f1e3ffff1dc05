//! [`Witness`]: who sees everything that the driver does, and has no part in it.
//!
//! Metrics and logs hear of notices, a recorder of inputs, and a test's oracles of all of it. A witness must be quick:
//! the driver waits for it.

use plimsoll_core::bank::{Act, Bank, Effect, Input, Notice};
use plimsoll_core::time::Instant;

/// Sees what one driver does, in the order in which it is done. A closure over notices is one that sees nothing else.
pub trait Witness {
    /// `input` is about to be handed to the bank at `now`.
    fn handling(&mut self, _now: Instant, _input: &Input) {}

    /// The bank has taken it, and wishes for `effects`. None of them has left.
    fn handled(&mut self, _now: Instant, _effects: &[Effect], _bank: &Bank) {}

    /// `act` leaves: every record that it depends on is committed.
    fn released(&mut self, now: Instant, act: &Act);
}

impl<F: FnMut(&Notice)> Witness for F {
    fn released(&mut self, _now: Instant, act: &Act) {
        match act {
            Act::Notice(notice) => self(notice),
            Act::Reply { .. } | Act::Ask { .. } => {}
        }
    }
}
