//! What every [`Journal`] must do, as one body of tests: run on SQLite here, on each further store and on the
//! simulator's model of one, so that what the simulator learns holds for the real thing.
//!
//! Records are plain numbers: a store must not care. Every function panics with what is wrong.

use std::future::Future;

use plimsoll_core::journal::{Batch, ChainHash, Head, OpenedBatch, Position};
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use plimsoll_core::outbox::Appended;
use plimsoll_core::time::WallClock;

use super::journal::{Journal, Progress};

/// Where one journal lives.
pub trait Site {
    /// The kind of journal.
    type Journal: Journal;

    /// Opens the journal as its next writer, making it the first time. Whatever keeps a second process out must let
    /// this one in: an earlier writer may be alive, and only its epoch may stop it.
    fn open(&mut self) -> impl Future<Output = Self::Journal>;
}

/// Runs every check, each on a site of its own.
///
/// # Panics
/// When the journal does not conform.
pub async fn check<S: Site>(mut new_site: impl FnMut() -> S) {
    starts_empty(&mut new_site()).await;
    keeps_what_it_acknowledged(&mut new_site()).await;
    appends_at_the_head_alone(&mut new_site()).await;
    fences_off_the_earlier_writer(&mut new_site()).await;
    keeps_the_largest_and_the_smallest_batches(&mut new_site()).await;
    agrees_with_a_list(&mut new_site()).await;
}

/// A new journal has no record, and its first writer is in the first epoch or later.
async fn starts_empty<S: Site>(site: &mut S) {
    let mut journal = site.open().await;
    let (head, records) = read(&mut journal).await;
    assert_eq!(
        (head.position, head.hash),
        (Position::ZERO, ChainHash::default()),
        "a new journal has a past"
    );
    assert!(head.epoch > 0, "epoch 0 is before the first writer");
    assert!(records.is_empty(), "a new journal has records");
    assert_eq!(
        journal.head().await,
        Some(head),
        "the head and the replay disagree"
    );
    journal.close().await;
}

/// What was committed is there after a reopening, in order, with its date.
async fn keeps_what_it_acknowledged<S: Site>(site: &mut S) {
    let mut journal = site.open().await;
    let mut head = head_of(&mut journal).await;
    for records in [&[1, 2, 3][..], &[4], &[5, 6]] {
        commit(&mut journal, &mut head, records).await;
    }
    assert_eq!(
        read(&mut journal).await,
        (head, vec![1, 2, 3, 4, 5, 6]),
        "the writer reads something else"
    );
    journal.close().await;
    let mut journal = site.open().await;
    let (reopened, records) = read(&mut journal).await;
    assert_eq!(
        (reopened.position, reopened.hash),
        (head.position, head.hash),
        "the head moved while closed"
    );
    assert_eq!(
        reopened.epoch,
        head.epoch + 1,
        "a new writer begins the next epoch"
    );
    assert_eq!(records, [1, 2, 3, 4, 5, 6], "records changed while closed");
    journal.close().await;
}

/// A batch that does not follow the head is refused for ever and changes nothing.
async fn appends_at_the_head_alone<S: Site>(site: &mut S) {
    let mut journal = site.open().await;
    let start = head_of(&mut journal).await;
    let mut head = start;
    commit(&mut journal, &mut head, &[1, 2]).await;
    let other_hash = Head {
        hash: ChainHash([7; 32]),
        ..head
    };
    let gap = Head {
        position: head.position.after(1),
        ..head
    };
    let later_epoch = Head {
        epoch: head.epoch + 1,
        ..head
    };
    let earlier_epoch = Head {
        epoch: head.epoch - 1,
        ..head
    };
    for (wrong, what) in [
        (start, "a batch was appended twice"),
        (other_hash, "a batch with another past was appended"),
        (gap, "a batch was appended behind a gap"),
        (later_epoch, "a batch of an epoch that never began was appended"),
        (earlier_epoch, "a batch of an epoch that is over was appended"),
    ] {
        assert_eq!(
            journal.append(&seal(&wrong, &[9])).await,
            Appended::Fenced,
            "{what}"
        );
        assert_eq!(read(&mut journal).await, (head, vec![1, 2]), "{what}");
    }
    commit(&mut journal, &mut head, &[3]).await;
    journal.close().await;
}

