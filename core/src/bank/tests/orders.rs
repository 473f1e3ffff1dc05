//! What operators order: it is done, it is journalled, and it stands until they order otherwise.

use core::time::Duration;
use std::vec::Vec;

use super::bends::{silent, without_receipts};
use super::{House, key, named, replayed};
use crate::bank::{ActDone, AdminAct, Command, EndpointName, Known, Record, Refusal, Reply};
use crate::escrow::EscrowRecord;
use crate::escrow::testing::CHAIN;
use crate::id::ChainId;
use crate::limits::TEXT_BYTES_MAX;
use crate::resilience::{BreakerOrder, BreakerState};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn rpc(n: u8) -> EndpointName {
    EndpointName {
        chain: CHAIN,
        name: std::format!("rpc-{n}"),
    }
}

/// Each under a key of its own.
pub(super) fn ordered(house: &House, act: AdminAct) -> Command {
    Command::Administer {
        key: key(&std::format!("act {}", house.requests)),
        act,
        actor: "olga".into(),
        reason: "the test says so".into(),
    }
}

#[track_caller]
pub(super) fn order(house: &mut House, act: AdminAct) -> ActDone {
    let reply = house.command(ordered(house, act));
    let Reply::Administered {
        done,
        replayed: false,
    } = reply
    else {
        panic!("{reply:?}")
    };
    done
}

#[track_caller]
fn refused(house: &mut House, act: AdminAct) -> Refusal {
    let before = house.records.len();
    let Reply::Refused(refusal) = house.command(ordered(house, act)) else {
        panic!("it was done")
    };
    assert_eq!(house.records.len(), before, "a refused act was journalled");
    refusal
}

fn breaker(endpoint: u8, order: BreakerOrder) -> AdminAct {
    AdminAct::Breaker {
        endpoint: rpc(endpoint),
        order,
    }
}

/// Who was asked since the last time.
fn asked(house: &mut House) -> Vec<u8> {
    let mut asked: Vec<u8> = core::mem::take(&mut house.asked)
        .into_iter()
        .map(|(endpoint, _)| endpoint)
        .collect();
    asked.sort_unstable();
    asked.dedup();
    asked
}

pub(super) fn changed() -> ActDone {
    ActDone::Ordered { changed: true }
}

fn unchanged() -> ActDone {
    ActDone::Ordered { changed: false }
}

#[test]
fn every_act_is_journalled_with_who_ordered_it_and_why() {
    let mut house = House::new();
    let acts = [
        AdminAct::PauseEndpoint(rpc(0)),
        AdminAct::PauseEndpoint(rpc(0)),
        AdminAct::ResumeEndpoint(rpc(0)),
        breaker(1, BreakerOrder::ForceOpen),
        breaker(1, BreakerOrder::Reset),
        AdminAct::Sweep,
        AdminAct::Process(named(1)),
        AdminAct::PauseChain(CHAIN),
        AdminAct::ResumeChain(CHAIN),
        AdminAct::Drain,
        AdminAct::Undrain,
    ];
    for act in acts.clone() {
        order(&mut house, act);
    }
    let mut journalled = Vec::new();
    for record in &house.records {
        if let Record::Administered {
            act, actor, reason, ..
        } = record
        {
            assert_eq!((actor.as_str(), reason.as_str()), ("olga", "the test says so"));
            journalled.push(act.clone());
        }
    }
    assert_eq!(journalled, acts);
    house.audit();
}

#[test]
fn an_act_is_done_once_under_its_key_whenever_it_comes_again() {
    let mut house = House::new();
    house.mine(1);
    let pause = ordered(&house, AdminAct::PauseEndpoint(rpc(0)));
    let told = |replayed| Reply::Administered {
        done: changed(),
        replayed,
    };
    assert_eq!(house.command(pause.clone()), told(false));
    order(&mut house, AdminAct::ResumeEndpoint(rpc(0)));
    house.restart(|_| {});
    let before = house.records.len();
    assert_eq!(house.command(pause.clone()), told(true), "it comes late");
    assert!(!house.bank.state().orders().of(CHAIN, "rpc-0").is_paused);
    let Command::Administer {
        key,
        act,
        actor,
        reason,
    } = pause
    else {
        panic!()
    };
    for (act, actor, reason, field) in [
        (AdminAct::Sweep, "olga", &*reason, "act"),
        (act.clone(), "ann", &*reason, "actor"),
        (act, &*actor, "another", "reason"),
    ] {
        let other = Command::Administer {
            key,
            act,
            actor: actor.into(),
            reason: reason.into(),
        };
        assert_eq!(house.command(other), Reply::Conflict { field });
    }
    assert_eq!(house.records.len(), before);
    house.audit();
}

