//! [`Seat`]: where the simulator's oracles watch the real driver from.

use std::cell::RefCell;
use std::hash::Hash;
use std::rc::Rc;

use plimsoll_adapters::driver::Witness;
use plimsoll_adapters::recorder::{Answered, HeadSeen};
use plimsoll_core::bank::{Act, Bank, Effect, Event, Input, Record};
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::outbox::{Appended, Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};
use plimsoll_sim::fault::Cue;
use plimsoll_sim::oracle::panel::Panel;
use plimsoll_sim::world::{cue_of_notice, cue_of_record};

use crate::course::Course;
use crate::stage;

/// What is counted of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// How often the process began.
    pub(crate) starts: usize,
    /// How many requests the bank took.
    pub(crate) requests: usize,
    /// When the driver heard of each batch that it is durable.
    pub(crate) commits: Vec<Instant>,
}

/// The seat of the panel in the driver. What is seen from there is part of the run's course.
#[derive(Clone)]
pub(crate) struct Seat {
    /// The oracles.
    pub(crate) panel: Rc<RefCell<Panel>>,
    course: Course,
    /// What happened that a fault may wait for, and nobody took yet.
    happened: Rc<RefCell<Vec<Cue>>>,
    tally: Rc<RefCell<Tally>>,
    /// The records that the journal was asked to keep last.
    asked: Vec<Record>,
}

impl Seat {
    /// A seat of `panel`. What is seen from there is noted in `course`.
    pub(crate) fn new(panel: &Rc<RefCell<Panel>>, course: &Course) -> Self {
        Self {
            panel: Rc::clone(panel),
            course: course.clone(),
            happened: Rc::default(),
            tally: Rc::default(),
            asked: Vec::new(),
        }
    }

    /// What was counted.
    pub(crate) fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// What happened since somebody last asked that a fault may wait for.
    pub(crate) fn take_happened(&self) -> Vec<Cue> {
        self.happened.take()
    }

    fn happens(&self, cue: Cue) {
        self.happened.borrow_mut().push(cue);
    }

    /// A process begins with the bank that it recovered, and the journal's head with its own epoch.
    pub(crate) fn began(&self, bank: &Bank, durable: &Head) {
        self.note("began", durable);
        self.happens(Cue::Start);
        self.tally.borrow_mut().starts += 1;
        self.panel.borrow_mut().began(bank, durable);
    }

    fn note(&self, what: &str, value: &impl Hash) {
        self.course.note(stage::now(), what, value);
    }
}

impl Witness for Seat {
    fn handling(&mut self, _now: Instant, input: &Input) {
        self.note("input", input);
        match input.event {
            Event::Command { .. } | Event::Query { .. } => {
                self.happens(Cue::Request);
                self.tally.borrow_mut().requests += 1;
            }
            Event::Answered { .. } | Event::Queued { .. } | Event::Tick => {}
        }
        self.panel.borrow_mut().handling(input);
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        self.note("effects", &effects);
        self.panel.borrow_mut().handled(now, effects, bank);
    }

    fn released(&mut self, now: Instant, act: &Act) {
        self.note("released", act);
        let cue = match act {
            Act::Ask { endpoint, .. } => Some(Cue::Question {
                endpoint: endpoint.index,
            }),
            Act::Notice(notice) => cue_of_notice(notice),
            Act::Reply { .. } | Act::Queue { .. } => None,
        };
        cue.into_iter().for_each(|cue| self.happens(cue));
        self.panel.borrow_mut().released(now, act);
    }

    fn asked(&mut self, _now: Instant, _wall: WallClock, request: &StoreRequest) {
        self.note("asked", request);
        if let StoreRequest::Append(batch) = request {
            self.asked = records(batch);
        }
        self.panel.borrow_mut().asked(request);
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        self.course.tell(stage::now(), "answered", &answer);
        let is_committed = match answer {
            Answered::Appended(appended) => appended == Appended::Committed,
            Answered::Head(seen) => seen == HeadSeen::Committed,
        };
        self.panel.borrow_mut().answered(now, is_committed);
        if is_committed {
            self.happens(Cue::Commit);
            self.tally.borrow_mut().commits.push(stage::now());
            let records = std::mem::take(&mut self.asked);
            let cues = records.iter().filter_map(cue_of_record);
            cues.for_each(|cue| self.happens(cue));
        }
    }

    fn turned(&mut self, now: Instant, _wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        self.panel.borrow_mut().turned(now, bank, outbox);
    }
}

/// The records of a batch.
fn records(batch: &Batch) -> Vec<Record> {
    let mut before = Head {
        position: batch.after,
        hash: batch.previous,
        epoch: batch.epoch,
    };
    match Batch::open(&mut before, &batch.hash, &batch.bytes) {
        Ok(opened) => opened.records,
        Err(error) => unreachable!("the outbox wrote what cannot be read: {error}"),
    }
}
