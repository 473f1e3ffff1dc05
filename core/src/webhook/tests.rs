//! One receiver and its schedule, by the second; `property` has many receivers in any weather.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;
use std::string::{String, ToString};
use std::{format, vec};

use super::{
    ALERTS_MAX, Effect, Event, EventId, Input, Kind, Next, Notice, Outcome, Parcel, REDELIVERIES_MAX,
    ReceiverConfig, ReceiverId, Subscription, Topic, WebhookPolicy, Webhooks,
};
use crate::id::UserId;
use crate::journal::Position;
use crate::machine::{Effects, Machine as _};
use crate::resilience::Jitter;
use crate::rng::Rng;
use crate::time::Instant;

mod hands;
mod property;

const ONE: ReceiverId = ReceiverId(0);

fn at(seconds: u64) -> Instant {
    Instant::ZERO.after(Duration::from_secs(seconds))
}

fn id(position: u64) -> EventId {
    EventId {
        position: Position::new(position),
        part: 0,
    }
}

fn event(position: u64) -> Event {
    let topic = Topic {
        kind: Kind::DepositFinal,
        user: Some(UserId::new(position % 3)),
    };
    Event {
        id: id(position),
        topic,
    }
}

/// No jitter, so that tests can tell the time: pauses of 2, 6, 18 s, four attempts, left alone after 3 failures.
fn policy() -> WebhookPolicy {
    let mut policy = WebhookPolicy::default();
    policy.backoff.jitter = Jitter::None;
    policy.backoff.attempts_max = Some(4);
    policy.breaker.model = crate::resilience::breaker::TripModel::Consecutive { failures: 3 };
    policy
}

fn everything() -> Subscription {
    Subscription {
        kinds: Kind::ALL.into_iter().collect(),
        users: None,
    }
}

/// A machine with one receiver, and a journal of events at positions 1 to `events`.
struct Bench {
    webhooks: Webhooks,
    now: Instant,
    events: u64,
}

impl Bench {
    fn new(policy: WebhookPolicy, subscription: Subscription, events: u64) -> Self {
        let config = ReceiverConfig {
            subscription,
            policy,
            cursor: EventId::end_of(Position::ZERO),
        };
        Self {
            webhooks: Webhooks::new(vec![config], &Rng::from_seed(7)),
            now: Instant::ZERO,
            events,
        }
    }

    /// Hands `input` over and answers what is read; returns what else was wished for, a line each.
    fn hear(&mut self, input: Input) -> Vec<String> {
        let (mut lines, mut inputs) = (Vec::new(), vec![input]);
        while let Some(input) = inputs.pop() {
            let mut fx = Effects::new();
            self.webhooks.handle(self.now, input, &mut fx);
            for effect in fx.drain() {
                match effect {
                    Effect::Read {
                        receiver,
                        after,
                        limit,
                    } => {
                        let from = after.position.count() + 1;
                        let upper = self.events.min(from + limit as u64 - 1);
                        let events: Vec<Event> = (from..=upper).map(event).collect();
                        let reached = match events.last() {
                            Some(last) if upper < self.events => last.id,
                            _ => EventId::end_of(Position::new(self.events)),
                        };
                        inputs.push(Input::Events {
                            receiver,
                            events,
                            reached,
                        });
                    }
                    Effect::Deliver { .. } | Effect::Remember { .. } | Effect::Notice(_) => {
                        lines.push(line(&effect));
                    }
                }
            }
        }
        lines
    }

    fn begin(&mut self) -> Vec<String> {
        let tail = EventId::end_of(Position::new(self.events));
        self.hear(Input::Committed { tail })
    }

    fn tick(&mut self, seconds: u64) -> Vec<String> {
        self.now = at(seconds);
        self.hear(Input::Tick)
    }

    fn answer(&mut self, position: u64, attempt: u32, outcome: Outcome) -> Vec<String> {
        self.hear(Input::Answered {
            receiver: ONE,
            parcel: Parcel::Event(id(position)),
            attempt,
            outcome,
        })
    }

