//! Reads a journal batch by batch, beside a writer that may be at work.

use std::ops::ControlFlow;
use std::path::Path;

use plimsoll_core::bank::Record;
use plimsoll_core::journal::{Head, OpenedBatch};
use sqlx::Connection as _;

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
        sqlite::read(&mut connection, path, &stored, each).await?;
    // Nothing was written, so a failure to close loses nothing.
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the journal that was read did not close cleanly");
    }
    Ok(())
}