#[test]
fn what_is_not_there_and_acts_without_a_reason_are_refused() {
    let mut house = House::new();
    house.mine(1);
    let elsewhere = ChainId::new(1);
    let nobody = EndpointName {
        chain: CHAIN,
        name: "rpc-9".into(),
    };
    let abroad = EndpointName {
        chain: elsewhere,
        ..rpc(0)
    };
    for (act, refusal) in [
        (AdminAct::PauseChain(elsewhere), Refusal::UnknownChain(elsewhere)),
        (AdminAct::ResumeChain(elsewhere), Refusal::UnknownChain(elsewhere)),
        (
            AdminAct::PauseEndpoint(nobody.clone()),
            Refusal::UnknownEndpoint(CHAIN),
        ),
        (
            AdminAct::ResumeEndpoint(nobody.clone()),
            Refusal::UnknownEndpoint(CHAIN),
        ),
        (AdminAct::PauseEndpoint(abroad), Refusal::UnknownChain(elsewhere)),
        (
            AdminAct::Breaker {
                endpoint: nobody,
                order: BreakerOrder::Reset,
            },
            Refusal::UnknownEndpoint(CHAIN),
        ),
    ] {
        assert_eq!(refused(&mut house, act), refusal);
    }
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    for (actor, reason, field) in [
        ("", "why", "actor"),
        ("ann", "", "reason"),
        ("ann", &long, "reason"),
    ] {
        let act = Command::Administer {
            key: key("no reason"),
            act: AdminAct::Sweep,
            actor: actor.into(),
            reason: reason.into(),
        };
        assert_eq!(house.command(act), Reply::Refused(Refusal::Text { field }));
    }
}

#[test]
fn an_endpoint_that_is_paused_is_not_asked_until_it_is_resumed_whatever_happens_in_between() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(2);
    assert_eq!(asked(&mut house), [0, 1, 2, 3]);
    assert_eq!(order(&mut house, AdminAct::PauseEndpoint(rpc(2))), changed());
    assert_eq!(order(&mut house, AdminAct::PauseEndpoint(rpc(2))), unchanged());
    asked(&mut house);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    house.mine(6);
    assert_eq!(asked(&mut house), [0, 1, 3]);
    assert_eq!(house.stage(1), "final");

    house.restart(|_| {});
    house.mine(4);
    assert_eq!(asked(&mut house), [0, 1, 3], "the order survives a restart");
    // Nobody else is left: an order is obeyed in panic mode, too.
    for endpoint in [0, 1, 3] {
        house.bends.insert(endpoint, silent);
    }
    house.mine(60);
    assert_eq!(asked(&mut house), [0, 1, 3]);
    house.bends.clear();

    assert_eq!(order(&mut house, AdminAct::ResumeEndpoint(rpc(2))), changed());
    house.mine(4);
    assert!(asked(&mut house).contains(&2));
    house.audit();
}

#[test]
fn what_a_paused_endpoint_owes_is_asked_of_another_at_once() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(2);
    house.pay(1, &[(address, 3_000)]);
    house.bend_all(silent);
    house.claim(alice, 1);
    let waits = house.asked.last().map(|(endpoint, _)| *endpoint).unwrap();
    house.bends.clear();
    asked(&mut house);
    order(&mut house, AdminAct::PauseEndpoint(rpc(waits)));
    let instead = asked(&mut house);
    assert!(!instead.is_empty() && !instead.contains(&waits), "{instead:?}");
    let status = house.bank.chains()[0].endpoints[usize::from(waits)].clone();
    assert!(status.orders.is_paused && !status.is_up());
    assert_eq!(status.breaker, BreakerState::Closed, "a pause is no fault");
}

