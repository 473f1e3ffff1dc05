//! The world of a storm: the process, the file with its cursors, and the receivers.

use core::hash::Hasher as _;
use std::time::Duration;

use plimsoll_core::journal::Position;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_core::webhook::{
    Effect, Event, EventId, Input, Kind, Next, Notice, Outcome, Parcel, ReceiverConfig, ReceiverId, Webhooks,
};

use super::oracle::{Oracle, Violation};
use super::storm::{END, Mood, Storm};
use crate::engine::{Due, Process, Schedule};
use crate::fault::CrashLoss;

/// How long a reading takes at most.
const READ_MAX: Duration = Duration::from_millis(20);
/// How long a call and its answer take at most, each.
const LATENCY_MAX: Duration = Duration::from_millis(150);
/// How long a cursor may be unsafe.
const SYNC_MAX: Duration = Duration::from_secs(2);

/// How many inputs a machine that gets anywhere takes at most.
const STEPS_MAX: u64 = 200_000;

/// What came of a storm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What must not have been; empty if all is well.
    pub violations: Vec<Violation>,
    /// How many inputs the machine took.
    pub steps: u64,
    /// How many events were taken, by all receivers.
    pub taken: u64,
    /// How often one was taken again.
    pub repeated: u64,
    /// How many were parked.
    pub parked: u64,
    /// What the first receiver was called with, and when.
    pub first: Vec<(Instant, Parcel)>,
    /// Of everything that the machine was told and wished for.
    pub digest: u64,
}

/// Runs `storm`.
#[must_use]
pub fn run(storm: &Storm) -> Report {
    World::new(storm).run()
}

enum Happening {
    Commit(usize),
    Crash(Duration, CrashLoss),
    Start,
    Sync(u32),
    Wake(Instant, u32),
    Alert,
    Order(usize, usize),
    /// A call reaches its receiver.
    Arrive(u32, Call),
    /// Something reaches the process, if that still lives.
    Hear(u32, Input),
}

/// One call.
#[derive(Debug, Clone, Copy)]
struct Call {
    receiver: usize,
    parcel: Parcel,
    attempt: u32,
    timeout: Duration,
}

struct World<'a> {
    storm: &'a Storm,
    schedule: Schedule<Happening>,
    process: Process<Webhooks>,
    oracle: Oracle,
    /// Cursors as the process last wished them kept, and as a crash cannot take them back.
    written: Vec<EventId>,
    synced: Vec<EventId>,
    committed: usize,
    alerts: u64,
    /// A stream for each receiver, so that what one does changes nothing for another.
    dice: Vec<Rng>,
    first: Vec<(Instant, Parcel)>,
}

impl<'a> World<'a> {
    fn new(storm: &'a Storm) -> Self {
        let mut schedule = Schedule::new();
        schedule.at(Instant::ZERO, Happening::Start);
        for (index, (at, _)) in storm.commits.iter().enumerate() {
            schedule.at(*at, Happening::Commit(index));
        }
        for (at, lasts, loss) in &storm.crashes {
            schedule.at(*at, Happening::Crash(*lasts, *loss));
        }
        for at in &storm.alerts {
            schedule.at(*at, Happening::Alert);
        }
        for (at, receiver, event) in &storm.orders {
            schedule.at(*at, Happening::Order(*receiver, *event));
        }
        let subscriptions = storm.peers.iter().map(|peer| peer.subscription.clone());
        let begin = vec![EventId::end_of(Position::ZERO); storm.peers.len()];
        let rng = Rng::from_seed(storm.seed).fork("deliveries/world");
        Self {
            storm,
            schedule,
            process: Process::new(),
            oracle: Oracle::new(subscriptions),
            written: begin.clone(),
            synced: begin,
            committed: 0,
            alerts: 0,
            dice: (0..)
                .map(|index| rng.fork_indexed("receiver", index))
                .take(storm.peers.len())
                .collect(),
            first: Vec::new(),
        }
    }

