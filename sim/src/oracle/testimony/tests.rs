use plimsoll_core::bank::{Act, Command, Event, Record};
use plimsoll_core::escrow::{
    Answer, BlockRef, EscrowRecord, Evidence, FinalityRule, Question, Receipt, Report, ScanLog, Sighting,
};
use plimsoll_core::id::{CallId, EndpointId, RequestId};
use plimsoll_core::machine::Intent;

use super::super::testing::{
    CHAIN, WALL, act, bank, block, booked, evidence, head, input, judge, judge_records, settled, tx,
};
use super::Testimony;
use crate::model::chain::plain_transfer;
use crate::world::observe::Observation;
use crate::world::plan::Plan;

/// An oracle in the calm world, whose endpoints 0 and 4 are of one provider, and how many calls were made.
struct Court {
    oracle: Testimony,
    calls: u64,
}

impl Court {
    fn new() -> Self {
        Self {
            oracle: Testimony::new(&Plan::calm("test", 1)),
            calls: 0,
        }
    }

    /// Endpoint `index` is asked and answers.
    fn says(mut self, index: u8, question: Question, answer: Answer) -> Self {
        self.calls += 1;
        let call = CallId::new(self.calls);
        let ask = Act::Ask {
            call,
            endpoint: EndpointId { chain: CHAIN, index },
            question,
            timeout: core::time::Duration::from_secs(1),
        };
        let outcome = Ok(answer);
        for (event, effects) in [
            (Event::Tick, vec![act(ask)]),
            (Event::Answered { call, outcome }, Vec::new()),
        ] {
            let seen = Observation::Handled {
                input: &input(event),
                effects: &effects,
                bank: &bank(&[]),
            };
            assert_eq!(judge(&mut self.oracle, &seen), "fine");
        }
        self
    }

    /// Endpoint `index`, which has finalized up to `finalized`, shows transaction 1 in `at`, or nothing.
    fn shows(self, index: u8, finalized: u64, at: Option<BlockRef>) -> Self {
        let receipt = at.map(|block| Receipt {
            tx: tx(1).tx,
            block,
            succeeded: true,
            logs: Vec::new(),
            balances: Vec::new(),
        });
        let finalized = block(finalized);
        self.says(
            index,
            Question::Receipt { tx: tx(1).tx },
            Answer::Receipt { finalized, receipt },
        )
    }

    /// Endpoint `index`, which has finalized up to `finalized`, reads up to block 9 and finds transaction 1, or not.
    fn reads(self, index: u8, finalized: u64, finds: bool) -> Self {
        let log = plain_transfer(Default::default(), Default::default(), 1, 0);
        let log = ScanLog {
            tx: tx(1).tx,
            block: 9,
            log,
        };
        let question = Question::Scan {
            from: 1,
            to: 9,
            tokens: Vec::new(),
        };
        let answer = Answer::Scan {
            finalized: block(finalized),
            last: Some(block(9)),
            logs: if finds { vec![log] } else { Vec::new() },
        };
        self.says(index, question, answer)
    }

    /// Endpoint `index` says that block `height` is attested.
    fn attests(self, index: u8, height: u64) -> Self {
        let block = block(height);
        self.says(index, Question::Attested, Answer::Attested { block })
    }

    fn decides(&mut self, record: Record) -> &'static str {
        judge_records(&mut self.oracle, &bank(&[]), &[record])
    }
}

fn seen(evidence: Evidence) -> Record {
    Record::Escrow(EscrowRecord::Seen {
        tx: tx(1),
        evidence,
        deposits: Vec::new(),
        at: WALL,
    })
}

fn gone(was: BlockRef) -> Record {
    let tx = tx(1);
    Record::Escrow(EscrowRecord::Reorged { tx, was, at: WALL })
}

fn scanned(to: u64) -> Record {
    Record::Escrow(EscrowRecord::Scanned {
        chain: CHAIN,
        to: block(to),
        found: vec![tx(1).tx],
        at: WALL,
    })
}

#[test]
fn votes_must_have_been_cast() {
    let good = evidence(block(5), &[(0, 6), (1, 7)]);
    let finished = |evidence| settled(tx(1), evidence, &[booked(0, 100, Some(1))]);
    let heard = || {
        Court::new()
            .shows(0, 6, Some(block(5)))
            .shows(1, 7, Some(block(5)))
    };
    assert_eq!(heard().decides(finished(good.clone())), "fine");
    assert_eq!(heard().decides(seen(good.clone())), "fine");
    let other_voter = evidence(block(5), &[(0, 6), (2, 7)]);
    let other_height = evidence(block(5), &[(0, 6), (1, 8)]);
    let other_block = evidence(block(6), &[(0, 6), (1, 7)]);
    for never in [other_voter, other_height, other_block] {
        assert_eq!(heard().decides(finished(never)), "vote_never_cast");
    }
    let mut after_a_crash = heard();
    let crashed = Observation::Crashed {
        bank: &bank(&[]),
        uncommitted: &[],
        durable: &head(0),
    };
    assert_eq!(judge(&mut after_a_crash.oracle, &crashed), "fine");
    assert_eq!(after_a_crash.decides(finished(good)), "vote_never_cast");
}

/// The evidence, with `rule` in the second vote.
fn voted_by(mut evidence: Evidence, rule: FinalityRule) -> Evidence {
    evidence.votes[1].rule = rule;
    evidence
}

