//! A live driver that is recorded.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_core::bank::{Command, Notice, Reply};
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::{EndpointId, IdempotencyKey, UserId};
use plimsoll_core::ledger::{self, Owner, Request, Transfer};
use plimsoll_core::money::Amount;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::driver::spawn::spawn;
use crate::driver::{Asker, Driver, Handle, recover};
use crate::recorder::{Recorder, RecordingLimits, Redactor, segments};
use crate::store::{Journal, Mode, SqliteJournal};
use crate::testing::{bank_config, register};

pub(super) const KEY: &str = "the key of these recordings";

pub(super) const LIMITS: RecordingLimits = RecordingLimits {
    segment_bytes: 1 << 20,
    segments_max: 100,
    queued_bytes_max: 1 << 20,
};

/// Endpoints that refuse every connection.
#[derive(Debug, Clone)]
struct Refusing;

impl Asker for Refusing {
    async fn ask(&self, _: EndpointId, _: Question, _: Duration) -> Result<Answer, Fault> {
        Err(Fault::Connection)
    }
}

/// A folder with a journal and a recording of it.
pub(super) struct Place(TempDir);

/// How a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Stopped,
    Killed,
}

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    pub(super) fn recording(&self) -> PathBuf {
        self.0.path().join("recording")
    }

    /// The file of a segment.
    pub(super) fn segment(&self, number: u64) -> PathBuf {
        self.recording().join(format!("{number:06}.plmrec"))
    }

    pub(super) fn segments(&self) -> usize {
        segments(&self.recording()).unwrap().len()
    }

    /// Lets a driver live on the journal while `story` lasts.
    pub(super) async fn live<F: Future<Output = ()>>(
        &self,
        limits: RecordingLimits,
        end: End,
        story: impl FnOnce(Handle) -> F,
    ) {
        let journal = SqliteJournal::open(&self.journal(), Mode::CreateIfMissing)
            .await
            .unwrap();
        live(&self.recording(), limits, end, journal, story).await;
    }
}

/// Lets a driver live on `journal` while `story` lasts.
pub(super) async fn live<F: Future<Output = ()>>(
    recording: &Path,
    limits: RecordingLimits,
    end: End,
    mut journal: impl Journal,
    story: impl FnOnce(Handle) -> F,
) {
    let recovered = recover(&mut journal, bank_config(), |_| {}).await.unwrap();
    let recorder = Recorder::start(recording, limits, Redactor::new(KEY)).unwrap();
    let witness = (|_: &Notice| {}, Some(recorder));
    let (driver, handle) = Driver::new(journal, recovered, Refusing, Clock::start(), witness);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = spawn(driver.run(async { drop(stopped.await) }));
    story(handle.clone()).await;
    if end == End::Killed {
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    } else {
        drop(stop);
        running.await.unwrap().unwrap();
    }
    drop(handle); // a driver whose last handle is gone ends in an orderly way
}

/// Registers so many users, whose names begin with `name`.
pub(super) async fn registrations(handle: &Handle, name: &str, count: u64) {
    for number in 0..count {
        let reply = handle
            .command(register(&format!("{name} {number}")))
            .await
            .unwrap();
        assert!(matches!(reply, Reply::User { .. }), "{reply:?}");
    }
}

/// A transfer that the ledger refuses, for nobody has anything; it is recorded all the same.
pub(super) fn transfer(number: u64) -> Command {
    let transfers = vec![Transfer {
        debit: Owner::User(UserId::new(1)),
        credit: Owner::User(UserId::new(2)),
        asset: "USDT".parse().unwrap(),
        amount: Amount::from_minor(i128::from(number) + 1),
    }];
    Command::Transact(Request {
        key: IdempotencyKey::derive("transfer", &number.to_le_bytes()),
        command: ledger::Command::Post { transfers },
    })
}
