//! What the deliveries keep: events that were derived from the journal, each receiver's cursor, and the delivery log.
//!
//! It lies in a file of its own beside the journal, so that it never makes the journal's writer wait. Nothing in it is a
//! record of money: without it events are derived from where the journal ends. The write-ahead log is not synced
//! at each commit; what a power failure takes is delivered again.

mod log;
mod schema;

use std::path::{Path, PathBuf};

use plimsoll_core::id::UserId;
use plimsoll_core::journal::{ChainHash, Head, Position};
use plimsoll_core::webhook::{Event, EventId, Kind, Topic};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::Mutex;

pub use log::{Delivery, LogPage};

/// How many events are kept though every receiver has them, to be delivered again by order.
const EVENTS_KEPT: i64 = 100_000;
/// How many lines the delivery log keeps.
const DELIVERIES_KEPT: i64 = 200_000;
/// After how many lines the oldest are dropped.
const PRUNE_EVERY: u64 = 1_000;

/// Why the deliveries' file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It cannot be opened or made.
    #[error("open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// It cannot be read or written.
    #[error("read or write {}", path.display())]
    Use {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file is something else, or of a newer version.
    #[error("open {}: it is not a file of deliveries that this version reads", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Its events were derived from another journal, or from a later state of this one.
    #[error("go on delivering from {}: its events are not from this journal", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] crate::store::StoreError),
}

/// The file beside a journal in which its deliveries are kept.
#[must_use]
pub(super) fn path_beside(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".webhooks");
    PathBuf::from(path)
}

/// An event with what is sent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) event: Event,
    pub(super) body: String,
}

/// The file. Reading for people has a connection of its own.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    writer: Mutex<SqliteConnection>,
    reader: Mutex<SqliteConnection>,
}

