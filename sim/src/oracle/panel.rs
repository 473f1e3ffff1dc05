//! [`Panel`]: the oracles that need nothing but what a driver does, for whoever runs a real one instead of the engine.
//!
//! The driver's witness hands on what it is told, and whoever kills the process says so. Each life of the process has a
//! clock of its own, that begins at zero.

use plimsoll_core::bank::{Act, Bank, BankConfig, Effect, Input, Record};
use plimsoll_core::journal::{Batch, ChainHash, Head};
use plimsoll_core::outbox::{Outbox, StoreRequest};
use plimsoll_core::time::Instant;

use super::of_recording;
use crate::fault::{CrashLoss, Fault, ProcessFault};
use crate::world::observe::{Observation, Oracle, Violation};

/// The oracles, and the first thing that one of them complained of.
pub struct Panel {
    oracles: Vec<Box<dyn Oracle + Send>>,
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

impl Panel {
    /// Oracles for a bank with `config`.
    #[must_use]
    pub fn new(config: &BankConfig) -> Self {
        Self {
            oracles: of_recording(config, true),
            violation: None,
            input: None,
            asked: None,
            head: Head::default(),
            batches: 0,
            standing: None,
        }
    }

    /// What one of them complained of, if one did.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// The bank, if its process is up and nothing waits for a commit.
    #[must_use]
    pub fn settled_bank(&self) -> Option<&Bank> {
        let (_, bank, uncommitted) = self.standing.as_ref()?;
        uncommitted.is_empty().then_some(bank)
    }

    /// A process begins with the bank that it recovered, and the journal's head with its own epoch.
    pub fn began(&mut self, bank: &Bank, durable: &Head) {
        self.head.epoch = durable.epoch;
        self.see(Instant::ZERO, &Observation::Restarted { bank, durable });
    }

    /// The process is gone, with `loss` of what was not durable, and left the batches of `journal`, from the first on.
    ///
    /// # Panics
    /// When the outbox wrote what cannot be read.
    pub fn crashed<'j>(&mut self, loss: CrashLoss, journal: impl Iterator<Item = (&'j ChainHash, &'j [u8])>) {
        let Some((at, bank, mut uncommitted)) = self.standing.take() else {
            return; // it had not begun
        };
        (self.input, self.asked) = (None, None);
        for (hash, bytes) in journal.skip(self.batches) {
            let kept = self.committed(at, hash, bytes);
            uncommitted.drain(..kept.min(uncommitted.len()));
        }
        let fault = &Fault::Process {
            fault: ProcessFault::Crash { loss },
        };
        let is_over = false;
        self.see(at, &Observation::Fault { fault, is_over });
        let durable = self.head;
        let crashed = Observation::Crashed {
            bank: &bank,
            uncommitted: &uncommitted,
            durable: &durable,
        };
        self.see(at, &crashed);
        let is_over = true;
        self.see(at, &Observation::Fault { fault, is_over });
    }

    /// `input` is about to be handed to the bank.
    pub fn handling(&mut self, input: &Input) {
        self.input = Some(input.clone());
    }

    /// The bank has taken it, and wishes for `effects`.
    pub fn handled(&mut self, now: Instant, effects: &[Effect], bank: &Bank) {
        let Some(input) = self.input.take() else {
            unreachable!("an input is announced before it is handled")
        };
        let handled = Observation::Handled {
            input: &input,
            effects,
            bank,
        };
        self.see(now, &handled);
    }

    /// `act` leaves.
    pub fn released(&mut self, now: Instant, act: &Act) {
        self.see(now, &Observation::Released { act });
    }

    /// The journal is about to be asked.
    pub fn asked(&mut self, request: &StoreRequest) {
        match request {
            StoreRequest::Append(batch) => self.asked = Some(batch.clone()),
            StoreRequest::ReadHead => {}
        }
    }

    /// The journal answered, and by that the batch that it was asked to keep is known to be durable, or not.
    ///
    /// # Panics
    /// When the outbox wrote what cannot be read.
    pub fn answered(&mut self, now: Instant, is_committed: bool) {
        if is_committed && let Some(batch) = self.asked.take() {
            self.committed(now, &batch.hash, &batch.bytes);
        }
    }

    /// The driver begins to wait: everything that may be done is done.
    pub fn turned(&mut self, now: Instant, bank: &Bank, outbox: &Outbox<Record, Act>) {
        let uncommitted = outbox.uncommitted().cloned().collect();
        self.standing = Some((now, bank.clone(), uncommitted));
    }

    /// A batch is durable. Returns how many records it has.
    fn committed(&mut self, at: Instant, hash: &ChainHash, bytes: &[u8]) -> usize {
        let opened = match Batch::open::<Record>(&mut self.head, hash, bytes) {
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
