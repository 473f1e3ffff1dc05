//! What is counted and shown at `/metrics`, in the OpenMetrics text format.
//!
//! Events are counted as they happen (notices of the bank, requests); what merely stands (`standing`) is copied from the
//! bank's status when somebody looks. One registry a server, no global one, so that tests do not share theirs.

mod alerts;
mod label;
mod standing;
mod webhooks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::bank::{Notice, Status};
use plimsoll_core::escrow::ChainConfig;
use plimsoll_core::id::EndpointId;
use plimsoll_core::time::WallClock;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::live::Hub;
use super::recording::RecordingFigures;
use super::watch::Watch;
use crate::driver::Pulse;
use crate::recorder::{RecordingPulse, RecordingStatus};
use crate::webhook::Desk;
use alerts::AlertFigures;
use label::{
    AssetLabel, CordonLabel, EndpointLabel, LaneLabel, ReasonLabel, RequestLabel, RouteLabel, StageLabel,
    TransitionLabel,
};
use standing::Standing;
use webhooks::WebhookFigures;

/// Upper bounds of the time to credit, in seconds: fine where BSC finalizes, coarse up to the day of patience.
const CREDIT_SECONDS: [f64; 14] = [
    0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 15.0, 30.0, 60.0, 300.0, 3_600.0, 86_400.0,
];
/// Upper bounds of the time of a request, in seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

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
    lane_transitions: Family<LaneLabel, Counter>,
    requests: Family<RequestLabel, Counter>,
    request_seconds: Family<RouteLabel, Histogram>,
    standing: Standing,
    recording: Option<RecordingFigures>,
    watch: Option<(Arc<Watch>, AlertFigures)>,
    live: Arc<Hub>,
    listening: Gauge,
    desk: Option<(Desk, WebhookFigures)>,
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
            lane_transitions: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            standing: Standing::default(),
            recording: None,
            watch: None,
            live: Arc::default(),
            listening: Gauge::default(),
            desk: None,
        };
        metrics.register_events();
        metrics.standing.register(&mut metrics.registry);
        metrics
    }

    /// Shows the figures of a recording as well, if one is made.
    #[must_use]
    pub fn with_recording(mut self, status: Option<RecordingStatus>) -> Self {
        self.recording = status.map(|status| RecordingFigures::new(status, &mut self.registry));
        self
    }

    /// Shows what `watch` has raised as well.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<Watch>) -> Self {
        let figures = AlertFigures::new(&mut self.registry);
        self.watch = Some((watch, figures));
        self
    }

    /// Shows how many follow claims in `hub`, which routes then use.
    #[must_use]
    pub fn with_live(mut self, hub: Arc<Hub>) -> Self {
        self.live = hub;
        self
    }

    /// Shows how deliveries at `desk` stand as well, which routes then use.
    #[must_use]
    pub fn with_webhooks(mut self, desk: Desk) -> Self {
        let figures = WebhookFigures::new(&mut self.registry);
        self.desk = Some((desk, figures));
        self
    }

    /// Where deliveries are seen.
    pub(super) fn desk(&self) -> Desk {
        self.desk
            .as_ref()
            .map_or_else(Desk::none, |(desk, _)| desk.clone())
    }

    /// Where claims are followed.
    pub(super) fn live(&self) -> Arc<Hub> {
        Arc::clone(&self.live)
    }

    /// Who watches, if somebody does.
    pub(super) fn watch(&self) -> Option<Arc<Watch>> {
        self.watch.as_ref().map(|(watch, _)| Arc::clone(watch))
    }

    /// How the recording does, if one is made.
    pub(super) fn recording(&self) -> Option<RecordingPulse> {
        self.recording.as_ref().map(RecordingFigures::pulse)
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
        registry.register("claim_listeners", "Who follows a claim", self.listening.clone());
        registry.register(
            "lane_transitions",
            "Changes of the immediate lane to workers",
            self.lane_transitions.clone(),
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
            Notice::Refund { .. } => {} // how many are to be paid stands in the status
            Notice::Lane { from, to } => {
                let (from, to) = (from.code(), to.code());
                self.lane_transitions.get_or_create(&LaneLabel { from, to }).inc();
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
        self.recording.iter().for_each(RecordingFigures::refresh);
        if let Some((watch, figures)) = &self.watch {
            figures.refresh(watch);
        }
        if let Some((desk, figures)) = &self.desk {
            figures.refresh(desk);
        }
        self.listening
            .set(i64::try_from(self.live.listening()).unwrap_or(i64::MAX));
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
