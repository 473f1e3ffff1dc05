//! [`Stage`]: what the hosts of one run share, and nobody sends over the network: the chain, the endpoints' models, who
//! has an account, and what people were told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use plimsoll_core::escrow::{Answer, Question};
use plimsoll_core::id::{Address, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::engine::{Delivery, Latency};
use plimsoll_sim::model::chain::{Chain, Payee, TxIndex};
use plimsoll_sim::model::endpoint::{Endpoint, Reaction};
use plimsoll_sim::world::plan::{Deed, Plan, Topology};
use plimsoll_sim::world::{Sent, Wires};

use crate::course::Course;

/// Everything that is shared.
pub(crate) struct Stage {
    /// What was done so far.
    pub(crate) course: Course,
    /// The chain.
    pub(crate) chain: Chain,
    /// The endpoints' models.
    pub(crate) endpoints: Vec<Endpoint>,
    /// What befalls messages on their way, beyond what the network does to packets.
    pub(crate) wires: Wires,
    /// The transaction of each deed, if it has one.
    transactions: Vec<Option<TxIndex>>,
    /// Who has an account, by number in the plan.
    pub(crate) accounts: BTreeMap<u32, Payee>,
    /// What was asked and is not answered: a request to come again is an answer.
    pub(crate) asks: BTreeSet<u64>,
    /// How often anybody asked for anything.
    pub(crate) asked: u64,
    /// Whether everybody has done what the plan says, and was answered.
    pub(crate) is_quiet: bool,
    /// Whether everything is settled, so that people look at their balances.
    pub(crate) is_settled: bool,
    /// How many claims are filed and acknowledged.
    pub(crate) claims: usize,
    /// How many writes were answered as repetitions of an earlier one.
    pub(crate) replayed: usize,
    /// What each user was told in the end: asset, available, locked.
    pub(crate) told: BTreeMap<u32, Vec<(String, String, String)>>,
}

impl Stage {
    /// The stage of `plan`: the same chain and the same endpoints as the engine's for the seed of `rng`.
    pub(crate) fn new(plan: &Plan, rng: &Rng, course: Course) -> Self {
        let mut chain = Chain::new(&plan.topology.chain, rng.fork("chain"));
        let transactions = plan.workload.iter().map(|deed| match deed {
            Deed::Deposit { .. } => Some(chain.announce()),
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => None,
        });
        let transactions = transactions.collect();
        let endpoints = plan.topology.endpoints.iter().zip(0u8..).map(|(one, number)| {
            let draws = rng.fork_indexed("endpoint", number.into());
            Endpoint::planned(number, one, draws)
        });
        Self {
            course,
            wires: Wires::new(&without_latency(plan), &rng.fork("wires")),
            endpoints: endpoints.collect(),
            chain,
            transactions,
            asks: BTreeSet::new(),
            asked: 0,
            is_quiet: false,
            accounts: BTreeMap::new(),
            is_settled: false,
            claims: 0,
            replayed: 0,
            told: BTreeMap::new(),
        }
    }

    /// Somebody asks for something.
    pub(crate) fn begin_ask(&mut self) -> u64 {
        self.asked += 1;
        self.asks.insert(self.asked);
        self.asked
    }

    /// The transaction of the deposit at `place` in the plan.
    pub(crate) fn transaction(&self, place: usize) -> TxIndex {
        self.transactions[place].unwrap_or_else(|| unreachable!("only a deposit has a transaction"))
    }

    /// The hash of the transaction of the deposit at `place` in the plan.
    pub(crate) fn hash_of(&self, place: usize) -> TxHash {
        self.chain.hash_of(self.transaction(place))
    }

    /// The transactions of the deeds of `plan`, as the chain has them.
    pub(crate) fn sent(&self, plan: &Plan) -> Vec<Sent> {
        let transactions: Vec<TxIndex> = self.transactions.iter().copied().flatten().collect();
        Sent::on(&self.chain, &plan.workload, &transactions)
    }

    /// How endpoint `number` reacts to `question`.
    pub(crate) fn ask(&mut self, number: u8, question: &Question) -> Reaction {
        let victims: Vec<Address> = self.accounts.values().map(|one| one.address).collect();
        let victim = victims.get(usize::from(number) % victims.len().max(1));
        let victim = victim.copied().unwrap_or(Address::Evm([0x0f; 20]));
        let now = now();
        self.course.note(now, "question", &(number, question));
        let reaction = self.endpoints[usize::from(number)].ask(&self.chain, now, question, victim);
        self.course.tell(now, "reaction", &reaction);
        reaction
    }
}

/// The topology of `plan` with links that lose and duplicate as they do there, and take no time: the network's packets do.
fn without_latency(plan: &Plan) -> Topology {
    let mut topology = plan.topology.clone();
    topology.users_link.latency = Latency::NONE;
    for endpoint in &mut topology.endpoints {
        endpoint.link.latency = Latency::NONE;
    }
    topology
}

/// Waits until a message is there; for ever if it is lost, as on a connection that falls silent.
pub(crate) async fn arrival(delivery: Delivery) {
    match delivery.first {
        Some(at) => tokio::time::sleep(at.since(now())).await,
        None => std::future::pending().await,
    }
}

/// The time in the world, on any host.
pub(crate) fn now() -> Instant {
    instant(turmoil::sim_elapsed().unwrap_or_default())
}

/// The moment when the world is `elapsed` old.
pub(crate) fn instant(elapsed: Duration) -> Instant {
    Instant::ZERO.after(elapsed)
}

/// An answer, or what kept it away.
pub(crate) type Outcome = Result<Answer, plimsoll_core::escrow::Fault>;
