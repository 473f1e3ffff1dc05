//! What can go wrong with a file, one test each: every case has its own error, and nothing is lost or overwritten.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use plimsoll_core::journal::{Batch, BatchError, ChainHash, Head, OpenedBatch, Position};
use plimsoll_core::outbox::Appended;
use plimsoll_core::time::WallClock;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::{Mode, SqliteJournal};
use crate::store::conformance::{self, Site};
use crate::store::lock::Lock;
use crate::store::{Journal as _, StoreError};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    async fn journal(&self) -> SqliteJournal {
        SqliteJournal::open(&self.database(), Mode::CreateIfMissing)
            .await
            .unwrap()
    }

    /// A closed journal of `batches` batches, each of the records 0 to 99.
    async fn filled(batches: usize) -> Self {
        let folder = Self::new();
        let mut journal = folder.journal().await;
        let mut head = journal.head().await.unwrap();
        for _ in 0..batches {
            head = append(&mut journal, &head).await;
        }
        journal.close().await;
        folder
    }

    async fn sql(&self, sql: &'static str) {
        let url = format!("sqlite://{}", self.database().display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Site for Folder {
    type Journal = SqliteJournal;

    async fn open(&mut self) -> SqliteJournal {
        let _ = fs::remove_file(Lock::path(&self.database()));
        self.journal().await
    }
}

fn seal(head: &Head) -> Batch {
    let records: Vec<u64> = (0..100).collect();
    Batch::seal(head, WallClock::from_micros(1), records.iter())
}

async fn append(journal: &mut SqliteJournal, head: &Head) -> Head {
    let batch = seal(head);
    assert_eq!(journal.append(&batch).await, Appended::Committed);
    Head {
        epoch: batch.epoch,
        position: batch.last,
        hash: batch.hash,
    }
}

async fn open(path: &Path) -> Result<SqliteJournal, StoreError> {
    SqliteJournal::open(path, Mode::MustExist).await
}

/// Opens and replays, as a start does. The records that were given out before the error, and the error.
async fn start(path: &Path) -> (u64, Result<Head, StoreError>) {
    let mut seen = 0;
    let mut journal = match open(path).await {
        Ok(journal) => journal,
        Err(error) => return (seen, Err(error)),
    };
    let head = journal
        .replay(|opened: OpenedBatch<u64>, _| seen += opened.records.len() as u64)
        .await;
    journal.close().await;
    (seen, head)
}

/// Overwrites the byte at `offset` with its complement.
fn flip(path: &Path, offset: u64) {
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(&[!byte[0]]).unwrap();
}

#[tokio::test]
async fn it_conforms() {
    conformance::check(Folder::new).await;
}

#[tokio::test]
async fn durability_settings_are_in_force_after_every_way_to_connect() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    for _ in 0..2 {
        let connection = journal.connection().await.unwrap();
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(connection)
            .await
            .unwrap();
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
        journal.discard().await;
    }
}

#[tokio::test]
async fn a_second_process_is_refused_by_name_of_the_lock() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    let head = journal.head().await.unwrap();
    let error = open(&folder.database()).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("journal.db.lock"), "{error}");
    append(&mut journal, &head).await;
    journal.close().await;
    open(&folder.database()).await.unwrap();
}

#[tokio::test]
async fn a_missing_journal_is_not_made_unless_asked_for() {
    let folder = Folder::new();
    let error = open(&folder.database()).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert!(!folder.database().exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    for path in ["/proc/plimsoll/journal.db", "/nonexistent/journal.db"] {
        let error = SqliteJournal::open(Path::new(path), Mode::CreateIfMissing)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::OpenLock { .. }), "{error:?}");
        assert!(error.to_string().contains(path), "{error}");
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn another_file_is_left_as_it_is() {
    let folder = Folder::new();
    for content in [&b"dear diary"[..], &[7; 20_000]] {
        fs::write(folder.database(), content).unwrap();
        let error = SqliteJournal::open(&folder.database(), Mode::CreateIfMissing)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::NotAJournal { .. }), "{error:?}");
        assert_eq!(fs::read(folder.database()).unwrap(), content);
    }
}

#[tokio::test]
async fn another_database_is_left_as_it_is() {
    let folder = Folder::new();
    fs::write(folder.database(), []).unwrap();
    folder.sql("CREATE TABLE diary (entry TEXT)").await;
    let before = fs::read(folder.database()).unwrap();
    let error = SqliteJournal::open(&folder.database(), Mode::CreateIfMissing)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::NotAJournal { .. }), "{error:?}");
    assert_eq!(fs::read(folder.database()).unwrap(), before);
}