    fn due(&self) -> Option<u64> {
        let due = self.webhooks.next_deadline()?;
        Some(due.at.since(Instant::ZERO).as_secs())
    }
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Read { .. } => unreachable!("answered by the bench"),
        Effect::Deliver { parcel, attempt, .. } => format!("deliver {parcel} #{attempt}"),
        Effect::Remember { cursor, .. } if cursor.part == u32::MAX => {
            format!("remember ..{}", cursor.position)
        }
        Effect::Remember { cursor, .. } => format!("remember {cursor}"),
        Effect::Notice(Notice::Attempted {
            parcel,
            attempt,
            outcome,
            next,
            ..
        }) => {
            let next = match next {
                Next::Done => "done".to_string(),
                Next::RetryAt(at) => format!("again at {}", at.since(Instant::ZERO).as_secs()),
                Next::Parked => "parked".to_string(),
            };
            format!("{parcel} #{attempt} {}: {next}", outcome.code())
        }
        Effect::Notice(Notice::AlertDropped { number, .. }) => format!("dropped alert-{number}"),
        Effect::Notice(Notice::RedeliveryRefused { event, .. }) => format!("refused {event}"),
        Effect::Notice(Notice::Breaker { to, .. }) => format!("breaker {}", to.code()),
    }
}

const TAKEN: Outcome = Outcome::Delivered { status: 200 };
const BROKEN: Outcome = Outcome::Refused {
    status: 500,
    retry_after: None,
};

#[test]
fn events_are_delivered_one_after_the_other_and_the_cursor_follows() {
    let mut bench = Bench::new(policy(), everything(), 2);
    assert_eq!(bench.begin(), ["deliver event-1-0 #1"]);
    assert_eq!(
        bench.due(),
        Some(15),
        "the call is lost at its timeout and the grace"
    );
    let lines = bench.answer(1, 1, TAKEN);
    assert_eq!(
        lines,
        [
            "event-1-0 #1 delivered: done",
            "remember ..1",
            "deliver event-2-0 #1"
        ]
    );
    let lines = bench.answer(2, 1, TAKEN);
    assert_eq!(lines, ["event-2-0 #1 delivered: done", "remember ..2"]);
    assert_eq!(bench.due(), None);
}

#[test]
fn one_that_is_never_taken_steps_aside_and_is_parked_in_the_end() {
    let mut bench = Bench::new(policy(), everything(), 2);
    bench.begin();
    let lines = bench.answer(1, 1, BROKEN);
    assert_eq!(
        lines,
        ["event-1-0 #1 refused: again at 2", "deliver event-2-0 #1"]
    );
    let lines = bench.answer(2, 1, TAKEN);
    assert_eq!(
        lines,
        ["event-2-0 #1 delivered: done"],
        "the cursor waits for the first one"
    );
    for (attempt, due, next) in [(2, 2, "again at 8"), (3, 8, "again at 26"), (4, 26, "parked")] {
        assert_eq!(bench.due(), Some(due));
        assert!(bench.tick(due - 1).is_empty());
        assert_eq!(bench.tick(due), [format!("deliver event-1-0 #{attempt}")]);
        let lines = bench.answer(1, attempt, BROKEN);
        assert_eq!(lines[0], format!("event-1-0 #{attempt} refused: {next}"));
        let is_remembered = lines.iter().any(|line| line == "remember ..2");
        assert_eq!(is_remembered, attempt == 4, "{lines:?}");
    }
    let status = bench.webhooks.status().next().unwrap();
    assert_eq!((status.delivered, status.failed, status.parked), (1, 4, 1));
    assert_eq!(status.lag, 0);
}

#[test]
fn a_receiver_that_fails_is_left_alone_and_tried_again() {
    let mut bench = Bench::new(policy(), everything(), 5);
    bench.begin();
    bench.answer(1, 1, BROKEN);
    bench.answer(2, 1, BROKEN);
    let lines = bench.answer(3, 1, Outcome::Unreachable);
    assert_eq!(lines, ["event-3-0 #1 unreachable: again at 2", "breaker open"]);
    assert!(bench.tick(14).is_empty(), "whatever is due");
    let lines = bench.tick(15);
    assert_eq!(lines[0], "breaker half_open");
    assert_eq!(lines.len(), 2, "one call finds out: {lines:?}");
    assert_eq!(lines[1], "deliver event-1-0 #2");
    let lines = bench.answer(1, 2, TAKEN);
    assert_eq!(
        lines,
        [
            "event-1-0 #2 delivered: done",
            "breaker closed",
            "remember ..1",
            "deliver event-4-0 #1"
        ],
        "retries and first attempts take turns"
    );
    assert_eq!(bench.answer(4, 1, TAKEN)[1], "deliver event-2-0 #2");
}

