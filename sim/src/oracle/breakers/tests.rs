use core::time::Duration;

use plimsoll_core::bank::{Act, Effect, Event, Notice};
use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{CallId, EndpointId};
use plimsoll_core::resilience::BreakerState;
use plimsoll_core::time::Instant;

use super::super::testing::{CHAIN, act, bank, block, head};
use super::Breakers;
use crate::fault::{EndpointFault, Fault};
use crate::world::observe::{Observation, Oracle, Violation};
use crate::world::plan::Plan;

const FIRST: EndpointId = EndpointId {
    chain: CHAIN,
    index: 0,
};

/// An oracle, and the last call of endpoint 0.
struct Script {
    oracle: Breakers,
    call: u64,
}

/// A breaker of the world: five failures open it for 60 s, three successes close it, three may be tried at once.
fn script() -> Script {
    Script {
        oracle: Breakers::new(&Plan::calm("test", 1)),
        call: 0,
    }
}

impl Script {
    fn observe(&mut self, ms: u64, seen: &Observation<'_>) -> &'static str {
        said(self.oracle.observe(at(ms), seen))
    }

    fn handled(&mut self, ms: u64, event: Event, effects: &[Effect]) -> &'static str {
        said(self.oracle.step(at(ms), &event, effects, || false))
    }

    /// The bank is not done with this moment: it is to be told at once that time has come.
    fn handled_in_part(&mut self, ms: u64, event: Event, effects: &[Effect]) -> &'static str {
        said(self.oracle.step(at(ms), &event, effects, || true))
    }

    fn ask(&mut self, ms: u64) -> &'static str {
        self.call += 1;
        let ask = Act::Ask {
            call: CallId::new(self.call),
            endpoint: FIRST,
            question: Question::Heads,
            timeout: Duration::from_secs(1),
        };
        self.handled(ms, Event::Tick, &[act(ask)])
    }

    /// The last call ends, and the breaker changes, or not.
    fn end(
        &mut self,
        ms: u64,
        outcome: Result<Answer, Silence>,
        change: Option<(BreakerState, BreakerState)>,
    ) -> &'static str {
        let call = CallId::new(self.call);
        let notice = |(from, to)| {
            act(Act::Notice(Notice::Breaker {
                endpoint: FIRST,
                from,
                to,
            }))
        };
        let effects: Vec<Effect> = change.map(notice).into_iter().collect();
        self.handled(ms, Event::Answered { call, outcome }, &effects)
    }

    fn fails(&mut self, ms: u64, change: Option<(BreakerState, BreakerState)>) -> &'static str {
        assert_eq!(self.ask(ms), "fine");
        self.end(ms, Err(Silence::Connection), change)
    }

    fn answers(&mut self, ms: u64, change: Option<(BreakerState, BreakerState)>) -> &'static str {
        assert_eq!(self.ask(ms), "fine");
        let (latest, finalized) = (block(9), block(6));
        self.end(ms, Ok(Answer::Heads { latest, finalized }), change)
    }

    /// A breaker that opened at 5 ms.
    fn opened() -> Self {
        let mut script = script();
        for ms in 1..5 {
            assert_eq!(script.fails(ms, None), "fine");
        }
        assert_eq!(script.fails(5, OPENS), "fine");
        script
    }

    /// One that is half-open since 60 005 ms.
    fn half_opened() -> Self {
        let mut script = Self::opened();
        let notice = Notice::Breaker {
            endpoint: FIRST,
            from: BreakerState::Open,
            to: BreakerState::HalfOpen,
        };
        assert_eq!(
            script.handled(60_005, Event::Tick, &[act(Act::Notice(notice))]),
            "fine"
        );
        script
    }
}

fn at(ms: u64) -> Instant {
    Instant::ZERO.after(Duration::from_millis(ms))
}

fn said(judgement: Result<(), Violation>) -> &'static str {
    match judgement {
        Ok(()) => "fine",
        Err(violation) => violation.invariant,
    }
}

const OPENS: Option<(BreakerState, BreakerState)> = Some((BreakerState::Closed, BreakerState::Open));
const TRIES: Option<(BreakerState, BreakerState)> = Some((BreakerState::Open, BreakerState::HalfOpen));
const FAILS: Option<(BreakerState, BreakerState)> = Some((BreakerState::HalfOpen, BreakerState::Open));
const CLOSES: Option<(BreakerState, BreakerState)> = Some((BreakerState::HalfOpen, BreakerState::Closed));

