//! One run of a plan: the chain, the proxies, the process, the people, and what came of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use plimsoll_adapters::store::read_batches;
use plimsoll_core::bank::State;
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::ChainId;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::Chain;
use plimsoll_sim::world::expressible::Inexpressible;
use plimsoll_sim::world::plan::{Deed, Fate, Plan};
use plimsoll_sim::world::{Fates, Sent};

use super::clock::{Clock, at};
use super::director::{Director, Scene};
use super::expressible::check;
use super::jury::{self, Deposit, judge};
use super::links::{LinkEnd, Links};
use super::people::{Person, claims};
use super::settings::{Site, to_toml};
use super::stage::Stage;
use super::upstream::Upstream;
use crate::evm::movements::Contracts;
use crate::evm::node::{Node, Tag};
use crate::http::Client;
use crate::process::pause;
use crate::product::Installation;
use crate::proxy::Door;

/// How often it is looked whether something is due.
const STEP: Duration = Duration::from_millis(5);
/// How often it is looked whether everything is settled.
const PROBE: Duration = Duration::from_millis(500);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The plan asks for what this world cannot do.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Inexpressible(Vec<Inexpressible>),
    /// Something is not as it must be.
    #[error("the jury complained: {}", .0.join("\n"))]
    Violation(Vec<String>),
    /// Everything healed, and this is not settled.
    #[error("not settled in time: {}", .0.join(", "))]
    Unsettled(Vec<String>),
    /// The process ended and nobody had told it to, or not as it should.
    #[error("the process ended:\n{0}")]
    Ended(String),
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The fate of everything, from the journal.
    pub fates: Fates,
    /// What the journal makes of everything.
    pub state: State,
    /// What was sent to the chain.
    pub sent: Vec<Sent>,
    /// Every deposit that is valid and final.
    pub deposits: Vec<Deposit>,
    /// How often the process was killed.
    pub kills: usize,
    /// How often clients asked once more.
    pub repetitions: usize,
    /// How many pieces of what was sent were lost on links.
    pub lost: usize,
    /// The faults of endpoints that no question met: they showed nothing.
    pub unmet: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Runs `plan` once, with `seed` for what it leaves to chance and is not up to the machine.
///
/// # Errors
/// [`Failure`].
///
/// # Panics
/// When the machine does not do what is asked of it.
pub fn run(plan: &Plan, seed: u64) -> Result<Report, Failure> {
    check(plan).map_err(Failure::Inexpressible)?;
    let rng = Rng::from_seed(seed);
    let deeds = plan.workload.len();
    let node = Node::start_with_accounts(plan.topology.chain.id, 1 + deeds);
    let contracts = Contracts::deploy(&node);
    contracts.endow(&node, deeds);
    node.mine(plan.topology.chain.finality_blocks);
    let clock = Clock::default();
    let stage = Stage::new(clock.clone(), plan.topology.chain.finality_blocks);
    let links = Links::new(&plan.topology, clock.clone(), &rng.fork("wires"));
    let token = contracts.usdt.address;
    let open = |(number, one)| {
        let rng = rng.fork_indexed("endpoint", u64::from(number));
        Upstream::open((number, one), node.url(), token, &stage, rng)
    };
    let upstreams: Vec<Upstream> = (0u8..).zip(&plan.topology.endpoints).map(open).collect();
    let doors = upstreams.iter().enumerate();
    let doors: Vec<Door> = doors
        .map(|(index, one)| links.open(LinkEnd::Endpoint(index), one.address()))
        .collect();
    let site = Site {
        node: &node,
        contracts: &contracts,
        urls: doors.iter().map(Door::url).collect(),
    };
    let installation =
        Installation::configured(|port, journal| to_toml(&plan.topology, &site, port, journal));
    let bank = ([127, 0, 0, 1], installation.port()).into();
    let users = links.open(LinkEnd::Users, bank);
    let mut process = installation.serve_recorded();
    installation.await_answer(&mut process);

    // The plan's time begins when everything stands.
    clock.begin();
    let scene = Scene {
        plan,
        stage: stage.clone(),
        node: &node,
        contracts: &contracts,
        upstreams,
        links,
        installation: &installation,
    };
    let world = World {
        plan,
        node: &node,
        installation: &installation,
        stage,
    };
    let director = std::thread::scope(|scope| {
        let _end = End(&world.stage);
        scope.spawn(|| mine(&world));
        for number in 0..plan.topology.users {
            let person = Person::new(plan, number, &users.url(), &world.stage, &rng.fork("people"));
            scope.spawn(|| person.live());
        }
        let mut director = Director::new(scene, process);
        world.watch(&mut director).map(|()| director)
    })?;
    world.report(director, seed, &Client::new(&users.url()))
}

/// Ends the world, also when it fails: its threads would go on for ever.
struct End<'w>(&'w Stage);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Adds blocks by the plan's calendar.
fn mine(world: &World<'_>) {
    let block_ms = world.plan.topology.chain.block_ms;
    for number in 1.. {
        world.stage.clock.wait_until(at(number * block_ms));
        if world.stage.is_over() {
            return;
        }
        world.node.mine(1);
    }
}

