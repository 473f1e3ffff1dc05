//! Dead letters: what is known of them.

use core::time::Duration;
use std::string::{String, ToString};
use std::vec::Vec;

use super::bends::{banning_for_minutes, silent, without_receipts};
use super::{House, named};
use crate::bank::{BankConfig, Query, Refusal, Reply};
use crate::escrow::{AttemptClass, DeadLetterReason, LetterFilter, LetterView};
use crate::limits::ATTEMPTS_KEPT_MAX;
use crate::money::Amount;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn impatient(config: &mut BankConfig) {
    config.escrow.patience = SECOND * 10;
}

#[track_caller]
pub(super) fn letter(house: &mut House, n: u8) -> LetterView {
    let Reply::DeadLetter(letter) = house.query(Query::DeadLetter(named(n))) else {
        panic!("{n} is no dead letter")
    };
    *letter
}

#[track_caller]
fn listed(house: &mut House, filter: LetterFilter) -> Vec<LetterView> {
    let after = None;
    let Reply::DeadLetters(page) = house.query(Query::DeadLetters {
        filter,
        after,
        limit: 10,
    }) else {
        panic!("no list")
    };
    assert_eq!(page.next, None);
    page.letters
}

#[test]
fn every_attempt_is_told_and_a_restart_keeps_it() {
    let mut house = House::with(impatient);
    let (alice, _) = house.register("alice");
    house.mine(2);
    house.bends.insert(1, without_receipts);
    house.bends.insert(2, without_receipts);
    let began = house.wall();
    house.claim(alice, 1);
    house.mine(14);
    let view = letter(&mut house, 1);
    let history = &view.letter.history;
    assert_eq!(view.letter.reason, DeadLetterReason::Unseen);
    assert!(history.count() >= 10, "{}", history.count());
    assert!((1..=ATTEMPTS_KEPT_MAX).contains(&history.last().len()));
    for attempt in history.last() {
        let is_bent = matches!(attempt.endpoint, Some(1 | 2));
        let (class, height) = (attempt.class, attempt.height);
        let expected = if is_bent {
            AttemptClass::Connection
        } else {
            AttemptClass::Absent
        };
        assert_eq!((class, height.is_some()), (expected, !is_bent), "{attempt:?}");
        assert!(attempt.at >= began && attempt.at <= view.letter.since);
    }
    assert!(history.last().is_sorted_by_key(|attempt| attempt.at));
    house.restart(|_| {});
    house.pass(SECOND);
    assert_eq!(letter(&mut house, 1), view);
    assert_eq!(listed(&mut house, LetterFilter::default()), [view]);
    house.audit();
}

#[test]
fn what_open_transactions_were_told_is_forgotten_when_they_are_settled() {
    let mut house = House::with(impatient);
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.claim(alice, 2);
    assert_eq!(house.bank.histories.len(), 2);
    house.mine(14);
    assert_eq!((house.stage(1), house.stage(2)), ("final", "dead_letter"));
    assert!(house.bank.histories.is_empty());
    assert_eq!(
        house.query(Query::DeadLetter(named(1))),
        Reply::Refused(Refusal::NotADeadLetter)
    );
}

#[test]
fn that_nobody_could_be_asked_is_told_too() {
    let mut house = House::with(|config| config.escrow.patience = SECOND * 50);
    let (alice, _) = house.register("alice");
    (0..4).for_each(|endpoint| {
        house.bends.insert(endpoint, banning_for_minutes);
    });
    house.claim(alice, 1);
    house.pass(SECOND * 60);
    let view = letter(&mut house, 1);
    let last = view.letter.history.last().last().unwrap();
    assert_eq!((last.class, last.endpoint), (AttemptClass::NobodyAsked, None));
}

#[test]
fn what_was_seen_is_remembered_with_its_amounts() {
    let mut house = House::with(impatient);
    let (alice, address) = house.register("alice");
    house.mine(1);
    house.pay(1, &[(address, 3_000), (address, 4_000)]);
    house.claim(alice, 1);
    house.claim(alice, 2);
    assert_eq!(house.stage(1), "seen");
    house.mined.clear();
    house.mine(14);
    let sums = [("USDT".parse().unwrap(), Amount::from_minor(7_000))];
    let view = letter(&mut house, 1);
    assert_eq!(view.letter.reason, DeadLetterReason::ReorgedOut);
    assert_eq!(view.letter.amounts.as_deref(), Some(sums.as_slice()));
    assert_eq!(letter(&mut house, 2).letter.amounts, None);
}

#[test]
fn letters_of_one_outage_share_a_fingerprint() {
    let mut house = House::with(impatient);
    let (alice, _) = house.register("alice");
    let (bob, _) = house.register("bob");
    house.mine(2);
    house.claim(alice, 1);
    house.claim(bob, 2);
    house.mine(14);
    (0..4).for_each(|endpoint| {
        house.bends.insert(endpoint, silent);
    });
    house.claim(alice, 3);
    house.pass(SECOND * 40);
    let Reply::DeadLetterGroups(groups) = house.query(Query::DeadLetterGroups) else {
        panic!("no groups")
    };
    let counts: Vec<usize> = groups.iter().map(|group| group.count).collect();
    assert_eq!(counts, [2, 1]);
    let of = |filter: LetterFilter, house: &mut House| -> String {
        let names = listed(house, filter)
            .into_iter()
            .map(|view| view.tx.tx.bytes()[31].to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    let all = LetterFilter::default();
    let print = Some(groups[0].fingerprint);
    let chosen = of(
        LetterFilter {
            fingerprint: print,
            ..all
        },
        &mut house,
    );
    assert_eq!(chosen, "1 2");
    assert_eq!(
        of(
            LetterFilter {
                claimed_by: Some(bob),
                ..all
            },
            &mut house
        ),
        "2"
    );
    assert_eq!(
        of(
            LetterFilter {
                older_than: Some(SECOND * 30),
                ..all
            },
            &mut house
        ),
        "1 2"
    );
}