    fn run(mut self) -> Report {
        while let Some(due) = self.schedule.pop() {
            if due.at > Instant::ZERO.after(END) {
                break;
            }
            if self.process.steps() > STEPS_MAX {
                self.oracle.stuck(due.at);
                break;
            }
            self.happen(due);
            if let Some(at) = self.process.arm(self.schedule.now(), None) {
                let life = self.process.life();
                self.schedule.at(at, Happening::Wake(at, life));
            }
        }
        self.oracle.finish();
        let (repeated, parked) = self.oracle.counts();
        Report {
            steps: self.process.steps(),
            taken: self.oracle.taken(),
            repeated,
            parked,
            first: self.first,
            digest: self.process.digest().finish(),
            violations: self.oracle.violations,
        }
    }

    fn happen(&mut self, due: Due<Happening>) {
        match due.event {
            Happening::Commit(index) => self.commit(due.at, due.seq, index),
            Happening::Crash(lasts, loss) => self.crash(lasts, loss),
            Happening::Start => self.start(due.at, due.seq),
            Happening::Sync(life) if life == self.process.life() => self.synced.clone_from(&self.written),
            Happening::Sync(_) => {}
            Happening::Wake(at, life) => {
                if self.process.disarm(at, life) {
                    self.handle(due.at, due.seq, Input::Tick);
                }
            }
            Happening::Alert => self.alert(due.at, due.seq),
            Happening::Order(receiver, event) => self.order(due.at, due.seq, receiver, event),
            Happening::Arrive(life, call) => self.arrive(due.at, life, call),
            Happening::Hear(life, input) => {
                if life == self.process.life() && self.process.is_running() {
                    self.handle(due.at, due.seq, input);
                }
            }
        }
    }

    fn start(&mut self, now: Instant, seq: u64) {
        if self.process.is_running() {
            return; // two deaths lie closer together than the first one lasts
        }
        self.oracle.started(&self.synced);
        self.written.clone_from(&self.synced);
        let receiver = |(peer, cursor): (&super::Peer, &EventId)| ReceiverConfig {
            subscription: peer.subscription.clone(),
            policy: peer.policy,
            cursor: *cursor,
        };
        let receivers = self.storm.peers.iter().zip(&self.synced).map(receiver).collect();
        let life = u64::from(self.process.life());
        let rng = Rng::from_seed(self.storm.seed).fork_indexed("machine", life);
        self.process.start(Webhooks::new(receivers, &rng));
        let tail = self.tail();
        self.handle(now, seq, Input::Committed { tail });
    }

    fn crash(&mut self, lasts: Duration, loss: CrashLoss) {
        if self.process.kill().is_some() {
            match loss {
                CrashLoss::Kept => self.synced.clone_from(&self.written),
                CrashLoss::Lost | CrashLoss::Torn => {}
            }
        }
        self.schedule.after(lasts, Happening::Start);
    }

    fn commit(&mut self, now: Instant, seq: u64, index: usize) {
        self.committed = index + 1;
        self.oracle
            .committed(event_id(index), self.storm.commits[index].1);
        if self.process.is_running() {
            let tail = self.tail();
            self.handle(now, seq, Input::Committed { tail });
        }
    }

    fn alert(&mut self, now: Instant, seq: u64) {
        self.alerts += 1;
        if self.process.is_running() {
            let number = self.alerts;
            self.oracle.raised(number);
            let kind = Kind::AlertRaised;
            self.handle(now, seq, Input::Alert { number, kind });
        }
    }

    /// An operator orders what the receiver is told of, and only that.
    fn order(&mut self, now: Instant, seq: u64, receiver: usize, index: usize) {
        let is_told = self.storm.peers[receiver]
            .subscription
            .has(self.storm.commits[index].1);
        if self.process.is_running() && index < self.committed && is_told {
            let order = Input::Redeliver {
                receiver: ReceiverId(receiver),
                event: event_id(index),
            };
            self.handle(now, seq, order);
        }
    }