#[test]
fn it_opens_at_the_fifth_failure_in_a_row() {
    let mut early = script();
    for ms in 1..4 {
        assert_eq!(early.fails(ms, None), "fine");
    }
    assert_eq!(early.fails(4, OPENS), "change_without_cause");
    let mut late = script();
    for ms in 1..5 {
        assert_eq!(late.fails(ms, None), "fine");
    }
    assert_eq!(late.fails(5, None), "never_opens");
    let mut broken_off = script();
    for ms in 1..5 {
        assert_eq!(broken_off.fails(ms, None), "fine");
    }
    assert_eq!(broken_off.answers(5, None), "fine");
    assert_eq!(broken_off.fails(6, OPENS), "change_without_cause");
}

#[test]
fn a_call_whose_time_is_over_has_failed() {
    let mut script = script();
    for ms in 1..=5 {
        assert_eq!(script.ask(ms), "fine");
    }
    assert_eq!(script.handled(1_004, Event::Tick, &[]), "fine");
    assert_eq!(script.handled(1_005, Event::Tick, &[]), "never_opens");
}

/// Found in slow and in paused processes (seeds 79735124569855 and 2368083239031 of ledger/swarm, 47834313380589 of
/// escrow/swarm), whose banks wrote down first what they had found.
#[test]
fn calls_whose_time_is_over_may_count_in_a_later_step_of_the_same_moment() {
    let late = || {
        let mut script = script();
        for ms in 1..=5 {
            assert_eq!(script.ask(ms), "fine");
        }
        assert_eq!(script.handled_in_part(1_005, Event::Tick, &[]), "fine");
        script
    };
    let (latest, finalized) = (block(9), block(6));
    let answer = Ok(Answer::Heads { latest, finalized });
    assert_eq!(late().end(1_005, answer.clone(), None), "fine");
    assert_eq!(late().end(1_005, answer, OPENS), "fine");
    let mut opens = late();
    assert_eq!(opens.end(1_005, Err(Silence::Connection), OPENS), "fine");
}

#[test]
fn it_stays_open_for_a_minute_or_until_a_probe_succeeds() {
    let mut early = Script::opened();
    assert_eq!(early.fails(60_004, TRIES), "change_without_cause");
    let mut probed = Script::opened();
    assert_eq!(probed.answers(7, TRIES), "fine");
    assert_eq!(probed.answers(8, None), "fine");
    assert_eq!(probed.answers(9, CLOSES), "fine");
    let mut forgotten = Script::opened();
    assert_eq!(forgotten.answers(7, None), "probe_forgotten");
    let mut stuck = Script::opened();
    assert_eq!(stuck.fails(65_005, None), "fine");
    assert_eq!(stuck.fails(66_006, None), "never_half_opens");
}

#[test]
fn it_is_probed_once_a_second_while_it_is_open() {
    let mut script = Script::opened();
    assert_eq!(script.fails(10, None), "fine");
    assert_eq!(script.ask(1_009), "hammered");
    assert_eq!(script.ask(2_009), "fine");
}

#[test]
fn it_closes_at_the_third_success_and_opens_at_the_first_failure() {
    let mut early = Script::half_opened();
    assert_eq!(early.answers(60_006, None), "fine");
    assert_eq!(early.answers(60_007, CLOSES), "change_without_cause");
    let mut late = Script::half_opened();
    assert_eq!(late.answers(60_006, None), "fine");
    assert_eq!(late.answers(60_007, None), "fine");
    assert_eq!(late.answers(60_008, None), "never_closes");
    assert_eq!(Script::half_opened().fails(60_006, FAILS), "fine");
    assert_eq!(Script::half_opened().fails(60_006, None), "failure_forgiven");
    assert_eq!(
        Script::half_opened().answers(60_006, FAILS),
        "change_without_cause"
    );
}

#[test]
fn a_permit_that_was_handed_back_does_not_run_out() {
    let mut script = Script::half_opened();
    assert_eq!(script.ask(60_006), "fine");
    let limited = Err(Silence::RateLimited { retry_after: None });
    assert_eq!(script.end(60_007, limited, None), "fine");
    let opens = Notice::Breaker {
        endpoint: FIRST,
        from: BreakerState::HalfOpen,
        to: BreakerState::Open,
    };
    let told = script.handled(70_006, Event::Tick, &[act(Act::Notice(opens))]);
    assert_eq!(told, "change_without_cause");
}

#[test]
fn three_may_be_tried_at_once() {
    let mut script = Script::half_opened();
    for _ in 0..3 {
        assert_eq!(script.ask(60_006), "fine");
    }
    assert_eq!(script.ask(60_007), "flooded");
}

