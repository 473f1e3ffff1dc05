use std::vec;

use super::{Evidence, FinalityRule, Stage, Vote};
use crate::escrow::testing::block;
use crate::escrow::{DeadLetterReason, Reason};
use crate::time::WallClock;

#[test]
fn each_rule_of_finality_has_its_code() {
    let codes = [FinalityRule::Finalized, FinalityRule::Attested].map(FinalityRule::code);
    assert_eq!(codes, ["finalized", "attested"]);
}

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

#[test]
fn evidence_rests_on_its_weakest_vote() {
    use FinalityRule::{Attested, Finalized};
    for (votes, is_final, rule) in [
        (&[][..], false, Finalized),
        (&[(5, Finalized), (9, Finalized)], true, Finalized),
        (&[(5, Attested), (9, Finalized)], true, Attested),
        (&[(9, Finalized), (4, Attested)], false, Attested),
    ] {
        let vote = |(endpoint, (finalized, rule)): (u8, &(u64, FinalityRule))| Vote {
            endpoint,
            finalized: block(*finalized),
            rule: *rule,
        };
        let evidence = Evidence {
            block: block(5),
            digest: 1,
            votes: (0..).zip(votes).map(vote).collect(),
        };
        assert_eq!(
            (evidence.is_final(), evidence.rule()),
            (is_final, rule),
            "{votes:?}"
        );
    }
}
