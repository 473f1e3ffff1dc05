//! Reading every row back as a verified chain of batches.
//!
//! SQLite runs on a thread of its own and hands over row by row. Were it to wait for us at each row, or we for it, a
//! journal of a million small batches would spend its time on waking threads. So rows are read by the page, as many as
//! begin within the span of one full batch: while a page is verified and used here, the next one is read there, into a
//! buffer that holds it whole, and nobody waits. At most two pages are in memory.

use std::ops::ControlFlow;
use std::path::Path;

use futures_util::stream::{BoxStream, Fuse};
use futures_util::{FutureExt as _, StreamExt as _};
use plimsoll_core::journal::{Batch, BatchError, ChainHash, Head, OpenedBatch};
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{position, to_column};
use crate::store::error::StoreError;

/// How many rows a page can have: one for each position in it.
pub(super) const PAGE_ROWS_MAX: usize = BATCH_RECORDS_MAX;

/// A page begins with the first row at or after a position, wherever that is, so that a gap is seen for what it is. The
/// blobs come as one value, because handing over a value costs more than reading it.
const PAGE: &str = "
    SELECT after, last, epoch, CAST(previous || hash || bytes AS BLOB) FROM batches
    WHERE after >= ?1 AND after < (SELECT min(after) FROM batches WHERE after >= ?1) + ?2
    ORDER BY after";

/// Gives every batch of the journal at `path` behind `from`, oldest first and verified, to `each`, with the head that it leads
/// to. Ends where `each` breaks off, or checks that the last batch is the one that the head row `stored` names.
pub(in crate::store) async fn read<R: DeserializeOwned, B>(
    connection: &mut SqliteConnection,
    path: &Path,
    from: Head,
    stored: &Head,
    mut each: impl FnMut(OpenedBatch<R>, &Head) -> ControlFlow<B>,
) -> Result<ControlFlow<B>, StoreError> {
    let mut chain = Chain { path, reached: from };
    // From the very first row, wherever that claims to be.
    let first = if from == Head::default() {
        i64::MIN
    } else {
        to_column(from.position.count()).map_err(|source| chain.unreadable(source))?
    };
    let mut page = Page::begin(connection, first).finish().await;
    loop {
        let next = page.last().and_then(after).map(|last| {
            let from = last.saturating_add(1);
            Page::begin(&mut *connection, from)
        });
        for row in page {
            let opened = chain.open(&row.map_err(|source| chain.unreadable(source))?)?;
            if let ControlFlow::Break(with) = each(opened, &chain.reached) {
                return Ok(ControlFlow::Break(with));
            }
        }
        let Some(next) = next else {
            break;
        };
        page = next.finish().await;
    }
    chain.finish(stored)?;
    Ok(ControlFlow::Continue(()))
}

type Read = Result<SqliteRow, sqlx::Error>;

/// A page that is being read.
struct Page<'a> {
    coming: Fuse<BoxStream<'a, Read>>,
    rows: Vec<Read>,
}

impl<'a> Page<'a> {
    /// Sets SQLite to work on the page that begins at or after `from`.
    fn begin(connection: &'a mut SqliteConnection, from: i64) -> Self {
        let span = i64::try_from(PAGE_ROWS_MAX).unwrap_or(i64::MAX);
        let mut coming = sqlx::query(PAGE).bind(from).bind(span).fetch(connection).fuse();
        // A stream does nothing before it is asked for the first time.
        let first = coming.next().now_or_never();
        Self {
            coming,
            rows: first.flatten().into_iter().collect(),
        }
    }

    /// The page's rows; one that could not be read is the last.
    async fn finish(mut self) -> Vec<Read> {
        while let Some(row) = self.coming.next().await {
            self.rows.push(row);
        }
        self.rows
    }
}

/// Where the batch in `row` begins, if it can be read.
fn after(row: &Read) -> Option<i64> {
    row.as_ref().ok()?.try_get(0).ok()
}

/// The batches so far.
struct Chain<'a> {
    path: &'a Path,
    reached: Head,
}

impl Chain<'_> {
    /// The batch in `row`, if it is the next one.
    fn open<R: DeserializeOwned>(&mut self, row: &SqliteRow) -> Result<OpenedBatch<R>, StoreError> {
        let unreadable = |source| self.unreadable(source);
        let (after, last, epoch): (i64, i64, i64) = (
            row.try_get(0).map_err(unreadable)?,
            row.try_get(1).map_err(unreadable)?,
            row.try_get(2).map_err(unreadable)?,
        );
        let blobs: &[u8] = row.try_get(3).map_err(unreadable)?;
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
        let after = position(after).ok_or_else(|| column("after"))?;
        if after != expected {
            return Err(fail(BatchError::Gap { after, expected }));
        }
        let (previous, blobs) = blobs.split_first_chunk().ok_or_else(|| column("previous"))?;
        let (hash, bytes) = blobs.split_first_chunk().ok_or_else(|| column("hash"))?;
        if self.reached.hash.0 != *previous {
            return Err(column("previous"));
        }
        let mut reached = self.reached;
        let opened = Batch::open(&mut reached, &ChainHash(*hash), bytes).map_err(fail)?;
        if position(last) != Some(reached.position) {
            return Err(column("last"));
        }
        if u64::try_from(epoch).ok() != Some(reached.epoch) {
            return Err(column("epoch"));
        }
        self.reached = reached;
        Ok(opened)
    }

    /// Checks, after the last batch, that the head row names it.
    fn finish(&self, stored: &Head) -> Result<(), StoreError> {
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

    fn unreadable(&self, source: sqlx::Error) -> StoreError {
        StoreError::Read {
            path: self.path.to_owned(),
            source,
        }
    }
}
