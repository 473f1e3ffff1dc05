use std::vec::Vec;

use super::Scan;
use crate::escrow::testing::block;
use crate::escrow::{FinalityRule, Vote};
use crate::id::Family;

const FAR: u64 = 100_000;

/// The blocks of the range that is read next.
fn next(scan: &mut Scan) -> (u64, u64) {
    scan.begin(FAR, 1, None);
    scan.under_way().map(|range| (range.from, range.to)).unwrap()
}

#[test]
fn a_range_is_halved_when_it_is_too_large_and_doubled_when_it_is_read() {
    let mut scan = Scan::new(Family::Evm, 1_000);
    for to in [
        1_256, 1_128, 1_064, 1_032, 1_016, 1_008, 1_004, 1_002, 1_001, 1_001,
    ] {
        assert_eq!(next(&mut scan), (1_001, to));
        scan.halve();
    }
    let (mut from, mut blocks) = (1_001, 1);
    for _ in 0..10 {
        let to = from + blocks - 1;
        assert_eq!(next(&mut scan), (from, to));
        scan.finish();
        assert_eq!(scan.cursor(), to);
        (from, blocks) = (to + 1, (blocks * 2).min(256));
    }
}

#[test]
fn a_range_is_begun_when_blocks_wait_and_none_is_being_read() {
    let mut scan = Scan::new(Family::Evm, 1_000);
    // Up to where blocks are final, the number of the round, and what is being read then.
    for (finalized, round, under_way) in [
        (999, 1, None),
        (1_000, 2, None),
        (1_001, 3, Some((1_001, 1_001, 3))),
        (1_005, 4, Some((1_001, 1_001, 3))),
    ] {
        scan.begin(finalized, round, None);
        let range = scan.under_way();
        let range = range.map(|range| (range.from, range.to, range.round.number));
        assert_eq!(range, under_way, "{finalized}");
    }
}

#[test]
fn a_range_is_too_large_on_two_words_and_a_block_never_is() {
    let mut scan = Scan::new(Family::Evm, 1_000);
    next(&mut scan);
    let range = scan.under_way().unwrap();
    for (provider, is_too_large) in [(3, false), (5, true), (7, true)] {
        range.too_large.insert(provider);
        assert_eq!(range.is_too_large(), is_too_large, "{provider}");
    }
    range.to = range.from;
    assert!(!range.is_too_large());
}

#[test]
fn a_range_that_was_given_up_is_shorter_only_if_somebody_called_it_too_large() {
    let mut scan = Scan::new(Family::Evm, 1_000);
    next(&mut scan);
    scan.give_up();
    assert_eq!(next(&mut scan), (1_001, 1_256));
    scan.under_way().unwrap().too_large.insert(3);
    scan.give_up();
    assert_eq!(next(&mut scan), (1_001, 1_128));
}

#[test]
fn a_scan_that_was_shortened_stays_short() {
    let mut scan = Scan::new(Family::Evm, 1_000);
    scan.shorten(16);
    assert_eq!(next(&mut scan), (1_001, 1_016));
    scan.finish();
    assert_eq!(next(&mut scan), (1_017, 1_032));
}

#[test]
fn a_range_lacks_room_when_one_showed_it_and_the_other_called_it_too_large() {
    for (is_shown, is_too_large, lacks_room) in [
        (false, false, false),
        (true, false, false),
        (false, true, false),
        (true, true, true),
    ] {
        let mut scan = Scan::new(Family::Evm, 1_000);
        next(&mut scan);
        let range = scan.under_way().unwrap();
        if is_shown {
            let vote = Vote {
                endpoint: 0,
                finalized: block(range.to),
                rule: FinalityRule::Finalized,
            };
            range.round.on_asked(0, 0);
            range
                .round
                .on_shown(vote, 0, range.to, (block(range.to), Vec::new()));
        }
        if is_too_large {
            range.too_large.insert(3);
        }
        assert_eq!(range.lacks_room(), lacks_room, "{is_shown} {is_too_large}");
        range.to = range.from;
        assert!(!range.lacks_room(), "one block has no half");
    }
}
