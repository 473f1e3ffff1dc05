//! What the bank hands over to workers, and what it makes of their reports.

use core::time::Duration;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use super::bends::silent;
use super::orders::{order, rpc};
use super::{House, named};
use crate::bank::{AdminAct, BankConfig, Command, Notice, Refusal, Reply};
use crate::digest::Digest;
use crate::escrow::testing::{CHAIN, block, tx};
use crate::escrow::{
    Attempt, AttemptClass, Evidence, FinalityRule, Pauses, Question, Report, ReportError, Sighting, Taken,
    Tried, Vote, Workers,
};
use crate::id::ChainId;
use crate::queue::{Lane, Priority, QueueRequest};
use crate::resilience::{BreakerOrder, BreakerState};

/// A house whose workers have 10 s, and which asks nobody anything that is answered.
fn house() -> House {
    house_with(|_| ())
}

/// The same, after a change of its configuration.
fn house_with(change: impl FnOnce(&mut BankConfig)) -> House {
    let mut house = House::with(|config| {
        config.escrow.workers = Some(Workers {
            has_immediate: true,
            takeover: Duration::from_secs(10),
        });
        change(config);
    });
    house.mine(1);
    house
}

fn enqueued(lane: Lane, n: u8, priority: Priority) -> (Lane, QueueRequest) {
    let jobs = vec![named(n)];
    (lane, QueueRequest::Enqueue { jobs, priority })
}

fn report(sighting: Sighting) -> Command {
    Command::Report(Box::new(Report {
        chain: CHAIN,
        sighting,
        tried: Vec::new(),
    }))
}

fn taken(is_open: bool) -> Reply {
    Reply::Reported(Taken {
        is_open,
        pauses: Pauses::default(),
    })
}

/// What two endpoints show of transaction `n`, at whose word a block is final or not.
fn mined(house: &House, n: u8, finalized: u64) -> Sighting {
    let receipt = house.mined[&tx(n)].clone();
    let vote = |endpoint| Vote {
        endpoint,
        finalized: block(finalized),
        rule: FinalityRule::Finalized,
    };
    let evidence = Evidence {
        block: receipt.block,
        digest: Digest::of(&receipt),
        votes: vec![vote(0), vote(2)],
    };
    Sighting::Mined { receipt, evidence }
}

/// That two endpoints have no receipt of transaction `n`, as of the latest block.
fn absent(house: &House, n: u8) -> Sighting {
    let vote = |endpoint| Vote {
        endpoint,
        finalized: block(house.latest),
        rule: FinalityRule::Finalized,
    };
    Sighting::Absent {
        tx: tx(n),
        votes: vec![vote(0), vote(2)],
    }
}

#[test]
fn what_the_fast_track_did_not_find_goes_to_workers_at_every_sweep() {
    let mut house = house();
    let (alice, _) = house.register("alice");
    house.claim(alice, 1);
    house.pass(Duration::from_secs(2));
    assert_eq!(house.queued, [], "it is on the fast track");
    house.pass(Duration::from_secs(7));
    assert_eq!(
        house.queued,
        [
            enqueued(Lane::Immediate, 1, Priority::High),
            enqueued(Lane::Immediate, 1, Priority::Normal),
        ]
    );
    let asked = house.asked.len();
    house.pass(Duration::from_secs(10));
    let asks_itself = house.asked[asked..]
        .iter()
        .any(|(_, question)| matches!(question, Question::Receipt { .. }));
    assert!(asks_itself, "the workers have had their time");
}

#[test]
fn the_database_lane_takes_what_the_immediate_one_does_not() {
    let mut house = house();
    let (alice, _) = house.register("alice");
    house.lanes_down = vec![Lane::Immediate];
    house.claim(alice, 1);
    house.pass(Duration::from_secs(6));
    let immediate = enqueued(Lane::Immediate, 1, Priority::High);
    assert_eq!(
        house.queued,
        [
            immediate.clone(),
            immediate.clone(),
            immediate,
            enqueued(Lane::Database, 1, Priority::High),
        ],
        "three failures in a row, and no pause between them"
    );
    assert_eq!(house.bank.status().immediate, Some(BreakerState::Open));
    house.queued.clear();
    house.lanes_down.clear();
    house.pass(Duration::from_secs(6));
    assert_eq!(
        house.queued.last(),
        Some(&enqueued(Lane::Immediate, 1, Priority::Normal)),
        "it is back"
    );
    let mut told = Vec::new();
    for notice in &house.notices {
        if let Notice::Lane { from, to } = notice {
            told.push((*from, *to));
        }
    }
    let (closed, open, half_open) = (BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen);
    assert_eq!(told[..2], [(closed, open), (open, half_open)], "{told:?}");
}