impl Store {
    /// Opens the file at `path`, or makes it with events that begin behind `head`.
    ///
    /// # Errors
    /// [`DeskError`]: it cannot be opened or made, or is something else.
    pub(super) async fn open(path: &Path, head: &Head) -> Result<Self, DeskError> {
        let writer = schema::open(path, head).await?;
        let reader = schema::connect(path).await?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
        })
    }

    fn unusable(&self, source: sqlx::Error) -> DeskError {
        DeskError::Use {
            path: self.path.clone(),
            source,
        }
    }

    /// The last batch of the journal whose events are in the file: position and hash.
    pub(super) async fn checkpoint(&self) -> Result<(Position, ChainHash), DeskError> {
        let mut connection = self.writer.lock().await;
        let row: (i64, Vec<u8>) = sqlx::query_as("SELECT position, hash FROM checkpoint")
            .fetch_one(&mut *connection)
            .await
            .map_err(|source| self.unusable(source))?;
        let read = || Some((position(row.0)?, ChainHash(row.1.try_into().ok()?)));
        read().ok_or_else(|| DeskError::NotOurs {
            path: self.path.clone(),
        })
    }

    /// Keeps events, and that they are all up to `head`.
    pub(super) async fn append(&self, events: &[Written], head: &Head) -> Result<(), DeskError> {
        let mut connection = self.writer.lock().await;
        let append = async {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            for Written { event, body } in events {
                sqlx::query("INSERT INTO events (position, part, kind, user, body) VALUES (?, ?, ?, ?, ?)")
                    .bind(column(event.id.position.count())?)
                    .bind(event.id.part)
                    .bind(event.topic.kind.code())
                    .bind(event.topic.user.map(|user| column(user.number())).transpose()?)
                    .bind(body)
                    .execute(&mut *transaction)
                    .await?;
            }
            sqlx::query("UPDATE checkpoint SET position = ?, hash = ?")
                .bind(column(head.position.count())?)
                .bind(head.hash.0.as_slice())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        };
        append.await.map_err(|source| self.unusable(source))
    }

    /// The events behind `after`, at most `limit`, and up to where these are all.
    pub(super) async fn read(
        &self,
        after: EventId,
        limit: usize,
    ) -> Result<(Vec<Event>, EventId), DeskError> {
        let mut connection = self.writer.lock().await;
        let read = async {
            // The lock is held for both, so that no event comes between them.
            let rows: Vec<(i64, u32, String, Option<i64>)> = sqlx::query_as(
                "SELECT position, part, kind, user FROM events
                 WHERE (position, part) > (?, ?) ORDER BY position, part LIMIT ?",
            )
            .bind(column(after.position.count())?)
            .bind(after.part)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
            let tail: i64 = sqlx::query_scalar("SELECT position FROM checkpoint")
                .fetch_one(&mut *connection)
                .await?;
            Ok((rows, tail))
        };
        let (rows, tail) = read.await.map_err(|source| self.unusable(source))?;
        let is_full = rows.len() >= limit;
        let events: Option<Vec<Event>> = rows.into_iter().map(event).collect();
        let not_ours = || DeskError::NotOurs {
            path: self.path.clone(),
        };
        let events = events.ok_or_else(not_ours)?;
        let tail = EventId::end_of(position(tail).ok_or_else(not_ours)?);
        let reached = events.last().map(|last| last.id).filter(|_| is_full);
        Ok((events, reached.unwrap_or(tail)))
    }

    /// What is sent of an event, if it is kept still.
    pub(super) async fn body(&self, id: EventId) -> Result<Option<(Kind, String)>, DeskError> {
        let mut connection = self.writer.lock().await;
        let read = async {
            let sql = "SELECT kind, body FROM events WHERE position = ? AND part = ?";
            let row: Option<(String, String)> = sqlx::query_as(sql)
                .bind(column(id.position.count())?)
                .bind(id.part)
                .fetch_optional(&mut *connection)
                .await?;
            Ok(row)
        };
        let row = read.await.map_err(|source| self.unusable(source))?;
        Ok(row.and_then(|(kind, body)| Some((Kind::from_code(&kind)?, body))))
    }

    /// Where the deliveries to the receiver called `name` go on; one that is new begins behind `head`.
    pub(super) async fn cursor(&self, name: &str, head: Position) -> Result<EventId, DeskError> {
        let mut connection = self.writer.lock().await;
        let begin = EventId::end_of(head);
        let read = async {
            sqlx::query("INSERT OR IGNORE INTO receivers (name, position, part) VALUES (?, ?, ?)")
                .bind(name)
                .bind(column(begin.position.count())?)
                .bind(begin.part)
                .execute(&mut *connection)
                .await?;
            let sql = "SELECT position, part FROM receivers WHERE name = ?";
            sqlx::query_as::<_, (i64, u32)>(sql)
                .bind(name)
                .fetch_one(&mut *connection)
                .await
        };
        let (stored, part) = read.await.map_err(|source| self.unusable(source))?;
        let not_ours = || DeskError::NotOurs {
            path: self.path.clone(),
        };
        let position = position(stored).ok_or_else(not_ours)?;
        Ok(EventId { position, part })
    }

    /// Adds lines to the delivery log, and keeps cursors, in one step.
    pub(super) async fn keep(
        &self,
        lines: &[Delivery],
        cursors: &[(&str, EventId)],
    ) -> Result<(), DeskError> {
        let mut connection = self.writer.lock().await;
        let keep = async {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            for line in lines {
                log::insert(&mut transaction, line).await?;
            }
            for (name, cursor) in cursors {
                sqlx::query("UPDATE receivers SET position = ?, part = ? WHERE name = ?")
                    .bind(column(cursor.position.count())?)
                    .bind(cursor.part)
                    .bind(*name)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        };
        keep.await.map_err(|source| self.unusable(source))
    }

    /// Drops what is older than must be kept: lines of the log, and events that every one of `receivers` has.
    pub(super) async fn prune(&self, least: EventId) -> Result<(), DeskError> {
        let mut connection = self.writer.lock().await;
        let prune = async {
            sqlx::query("DELETE FROM deliveries WHERE id <= (SELECT max(id) FROM deliveries) - ?")
                .bind(DELIVERIES_KEPT)
                .execute(&mut *connection)
                .await?;
            sqlx::query(
                "DELETE FROM events WHERE position < ? AND (position, part) < (SELECT position, part FROM events
                 ORDER BY position DESC, part DESC LIMIT 1 OFFSET ?)",
            )
            .bind(column(least.position.count())?)
            .bind(EVENTS_KEPT)
            .execute(&mut *connection)
            .await
        };
        prune.await.map(drop).map_err(|source| self.unusable(source))
    }

    /// Whether it is time to drop what is old, `written` lines since the start.
    pub(super) const fn wants_pruning(before: u64, after: u64) -> bool {
        before / PRUNE_EVERY != after / PRUNE_EVERY
    }
}

fn event((stored, part, kind, user): (i64, u32, String, Option<i64>)) -> Option<Event> {
    let user = match user {
        Some(number) => Some(UserId::new(u64::try_from(number).ok()?)),
        None => None,
    };
    Some(Event {
        id: EventId {
            position: position(stored)?,
            part,
        },
        topic: Topic {
            kind: Kind::from_code(&kind)?,
            user,
        },
    })
}

/// A stored count as it is in core.
fn position(count: i64) -> Option<Position> {
    u64::try_from(count).ok().map(Position::new)
}

/// `number` as SQLite stores it.
fn column(number: u64) -> Result<i64, sqlx::Error> {
    i64::try_from(number).map_err(|_| sqlx::Error::Encode("a number is past 2^63".into()))
}

#[cfg(test)]
mod tests;
