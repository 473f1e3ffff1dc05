//! Batches of a journal: what SQLite gives back.

use plimsoll_core::bank::Record;
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::time::WallClock;

/// A batch is opened whole or not at all, and a record that was read is written as it was.
pub(super) fn run(data: &[u8]) -> bool {
    batch(data) | record(data)
}

fn batch(data: &[u8]) -> bool {
    let before = Head::default();
    // The hash that is stored beside a batch is right unless the disk lies: see the tests of `journal` for that.
    let hash = Batch::hash_after(&before, data);
    let mut head = before;
    match Batch::open::<Record>(&mut head, &hash, data) {
        Ok(opened) => {
            assert_eq!(head.position.count(), opened.records.len() as u64);
            true
        }
        Err(_) => {
            assert_eq!(head, before, "a batch that was not taken moves nothing");
            false
        }
    }
}

fn record(data: &[u8]) -> bool {
    let Ok((record, rest)) = postcard::take_from_bytes::<Record>(data) else {
        return false;
    };
    let taken = data.len() - rest.len();
    let written = postcard::to_allocvec(&record).expect("a record is always encodable");
    assert!(
        written.len() <= taken,
        "a record was written longer than it was read"
    );
    assert_eq!(postcard::from_bytes(&written), Ok(record));
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let records = super::http::records();
    let head = Head::default();
    let batch = Batch::seal(&head, WallClock::from_micros(1), records.iter()).bytes;
    let alone = records
        .iter()
        .map(|record| postcard::to_allocvec(record).expect("encodable"));
    alone.chain([batch]).collect()
}