#[test]
fn with_both_lanes_down_the_bank_does_it_alone() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.lanes_down = vec![Lane::Immediate, Lane::Database];
    house.claim(alice, 1);
    house.pass(Duration::from_secs(20));
    assert!(house.queued.len() < 20, "{}", house.queued.len());
    house.pay(1, &[(to_alice, 5_000)]);
    house.mine(6);
    assert_eq!(house.stage(1), "final");
    house.audit();
}

#[test]
fn a_report_of_a_final_deposit_credits_it_once() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.bend_all(silent);
    house.claim(alice, 1);
    house.pay(1, &[(to_alice, 5_000)]);
    let height = house.latest;
    let seen = report(mined(&house, 1, height - 1));
    assert_eq!(house.command(seen), taken(true));
    assert_eq!(house.balances(alice), (0, 5_000, 0));
    let last = report(mined(&house, 1, height));
    for _ in 0..3 {
        assert_eq!(house.command(last.clone()), taken(false));
        assert_eq!(house.final_deposits(1), 1);
    }
    let (available, locked, bought) = house.balances(alice);
    assert_eq!((available % 300, locked, bought), (5_000 % 300, 0, 5_000 / 300));
    house.audit();
}

#[test]
fn a_report_that_does_not_hang_together_changes_nothing() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.bend_all(silent);
    house.claim(alice, 1);
    house.pay(1, &[(to_alice, 5_000)]);
    let height = house.latest;
    let Sighting::Mined { receipt, evidence } = mined(&house, 1, height) else {
        unreachable!()
    };
    let with = |change: fn(&mut Evidence)| {
        let (receipt, mut evidence) = (receipt.clone(), evidence.clone());
        change(&mut evidence);
        Sighting::Mined { receipt, evidence }
    };
    let cases = [
        (with(|evidence| evidence.digest ^= 1), ReportError::Digest),
        (with(|evidence| evidence.block = block(1)), ReportError::Block),
        (with(|evidence| evidence.votes.truncate(1)), ReportError::Quorum),
        (with(|evidence| evidence.votes.clear()), ReportError::Quorum),
        (
            with(|evidence| evidence.votes[1].rule = FinalityRule::Attested),
            ReportError::Rule,
        ),
        (
            with(|evidence| evidence.votes[1].endpoint = 0),
            ReportError::Votes,
        ),
        (
            with(|evidence| evidence.votes[1].endpoint = 4),
            ReportError::Votes,
        ),
        (
            Sighting::Absent {
                tx: tx(1),
                votes: vec![evidence.votes[0]],
            },
            ReportError::Quorum,
        ),
    ];
    let records = house.records.len();
    for (sighting, why) in cases {
        let reply = house.command(report(sighting));
        assert_eq!(reply, Reply::Refused(Refusal::BadReport(why)));
    }
    let elsewhere = Command::Report(Box::new(Report {
        chain: ChainId::new(1),
        sighting: Sighting::Undecided { tx: tx(1) },
        tried: Vec::new(),
    }));
    assert_eq!(
        house.command(elsewhere),
        Reply::Refused(Refusal::UnknownChain(ChainId::new(1)))
    );
    assert_eq!(house.records.len(), records);
    assert_eq!(house.stage(1), "observed");
}

#[test]
fn a_report_about_what_nobody_watches_is_done_with() {
    let mut house = house();
    let (_, to_alice) = house.register("alice");
    house.bend_all(silent);
    house.pay(1, &[(to_alice, 5_000)]);
    let height = house.latest;
    let unknown = report(mined(&house, 1, height));
    assert_eq!(house.command(unknown), taken(false));
    assert_eq!(house.stage(1), "unknown");
}

