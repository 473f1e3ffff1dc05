//! Nothing is said before it is durable, whatever the journal does.

use std::time::Duration;

use futures_util::future::poll_immediate;
use plimsoll_core::bank::{Act, Query, Record};
use plimsoll_core::chaos::Chaos;
use plimsoll_core::id::UserId;
use plimsoll_core::outbox::Outbox;

use super::journal::{Fate, MemoryJournal};
use super::{Running, Silent, a_moment, assert_user};
use crate::driver::handle::MAILBOX_MAX;
use crate::driver::{Unavailable, recover};
use crate::testing::{bank_config, chainless_config, register};

#[tokio::test(start_paused = true)]
async fn no_reply_comes_before_its_commit() {
    let journal = MemoryJournal::gated(&[]);
    let running = Running::start(journal.clone()).await;
    let write = running.register("ada");
    a_moment().await;
    let read = running.ask_for(1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(
        !write.is_finished(),
        "a write was acknowledged before it was durable"
    );
    assert!(!read.is_finished(), "a read showed what was not durable");
    assert_eq!(journal.batches(), 0);
    journal.open_gate();
    assert_user(write.await.unwrap(), 1);
    assert_user(read.await.unwrap(), 1);
    assert_eq!(journal.state().users().len(), 1);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_one_commit_is_under_way_the_next_gathers() {
    let journal = MemoryJournal::gated(&[]);
    let running = Running::start(journal.clone()).await;
    let writes: Vec<_> = (0..1_000)
        .map(|n| running.register(&format!("user {n}")))
        .collect();
    a_moment().await;
    journal.open_gate();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(
        journal.batches(),
        2,
        "the first tick's records, then everybody at once"
    );
    assert_eq!(running.handle.pulse().uncommitted, 0);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_append_is_tried_again_and_nobody_is_told() {
    let journal = MemoryJournal::new(&[Fate::Commits, Fate::Fails, Fate::Fails, Fate::Fails]);
    let running = Running::start(journal.clone()).await;
    a_moment().await;
    let write = running.register("ada");
    a_moment().await;
    assert!(running.handle.pulse().is_journal_failing);
    assert!(!write.is_finished());
    assert_user(write.await.unwrap(), 1);
    assert!(!running.handle.pulse().is_journal_failing);
    assert_eq!(journal.state().users().len(), 1);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_resolved_by_the_head() {
    for (fate, name) in [(Fate::UnknownAndKept, "kept"), (Fate::UnknownAndLost, "lost")] {
        let journal = MemoryJournal::new(&[Fate::Commits, fate]);
        let running = Running::start(journal.clone()).await;
        a_moment().await;
        journal.make_head_unreadable(3);
        let write = running.register("ada");
        a_moment().await;
        assert!(!write.is_finished(), "{name}: acknowledged while nobody knew");
        assert_user(write.await.unwrap(), 1);
        assert_eq!(journal.batches(), 2, "{name}");
        assert_eq!(journal.state().users().len(), 1, "{name}");
        running.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_turned_away_at_once() {
    let running = Running::start(MemoryJournal::new(&[])).await;
    let mut requests: Vec<_> = (0..MAILBOX_MAX + 10)
        .map(|n| Box::pin(running.handle.command(register(&format!("user {n}")))))
        .collect();
    // Nobody else runs until this task waits, so the mailbox fills.
    let mut turned_away = 0;
    for request in &mut requests {
        if let Some(reply) = poll_immediate(request).await {
            assert_eq!(reply.map(drop), Err(Unavailable::Overloaded));
            turned_away += 1;
        }
    }
    assert_eq!(turned_away, 10);
    drop(requests);
    assert_user(running.register("ada").await.unwrap(), MAILBOX_MAX as u64 + 1);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_falls_behind_turns_commands_away_and_not_reads() {
    let journal = MemoryJournal::gated(&[]);
    let running = Running::with(chainless_config(), Silent, journal.clone()).await;
    let mut writes = Vec::new();
    for n in 0..40_000 {
        writes.push(running.register(&format!("user {n}")));
        if n % 1_000 == 0 {
            a_moment().await;
        }
    }
    a_moment().await;
    let late = running.register("late").await.unwrap();
    assert_eq!(late.map(drop), Err(Unavailable::Overloaded));
    assert!(Unavailable::Overloaded.retry_after() > Duration::ZERO);
    let read = running.ask_for(1);
    a_moment().await;
    journal.open_gate();
    assert_user(read.await.unwrap(), 1);
    let mut taken = 0;
    for write in writes {
        taken += usize::from(write.await.unwrap().is_ok());
    }
    assert_eq!(
        journal.state().users().len(),
        taken,
        "exactly those that were acknowledged are there"
    );
    running.register("late").await.unwrap().unwrap();
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_quiet_driver_has_a_pulse() {
    let running = Running::start(MemoryJournal::new(&[])).await;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(1_700)).await;
        assert!(running.handle.heartbeat_age() <= Duration::from_secs(1));
    }
    let reply = running.handle.query(Query::User(UserId::new(1))).await;
    assert!(reply.is_ok(), "{reply:?}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn production_has_no_bad_luck_on_purpose() {
    let mut journal = MemoryJournal::new(&[]);
    let recovered = recover(&mut journal, bank_config(), |_| {}).await.unwrap();
    assert!(recovered.bank.chaos().all(|part| *part == Chaos::off()));
    assert_eq!(*Outbox::<Record, Act>::new(recovered.head).chaos(), Chaos::off());
}
