use plimsoll_core::bank::{Act, Event, Query, Record, Refusal, Reply};
use plimsoll_core::escrow::{
    Attempt, AttemptClass, DeadLetterReason, EscrowRecord, History, Letter, LetterFilter, LetterGroup,
    LetterPage, LetterPlace, LetterView, ReplayEnd, ReplayPlan, Resolution,
};
use plimsoll_core::id::{Fingerprint, ReplayId, RequestId};
use plimsoll_core::time::WallClock;

use super::super::testing::{
    CHAIN, act, bank, block, booked, claimed, evidence, input, judge, judge_records, settled, tx, user,
};
use super::DeadLetters;
use crate::world::observe::Observation;

const PRINT: Fingerprint = Fingerprint([1; 5]);

/// One attempt by `endpoint` at each of `dates`.
fn history(dates: &[i64], endpoint: Option<u8>) -> History {
    let mut history = History::default();
    for at in dates {
        history.push(Attempt {
            at: WallClock::from_micros(*at),
            endpoint,
            class: AttemptClass::Absent,
            height: Some(5),
        });
    }
    history
}

fn dead(number: u8) -> Record {
    Record::Escrow(EscrowRecord::DeadLettered {
        tx: tx(number),
        reason: DeadLetterReason::Unseen,
        at: WallClock::from_micros(number.into()),
    })
}

fn detailed(number: u8, history: History) -> Record {
    let tx = tx(number);
    Record::Escrow(EscrowRecord::DeadLetterDetailed { tx, history })
}

fn plain() -> History {
    history(&[0, 1], Some(1))
}

/// The records of a letter whose details are as they should be.
fn letter(number: u8) -> [Record; 2] {
    [dead(number), detailed(number, plain())]
}

fn view(number: u8) -> LetterView {
    LetterView {
        tx: tx(number),
        letter: Letter {
            reason: DeadLetterReason::Unseen,
            since: WallClock::from_micros(number.into()),
            history: plain(),
            amounts: None,
            fingerprint: PRINT,
            proposal: None,
        },
    }
}

fn check(records: &[Record]) -> &'static str {
    judge_records(&mut DeadLetters::default(), &bank(&[]), records)
}

#[test]
fn a_letter_comes_with_what_was_tried() {
    assert_eq!(check(&letter(1)), "fine");
    assert_eq!(check(&[dead(1)]), "letter_without_details");
    assert_eq!(check(&[letter(1), letter(2)].concat()), "fine");
    let late = [detailed(1, plain())];
    assert_eq!(check(&late), "wrong_details", "not when it became one");
    for (dates, endpoint) in [(&[1, 0][..], Some(1)), (&[0, 2], Some(1)), (&[0], None)] {
        let records = [dead(1), detailed(1, history(dates, endpoint))];
        assert_eq!(check(&records), "wrong_details", "{dates:?} {endpoint:?}");
    }
}

/// What the oracle says when `query` is answered with `reply`, after `records`.
fn told(records: &[Record], query: Query, reply: Reply) -> &'static str {
    let (mut oracle, bank) = (DeadLetters::default(), bank(&[]));
    assert_eq!(judge_records(&mut oracle, &bank, records), "fine");
    let request = RequestId::new(1);
    let seen = Observation::Handled {
        input: &input(Event::Query { request, query }),
        effects: &[act(Act::Reply { request, reply })],
        bank: &bank,
    };
    judge(&mut oracle, &seen)
}

fn page(numbers: &[u8], next: Option<u8>) -> Reply {
    let place = |number: u8| LetterPlace {
        since: WallClock::from_micros(number.into()),
        tx: tx(number),
    };
    Reply::DeadLetters(LetterPage {
        letters: numbers.iter().map(|number| view(*number)).collect(),
        next: next.map(place),
    })
}

fn three() -> Vec<Record> {
    [&[claimed(2)][..], &letter(1), &letter(2), &letter(3)].concat()
}

