//! Many receivers in any weather, until they heal: what is told is told at least once, in the order that is promised, no
//! cursor runs ahead, and what one receiver does changes nothing for another.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;
use std::vec;

use proptest::prelude::*;

use super::{at, everything, id, policy};
use crate::id::UserId;
use crate::journal::Position;
use crate::machine::{Effects, Machine as _};
use crate::rng::Rng;
use crate::time::Instant;
use crate::webhook::{
    Effect, Event, EventId, Input, Kind, Next, Notice, Outcome, Parcel, ReceiverConfig, ReceiverId,
    Subscription, Topic, WebhookPolicy, Webhooks,
};

/// When every receiver is well again, in seconds: before any event has been tried as often as it may be.
const HEALED: u64 = 600;
/// By when everything must be delivered.
const END: u64 = 4 * 3_600;

/// How a receiver answers until it heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Broken,
    Patience(u64),
    Hangs,
    /// It takes what comes, and its answer comes after so many seconds.
    Late(u64),
}

fn any_mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        4 => Just(Mood::Well),
        2 => Just(Mood::Broken),
        1 => (1u64..90).prop_map(Mood::Patience),
        1 => Just(Mood::Hangs),
        1 => (1u64..20).prop_map(Mood::Late),
    ]
}

/// A receiver: how it answers each call in turn, what it hears of, and how many calls it is given at once.
#[derive(Debug, Clone)]
struct Peer {
    moods: Vec<Mood>,
    subscription: Subscription,
    calls_max: usize,
}

fn any_peer() -> impl Strategy<Value = Peer> {
    let users = proptest::option::of(proptest::collection::btree_set(0u64..3, 1..3));
    let kinds = proptest::sample::subsequence(Kind::ALL.to_vec(), 1..9);
    let moods = proptest::collection::vec(any_mood(), 1..12);
    (moods, users, kinds, 1usize..4).prop_map(|(moods, users, kinds, calls_max)| Peer {
        moods,
        subscription: Subscription {
            kinds: kinds.into_iter().collect(),
            users: users.map(|users| users.into_iter().map(UserId::new).collect()),
        },
        calls_max,
    })
}

/// The journal: at which second each of its events is committed, and what it is about.
fn any_journal() -> impl Strategy<Value = Vec<(u64, Topic)>> {
    let topic = (0usize..7, proptest::option::of(0u64..3)).prop_map(|(kind, user)| Topic {
        kind: Kind::ALL[kind],
        user: user.map(UserId::new),
    });
    proptest::collection::vec((0u64..9, topic), 1..60).prop_map(|gaps| {
        let mut now = 0;
        let dated = gaps.into_iter().map(|(gap, topic)| {
            now += gap;
            (now, topic)
        });
        dated.collect()
    })
}

/// What one receiver saw, and what was kept for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    /// Every call, in order.
    calls: Vec<(Instant, Parcel, u32)>,
    /// What it took.
    took: BTreeSet<EventId>,
    /// What was parked.
    parked: BTreeSet<EventId>,
    cursor: EventId,
}

struct World<'a> {
    webhooks: Webhooks,
    peers: &'a [Peer],
    journal: &'a [(u64, Topic)],
    tail: usize,
    /// Answers on their way, by when they come.
    coming: BTreeMap<(Instant, u64), Input>,
    sent: u64,
    seen: Vec<Seen>,
}

impl<'a> World<'a> {
    fn new(peers: &'a [Peer], journal: &'a [(u64, Topic)]) -> Self {
        let config = |peer: &Peer| ReceiverConfig {
            subscription: peer.subscription.clone(),
            policy: WebhookPolicy {
                calls_max: peer.calls_max,
                backoff: crate::resilience::BackoffPolicy {
                    attempts_max: Some(64),
                    ..WebhookPolicy::default().backoff
                },
                ..policy()
            },
            cursor: EventId::end_of(Position::ZERO),
        };
        Self {
            webhooks: Webhooks::new(peers.iter().map(config).collect(), &Rng::from_seed(3)),
            peers,
            journal,
            tail: 0,
            coming: BTreeMap::new(),
            sent: 0,
            seen: vec![Seen::default(); peers.len()],
        }
    }

    fn event(&self, index: usize) -> Event {
        Event {
            id: id(index as u64 + 1),
            topic: self.journal[index].1,
        }
    }

