use std::vec::Vec;

use super::{Batch, BatchError, ChainHash, FORMAT, Head, Position};
use crate::time::WallClock;

fn sealed(head: &Head, records: &[u64]) -> Batch {
    Batch::seal(head, WallClock::from_micros(5), records.iter())
}

fn tip(batch: &Batch) -> Head {
    Head {
        epoch: batch.epoch,
        position: batch.last,
        hash: batch.hash,
    }
}

#[test]
fn a_chain_reads_back() {
    let start = Head {
        epoch: 3,
        ..Head::default()
    };
    let one = sealed(&start, &[1, 2, 3]);
    let two = sealed(&tip(&one), &[4]);
    let mut head = start;
    let mut read = Vec::new();
    for batch in [&one, &two] {
        let opened = Batch::open::<u64>(&mut head, &batch.hash, &batch.bytes).unwrap();
        assert_eq!((opened.recorded_at, opened.epoch), (WallClock::from_micros(5), 3));
        read.extend(opened.records);
    }
    assert_eq!(read, [1, 2, 3, 4]);
    assert_eq!(head, tip(&two));
}

#[test]
fn every_flipped_bit_and_every_cut_is_seen() {
    let start = Head::default();
    let batch = sealed(&start, &[1, 2, 3]);
    for bit in 0..batch.bytes.len() * 8 {
        let mut bytes = batch.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut head = start;
        assert!(
            Batch::open::<u64>(&mut head, &batch.hash, &bytes).is_err(),
            "bit {bit}"
        );
        assert_eq!(head, start, "a refused batch moves nothing");
    }
    for len in 0..batch.bytes.len() {
        assert!(
            Batch::open::<u64>(&mut { start }, &batch.hash, &batch.bytes[..len]).is_err(),
            "cut at {len}"
        );
    }
}

#[test]
fn order_is_part_of_the_chain() {
    let start = Head::default();
    let one = sealed(&start, &[1]);
    let two = sealed(&tip(&one), &[2]);
    let skipped = Batch::open::<u64>(&mut { start }, &two.hash, &two.bytes);
    assert_eq!(
        skipped,
        Err(BatchError::Hash {
            after: Position::ZERO
        })
    );
}

#[test]
fn another_format_is_named_before_anything_else() {
    let mut bytes = sealed(&Head::default(), &[1]).bytes;
    assert_eq!(
        u16::from(bytes[0]),
        FORMAT,
        "the format is the first byte while it is below 128"
    );
    for (format, error) in [
        (9, BatchError::Newer { found: 9 }),
        (1, BatchError::Older { found: 1 }),
    ] {
        bytes[0] = format;
        let opened = Batch::open::<u64>(&mut Head::default(), &ChainHash::default(), &bytes);
        assert_eq!(opened, Err(error));
    }
}

#[test]
fn records_of_another_shape_are_malformed() {
    let batch = sealed(&Head::default(), &[1, 2]);
    let opened = Batch::open::<[u8; 9]>(&mut Head::default(), &batch.hash, &batch.bytes);
    assert_eq!(
        opened,
        Err(BatchError::Malformed {
            after: Position::ZERO
        })
    );
}

#[test]
fn a_batch_of_an_older_term_is_refused() {
    let newer = sealed(
        &Head {
            epoch: 2,
            ..Head::default()
        },
        &[1],
    );
    let head = || Head {
        epoch: 2,
        ..tip(&newer)
    };
    let older = Head { epoch: 1, ..head() };
    let batch = sealed(&older, &[2]);
    let opened = Batch::open::<u64>(&mut head(), &batch.hash, &batch.bytes);
    let after = Position::new(1);
    assert_eq!(opened, Err(BatchError::Malformed { after }));
    let batch = sealed(&Head { epoch: 3, ..head() }, &[2]);
    assert!(
        Batch::open::<u64>(&mut head(), &batch.hash, &batch.bytes).is_ok(),
        "a newer one follows"
    );
}