#[test]
fn a_page_shows_what_fits_and_nothing_else() {
    let all = LetterFilter::default();
    let mine = LetterFilter {
        claimed_by: Some(user(1)),
        ..all
    };
    let other = LetterFilter {
        fingerprint: Some(Fingerprint([2; 5])),
        ..all
    };
    let same = LetterFilter {
        fingerprint: Some(PRINT),
        ..all
    };
    let after_first = Some(LetterPlace {
        since: WallClock::from_micros(1),
        tx: tx(1),
    });
    for (filter, after, limit, shown, next, verdict) in [
        (all, None, 9, &[1, 2, 3][..], None, "fine"),
        (all, None, 2, &[1, 2], Some(2), "fine"),
        (all, after_first, 9, &[2, 3], None, "fine"),
        (all, after_first, 9, &[1, 2, 3], None, "untrue_reply"),
        (all, None, 9, &[1, 2], None, "untrue_reply"),
        (all, None, 9, &[1, 3], None, "untrue_reply"),
        (all, None, 9, &[2, 1, 3], None, "untrue_reply"),
        (all, None, 2, &[1, 2, 3], None, "untrue_reply"),
        (mine, None, 9, &[2], None, "fine"),
        (mine, None, 9, &[1, 2], None, "untrue_reply"),
        (same, None, 9, &[1, 3], None, "fine"),
        (same, None, 9, &[3, 1], None, "untrue_reply"),
        (other, None, 9, &[1], None, "untrue_reply"),
    ] {
        let query = Query::DeadLetters { filter, after, limit };
        assert_eq!(
            told(&three(), query, page(shown, next)),
            verdict,
            "{filter:?} {shown:?}"
        );
    }
    let resolved = Record::Escrow(EscrowRecord::DeadLetterResolved {
        tx: tx(1),
        resolution: Resolution::Retry,
        actor: "operator".to_owned(),
        reason: "test".to_owned(),
        at: WallClock::from_micros(9),
    });
    let records = [three(), vec![resolved]].concat();
    let query = || Query::DeadLetters {
        filter: all,
        after: None,
        limit: 9,
    };
    assert_eq!(told(&records, query(), page(&[2, 3], None)), "fine");
    assert_eq!(told(&records, query(), page(&[1, 2, 3], None)), "untrue_reply");
}

#[test]
fn one_letter_is_shown_as_it_is() {
    let query = || Query::DeadLetter(tx(2));
    let shown = |view: LetterView| Reply::DeadLetter(Box::new(view));
    assert_eq!(told(&three(), query(), shown(view(2))), "fine");
    assert_eq!(told(&three(), query(), shown(view(3))), "untrue_reply");
    let mut other = view(2);
    other.letter.history.push(plain().last()[0]);
    assert_eq!(told(&three(), query(), shown(other)), "untrue_reply");
    let refused = || Reply::Refused(Refusal::NotADeadLetter);
    assert_eq!(told(&three(), query(), refused()), "untrue_reply");
    assert_eq!(told(&letter(1), query(), refused()), "fine");
}

#[test]
fn groups_are_counted_as_they_are() {
    let group = |count, sample: u8| LetterGroup {
        fingerprint: PRINT,
        chain: CHAIN,
        reason: DeadLetterReason::Unseen,
        classes: vec![AttemptClass::Absent],
        count,
        oldest: WallClock::from_micros(sample.into()),
        sample: tx(sample),
    };
    let say =
        |groups: Vec<LetterGroup>| told(&three(), Query::DeadLetterGroups, Reply::DeadLetterGroups(groups));
    assert_eq!(say(vec![group(3, 1)]), "fine");
    assert_eq!(say(vec![group(2, 1)]), "untrue_reply");
    assert_eq!(say(vec![group(3, 2)]), "untrue_reply");
    assert_eq!(say(vec![group(3, 1), group(3, 1)]), "untrue_reply");
    assert_eq!(say(Vec::new()), "untrue_reply");
}

fn proposed(number: u8, actor: &str) -> Record {
    Record::Escrow(EscrowRecord::DismissalProposed {
        tx: tx(number),
        actor: actor.to_owned(),
        reason: "test".to_owned(),
        at: WallClock::from_micros(9),
    })
}

