//! What a receiver has in hand: how much at most, and how more is read.

use core::time::Duration;
use std::{format, vec};

use super::{BROKEN, Bench, ONE, TAKEN, event, everything, id, policy};
use crate::journal::Position;
use crate::machine::{Effects, Machine as _};
use crate::resilience::breaker::TripModel;
use crate::webhook::{ALERTS_MAX, ASIDE_MAX, EventId, FRESH_MAX, Input, Kind, Parcel, READ_MAX};

#[test]
fn what_one_receiver_holds_is_bounded() {
    let mut policy = policy();
    policy.breaker.model = TripModel::Consecutive { failures: 10_000 };
    policy.backoff.initial = Duration::from_secs(600);
    let mut bench = Bench::new(policy, everything(), 10_000);
    let mut lines = bench.begin();
    let status = bench.webhooks.status().next().unwrap();
    assert_eq!(status.in_hand, FRESH_MAX, "as much is read as there is room for");
    for position in 1..=ASIDE_MAX as u64 {
        assert_eq!(lines.last().unwrap(), &format!("deliver event-{position}-0 #1"));
        lines = bench.answer(position, 1, BROKEN);
    }
    assert_eq!(lines.len(), 1, "no other is begun: {lines:?}");
    let status = bench.webhooks.status().next().unwrap();
    assert!(status.in_hand <= ASIDE_MAX + 2 * READ_MAX, "{status:?}");
    assert_eq!(status.lag, 10_000);
    assert_eq!(bench.due(), Some(600));
}

#[test]
fn a_reading_that_failed_is_tried_again_a_second_later() {
    let mut bench = Bench::new(policy(), everything(), 1);
    let tail = EventId::end_of(Position::new(1));
    let mut asked = Effects::new();
    let input = Input::Committed { tail };
    bench.webhooks.handle(bench.now, input, &mut asked);
    assert!(bench.hear(Input::NotRead { receiver: ONE }).is_empty());
    assert_eq!(bench.due(), Some(1));
    assert_eq!(bench.tick(1), ["deliver event-1-0 #1"]);
}

#[test]
fn everything_in_hand_is_counted() {
    let mut bench = Bench::new(policy(), everything(), 3);
    bench.begin();
    for number in 1..=2 {
        let kind = Kind::AlertRaised;
        bench.hear(Input::Alert { number, kind });
    }
    let status = bench.webhooks.status().next().unwrap();
    assert_eq!(
        (status.in_hand, status.calling),
        (5, 1),
        "three events, one of them being sent, and two alerts"
    );
}

#[test]
fn what_was_read_last_is_delivered_again_while_more_is_being_read() {
    let mut bench = Bench::new(policy(), everything(), 2);
    let mut unanswered = Effects::new();
    for input in [
        Input::Committed { tail: id(2) },
        Input::Events {
            receiver: ONE,
            events: vec![event(1)],
            reached: id(1),
        },
    ] {
        bench.webhooks.handle(bench.now, input, &mut unanswered);
    }
    bench.answer(1, 1, TAKEN);
    let again = Input::Redeliver {
        receiver: ONE,
        event: id(1),
    };
    assert_eq!(bench.hear(again), ["deliver event-1-0 #1"]);
}

#[test]
fn so_many_alerts_step_aside_and_the_next_waits() {
    let mut policy = policy();
    policy.breaker.model = TripModel::Consecutive { failures: 10_000 };
    policy.backoff.initial = Duration::from_secs(600);
    let mut bench = Bench::new(policy, everything(), 0);
    let count = ALERTS_MAX as u64;
    for number in 1..=count + 1 {
        let kind = Kind::AlertRaised;
        let lines = bench.hear(Input::Alert { number, kind });
        let begun = lines == [format!("deliver alert-{number} #1")];
        assert_eq!(begun, number <= count, "{lines:?}");
        if begun {
            let parcel = Parcel::Alert(number);
            let (receiver, attempt, outcome) = (ONE, 1, BROKEN);
            bench.hear(Input::Answered {
                receiver,
                parcel,
                attempt,
                outcome,
            });
        }
    }
}