#[test]
fn about_a_paused_chain_nobody_is_asked_and_claims_wait() {
    let mut house = House::with(|config| config.escrow.patience = SECOND * 30);
    let (alice, address) = house.register("alice");
    house.mine(2);
    house.bend_all(silent);
    house.pay(1, &[(address, 3_000)]);
    house.claim(alice, 1);
    assert_eq!(order(&mut house, AdminAct::PauseChain(CHAIN)), changed());
    house.bends.clear();
    asked(&mut house);
    house.pay(2, &[(address, 3_000)]);
    assert!(matches!(house.claim(alice, 2), Reply::Claim { .. }));
    house.mine(6);
    house.restart(|_| {});
    house.mine(6);
    assert_eq!(asked(&mut house), [0u8; 0]);
    assert_eq!((house.stage(1), house.stage(2)), ("observed", "observed"));
    assert_eq!(
        refused(&mut house, AdminAct::Process(named(1))),
        Refusal::ChainPaused(CHAIN)
    );
    assert_eq!(order(&mut house, AdminAct::Sweep), ActDone::Swept { due: 0 });
    assert!(house.bank.chains()[0].is_paused);

    // What waited for longer than the patience gets all of it again.
    house.pass(DAY);
    house.bend_all(without_receipts);
    assert_eq!(order(&mut house, AdminAct::ResumeChain(CHAIN)), changed());
    house.pass(SECOND * 10);
    assert_eq!((house.stage(1), house.stage(2)), ("observed", "observed"));
    let given_up = |record: &Record| matches!(record, Record::Escrow(EscrowRecord::DeadLettered { .. }));
    assert!(
        !house.records.iter().any(given_up),
        "nor was one given up and then found by the scan"
    );
    house.bends.clear();
    house.mine(4);
    assert_eq!((house.stage(1), house.stage(2)), ("final", "final"));
    assert_eq!(house.balances(alice), (0, 0, 20));
    house.audit();
}

#[test]
fn what_waited_for_a_chain_has_all_its_patience_anew_and_also_after_a_restart() {
    for restarts in [false, true] {
        let mut house = House::with(|config| config.escrow.patience = SECOND * 600);
        let (alice, _) = house.register("alice");
        house.mine(2);
        house.claim(alice, 1);
        order(&mut house, AdminAct::PauseChain(CHAIN));
        house.pass(DAY);
        order(&mut house, AdminAct::ResumeChain(CHAIN));
        house.pass(SECOND * 300);
        order(&mut house, AdminAct::ResumeChain(CHAIN)); // which changes nothing
        if restarts {
            house.restart(|_| {});
        }
        house.pass(SECOND * 290);
        assert_eq!(house.stage(1), "observed", "{restarts}");
        house.pass(SECOND * 60);
        assert_eq!(house.stage(1), "dead_letter", "{restarts}");
        house.audit();
    }
}

#[test]
fn answers_that_come_after_a_chain_was_paused_decide_nothing() {
    let mut house = House::new();
    let (alice, address) = house.register("alice");
    house.mine(2);
    house.pay(1, &[(address, 3_000)]);
    house.bend_all(silent);
    house.claim(alice, 1);
    let question = house.asked.last().map(|(_, question)| question.clone()).unwrap();
    let before = house.stage(1);
    order(&mut house, AdminAct::PauseChain(CHAIN));
    let answer = house.honest(&question);
    for call in 0..200 {
        let outcome = Ok(answer.clone());
        let call = crate::id::CallId::new(call);
        house.handle(crate::bank::Event::Answered { call, outcome });
    }
    assert_eq!(house.stage(1), before);
}

