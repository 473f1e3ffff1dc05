use core::time::Duration;

use plimsoll_core::bank::{Act, Effect, Event, Notice};
use plimsoll_core::escrow::{Answer, Fault as Silence, Question};
use plimsoll_core::id::{CallId, EndpointId};
use plimsoll_core::resilience::CordonReason;
use plimsoll_core::time::Instant;

use super::super::testing::{CHAIN, act, bank, block, head, input};
use super::Asking;
use crate::fault::{EndpointFault, Fault, Lie};
use crate::world::observe::{Observation, Oracle};
use crate::world::plan::{Plan, QuotaPlan};

const FIRST: EndpointId = EndpointId {
    chain: CHAIN,
    index: 0,
};

/// An oracle, and how many calls were made of endpoint 0.
struct Script {
    oracle: Asking,
    calls: u64,
}

impl Script {
    fn new() -> Self {
        Self {
            oracle: Asking::new(&Plan::calm("test", 1)),
            calls: 0,
        }
    }

    /// One in which endpoint 0 has proved itself at 0 ms.
    fn proved() -> Self {
        let mut script = Self::new();
        assert_eq!(script.ask(0, who()), "fine");
        assert_eq!(script.answer(0, Ok(identity(56))), "fine");
        script
    }

    fn observe(&mut self, ms: u64, seen: &Observation<'_>) -> &'static str {
        let at = Instant::ZERO.after(Duration::from_millis(ms));
        match self.oracle.observe(at, seen) {
            Ok(()) => "fine",
            Err(violation) => violation.invariant,
        }
    }

    fn handled(&mut self, ms: u64, event: Event, effects: &[Effect]) -> &'static str {
        let seen = Observation::Handled {
            input: &input(event),
            effects,
            bank: &bank(&[]),
        };
        self.observe(ms, &seen)
    }

    fn ask_for(&mut self, ms: u64, question: Question, timeout_ms: u64) -> &'static str {
        self.calls += 1;
        let ask = Act::Ask {
            call: CallId::new(self.calls),
            endpoint: FIRST,
            question,
            timeout: Duration::from_millis(timeout_ms),
        };
        self.handled(ms, Event::Tick, &[act(ask)])
    }

    fn ask(&mut self, ms: u64, question: Question) -> &'static str {
        self.ask_for(ms, question, 1_000)
    }

    /// The answer to the last call.
    fn answer(&mut self, ms: u64, outcome: Result<Answer, Silence>) -> &'static str {
        let call = CallId::new(self.calls);
        self.handled(ms, Event::Answered { call, outcome }, &[])
    }

    fn shut_out(&mut self, ms: u64) -> &'static str {
        let notice = Notice::Cordoned {
            endpoint: FIRST,
            reason: CordonReason::Disagreed,
        };
        self.handled(ms, Event::Tick, &[act(Act::Notice(notice))])
    }

    fn lie(&mut self, fault: EndpointFault) {
        let fault = &Fault::Endpoint {
            endpoint: 0,
            fault,
            percent: 100,
        };
        let is_over = false;
        assert_eq!(self.observe(0, &Observation::Fault { fault, is_over }), "fine");
    }
}

fn who() -> Question {
    Question::Identity { tokens: Vec::new() }
}

fn identity(chain_id: u64) -> Answer {
    Answer::Identity {
        chain_id,
        genesis: block(0).hash,
        decimals: Vec::new(),
    }
}

#[test]
fn nobody_is_asked_before_they_said_who_they_are() {
    assert_eq!(Script::proved().ask(1, Question::Heads), "fine");
    assert_eq!(Script::new().ask(0, Question::Heads), "asked_unproved");
    let mut other_chain = Script::new();
    assert_eq!(other_chain.ask(0, who()), "fine");
    assert_eq!(other_chain.answer(0, Ok(identity(97))), "fine");
    assert_eq!(other_chain.ask(1, Question::Heads), "asked_unproved");
    assert_eq!(Script::proved().ask(999, who()), "probed_too_often");
    assert_eq!(Script::proved().ask(1_000, who()), "fine");
}

#[test]
fn who_was_asked_too_much_is_left_alone() {
    let limited = |retry_ms: Option<u64>| {
        let mut script = Script::proved();
        assert_eq!(script.ask(10, Question::Heads), "fine");
        let retry_after = retry_ms.map(Duration::from_millis);
        assert_eq!(
            script.answer(20, Err(Silence::RateLimited { retry_after })),
            "fine"
        );
        script
    };
    assert_eq!(limited(Some(500)).ask(519, Question::Heads), "asked_during_ban");
    assert_eq!(limited(Some(500)).ask(520, Question::Heads), "fine");
    assert_eq!(limited(None).ask(1_019, Question::Heads), "asked_during_ban");
    let mut late = Script::proved();
    assert_eq!(late.ask(10, Question::Heads), "fine");
    assert_eq!(late.ask(2_000, Question::Heads), "fine");
    late.calls -= 1;
    let retry_after = Some(Duration::from_secs(9));
    assert_eq!(
        late.answer(2_001, Err(Silence::RateLimited { retry_after })),
        "fine"
    );
    late.calls += 1;
    assert_eq!(
        late.ask(2_002, Question::Heads),
        "fine",
        "that call was given up long ago"
    );
}

