use std::time::Duration;

use plimsoll_core::bank::{Act, Command, Effect, Event, Record, Reply};
use plimsoll_core::escrow::Question;
use plimsoll_core::id::{CallId, ChainId, EndpointId, RequestId};
use plimsoll_core::ledger::{self, Outcome};

use super::super::testing::{
    Ending, act, asks, bank, effects, head, held, hold_posted, id, input, judge, judge_commit, key, paid,
    posted, received, registered, user,
};
use super::Durability;
use crate::fault::{CrashLoss, Fault, ProcessFault};
use crate::world::observe::Observation;

fn reply(request: u64, reply: Reply) -> Act {
    Act::Reply {
        request: RequestId::new(request),
        reply,
    }
}

fn welcome() -> Act {
    reply(
        1,
        Reply::User {
            user: user(1),
            name: "user 1".to_owned(),
            addresses: Vec::new(),
            replayed: false,
        },
    )
}

fn accepted(transaction: u64) -> Act {
    reply(
        1,
        Reply::Outcome {
            outcome: Outcome::Accepted(id(transaction)),
            replayed: false,
        },
    )
}

/// An oracle that saw `command` being asked and answered with `act` after `records`.
fn after(command: ledger::Command, records: &[Record], answer: &Act) -> Durability {
    let mut oracle = Durability::default();
    let request = ledger::Request {
        key: key("request"),
        command,
    };
    let mut decided = effects(records);
    decided.push(act(answer.clone()));
    decide(&mut oracle, &asks(1, Command::Transact(request)), &decided);
    oracle
}

fn decide(oracle: &mut Durability, input: &plimsoll_core::bank::Input, effects: &[Effect]) {
    let seen = Observation::Handled {
        input,
        effects,
        bank: &bank(&[]),
    };
    assert_eq!(judge(oracle, &seen), "fine");
}

fn release(oracle: &mut Durability, act: &Act) -> &'static str {
    judge(oracle, &Observation::Released { act })
}

/// What the oracle says when the process comes back with `records`.
fn restart(oracle: &mut Durability, records: &[Record]) -> &'static str {
    let restarted = Observation::Restarted {
        bank: &bank(records),
        durable: &head(records.len() as u64),
    };
    judge(oracle, &restarted)
}

#[test]
fn what_leaves_after_its_records_are_committed_is_fine() {
    let mut oracle = Durability::default();
    let decided = [effects(&[registered(1)]), vec![act(welcome())]].concat();
    decide(&mut oracle, &input(Event::Tick), &decided);
    assert_eq!(judge_commit(&mut oracle, &[registered(1)], 1), "fine");
    assert_eq!(release(&mut oracle, &welcome()), "fine");
    assert_eq!(restart(&mut oracle, &[registered(1)]), "fine");
}

#[test]
fn a_reply_before_its_commit_is_found() {
    let mut oracle = Durability::default();
    let decided = [effects(&[registered(1)]), vec![act(welcome())]].concat();
    decide(&mut oracle, &input(Event::Tick), &decided);
    assert_eq!(release(&mut oracle, &welcome()), "released_early");
}

#[test]
fn a_question_waits_for_no_commit_and_leaves_once() {
    let question = Act::Ask {
        call: CallId::new(1),
        endpoint: EndpointId {
            chain: ChainId::new(56),
            index: 0,
        },
        question: Question::Heads,
        timeout: Duration::from_secs(1),
    };
    let mut oracle = Durability::default();
    let decided = [
        effects(&[registered(1)]),
        vec![act(welcome()), act(question.clone())],
    ]
    .concat();
    decide(&mut oracle, &input(Event::Tick), &decided);
    assert_eq!(release(&mut oracle, &question), "fine");
    assert_eq!(release(&mut oracle, &question), "released_unasked");
    assert_eq!(release(&mut oracle, &welcome()), "released_early");
}

