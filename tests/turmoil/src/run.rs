//! One run of a plan: the hosts, the network between them, and what came of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::store::Store;
use plimsoll_sim::oracle::panel::Panel;
use plimsoll_sim::world::expressible::Inexpressible;
use plimsoll_sim::world::plan::Plan;
use plimsoll_sim::world::{Fates, bank_config};
use turmoil::Builder;

use crate::bank::House;
use crate::control::Control;
use crate::course::Course;
use crate::director::Director;
use crate::expressible::POWERS;
use crate::journal::Disk;
use crate::jury::{Seat, Tally};
use crate::settle::open;
use crate::stage::{Stage, instant};
use crate::{people, server};

/// The host of the bank.
pub(crate) const BANK: &str = "bank";
/// The host of everybody who talks to it.
pub(crate) const USERS: &str = "users";
/// The resolution of time. Every timer of the bank is far longer.
const TICK: Duration = Duration::from_millis(5);
/// The longest and the shortest way of a packet.
const LATENCY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(30));

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The plan asks for what this world cannot do.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Inexpressible(Vec<Inexpressible>),
    /// An oracle complained.
    #[error("an oracle complained: {0}")]
    Violation(String),
    /// Everything healed, and this is not settled.
    #[error("not settled in time: {}", .0.join(", "))]
    Unsettled(Vec<String>),
    /// A host ended with an error.
    #[error("a host ended: {0}")]
    Host(String),
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The fate of everything, from the journal.
    pub fates: Fates,
    /// What each user was told over HTTP in the end: user, asset, available, locked.
    pub told: Vec<(u32, String, String, String)>,
    /// How many claims were acknowledged.
    pub claims: usize,
    /// How many writes were answered as repetitions of an earlier one.
    pub replayed: usize,
    /// How many batches the journal has.
    pub batches: usize,
    /// How often the process began, the first time included.
    pub starts: usize,
    /// How many requests the bank took.
    pub requests: usize,
    /// When the driver heard of each batch that it is durable.
    pub commits: Vec<Instant>,
    /// How long the world ran, in its own time.
    pub simulated: Duration,
}

/// Runs `plan` once, with `seed` for what it leaves to chance, and notes in `course` what happens.
///
/// # Errors
/// [`Failure`].
pub fn run(plan: &Plan, seed: u64, course: &Course) -> Result<Report, Failure> {
    POWERS.check_parts(plan).map_err(Failure::Inexpressible)?;
    let rng = Rng::from_seed(seed);
    let stage = Rc::new(RefCell::new(Stage::new(plan, &rng, course.clone())));
    let config = bank_config(&plan.topology, &stage.borrow().chain);
    let jury = Rc::new(RefCell::new(Panel::new(&config)));
    let disk = Disk::new(Store::new(plan.topology.store.sync, rng.fork("store")));
    let mut sim = Builder::new()
        .rng_seed(rng.fork("turmoil").next_u64())
        .tick_duration(TICK)
        .min_message_latency(LATENCY.0)
        .max_message_latency(LATENCY.1)
        .simulation_duration(Duration::MAX)
        .tcp_capacity(4_096)
        .build();
    for (number, _) in (0u8..).zip(&plan.topology.endpoints) {
        let stage = Rc::clone(&stage);
        sim.host(endpoint_name(number), move || {
            server::serve(Rc::clone(&stage), number)
        });
    }
    let seat = Seat::new(&jury, course);
    let house = House {
        config,
        seat,
        disk,
        control: Control::default(),
        seed,
    };
    let lives = house.clone();
    sim.host(BANK, move || lives.clone().live());
    sim.client(
        USERS,
        people::live(Rc::clone(&stage), plan.clone(), rng.fork("people")),
    );
    let mut director = Director::new(plan, &stage, house);
    loop {
        let is_over = sim.step().map_err(|error| Failure::Host(error.to_string()))?;
        let (now, elapsed) = (instant(sim.elapsed()), sim.elapsed());
        director.act(now, &mut sim)?;
        if let Some(violation) = jury.borrow().violation() {
            return Err(Failure::Violation(violation.to_string()));
        }
        if is_over {
            break;
        }
        if elapsed < Duration::from_millis(plan.duration_ms) || stage.borrow().is_settled {
            continue;
        }
        let left = unsettled(&jury.borrow(), &stage.borrow(), now);
        let is_busy = !director.is_done() || !stage.borrow().is_quiet;
        if left.is_empty() && !is_busy {
            stage.borrow_mut().is_settled = true;
        } else if elapsed > Duration::from_millis(plan.duration_ms + plan.converge_ms) {
            return Err(Failure::Unsettled(left));
        }
    }
    Ok(report(plan, &stage.borrow(), &director.house, sim.elapsed()))
}

/// The name of the host of endpoint `number`.
pub(crate) fn endpoint_name(number: u8) -> String {
    format!("rpc-{number}")
}

fn unsettled(panel: &Panel, stage: &Stage, now: Instant) -> Vec<String> {
    match panel.settled_bank() {
        Some(bank) => open(bank.state(), &stage.chain, now).into_values().collect(),
        None => vec!["records wait for a commit, or the process is down".to_owned()],
    }
}

fn report(plan: &Plan, stage: &Stage, house: &House, simulated: Duration) -> Report {
    let told = stage.told.iter().flat_map(|(user, balances)| {
        let each = balances.iter().cloned();
        each.map(|(asset, available, locked)| (*user, asset, available, locked))
    });
    let Tally {
        starts,
        requests,
        commits,
    } = house.seat.tally();
    Report {
        fates: Fates::of(&house.disk.state(), &stage.sent(plan)),
        told: told.collect(),
        claims: stage.claims,
        replayed: stage.replayed,
        batches: house.disk.batches().len(),
        starts,
        requests,
        commits,
        simulated,
    }
}
