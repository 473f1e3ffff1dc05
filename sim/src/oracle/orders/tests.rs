use core::time::Duration;

use plimsoll_core::bank::{Act, ActDone, AdminAct, Command, EndpointName, Event, Record, Reply};
use plimsoll_core::escrow::Question;
use plimsoll_core::id::{CallId, EndpointId, RequestId};
use plimsoll_core::machine::Intent;
use plimsoll_core::resilience::BreakerOrder;

use super::super::testing::{CHAIN, WALL, act, bank, head, input, judge, judge_commit, key};
use super::Orders;
use crate::world::observe::Observation;
use crate::world::plan::Plan;

const DONE: ActDone = ActDone::Ordered { changed: true };

fn oracle() -> Orders {
    Orders::new(&Plan::calm("test", 1))
}

fn name(place: usize) -> EndpointName {
    let plan = Plan::calm("test", 1);
    EndpointName {
        chain: CHAIN,
        name: plan.topology.endpoints[place].name.clone(),
    }
}

fn recorded(of: &str, act: AdminAct) -> Record {
    Record::Administered {
        key: key(of),
        act,
        actor: "olga".to_owned(),
        reason: "why".to_owned(),
        done: DONE,
        at: WALL,
    }
}

fn wanted(of: &str, act: AdminAct) -> Event {
    Event::Command {
        request: RequestId::new(1),
        command: Command::Administer {
            key: key(of),
            act,
            actor: "olga".to_owned(),
            reason: "why".to_owned(),
        },
    }
}

/// Endpoint `index` is asked in a step that also made `records`.
fn asked(oracle: &mut Orders, records: &[Record], index: u8) -> &'static str {
    let ask = act(Act::Ask {
        call: CallId::new(1),
        endpoint: EndpointId { chain: CHAIN, index },
        question: Question::Heads,
        timeout: Duration::from_secs(1),
    });
    let records = records.iter().cloned().map(Intent::Record);
    let effects: Vec<_> = records.chain([ask]).collect();
    let seen = Observation::Handled {
        input: &input(Event::Tick),
        effects: &effects,
        bank: &bank(&[]),
    };
    judge(oracle, &seen)
}

fn restarted(oracle: &mut Orders) {
    let (bank, durable) = (&bank(&[]), &head(1));
    let uncommitted = &[];
    let crashed = Observation::Crashed {
        bank,
        uncommitted,
        durable,
    };
    assert_eq!(judge(oracle, &crashed), "fine");
    assert_eq!(judge(oracle, &Observation::Restarted { bank, durable }), "fine");
}

fn breaker(order: BreakerOrder) -> AdminAct {
    AdminAct::Breaker {
        endpoint: name(0),
        order,
    }
}

#[test]
fn nobody_is_asked_against_orders() {
    for (given, taken_back) in [
        (
            AdminAct::PauseEndpoint(name(0)),
            AdminAct::ResumeEndpoint(name(0)),
        ),
        (AdminAct::PauseChain(CHAIN), AdminAct::ResumeChain(CHAIN)),
        (breaker(BreakerOrder::ForceOpen), breaker(BreakerOrder::Reset)),
        (breaker(BreakerOrder::ForceOpen), breaker(BreakerOrder::Disable)),
    ] {
        let mut oracle = oracle();
        let given = recorded("given", given);
        let is_of_chain = matches!(
            given,
            Record::Administered {
                act: AdminAct::PauseChain(_),
                ..
            }
        );
        let other = if is_of_chain {
            "asked_against_orders"
        } else {
            "fine"
        };
        assert_eq!(
            asked(&mut oracle, core::slice::from_ref(&given), 0),
            "asked_against_orders"
        );
        assert_eq!(asked(&mut oracle, &[], 1), other);
        assert_eq!(asked(&mut oracle, &[recorded("back", taken_back)], 0), "fine");
        // What was decided and is not durable is gone with the process.
        restarted(&mut oracle);
        assert_eq!(asked(&mut oracle, &[], 0), "fine");
        assert_eq!(judge_commit(&mut oracle, &[given], 1), "fine");
        restarted(&mut oracle);
        assert_eq!(asked(&mut oracle, &[], 0), "asked_against_orders");
    }
    let mut disabled = oracle();
    assert_eq!(
        asked(&mut disabled, &[recorded("a", breaker(BreakerOrder::Disable))], 0),
        "fine"
    );
}

#[test]
fn what_is_acknowledged_is_on_record_once_as_it_was_wanted() {
    let reply = Act::Reply {
        request: RequestId::new(1),
        reply: Reply::Administered {
            done: DONE,
            replayed: false,
        },
    };
    let told = |oracle: &mut Orders| judge(oracle, &Observation::Released { act: &reply });
    assert_eq!(told(&mut oracle()), "acknowledged_unasked");
    let check = |committed: &[Record], expected: &str| {
        let mut oracle = oracle();
        let seen = Observation::Handled {
            input: &input(wanted("a", AdminAct::Sweep)),
            effects: &[],
            bank: &bank(&[]),
        };
        assert_eq!(judge(&mut oracle, &seen), "fine");
        assert_eq!(judge_commit(&mut oracle, committed, 1), "fine");
        assert_eq!(told(&mut oracle), expected);
    };
    check(&[], "acknowledged_off_record");
    check(&[recorded("a", AdminAct::Drain)], "acknowledged_off_record");
    check(&[recorded("b", AdminAct::Sweep)], "acknowledged_off_record");
    check(&[recorded("a", AdminAct::Sweep)], "fine");

    let mut twice = oracle();
    assert_eq!(
        judge_commit(&mut twice, &[recorded("a", AdminAct::Sweep)], 1),
        "fine"
    );
    assert_eq!(
        judge_commit(&mut twice, &[recorded("a", AdminAct::Drain)], 2),
        "journalled_twice"
    );
}
