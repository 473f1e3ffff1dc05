use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{DeadLetterReason, EscrowRecord};
use plimsoll_core::time::WallClock;

use super::super::testing::{bank, head, judge, judge_records, tx};
use super::Dates;
use crate::world::observe::Observation;

fn at(micros: i64) -> Record {
    Record::Escrow(EscrowRecord::DeadLettered {
        tx: tx(1),
        reason: DeadLetterReason::Unseen,
        at: WallClock::from_micros(micros),
    })
}

#[test]
fn a_date_that_goes_back_within_a_life_is_found() {
    let (mut oracle, bank) = (Dates::default(), bank(&[]));
    assert_eq!(judge_records(&mut oracle, &bank, &[at(5), at(5), at(6)]), "fine");
    assert_eq!(judge_records(&mut oracle, &bank, &[at(5)]), "went_back");
    let crashed = Observation::Crashed {
        bank: &bank,
        uncommitted: &[],
        durable: &head(0),
    };
    assert_eq!(judge(&mut oracle, &crashed), "fine");
    assert_eq!(judge_records(&mut oracle, &bank, &[at(1)]), "fine");
}
