//! [`Seat`]: where the simulator's oracles watch the real driver from.

use std::cell::RefCell;
use std::hash::Hash;
use std::rc::Rc;

use plimsoll_adapters::driver::Witness;
use plimsoll_adapters::recorder::{Answered, HeadSeen};
use plimsoll_core::bank::{Act, Bank, Effect, Input, Record};
use plimsoll_core::journal::Head;
use plimsoll_core::outbox::{Appended, Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};
use plimsoll_sim::oracle::panel::Panel;

use crate::course::Course;
use crate::stage;

/// The seat of the panel in the driver. What is seen from there is part of the run's course.
#[derive(Clone)]
pub(crate) struct Seat {
    /// The oracles.
    pub(crate) panel: Rc<RefCell<Panel>>,
    /// What was done so far.
    pub(crate) course: Course,
}

impl Seat {
    /// A process begins with the bank that it recovered, and the journal's head with its own epoch.
    pub(crate) fn began(&self, bank: &Bank, durable: &Head) {
        self.note("began", durable);
        self.panel.borrow_mut().began(bank, durable);
    }

    fn note(&self, what: &str, value: &impl Hash) {
        self.course.note(stage::now(), what, value);
    }
}

impl Witness for Seat {
    fn handling(&mut self, _now: Instant, input: &Input) {
        self.note("input", input);
        self.panel.borrow_mut().handling(input);
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        self.note("effects", &effects);
        self.panel.borrow_mut().handled(now, effects, bank);
    }

    fn released(&mut self, now: Instant, act: &Act) {
        self.note("released", act);
        self.panel.borrow_mut().released(now, act);
    }

    fn asked(&mut self, _now: Instant, _wall: WallClock, request: &StoreRequest) {
        self.note("asked", request);
        self.panel.borrow_mut().asked(request);
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        self.course.tell(stage::now(), "answered", &answer);
        let is_committed = match answer {
            Answered::Appended(appended) => appended == Appended::Committed,
            Answered::Head(seen) => seen == HeadSeen::Committed,
        };
        self.panel.borrow_mut().answered(now, is_committed);
    }

    fn turned(&mut self, now: Instant, _wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        self.panel.borrow_mut().turned(now, bank, outbox);
    }
}
