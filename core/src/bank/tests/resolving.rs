//! What is done about dead letters: looked at, replayed, dismissed by two, closed by themselves.

use core::time::Duration;
use std::vec::Vec;

use super::bends::{silent, without_receipts};
use super::letters::{impatient, letter};
use super::{House, named};
use crate::bank::{AdminAct, BankConfig, Command, DryRunOutcome, Event, Query, Record, Refusal, Reply};
use crate::escrow::testing::{CHAIN, asset, tx};
use crate::escrow::{
    AttemptClass, Beneficiary, EscrowRecord, LetterFilter, Reason, Replay, ReplayEnd, ReplayPlan, Resolution,
};
use crate::id::{Address, ReplayId, RequestId, UserId};
use crate::money::Amount;
use crate::time::WallClock;

const SECOND: Duration = Duration::from_secs(1);

/// A house in which the transactions of these numbers are dead letters, claimed by `alice`, a second apart.
fn dead(numbers: &[u8], change: impl FnOnce(&mut BankConfig)) -> (House, UserId, Address) {
    let mut house = House::with(|config| {
        impatient(config);
        config.escrow.recheck = SECOND * 3600;
        change(config);
    });
    let (alice, address) = house.register("alice");
    house.mine(2);
    for n in numbers {
        house.claim(alice, *n);
        house.mine(1);
    }
    house.mine(14);
    assert!(numbers.iter().all(|n| house.stage(*n) == "dead_letter"));
    (house, alice, address)
}

/// Pays what was claimed, so late that only who looks for the transaction finds it: no scan shows it.
fn pay_unseen(house: &mut House, n: u8, transfers: &[(Address, u128)]) {
    house.latest -= 4;
    house.pay(n, transfers);
    house.latest += 4;
}

fn resolve(n: u8, resolution: Resolution, actor: &str) -> Command {
    Command::ResolveDeadLetter {
        tx: named(n),
        resolution,
        actor: actor.into(),
        reason: "asked the payer".into(),
    }
}

fn plan() -> ReplayPlan {
    ReplayPlan {
        only: None,
        filter: LetterFilter::default(),
        rate: 1,
        stop_after: None,
        stop_at: None,
    }
}

fn replay(plan: ReplayPlan) -> Command {
    Command::ReplayDeadLetters {
        plan: plan.into(),
        actor: "ops".into(),
        reason: "the outage is over".into(),
    }
}

#[track_caller]
fn begun(house: &mut House, plan: ReplayPlan) -> Replay {
    let reply = house.command(replay(plan));
    let Reply::Replay(replay) = reply else {
        panic!("{reply:?}")
    };
    replay
}

#[track_caller]
fn last_replay(house: &mut House) -> Replay {
    let Reply::Status(status) = house.query(Query::Status) else {
        panic!("no status")
    };
    status.replay.unwrap()
}

/// The numbers of the letters that were replayed, each with the second at which it was.
fn replayed(house: &House) -> Vec<(u8, i64)> {
    let replayed = |record: &Record| match record {
        Record::Escrow(EscrowRecord::DeadLetterReplayed { tx, at, .. }) => {
            Some((tx.tx.bytes()[0], at.as_micros() / 1_000_000 - 1_700_000_000))
        }
        Record::AssetRegistered { .. }
        | Record::UserRegistered { .. }
        | Record::AddressAssigned { .. }
        | Record::Ledger(_)
        | Record::Escrow(_)
        | Record::Administered { .. }
        | Record::Reconciled { .. } => None,
    };
    house.records.iter().filter_map(replayed).collect()
}

#[test]
fn a_replay_takes_every_letter_once_the_oldest_first_at_its_pace() {
    let (mut house, ..) = dead(&[3, 1, 2], |_| {});
    let start = house.now.as_nanos() / 1_000_000_000;
    let start = i64::try_from(start).unwrap();
    begun(&mut house, plan());
    assert_eq!(house.stage(3), "observed", "the first at once");
    assert_eq!(house.stage(1), "dead_letter");
    house.mine(30);
    assert_eq!(replayed(&house), [(3, start), (1, start + 1), (2, start + 2)]);
    let last = last_replay(&mut house);
    assert_eq!((last.done, last.end), (3, Some(ReplayEnd::Done)));
    assert!(
        [1, 2, 3].into_iter().all(|n| house.stage(n) == "dead_letter"),
        "they died again"
    );
    house.audit();
}