/// Opening ends every earlier epoch, also that of a writer that is alive and does not know.
async fn fences_off_the_earlier_writer<S: Site>(site: &mut S) {
    let mut old = site.open().await;
    let mut old_head = head_of(&mut old).await;
    commit(&mut old, &mut old_head, &[1]).await;
    let mut new = site.open().await;
    let mut head = head_of(&mut new).await;
    assert_eq!(
        (head.position, head.hash),
        (old_head.position, old_head.hash),
        "the new writer starts elsewhere"
    );
    assert!(
        head.epoch > old_head.epoch,
        "the new writer did not begin an epoch"
    );
    assert_eq!(
        old.append(&seal(&old_head, &[2])).await,
        Appended::Fenced,
        "the old writer still writes"
    );
    assert_eq!(
        old.head().await,
        Some(head),
        "the old writer is not told of the new epoch"
    );
    commit(&mut new, &mut head, &[3]).await;
    assert_eq!(
        old.append(&seal(&old_head, &[2])).await,
        Appended::Fenced,
        "the old writer came back"
    );
    assert_eq!(
        read(&mut new).await,
        (head, vec![1, 3]),
        "the old writer left something"
    );
    old.close().await;
    new.close().await;
}

/// One record and [`BATCH_RECORDS_MAX`] records are batches like any other.
async fn keeps_the_largest_and_the_smallest_batches<S: Site>(site: &mut S) {
    let mut journal = site.open().await;
    let mut head = head_of(&mut journal).await;
    let mut expected = Vec::new();
    for len in [1, BATCH_RECORDS_MAX, 1, 2] {
        let start = expected.len() as u64;
        let records: Vec<u64> = (start..).take(len).collect();
        commit(&mut journal, &mut head, &records).await;
        expected.extend(records);
    }
    assert_eq!(read(&mut journal).await, (head, expected));
    journal.close().await;
}

/// A fixed mixture of appends, refused appends and reopenings leaves exactly what a list says.
async fn agrees_with_a_list<S: Site>(site: &mut S) {
    let mut journal = site.open().await;
    let mut head = head_of(&mut journal).await;
    let mut list = Vec::new();
    for step in 0..64_u64 {
        match step % 8 {
            3 => {
                let stale = Head {
                    epoch: head.epoch - 1,
                    ..head
                };
                assert_eq!(journal.append(&seal(&stale, &[step])).await, Appended::Fenced);
            }
            7 => {
                journal.close().await;
                journal = site.open().await;
                let (reopened, records) = read(&mut journal).await;
                assert_eq!(
                    (reopened.position, reopened.hash),
                    (head.position, head.hash),
                    "step {step}"
                );
                assert_eq!(records, list, "step {step}");
                head = reopened;
            }
            width => {
                let records: Vec<u64> = (step * 100..)
                    .take(usize::try_from(width).map_or(1, |width| width + 1))
                    .collect();
                commit(&mut journal, &mut head, &records).await;
                list.extend(records);
            }
        }
    }
    journal.close().await;
}

/// The batch of `records` that follows `head`.
fn seal(head: &Head, records: &[u64]) -> Batch {
    Batch::seal(
        head,
        WallClock::from_micros(1_700_000_000_000_000),
        records.iter(),
    )
}

/// Appends `records`, which must succeed, and moves `head` past them.
async fn commit<J: Journal>(journal: &mut J, head: &mut Head, records: &[u64]) {
    let batch = seal(head, records);
    assert_eq!(
        journal.append(&batch).await,
        Appended::Committed,
        "a batch at the head was not appended"
    );
    *head = Head {
        epoch: batch.epoch,
        position: batch.last,
        hash: batch.hash,
    };
    assert_eq!(
        journal.head().await,
        Some(*head),
        "the head is not the batch that was appended"
    );
}

async fn head_of<J: Journal>(journal: &mut J) -> Head {
    let head = journal.head().await;
    head.unwrap_or_else(|| unreachable!("a journal that was just opened cannot say its head"))
}

/// Everything in `journal`, and the head it leads to.
async fn read<J: Journal>(journal: &mut J) -> (Head, Vec<u64>) {
    let mut records = Vec::new();
    let mut reached = Position::ZERO;
    let each = |opened: OpenedBatch<u64>, progress: Progress| {
        assert_eq!(
            opened.recorded_at,
            WallClock::from_micros(1_700_000_000_000_000),
            "a date changed"
        );
        records.extend(opened.records);
        reached = progress.position;
        assert_eq!(reached.count(), records.len() as u64, "the progress is wrong");
        assert!(reached <= progress.of, "the progress passes its end");
    };
    match journal.replay(each).await {
        Ok(head) => {
            assert_eq!(head.position, reached, "the replay ends elsewhere");
            (head, records)
        }
        Err(error) => unreachable!("a sound journal cannot be replayed: {error}"),
    }
}
