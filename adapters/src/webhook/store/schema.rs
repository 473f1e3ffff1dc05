//! The file's tables.

use std::path::Path;
use std::time::Duration;

use plimsoll_core::journal::Head;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::{DeskError, column};

/// Marks a SQLite file as one of deliveries: "plmw".
const APPLICATION_ID: i64 = 0x706c_6d77;
/// The version of the tables.
const TABLES: i64 = 1;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const SCHEMA: &str = "
    CREATE TABLE checkpoint (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        position INTEGER NOT NULL,
        hash     BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT;
    CREATE TABLE events (
        position INTEGER NOT NULL,
        part     INTEGER NOT NULL,
        kind     TEXT NOT NULL,
        user     INTEGER,
        body     TEXT NOT NULL,
        PRIMARY KEY (position, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE receivers (
        name     TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        part     INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE deliveries (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        receiver TEXT NOT NULL,
        event    TEXT NOT NULL,
        kind     TEXT NOT NULL,
        attempt  INTEGER NOT NULL,
        outcome  TEXT NOT NULL,
        status   INTEGER,
        took_us  INTEGER NOT NULL,
        at_us    INTEGER NOT NULL,
        next     TEXT NOT NULL,
        retry_us INTEGER
    ) STRICT;
    CREATE INDEX deliveries_by_receiver ON deliveries (receiver, id);
    CREATE INDEX deliveries_by_event ON deliveries (receiver, event, id);
";

/// Opens the file, or makes it; the events of a new one begin behind `head`.
pub(super) async fn open(path: &Path, head: &Head) -> Result<SqliteConnection, DeskError> {
    let mut connection = connect(path).await?;
    let fail = |source| DeskError::Open {
        path: path.to_owned(),
        source,
    };
    let mut number = async |sql: &'static str| {
        let query = sqlx::query_scalar::<_, i64>(sql);
        query.fetch_one(&mut connection).await.map_err(fail)
    };
    if number("SELECT count(*) FROM sqlite_schema").await? == 0 {
        create(&mut connection, head).await.map_err(fail)?;
    } else if number("PRAGMA application_id").await? != APPLICATION_ID
        || number("PRAGMA user_version").await? > TABLES
    {
        return Err(DeskError::NotOurs {
            path: path.to_owned(),
        });
    }
    Ok(connection)
}

/// One more connection to the file.
pub(super) async fn connect(path: &Path) -> Result<SqliteConnection, DeskError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .disable_statement_logging();
    options.connect().await.map_err(|source| DeskError::Open {
        path: path.to_owned(),
        source,
    })
}

async fn create(connection: &mut SqliteConnection, head: &Head) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
    // A pragma takes no parameter; these are our own constants.
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {TABLES}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks))
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO checkpoint (one, position, hash) VALUES (1, ?, ?)")
        .bind(column(head.position.count())?)
        .bind(head.hash.0.as_slice())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}