#[test]
fn a_replay_takes_what_fits_and_ends_where_it_should() {
    let date = |seconds: i64| Some(WallClock::from_micros((1_700_000_000 + seconds) * 1_000_000));
    let stop_after = ReplayPlan {
        stop_after: Some(2),
        ..plan()
    };
    let nobodys = LetterFilter {
        claimed_by: Some(UserId::new(9)),
        ..LetterFilter::default()
    };
    for (wanted, taken, end) in [
        (stop_after, 2, ReplayEnd::Stopped),
        (
            ReplayPlan {
                stop_at: date(1),
                ..plan()
            },
            0,
            ReplayEnd::Stopped,
        ),
        (
            ReplayPlan {
                stop_at: date(9_999),
                ..plan()
            },
            3,
            ReplayEnd::Done,
        ),
        (
            ReplayPlan {
                only: Some(named(2)),
                ..plan()
            },
            1,
            ReplayEnd::Done,
        ),
        (
            ReplayPlan {
                filter: nobodys,
                ..plan()
            },
            0,
            ReplayEnd::Done,
        ),
    ] {
        let (mut house, ..) = dead(&[3, 1, 2], |_| {});
        begun(&mut house, wanted);
        house.mine(9);
        let last = last_replay(&mut house);
        assert_eq!((last.done, last.end), (taken, Some(end)), "{wanted:?}");
        house.audit();
    }
}

#[test]
fn one_replay_at_a_time_and_it_can_be_cancelled() {
    let (mut house, ..) = dead(&[1, 2, 3], |_| {});
    let first = begun(&mut house, plan());
    assert_eq!(
        house.command(replay(plan())),
        Reply::Refused(Refusal::ReplayUnderWay)
    );
    let cancel = |replay| Command::CancelReplay {
        replay,
        actor: "ops".into(),
        reason: "the wrong ones".into(),
    };
    let other = ReplayId::new(7);
    assert_eq!(
        house.command(cancel(other)),
        Reply::Refused(Refusal::NoSuchReplay)
    );
    house.mine(1);
    let reply = house.command(cancel(first.id));
    assert!(
        matches!(
            reply,
            Reply::Replay(Replay {
                end: Some(ReplayEnd::Cancelled),
                done: 2,
                ..
            })
        ),
        "{reply:?}"
    );
    house.mine(5);
    assert_eq!(replayed(&house).len(), 2);
    assert_eq!(
        house.command(cancel(first.id)),
        Reply::Refused(Refusal::NoSuchReplay)
    );
    assert_eq!(begun(&mut house, plan()).id, first.id.next());
    for odd in [
        ReplayPlan { rate: 0, ..plan() },
        ReplayPlan { rate: 101, ..plan() },
        ReplayPlan {
            stop_after: Some(0),
            ..plan()
        },
    ] {
        assert_eq!(house.command(replay(odd)), Reply::Refused(Refusal::ReplayPlan));
    }
    house.audit();
}

#[test]
fn a_restart_goes_on_with_a_replay_and_takes_no_letter_twice() {
    let (mut house, ..) = dead(&[1, 2, 3], |_| {});
    begun(&mut house, plan());
    house.mine(1);
    house.restart(|_| {});
    house.mine(5);
    let numbers: Vec<u8> = replayed(&house).into_iter().map(|(n, _)| n).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(last_replay(&mut house).end, Some(ReplayEnd::Done));
    house.audit();
}