#[test]
fn an_act_out_of_order_or_unasked_is_found() {
    let mut oracle = Durability::default();
    decide(
        &mut oracle,
        &input(Event::Tick),
        &[act(welcome()), act(accepted(1))],
    );
    assert_eq!(release(&mut oracle, &accepted(1)), "released_out_of_order");
    assert_eq!(
        release(&mut Durability::default(), &welcome()),
        "released_unasked"
    );
}

#[test]
fn an_act_of_an_earlier_life_is_found() {
    let mut oracle = Durability::default();
    decide(&mut oracle, &input(Event::Tick), &[act(welcome())]);
    assert_eq!(strike(&mut oracle, CRASH), "fine");
    assert_eq!(end(&mut oracle), "fine");
    assert_eq!(release(&mut oracle, &welcome()), "released_unasked");
}

const CRASH: ProcessFault = ProcessFault::Crash {
    loss: CrashLoss::Kept,
};

fn strike(oracle: &mut Durability, fault: ProcessFault) -> &'static str {
    let fault = &Fault::Process { fault };
    let is_over = false;
    judge(oracle, &Observation::Fault { fault, is_over })
}

/// The process ends.
fn end(oracle: &mut Durability) -> &'static str {
    let crashed = Observation::Crashed {
        bank: &bank(&[]),
        uncommitted: &[],
        durable: &head(0),
    };
    judge(oracle, &crashed)
}

#[test]
fn a_process_that_shut_itself_out_is_found() {
    let mut oracle = Durability::default();
    assert_eq!(end(&mut oracle), "shut_out_by_itself");
    assert_eq!(strike(&mut oracle, ProcessFault::Usurped), "fine");
    assert_eq!(end(&mut oracle), "fine");
    assert_eq!(restart(&mut oracle, &[]), "fine");
    assert_eq!(
        end(&mut oracle),
        "shut_out_by_itself",
        "the rival was of an earlier life"
    );
    assert_eq!(strike(&mut oracle, CRASH), "fine");
    assert_eq!(end(&mut oracle), "fine");
    assert_eq!(end(&mut oracle), "shut_out_by_itself", "one crash ends one life");
}

#[test]
fn an_acknowledged_write_that_a_crash_took_is_found() {
    let start = [registered(1), posted(1, &[received(1, 100)])];
    let cases = [
        (
            ledger::Command::Post {
                transfers: Vec::new(),
            },
            accepted(2),
            posted(2, &[paid(1, 2, 5)]),
        ),
        (
            ledger::Command::Hold {
                transfers: Vec::new(),
                expires_at: None,
            },
            accepted(2),
            held(2, &[paid(1, 2, 5)]),
        ),
    ];
    for (command, answer, record) in cases {
        let mut oracle = after(command.clone(), &[], &answer);
        assert_eq!(release(&mut oracle, &answer), "fine");
        assert_eq!(restart(&mut oracle, &start), "promise_lost", "{command:?}");
        let kept = [start.to_vec(), vec![record]].concat();
        assert_eq!(restart(&mut oracle, &kept), "fine");
    }
}

#[test]
fn a_hold_that_was_posted_and_is_open_again_is_found() {
    let command = ledger::Command::PostHold {
        hold: id(2),
        amounts: None,
    };
    let mut oracle = after(command, &[], &accepted(2));
    assert_eq!(release(&mut oracle, &accepted(2)), "fine");
    let open = [posted(1, &[received(1, 100)]), held(2, &[paid(1, 2, 5)])];
    assert_eq!(restart(&mut oracle, &open), "promise_lost");
    assert_eq!(
        restart(&mut oracle, &[open.to_vec(), vec![hold_posted(2)]].concat()),
        "fine"
    );
}

#[test]
fn an_acknowledged_write_that_the_journal_lacks_is_found_at_the_end() {
    let mut oracle = Durability::default();
    decide(&mut oracle, &input(Event::Tick), &[act(welcome())]);
    assert_eq!(release(&mut oracle, &welcome()), "fine");
    assert_eq!(Ending::new().judge(&mut oracle, &[]), "promise_lost");
    assert_eq!(Ending::new().judge(&mut oracle, &[registered(1)]), "fine");
}
