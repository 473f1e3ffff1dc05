use plimsoll_core::bank::{self as banking, Act, Effect, Event, Record, Reply};
use plimsoll_core::id::RequestId;
use plimsoll_core::ledger::{Command, LedgerRecord, Outcome, Owner, Refusal, Request, Transfer};
use plimsoll_core::time::WallClock;

use super::super::testing::{
    WALL, act, asks, bank, effects, held, id, judge, judge_records, key, posted, receipt, received,
    registered, transfer, units, user,
};
use super::Decisions;
use crate::world::observe::Observation;

/// One whole token, the least that may move.
const ONE: i128 = 1_000_000_000_000_000_000;

/// Users 1 and 2, of whom the first has ten tokens, three of them held for the second in transaction 2.
fn before() -> Vec<Record> {
    vec![
        registered(1),
        registered(2),
        posted(1, &[received(1, 10 * ONE)]),
        held(2, &[pays(3 * ONE)]),
    ]
}

fn pays(minor: i128) -> Transfer {
    transfer(Owner::User(user(1)), Owner::User(user(2)), minor)
}

fn post(minor: i128) -> Command {
    let transfers = vec![pays(minor)];
    Command::Post { transfers }
}

fn hold_until(expires_at: Option<WallClock>) -> Command {
    let transfers = vec![pays(ONE)];
    Command::Hold {
        transfers,
        expires_at,
    }
}

/// What the oracle says when `command` is decided as `decided`, after the records of [`before`] and `more`.
fn after(more: &[Record], command: Command, decided: &[Effect]) -> &'static str {
    let mut oracle = Decisions::default();
    let bank = bank(&[]);
    let so_far = [before(), more.to_vec()].concat();
    assert_eq!(judge_records(&mut oracle, &bank, &so_far), "fine");
    let wanted = Request {
        key: key("request"),
        command,
    };
    let seen = Observation::Handled {
        input: &asks(1, banking::Command::Transact(wanted)),
        effects: decided,
        bank: &bank,
    };
    judge(&mut oracle, &seen)
}

/// What the oracle says when `command` is granted, whatever exactly that does.
fn granted(more: &[Record], command: Command) -> &'static str {
    let receipt = receipt("request");
    let record = match &command {
        Command::Post { transfers } => LedgerRecord::Posted {
            receipt,
            transaction: id(9),
            transfers: transfers.clone(),
        },
        Command::Hold {
            transfers,
            expires_at,
        } => LedgerRecord::Held {
            receipt,
            transaction: id(9),
            transfers: transfers.clone(),
            expires_at: *expires_at,
        },
        Command::PostHold { hold, .. } => LedgerRecord::HoldPosted {
            receipt,
            hold: *hold,
            amounts: None,
        },
        Command::VoidHold { hold } => LedgerRecord::HoldVoided { receipt, hold: *hold },
        Command::Reverse { transaction } => LedgerRecord::Reversed {
            receipt,
            transaction: id(9),
            original: *transaction,
        },
    };
    after(more, command, &effects(&[Record::Ledger(record)]))
}

fn refused(more: &[Record], command: Command, refusal: Refusal) -> &'static str {
    let receipt = receipt("request");
    let record = Record::Ledger(LedgerRecord::Refused { receipt, refusal });
    after(more, command, &effects(&[record]))
}

fn expired(number: u64) -> Record {
    Record::Ledger(LedgerRecord::HoldExpired { hold: id(number) })
}

const AGAINST: &str = "granted_against_the_rules";
const WITHOUT: &str = "refused_without_reason";

#[test]
fn what_is_right_is_fine() {
    assert_eq!(
        granted(&[], post(7 * ONE)),
        "fine",
        "everything that is available"
    );
    assert_eq!(granted(&[], hold_until(None)), "fine");
    assert_eq!(
        granted(&[], hold_until(Some(WallClock::from_micros(1_000_001)))),
        "fine"
    );
    let part = Some(vec![units(3 * ONE)]);
    assert_eq!(
        granted(
            &[],
            Command::PostHold {
                hold: id(2),
                amounts: part
            }
        ),
        "fine"
    );
    assert_eq!(granted(&[], Command::VoidHold { hold: id(2) }), "fine");
    let spent = posted(3, &[pays(ONE)]);
    assert_eq!(granted(&[spent], Command::Reverse { transaction: id(3) }), "fine");
}

