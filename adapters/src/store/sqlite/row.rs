//! Batches as rows: writing one, and reading all of them back as a verified chain.

use std::path::Path;

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use plimsoll_core::journal::{Batch, BatchError, ChainHash, Head, OpenedBatch};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use super::{position, to_column};
use crate::store::error::StoreError;

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

/// after, last, epoch, previous, hash, bytes.
type Row = (i64, i64, i64, Vec<u8>, Vec<u8>, Vec<u8>);

/// Every stored batch, oldest first, each verified against the ones before it.
pub(in crate::store) struct Batches<'a> {
    path: &'a Path,
    rows: BoxStream<'a, Result<Row, sqlx::Error>>,
    reached: Head,
}

impl<'a> Batches<'a> {
    /// Begins to read with `connection` the journal at `path`.
    pub(in crate::store) fn read(connection: &'a mut SqliteConnection, path: &'a Path) -> Self {
        let sql = "SELECT after, last, epoch, previous, hash, bytes FROM batches ORDER BY after";
        Self {
            path,
            rows: sqlx::query_as(sql).fetch(connection),
            reached: Head::default(),
        }
    }

    /// The next batch; `None` after the last.
    pub(in crate::store) async fn next<R: DeserializeOwned>(
        &mut self,
    ) -> Result<Option<OpenedBatch<R>>, StoreError> {
        let read = |source| StoreError::Read {
            path: self.path.to_owned(),
            source,
        };
        let Some(row) = self.rows.try_next().await.map_err(read)? else {
            return Ok(None);
        };
        self.open(&row).map(Some)
    }

    /// The head that the batches so far lead to, with the epoch of the last of them.
    pub(in crate::store) const fn reached(&self) -> &Head {
        &self.reached
    }

    /// Checks, after the last batch, that the head row names it.
    pub(in crate::store) fn finish(&self, stored: &Head) -> Result<(), StoreError> {
        let reached = &self.reached;
        if (reached.position, reached.hash) == (stored.position, stored.hash) && reached.epoch <= stored.epoch
        {
            return Ok(());
        }
        Err(StoreError::Head {
            path: self.path.to_owned(),
            reached: reached.position,
            head: stored.position,
        })
    }

    fn open<R: DeserializeOwned>(&mut self, row: &Row) -> Result<OpenedBatch<R>, StoreError> {
        let (after, last, epoch, previous, hash, bytes) = row;
        let fail = |source| StoreError::Batch {
            path: self.path.to_owned(),
            source,
        };
        let expected = self.reached.position;
        let column = |column| StoreError::Column {
            path: self.path.to_owned(),
            after: expected,
            column,
        };
        let after = position(*after).ok_or_else(|| column("after"))?;
        if after != expected {
            return Err(fail(BatchError::Gap { after, expected }));
        }
        let hash = ChainHash(<[u8; 32]>::try_from(hash.as_slice()).map_err(|_| column("hash"))?);
        if self.reached.hash.0.as_slice() != previous.as_slice() {
            return Err(column("previous"));
        }
        let mut reached = self.reached;
        let opened = Batch::open(&mut reached, &hash, bytes).map_err(fail)?;
        if position(*last) != Some(reached.position) {
            return Err(column("last"));
        }
        if u64::try_from(*epoch).ok() != Some(reached.epoch) {
            return Err(column("epoch"));
        }
        self.reached = reached;
        Ok(opened)
    }
}
