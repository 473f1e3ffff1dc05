//! The probes: is the process alive, can it do its work, and how is everything.
//!
//! Liveness looks at the driver's loop and at nothing outside, so that a failing database or upstream never makes
//! an orchestrator restart what would heal by waiting. Readiness needs a journal that takes what it is given and,
//! on each chain, as many independent upstreams as a credit does. Bodies follow draft-inadarei-api-health-check-06.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use plimsoll_core::bank::{ChainStatus, Status};
use plimsoll_core::monitor::Level;
use serde::Serialize;
use utoipa::ToSchema;

use super::watch::{Raised, Watch};
use super::{Api, date};
use crate::driver::Pulse;
use crate::recorder::RecordingPulse;

/// A driver whose loop has not gone round for so long hangs. It ticks at least each second when nothing happens.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(10);
/// How many independent upstreams a credit needs.
const PROVIDERS_MIN: usize = 2;
/// The media type of the bodies.
const HEALTH_JSON: &str = "application/health+json";
/// The media type of the metrics.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// The worst of the checks that decide.
    status: Verdict,
    /// The version that runs.
    version: &'static str,
    /// What stands in the way, if something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    /// The checks, by component and measurement.
    checks: BTreeMap<String, Vec<Check>>,
}

/// One measurement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    /// What is measured, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    component_id: Option<String>,
    /// What was seen.
    observed_value: u64,
    /// Its unit.
    observed_unit: &'static str,
    /// Whether that is good.
    status: Verdict,
    /// When it was seen.
    time: String,
    /// What is wrong, if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

/// Whether something is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It is.
    Pass,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// Everything at once, for people.
#[utoipa::path(
    get, path = "/health", tag = "health", operation_id = "getHealth",
    responses((status = 200, body = Health, content_type = HEALTH_JSON), (status = 503, body = Health, content_type = HEALTH_JSON))
)]
pub(super) async fn health(State(api): State<Api>) -> Response {
    let status = api.status().await;
    let time = date::write(api.clock.wall());
    let pulse = api.bank.pulse();
    let mut checks = vec![heartbeat(api.heartbeat_age(), &time), drain(&api, &time)];
    checks.extend(readiness(&pulse, status.as_deref(), &time));
    if let Some(status) = &status {
        checks.extend(status.chains.iter().flat_map(|chain| endpoints(chain, &time)));
        checks.push(oldest_open(&api, status, &time));
        checks.push(oldest_dead_letter(&api, status, &time));
    }
    checks.extend(
        api.metrics
            .watch()
            .map(|watch| alerts(&watch, &time))
            .into_iter()
            .flatten(),
    );
    checks.extend(api.metrics.recording().map(|pulse| recording(&pulse, &time)));
    respond(checks)
}

/// Whether the driver's loop goes round. Restart the process when it does not.
#[utoipa::path(
    get, path = "/health/live", tag = "health", operation_id = "getLiveness",
    responses((status = 200, body = Health, content_type = HEALTH_JSON), (status = 503, body = Health, content_type = HEALTH_JSON))
)]
pub(super) async fn live(State(api): State<Api>) -> Response {
    let time = date::write(api.clock.wall());
    respond(vec![heartbeat(api.heartbeat_age(), &time)])
}

/// Whether requests can be served and deposits credited. Send no traffic when not.
#[utoipa::path(
    get, path = "/health/ready", tag = "health", operation_id = "getReadiness",
    responses((status = 200, body = Health, content_type = HEALTH_JSON), (status = 503, body = Health, content_type = HEALTH_JSON))
)]
pub(super) async fn ready(State(api): State<Api>) -> Response {
    let status = api.status().await;
    let time = date::write(api.clock.wall());
    let mut checks = vec![drain(&api, &time)];
    checks.extend(readiness(&api.bank.pulse(), status.as_deref(), &time));
    respond(checks)
}

/// Counters and figures, in the OpenMetrics text format.
#[utoipa::path(
    get, path = "/metrics", tag = "health", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    let status = api.status().await;
    let text = api.metrics.render(
        api.clock.wall(),
        status.as_deref(),
        &api.bank.pulse(),
        api.heartbeat_age(),
    );
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS))],
        text,
    )
        .into_response()
}

type Named = (String, Check);

