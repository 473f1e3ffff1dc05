//! [`Stage`]: what everybody in one run shares.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::bank::{BankConfig, Reply};
use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::Question;
use plimsoll_core::id::{Address, EndpointId};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::{Chain, TxIndex};
use plimsoll_sim::model::endpoint::{Endpoint, Reaction};
use plimsoll_sim::model::store::Store;
use plimsoll_sim::model::users::Users;
use plimsoll_sim::oracle::panel::Panel;
use plimsoll_sim::world::plan::{Deed, EndpointPlan, Plan};
use plimsoll_sim::world::{Wires, bank_config};

use crate::clock::Clock;
use crate::driver::{DriverError, Handle};
use crate::sync::oneshot;

/// The models, the oracles, and the way to the process.
pub(super) struct Stage {
    pub(super) plan: Plan,
    pub(super) chain: Chain,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) wires: Wires,
    pub(super) store: Store,
    pub(super) users: Users,
    /// The transaction of each deposit deed.
    pub(super) transactions: Vec<Option<TxIndex>>,
    pub(super) config: BankConfig,
    pub(super) panel: Panel,
    /// The door to the driver, while it runs.
    pub(super) door: Option<Handle>,
    /// Tells the driver to stop, if it was not told yet.
    pub(super) stop: Option<oneshot::Sender<()>>,
    /// How the process ended by itself, until somebody has seen to it.
    pub(super) ended: Option<Ended>,
    /// The replies that left the outbox and did not reach their callers yet, by digest: how many.
    pub(super) released: BTreeMap<u128, usize>,
    /// The lives that ended as they were told to.
    pub(super) peaceful: BTreeSet<u64>,
    /// What the driver broke first of what it promises its callers, if it broke anything.
    pub(super) complaint: Option<&'static str>,
    pub(super) tally: Tally,
    /// Everything that the driver did, and when.
    pub(super) course: Digest,
    lives: Rng,
}

/// The end of a process that was not killed.
pub(super) struct Ended {
    pub(super) at: Instant,
    pub(super) outcome: Result<(), DriverError>,
}

/// What happened in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    /// How often the process was started.
    pub lives: u64,
    /// How many replies reached their clients.
    pub replies: u64,
    /// How many of them repeated an earlier one.
    pub replayed: u64,
    /// How many requests were turned away, or cut off by the end of the process.
    pub turned_away: u64,
    /// How many questions were put to endpoints.
    pub questions: u64,
    /// How many batches were appended of which the outcome was not known.
    pub doubts: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn and(&self, other: &Self) -> Self {
        Self {
            lives: self.lives + other.lives,
            replies: self.replies + other.replies,
            replayed: self.replayed + other.replayed,
            turned_away: self.turned_away + other.turned_away,
            questions: self.questions + other.questions,
            doubts: self.doubts + other.doubts,
        }
    }
}

/// The stage, and the time in the world.
#[derive(Clone)]
pub(super) struct Shared {
    stage: Arc<Mutex<Stage>>,
    pub(super) clock: Clock,
}

impl Stage {
    /// The stage of `plan`: for `seed` the same chain and the same endpoints as the engine's.
    fn new(plan: &Plan, seed: u64) -> Self {
        let rng = Rng::from_seed(seed);
        let topology = &plan.topology;
        let mut chain = Chain::new(&topology.chain, rng.fork("chain"));
        let transactions = plan.workload.iter().map(|deed| match deed {
            Deed::Deposit { .. } => Some(chain.announce()),
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => None,
        });
        let transactions = transactions.collect();
        let endpoint = |(one, number): (&EndpointPlan, u8)| {
            let draws = rng.fork_indexed("endpoint", number.into());
            Endpoint::planned(number, one, draws)
        };
        let config = bank_config(topology, &chain);
        Self {
            plan: plan.clone(),
            endpoints: topology.endpoints.iter().zip(0u8..).map(endpoint).collect(),
            wires: Wires::new(topology, &rng.fork("wires")),
            store: Store::new(topology.store.sync, rng.fork("store")),
            users: Users::new(topology.users, rng.fork("users")),
            chain,
            transactions,
            panel: Panel::new(&config),
            config,
            door: None,
            stop: None,
            ended: None,
            released: BTreeMap::new(),
            peaceful: BTreeSet::new(),
            complaint: None,
            tally: Tally::default(),
            course: Digest::new(),
            lives: rng.fork("lives"),
        }
    }

    /// The configuration of the life that begins, with a seed of its own.
    pub(super) fn next_life(&mut self) -> BankConfig {
        self.tally.lives += 1;
        let mut config = self.config.clone();
        config.seed = self.lives.next_u64();
        config
    }

    /// How `endpoint` reacts to a question that arrives at `now`.
    pub(super) fn ask(&mut self, now: Instant, endpoint: EndpointId, question: &Question) -> Reaction {
        let number = usize::from(endpoint.index);
        let victim: Address = self.users.victim(number);
        self.endpoints[number].ask(&self.chain, now, question, victim)
    }

    /// The driver broke what it promises its callers.
    pub(super) fn complain(&mut self, what: &'static str) {
        self.complaint.get_or_insert(what);
    }

    /// A caller heard `reply`, which must have left the outbox before.
    pub(super) fn hear(&mut self, reply: &Reply) {
        match self.released.get_mut(&Digest::of(reply)) {
            Some(left) if *left > 0 => *left -= 1,
            Some(_) | None => self.complain("a reply reached its caller before it had left the outbox"),
        }
    }

    /// Notes that something was done at `now`.
    pub(super) fn note(&mut self, now: Instant, done: &impl Hash) {
        now.as_nanos().hash(&mut self.course);
        done.hash(&mut self.course);
    }
}

impl Shared {
    /// The stage of `plan` and `seed`, on which time begins.
    pub(super) fn new(plan: &Plan, seed: u64) -> Self {
        Self {
            stage: Arc::new(Mutex::new(Stage::new(plan, seed))),
            clock: Clock::start(),
        }
    }

    /// The stage, for as long as nobody waits for anything.
    pub(super) fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time in the world.
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }
}
