//! [`Witness`]: who sees everything that the driver does, and has no part in it.
//!
//! Metrics and logs hear of notices, a recorder of inputs, and a test's oracles of all of it. A witness must be quick:
//! the driver waits for it.

use plimsoll_core::bank::{Act, Bank, Effect, Input, Notice, Record};
use plimsoll_core::outbox::{Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};

use crate::recorder::Answered;

/// Sees what one driver does, in the order in which it is done. A closure over notices is one that sees nothing else.
pub trait Witness {
    /// `input` is about to be handed to the bank at `now`.
    fn handling(&mut self, _now: Instant, _input: &Input) {}

    /// The bank has taken it, and wishes for `effects`. None of them has left.
    fn handled(&mut self, _now: Instant, _effects: &[Effect], _bank: &Bank) {}

    /// `act` leaves: every record that it depends on is committed.
    fn released(&mut self, now: Instant, act: &Act);

    /// The journal is about to be asked `request`.
    fn asked(&mut self, _now: Instant, _wall: WallClock, _request: &StoreRequest) {}

    /// The journal answered, and the outbox has taken it.
    fn answered(&mut self, _now: Instant, _answer: Answered) {}

    /// A turn of the driver begins its wait: everything that may be done is done. The first comes before any input.
    fn turned(&mut self, _now: Instant, _wall: WallClock, _bank: &Bank, _outbox: &Outbox<Record, Act>) {}

    /// The driver has ended as it was told to: everything is committed and has left.
    fn ended(&mut self) {}
}

impl<F: FnMut(&Notice)> Witness for F {
    fn released(&mut self, _now: Instant, act: &Act) {
        match act {
            Act::Notice(notice) => self(notice),
            Act::Reply { .. } | Act::Ask { .. } | Act::Queue { .. } => {}
        }
    }
}

/// Two witnesses, the second of whom need not be there.
impl<A: Witness, B: Witness> Witness for (A, Option<B>) {
    fn handling(&mut self, now: Instant, input: &Input) {
        self.0.handling(now, input);
        self.1.iter_mut().for_each(|one| one.handling(now, input));
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        self.0.handled(now, effects, bank);
        self.1.iter_mut().for_each(|one| one.handled(now, effects, bank));
    }

    fn released(&mut self, now: Instant, act: &Act) {
        self.0.released(now, act);
        self.1.iter_mut().for_each(|one| one.released(now, act));
    }

    fn asked(&mut self, now: Instant, wall: WallClock, request: &StoreRequest) {
        self.0.asked(now, wall, request);
        self.1.iter_mut().for_each(|one| one.asked(now, wall, request));
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        self.0.answered(now, answer);
        self.1.iter_mut().for_each(|one| one.answered(now, answer));
    }

    fn turned(&mut self, now: Instant, wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        self.0.turned(now, wall, bank, outbox);
        self.1
            .iter_mut()
            .for_each(|one| one.turned(now, wall, bank, outbox));
    }

    fn ended(&mut self) {
        self.0.ended();
        self.1.iter_mut().for_each(Witness::ended);
    }
}
