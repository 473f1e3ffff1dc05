use core::time::Duration;

use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::outbox::Appended;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::WallClock;

use super::{Done, Store};
use crate::engine::Latency;
use crate::fault::{CrashLoss, StoreFault};

fn store(seed: u64) -> (Store, Head) {
    let mut store = Store::new(Latency::Fixed { us: 100 }, Rng::from_seed(seed));
    let head = store.open().unwrap();
    (store, head)
}

fn batch(head: &Head, records: &[u64]) -> Batch {
    Batch::seal(head, WallClock::default(), records.iter())
}

fn append(store: &mut Store, batch: &Batch) -> Appended {
    assert!(store.append(batch) >= Duration::from_micros(100));
    match store.finish() {
        Done::Appended { answer, .. } => answer,
        other @ Done::Head(_) => panic!("{other:?}"),
    }
}

fn tip(batch: &Batch) -> Head {
    Head {
        epoch: batch.epoch,
        position: batch.last,
        hash: batch.hash,
    }
}

/// Every durable record, read back through the chain of hashes.
fn records(store: &Store) -> Vec<u64> {
    let mut head = Head::default();
    let opened = store
        .batches()
        .map(|(hash, bytes)| Batch::open::<u64>(&mut head, hash, bytes).unwrap());
    let all = opened.flat_map(|batch| batch.records).collect();
    assert_eq!(
        (head.position, head.hash),
        (store.head().position, store.head().hash)
    );
    all
}

#[test]
fn batches_follow_each_other_and_are_read_back() {
    let (mut store, head) = store(1);
    let first = batch(&head, &[1, 2]);
    assert_eq!(append(&mut store, &first), Appended::Committed);
    let second = batch(&tip(&first), &[3]);
    assert_eq!(append(&mut store, &second), Appended::Committed);
    assert_eq!(records(&store), [1, 2, 3]);
    assert_eq!(
        append(&mut store, &second),
        Appended::Fenced,
        "it does not follow the head"
    );
    assert_eq!(append(&mut store, &batch(&head, &[9])), Appended::Fenced);
    assert_eq!(records(&store), [1, 2, 3]);
}

#[test]
fn a_new_writer_fences_the_old_one_off() {
    let (mut store, head) = store(1);
    let new = store.open().unwrap();
    assert!(new.epoch > head.epoch);
    assert_eq!(append(&mut store, &batch(&head, &[1])), Appended::Fenced);
    assert_eq!(append(&mut store, &batch(&new, &[2])), Appended::Committed);
    store.usurp();
    assert_eq!(
        append(&mut store, &batch(&tip(&batch(&new, &[2])), &[3])),
        Appended::Fenced
    );
    assert_eq!(records(&store), [2]);
}

#[test]
fn a_store_that_fails_changes_nothing_and_heals() {
    for fault in [StoreFault::Unavailable, StoreFault::Full] {
        let (mut store, head) = store(1);
        store.begin(5, fault, 100);
        assert_eq!(append(&mut store, &batch(&head, &[1])), Appended::Failed);
        assert!(store.read_head() > Duration::ZERO);
        let readable = store.finish() == Done::Head(Some(head));
        assert_eq!(readable, fault == StoreFault::Full, "a full disk can be read");
        assert_eq!(store.open().is_some(), fault == StoreFault::Full);
        store.end(5);
        let head = store.open().unwrap();
        assert_eq!(append(&mut store, &batch(&head, &[1])), Appended::Committed);
    }
}

#[test]
fn an_unknown_outcome_is_one_or_the_other_and_the_head_tells() {
    for committed_percent in [0, 100] {
        let (mut store, head) = store(1);
        store.begin(5, StoreFault::UnknownOutcome { committed_percent }, 100);
        let batch = batch(&head, &[1]);
        assert_eq!(append(&mut store, &batch), Appended::Unknown);
        let _ = store.read_head();
        let expected = if committed_percent == 100 {
            tip(&batch)
        } else {
            head
        };
        assert_eq!(store.finish(), Done::Head(Some(expected)));
        assert_eq!(records(&store).len(), usize::from(committed_percent) / 100);
    }
}

#[test]
fn a_slow_sync_takes_longer() {
    let (mut store, head) = store(1);
    store.begin(5, StoreFault::SlowSync { extra_ms: 700 }, 100);
    assert!(store.append(&batch(&head, &[1])) >= Duration::from_millis(700));
}

/// Crashes in the middle of the second append and says which records survived.
fn crash(loss: CrashLoss, seed: u64) -> Vec<u64> {
    let (mut store, head) = store(seed);
    let first = batch(&head, &[1, 2, 3]);
    assert_eq!(append(&mut store, &first), Appended::Committed);
    let _ = store.append(&batch(&tip(&first), &[4, 5]));
    let grew = store.crash(loss);
    let survived = records(&store);
    assert_eq!(grew, survived.len() > 3);
    // Whatever happened, the store goes on from there.
    let head = store.open().unwrap();
    assert_eq!(append(&mut store, &batch(&head, &[6])), Appended::Committed);
    assert_eq!(records(&store).last(), Some(&6));
    survived
}

#[test]
fn a_crash_keeps_what_was_synced_and_never_half_a_batch() {
    assert_eq!(crash(CrashLoss::Lost, 1), [1, 2, 3]);
    assert_eq!(crash(CrashLoss::Kept, 1), [1, 2, 3, 4, 5]);
    let outcomes: std::collections::BTreeSet<_> = (0..500).map(|seed| crash(CrashLoss::Torn, seed)).collect();
    assert_eq!(outcomes, [vec![1, 2, 3], vec![1, 2, 3, 4, 5]].into());
}