#[test]
fn what_failed_together_is_not_tried_again_together() {
    let mut policy = policy();
    policy.backoff.jitter = Jitter::Full;
    policy.backoff.initial = Duration::from_secs(600);
    policy.calls_max = 2;
    let mut bench = Bench::new(policy, everything(), 2);
    bench.begin();
    let due = |lines: Vec<String>| lines[0].rsplit_once("again at ").map(|(_, at)| at.to_string());
    let (one, other) = (due(bench.answer(1, 1, BROKEN)), due(bench.answer(2, 1, BROKEN)));
    assert!(one.is_some() && other.is_some());
    assert_ne!(one, other, "each has its own jitter");
}

#[test]
fn whoever_asks_for_patience_gets_it() {
    let patience = |seconds| Outcome::Refused {
        status: 429,
        retry_after: Some(Duration::from_secs(seconds)),
    };
    let mut bench = Bench::new(policy(), everything(), 2);
    bench.begin();
    assert_eq!(
        bench.answer(1, 1, patience(40)),
        ["event-1-0 #1 refused: again at 40"]
    );
    assert!(bench.tick(39).is_empty(), "the second event waits, too");
    assert_eq!(bench.tick(40), ["deliver event-1-0 #2"]);
    assert_eq!(bench.answer(1, 2, patience(1_000_000)).len(), 1);
    assert_eq!(bench.due(), Some(40 + 3_600), "nobody is silent for a year");
}

#[test]
fn a_call_that_hangs_counts_as_timed_out_and_its_late_answer_for_nothing() {
    let mut bench = Bench::new(policy(), everything(), 1);
    bench.begin();
    assert!(bench.tick(14).is_empty());
    assert_eq!(bench.tick(15), ["event-1-0 #1 timed_out: again at 17"]);
    assert!(bench.answer(1, 1, TAKEN).is_empty());
    assert_eq!(bench.tick(17), ["deliver event-1-0 #2"]);
    assert!(bench.answer(1, 1, BROKEN).is_empty(), "of the attempt before");
    assert_eq!(bench.answer(1, 2, TAKEN)[0], "event-1-0 #2 delivered: done");
}

#[test]
fn what_is_not_subscribed_is_not_told() {
    let subscription = Subscription {
        kinds: BTreeSet::from([Kind::DepositFinal]),
        users: Some(BTreeSet::from([UserId::new(2)])),
    };
    for (kind, user, is_told) in [
        (Kind::DepositFinal, Some(2), true),
        (Kind::DepositFinal, Some(1), false),
        (Kind::DepositFinal, None, false),
        (Kind::DepositSeen, Some(2), false),
        (Kind::AlertRaised, None, false),
    ] {
        let user = user.map(UserId::new);
        assert_eq!(
            subscription.has(Topic { kind, user }),
            is_told,
            "{kind:?} {user:?}"
        );
    }
    let mut bench = Bench::new(policy(), subscription, 4_000);
    let mut lines = bench.begin();
    assert_eq!(lines, ["deliver event-2-0 #1"]);
    let mut told = vec![];
    while let Some(position) = lines.iter().find_map(|line| line.strip_prefix("deliver event-")) {
        let position: u64 = position.split('-').next().unwrap().parse().unwrap();
        told.push(position);
        lines = bench.answer(position, 1, TAKEN);
    }
    let theirs: Vec<u64> = (1..=4_000).filter(|position| position % 3 == 2).collect();
    assert_eq!(told, theirs);
    assert_eq!(lines, ["event-3998-0 #1 delivered: done", "remember ..4000"]);
}

#[test]
fn a_cursor_moves_over_what_is_not_told() {
    let nothing = Subscription {
        kinds: BTreeSet::new(),
        users: None,
    };
    let mut bench = Bench::new(policy(), nothing, 3_000);
    let lines = bench.begin();
    assert_eq!(lines, ["remember event-1024-0", "remember event-2048-0"]);
    assert_eq!(bench.webhooks.status().next().unwrap().lag, 0);
}