#[test]
fn while_workers_report_the_bank_leaves_it_to_them() {
    let mut house = house();
    let (alice, _) = house.register("alice");
    house.claim(alice, 1);
    house.pass(Duration::from_secs(3));
    let asked = receipts_asked(&house);
    for _ in 0..12 {
        house.pass(Duration::from_secs(3));
        let absent = report(absent(&house, 1));
        assert_eq!(house.command(absent), taken(true));
    }
    assert_eq!(receipts_asked(&house), asked);
    let high = enqueued(Lane::Immediate, 1, Priority::High);
    assert!(house.queued.iter().all(|one| *one == high), "{:?}", house.queued);
}

fn receipts_asked(house: &House) -> usize {
    let is_receipt = |(_, question): &&(u8, Question)| matches!(question, Question::Receipt { .. });
    house.asked.iter().filter(is_receipt).count()
}

#[test]
fn what_an_operator_wants_processed_the_bank_verifies_itself() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.claim(alice, 1);
    house.pass(Duration::from_secs(9));
    let queued = house.queued.len();
    assert!(queued > 0, "it is for the workers");
    house.pay(1, &[(to_alice, 5_000)]);
    order(&mut house, AdminAct::Process(named(1)));
    assert_eq!((house.stage(1), house.queued.len()), ("seen", queued));
}

#[test]
fn what_was_seen_is_for_workers_only_while_nobody_tells_the_bank_anything_of_it() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.claim(alice, 1);
    house.pay(1, &[(to_alice, 5_000)]);
    house.pass(Duration::from_secs(20));
    assert_eq!((house.stage(1), house.queued.as_slice()), ("seen", &[][..]));
    house.bend_all(silent);
    house.pass(Duration::from_secs(20));
    assert_eq!(
        house.queued.first(),
        Some(&enqueued(Lane::Immediate, 1, Priority::High))
    );
}

#[test]
fn an_old_report_says_nothing_against_what_was_seen_since() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.bend_all(silent);
    house.claim(alice, 1);
    house.pay(1, &[(to_alice, 5_000)]);
    let height = house.latest;
    house.command(report(mined(&house, 1, height - 1)));
    let records = house.records.len();
    for old in [
        absent(&house, 1),
        Sighting::Undecided { tx: tx(1) },
        mined(&house, 1, height - 1),
    ] {
        assert_eq!(house.command(report(old)), taken(true));
    }
    assert_eq!((house.records.len(), house.stage(1)), (records, "seen"));
    assert_eq!(house.balances(alice), (0, 5_000, 0));
}

#[test]
fn so_many_calls_to_queues_are_under_way_and_each_has_its_time() {
    let mut house = house();
    let (alice, _) = house.register("alice");
    house.are_queues_mute = true;
    let ms = Duration::from_millis;
    for n in 1..=6 {
        house.claim(alice, n);
        house.pass(ms(20));
    }
    // The fast track ends 2 s after the claim, and the sweep comes 3 s later.
    house.pass(ms(5_200));
    let high = |n| enqueued(Lane::Immediate, n, Priority::High);
    assert_eq!(house.queued, [1, 2, 3, 4].map(high));
    house.pass(ms(600));
    let asked: Vec<QueueRequest> = house.queued.drain(..).map(|(_, request)| request).collect();
    let is_asked = |n: u8| {
        let has = |request: &QueueRequest| matches!(request, QueueRequest::Enqueue { jobs, .. } if jobs.contains(&named(n)));
        asked.iter().any(has)
    };
    assert!((1..=6).all(is_asked), "each comes to its turn: {asked:?}");
    house.are_queues_mute = false;
    house.pass(ms(1_000));
    house.queued.clear();
    house.pass(ms(3_000));
    assert!(!house.queued.is_empty(), "it goes on");
}

