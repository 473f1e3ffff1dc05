//! [`Seat`]: where the simulator's oracles watch the real driver from.

use std::cell::RefCell;
use std::rc::Rc;

use plimsoll_adapters::driver::Witness;
use plimsoll_adapters::recorder::{Answered, HeadSeen};
use plimsoll_core::bank::{Act, Bank, Effect, Input, Record};
use plimsoll_core::outbox::{Appended, Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};
use plimsoll_sim::oracle::panel::Panel;

/// The seat of the panel in the driver.
pub(crate) struct Seat(pub(crate) Rc<RefCell<Panel>>);

impl Witness for Seat {
    fn handling(&mut self, _now: Instant, input: &Input) {
        self.0.borrow_mut().handling(input);
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        self.0.borrow_mut().handled(now, effects, bank);
    }

    fn released(&mut self, now: Instant, act: &Act) {
        self.0.borrow_mut().released(now, act);
    }

    fn asked(&mut self, _now: Instant, _wall: WallClock, request: &StoreRequest) {
        self.0.borrow_mut().asked(request);
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        let is_committed = match answer {
            Answered::Appended(appended) => appended == Appended::Committed,
            Answered::Head(seen) => seen == HeadSeen::Committed,
        };
        self.0.borrow_mut().answered(now, is_committed);
    }

    fn turned(&mut self, now: Instant, _wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        self.0.borrow_mut().turned(now, bank, outbox);
    }
}