    fn handle(&mut self, now: Instant, seq: u64, input: Input) {
        let effects: Vec<Effect> = self.process.handle(now, seq, input).fx.drain().collect();
        for effect in effects {
            match effect {
                Effect::Read {
                    receiver,
                    after,
                    limit,
                } => self.read(receiver, after, limit),
                Effect::Deliver {
                    receiver,
                    parcel,
                    attempt,
                    timeout,
                } => self.call(
                    now,
                    Call {
                        receiver: receiver.0,
                        parcel,
                        attempt,
                        timeout,
                    },
                ),
                Effect::Remember { receiver, cursor } => self.remember(receiver.0, cursor),
                Effect::Notice(Notice::Attempted {
                    receiver,
                    parcel,
                    next: Next::Parked,
                    ..
                }) => self.oracle.parked(receiver.0, parcel),
                Effect::Notice(_) => {}
            }
        }
    }

    fn read(&mut self, receiver: ReceiverId, after: EventId, limit: usize) {
        let dice = &mut self.dice[receiver.0];
        let delay = dice.duration(Duration::ZERO, READ_MAX);
        let input = if dice.chance(1, self.storm.unreadable_one_in) {
            Input::NotRead { receiver }
        } else {
            let from = usize::try_from(after.position.count()).unwrap_or(usize::MAX);
            let until = self.committed.min(from.saturating_add(limit));
            let event = |index: usize| Event {
                id: event_id(index),
                topic: self.storm.commits[index].1,
            };
            Input::Events {
                receiver,
                events: (from..until).map(event).collect(),
                reached: EventId::end_of(Position::new(until as u64)),
            }
        };
        let life = self.process.life();
        self.schedule.after(delay, Happening::Hear(life, input));
    }

    fn call(&mut self, now: Instant, call: Call) {
        self.oracle.called(call.receiver, call.parcel, call.attempt);
        if call.receiver == 0 {
            self.first.push((now, call.parcel));
        }
        let delay = self.dice[call.receiver].duration(Duration::from_millis(1), LATENCY_MAX);
        let life = self.process.life();
        self.schedule.after(delay, Happening::Arrive(life, call));
    }

    /// A call arrives, whether who made it lives or not.
    fn arrive(&mut self, now: Instant, life: u32, call: Call) {
        let taken = Outcome::Delivered { status: 200 };
        let refused = |retry_after| Outcome::Refused {
            status: 503,
            retry_after,
        };
        let (takes, after, outcome) = match self.storm.peers[call.receiver].mood(now) {
            Mood::Well => (true, Duration::ZERO, taken),
            Mood::Broken => (false, Duration::ZERO, refused(None)),
            Mood::Patience(pause) => (false, Duration::ZERO, refused(Some(pause))),
            Mood::Hangs => (true, call.timeout, Outcome::TimedOut),
            Mood::Late(time) => (true, time, taken),
            Mood::BreaksOff => (true, Duration::ZERO, Outcome::Unreachable),
        };
        if takes {
            self.oracle.took(call.receiver, call.parcel);
        }
        let back = self.dice[call.receiver].duration(Duration::from_millis(1), LATENCY_MAX);
        let answer = Input::Answered {
            receiver: ReceiverId(call.receiver),
            parcel: call.parcel,
            attempt: call.attempt,
            outcome,
        };
        self.schedule.after(after + back, Happening::Hear(life, answer));
    }

    fn remember(&mut self, receiver: usize, cursor: EventId) {
        self.oracle.cursor(receiver, cursor);
        self.written[receiver] = cursor;
        let life = self.process.life();
        let delay = self.dice[receiver].duration(Duration::ZERO, SYNC_MAX);
        self.schedule.after(delay, Happening::Sync(life));
    }

    fn tail(&self) -> EventId {
        EventId::end_of(Position::new(self.committed as u64))
    }
}

/// The name of the event at `index` of a journal with one event a record.
fn event_id(index: usize) -> EventId {
    EventId {
        position: Position::new(index as u64 + 1),
        part: 0,
    }
}