/// A world that goes on.
struct World<'w> {
    plan: &'w Plan,
    node: &'w Node,
    installation: &'w Installation,
    stage: Stage,
}

impl World<'_> {
    /// Goes on until everything is settled.
    fn watch(&self, director: &mut Director<'_>) -> Result<(), Failure> {
        let duration = Duration::from_millis(self.plan.duration_ms);
        let converge = Duration::from_millis(self.plan.converge_ms);
        let mut probed = Duration::ZERO;
        loop {
            pause(STEP);
            director.act()?;
            if let Some(trouble) = self.stage.trouble() {
                return Err(Failure::Violation(vec![trouble]));
            }
            let elapsed = self.stage.clock.elapsed();
            if elapsed < duration || elapsed < probed + PROBE {
                continue;
            }
            probed = elapsed;
            let left = self.left(director);
            if left.is_empty() {
                return Ok(());
            }
            if elapsed > duration + converge {
                return Err(Failure::Unsettled(left));
            }
        }
    }

    /// What is not settled.
    fn left(&self, director: &Director<'_>) -> Vec<String> {
        let (sent, _) = self.on_chain(0);
        let stranded: Vec<Sent> = sent
            .iter()
            .filter(|one| self.node.receipt(one.key.tx).is_none())
            .cloned()
            .collect();
        let mut left = jury::unsettled(&self.state(), &sent, &stranded);
        let never = |deed: &Deed| {
            matches!(
                deed,
                Deed::Deposit {
                    fate: Fate::NeverMined,
                    ..
                }
            )
        };
        let lost = stranded
            .iter()
            .filter(|one| !self.plan.workload.get(one.deed as usize).is_some_and(never));
        left.extend(lost.map(|one| format!("transaction {} is in no block", one.deed)));
        if !director.is_done() {
            left.push("deeds and faults are due".to_owned());
        }
        let (filed, all) = (self.stage.claims(), claims(self.plan));
        if filed < all {
            left.push(format!("{filed} of {all} claims are acknowledged"));
        }
        left
    }

    /// What the journal makes of everything so far.
    fn state(&self) -> State {
        read(&self.installation.journal())
    }

    /// What was sent, and every deposit in it that is final, by the truth of the model that `seed` makes.
    fn on_chain(&self, seed: u64) -> (Vec<Sent>, Vec<Deposit>) {
        let mut model = Chain::new(&self.plan.topology.chain, Rng::from_seed(seed).fork("chain"));
        let accounts = self.stage.accounts();
        let finalized = self.stage.finalized(self.node.block(Tag::Latest).number);
        let (mut sent, mut deposits) = (Vec::new(), Vec::new());
        for (deed, place) in self.plan.workload.iter().zip(0u32..) {
            let (Deed::Deposit { movements, fate, .. }, Some(tx)) = (deed, self.stage.transaction(place))
            else {
                continue;
            };
            let index = model.announce();
            let payee = |user: u32| accounts[&user];
            model.send(Instant::ZERO, index, (movements, &payee), *fate, 0);
            let receipt = self.node.receipt(tx);
            let is_final =
                receipt.is_some_and(|receipt| receipt.success && receipt.block_number <= finalized);
            let valid = model.deposits_of(index).filter(|_| is_final);
            let valid: BTreeMap<u32, _> = valid.map(|(key, truth)| (key.ordinal, *truth)).collect();
            let chain = ChainId::new(self.plan.topology.chain.id);
            sent.push(Sent {
                deed: place,
                key: TxKey { chain, tx },
                deposits: valid.keys().copied().collect(),
            });
            let named = valid.into_iter().map(|(movement, truth)| Deposit {
                name: (place, movement),
                truth,
            });
            deposits.extend(named);
        }
        (sent, deposits)
    }

    /// Stops the process, and judges what it leaves behind.
    fn report(self, director: Director<'_>, seed: u64, client: &Client) -> Result<Report, Failure> {
        let took = self.stage.clock.elapsed();
        let told = jury::told(client, &self.stage.accounts());
        let (kills, lost, unmet) = (director.kills(), director.lost(), director.unmet());
        director.stop()?;
        let state = self.state();
        let (sent, deposits) = self.on_chain(seed);
        let fates = Fates::of(&state, &sent);
        let mut complaints = judge(&state, &sent, &deposits, self.plan.topology.bank.price);
        complaints.extend(jury::examine(self.installation));
        let booked = jury::balances(&state);
        if told != booked {
            complaints.push(format!(
                "users were told {told:?}, and the journal says {booked:?}"
            ));
        }
        if !complaints.is_empty() {
            return Err(Failure::Violation(complaints));
        }
        Ok(Report {
            fates,
            state,
            sent,
            deposits,
            kills,
            lost,
            unmet,
            repetitions: self.stage.repetitions(),
            took,
        })
    }
}

fn read(journal: &Path) -> State {
    let mut state = State::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let reading = read_batches(journal, |_, records| {
        records.iter().for_each(|one| state.apply(one));
        ControlFlow::Continue(())
    });
    let read = runtime.block_on(reading);
    read.unwrap_or_else(|error| panic!("{}: {error}", journal.display()));
    state
}