#[test]
fn a_vote_was_cast_by_the_rule_that_it_names() {
    use FinalityRule::{Attested, Finalized};
    let heard = || {
        Court::new()
            .shows(0, 6, Some(block(5)))
            .shows(1, 3, Some(block(5)))
            .attests(1, 7)
            .attests(2, 8)
    };
    for (height, rule, expected) in [
        (7, Attested, "fine"),
        (3, Finalized, "fine"),
        (7, Finalized, "vote_never_cast"),
        (3, Attested, "vote_never_cast"),
        (8, Attested, "vote_never_cast"),
    ] {
        let voted = voted_by(evidence(block(5), &[(0, 6), (1, height)]), rule);
        assert_eq!(heard().decides(seen(voted)), expected, "{height} {rule:?}");
    }
    let voted = voted_by(evidence(block(5), &[(0, 6), (1, 7)]), Attested);
    let mut told = Court::new()
        .shows(0, 6, Some(block(5)))
        .shows(1, 3, Some(block(5)));
    let attested = Observation::Told {
        endpoint: EndpointId {
            chain: CHAIN,
            index: 1,
        },
        tx: None,
        answer: &Answer::Attested { block: block(7) },
    };
    assert_eq!(judge(&mut told.oracle, &attested), "fine");
    assert_eq!(told.decides(seen(voted)), "fine", "a worker heard it");
}

#[test]
fn what_is_attested_proves_a_loss_and_that_a_range_is_final() {
    let is_gone = |attested: u64| {
        let heard = Court::new().shows(0, 6, None).shows(1, 3, None);
        heard.attests(1, attested).decides(gone(block(5)))
    };
    assert_eq!((is_gone(5), is_gone(4)), ("fine", "gone_without_proof"));
    let is_read = |attested: u64| {
        let heard = Court::new().reads(0, 9, true).reads(1, 3, true);
        heard.attests(1, attested).decides(scanned(9))
    };
    assert_eq!((is_read(9), is_read(8)), ("fine", "read_without_proof"));
}

#[test]
fn what_workers_report_is_believed_where_nobody_heard_what_they_were_told() {
    let voted = evidence(block(5), &[(0, 5), (1, 5)]);
    let receipt = Receipt {
        tx: tx(1).tx,
        block: block(5),
        succeeded: true,
        logs: Vec::new(),
        balances: Vec::new(),
    };
    let sighting = Sighting::Mined {
        receipt,
        evidence: voted.clone(),
    };
    let report = Event::Command {
        request: RequestId::new(1),
        command: Command::Report(Box::new(Report {
            tried: Vec::new(),
            chain: CHAIN,
            sighting,
        })),
    };
    let judged = |mut oracle: Testimony, voted: Evidence| {
        let seen = Observation::Handled {
            input: &input(report.clone()),
            effects: &[Intent::Record(seen(voted))],
            bank: &bank(&[]),
        };
        judge(&mut oracle, &seen)
    };
    let recorded = || Testimony::of_providers(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(judged(recorded(), voted.clone()), "fine");
    let other = evidence(block(5), &[(0, 5), (1, 6)]);
    assert_eq!(judged(recorded(), other), "vote_never_cast");
    let simulated = Testimony::new(&Plan::calm("test", 1));
    assert_eq!(judged(simulated, voted), "vote_never_cast");
}

#[test]
fn a_loss_needs_two_who_prove_it() {
    let two = |first: (u8, u64, Option<BlockRef>), second: (u8, u64, Option<BlockRef>)| {
        let mut court = Court::new()
            .shows(first.0, first.1, first.2)
            .shows(second.0, second.1, second.2);
        court.decides(gone(block(5)))
    };
    assert_eq!(two((0, 5, None), (1, 9, None)), "fine");
    assert_eq!(two((0, 3, Some(block(6))), (1, 9, None)), "fine");
    let without = "gone_without_proof";
    assert_eq!(two((0, 4, None), (1, 9, None)), without, "one is behind");
    assert_eq!(two((0, 5, None), (4, 9, None)), without, "of one provider");
    assert_eq!(
        two((0, 5, Some(block(5))), (1, 9, None)),
        without,
        "one still has it"
    );
}

#[test]
fn what_was_said_before_a_sighting_proves_no_later_loss() {
    let heard = Court::new().shows(0, 5, None).shows(1, 5, None);
    let mut court = heard.shows(0, 3, Some(block(5))).shows(1, 3, Some(block(5)));
    assert_eq!(court.decides(seen(evidence(block(5), &[(0, 3), (1, 3)]))), "fine");
    assert_eq!(court.decides(gone(block(5))), "gone_without_proof");
    assert_eq!(
        court.shows(0, 5, None).shows(1, 5, None).decides(gone(block(5))),
        "fine"
    );
}

#[test]
fn a_range_is_read_by_two_who_have_finalized_it() {
    let without = "read_without_proof";
    assert_eq!(
        Court::new()
            .reads(0, 9, true)
            .reads(1, 10, true)
            .decides(scanned(9)),
        "fine"
    );
    assert_eq!(
        Court::new()
            .reads(0, 9, true)
            .reads(4, 9, true)
            .decides(scanned(9)),
        without
    );
    assert_eq!(
        Court::new()
            .reads(0, 9, true)
            .reads(1, 8, true)
            .decides(scanned(9)),
        without
    );
    assert_eq!(
        Court::new()
            .reads(0, 9, true)
            .reads(1, 9, false)
            .decides(scanned(9)),
        without
    );
    assert_eq!(
        Court::new()
            .reads(0, 10, true)
            .reads(1, 10, true)
            .decides(scanned(10)),
        without
    );
}
