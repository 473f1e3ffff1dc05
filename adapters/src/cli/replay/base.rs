//! [`Base`]: the durable state from which a recorded life begins, read from the journal that was recorded.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

use plimsoll_core::bank::{Record, State};
use plimsoll_core::journal::{Head, Position};

use crate::cli::block_on;
use crate::driver::spawn::start_thread;
use crate::recorder::{KeyId, Opening, Redactor};
use crate::store::{StoreError, read_batches};

/// How many batches may be read ahead.
const BATCHES_AHEAD: usize = 16;

/// Why there is nothing to begin from.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaseError {
    /// The recording begins behind the first record, and no journal was given.
    #[error("it begins at position {position} of a journal: name the journal with --journal")]
    NoJournal {
        /// Where it begins.
        position: Position,
    },
    /// The journal's texts cannot be redacted as the recording's were.
    #[error(
        "it was redacted with key {wanted}, and the key that was given is {given}: set PLIMSOLL_RECORD__KEY to the one \
         that the server had"
    )]
    Key {
        /// What the recording says.
        wanted: KeyId,
        /// What was given.
        given: KeyId,
    },
    /// The journal ends too early.
    #[error("journal {} ends at position {ends}, and it begins at {position}: take a later copy", path.display())]
    TooShort {
        /// The journal.
        path: PathBuf,
        /// Where it ends.
        ends: Position,
        /// Where the recording begins.
        position: Position,
    },
    /// The journal went another way.
    #[error("journal {} is not the one that was recorded: it differs at position {position}", path.display())]
    Another {
        /// The journal.
        path: PathBuf,
        /// Where.
        position: Position,
    },
    /// The recording goes back behind what was read.
    #[error(
        "it begins at position {position}, behind a life that began later: replay the segments one by one"
    )]
    Backwards {
        /// Where it begins.
        position: Position,
    },
    /// The journal cannot be read.
    #[error("{0}")]
    Journal(#[from] StoreError),
    /// The reader did not start.
    #[error("a thread to read the journal cannot be started")]
    Thread(#[from] std::io::Error),
}

type Batch = Result<(Head, Vec<Record>), StoreError>;

/// The state at some position of the journal, redacted.
#[derive(Debug)]
pub(super) struct Base {
    journal: Option<(PathBuf, Receiver<Batch>)>,
    redactor: Redactor,
    reached: Head,
    state: State,
}

impl Base {
    /// The empty state, from which `journal` leads on.
    pub(super) fn new(journal: Option<&Path>, redactor: Redactor) -> Result<Self, BaseError> {
        let journal = journal.map(|path| Ok::<_, std::io::Error>((path.to_owned(), read(path)?)));
        Ok(Self {
            journal: journal.transpose()?,
            redactor,
            reached: Head::default(),
            state: State::default(),
        })
    }

    /// Goes on to where `opening` begins in the journal, and shows each batch on the way to `each`.
    pub(super) fn advance(
        &mut self,
        opening: &Opening,
        mut each: impl FnMut(&[Record], &Head),
    ) -> Result<(), BaseError> {
        let wanted = opening.outbox.head;
        let position = wanted.position;
        if position < self.reached.position {
            return Err(BaseError::Backwards { position });
        }
        if position > self.reached.position {
            self.check_key(opening.key)?;
        }
        while self.reached.position < position {
            let (head, records) = self.next(position)?;
            records.iter().for_each(|record| self.state.apply(record));
            self.reached = head;
            each(&records, &head);
        }
        if position > Position::ZERO && (self.reached.position, self.reached.hash) != (position, wanted.hash)
        {
            let path = self
                .journal
                .as_ref()
                .map(|(path, _)| path.clone())
                .unwrap_or_default();
            return Err(BaseError::Another { path, position });
        }
        Ok(())
    }

    /// The state there.
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// The next batch of the journal, redacted.
    fn next(&self, position: Position) -> Result<(Head, Vec<Record>), BaseError> {
        let Some((path, batches)) = &self.journal else {
            return Err(BaseError::NoJournal { position });
        };
        let Ok(batch) = batches.recv() else {
            return Err(BaseError::TooShort {
                path: path.clone(),
                ends: self.reached.position,
                position,
            });
        };
        let (head, records) = batch?;
        Ok((
            head,
            records
                .into_iter()
                .map(|record| self.redactor.record(record))
                .collect(),
        ))
    }

    fn check_key(&self, wanted: KeyId) -> Result<(), BaseError> {
        let given = self.redactor.key_id();
        if self.journal.is_none() || given == wanted {
            return Ok(()); // without a journal the key is not what is missing
        }
        Err(BaseError::Key { wanted, given })
    }
}

/// Reads the journal at `path` in a thread of its own, which ends when nobody listens any more.
fn read(path: &Path) -> std::io::Result<Receiver<Batch>> {
    let (sender, batches) = sync_channel(BATCHES_AHEAD);
    let path = path.to_owned();
    let work = move || {
        let each = |head, records| match sender.send(Ok((head, records))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        match block_on(read_batches(&path, each)) {
            Ok(Ok(())) => {}
            // If nobody listens any more, nobody misses it.
            Ok(Err(error)) => drop(sender.send(Err(error))),
            Err(error) => tracing::error!(%error, "the journal was not read: a runtime did not start"),
        }
    };
    start_thread("journal reader", work)?;
    Ok(batches)
}
