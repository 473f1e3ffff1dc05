//! [`Staff`]: some workers, started and ended together.

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Ended, Runner};
use crate::driver::Asker;
use crate::driver::spawn::spawn;

/// Workers that run as tasks of this process.
#[derive(Debug)]
pub struct Staff {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Ended>>,
}

impl Staff {
    /// Starts each of `runners`.
    #[must_use]
    pub fn start<A: Asker>(runners: Vec<Runner<A>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let start = |runner: Runner<A>| {
            let mut stopped = stopped.clone();
            spawn(runner.run(async move { drop(stopped.wait_for(|is_over| *is_over).await) }))
        };
        let tasks = runners.into_iter().map(start).collect();
        Self { stop, tasks }
    }

    /// Tells them to take no more jobs.
    pub fn drain(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until all have ended: how many jobs they still held, or `None` if one of them panicked.
    pub async fn ended(self) -> Option<usize> {
        let ended = join_all(self.tasks).await;
        let held = |one: Result<Ended, _>| match one {
            Ok(Ended::Drained) => Some(0),
            Ok(Ended::Holding(held)) => Some(held),
            Err(_) => None,
        };
        ended.into_iter().map(held).sum()
    }
}
