//! Writes the trace of a run. It only looks: with it and without it, a run is the same.
//!
//! Here are the frame of every line and what the scribe remembers to tie lines together. `people` writes what users
//! do, `wires` what travels, `bank` what the process does, `crew` what workers and queues do, `nature` what chain, store and
//! faults do; `said` puts what the bank hears and says into words, `facts` its records.

mod bank;
mod crew;
mod facts;
mod fault_words;
mod nature;
mod people;
mod said;
mod wires;

use std::collections::BTreeMap;
use std::io;

use plimsoll_core::digest::Digest;
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{TransactionId, UserId};
use plimsoll_core::queue::Lane;
use plimsoll_core::time::Instant;

use super::crew::Tenant;
use super::plan::Plan;
use super::{Stats, Verdict};
use crate::engine::Trace;
use crate::trace::{Body, End, Event, EventLine, Header, Ids, Node, VERSION};
use wires::Messages;

/// The names of the nodes that every world has.
const WORLD: &str = "world";
const USERS: &str = "users";
const BANK: &str = "bank";
const STORE: &str = "store";
const CHAIN: &str = "chain";

/// Where a trace goes.
pub struct Tracing {
    /// The file, or whatever takes the lines.
    pub out: Box<dyn io::Write>,
    /// What the header says of the program: version, profile, commit.
    pub build: String,
}

/// Writes the trace of one run.
pub(super) struct Scribe {
    trace: Trace,
    now: Instant,
    seq: u64,
    events: u64,
    /// The endpoints' names, in order.
    endpoints: Vec<String>,
    messages: Messages,
    /// What each question of the lives under way is about.
    calls: BTreeMap<(Tenant, u64), Option<String>>,
    crew: crew::Ledger,
    /// By request: which errand it serves.
    requests: BTreeMap<u64, u32>,
    errands: Vec<people::Errand>,
    /// The plan's number of each user whom the bank knows.
    users: BTreeMap<UserId, u32>,
    /// Who pays in each transaction of the ledger that a client made.
    payers: BTreeMap<TransactionId, String>,
    queues: bank::Queues,
    /// The last figures of each kind.
    figures: BTreeMap<String, BTreeMap<String, String>>,
    steps: u64,
    /// Whether a fault stops the process.
    is_stopped: bool,
}

impl Scribe {
    /// Begins the trace of a run of `plan` with `seed`.
    pub(super) fn new(tracing: Tracing, plan: &Plan, seed: u64) -> Self {
        let endpoints: Vec<String> = plan
            .topology
            .endpoints
            .iter()
            .map(|one| one.name.clone())
            .collect();
        let mut trace = Trace::to(tracing.out);
        trace.line(&Header {
            trace: VERSION,
            scenario: plan.name.clone(),
            seed,
            plan: format!("{:032x}", Digest::of(plan)),
            build: tracing.build,
            duration_ms: plan.duration_ms,
            nodes: nodes(plan),
        });
        Self {
            trace,
            now: Instant::ZERO,
            seq: 0,
            events: 0,
            endpoints,
            messages: Messages::default(),
            calls: BTreeMap::new(),
            crew: crew::Ledger::default(),
            requests: BTreeMap::new(),
            errands: Vec::new(),
            users: BTreeMap::new(),
            payers: BTreeMap::new(),
            queues: bank::Queues::default(),
            figures: BTreeMap::new(),
            steps: 0,
            is_stopped: false,
        }
    }

    /// What is written from here on belongs to event `seq` at `now`.
    pub(super) fn begin(&mut self, now: Instant, seq: u64) {
        self.leases_ran_out(now);
        self.now = now;
        self.seq = seq;
    }

    /// Ends the trace of a run that came to `verdict`.
    ///
    /// # Errors
    /// The first failure to write.
    pub(super) fn finish(mut self, verdict: &Verdict, digest: u128, stats: &Stats) -> io::Result<()> {
        let (end, oracle, invariant, detail) = match verdict {
            Verdict::Passed => ("passed", "", "", String::new()),
            Verdict::Safety(violation) => (
                "violation",
                violation.oracle,
                violation.invariant,
                violation.detail.clone(),
            ),
            Verdict::Liveness(left) => ("liveness", "", "everything_settles", left.join("; ")),
            Verdict::Crash { message } => ("crash", "", "no_panic", message.clone()),
        };
        self.trace.line(&End {
            end: end.to_owned(),
            oracle: oracle.to_owned(),
            invariant: invariant.to_owned(),
            detail,
            digest: format!("{digest:032x}"),
            events: self.events,
            t: u64::try_from(stats.simulated.as_nanos()).unwrap_or(u64::MAX),
        });
        self.trace.finish()
    }

    fn write(&mut self, (node, part): (&str, &str), ids: Ids, body: Body) {
        self.events += 1;
        let event = Event {
            at: self.now,
            seq: self.seq,
            node: node.to_owned(),
            part: part.to_owned(),
            ids,
            body,
        };
        self.trace.line(&EventLine::from(&event));
    }

    fn endpoint(&self, number: u8) -> String {
        let name = self.endpoints.get(usize::from(number));
        name.cloned().unwrap_or_else(|| format!("endpoint {number}"))
    }
}

/// The ids of what is about a transaction of the chain.
fn about(tx: &TxKey) -> Ids {
    Ids {
        tx: Some(tx.tx.to_string()),
        ..Ids::default()
    }
}

fn nodes(plan: &Plan) -> Vec<Node> {
    let node = |name: &str, about: &str| Node {
        name: name.to_owned(),
        about: about.to_owned(),
    };
    let fixed = [
        node(WORLD, "faults, and what oracles find"),
        node(USERS, "users and operators"),
        node(BANK, "the process under test"),
        node(STORE, "its journal"),
        node(CHAIN, "the chain"),
    ];
    let endpoint =
        |one: &super::plan::EndpointPlan| node(&one.name, &format!("endpoint of {}", one.provider));
    let endpoints = plan.topology.endpoints.iter().map(endpoint);
    let crew = plan.topology.workers.map_or_else(Vec::new, |workers| {
        let lanes = if workers.immediate {
            &[Lane::Immediate, Lane::Database][..]
        } else {
            &[Lane::Database]
        };
        let queue = |lane: &Lane| node(lane.code(), "a queue of jobs for workers");
        let worker = |number| node(&worker_name(number), "a worker of the bank");
        let queues = lanes.iter().map(queue);
        queues.chain((0..workers.count).map(worker)).collect()
    });
    fixed.into_iter().chain(crew).chain(endpoints).collect()
}

/// What people call a worker.
fn worker_name(number: u8) -> String {
    format!("worker-{}", number + 1)
}
