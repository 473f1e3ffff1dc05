//! [`Rows`]: what a ledger on SQLite cannot be faster than, a table of bytes and nothing else.

use std::path::Path;

use plimsoll_core::bank::Record;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, SqliteConnection};

/// A table with one column of bytes, in the journal's own mode: WAL, synced at every commit.
#[derive(Debug)]
pub struct Rows(SqliteConnection);

impl Rows {
    /// A new table in the file at `path`.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn create(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let mut connection = options.connect().await.expect("open a database");
        sqlx::raw_sql("CREATE TABLE rows (place INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
            .execute(&mut connection)
            .await
            .expect("create a table");
        Self(connection)
    }

    /// Makes `rows` durable in one transaction, by one statement.
    ///
    /// # Panics
    /// When that fails.
    pub async fn insert(&mut self, rows: &[Vec<u8>]) {
        let mut transaction = self
            .0
            .begin_with("BEGIN IMMEDIATE")
            .await
            .expect("begin a transaction");
        let mut insert = QueryBuilder::new("INSERT INTO rows (bytes) ");
        insert.push_values(rows, |mut value, row| {
            value.push_bind(row.as_slice());
        });
        let inserted = insert.build().execute(&mut *transaction).await;
        inserted.expect("insert rows");
        transaction.commit().await.expect("commit a transaction");
    }
}

/// How many bytes the batches of the journal at `path` have, read row by row and not looked at.
///
/// # Panics
/// When it cannot be read.
pub async fn read_batches(path: &Path) -> u64 {
    use futures_util::TryStreamExt as _;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .disable_statement_logging();
    let mut connection = options.connect().await.expect("open a journal");
    let sql = "SELECT after, last, epoch, previous, hash, bytes FROM batches ORDER BY after";
    let mut rows =
        sqlx::query_as::<_, (i64, i64, i64, Vec<u8>, Vec<u8>, Vec<u8>)>(sql).fetch(&mut connection);
    let mut total = 0;
    while let Some((.., bytes)) = rows.try_next().await.expect("read a row") {
        total += bytes.len() as u64;
    }
    total
}

/// `record` as the journal stores it.
///
/// # Panics
/// When it cannot be encoded.
#[must_use]
pub fn stored(record: &Record) -> Vec<u8> {
    postcard::to_allocvec(record).expect("encode a record")
}
