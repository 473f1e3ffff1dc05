//! A script: the inputs of a run of the bank, to be played again and again on copies of one bank.

use std::hash::Hash as _;

use plimsoll_core::bank::{Bank, Input};
use plimsoll_core::digest::Digest;
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::time::Instant;

use crate::took::{Took, timed};

/// What happened, in order, and when.
pub type Script = Vec<(Instant, Input)>;

/// A bank that is played to, with the rolling digest of everything that it was told and said.
pub struct Player {
    /// The bank.
    pub bank: Bank,
    /// Of (time, sequence, input, effects), as the simulator keeps it.
    pub digest: Digest,
    sequence: u64,
    fx: Effects<plimsoll_core::bank::Effect>,
}

impl Player {
    /// A player of `bank`.
    #[must_use]
    pub fn new(bank: Bank) -> Self {
        Self {
            bank,
            digest: Digest::new(),
            sequence: 0,
            fx: Effects::new(),
        }
    }

    /// Plays `script` and says how long the bank and the digest took. The effects are dropped.
    pub fn play(&mut self, script: Script) -> Took {
        let (took, ()) = timed(|| {
            for (now, input) in script {
                self.sequence += 1;
                (now, self.sequence, &input).hash(&mut self.digest);
                self.bank.handle(now, input, &mut self.fx);
                self.fx.hash(&mut self.digest);
                drop(self.fx.drain());
            }
        });
        took
    }
}
