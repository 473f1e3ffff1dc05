//! The real side: a journal in a SQLite file, and a second connection that does to it what bad luck does.

use std::fs;
use std::path::PathBuf;

use plimsoll_adapters::store::{Journal as _, Mode, SqliteJournal, StoreError};
use plimsoll_core::journal::{Batch, Head, OpenedBatch};
use plimsoll_core::outbox::Appended;
use plimsoll_tests::process::temporary_folder;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::Read;
use super::script::{By, Luck, Opening};

/// No batch can be written while it is there.
const REFUSE: &str =
    "CREATE TRIGGER refuse BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'refused'); END";
/// A deferred foreign key is violated at COMMIT, and at no earlier statement.
const FAIL_AT_COMMIT: &str = "
    CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER fail AFTER INSERT ON batches BEGIN INSERT INTO child VALUES (1); END";
const FLIP: &str = "
    UPDATE batches SET bytes = CAST(substr(bytes, 1, 4) || x'ff' || substr(bytes, 6) AS BLOB)
    WHERE after = (SELECT after FROM batches ORDER BY after LIMIT 1 OFFSET ?)";

/// The real thing.
pub(super) struct Real {
    folder: TempDir,
    writer: Option<SqliteJournal>,
    /// Who was fenced off and still lives, oldest first.
    former: Vec<SqliteJournal>,
    /// Which row was damaged, and what it was.
    damaged: Option<(i64, Vec<u8>)>,
    runtime: Runtime,
}

impl Real {
    pub(super) fn new() -> Self {
        Self {
            folder: temporary_folder(),
            writer: None,
            former: Vec::new(),
            damaged: None,
            runtime: Runtime::new().expect("a runtime starts"),
        }
    }

    /// Opens it; `None` when another one has locked it.
    pub(super) fn open(&mut self, opening: Opening) -> Option<Head> {
        if opening == Opening::TakesOver {
            fs::remove_file(self.database().with_extension("db.lock"))
                .expect("an open journal has a lock file");
        }
        let opened = self
            .runtime
            .block_on(SqliteJournal::open(&self.database(), Mode::CreateIfMissing));
        let mut journal = match opened {
            Ok(journal) => journal,
            Err(StoreError::Locked { .. }) => return None,
            Err(error) => panic!("failed to {error}"),
        };
        let head = self.runtime.block_on(journal.head());
        self.former.extend(self.writer.replace(journal));
        head
    }

    pub(super) fn close(&mut self) {
        let writer = self.writer.take().expect("a writer has the journal open");
        self.runtime.block_on(writer.close());
    }

    pub(super) fn die(&mut self) {
        drop(self.writer.take());
    }

    pub(super) fn append(&mut self, by: By, batch: &Batch, luck: Luck) -> Appended {
        let (before, after) = match luck {
            Luck::Good => return self.appended(by, batch),
            Luck::Unavailable => (REFUSE, "DROP TRIGGER refuse"),
            Luck::CommitFails => (FAIL_AT_COMMIT, "DROP TRIGGER fail"),
        };
        self.sql(before);
        let appended = self.appended(by, batch);
        self.sql(after);
        appended
    }

    pub(super) fn head(&mut self, by: By, is_readable: bool) -> Option<Head> {
        if is_readable {
            return self.head_of(by);
        }
        self.sql("ALTER TABLE log_head RENAME TO elsewhere");
        let head = self.head_of(by);
        self.sql("ALTER TABLE elsewhere RENAME TO log_head");
        head
    }

    pub(super) fn replay(&mut self) -> Read {
        let mut records = Vec::new();
        let writer = self.writer.as_mut().expect("a writer has the journal open");
        let each = |opened: OpenedBatch<u64>, _| records.extend(opened.records);
        let is_whole = self.runtime.block_on(writer.replay(each)).is_ok();
        Read { records, is_whole }
    }

    /// Changes the batch at a place, counted from 0.
    pub(super) fn damage(&mut self, place: usize) {
        let place = i64::try_from(place).expect("there are few batches");
        let mut connection = self.connection();
        let read = "SELECT after, bytes FROM batches ORDER BY after LIMIT 1 OFFSET ?";
        let sound: (i64, Vec<u8>) = self
            .runtime
            .block_on(sqlx::query_as(read).bind(place).fetch_one(&mut connection))
            .expect("there is such a batch");
        let flipped = sqlx::query(FLIP).bind(place).execute(&mut connection);
        self.runtime.block_on(flipped).expect("a batch can be changed");
        self.damaged = Some(sound);
    }

    pub(super) fn restore(&mut self) {
        let (after, bytes) = self.damaged.take().expect("something was damaged");
        let mut connection = self.connection();
        let restored = sqlx::query("UPDATE batches SET bytes = ? WHERE after = ?")
            .bind(bytes)
            .bind(after)
            .execute(&mut connection);
        self.runtime.block_on(restored).expect("a batch can be changed");
    }

    fn appended(&mut self, by: By, batch: &Batch) -> Appended {
        let (runtime, journal) = self.journal(by);
        runtime.block_on(journal.append(batch))
    }

    fn head_of(&mut self, by: By) -> Option<Head> {
        let (runtime, journal) = self.journal(by);
        runtime.block_on(journal.head())
    }

    fn journal(&mut self, by: By) -> (&Runtime, &mut SqliteJournal) {
        let journal = match by {
            By::Writer => self.writer.as_mut().expect("a writer has the journal open"),
            By::Former(place) => &mut self.former[place],
        };
        (&self.runtime, journal)
    }

    fn sql(&self, sql: &'static str) {
        let mut connection = self.connection();
        let done = sqlx::raw_sql(sql).execute(&mut connection);
        self.runtime
            .block_on(done)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn connection(&self) -> SqliteConnection {
        let url = format!("sqlite://{}", self.database().display());
        let connected = self.runtime.block_on(SqliteConnection::connect(&url));
        connected.expect("the journal is a database")
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }
}
