//! From the journal to the events in the file: follows what is committed, and nothing else.
//!
//! Who is told of a transaction depends on what came before, so the journal is read from its first record at each start; what
//! is behind the checkpoint is not written again.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::bank::Record;
use plimsoll_core::journal::{Head, Position};
use plimsoll_core::money::Registry;
use plimsoll_core::webhook::{Deriver, EventId, Happening};
use tokio::sync::watch;

use super::payload;
use super::store::{DeskError, Store, Written};
use crate::driver::Pulse;
use crate::store::JournalReader;

/// How many events are written at once, and a batch's more.
const EVENTS_PER_STEP: usize = 512;
/// How many batches are read at once, so that no reading keeps the journal's log from being tidied for long.
const BATCHES_PER_STEP: usize = 256;
/// The least time between two readings: under load one reading takes in many commits.
const PACE: Duration = Duration::from_millis(20);
/// The pause after a reading that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows a journal.
pub(super) struct Projector {
    pub(super) journal: PathBuf,
    pub(super) store: Arc<Store>,
    pub(super) registry: Registry,
    /// Up to where events can be read.
    pub(super) tail: watch::Sender<EventId>,
}

/// A reading, and who is told of what was read.
struct Reading {
    reader: JournalReader,
    deriver: Deriver,
    /// What is behind this is in the file.
    checkpoint: Position,
}

impl Projector {
    /// Follows for ever what the driver whose `pulse` this is commits. A journal or a file that cannot be read is read again.
    pub(super) async fn follow(self, mut pulse: watch::Receiver<Pulse>) -> Infallible {
        loop {
            let error = match self.begin().await {
                Ok(reading) => self.go_on(reading, &mut pulse).await,
                Err(error) => error,
            };
            tell(&error);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn begin(&self) -> Result<Reading, DeskError> {
        let (checkpoint, _) = self.store.checkpoint().await?;
        self.tell(checkpoint);
        Ok(Reading {
            reader: JournalReader::open(&self.journal).await?,
            deriver: Deriver::default(),
            checkpoint,
        })
    }

    async fn go_on(&self, mut reading: Reading, pulse: &mut watch::Receiver<Pulse>) -> DeskError {
        loop {
            match self.step(&mut reading).await {
                Ok(true) => {}
                Ok(false) => {
                    let reached = reading.reader.reached().position.count();
                    let more = pulse.wait_for(|pulse| pulse.committed > reached);
                    if more.await.is_err() {
                        std::future::pending::<()>().await; // the driver has ended, and so will this
                    }
                    tokio::time::sleep(PACE).await;
                }
                Err(error) => return error,
            }
        }
    }

    /// Reads a piece of the journal; false at its end.
    async fn step(&self, reading: &mut Reading) -> Result<bool, DeskError> {
        let (mut events, mut batches) = (Vec::new(), 0);
        let before = reading.reader.reached();
        let (deriver, checkpoint) = (&mut reading.deriver, reading.checkpoint);
        let mut position = before.position;
        let each = |to: Head, records: Vec<Record>| {
            for record in &records {
                position = position.after(1);
                let told = deriver.take(position, record);
                // Whose events are in the file already was derived for what comes after them alone.
                events.extend(told.into_iter().filter(|_| position > checkpoint));
            }
            assert_eq!(position, to.position, "a batch has as many records as it says");
            batches += 1;
            if batches >= BATCHES_PER_STEP || events.len() >= EVENTS_PER_STEP {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        reading.reader.read_on(each).await?;
        let reached = reading.reader.reached();
        if reached == before {
            return Ok(false);
        }
        if reached.position > checkpoint {
            let write = |happening: &Happening| Written {
                event: happening.event,
                body: payload::of_event(happening, &self.registry),
            };
            let written: Vec<Written> = events.iter().map(write).collect();
            self.store.append(&written, &reached).await?;
            reading.checkpoint = reached.position;
            self.tell(reached.position);
        }
        Ok(true)
    }

    fn tell(&self, position: Position) {
        self.tail.send_if_modified(|tail| {
            let reached = EventId::end_of(position);
            let is_further = *tail < reached;
            *tail = reached.max(*tail);
            is_further
        });
    }
}

fn tell(error: &DeskError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "no events for webhooks for now: the journal is read again");
}
