//! [`Jury`]: the simulator's oracles, watching the real driver through its witness.

use std::cell::RefCell;
use std::rc::Rc;

use plimsoll_adapters::driver::{Recovered, Witness};
use plimsoll_adapters::recorder::{Answered, HeadSeen};
use plimsoll_core::bank::{Act, Bank, BankConfig, Effect, Input, Record};
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::outbox::{Appended, Outbox, StoreRequest};
use plimsoll_core::time::{Instant, WallClock};
use plimsoll_sim::fault::{CrashLoss, Fault, ProcessFault};
use plimsoll_sim::oracle;
use plimsoll_sim::world::observe::{Observation, Oracle, Violation};

use crate::journal::Disk;

/// The oracles that need nothing but what a driver does, and the first thing that one of them complained of.
pub(crate) struct Jury {
    oracles: Vec<Box<dyn Oracle>>,
    violation: Option<Violation>,
    input: Option<Input>,
    /// The batch that the journal was asked to keep last.
    asked: Option<Batch>,
    /// The end of what the oracles saw committed, and how many batches that is.
    head: Head,
    batches: usize,
    /// The bank and what waited for a commit when the driver last began to wait.
    standing: Option<(Instant, Bank, Vec<Record>)>,
}

impl Jury {
    /// Oracles for a bank with `config`.
    pub(crate) fn new(config: &BankConfig) -> Self {
        Self {
            oracles: oracle::of_recording(config, true),
            violation: None,
            input: None,
            asked: None,
            head: Head::default(),
            batches: 0,
            standing: None,
        }
    }

    /// What one of them complained of, if one did.
    pub(crate) const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// The bank, if nothing waits for a commit.
    pub(crate) fn settled_bank(&self) -> Option<&Bank> {
        let (_, bank, uncommitted) = self.standing.as_ref()?;
        uncommitted.is_empty().then_some(bank)
    }

    /// A process begins with what it recovered.
    pub(crate) fn began(&mut self, recovered: &Recovered) {
        self.head.epoch = recovered.head.epoch;
        let restarted = Observation::Restarted {
            bank: &recovered.bank,
            durable: &recovered.head,
        };
        self.see(Instant::ZERO, &restarted);
    }

    /// The process died, and left `disk`.
    pub(crate) fn crashed(&mut self, disk: &Disk) {
        let Some((at, bank, mut uncommitted)) = self.standing.take() else {
            return; // it had not begun
        };
        for batch in disk.batches().iter().skip(self.batches) {
            let kept = self.committed(at, batch);
            uncommitted.drain(..kept.min(uncommitted.len()));
        }
        let loss = CrashLoss::Lost;
        let fault = &Fault::Process {
            fault: ProcessFault::Crash { loss },
        };
        self.see(
            at,
            &Observation::Fault {
                fault,
                is_over: false,
            },
        );
        let durable = self.head;
        let crashed = Observation::Crashed {
            bank: &bank,
            uncommitted: &uncommitted,
            durable: &durable,
        };
        self.see(at, &crashed);
        self.see(at, &Observation::Fault { fault, is_over: true });
    }

    /// A batch is durable. Returns how many records it has.
    fn committed(&mut self, at: Instant, batch: &Batch) -> usize {
        let opened = match Batch::open::<Record>(&mut self.head, &batch.hash, &batch.bytes) {
            Ok(opened) => opened,
            Err(error) => unreachable!("the outbox wrote what cannot be read: {error}"),
        };
        self.batches += 1;
        let head = self.head;
        let records = &opened.records;
        self.see(at, &Observation::Committed { records, head: &head });
        records.len()
    }

    fn see(&mut self, at: Instant, seen: &Observation<'_>) {
        for oracle in &mut self.oracles {
            if self.violation.is_none() {
                self.violation = oracle.observe(at, seen).err();
            }
        }
    }
}

/// The seat of the jury in the driver.
pub(crate) struct Seat(pub(crate) Rc<RefCell<Jury>>);

impl Witness for Seat {
    fn handling(&mut self, _now: Instant, input: &Input) {
        self.0.borrow_mut().input = Some(input.clone());
    }

    fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        let mut jury = self.0.borrow_mut();
        let Some(input) = jury.input.take() else {
            unreachable!("an input is announced before it is handled")
        };
        let handled = Observation::Handled {
            input: &input,
            effects,
            bank,
        };
        jury.see(now, &handled);
    }

    fn released(&mut self, now: Instant, act: &Act) {
        self.0.borrow_mut().see(now, &Observation::Released { act });
    }

    fn asked(&mut self, _now: Instant, _wall: WallClock, request: &StoreRequest) {
        match request {
            StoreRequest::Append(batch) => self.0.borrow_mut().asked = Some(batch.clone()),
            StoreRequest::ReadHead => {}
        }
    }

    fn answered(&mut self, now: Instant, answer: Answered) {
        let is_committed = match answer {
            Answered::Appended(appended) => appended == Appended::Committed,
            Answered::Head(seen) => seen == HeadSeen::Committed,
        };
        let mut jury = self.0.borrow_mut();
        if is_committed && let Some(batch) = jury.asked.take() {
            jury.committed(now, &batch);
        }
    }

    fn turned(&mut self, now: Instant, _wall: WallClock, bank: &Bank, outbox: &Outbox<Record, Act>) {
        let uncommitted = outbox.uncommitted().cloned().collect();
        self.0.borrow_mut().standing = Some((now, bank.clone(), uncommitted));
    }
}
