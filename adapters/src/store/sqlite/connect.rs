//! Opening the SQLite file: what it must be, how it is set, and its head row.

use std::path::Path;
use std::time::Duration;

use plimsoll_core::journal::{ChainHash, FORMAT, Head};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::chain::PAGE_ROWS_MAX;
use super::{Mode, position};
use crate::store::error::StoreError;

/// Marks a SQLite file as a journal of ours: "plms".
const APPLICATION_ID: i64 = 0x706c_6d73;
/// The version of the tables that this build makes, and the newest that it reads.
const TABLES: i64 = 1;
/// How long a statement waits for a lock, such as that of a backup, before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const SCHEMA: &str = "
    CREATE TABLE batches (
        after    INTEGER PRIMARY KEY,
        last     INTEGER NOT NULL CHECK (last > after),
        epoch    INTEGER NOT NULL,
        previous BLOB NOT NULL CHECK (length(previous) = 32),
        hash     BLOB NOT NULL CHECK (length(hash) = 32),
        bytes    BLOB NOT NULL
    ) STRICT;
    CREATE TABLE log_head (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        epoch    INTEGER NOT NULL,
        position INTEGER NOT NULL,
        hash     BLOB NOT NULL CHECK (length(hash) = 32),
        format   INTEGER NOT NULL
    ) STRICT;
    INSERT INTO log_head VALUES (1, 0, 0, zeroblob(32), 0);
";

/// Opens the journal at `path` for writing, or makes it. The file must be a journal that this version reads before
/// anything in it is changed.
pub(super) async fn open_or_create(path: &Path, mode: Mode) -> Result<SqliteConnection, StoreError> {
    let is_absent = is_absent(path)?;
    if is_absent && mode == Mode::MustExist {
        return Err(StoreError::Missing {
            path: path.to_owned(),
        });
    }
    let fail = |source| StoreError::open(path.to_owned(), source);
    // Not in WAL mode yet: setting that would change the file, whatever it is.
    let mut connection = options(path)
        .create_if_missing(is_absent)
        .connect()
        .await
        .map_err(fail)?;
    if mode == Mode::CreateIfMissing && is_blank(&mut connection).await.map_err(fail)? {
        write_schema(&mut connection)
            .await
            .map_err(|source| StoreError::Create {
                path: path.to_owned(),
                source,
            })?;
    }
    identify(&mut connection, path).await?;
    connection.close().await.map_err(fail)?;
    let mut connection = reopen(path).await.map_err(fail)?;
    verify_settings(&mut connection, path).await?;
    Ok(connection)
}

/// A connection for writing to a journal that was opened before.
pub(super) async fn reopen(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "ON");
    options.connect().await
}

/// A connection for reading, beside a writer that may be at work.
pub(in crate::store) async fn open_read_only(path: &Path) -> Result<SqliteConnection, StoreError> {
    if is_absent(path)? {
        return Err(StoreError::Missing {
            path: path.to_owned(),
        });
    }
    let fail = |source| StoreError::open(path.to_owned(), source);
    let mut connection = options(path).read_only(true).connect().await.map_err(fail)?;
    identify(&mut connection, path).await?;
    Ok(connection)
}

/// Begins the next epoch and returns it.
pub(super) async fn begin_epoch(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE log_head SET epoch = epoch + 1, format = ? RETURNING epoch";
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let epoch: i64 = sqlx::query_scalar(sql)
        .bind(i64::from(FORMAT))
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    u64::try_from(epoch).map_err(|_| sqlx::Error::Decode("the epoch is negative".into()))
}

/// The head row.
pub(in crate::store) async fn read_head(connection: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let sql = "SELECT epoch, position, hash FROM log_head";
    let (epoch, count, hash): (i64, i64, Vec<u8>) = sqlx::query_as(sql).fetch_one(connection).await?;
    let head = || {
        let hash = ChainHash(<[u8; 32]>::try_from(hash).ok()?);
        Some(Head {
            epoch: u64::try_from(epoch).ok()?,
            position: position(count)?,
            hash,
        })
    };
    head().ok_or_else(|| sqlx::Error::Decode("the head row holds impossible values".into()))
}

/// Moves everything from the write-ahead log into the database file and syncs that.
///
/// When the sync of a commit fails, the system may drop the error and keep the pages as if they were written, so
/// that the batch can be read and is still not on the disk. Only what was written again and synced is believed.
pub(super) async fn settle_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(connection)
        .await?;
    if busy == 0 {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(
            "the write-ahead log is in use and could not be settled".into(),
        ))
    }
}

/// `number` as SQLite stores it.
pub(in crate::store) fn to_column(number: u64) -> Result<i64, sqlx::Error> {
    i64::try_from(number).map_err(|_| sqlx::Error::Encode("a number is past 2^63".into()))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(PAGE_ROWS_MAX)
        .disable_statement_logging()
}

/// Whether there is no database, or an empty file; an error if its log says that there was one.
fn is_absent(path: &Path) -> Result<bool, StoreError> {
    let is_absent = std::fs::metadata(path).map_or(true, |file| file.len() == 0);
    if is_absent && has_log(path) {
        return Err(StoreError::Beheaded {
            path: path.to_owned(),
        });
    }
    Ok(is_absent)
}

/// Whether a write-ahead log lies beside `path` that holds something.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(Path::new(&log)).is_ok_and(|file| file.len() > 0)
}

/// Whether the database holds nothing at all: new, or left so by a crash while it was made.
async fn is_blank(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(connection)
        .await?;
    Ok(tables == 0)
}

async fn write_schema(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
    // A pragma takes no parameter; these are our own constants.
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {TABLES}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// Checks that the file is a journal and not from a newer version.
async fn identify(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let fail = |source| StoreError::open(path.to_owned(), source);
    let mut number = async |sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql)
            .fetch_one(&mut *connection)
            .await
    };
    if number("PRAGMA application_id").await.map_err(fail)? != APPLICATION_ID {
        return Err(StoreError::NotAJournal {
            path: path.to_owned(),
        });
    }
    let newer = |what, found, reads| StoreError::Newer {
        path: path.to_owned(),
        what,
        found,
        reads,
    };
    let tables = number("PRAGMA user_version").await.map_err(fail)?;
    if tables > TABLES {
        return Err(newer("table", tables, TABLES));
    }
    let format = number("SELECT format FROM log_head").await.map_err(fail)?;
    if format > i64::from(FORMAT) {
        return Err(newer("batch", format, i64::from(FORMAT)));
    }
    Ok(())
}

/// Reads back what durability rests on: an unknown pragma is ignored without a word.
async fn verify_settings(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let fail = |source| StoreError::open(path.to_owned(), source);
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .map_err(fail)?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await
        .map_err(fail)?;
    let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
        .fetch_one(&mut *connection)
        .await
        .map_err(fail)?;
    let settings = [
        ("journal_mode", "wal", mode),
        ("synchronous", "2", synchronous.to_string()),
        ("foreign_keys", "1", keys.to_string()),
    ];
    for (pragma, wanted, found) in settings {
        if wanted != found {
            return Err(StoreError::Setting {
                path: path.to_owned(),
                pragma,
                wanted,
                found,
            });
        }
    }
    Ok(())
}
