//! Why a journal cannot be opened or read. One variant for each operation that can fail; the text completes
//! "failed to …", and [`StoreError::hint`] says what a person can do.

use std::io;
use std::path::PathBuf;

use plimsoll_core::journal::{BatchError, Position};

/// Why a journal cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lock file cannot be made or locked: a read-only or missing folder, mostly.
    #[error("open the lock file {}", lock.display())]
    OpenLock {
        /// The lock file.
        lock: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has the journal open.
    #[error("lock {}: another process has this journal open", lock.display())]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// There is no database, and making one was not asked for.
    #[error("find a journal at {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The database is gone or empty while its write-ahead log holds something.
    #[error("open journal {}: its write-ahead log is there, the database itself is gone", path.display())]
    Beheaded {
        /// Where the database should be.
        path: PathBuf,
    },
    /// The database cannot be opened.
    #[error("open journal {}", path.display())]
    Open {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file is something else.
    #[error("open journal {}: it is not a plimsoll journal", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error(
        "open journal {}: it has {what} format {found}, this version reads up to {reads}: upgrade plimsoll to open it",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Of what: "table" or "batch".
        what: &'static str,
        /// The format found.
        found: i64,
        /// The newest format that this version reads.
        reads: i64,
    },
    /// SQLite did not take a setting that durability rests on.
    #[error("set {pragma} = {wanted} on journal {}: it is {found}", path.display())]
    Setting {
        /// The database.
        path: PathBuf,
        /// Which setting.
        pragma: &'static str,
        /// What was asked for.
        wanted: &'static str,
        /// What SQLite has.
        found: String,
    },
    /// The tables of a new journal cannot be made.
    #[error("create journal {}", path.display())]
    Create {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The next epoch cannot be begun.
    #[error("take over journal {}", path.display())]
    TakeOver {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The rows cannot be read.
    #[error("read journal {}", path.display())]
    Read {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// A batch is not what the chain says.
    #[error("verify journal {}", path.display())]
    Batch {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        source: BatchError,
    },
    /// A column of a row contradicts the batch in it.
    #[error("verify journal {}: the row of the batch after position {after} has a wrong `{column}`", path.display())]
    Column {
        /// The database.
        path: PathBuf,
        /// The position before the batch.
        after: Position,
        /// The column.
        column: &'static str,
    },
    /// The head row does not name the last batch: the end of the journal was cut off, or the row was damaged.
    #[error("verify journal {}: its batches end at position {reached}, its head says {head}", path.display())]
    Head {
        /// The database.
        path: PathBuf,
        /// Where the batches end.
        reached: Position,
        /// Where the head row says that they end; equal to `reached` when the hash or the epoch differs.
        head: Position,
    },
}

/// SQLite's result codes (<https://www.sqlite.org/rescode.html>) that a person can do something about.
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_NOTADB: i32 = 26;

impl StoreError {
    /// What a person can do about it, if that is not plain from the error.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OpenLock { .. } => Some("the folder of the journal must exist and be writable"),
            Self::Locked { .. } => Some("stop the other process, or give this one another journal"),
            Self::Missing { .. } => Some("check the path in the configuration"),
            Self::Beheaded { .. } | Self::Batch { .. } | Self::Column { .. } | Self::Head { .. } => {
                Some(RESTORE)
            }
            Self::NotAJournal { .. } => {
                Some("check the path in the configuration; the file was left as it is")
            }
            Self::Open { source, .. }
            | Self::Create { source, .. }
            | Self::TakeOver { source, .. }
            | Self::Read { source, .. } => sqlite_hint(source),
            Self::Newer { .. } | Self::Setting { .. } => None,
        }
    }

    /// `source` as the error of opening `path`: a file that is no database has its own name.
    pub(super) fn open(path: PathBuf, source: sqlx::Error) -> Self {
        if primary_code(&source) == Some(SQLITE_NOTADB) {
            Self::NotAJournal { path }
        } else {
            Self::Open { path, source }
        }
    }
}

const RESTORE: &str =
    "the file is damaged: restore it from a backup; `plimsoll check` tells how far it is intact";

fn sqlite_hint(error: &sqlx::Error) -> Option<&'static str> {
    match primary_code(error)? {
        SQLITE_READONLY | SQLITE_CANTOPEN => Some("the journal and its folder must be writable"),
        SQLITE_CORRUPT | SQLITE_NOTADB => Some(RESTORE),
        SQLITE_FULL => Some("the disk is full: free some space and start again"),
        _ => None,
    }
}

/// SQLite's primary result code: the low byte of the extended one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}
