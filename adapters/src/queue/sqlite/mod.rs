//! The database lane: a SQLite file of its own beside the journal.
//!
//! The journal has one writer; this file has many, in many processes, so it is another file. What is in it follows from the
//! journal, whose bank hands over at each sweep what is open: it may be lost at a crash (commits are not synced), and deleted
//! at any time, even while it is in use. Time is that of the machine, which all who open the file share.
//!
//! After an error the connection is thrown away, as that of the journal is.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::escrow::TxKey;
use plimsoll_core::queue::{LaneFault, Leased, Priority, QueueReply, QueueRequest, Token};
use plimsoll_core::time::WallClock;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::Mutex;

use super::{JobQueue, job};
use crate::clock::Clock;

/// How long a statement waits for another writer: less than a call to a lane may take, so that why it failed is known.
const BUSY_TIMEOUT: Duration = Duration::from_millis(300);
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS jobs_1 (
        job          TEXT PRIMARY KEY,
        priority     INTEGER NOT NULL CHECK (priority IN (0, 1)),
        available_at INTEGER NOT NULL,
        token        TEXT,
        attempts     INTEGER NOT NULL CHECK (attempts BETWEEN 0 AND 4294967295)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS jobs_1_turns ON jobs_1 (priority, available_at, job);
";
const ENQUEUE: &str = "
    INSERT INTO jobs_1 SELECT value, ?1, ?2, NULL, 0 FROM json_each(?3) WHERE true
    ON CONFLICT (job) DO UPDATE SET priority = excluded.priority WHERE priority > excluded.priority";
const NEXT: &str = "
    SELECT job, min(attempts + 1, 4294967295) FROM jobs_1 WHERE available_at <= ?1
    ORDER BY priority, available_at, job LIMIT ?2";
const LEASE: &str = "
    UPDATE jobs_1 SET available_at = ?3, token = ?4, attempts = min(attempts + 1, 4294967295)
    WHERE job IN (
        SELECT job FROM jobs_1 WHERE available_at <= ?1 ORDER BY priority, available_at, job LIMIT ?2
    )";
const AVAILABLE: &str = "SELECT count(*) FROM jobs_1 WHERE available_at <= ?1";
const EXTEND: &str = "UPDATE jobs_1 SET available_at = ?3 WHERE job = ?1 AND token = ?2";
const COMPLETE: &str = "DELETE FROM jobs_1 WHERE job = ?1 AND token = ?2";
const RELEASE: &str = "UPDATE jobs_1 SET available_at = ?3, token = NULL WHERE job = ?1 AND token = ?2";

/// SQLite's result codes (<https://www.sqlite.org/rescode.html>) that mean something else than a refusal.
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;

/// A queue in a SQLite file. Clones lead to the same one, by the same connection.
#[derive(Debug, Clone)]
pub struct SqliteQueue {
    shared: Arc<Shared>,
    clock: Clock,
    /// How far its time is ahead of the clock.
    ahead: Duration,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    connection: Mutex<Option<Open>>,
}

/// A connection, and which file it is to.
#[derive(Debug)]
struct Open {
    connection: SqliteConnection,
    file: Option<(u64, u64)>,
}

impl SqliteQueue {
    /// The queue in the file at `path`, which is made when it is needed.
    #[must_use]
    pub fn new(path: PathBuf, clock: Clock) -> Self {
        let connection = Mutex::new(None);
        Self {
            shared: Arc::new(Shared { path, connection }),
            clock,
            ahead: Duration::ZERO,
        }
    }

    /// Where the queue of the journal at `journal` is.
    #[must_use]
    pub fn beside(journal: &Path) -> PathBuf {
        journal.with_extension("jobs.sqlite")
    }

    /// The same queue at a time that is to come: for tests, which have better things to do than to wait.
    #[must_use]
    pub fn ahead(&self, by: Duration) -> Self {
        let shared = Arc::clone(&self.shared);
        Self {
            shared,
            ahead: by,
            ..*self
        }
    }

    async fn ask(&self, request: &QueueRequest) -> Result<QueueReply, sqlx::Error> {
        let mut place = self.shared.connection.lock().await;
        // Taken out: a call that fails or is let go takes its connection with it.
        let mut open = match place.take().filter(|open| open.file == self.file()) {
            Some(open) => open,
            None => self.open().await?,
        };
        let reply = self.transact(&mut open.connection, request).await?;
        *place = Some(open);
        Ok(reply)
    }

    /// Which file is at the path; `None` for none.
    fn file(&self) -> Option<(u64, u64)> {
        let found = std::fs::metadata(&self.shared.path).ok()?;
        Some((found.dev(), found.ino()))
    }

    async fn open(&self) -> Result<Open, sqlx::Error> {
        let mut connection = SqliteConnectOptions::new()
            .filename(&self.shared.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging()
            .connect()
            .await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        transaction.commit().await?;
        let file = self.file();
        Ok(Open { connection, file })
    }

    async fn transact(
        &self,
        connection: &mut SqliteConnection,
        request: &QueueRequest,
    ) -> Result<QueueReply, sqlx::Error> {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        // Read once the file is ours alone, so that who comes later has a later time.
        let now = self.clock.wall().after(self.ahead);
        let reply = match request {
            QueueRequest::Enqueue { jobs, priority } => enqueue(&mut transaction, now, jobs, *priority).await,
            QueueRequest::Lease {
                most,
                visibility,
                token,
            } => lease(&mut transaction, now, *most, now.after(*visibility), *token).await,
            QueueRequest::Extend { leases, visibility } => {
                keep(&mut transaction, EXTEND, Some(now.after(*visibility)), leases).await
            }
            QueueRequest::Complete { leases } => keep(&mut transaction, COMPLETE, None, leases).await,
            QueueRequest::Release { job, token, after } => {
                keep(
                    &mut transaction,
                    RELEASE,
                    Some(now.after(*after)),
                    &[(*job, *token)],
                )
                .await
            }
        }?;
        transaction.commit().await?;
        Ok(reply)
    }
}

impl JobQueue for SqliteQueue {
    async fn call(&self, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        self.ask(&request).await.map_err(|error| {
            let path = self.shared.path.display();
            tracing::debug!(%path, %error, "the queue in the database did not do what it was asked");
            lane_fault(&error)
        })
    }
}

async fn enqueue(
    connection: &mut SqliteConnection,
    now: WallClock,
    jobs: &[TxKey],
    priority: Priority,
) -> Result<QueueReply, sqlx::Error> {
    let names: Vec<String> = jobs.iter().map(job::name).collect();
    let priority = match priority {
        Priority::High => 0,
        Priority::Normal => 1,
    };
    sqlx::query(ENQUEUE)
        .bind(priority)
        .bind(now.as_micros())
        .bind(serde_json::Value::from(names).to_string())
        .execute(connection)
        .await?;
    Ok(QueueReply::Enqueued)
}

async fn lease(
    connection: &mut SqliteConnection,
    now: WallClock,
    most: usize,
    until: WallClock,
    token: Token,
) -> Result<QueueReply, sqlx::Error> {
    let (now, limit) = (now.as_micros(), i64::try_from(most).unwrap_or(i64::MAX));
    let next = sqlx::query_as(NEXT).bind(now).bind(limit);
    let next: Vec<(String, u32)> = next.fetch_all(&mut *connection).await?;
    sqlx::query(LEASE)
        .bind(now)
        .bind(limit)
        .bind(until.as_micros())
        .bind(token.to_string())
        .execute(&mut *connection)
        .await?;
    let available = sqlx::query_scalar(AVAILABLE).bind(now);
    let available: i64 = available.fetch_one(connection).await?;
    let jobs = next.into_iter().filter_map(|(name, attempts)| {
        let job = job::readable(&name)?;
        Some(Leased { job, attempts })
    });
    Ok(QueueReply::Leased {
        jobs: jobs.collect(),
        available: u64::try_from(available).unwrap_or(0),
    })
}

async fn keep(
    connection: &mut SqliteConnection,
    sql: &'static str,
    at: Option<WallClock>,
    leases: &[(TxKey, Token)],
) -> Result<QueueReply, sqlx::Error> {
    let mut lost = Vec::new();
    for (key, token) in leases {
        let mut query = sqlx::query(sql).bind(job::name(key)).bind(token.to_string());
        if let Some(at) = at {
            query = query.bind(at.as_micros());
        }
        let done = query.execute(&mut *connection).await?;
        if done.rows_affected() == 0 {
            lost.push(*key);
        }
    }
    Ok(QueueReply::Kept { lost })
}

fn lane_fault(error: &sqlx::Error) -> LaneFault {
    if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) {
        return LaneFault::Malformed;
    }
    let code = error.as_database_error().and_then(|error| error.code());
    match code
        .and_then(|code| code.parse::<i32>().ok())
        .map(|code| code & 0xff)
    {
        Some(SQLITE_FULL) => LaneFault::Full,
        Some(SQLITE_IOERR | SQLITE_CANTOPEN) | None => LaneFault::Connection,
        Some(_) => LaneFault::Refused,
    }
}

#[cfg(test)]
mod tests;
