//! The driver against a journal in memory that does as it is told, in paused time.

mod commits;
mod deposits;
mod ends;
pub(crate) mod journal;

use std::future::{Future, pending};
use std::time::Duration;

use plimsoll_core::bank::{BankConfig, Notice, Query, Reply};
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::{EndpointId, UserId};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::spawn::spawn;
use super::{Asker, Driver, DriverError, Handle, Unavailable, recover};
use crate::clock::Clock;
use crate::store::Journal;
use crate::testing::{bank_config, register};

/// Endpoints that never answer.
#[derive(Debug, Clone)]
struct Silent;

impl Asker for Silent {
    fn ask(
        &self,
        _: EndpointId,
        _: Question,
        _: Duration,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send {
        pending()
    }
}

/// A driver that runs.
struct Running {
    handle: Handle,
    stop: oneshot::Sender<()>,
    end: JoinHandle<Result<(), DriverError>>,
}

impl Running {
    async fn start(journal: impl Journal) -> Self {
        Self::asking(Silent, journal).await
    }

    async fn asking(asker: impl Asker, journal: impl Journal) -> Self {
        Self::with(bank_config(), asker, journal).await
    }

    async fn with(config: BankConfig, asker: impl Asker, mut journal: impl Journal) -> Self {
        let recovered = recover(&mut journal, config, |_| {}).await.unwrap();
        let (driver, handle) = Driver::new(journal, recovered, asker, Clock::start(), |_: &Notice| {});
        let (stop, stopped) = oneshot::channel();
        let end = spawn(driver.run(async { drop(stopped.await) }));
        Self { handle, stop, end }
    }

    async fn stop(self) -> Result<(), DriverError> {
        self.stop.send(()).unwrap();
        self.end.await.unwrap()
    }

    /// Registers a user in a task of its own.
    fn register(&self, name: &str) -> JoinHandle<Result<Reply, Unavailable>> {
        let (handle, command) = (self.handle.clone(), register(name));
        spawn(async move { handle.command(command).await })
    }

    fn ask_for(&self, user: u64) -> JoinHandle<Result<Reply, Unavailable>> {
        let handle = self.handle.clone();
        spawn(async move { handle.query(Query::User(UserId::new(user))).await })
    }
}

/// Lets everything run that can run for a while.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

#[track_caller]
fn assert_user(reply: Result<Reply, Unavailable>, number: u64) {
    match reply {
        Ok(Reply::User { user, .. }) => assert_eq!(user, UserId::new(number)),
        other => panic!("{other:?}"),
    }
}