#[test]
fn what_is_refused_is_so() {
    let asset = super::super::testing::usdt();
    let poor = || Refusal::InsufficientFunds {
        account: pays(1).debit_account(),
    };
    assert_eq!(refused(&[], post(7 * ONE + 1), poor()), "fine");
    assert_eq!(refused(&[], post(7 * ONE), poor()), WITHOUT, "all that there is");
    assert_eq!(
        refused(&[], post(ONE - 1), Refusal::AmountBelowMin { asset }),
        "fine"
    );
    assert_eq!(
        refused(&[], post(ONE), Refusal::AmountBelowMin { asset }),
        WITHOUT,
        "the least"
    );
    assert_eq!(refused(&[], post(ONE), Refusal::AssetDisabled { asset }), WITHOUT);
    assert_eq!(
        refused(&[], hold_until(Some(WALL)), Refusal::ExpiryInThePast),
        "fine"
    );
    let transaction = id(2);
    let void = || Command::VoidHold { hold: transaction };
    assert_eq!(
        refused(&[expired(2)], void(), Refusal::HoldExpired { transaction }),
        "fine"
    );
    assert_eq!(
        refused(&[], void(), Refusal::HoldExpired { transaction }),
        WITHOUT
    );
    assert_eq!(
        refused(&[expired(2)], void(), Refusal::HoldAlreadyVoided { transaction }),
        WITHOUT,
        "for another reason"
    );
}

#[test]
fn what_is_granted_against_the_rules_is_found() {
    assert_eq!(granted(&[], post(7 * ONE + 1)), AGAINST, "what is held is spent");
    assert_eq!(granted(&[], post(ONE - 1)), AGAINST, "less than may move");
    assert_eq!(
        granted(&[], hold_until(Some(WALL))),
        AGAINST,
        "over before it began"
    );
    let excess = Some(vec![units(3 * ONE + 1)]);
    assert_eq!(
        granted(
            &[],
            Command::PostHold {
                hold: id(2),
                amounts: excess
            }
        ),
        AGAINST
    );
    let until = |micros| {
        Record::Ledger(LedgerRecord::Held {
            receipt: receipt("until"),
            transaction: id(3),
            transfers: vec![pays(ONE)],
            expires_at: Some(WallClock::from_micros(micros)),
        })
    };
    let late = Command::PostHold {
        hold: id(3),
        amounts: None,
    };
    assert_eq!(
        granted(&[until(1_000_000)], late.clone()),
        AGAINST,
        "at its expiry"
    );
    assert_eq!(granted(&[until(1_000_001)], late), "fine", "just before");
    assert_eq!(
        granted(&[], Command::Reverse { transaction: id(2) }),
        AGAINST,
        "not posted"
    );
    assert_eq!(
        granted(&[], Command::Reverse { transaction: id(1) }),
        AGAINST,
        "not users' own"
    );
}

#[test]
fn turning_away_needs_a_reason_too() {
    let told = |refusal| {
        let request = RequestId::new(1);
        let reply = Reply::Refused(refusal);
        act(Act::Reply { request, reply })
    };
    let stranger = banking::Refusal::UnknownUser(user(3));
    let to_stranger = Command::Post {
        transfers: vec![transfer(Owner::User(user(1)), Owner::User(user(3)), ONE)],
    };
    assert_eq!(after(&[], to_stranger, &[told(stranger)]), "fine");
    assert_eq!(
        after(&[], post(ONE), &[told(stranger)]),
        "fine",
        "there is no user 3, whoever asked"
    );
    assert_eq!(
        after(&[], post(ONE), &[told(banking::Refusal::UnknownUser(user(2)))]),
        WITHOUT
    );
    assert_eq!(
        after(&[], post(ONE), &[told(banking::Refusal::NotPermitted)]),
        WITHOUT
    );
    let own = Command::Reverse { transaction: id(1) };
    assert_eq!(after(&[], own, &[told(banking::Refusal::NotPermitted)]), "fine");
}

#[test]
fn repetitions_and_other_inputs_are_not_judged() {
    let reply = Reply::Outcome {
        outcome: Outcome::Accepted(id(1)),
        replayed: true,
    };
    let request = RequestId::new(1);
    assert_eq!(
        after(&[], post(99 * ONE), &[act(Act::Reply { request, reply })]),
        "fine"
    );
    let mut oracle = Decisions::default();
    let overdrawn = effects(&[posted(1, &[pays(ONE)])]);
    let seen = Observation::Handled {
        input: &super::super::testing::input(Event::Tick),
        effects: &overdrawn,
        bank: &bank(&[]),
    };
    assert_eq!(judge(&mut oracle, &seen), "fine");
}
