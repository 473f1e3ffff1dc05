//! Writing a batch as a row.

use plimsoll_core::journal::Batch;
use sqlx::SqliteConnection;

use super::to_column;

/// Moves the head past `batch` and inserts it. `false`: the head is not what the batch follows, nothing was done.
pub(super) async fn write(connection: &mut SqliteConnection, batch: &Batch) -> Result<bool, sqlx::Error> {
    let (after, last) = (to_column(batch.after.count())?, to_column(batch.last.count())?);
    let epoch = to_column(batch.epoch)?;
    let moved = sqlx::query(
        "UPDATE log_head SET position = ?, hash = ? WHERE epoch = ? AND position = ? AND hash = ?",
    )
    .bind(last)
    .bind(batch.hash.0.as_slice())
    .bind(epoch)
    .bind(after)
    .bind(batch.previous.0.as_slice())
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("INSERT INTO batches (after, last, epoch, previous, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(after)
        .bind(last)
        .bind(epoch)
        .bind(batch.previous.0.as_slice())
        .bind(batch.hash.0.as_slice())
        .bind(batch.bytes.as_slice())
        .execute(connection)
        .await?;
    Ok(true)
}
