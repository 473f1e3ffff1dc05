//! The embedded journal: one SQLite file, one connection that writes.
//!
//! Each batch is one transaction that moves the head row and inserts the batch, with the head's epoch, position and
//! hash as its condition: a writer that was fenced off changes nothing, whatever it believes. WAL with
//! `synchronous=FULL` syncs the log before a commit returns; both settings are read back, never assumed.
//!
//! After an error the connection is thrown away and a new one is made when it is next needed. That is not a
//! convenience: a connection whose COMMIT failed may still be inside its transaction and would show the batch as
//! if it were durable.

mod chain;
mod connect;
mod row;

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use plimsoll_core::journal::{Batch, Head, OpenedBatch, Position};
use plimsoll_core::outbox::Appended;
use serde::de::DeserializeOwned;
use sqlx::{Connection as _, SqliteConnection};

use super::error::StoreError;
use super::journal::{Journal, Progress};
use super::lock::Lock;
pub(super) use chain::read;
pub(super) use connect::to_column;
pub(super) use connect::{open_read_only, read_head};

/// What to do when there is no journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Make one.
    CreateIfMissing,
    /// Refuse: the journal should be there, and an empty one would forget every credit.
    MustExist,
}

/// A journal in a SQLite file, locked and opened for one epoch.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    epoch: u64,
    /// Absent after an error, until it is next needed.
    connection: Option<SqliteConnection>,
    /// Whether a commit failed on a connection since the head was last read for certain.
    is_doubtful: bool,
    _lock: Lock,
}

impl SqliteJournal {
    /// Locks and opens the journal at `path`, and begins the next epoch: every earlier writer is fenced off.
    ///
    /// Nothing is verified yet but what the file is; [`Journal::replay`] verifies the rest.
    ///
    /// # Errors
    /// [`StoreError`]: locked, missing, not a journal, newer, damaged, or not writable. The file is then as before.
    pub async fn open(path: &Path, mode: Mode) -> Result<Self, StoreError> {
        let lock = Lock::take(path)?;
        let mut connection = connect::open_or_create(path, mode).await?;
        let epoch = connect::begin_epoch(&mut connection)
            .await
            .map_err(|source| StoreError::TakeOver {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            path: path.to_owned(),
            epoch,
            connection: Some(connection),
            is_doubtful: false,
            _lock: lock,
        })
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, made anew if an error took it.
    async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect::reopen(&self.path).await?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Throws the connection away and waits until its transaction is gone.
    async fn discard(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(path = %self.path.display(), %error, "a failing journal connection did not close cleanly");
        }
    }

    async fn try_append(&mut self, batch: &Batch) -> Step {
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(error) => return Step::Failed(error),
        };
        let mut transaction = match connection.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => transaction,
            Err(error) => return Step::Failed(error),
        };
        match row::write(&mut transaction, batch).await {
            Ok(true) => {}
            Ok(false) => return Step::Fenced,
            Err(error) => return Step::Failed(error),
        }
        match transaction.commit().await {
            Ok(()) => Step::Committed,
            Err(error) => Step::CommitFailed(error),
        }
    }

    async fn try_head(&mut self) -> Result<Head, sqlx::Error> {
        let is_doubtful = self.is_doubtful;
        let connection = self.connection().await?;
        if is_doubtful {
            connect::settle_log(connection).await?;
        }
        let head = read_head(connection).await?;
        self.is_doubtful = false;
        Ok(head)
    }
}

/// How far an append came.
enum Step {
    Committed,
    Fenced,
    /// Before the commit was sent: nothing is durable.
    Failed(sqlx::Error),
    /// At the commit: anything may be.
    CommitFailed(sqlx::Error),
}

impl Journal for SqliteJournal {
    type Error = StoreError;

    async fn append(&mut self, batch: &Batch) -> Appended {
        let step = self.try_append(batch).await;
        let path = self.path.display();
        let answer = match step {
            Step::Committed => return Appended::Committed,
            Step::Fenced => {
                tracing::error!(%path, after = %batch.after, epoch = batch.epoch, "another writer took the journal over");
                Appended::Fenced
            }
            Step::Failed(error) => {
                tracing::warn!(%path, after = %batch.after, %error, "a batch could not be written");
                Appended::Failed
            }
            Step::CommitFailed(error) => {
                tracing::warn!(%path, after = %batch.after, %error, "the outcome of a commit is unknown");
                self.is_doubtful = true;
                Appended::Unknown
            }
        };
        self.discard().await;
        answer
    }

    async fn head(&mut self) -> Option<Head> {
        match self.try_head().await {
            Ok(head) => Some(head),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the head of the journal cannot be read");
                self.discard().await;
                None
            }
        }
    }

    async fn replay<R>(
        &mut self,
        mut each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> Result<Head, StoreError>
    where
        R: DeserializeOwned + Send,
    {
        let (path, epoch) = (self.path.clone(), self.epoch);
        let read = |source| StoreError::Read {
            path: path.clone(),
            source,
        };
        let connection = self.connection().await.map_err(read)?;
        let stored = read_head(connection).await.map_err(read)?;
        let give = |opened, reached: &Head| -> ControlFlow<Infallible> {
            each(
                opened,
                Progress {
                    position: reached.position,
                    of: stored.position,
                },
            );
            ControlFlow::Continue(())
        };
        let ControlFlow::Continue(()) =
            chain::read(connection, &path, Head::default(), &stored, give).await?;
        Ok(Head { epoch, ..stored })
    }

    async fn close(mut self) {
        self.discard().await;
    }
}

/// A stored count as it is in core.
fn position(count: i64) -> Option<Position> {
    u64::try_from(count).ok().map(Position::new)
}

#[cfg(test)]
mod tests;