#[test]
fn an_operator_has_what_is_settled_delivered_again() {
    let again = |position| Input::Redeliver {
        receiver: ONE,
        event: id(position),
    };
    let mut bench = Bench::new(policy(), everything(), 2);
    bench.begin();
    assert!(bench.hear(again(1)).is_empty(), "it is being sent");
    bench.answer(1, 1, TAKEN);
    bench.answer(2, 1, BROKEN);
    assert_eq!(bench.hear(again(2)), ["deliver event-2-0 #2"], "at once");
    bench.answer(2, 2, TAKEN);
    assert_eq!(bench.hear(again(1)), ["deliver event-1-0 #1"]);
    assert_eq!(bench.answer(1, 1, BROKEN), ["event-1-0 #1 refused: again at 2"]);
    assert_eq!(
        bench.webhooks.status().next().unwrap().lag,
        0,
        "the cursor does not go back"
    );
    bench.tick(2);
    assert_eq!(bench.answer(1, 2, TAKEN), ["event-1-0 #2 delivered: done"]);
    assert!(bench.hear(again(9)).is_empty(), "it was not told yet");

    let mut bench = Bench::new(policy(), everything(), 1_000);
    let mut lines = bench.begin();
    for position in 1..=1_000 {
        assert_eq!(lines.last().unwrap(), &format!("deliver event-{position}-0 #1"));
        lines = bench.answer(position, 1, TAKEN);
    }
    let max = REDELIVERIES_MAX as u64;
    let refused = (1..=max + 2).flat_map(|position| bench.hear(again(position)));
    let refused: Vec<String> = refused.filter(|line| line.starts_with("refused")).collect();
    assert_eq!(
        refused,
        [
            format!("refused event-{}-0", max + 1),
            format!("refused event-{}-0", max + 2)
        ]
    );
}

#[test]
fn an_answer_has_a_status_and_what_is_none_has_not() {
    for (outcome, status) in [(TAKEN, Some(200)), (BROKEN, Some(500))] {
        assert_eq!(outcome.status(), status);
    }
    for outcome in [Outcome::Unreachable, Outcome::TimedOut] {
        assert_eq!(outcome.status(), None);
    }
}

#[test]
fn alerts_come_first_and_newer_ones_push_older_ones_out() {
    let alert = |number| Input::Alert {
        number,
        kind: Kind::AlertRaised,
    };
    let mut bench = Bench::new(policy(), everything(), 2);
    bench.begin();
    assert!(bench.hear(alert(1)).is_empty(), "one call at a time");
    assert_eq!(bench.answer(1, 1, TAKEN)[2], "deliver alert-1 #1");
    for number in 2..=ALERTS_MAX as u64 + 1 {
        assert!(bench.hear(alert(number)).is_empty());
    }
    assert_eq!(bench.hear(alert(100)), ["dropped alert-2"]);
    let lines = bench.hear(Input::Answered {
        receiver: ONE,
        parcel: Parcel::Alert(1),
        attempt: 1,
        outcome: TAKEN,
    });
    assert_eq!(lines, ["alert-1 #1 delivered: done", "deliver alert-3 #1"]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let check = |change: fn(&mut WebhookPolicy), setting: &str| {
        let mut policy = WebhookPolicy::default();
        change(&mut policy);
        assert_eq!(policy.check().unwrap_err().setting, setting);
    };
    assert_eq!(WebhookPolicy::default().check(), Ok(()));
    check(|policy| policy.timeout = Duration::ZERO, "timeout");
    check(|policy| policy.timeout = Duration::from_secs(31), "timeout");
    check(|policy| policy.calls_max = 0, "calls_max");
    check(|policy| policy.calls_max = 17, "calls_max");
    check(|policy| policy.backoff.attempts_max = None, "attempts_max");
    check(
        |policy| policy.breaker.permit_timeout = Duration::from_secs(14),
        "permit_timeout",
    );
    check(|policy| policy.backoff.initial = Duration::ZERO, "initial");
    check(|policy| policy.breaker.open_for = Duration::ZERO, "open_for");
}