#[test]
fn a_breaker_obeys_until_it_is_reset() {
    let mut house = House::new();
    house.mine(2);
    let state = |house: &House| house.bank.chains()[0].endpoints[1].breaker;
    let told = |house: &mut House, given| {
        let done = order(house, breaker(1, given));
        let ActDone::Breaker { from, to } = done else {
            panic!("{done:?}")
        };
        (from, to)
    };
    let (closed, forced, disabled) = (
        BreakerState::Closed,
        BreakerState::ForcedOpen,
        BreakerState::Disabled,
    );
    assert_eq!(told(&mut house, BreakerOrder::ForceOpen), (closed, forced));
    assert_eq!(told(&mut house, BreakerOrder::ForceOpen), (forced, forced));
    asked(&mut house);
    house.mine(4);
    house.restart(|_| {});
    assert_eq!(state(&house), forced, "the order survives a restart");
    house.mine(4);
    assert_eq!(asked(&mut house), [0, 2, 3]);

    assert_eq!(told(&mut house, BreakerOrder::Disable), (forced, disabled));
    house.restart(|_| {});
    house.bends.insert(1, silent);
    house.mine(120);
    assert_eq!(state(&house), disabled);
    house.bends.clear();

    assert_eq!(told(&mut house, BreakerOrder::Reset), (disabled, closed));
    house.restart(|_| {});
    assert_eq!(state(&house), closed);
    house.bends.insert(1, silent);
    house.mine(60);
    assert_ne!(state(&house), closed, "it decides by itself again");
    house.audit();
}

#[test]
fn a_sweep_makes_everything_due_at_once() {
    let mut house = House::new();
    let (alice, _) = house.register("alice");
    house.claim(alice, 1);
    house.claim(alice, 2);
    house.mine(4);
    house.asked.clear();
    assert_eq!(order(&mut house, AdminAct::Sweep), ActDone::Swept { due: 2 });
    let mut verified = Vec::new();
    for (_, question) in &house.asked {
        if let crate::escrow::Question::Receipt { tx } = question {
            verified.push(*tx);
        }
    }
    verified.sort_unstable();
    verified.dedup();
    assert_eq!(verified, [named(1).tx, named(2).tx]);
}

#[test]
fn one_transaction_is_processed_at_once_claimed_or_not_and_given_up_or_not() {
    let processed = |known| ActDone::Processing { known };
    let mut house = House::with(|config| config.escrow.patience = SECOND * 10);
    let (alice, address) = house.register("alice");
    house.claim(alice, 1);
    house.mine(14);
    assert_eq!(house.stage(1), "dead_letter");
    assert_eq!(
        order(&mut house, AdminAct::Process(named(1))),
        processed(Known::GivenUp)
    );
    assert_eq!(house.stage(1), "observed");

    house.pay(2, &[(address, 3_000)]);
    assert_eq!(
        order(&mut house, AdminAct::Process(named(2))),
        processed(Known::Unnamed)
    );
    assert_eq!(
        house.stage(2),
        "seen",
        "nobody claimed it, and no scan has come there"
    );
    house.mine(4);
    assert_eq!(house.stage(2), "final");
    assert_eq!(
        refused(&mut house, AdminAct::Process(named(2))),
        Refusal::AlreadySettled
    );

    house.restart(|_| {});
    house.mine(2);
    assert_eq!(
        order(&mut house, AdminAct::Process(named(1))),
        processed(Known::Open)
    );
    house.audit();
}

#[test]
fn orders_about_what_is_configured_no_more_do_no_harm_and_hold_when_it_is_again() {
    let mut house = House::new();
    house.mine(1);
    order(&mut house, AdminAct::PauseEndpoint(rpc(3)));
    order(&mut house, breaker(3, BreakerOrder::Disable));
    let mut gone = None;
    house.restart(|config| gone = config.escrow.chains[0].endpoints.pop());
    asked(&mut house);
    house.mine(4);
    assert_eq!(asked(&mut house), [0, 1, 2]);
    assert_eq!(
        refused(&mut house, AdminAct::ResumeEndpoint(rpc(3))),
        Refusal::UnknownEndpoint(CHAIN)
    );
    // In another place it is the same endpoint.
    house.restart(|config| config.escrow.chains[0].endpoints.insert(0, gone.unwrap()));
    house.mine(4);
    assert_eq!(asked(&mut house), [1, 2, 3]);
    let status = house.bank.chains()[0].endpoints[0].clone();
    assert_eq!(
        (status.name.as_str(), status.breaker),
        ("rpc-3", BreakerState::Disabled)
    );
    assert_eq!(replayed(&house.records).orders().endpoints().count(), 1);
}