fn check(name: impl Into<String>, (value, unit): (u64, &'static str), time: &str) -> Named {
    let check = Check {
        component_id: None,
        observed_value: value,
        observed_unit: unit,
        status: Verdict::Pass,
        time: time.to_owned(),
        output: None,
    };
    (name.into(), check)
}

/// The check, with another verdict unless `holds`.
fn unless((name, check): Named, holds: bool, status: Verdict, output: impl Into<String>) -> Named {
    if holds {
        (name, check)
    } else {
        (
            name,
            Check {
                status,
                output: Some(output.into()),
                ..check
            },
        )
    }
}

fn heartbeat(age: Duration, time: &str) -> Named {
    let check = check("driver:heartbeat", (millis(age), "ms"), time);
    unless(
        check,
        age <= HEARTBEAT_AGE_MAX,
        Verdict::Fail,
        "the driver's loop does not go round: restart the process",
    )
}

fn drain(api: &Api, time: &str) -> Named {
    let draining = api.draining.load(std::sync::atomic::Ordering::Relaxed);
    let check = check("server:draining", (u64::from(draining), "boolean"), time);
    unless(check, !draining, Verdict::Fail, "the server is shutting down")
}

fn readiness(pulse: &Pulse, status: Option<&Status>, time: &str) -> Vec<Named> {
    let journal = check("journal:uncommitted", (pulse.uncommitted, "records"), time);
    let failing = "the journal does not take what it is given; it is tried again until it does";
    let answer = check("bank:status", (u64::from(status.is_some()), "boolean"), time);
    let silent = "the bank did not answer in time: it is overloaded, or the journal is failing";
    let mut checks = vec![
        unless(journal, !pulse.is_journal_failing, Verdict::Fail, failing),
        unless(answer, status.is_some(), Verdict::Fail, silent),
    ];
    checks.extend(
        status
            .into_iter()
            .flat_map(|status| &status.chains)
            .map(|chain| upstreams(chain, time)),
    );
    checks
}

/// Two endpoints of one provider are one voice, and a credit needs two.
fn upstreams(chain: &ChainStatus, time: &str) -> Named {
    let providers: BTreeSet<_> = chain
        .endpoints
        .iter()
        .filter(|one| one.is_up())
        .map(|one| &one.provider)
        .collect();
    let check = check(
        format!("chain:{}:upstreams", chain.chain),
        (providers.len() as u64, "providers"),
        time,
    );
    let few = format!(
        "nothing can be credited on {}: a credit needs {PROVIDERS_MIN} independent upstreams",
        chain.chain
    );
    unless(check, providers.len() >= PROVIDERS_MIN, Verdict::Fail, few)
}

fn endpoints(chain: &ChainStatus, time: &str) -> Vec<Named> {
    let name = format!("chain:{}:endpoint", chain.chain);
    let endpoint = |endpoint: &plimsoll_core::bank::EndpointStatus| {
        let (name, one) = check(
            name.clone(),
            (millis(endpoint.latency.unwrap_or_default()), "ms"),
            time,
        );
        let one = Check {
            component_id: Some(endpoint.name.clone()),
            ..one
        };
        let cordon = endpoint
            .cordon
            .map_or("none", plimsoll_core::resilience::CordonReason::code);
        let why = format!(
            "verified: {}, breaker: {}, cordon: {cordon}",
            endpoint.verified,
            endpoint.breaker.code()
        );
        unless((name, one), endpoint.is_up(), Verdict::Warn, why)
    };
    chain.endpoints.iter().map(endpoint).collect()
}

fn oldest_open(api: &Api, status: &Status, time: &str) -> Named {
    let age = status
        .oldest_open
        .map_or(Duration::ZERO, |since| api.clock.wall().since(since));
    check("escrow:oldest_open", (age.as_secs(), "s"), time)
}

/// That there are dead letters is a warning; that one is too old, the monitor raises.
fn oldest_dead_letter(api: &Api, status: &Status, time: &str) -> Named {
    let age = status
        .oldest_dead_letter
        .map_or(Duration::ZERO, |since| api.clock.wall().since(since));
    let check = check("escrow:oldest_dead_letter", (age.as_secs(), "s"), time);
    let dead = status.dead_letters;
    unless(
        check,
        dead == 0,
        Verdict::Warn,
        format!("{dead} transactions are dead letters: a person must look"),
    )
}

/// What the monitor has raised. What is critical fails the whole; readiness has checks of its own.
fn alerts(watch: &Watch, time: &str) -> Vec<Named> {
    let named = |raised: Raised| {
        let check = check(
            format!("alert:{}", raised.alert),
            (raised.lasts.as_secs(), "s"),
            time,
        );
        let status = match raised.alert.level() {
            Level::Healthy => Verdict::Pass,
            Level::Warning | Level::Degraded => Verdict::Warn,
            Level::Critical => Verdict::Fail,
        };
        unless(check, false, status, raised.alert.advice())
    };
    watch.raised().into_iter().map(named).collect()
}

/// A recording never stands in the way of the service, and somebody should know when it is not whole.
fn recording(pulse: &RecordingPulse, time: &str) -> Named {
    let check = check("recorder:lost", (pulse.lost, "inputs"), time);
    let why = if pulse.has_failed {
        "the recording failed and has ended: see the log, free some space and restart to record again"
    } else {
        "the recording has gaps: its disk does not keep up"
    };
    unless(check, pulse.lost == 0 && !pulse.has_failed, Verdict::Warn, why)
}

fn respond(checks: Vec<Named>) -> Response {
    let worst = checks
        .iter()
        .map(|(_, check)| check.status)
        .max()
        .unwrap_or(Verdict::Pass);
    let failed = checks
        .iter()
        .find(|(_, check)| check.status == worst && worst > Verdict::Pass);
    let output = failed.and_then(|(_, check)| check.output.clone());
    let mut by_name: BTreeMap<String, Vec<Check>> = BTreeMap::new();
    for (name, check) in checks {
        by_name.entry(name).or_default().push(check);
    }
    let code = if worst == Verdict::Fail {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let body = Health {
        status: worst,
        version: env!("CARGO_PKG_VERSION"),
        output,
        checks: by_name,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(HEALTH_JSON)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (code, headers, Json(body)).into_response()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
