//! Reads a journal batch by batch, beside a writer that may be at work.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use plimsoll_core::bank::Record;
use plimsoll_core::journal::{ChainHash, Head, OpenedBatch, Position};
use sqlx::{Connection as _, SqliteConnection};

use super::error::StoreError;
use super::sqlite::{self, open_read_only, read_head};

/// Reads the journal at `path` from its first batch, verifies each, and gives it to `each` with the head that it leads to,
/// until that breaks off or there are no more. No lock is taken and nothing is written.
///
/// # Errors
/// [`StoreError`]: the journal cannot be opened or read, or is not the chain that was written. `each` then saw only what is
/// right.
pub async fn read_batches(
    path: &Path,
    mut each: impl FnMut(Head, Vec<Record>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut connection = open_read_only(path).await?;
    let unreadable = |source| StoreError::Read {
        path: path.to_owned(),
        source,
    };
    // One snapshot for everything: a writer may append meanwhile.
    sqlx::raw_sql("BEGIN")
        .execute(&mut connection)
        .await
        .map_err(unreadable)?;
    let stored = read_head(&mut connection).await.map_err(unreadable)?;
    let each = |opened: OpenedBatch<Record>, reached: &Head| each(*reached, opened.records);
    let (ControlFlow::Continue(()) | ControlFlow::Break(())) =
        sqlite::read(&mut connection, path, Head::default(), &stored, each).await?;
    // Nothing was written, so a failure to close loses nothing.
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the journal that was read did not close cleanly");
    }
    Ok(())
}

/// Follows a journal from its first batch, beside the writer. No lock is taken and nothing is written.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    connection: SqliteConnection,
    reached: Head,
}

impl JournalReader {
    /// A reader that has read nothing of the journal at `path`.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            path: path.to_owned(),
            connection: open_read_only(path).await?,
            reached: Head::default(),
        })
    }

    /// The last batch that was read.
    #[must_use]
    pub const fn reached(&self) -> Head {
        self.reached
    }

    /// Reads on: gives each further batch, verified, to `each` with the head that it leads to, until that breaks off or there
    /// are no more.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be read, or is not the chain that was written.
    pub async fn read_on(
        &mut self,
        mut each: impl FnMut(Head, Vec<Record>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let unreadable = |source| StoreError::Read {
            path: self.path.clone(),
            source,
        };
        let mut transaction = self.connection.begin().await.map_err(unreadable)?;
        let stored = read_head(&mut transaction).await.map_err(unreadable)?;
        let from = self.reached;
        let reached = &mut self.reached;
        let give = |opened: OpenedBatch<Record>, to: &Head| {
            *reached = *to;
            each(*to, opened.records)
        };
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) =
            sqlite::read(&mut transaction, &self.path, from, &stored, give).await?;
        transaction.rollback().await.map_err(|source| StoreError::Read {
            path: self.path.clone(),
            source,
        })
    }
}

/// The hash of the batch that ends at `position` of the journal at `path`; `None` if none does.
///
/// # Errors
/// [`StoreError`]: the journal cannot be opened or read.
pub async fn hash_at(path: &Path, position: Position) -> Result<Option<ChainHash>, StoreError> {
    let mut connection = open_read_only(path).await?;
    let unreadable = |source| StoreError::Read {
        path: path.to_owned(),
        source,
    };
    if position == Position::ZERO {
        return Ok(Some(ChainHash::default()));
    }
    let last = sqlite::to_column(position.count()).map_err(unreadable)?;
    let hash: Option<Vec<u8>> = sqlx::query_scalar("SELECT hash FROM batches WHERE last = ?")
        .bind(last)
        .fetch_optional(&mut connection)
        .await
        .map_err(unreadable)?;
    Ok(hash.and_then(|hash| hash.try_into().ok()).map(ChainHash))
}
