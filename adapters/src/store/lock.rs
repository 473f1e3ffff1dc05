//! The lock file beside a database: one process at a time, told apart from a stale file by the system itself.
//!
//! The lock is not on the database: SQLite has its own locks there, and closing any second handle of that file
//! would drop them (<https://www.sqlite.org/howtocorrupt.html>, 2.2). The file stays when the process ends, the lock
//! does not.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the journal at `database`.
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        let lock = Self::path(database);
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock);
        let file = opened.map_err(|source| StoreError::OpenLock {
            lock: lock.clone(),
            source,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { lock }),
            Err(TryLockError::Error(source)) => Err(StoreError::OpenLock { lock, source }),
        }
    }

    /// Where the lock of the journal at `database` is.
    pub(super) fn path(database: &Path) -> PathBuf {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        PathBuf::from(path)
    }
}