#[test]
fn what_was_asked_before_a_change_says_nothing_after_it() {
    let mut script = script();
    assert_eq!(script.ask(1), "fine");
    let old = script.call;
    for ms in 2..6 {
        assert_eq!(script.fails(ms, None), "fine");
    }
    assert_eq!(script.fails(6, OPENS), "fine");
    script.call = old;
    let (latest, finalized) = (block(9), block(6));
    let answer = Ok(Answer::Heads { latest, finalized });
    assert_eq!(script.end(7, answer, TRIES), "change_without_cause");
}

#[test]
fn changes_follow_each_other() {
    assert_eq!(script().fails(1, CLOSES), "untold_change");
    let mut reborn = Script::opened();
    let crashed = Observation::Crashed {
        bank: &bank(&[]),
        uncommitted: &[],
        durable: &head(0),
    };
    assert_eq!(reborn.observe(9, &crashed), "fine");
    assert_eq!(
        reborn.answers(10, TRIES),
        "untold_change",
        "a new process begins closed"
    );
}

#[test]
fn liars_are_not_judged() {
    let mut script = script();
    let fault = &Fault::Endpoint {
        endpoint: 0,
        fault: EndpointFault::WrongChain,
        percent: 100,
    };
    let is_over = false;
    assert_eq!(script.observe(0, &Observation::Fault { fault, is_over }), "fine");
    assert_eq!(script.answers(1, OPENS), "fine");
}

#[test]
fn one_early_answer_closes_it_only_if_one_is_enough() {
    let at_once = Some((BreakerState::Open, BreakerState::Closed));
    assert_eq!(Script::opened().answers(1_000, at_once), "change_without_cause");
    let mut plan = Plan::calm("test", 1);
    plan.topology.bank.pool.successes = 1;
    let easy = || {
        let mut script = Script {
            oracle: Breakers::new(&plan),
            call: 0,
        };
        for ms in 1..5 {
            assert_eq!(script.fails(ms, None), "fine");
        }
        assert_eq!(script.fails(5, OPENS), "fine");
        script
    };
    assert_eq!(easy().answers(1_000, at_once), "fine");
    assert_eq!(easy().fails(1_000, at_once), "change_without_cause");
}

#[test]
fn a_half_open_call_that_took_too_long_may_have_failed_whatever_it_answers() {
    let mut in_time = Script::half_opened();
    assert_eq!(in_time.ask(60_100), "fine");
    let answer = || {
        let (latest, finalized) = (block(9), block(6));
        Ok(Answer::Heads { latest, finalized })
    };
    assert_eq!(in_time.end(70_000, answer(), FAILS), "change_without_cause");
    let mut late = Script::half_opened();
    assert_eq!(late.ask(60_100), "fine");
    assert_eq!(late.end(70_100, answer(), FAILS), "fine");
}

#[test]
fn a_trial_that_failed_while_nobody_looked_failed_when_its_time_was_over() {
    let tick = |script: &mut Script, ms, (from, to)| {
        let endpoint = FIRST;
        let notice = act(Act::Notice(Notice::Breaker { endpoint, from, to }));
        script.handled(ms, Event::Tick, &[notice])
    };
    let stopped = || {
        let mut script = Script::half_opened();
        assert_eq!(script.ask(60_100), "fine");
        assert_eq!(
            tick(&mut script, 100_000, (BreakerState::HalfOpen, BreakerState::Open)),
            "fine"
        );
        script
    };
    let half_opens = (BreakerState::Open, BreakerState::HalfOpen);
    assert_eq!(tick(&mut stopped(), 130_099, half_opens), "change_without_cause");
    assert_eq!(
        tick(&mut stopped(), 130_100, half_opens),
        "fine",
        "it was open since 70,100 ms"
    );
}

#[test]
fn a_trial_may_fail_and_a_new_one_begin_while_nobody_looked() {
    let timeout = || Err(Silence::Timeout);
    let mut soon = Script::half_opened();
    assert_eq!(soon.ask(60_100), "fine");
    assert_eq!(soon.end(130_099, timeout(), None), "failure_forgiven");
    let mut late = Script::half_opened();
    assert_eq!(late.answers(60_050, None), "fine");
    assert_eq!(late.ask(60_100), "fine");
    assert_eq!(
        late.end(130_100, timeout(), None),
        "fine",
        "the open time is over, too"
    );
    assert_eq!(late.answers(130_200, None), "fine");
    assert_eq!(
        late.answers(130_300, None),
        "fine",
        "the success before counts for nothing"
    );
    assert_eq!(late.answers(130_400, None), "never_closes");
}
