//! [`Site`]: a folder with a real journal in it, made of a house's facts and whatever is added.

use std::path::PathBuf;

use plimsoll_adapters::driver::{Recovered, recover};
use plimsoll_adapters::store::{Journal as _, Mode, SqliteJournal};
use plimsoll_core::bank::Record;
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::time::WallClock;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::config::bank_config;

/// A folder for one journal, gone with the value.
#[derive(Debug)]
pub struct Site(TempDir);

impl Site {
    /// A new folder inside `parent`, which decides on which disk it is.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(parent: &str) -> Self {
        Self(TempDir::new_in(parent).expect("make a folder for a journal"))
    }

    /// A file called `name`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Opens the journal, or makes it.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> SqliteJournal {
        SqliteJournal::open(&self.journal(), Mode::CreateIfMissing)
            .await
            .expect("open the journal")
    }

    /// Opens the journal and recovers the bank from it, as a server does when it starts.
    ///
    /// # Panics
    /// When the journal is not sound.
    pub async fn recover(&self) -> (SqliteJournal, Recovered) {
        let mut journal = self.open().await;
        let recovered = recover(&mut journal, bank_config(), |_| {}).await;
        (journal, recovered.expect("recover"))
    }

    /// Appends `records` to the journal, `batch` of them at a time, and syncs it once at the end.
    ///
    /// A million commits that each wait for the disk would take minutes, so this writes rows as the journal does and not
    /// through it. Whoever recovers from them finds out whether they are right.
    ///
    /// # Panics
    /// When they are not taken.
    pub async fn write(&self, records: &[Record], batch: usize) {
        let mut journal = self.open().await;
        let mut head = journal.head().await.expect("read the head");
        journal.close().await;
        let options = SqliteConnectOptions::new().filename(self.journal());
        let mut connection = options.connect().await.expect("open the database");
        let mut transaction = connection.begin().await.expect("begin a transaction");
        for records in records.chunks(batch) {
            let sealed = Batch::seal(&head, WallClock::from_micros(1), records.iter());
            insert(&mut transaction, &sealed).await.expect("insert a batch");
            head.position = sealed.last;
            head.hash = sealed.hash;
        }
        set_head(&mut transaction, &head).await.expect("move the head");
        transaction.commit().await.expect("commit the batches");
        connection.close().await.expect("close the database");
    }

    fn journal(&self) -> PathBuf {
        self.file("journal.db")
    }
}

async fn insert(connection: &mut SqliteConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO batches (after, last, epoch, previous, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(column(batch.after.count()))
        .bind(column(batch.last.count()))
        .bind(column(batch.epoch))
        .bind(batch.previous.0.as_slice())
        .bind(batch.hash.0.as_slice())
        .bind(batch.bytes.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

async fn set_head(connection: &mut SqliteConnection, head: &Head) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE log_head SET position = ?, hash = ?")
        .bind(column(head.position.count()))
        .bind(head.hash.0.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

fn column(number: u64) -> i64 {
    i64::try_from(number).expect("fit a number into a column")
}
