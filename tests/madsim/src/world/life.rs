//! The process: from its start to its end, each time that its node is started.

use std::time::Duration;

use plimsoll_sim::fault::CrashLoss;

use super::asker::Endpoints;
use super::journal::StoreJournal;
use super::seat::Seat;
use super::stage::{Ended, Shared, Stage};
use crate::clock::Clock;
use crate::driver::{Driver, recover};
use crate::sync::oneshot;

/// How long the process waits before it tries again to open a store that it cannot reach.
const OPEN_RETRY: Duration = Duration::from_millis(500);

/// Lives until the driver ends: it was told to stop, or another writer took the journal over.
pub(super) async fn live(shared: Shared) {
    let mut journal = loop {
        match StoreJournal::open(&shared) {
            Some(journal) => break journal,
            None => crate::time::sleep(OPEN_RETRY).await,
        }
    };
    let config = shared.lock().next_life();
    let recovered = recover(&mut journal, config, |_| {}).await;
    let recovered = recovered.unwrap_or_else(|error| panic!("recover: {error}"));
    let (stop, stopped) = oneshot::channel();
    let driver = {
        let stage = &mut *shared.lock();
        stage.panel.began(&recovered.bank, &recovered.head);
        let (asker, seat) = (Endpoints(shared.clone()), Seat(shared.clone()));
        let (driver, handle) = Driver::new(journal, recovered, asker, Clock::start(), seat);
        (stage.door, stage.stop) = (Some(handle), Some(stop));
        driver
    };
    let outcome = driver.run(async { drop(stopped.await) }).await;
    let stage = &mut *shared.lock();
    bury(stage, CrashLoss::Kept);
    let at = shared.now();
    if outcome.is_ok() {
        let life = stage.tally.lives;
        stage.peaceful.insert(life);
    }
    stage.ended = Some(Ended { at, outcome });
}

/// The process is gone, with `loss` of what was not durable.
pub(super) fn bury(stage: &mut Stage, loss: CrashLoss) {
    (stage.door, stage.stop) = (None, None);
    let _ = stage.store.crash(loss);
    stage.panel.crashed(loss, stage.store.batches());
}
