//! How a driver ends: told to, fenced off, or with a journal that takes nothing more.

use super::journal::{Fate, MemoryJournal};
use super::{Running, a_moment, assert_user};
use crate::driver::spawn::spawn;
use crate::driver::{DriverError, Unavailable};
use crate::testing::register;

#[tokio::test(start_paused = true)]
async fn a_stop_answers_everybody_and_closes_the_journal() {
    let journal = MemoryJournal::gated(&[]);
    let running = Running::start(journal.clone()).await;
    let handle = running.handle.clone();
    let writes: Vec<_> = (0..300).map(|n| running.register(&format!("user {n}"))).collect();
    tokio::task::yield_now().await;
    let stopping = spawn(running.stop());
    a_moment().await;
    assert!(
        !stopping.is_finished(),
        "it ended before the last records were durable"
    );
    let late = handle.command(register("late")).await;
    assert_eq!(
        late.map(drop),
        Err(Unavailable::Stopped),
        "a request was taken after the stop"
    );
    journal.open_gate();
    stopping.await.unwrap().unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(journal.state().users().len(), 300);
    assert!(journal.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_answers_what_still_waits_for_its_turn() {
    let journal = MemoryJournal::new(&[]);
    let running = Running::start(journal.clone()).await;
    a_moment().await;
    let writes: Vec<_> = (0..300).map(|n| running.register(&format!("user {n}"))).collect();
    // The driver has not run since: it finds the requests and the stop at once.
    let stopping = spawn(running.stop());
    for write in writes {
        write.await.unwrap().unwrap();
    }
    stopping.await.unwrap().unwrap();
    assert_eq!(journal.state().users().len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_a_failing_journal_its_time_and_then_says_what_is_missing() {
    let journal = MemoryJournal::new(&[Fate::Fails; 1_000]);
    let running = Running::start(journal.clone()).await;
    let write = running.register("ada");
    a_moment().await;
    let error = running.stop().await.unwrap_err();
    assert!(
        matches!(error, DriverError::Unflushed { records } if records > 0),
        "{error:?}"
    );
    assert_eq!(write.await.unwrap().map(drop), Err(Unavailable::Stopped));
    assert_eq!(journal.batches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_journal_that_heals() {
    let journal = MemoryJournal::new(&[Fate::Commits, Fate::Fails, Fate::UnknownAndLost, Fate::Fails]);
    let running = Running::start(journal.clone()).await;
    a_moment().await;
    let write = running.register("ada");
    tokio::task::yield_now().await;
    running.stop().await.unwrap();
    assert_user(write.await.unwrap(), 1);
    assert_eq!(journal.state().users().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fenced_driver_dies_and_tells_nobody_anything() {
    let journal = MemoryJournal::new(&[Fate::Commits, Fate::Fenced]);
    let running = Running::start(journal.clone()).await;
    a_moment().await;
    let (write, handle) = (running.register("ada"), running.handle.clone());
    assert_eq!(write.await.unwrap().map(drop), Err(Unavailable::Stopped));
    assert_eq!(running.end.await.unwrap(), Err(DriverError::Fenced));
    let late = handle.command(register("late")).await;
    assert_eq!(late.map(drop), Err(Unavailable::Stopped));
    assert_eq!(journal.state().users().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_handles_ends() {
    let journal = MemoryJournal::new(&[]);
    let Running { handle, stop, end } = Running::start(journal.clone()).await;
    a_moment().await;
    drop(handle);
    assert_eq!(end.await.unwrap(), Ok(()));
    assert!(journal.is_closed());
    drop(stop);
}