#[test]
fn who_is_shut_out_is_not_asked_and_proves_itself_again() {
    let mut script = Script::proved();
    script.lie(EndpointFault::WrongChain);
    assert_eq!(script.shut_out(5), "fine");
    assert_eq!(script.ask(60_004, who()), "asked_while_shut_out");
    assert_eq!(script.ask(60_005, Question::Heads), "asked_unproved");
    assert_eq!(script.ask(62_000, who()), "fine");
}

#[test]
fn shutting_out_the_honest_is_found() {
    assert_eq!(Script::proved().shut_out(5), "honest_endpoint_shut_out");
    let mut lagging = Script::proved();
    lagging.lie(EndpointFault::Lagging { blocks: 9 });
    assert_eq!(lagging.shut_out(5), "honest_endpoint_shut_out");
    let mut liar = Script::proved();
    liar.lie(EndpointFault::Lying { lie: Lie::ForgedHash });
    assert_eq!(liar.shut_out(5), "fine");
}

#[test]
fn there_are_bounds_on_what_is_asked_at_once_and_for_how_long() {
    assert_eq!(Script::proved().ask_for(1, Question::Heads, 399), "given_no_time");
    assert_eq!(
        Script::proved().ask_for(1, Question::Heads, 5_001),
        "given_no_time"
    );
    let mut script = Script::proved();
    for _ in 0..32 {
        assert_eq!(script.ask(1, Question::Heads), "fine");
    }
    assert_eq!(script.ask(2, Question::Heads), "asked_too_much");
    let mut patient = Script::proved();
    for _ in 0..32 {
        assert_eq!(patient.ask(1, Question::Heads), "fine");
    }
    assert_eq!(
        patient.ask(1_001, Question::Heads),
        "fine",
        "the others were given up"
    );
}

#[test]
fn a_quota_is_kept_until_the_process_ends() {
    let mut plan = Plan::calm("test", 1);
    plan.topology.endpoints[0].quotas = vec![QuotaPlan {
        calls: 6,
        per_ms: 1_000,
    }];
    let mut script = Script {
        oracle: Asking::new(&plan),
        calls: 0,
    };
    assert_eq!(script.ask(0, who()), "fine"); // two calls
    assert_eq!(script.answer(0, Ok(identity(56))), "fine");
    assert_eq!(script.ask(500, Question::Heads), "fine");
    assert_eq!(script.ask(500, Question::Heads), "fine");
    assert_eq!(script.ask(999, Question::Heads), "asked_beyond_quota");
    assert_eq!(script.ask(1_000, Question::Heads), "fine");
    assert_eq!(script.ask(1_001, Question::Heads), "asked_beyond_quota");
    let crashed = Observation::Crashed {
        bank: &bank(&[]),
        uncommitted: &[],
        durable: &head(0),
    };
    assert_eq!(script.observe(1_001, &crashed), "fine");
    assert_eq!(script.ask(1_001, who()), "fine");
}

fn scan(from: u64, to: u64) -> Question {
    Question::Scan {
        from,
        to,
        tokens: Vec::new(),
    }
}

#[test]
fn who_searches_no_logs_is_asked_again_after_a_minute() {
    let refused = |question: Question| {
        let mut script = Script::proved();
        assert_eq!(script.ask(10, question), "fine");
        assert_eq!(script.answer(20, Err(Silence::Unsupported)), "fine");
        script
    };
    assert_eq!(
        refused(scan(5, 9)).ask(60_019, scan(5, 5)),
        "asked_what_it_refuses"
    );
    assert_eq!(refused(scan(5, 9)).ask(60_019, Question::Heads), "fine");
    assert_eq!(refused(scan(5, 9)).ask(60_020, scan(5, 9)), "fine");
    assert_eq!(refused(Question::Heads).ask(21, scan(5, 9)), "fine");
}

#[test]
fn who_has_forgotten_a_block_is_asked_for_later_ones() {
    let mut script = Script::proved();
    assert_eq!(script.ask(10, scan(5, 9)), "fine");
    assert_eq!(script.answer(20, Err(Silence::Pruned)), "fine");
    assert_eq!(script.ask(30, scan(5, 5)), "fine");
    assert_eq!(script.ask(30, scan(6, 9)), "fine");
    assert_eq!(script.ask(30, scan(5, 9)), "asked_what_it_forgot");
    assert_eq!(script.ask(40, scan(4, 4)), "fine");
    let (finalized, last) = (block(9), Some(block(4)));
    let logs = Vec::new();
    let answer = Answer::Scan {
        finalized,
        last,
        logs,
    };
    assert_eq!(script.answer(50, Ok(answer)), "fine");
    assert_eq!(script.ask(60, scan(5, 9)), "fine", "an archive stands there");
}