#[test]
fn what_is_replayed_is_credited_once() {
    let (mut house, alice, address) = dead(&[1], |_| {});
    pay_unseen(&mut house, 1, &[(address, 3_000)]);
    begun(&mut house, plan());
    house.mine(2);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    assert_eq!(
        house.command(resolve(1, Resolution::Retry, "ops")),
        Reply::Refused(Refusal::NotADeadLetter)
    );
    house.mine(5);
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

/// What a dry run of transaction `n` comes to, and what was recorded meanwhile.
#[track_caller]
fn dry_run(house: &mut House, n: u8) -> crate::bank::DryRun {
    let before = house.records.len();
    house.requests += 1;
    let request = RequestId::new(house.requests);
    house.handle(Event::Query {
        request,
        query: Query::DryRun(named(n)),
    });
    let reply = house.replied(request);
    let Reply::DryRun(dry_run) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(house.records.len(), before, "a dry run records nothing");
    *dry_run
}

#[test]
fn a_dry_run_tells_what_a_replay_would_come_to() {
    let (mut house, alice, address) = dead(&[1, 2, 3, 4], |_| {});
    pay_unseen(&mut house, 1, &[(address, 3_000)]);
    pay_unseen(&mut house, 2, &[(address, 3_000)]);
    house.mined.get_mut(&tx(2)).unwrap().succeeded = false;
    house.pay(3, &[(address, 3_000)]);
    let credited = dry_run(&mut house, 1);
    assert!(matches!(&credited.outcome, DryRunOutcome::Credited(deposits)
        if deposits[0].beneficiary == Beneficiary::User(alice) && deposits.len() == 1));
    assert_eq!(credited.votes.len(), 2);
    assert!(credited.evidence.is_some_and(|evidence| evidence.is_final()));
    assert_eq!(
        dry_run(&mut house, 2).outcome,
        DryRunOutcome::Rejected(Reason::Reverted)
    );
    assert!(matches!(dry_run(&mut house, 3).outcome, DryRunOutcome::Locked(deposits) if deposits.len() == 1));
    let absent = dry_run(&mut house, 4);
    assert_eq!(
        (absent.outcome, absent.votes.len()),
        (DryRunOutcome::Undecided, 2)
    );
    assert!(
        absent
            .attempts
            .iter()
            .all(|one| one.class == AttemptClass::Absent)
    );
    for endpoint in 0..4 {
        house.bends.insert(endpoint, without_receipts);
    }
    let undecided = dry_run(&mut house, 1);
    assert_eq!(
        (undecided.outcome, undecided.votes.len()),
        (DryRunOutcome::Undecided, 0)
    );
    assert!(undecided.attempts.len() >= 2);
    assert!((1..=4).all(|n| house.stage(n) == "dead_letter"));
    assert_eq!(house.balances(alice), (0, 0, 0));
    house.claim(alice, 5);
    assert_eq!(
        house.query(Query::DryRun(named(5))),
        Reply::Refused(Refusal::NotADeadLetter)
    );
}

#[test]
fn a_letter_that_is_retried_during_a_dry_run_answers_it_all_the_same() {
    let (mut house, ..) = dead(&[1], |_| {});
    house.holds_answers = true;
    house.requests += 1;
    let request = RequestId::new(house.requests);
    house.handle(Event::Query {
        request,
        query: Query::DryRun(named(1)),
    });
    assert_eq!(house.command(resolve(1, Resolution::Retry, "ops")), Reply::Done);
    house.holds_answers = false;
    house.mine(5);
    assert!(matches!(house.replied(request), Reply::DryRun(_)));
    house.audit();
}

#[test]
fn a_chain_that_is_paused_is_not_asked_and_whoever_waits_is_told() {
    let (mut house, alice, address) = dead(&[1], |config| config.escrow.recheck = SECOND * 30);
    pay_unseen(&mut house, 1, &[(address, 3_000)]);
    house.holds_answers = true;
    house.requests += 1;
    let request = RequestId::new(house.requests);
    house.handle(Event::Query {
        request,
        query: Query::DryRun(named(1)),
    });
    let order = |key: &str, act| Command::Administer {
        key: super::key(key),
        act,
        actor: "ops".into(),
        reason: "a fork".into(),
    };
    house.command(order("pause", AdminAct::PauseChain(CHAIN)));
    house.holds_answers = false;
    assert!(matches!(house.replied(request), Reply::DryRun(run) if run.outcome == DryRunOutcome::Undecided));
    assert_eq!(
        house.query(Query::DryRun(named(1))),
        Reply::Refused(Refusal::ChainPaused(CHAIN))
    );
    let asked = house.asked.len();
    house.mine(40);
    assert_eq!((house.asked.len(), house.stage(1)), (asked, "dead_letter"));
    house.command(order("resume", AdminAct::ResumeChain(CHAIN)));
    house.mine(40);
    assert_eq!(house.stage(1), "final");
    assert_eq!(house.balances(alice), (0, 0, 10));
    house.audit();
}

#[test]
fn what_has_become_final_closes_by_itself() {
    let (mut house, alice, address) = dead(&[1, 2], |config| config.escrow.recheck = SECOND * 30);
    pay_unseen(&mut house, 1, &[(address, 3_000)]);
    house.mine(35);
    assert_eq!((house.stage(1), house.stage(2)), ("final", "dead_letter"));
    assert_eq!(house.balances(alice), (0, 0, 10));
    let is_reopening =
        |record: &&Record| matches!(record, Record::Escrow(EscrowRecord::DeadLetterReopened { .. }));
    assert_eq!(house.records.iter().filter(is_reopening).count(), 1);
    pay_unseen(&mut house, 2, &[(address, 3_000)]);
    house.mine(35);
    assert_eq!(house.stage(2), "final", "looked at again and again");
    house.audit();
}

#[test]
fn the_slow_sweep_leaves_alone_what_is_not_final_and_goes_on_after_a_restart() {
    let (mut house, _, address) = dead(&[1, 2], |config| config.escrow.recheck = SECOND * 30);
    house.restart(|_| {});
    house.pay(1, &[(address, 3_000)]);
    let finalized = house.finalized;
    for endpoint in 0..2 {
        house.bends.insert(endpoint, silent);
    }
    house.pass(SECOND * 15);
    assert_eq!((house.finalized, house.stage(1)), (finalized, "dead_letter"));
    house.bends.clear();
    house.pass(SECOND * 40);
    assert_eq!(house.stage(1), "dead_letter", "it is not final");
    house.mine(40);
    assert_eq!(house.stage(1), "final");
    house.audit();
}

fn strict(config: &mut BankConfig) {
    config.escrow.dismiss_alone_max = Some([(asset("USDT"), Amount::from_minor(5_000))].into());
}

#[test]
fn a_dismissal_of_what_is_large_or_unknown_takes_two() {
    let (mut house, ..) = dead(&[1, 2], strict);
    assert_eq!(
        house.command(resolve(1, Resolution::Dismiss, "ann")),
        Reply::Proposed
    );
    assert_eq!(
        house.command(resolve(1, Resolution::Dismiss, "ann")),
        Reply::Refused(Refusal::SameApprover)
    );
    assert_eq!(house.stage(1), "dead_letter");
    house.restart(|_| {});
    house.pass(SECOND);
    let proposal = letter(&mut house, 1).letter.proposal.unwrap();
    assert_eq!(
        (proposal.actor.as_str(), proposal.reason.as_str()),
        ("ann", "asked the payer")
    );
    assert_eq!(
        house.command(resolve(1, Resolution::Dismiss, "ann")),
        Reply::Refused(Refusal::SameApprover)
    );
    assert_eq!(house.command(resolve(1, Resolution::Dismiss, "bob")), Reply::Done);
    assert_eq!(house.stage(1), "dismissed");
    assert_eq!(
        house.command(resolve(2, Resolution::Dismiss, "ann")),
        Reply::Proposed
    );
    assert_eq!(
        house.command(resolve(2, Resolution::Retry, "ann")),
        Reply::Done,
        "to try again takes one"
    );
    house.mine(14);
    assert_eq!(
        letter(&mut house, 2).letter.proposal,
        None,
        "another letter, another proposal"
    );
    house.audit();
}

#[test]
fn a_dismissal_of_what_is_known_to_be_small_takes_one() {
    for (amount, reply) in [(5_000, Reply::Done), (5_001, Reply::Proposed)] {
        let mut house = House::with(|config| {
            impatient(config);
            strict(config);
        });
        let (alice, address) = house.register("alice");
        house.mine(1);
        house.pay(1, &[(address, amount)]);
        house.claim(alice, 1);
        assert_eq!(house.stage(1), "seen");
        house.mined.clear();
        house.mine(14);
        assert_eq!(
            house.command(resolve(1, Resolution::Dismiss, "ann")),
            reply,
            "{amount}"
        );
    }
}
