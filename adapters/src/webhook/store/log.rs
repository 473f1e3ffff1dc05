//! The delivery log: a line for each attempt.

use std::time::Duration;

use plimsoll_core::time::WallClock;
use plimsoll_core::webhook::EventId;
use sqlx::{Row as _, SqliteConnection};

use super::{DeskError, Store};

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number in the log, greater for later ones; zero before it is in it.
    pub id: i64,
    /// The receiver's name.
    pub receiver: String,
    /// The event's or the alert's name.
    pub event: String,
    /// The kind.
    pub kind: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What came of it.
    pub outcome: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// When it ended.
    pub at: WallClock,
    /// What follows: `done`, `retry` or `parked`.
    pub next: String,
    /// When it is tried again, if it is.
    pub retry_at: Option<WallClock>,
}

/// A piece of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The attempts.
    pub deliveries: Vec<Delivery>,
    /// Where the next piece begins, if there is one.
    pub next: Option<i64>,
}

pub(super) async fn insert(connection: &mut SqliteConnection, line: &Delivery) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO deliveries (receiver, event, kind, attempt, outcome, status, took_us, at_us, next, retry_us)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&line.receiver)
    .bind(&line.event)
    .bind(&line.kind)
    .bind(line.attempt)
    .bind(&line.outcome)
    .bind(line.status)
    .bind(i64::try_from(line.took.as_micros()).unwrap_or(i64::MAX))
    .bind(line.at.as_micros())
    .bind(&line.next)
    .bind(line.retry_at.map(WallClock::as_micros))
    .execute(connection)
    .await
    .map(drop)
}

impl Store {
    /// Lines of the log older than `before`, newest first, at most `limit`; of one receiver if one is named.
    ///
    /// # Errors
    /// [`DeskError`]: the file cannot be read.
    pub(in crate::webhook) async fn log(
        &self,
        receiver: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<LogPage, DeskError> {
        let mut connection = self.reader.lock().await;
        let limit_rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = sqlx::query(
            "SELECT id, receiver, event, kind, attempt, outcome, status, took_us, at_us, next, retry_us FROM deliveries
             WHERE id < ?1 AND (?2 IS NULL OR receiver = ?2) ORDER BY id DESC LIMIT ?3",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(receiver)
        .bind(limit_rows)
        .fetch_all(&mut *connection)
        .await;
        let rows = rows.map_err(|source| self.unusable(source))?;
        let read: Result<Vec<Delivery>, sqlx::Error> = rows.iter().take(limit).map(delivery).collect();
        let deliveries = read.map_err(|source| self.unusable(source))?;
        let next = deliveries
            .last()
            .map(|last| last.id)
            .filter(|_| rows.len() > limit);
        Ok(LogPage { deliveries, next })
    }

    /// The events that were parked for `receiver` and neither delivered nor tried since, oldest first, at most `limit`.
    pub(in crate::webhook) async fn parked(
        &self,
        receiver: &str,
        limit: usize,
    ) -> Result<Vec<EventId>, DeskError> {
        let mut connection = self.reader.lock().await;
        let names: Result<Vec<String>, sqlx::Error> = sqlx::query_scalar(
            "SELECT event FROM deliveries AS one WHERE receiver = ?1 AND next = 'parked' AND NOT EXISTS (
                 SELECT 1 FROM deliveries AS later
                 WHERE later.receiver = ?1 AND later.event = one.event AND later.id > one.id)
             ORDER BY id LIMIT ?2",
        )
        .bind(receiver)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *connection)
        .await;
        let names = names.map_err(|source| self.unusable(source))?;
        // Alerts are gone once they are parked.
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }
}

fn delivery(row: &sqlx::sqlite::SqliteRow) -> Result<Delivery, sqlx::Error> {
    let took: i64 = row.try_get("took_us")?;
    let retry: Option<i64> = row.try_get("retry_us")?;
    Ok(Delivery {
        id: row.try_get("id")?,
        receiver: row.try_get("receiver")?,
        event: row.try_get("event")?,
        kind: row.try_get("kind")?,
        attempt: row.try_get("attempt")?,
        outcome: row.try_get("outcome")?,
        status: row.try_get("status")?,
        took: Duration::from_micros(u64::try_from(took).unwrap_or(0)),
        at: WallClock::from_micros(row.try_get("at_us")?),
        next: row.try_get("next")?,
        retry_at: retry.map(WallClock::from_micros),
    })
}