#[test]
fn about_a_paused_chain_nothing_is_handed_over_and_no_report_decides() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.are_queues_mute = true;
    house.claim(alice, 1);
    house.pass(Duration::from_millis(5_100));
    assert_eq!(house.queued, [enqueued(Lane::Immediate, 1, Priority::High)]);
    order(&mut house, AdminAct::PauseChain(CHAIN));
    house.pass(Duration::from_secs(10));
    assert_eq!(
        house.queued.len(),
        1,
        "what its queue did not take is not handed over again"
    );

    house.pay(1, &[(to_alice, 5_000)]);
    let last = report(mined(&house, 1, house.latest));
    let held_up = Taken {
        is_open: true,
        pauses: Pauses {
            chain: true,
            ..Pauses::default()
        },
    };
    assert_eq!(house.command(last.clone()), Reply::Reported(held_up));
    assert_eq!(house.stage(1), "observed");
    order(&mut house, AdminAct::ResumeChain(CHAIN));
    assert_eq!(house.command(last), taken(false));
    assert_eq!(house.stage(1), "final");
    house.audit();
}

#[test]
fn a_worker_that_cannot_tell_keeps_the_bank_from_nothing() {
    let mut house = house();
    let (alice, to_alice) = house.register("alice");
    house.claim(alice, 1);
    house.pass(Duration::from_secs(6));
    house.pay(1, &[(to_alice, 5_000)]);
    for _ in 0..8 {
        house.mine(3);
        house.command(report(Sighting::Undecided { tx: tx(1) }));
    }
    assert_eq!(house.stage(1), "final", "the workers have had their time");
}

#[test]
fn a_dead_letter_has_the_attempts_of_workers_in_the_order_of_the_banks_dates() {
    let mut house = house_with(|config| config.escrow.patience = Duration::from_secs(20));
    let (alice, _) = house.register("alice");
    house.claim(alice, 1);
    house.pass(Duration::from_secs(3));
    let tried = |ago_micros, endpoint, class| Tried {
        ago_micros,
        endpoint,
        class,
        height: None,
    };
    let told = |tried| {
        Command::Report(Box::new(Report {
            chain: CHAIN,
            sighting: Sighting::Undecided { tx: tx(1) },
            tried,
        }))
    };
    let both = vec![
        tried(900_000_000, Some(1), AttemptClass::Timeout),
        tried(1_000, None, AttemptClass::NobodyAsked),
    ];
    assert_eq!(house.command(told(both)), taken(true));
    for bad in [
        vec![tried(0, Some(99), AttemptClass::Timeout)],
        vec![tried(0, None, AttemptClass::Timeout)],
        vec![tried(0, Some(0), AttemptClass::NobodyAsked)],
        vec![tried(0, Some(0), AttemptClass::Timeout); 17],
    ] {
        let refused = Reply::Refused(Refusal::BadReport(ReportError::Tried));
        assert_eq!(house.command(told(bad)), refused);
    }
    house.pass(Duration::from_secs(30));
    let letter = house.bank.state().escrow().dead_letter(named(1)).unwrap();
    let history = &letter.history;
    let last = history.last();
    assert!(last.is_sorted_by_key(|one| one.at));
    let of_workers = |one: &&Attempt| {
        let told = (one.endpoint, one.class);
        told == (Some(1), AttemptClass::Timeout) || told == (None, AttemptClass::NobodyAsked)
    };
    assert_eq!(last.iter().filter(of_workers).count(), 2, "{last:?}");
    assert!(last.len() > 2, "the bank's own, too");
    house.audit();
}

#[test]
fn the_answer_to_a_report_tells_what_operators_hold_up() {
    let mut house = house();
    let undecided = || report(Sighting::Undecided { tx: tx(9) });
    assert_eq!(house.command(undecided()), taken(false));
    let (paused, forced) = (rpc(1), rpc(2));
    order(&mut house, AdminAct::PauseEndpoint(paused.clone()));
    let force = AdminAct::Breaker {
        endpoint: forced,
        order: BreakerOrder::ForceOpen,
    };
    order(&mut house, force);
    order(&mut house, AdminAct::PauseChain(CHAIN));
    let Reply::Reported(told) = house.command(undecided()) else {
        panic!("a report is taken")
    };
    assert!(told.pauses.chain);
    assert_eq!(told.pauses.endpoints.iter().collect::<Vec<_>>(), [1, 2]);
    order(&mut house, AdminAct::ResumeChain(CHAIN));
    order(&mut house, AdminAct::ResumeEndpoint(paused));
    let Reply::Reported(told) = house.command(undecided()) else {
        panic!("a report is taken")
    };
    assert!(!told.pauses.chain);
    assert_eq!(told.pauses.endpoints.iter().collect::<Vec<_>>(), [2]);
}