fn resolved(number: u8, resolution: Resolution, actor: &str) -> Record {
    Record::Escrow(EscrowRecord::DeadLetterResolved {
        tx: tx(number),
        resolution,
        actor: actor.to_owned(),
        reason: "test".to_owned(),
        at: WallClock::from_micros(9),
    })
}

#[test]
fn a_dismissal_that_was_proposed_takes_another_operator() {
    let with = |more: &[Record]| check(&[&letter(1)[..], more].concat());
    let (dismiss, retry) = (Resolution::Dismiss, Resolution::Retry);
    assert_eq!(
        with(&[resolved(1, dismiss, "ann")]),
        "fine",
        "it may have been small"
    );
    assert_eq!(with(&[proposed(1, "ann"), resolved(1, dismiss, "bob")]), "fine");
    assert_eq!(with(&[proposed(1, "ann"), resolved(1, retry, "ann")]), "fine");
    let alone = [proposed(1, "ann"), resolved(1, dismiss, "ann")];
    assert_eq!(with(&alone), "approved_by_proposer");
    assert_eq!(with(&[proposed(1, "ann"), proposed(1, "bob")]), "wrong_proposal");
    assert_eq!(with(&[proposed(2, "ann")]), "wrong_proposal");
}

fn began(number: u64, at: i64) -> Record {
    Record::Escrow(EscrowRecord::ReplayBegan {
        replay: ReplayId::new(number),
        plan: ReplayPlan {
            only: None,
            filter: LetterFilter::default(),
            rate: 1,
            stop_after: None,
            stop_at: None,
        },
        actor: "operator".to_owned(),
        reason: "test".to_owned(),
        at: WallClock::from_micros(at),
    })
}

fn replayed(number: u8, replay: u64) -> Record {
    Record::Escrow(EscrowRecord::DeadLetterReplayed {
        tx: tx(number),
        replay: ReplayId::new(replay),
        at: WallClock::from_micros(9),
    })
}

fn ended(number: u64) -> Record {
    Record::Escrow(EscrowRecord::ReplayEnded {
        replay: ReplayId::new(number),
        end: ReplayEnd::Done,
        at: WallClock::from_micros(9),
    })
}

#[test]
fn a_replay_takes_what_was_dead_when_it_began_once_and_ends_once() {
    let with = |more: &[Record]| check(&[&letter(1)[..], &letter(5), more].concat());
    assert_eq!(
        with(&[began(1, 7), replayed(1, 1), replayed(5, 1), ended(1)]),
        "fine"
    );
    assert_eq!(with(&[began(1, 7), ended(1), began(2, 8), ended(2)]), "fine");
    assert_eq!(
        with(&[began(1, 3), replayed(5, 1)]),
        "wrongly_replayed",
        "it died later"
    );
    assert_eq!(
        with(&[began(1, 7), replayed(1, 1), replayed(1, 1)]),
        "wrongly_replayed"
    );
    assert_eq!(with(&[began(1, 7), replayed(1, 2)]), "wrongly_replayed");
    assert_eq!(with(&[replayed(1, 1)]), "wrongly_replayed");
    assert_eq!(with(&[began(1, 7), began(2, 7)]), "two_replays");
    assert_eq!(with(&[began(1, 7), ended(1), ended(1)]), "ended_twice");
    let again = [&[began(1, 7), replayed(1, 1)][..], &letter(1), &[replayed(1, 1)]].concat();
    assert_eq!(
        with(&again),
        "wrongly_replayed",
        "with the date of the first time"
    );
}

#[test]
fn what_is_opened_again_as_decided_is_decided_with_it() {
    let reopened = || {
        Record::Escrow(EscrowRecord::DeadLetterReopened {
            tx: tx(1),
            at: WallClock::from_micros(9),
        })
    };
    let settled = settled(
        tx(1),
        evidence(block(5), &[(0, 6), (1, 7)]),
        &[booked(0, 100, Some(1))],
    );
    let [dead, details] = letter(1);
    assert_eq!(
        check(&[dead.clone(), details.clone(), reopened(), settled]),
        "fine"
    );
    assert_eq!(check(&[dead, details, reopened()]), "reopened_for_nothing");
}
