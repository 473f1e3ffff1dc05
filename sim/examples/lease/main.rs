//! The engine with a machine that is no bank: a lock whose leases end by themselves. It has a bug, which this finds in a
//! storm, shrinks to what it needs, and shows: `cargo run -p plimsoll-sim --example lease`.

use std::{collections::VecDeque, time::Duration};

use plimsoll_core::machine::{Deadline, Effects, Machine};
use plimsoll_core::{rng::Rng, time::Instant};
use plimsoll_sim::engine::{Latency, Link, Process, Schedule};
use plimsoll_sim::{fault::LinkFault, shrink::ddmin};

const LEASE: Duration = Duration::from_millis(300);
const CLIENTS: usize = 3;

/// The machine: who holds the lock and until when, and who waits for it.
#[derive(Default)]
struct Lock {
    holder: Option<(usize, Instant)>,
    waiting: VecDeque<usize>,
}

#[derive(Debug, Clone, Copy, Hash)]
enum Input {
    Acquire(usize),
    Release(usize),
    Tick,
}

#[derive(Hash)]
struct Grant(usize);

impl Machine for Lock {
    type Input = Input;
    type Effect = Grant;

    fn handle(&mut self, now: Instant, input: Input, fx: &mut Effects<Grant>) {
        self.holder = self.holder.filter(|(_, until)| now < *until);
        match input {
            Input::Acquire(client) => self.waiting.push_back(client),
            // The bug: nobody looks who releases, so a late release of one client ends the lease of another.
            Input::Release(_) => self.holder = None,
            Input::Tick => {}
        }
        if let (None, Some(next)) = (self.holder, self.waiting.front().copied()) {
            self.waiting.pop_front();
            self.holder = Some((next, now.after(LEASE)));
            fx.push(Grant(next));
        }
    }

    fn next_deadline(&self) -> Option<Deadline> {
        let why = "the lease is over";
        self.holder.map(|(_, at)| Deadline { at, why })
    }
}

/// A run is data, so that any part of it can be left out: a client (the first number) works under the lock from one
/// millisecond to another; or it is a fault, and what the client sends in that time waits.
type Part = (usize, u64, u64, bool);

enum Happening {
    Fault(usize, Instant),
    Send(usize, Input),
    Arrive(Input),
    Wake(Instant),
}

/// Runs `plan`, tells its story, and says whether two clients ever held the lock at the same time.
fn run(plan: &[Part], seed: u64) -> (String, bool) {
    let (mut schedule, mut server, mut story) = (Schedule::new(), Process::new(), String::new());
    let at = |ms| Instant::ZERO.after(Duration::from_millis(ms));
    for (client, from, to, is_fault) in plan.iter().copied() {
        if is_fault {
            schedule.at(at(from), Happening::Fault(client, at(to)));
        } else {
            schedule.at(at(from), Happening::Send(client, Input::Acquire(client)));
            schedule.at(at(to), Happening::Send(client, Input::Release(client)));
        }
    }
    let (latency, rng) = (Latency::Fixed { us: 5_000 }, Rng::from_seed(seed));
    let link = |index| Link::new(latency, 0, 0, rng.fork_indexed("link", index));
    let mut links: Vec<Link> = (0..CLIENTS as u64).map(link).collect();
    let mut leases = [Instant::ZERO; CLIENTS];
    server.start(Lock::default());
    while let Some(due) = schedule.pop() {
        let mut tell = |what: String| story += &format!("{:>5} ms  {what}\n", due.at.as_nanos() / 1_000_000);
        let input = match due.event {
            Happening::Fault(client, until) => {
                tell(format!("what client {client} sends waits"));
                links[client].begin(0, LinkFault::Hold, until);
                continue;
            }
            Happening::Send(client, input) => {
                let arrival = links[client].send(due.at).first.expect("nothing is lost");
                schedule.at(arrival, Happening::Arrive(input));
                continue;
            }
            Happening::Wake(at) if !server.disarm(at, 1) => continue,
            Happening::Wake(_) => Input::Tick,
            Happening::Arrive(input) => input,
        };
        tell(format!("{input:?}"));
        if let Input::Release(client) = input {
            leases[client] = Instant::ZERO;
        }
        for Grant(client) in server.handle(due.at, due.seq, input).fx.drain() {
            tell(format!("client {client} holds the lock"));
            leases[client] = due.at.after(LEASE);
            if leases.iter().filter(|until| due.at < **until).count() > 1 {
                return (story, true);
            }
        }
        if let Some(at) = server.arm(due.at, None) {
            schedule.at(at, Happening::Wake(at));
        }
    }
    (story, false)
}

/// Finds the first storm of 40 parts that fails, and returns its seed, what is left of it, and the story of that.
fn hunt() -> (u64, Vec<Part>, String) {
    let storm = |seed| -> Vec<Part> {
        let mut rng = Rng::from_seed(seed).fork("storm");
        let mut part = |from| {
            (
                rng.index(CLIENTS),
                from,
                from + rng.between(20, 600),
                rng.chance(1, 4),
            )
        };
        (0..40).map(|number| part(number * 200)).collect()
    };
    let fails = |seed: &u64| run(&storm(*seed), *seed).1;
    let seed = (0..1_000).find(fails).expect("a storm that fails");
    let whole = storm(seed);
    let kept = |places: &[usize]| -> Vec<Part> { places.iter().map(|place| whole[*place]).collect() };
    let left = kept(&ddmin(whole.len(), 1, &mut |places| run(&kept(places), seed).1));
    let (story, _) = run(&left, seed);
    (seed, left, story)
}

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() {
    let (seed, left, story) = hunt();
    println!("seed {seed}, and of 40 parts these are left: {left:?}\n\n{story}");
}

#[cfg(test)]
mod tests;
