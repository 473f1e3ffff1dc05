//! A machine that is not ours, driven by the engine alone: a lock with leases, asked over a lossy link.

use core::time::Duration;

use plimsoll_core::machine::{Deadline, Effects, Machine};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

use super::Process;
use crate::engine::{Latency, Link, Schedule};

const LEASE: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
struct Lock {
    holder: Option<(u8, Instant)>,
}

#[derive(Debug, Clone, Copy, Hash)]
enum Input {
    Acquire(u8),
    Tick,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Effect {
    Granted(u8),
    Expired(u8),
}

impl Machine for Lock {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Instant, input: Input, fx: &mut Effects<Effect>) {
        if let Some((holder, until)) = self.holder
            && until <= now
        {
            self.holder = None;
            fx.push(Effect::Expired(holder));
        }
        if let (Input::Acquire(client), None) = (input, self.holder) {
            self.holder = Some((client, now.after(LEASE)));
            fx.push(Effect::Granted(client));
        }
    }

    fn next_deadline(&self) -> Option<Deadline> {
        let at = self.holder?.1;
        Some(Deadline { at, why: "lease" })
    }
}

enum Event {
    Ask(u8),
    Arrives(u8),
    Tick(u32),
}

/// Runs the lock for a second and returns its digest and how often it was granted and expired.
fn run(seed: u64, crash_at: Option<u64>) -> (u128, u64, u64) {
    let rng = Rng::from_seed(seed);
    let mut link = Link::new(Latency::default(), 10, 10, rng.fork("link"));
    let mut schedule = Schedule::new();
    let mut process = Process::new();
    process.start(Lock::default());
    (0..100)
        .for_each(|client| schedule.after(Duration::from_millis(u64::from(client) * 5), Event::Ask(client)));
    let (mut granted, mut expired) = (0, 0);
    while let Some(due) = schedule.pop() {
        if crash_at == Some(due.seq) {
            assert!(process.kill().is_some());
            process.start(Lock::default());
        }
        let input = match due.event {
            Event::Ask(client) => {
                let delivery = link.send(due.at);
                for at in delivery.first.into_iter().chain(delivery.second) {
                    schedule.at(at, Event::Arrives(client));
                }
                continue;
            }
            Event::Arrives(client) => Input::Acquire(client),
            Event::Tick(life) if process.disarm(due.at, life) => Input::Tick,
            Event::Tick(_) => continue,
        };
        let fx = process.handle(due.at, due.seq, input).fx;
        for effect in fx.drain() {
            match effect {
                Effect::Granted(_) => granted += 1,
                Effect::Expired(_) => expired += 1,
            }
        }
        if let Some(at) = process.arm(due.at, None) {
            schedule.at(at, Event::Tick(process.life()));
        }
    }
    (process.digest().value(), granted, expired)
}

#[test]
fn any_machine_runs_and_the_same_seed_does_the_same() {
    let (digest, granted, expired) = run(3, None);
    assert_eq!(granted, expired, "every lease ran out by the timer");
    assert!((30..=80).contains(&granted), "{granted}");
    assert_eq!(run(3, None), (digest, granted, expired));
    assert_ne!(run(4, None).0, digest);
}

#[test]
fn a_crash_loses_the_machine_and_its_timer() {
    let (_, granted, expired) = run(3, Some(150));
    assert_eq!(granted, expired + 1, "the lease of the life before never expires");
}
