//! What is counted and shown at `/metrics`, in the OpenMetrics text format.
//!
//! Events are counted as they happen (notices of the bank, requests); what merely stands is copied from the bank's
//! status when somebody looks. One registry a server, no global one, so that tests do not share theirs.

use std::fmt;
use std::time::Duration;

use plimsoll_core::bank::{ChainStatus, EndpointStatus, Notice, Status};
use plimsoll_core::escrow::ChainConfig;
use plimsoll_core::id::EndpointId;
use plimsoll_core::resilience::BreakerState;
use plimsoll_core::time::WallClock;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::driver::Pulse;

/// Upper bounds of the time to credit, in seconds: fine where BSC finalizes, coarse up to the day of patience.
const CREDIT_SECONDS: [f64; 14] = [
    0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 15.0, 30.0, 60.0, 300.0, 3_600.0, 86_400.0,
];
/// Upper bounds of the time of a request, in seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];
/// Every state of a breaker: the one it is in shows 1, the others 0.
const BREAKER_STATES: [BreakerState; 5] = [
    BreakerState::Closed,
    BreakerState::Open,
    BreakerState::HalfOpen,
    BreakerState::ForcedOpen,
    BreakerState::Disabled,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AssetLabel {
    asset: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChainLabel {
    chain: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabel {
    chain: String,
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointStateLabel {
    chain: String,
    endpoint: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CordonLabel {
    chain: String,
    endpoint: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransitionLabel {
    chain: String,
    endpoint: String,
    from: &'static str,
    to: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    chains: Vec<ChainConfig>,
    stages: Family<StageLabel, Counter>,
    credited: Family<AssetLabel, Counter>,
    time_to_credit: Histogram,
    disagreements: Family<EndpointLabel, Counter>,
    dead_letters: Family<ReasonLabel, Counter>,
    cordons: Family<CordonLabel, Counter>,
    breaker_transitions: Family<TransitionLabel, Counter>,
    requests: Family<RequestLabel, Counter>,
    request_seconds: Family<RouteLabel, Histogram>,
    standing: Standing,
}

/// What is copied from the status and the pulse.
#[derive(Default)]
struct Standing {
    watched: Family<StageLabel, Gauge>,
    users: Gauge,
    transactions: Gauge,
    oldest_open_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    endpoint_up: Family<EndpointLabel, Gauge>,
    endpoint_latency: Family<EndpointLabel, Gauge<f64, std::sync::atomic::AtomicU64>>,
    endpoint_latest: Family<EndpointLabel, Gauge>,
    endpoint_finalized: Family<EndpointLabel, Gauge>,
    breaker_state: Family<EndpointStateLabel, Gauge>,
    chain_finalized: Family<ChainLabel, Gauge>,
    chain_scanned: Family<ChainLabel, Gauge>,
    journal_position: Gauge,
    journal_uncommitted: Gauge,
    journal_up: Gauge,
    commit_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    heartbeat_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Counters of a server that takes deposits on `chains`, all at zero.
    #[must_use]
    pub fn new(chains: Vec<ChainConfig>) -> Self {
        let seconds = || Histogram::new(REQUEST_SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("plimsoll"),
            chains,
            stages: Family::default(),
            credited: Family::default(),
            time_to_credit: Histogram::new(CREDIT_SECONDS),
            disagreements: Family::default(),
            dead_letters: Family::default(),
            cordons: Family::default(),
            breaker_transitions: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            standing: Standing::default(),
        };
        metrics.register_events();
        metrics.standing.register(&mut metrics.registry);
        metrics
    }

    fn register_events(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What runs", build);
        registry.register(
            "deposits",
            "Watched transactions that came to a stage",
            self.stages.clone(),
        );
        registry.register("credited", "Deposits posted", self.credited.clone());
        let help = "From the moment a transaction was first named to its posting";
        registry.register_with_unit("time_to_credit", help, Unit::Seconds, self.time_to_credit.clone());
        let help = "Endpoints outvoted by two others that agree";
        registry.register("endpoint_disagreements", help, self.disagreements.clone());
        registry.register(
            "dead_letters",
            "Transactions that need a person, by why",
            self.dead_letters.clone(),
        );
        registry.register(
            "endpoint_cordons",
            "Endpoints shut out, by why",
            self.cordons.clone(),
        );
        registry.register(
            "breaker_transitions",
            "Breakers that changed state",
            self.breaker_transitions.clone(),
        );
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let help = "Time to answer a request";
        registry.register_with_unit(
            "http_request_duration",
            help,
            Unit::Seconds,
            self.request_seconds.clone(),
        );
    }

    /// Counts what the bank tells.
    pub fn observe(&self, notice: &Notice) {
        match notice {
            Notice::Stage { stage, .. } => {
                self.stages
                    .get_or_create(&StageLabel {
                        stage: (*stage).to_owned(),
                    })
                    .inc();
            }
            Notice::Credited { booked, took, .. } => {
                self.credited
                    .get_or_create(&AssetLabel {
                        asset: booked.deposit.asset.to_string(),
                    })
                    .inc();
                self.time_to_credit.observe(took.as_secs_f64());
            }
            Notice::Disagreement { endpoint } => {
                self.disagreements.get_or_create(&self.endpoint(*endpoint)).inc();
            }
            Notice::Cordoned { endpoint, reason } => {
                let EndpointLabel { chain, endpoint } = self.endpoint(*endpoint);
                self.cordons
                    .get_or_create(&CordonLabel {
                        chain,
                        endpoint,
                        reason: reason.code(),
                    })
                    .inc();
            }
            Notice::DeadLettered { reason, .. } => {
                self.dead_letters
                    .get_or_create(&ReasonLabel {
                        reason: reason.code(),
                    })
                    .inc();
            }
            Notice::Breaker { endpoint, from, to } => {
                let EndpointLabel { chain, endpoint } = self.endpoint(*endpoint);
                let label = TransitionLabel {
                    chain,
                    endpoint,
                    from: from.code(),
                    to: to.code(),
                };
                self.breaker_transitions.get_or_create(&label).inc();
            }
        }
    }

    /// Counts a request that was answered.
    pub(super) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let label = RequestLabel {
            method: method.to_owned(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&label).inc();
        self.request_seconds
            .get_or_create(&RouteLabel {
                route: route.to_owned(),
            })
            .observe(took.as_secs_f64());
    }

    /// Everything as text, with what stands at `now` according to `status`, if it could be had, and the driver.
    pub(super) fn render(
        &self,
        now: WallClock,
        status: Option<&Status>,
        pulse: &Pulse,
        heartbeat_age: Duration,
    ) -> String {
        self.standing.take_pulse(pulse, heartbeat_age);
        if let Some(status) = status {
            self.standing.take_status(now, status);
        }
        let mut output = String::new();
        if text::encode(&mut output, &self.registry).is_err() {
            unreachable!("writing to a string failed");
        }
        output
    }

    fn endpoint(&self, id: EndpointId) -> EndpointLabel {
        let chain = self.chains.iter().find(|chain| chain.id == id.chain);
        let endpoint = chain.and_then(|chain| chain.endpoints.get(usize::from(id.index)));
        let name = endpoint.map_or_else(|| id.index.to_string(), |endpoint| endpoint.name.clone());
        EndpointLabel {
            chain: id.chain.to_string(),
            endpoint: name,
        }
    }
}

impl EndpointLabel {
    fn in_state(self, state: &'static str) -> EndpointStateLabel {
        EndpointStateLabel {
            chain: self.chain,
            endpoint: self.endpoint,
            state,
        }
    }
}

impl Standing {
    fn register(&self, registry: &mut Registry) {
        registry.register("watched", "Transactions on chain by stage", self.watched.clone());
        registry.register("users", "Users", self.users.clone());
        registry.register(
            "transactions",
            "Ledger transactions posted or refused",
            self.transactions.clone(),
        );
        let help = "Age of the oldest transaction on chain that is not settled";
        registry.register_with_unit(
            "oldest_open",
            help,
            Unit::Seconds,
            self.oldest_open_seconds.clone(),
        );
        registry.register(
            "endpoint_up",
            "1 if the endpoint may be asked",
            self.endpoint_up.clone(),
        );
        let help = "Usual time of the endpoint to answer";
        registry.register_with_unit(
            "endpoint_latency",
            help,
            Unit::Seconds,
            self.endpoint_latency.clone(),
        );
        registry.register(
            "endpoint_latest_height",
            "Its latest block",
            self.endpoint_latest.clone(),
        );
        registry.register(
            "endpoint_finalized_height",
            "Its finalized block",
            self.endpoint_finalized.clone(),
        );
        registry.register(
            "breaker_state",
            "1 for the state of the breaker",
            self.breaker_state.clone(),
        );
        let help = "Block that two independent endpoints have finalized";
        registry.register("chain_finalized_height", help, self.chain_finalized.clone());
        registry.register(
            "chain_scanned_height",
            "Last block scanned",
            self.chain_scanned.clone(),
        );
        registry.register(
            "journal_position",
            "Records committed",
            self.journal_position.clone(),
        );
        registry.register(
            "journal_uncommitted",
            "Records that wait for a commit",
            self.journal_uncommitted.clone(),
        );
        registry.register(
            "journal_up",
            "1 if the journal takes what it is given",
            self.journal_up.clone(),
        );
        registry.register_with_unit(
            "journal_commit",
            "The last commit",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        let help = "Since the driver's loop went round last";
        registry.register_with_unit(
            "driver_heartbeat_age",
            help,
            Unit::Seconds,
            self.heartbeat_seconds.clone(),
        );
    }

    fn take_pulse(&self, pulse: &Pulse, heartbeat_age: Duration) {
        self.journal_position.set(clamped(pulse.committed));
        self.journal_uncommitted.set(clamped(pulse.uncommitted));
        self.journal_up.set(i64::from(!pulse.is_journal_failing));
        self.commit_seconds.set(pulse.commit_latency.as_secs_f64());
        self.heartbeat_seconds.set(heartbeat_age.as_secs_f64());
    }

    fn take_status(&self, now: WallClock, status: &Status) {
        for (stage, count) in &status.stages {
            self.watched
                .get_or_create(&StageLabel {
                    stage: (*stage).to_owned(),
                })
                .set(clamped(*count as u64));
        }
        self.users.set(clamped(status.users as u64));
        self.transactions.set(clamped(status.transactions));
        self.oldest_open_seconds.set(
            status
                .oldest_open
                .map_or(0.0, |since| now.since(since).as_secs_f64()),
        );
        status.chains.iter().for_each(|chain| self.take_chain(chain));
    }

    fn take_chain(&self, status: &ChainStatus) {
        let chain = status.chain.to_string();
        let label = ChainLabel { chain: chain.clone() };
        if let Some(finalized) = status.finalized {
            self.chain_finalized.get_or_create(&label).set(clamped(finalized));
        }
        if let Some(scanned) = status.scanned {
            self.chain_scanned.get_or_create(&label).set(clamped(scanned));
        }
        for endpoint in &status.endpoints {
            self.take_endpoint(
                &EndpointLabel {
                    chain: chain.clone(),
                    endpoint: endpoint.name.clone(),
                },
                endpoint,
            );
        }
    }

    fn take_endpoint(&self, label: &EndpointLabel, status: &EndpointStatus) {
        self.endpoint_up
            .get_or_create(label)
            .set(i64::from(is_up(status)));
        if let Some(latency) = status.latency {
            self.endpoint_latency
                .get_or_create(label)
                .set(latency.as_secs_f64());
        }
        if let Some((latest, finalized)) = status.heights {
            self.endpoint_latest.get_or_create(label).set(clamped(latest));
            self.endpoint_finalized
                .get_or_create(label)
                .set(clamped(finalized));
        }
        for state in BREAKER_STATES {
            let is_in = i64::from(state == status.breaker);
            self.breaker_state
                .get_or_create(&label.clone().in_state(state.code()))
                .set(is_in);
        }
    }
}

/// Whether an endpoint may be asked: it proved to be what it should be, and nothing shuts it out.
pub(super) fn is_up(endpoint: &EndpointStatus) -> bool {
    let lets_through = match endpoint.breaker {
        BreakerState::Closed | BreakerState::HalfOpen | BreakerState::Disabled => true,
        BreakerState::Open | BreakerState::ForcedOpen => false,
    };
    endpoint.verified && endpoint.cordon.is_none() && lets_through
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