#[tokio::test]
async fn a_newer_journal_asks_for_an_upgrade() {
    for (sql, what) in [
        ("PRAGMA user_version = 2", "table format 2"),
        ("UPDATE log_head SET format = 9", "batch format 9"),
    ] {
        let folder = Folder::filled(1).await;
        folder.sql(sql).await;
        let error = open(&folder.database()).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(what) && text.contains("upgrade plimsoll"), "{text}");
    }
}

#[tokio::test]
async fn a_newer_batch_asks_for_an_upgrade() {
    let folder = Folder::filled(2).await;
    folder
        .sql("UPDATE batches SET bytes = CAST(x'09' || substr(bytes, 2) AS BLOB) WHERE after = 100")
        .await;
    let (seen, result) = start(&folder.database()).await;
    let error = result.unwrap_err();
    assert_eq!(seen, 100);
    assert!(
        matches!(
            error,
            StoreError::Batch {
                source: BatchError::Newer { found: 9 },
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_changed_batch_is_found_and_nothing_after_it_is_read() {
    let cases: &[(&'static str, &str)] = &[
        (
            "UPDATE batches SET bytes = CAST(substr(bytes, 1, 50) || x'00' || substr(bytes, 52) AS BLOB) WHERE after = 100",
            "Hash",
        ),
        (
            "UPDATE batches SET bytes = substr(bytes, 1, 50) WHERE after = 100",
            "Hash",
        ),
        ("UPDATE batches SET hash = zeroblob(32) WHERE after = 100", "Hash"),
        (
            "UPDATE batches SET previous = zeroblob(32) WHERE after = 100",
            "\"previous\"",
        ),
        ("UPDATE batches SET last = 201 WHERE after = 100", "\"last\""),
        ("UPDATE batches SET epoch = 7 WHERE after = 100", "\"epoch\""),
        ("DELETE FROM batches WHERE after = 100", "Gap"),
    ];
    for (sql, expected) in cases {
        let folder = Folder::filled(3).await;
        folder.sql(sql).await;
        let (seen, result) = start(&folder.database()).await;
        let error = result.unwrap_err();
        assert_eq!(seen, 100, "{sql}");
        assert!(format!("{error:?}").contains(expected), "{sql}: {error:?}");
        assert!(error.hint().unwrap().contains("backup"), "{sql}");
    }
}

#[tokio::test]
async fn a_gap_wider_than_a_page_is_found() {
    let folder = Folder::filled(300).await; // pages of 8,192 positions: 82 batches in the first three, 54 in the last
    let (seen, head) = start(&folder.database()).await;
    assert_eq!((seen, head.unwrap().position), (30_000, Position::new(30_000)));
    folder
        .sql("DELETE FROM batches WHERE after BETWEEN 8200 AND 28000")
        .await;
    let (seen, result) = start(&folder.database()).await;
    let error = result.unwrap_err();
    assert_eq!(seen, 8_200);
    let gap = BatchError::Gap {
        after: Position::new(28_100),
        expected: Position::new(8_200),
    };
    assert!(
        matches!(error, StoreError::Batch { source, .. } if source == gap),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_cut_end_and_a_changed_head_are_found() {
    for sql in [
        "DELETE FROM batches WHERE after = 200",
        "UPDATE log_head SET position = 200",
        "UPDATE log_head SET hash = zeroblob(32)",
    ] {
        let folder = Folder::filled(3).await;
        folder.sql(sql).await;
        let (_, result) = start(&folder.database()).await;
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Head { .. }), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn a_truncated_file_is_never_read_as_a_shorter_journal() {
    let whole = Folder::filled(200).await;
    let bytes = fs::read(whole.database()).unwrap();
    let folder = Folder::new();
    for sixteenth in 1..16 {
        let len = bytes.len() * sixteenth / 16;
        fs::write(folder.database(), &bytes[..len]).unwrap();
        let (_, result) = start(&folder.database()).await;
        let error = result.expect_err("a truncated journal was opened");
        assert!(error.hint().is_some(), "{len}: {error:?}");
    }
}

#[tokio::test]
async fn no_flipped_byte_changes_what_is_read() {
    let whole = Folder::filled(40).await;
    let bytes = fs::read(whole.database()).unwrap();
    let (all, _) = start(&whole.database()).await;
    assert_eq!(all, 4_000);
    let folder = Folder::new();
    let mut found = 0;
    for offset in (0..bytes.len()).step_by(131) {
        fs::write(folder.database(), &bytes).unwrap();
        flip(&folder.database(), offset as u64);
        let (seen, result) = start(&folder.database()).await;
        match result {
            // Free space and unused header fields: nothing of the journal was hit.
            Ok(head) => assert_eq!((seen, head.position), (all, Position::new(all)), "byte {offset}"),
            Err(_) => found += 1,
        }
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{beside}", folder.database().display()));
        }
    }
    let stored = 40 * seal(&Head::default()).bytes.len();
    assert!(found * 131 > stored * 9 / 10, "{found} flipped bytes were found");
}

#[tokio::test]
async fn a_log_without_its_database_is_refused() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    let head = journal.head().await.unwrap();
    append(&mut journal, &head).await;
    let log = format!("{}-wal", folder.database().display());
    let content = fs::read(&log).unwrap();
    journal.close().await;
    fs::remove_file(folder.database()).unwrap();
    fs::write(&log, &content).unwrap();
    let error = SqliteJournal::open(&folder.database(), Mode::CreateIfMissing)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Beheaded { .. }), "{error:?}");
    assert_eq!(fs::read(&log).unwrap(), content, "the log is evidence");
}

#[tokio::test]
async fn a_full_disk_fails_the_append_and_loses_nothing() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    let start = journal.head().await.unwrap();
    let head = append(&mut journal, &start).await;
    let records: Vec<u64> = (0..8_192).map(|n| n + (1 << 60)).collect();
    let large = Batch::seal(&head, WallClock::from_micros(2), records.iter());
    let connection = journal.connection().await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 6")
        .execute(connection)
        .await
        .unwrap();
    assert_eq!(journal.append(&large).await, Appended::Failed);
    assert_eq!(journal.head().await, Some(head), "a failed append moved the head");
    assert_eq!(
        journal.append(&large).await,
        Appended::Committed,
        "the quota went with the connection"
    );
    assert_eq!(journal.head().await.unwrap().hash, large.hash);
}

#[tokio::test]
async fn a_commit_that_fails_is_unknown_until_the_head_is_read_for_certain() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    let head = journal.head().await.unwrap();
    // A deferred foreign key is violated at COMMIT and at no earlier statement.
    folder
        .sql(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER fail AFTER INSERT ON batches BEGIN INSERT INTO child VALUES (1); END",
        )
        .await;
    let batch = seal(&head);
    assert_eq!(journal.append(&batch).await, Appended::Unknown);
    assert!(journal.is_doubtful);
    assert_eq!(
        journal.head().await,
        Some(head),
        "an open transaction was read as if it were durable"
    );
    assert!(!journal.is_doubtful);
    folder.sql("DROP TRIGGER fail").await;
    assert_eq!(journal.append(&batch).await, Appended::Committed);
}

#[tokio::test]
async fn a_doubtful_head_is_not_believed_while_the_log_cannot_be_settled() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    let start = journal.head().await.unwrap();
    let url = format!("sqlite://{}?mode=ro", folder.database().display());
    let mut reader = SqliteConnection::connect(&url).await.unwrap();
    let mut snapshot = reader.begin().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT epoch FROM log_head")
        .fetch_one(&mut *snapshot)
        .await
        .unwrap();
    let head = append(&mut journal, &start).await;
    journal.is_doubtful = true;
    let connection = journal.connection().await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 1")
        .execute(connection)
        .await
        .unwrap();
    assert_eq!(journal.head().await, None, "believed without a sync");
    snapshot.rollback().await.unwrap();
    reader.close().await.unwrap();
    assert_eq!(journal.head().await, Some(head));
}

#[tokio::test]
async fn a_lock_held_by_somebody_else_fails_the_append() {
    let folder = Folder::new();
    let mut journal = folder.journal().await;
    let head = journal.head().await.unwrap();
    let connection = journal.connection().await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 1")
        .execute(connection)
        .await
        .unwrap();
    let url = format!("sqlite://{}", folder.database().display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let batch = seal(&head);
    assert_eq!(journal.append(&batch).await, Appended::Failed);
    transaction.rollback().await.unwrap();
    assert_eq!(journal.append(&batch).await, Appended::Committed);
}

#[test]
fn the_head_of_nothing_is_all_zero() {
    assert_eq!(
        Head::default().hash,
        ChainHash([0; 32]),
        "the schema's first head row has zeroblob(32)"
    );
}
