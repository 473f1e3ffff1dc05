use std::vec;

use super::{Evidence, Stage};
use crate::escrow::testing::block;
use crate::escrow::{DeadLetterReason, Reason};
use crate::time::WallClock;

#[test]
fn what_each_stage_says_of_a_transaction() {
    let evidence = || Evidence {
        block: block(5),
        digest: 1,
        votes: vec![],
    };
    let (deposits, since) = (vec![], WallClock::from_micros(1));
    let reason = DeadLetterReason::Unseen;
    let seen = Stage::Seen {
        evidence: evidence(),
        deposits: deposits.clone(),
    };
    let is_final = Stage::Final {
        evidence: evidence(),
        deposits,
    };
    let rejected = Stage::Rejected {
        reason: Reason::Reverted,
        evidence: evidence(),
    };
    for (stage, name, is_open, seen_height) in [
        (Stage::Observed, "observed", true, None),
        (seen, "seen", true, Some(5)),
        (Stage::Reorged { was: block(5) }, "reorged", true, None),
        (is_final, "final", false, None),
        (rejected, "rejected", false, None),
        (Stage::DeadLetter { reason, since }, "dead_letter", false, None),
        (Stage::Dismissed, "dismissed", false, None),
    ] {
        let said = (stage.name(), stage.is_open(), stage.seen_height());
        assert_eq!(said, (name, is_open, seen_height));
    }
}