    fn run(mut self) -> Vec<Seen> {
        let mut now = Instant::ZERO;
        while now < at(END) {
            while self.tail < self.journal.len() && at(self.journal[self.tail].0) <= now {
                self.tail += 1;
                let tail = EventId::end_of(Position::new(self.tail as u64));
                self.handle(now, Input::Committed { tail });
            }
            while let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= now) {
                let input = entry.remove();
                self.handle(now, input);
            }
            self.handle(now, Input::Tick);
            let due = self
                .webhooks
                .next_deadline()
                .map_or_else(|| at(END), |due| due.at);
            assert!(due > now, "due for ever at {due:?}");
            let answer = self
                .coming
                .first_key_value()
                .map_or_else(|| at(END), |((at, _), _)| *at);
            let commit = self
                .journal
                .get(self.tail)
                .map_or_else(|| at(END), |(when, _)| at(*when));
            now = due.min(answer).min(commit).max(now);
        }
        self.seen
    }

    fn handle(&mut self, now: Instant, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut fx = Effects::new();
            self.webhooks.handle(now, input, &mut fx);
            let effects: Vec<Effect> = fx.drain().collect();
            for effect in effects {
                match effect {
                    Effect::Read {
                        receiver,
                        after,
                        limit,
                    } => {
                        inputs.push(self.read(receiver, after, limit));
                    }
                    Effect::Deliver {
                        receiver,
                        parcel,
                        attempt,
                        timeout,
                    } => self.deliver(now, receiver, parcel, attempt, timeout),
                    Effect::Remember { receiver, cursor } => self.remember(receiver, cursor),
                    Effect::Notice(notice) => self.note(notice),
                }
            }
        }
    }

    fn read(&self, receiver: ReceiverId, after: EventId, limit: usize) -> Input {
        let from = usize::try_from(after.position.count()).unwrap();
        let upper = self.tail.min(from + limit);
        let events: Vec<Event> = (from..upper).map(|index| self.event(index)).collect();
        let reached = EventId::end_of(Position::new(upper as u64));
        Input::Events {
            receiver,
            events,
            reached,
        }
    }

    fn deliver(
        &mut self,
        now: Instant,
        receiver: ReceiverId,
        parcel: Parcel,
        attempt: u32,
        timeout: Duration,
    ) {
        let seen = &mut self.seen[receiver.0];
        let moods = &self.peers[receiver.0].moods;
        let mood = if now >= at(HEALED) {
            Mood::Well
        } else {
            moods[seen.calls.len() % moods.len()]
        };
        seen.calls.push((now, parcel, attempt));
        let Parcel::Event(event) = parcel else {
            unreachable!("there are no alerts here")
        };
        let refused = |retry_after| Outcome::Refused {
            status: 503,
            retry_after,
        };
        let taken = Outcome::Delivered { status: 204 };
        let (after, outcome) = match mood {
            Mood::Well => (Duration::from_millis(200), taken),
            Mood::Broken => (Duration::from_millis(100), refused(None)),
            Mood::Patience(seconds) => (
                Duration::from_millis(50),
                refused(Some(Duration::from_secs(seconds))),
            ),
            Mood::Hangs => (timeout, Outcome::TimedOut),
            Mood::Late(seconds) => (Duration::from_secs(seconds), taken),
        };
        if matches!(mood, Mood::Well | Mood::Late(_)) {
            seen.took.insert(event);
        }
        self.sent += 1;
        let answer = Input::Answered {
            receiver,
            parcel,
            attempt,
            outcome,
        };
        self.coming.insert((now.after(after), self.sent), answer);
    }

    /// No cursor may pass an event that was neither taken nor parked.
    fn remember(&mut self, receiver: ReceiverId, cursor: EventId) {
        let subscription = &self.peers[receiver.0].subscription;
        let seen = &mut self.seen[receiver.0];
        assert!(seen.cursor < cursor, "the cursor went back to {cursor}");
        for index in 0..self.tail {
            let (one, topic) = (id(index as u64 + 1), self.journal[index].1);
            let is_settled = seen.took.contains(&one) || seen.parked.contains(&one);
            let is_passed = one <= cursor && subscription.has(topic);
            assert!(
                !is_passed || is_settled,
                "{one} is behind the cursor, and was not delivered"
            );
        }
        seen.cursor = cursor;
    }

    fn note(&mut self, notice: Notice) {
        if let Notice::Attempted {
            receiver,
            parcel: Parcel::Event(event),
            next: Next::Parked,
            ..
        } = notice
        {
            self.seen[receiver.0].parked.insert(event);
        }
    }
}

fn first_attempts(seen: &Seen) -> Vec<Parcel> {
    let first = seen.calls.iter().filter(|(_, _, attempt)| *attempt == 1);
    first.map(|(_, parcel, _)| *parcel).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_subscribed_is_delivered_in_the_order_that_is_promised(
        peers in proptest::collection::vec(any_peer(), 1..4),
        journal in any_journal(),
    ) {
        let seen = World::new(&peers, &journal).run();
        for (peer, seen) in peers.iter().zip(&seen) {
            let theirs = (0..journal.len()).filter(|index| peer.subscription.has(journal[*index].1));
            let theirs: Vec<EventId> = theirs.map(|index| id(index as u64 + 1)).collect();
            let told: Vec<EventId> = seen.took.iter().copied().collect();
            prop_assert_eq!(&told, &theirs, "each event at least once, and none invented");
            let in_order: Vec<Parcel> = theirs.into_iter().map(Parcel::Event).collect();
            prop_assert_eq!(first_attempts(seen), in_order);
            prop_assert!(seen.parked.is_empty());
        }
    }

    /// Receivers share nothing: with any other neighbours, a receiver sees the same calls at the same instants.
    #[test]
    fn what_one_receiver_does_delays_no_other(
        peer in any_peer(),
        neighbours in proptest::collection::vec(any_peer(), 1..4),
        journal in any_journal(),
    ) {
        let alone = World::new(std::slice::from_ref(&peer), &journal).run();
        let dead = Peer { moods: vec![Mood::Hangs], subscription: everything(), calls_max: 3 };
        let mut crowd = vec![peer];
        crowd.extend(neighbours);
        crowd.push(dead);
        let together = World::new(&crowd, &journal).run();
        prop_assert_eq!(&alone[0], &together[0]);
    }
}
