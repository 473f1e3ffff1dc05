//! How the escrow stands, for operators: which level it is at and why, every chain and endpoint with what is ordered about
//! it, and its figures.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use plimsoll_core::bank::{ChainStatus, EndpointStatus};
use plimsoll_core::escrow::Backfill;
use plimsoll_core::resilience::{BreakerOrder, CordonReason, Hedges};
use plimsoll_core::time::WallClock;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Code, Problem};
use super::watch::Raised;
use super::{Api, date};

/// How the escrow stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EscrowHealth {
    /// `healthy`, `warning`, `degraded` or `critical`; left out where no monitor looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "healthy")]
    level: Option<&'static str>,
    /// What is wrong, the worst first.
    alerts: Vec<AlertBody>,
    /// Whether nothing new is taken in, by order.
    draining: bool,
    /// The chains.
    chains: Vec<ChainBody>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlertBody {
    /// What.
    #[schema(example = "endpoints_down on eip155:56")]
    alert: String,
    /// How bad that is.
    level: &'static str,
    /// For how many seconds it has been so.
    seconds: u64,
    /// What to do.
    advice: String,
}

/// A chain.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChainBody {
    /// Its CAIP-2 name.
    #[schema(example = "eip155:56")]
    chain: String,
    /// Whether nobody is asked about it, by order.
    paused: bool,
    /// The last block scanned; on Solana the last slot up to which all token accounts were looked at.
    scanned: Option<u64>,
    /// The height that two independent upstreams have finalized.
    finalized: Option<u64>,
    /// How the scanner catches up, while it is far behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    backfill: Option<BackfillBody>,
    /// Its endpoints, in the order of the configuration.
    endpoints: Vec<EndpointBody>,
}

/// How the scanner catches up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackfillBody {
    /// The last block that was read when it began.
    from: u64,
    /// The last block read.
    at: u64,
    /// The block up to which there is something to read.
    target: u64,
    /// How many blocks, or slots, are read in a second.
    blocks_per_second: u64,
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndpointBody {
    /// Its name.
    #[schema(example = "bnb-1")]
    endpoint: String,
    /// Who runs it.
    provider: String,
    /// Whether it may be asked.
    up: bool,
    /// Whether it is not to be asked, by order.
    paused: bool,
    /// The state of its breaker.
    #[schema(example = "closed")]
    breaker: &'static str,
    /// What its breaker was ordered, if it does not decide by itself: `force_open` or `disable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'static str>,
    /// Whether it proved to serve the chain.
    verified: bool,
    /// Why it is shut out, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    cordon: Option<&'static str>,
    /// Its usual time to answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// Its latest height.
    latest: Option<u64>,
    /// Its finalized height.
    finalized: Option<u64>,
    /// Whether it is rested, because it fails far more often than the others.
    ejected: bool,
    /// Whether it tells receipts: `unknown`, `served` or `refused`.
    #[schema(example = "served")]
    receipts: &'static str,
    /// Whether it searches logs: `unknown`, `served` or `refused`.
    #[schema(example = "served")]
    logs: &'static str,
    /// The lowest block whose logs it holds, as far as is known; left out while it has forgotten none, and on Solana.
    #[serde(skip_serializing_if = "Option::is_none")]
    history_from: Option<u64>,
}

/// Figures of the escrow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EscrowMetrics {
    /// How many users there are.
    users: usize,
    /// How many ledger transactions were posted or refused.
    transactions: u64,
    /// How many transactions on chain are in each stage.
    stages: BTreeMap<&'static str, usize>,
    /// How many of them are not settled.
    open: usize,
    /// For how many seconds the oldest of these has been named.
    oldest_open_seconds: Option<u64>,
    /// How many dead letters there are.
    dead_letters: usize,
    /// For how many seconds the oldest has been one.
    oldest_dead_letter_seconds: Option<u64>,
    /// How many refunds operators are to pay.
    refunds_pending: usize,
    /// For how many seconds the oldest has been asked for.
    oldest_refund_seconds: Option<u64>,
    /// How many questions were put to a second endpoint, too, since the process started, because the first was slow.
    hedges: u64,
    /// How many of them the second one answered first.
    hedges_won: u64,
    /// How many records the journal holds.
    journal_position: u64,
    /// Whether the journal does not take what it is given.
    journal_failing: bool,
    /// When this was so.
    at: String,
}

fn silent() -> Problem {
    Problem::new(
        Code::Unavailable,
        "the bank did not answer in time: it is overloaded, or the journal is failing",
    )
}

/// How the escrow stands, chain by chain and endpoint by endpoint, with what is ordered about each.
#[utoipa::path(
    get, path = "/api/v1/escrow/health", tag = "operators", operation_id = "getEscrowHealth",
    responses((status = 200, body = EscrowHealth), (status = "default", body = Problem))
)]
pub(super) async fn health(State(api): State<Api>) -> Result<Json<EscrowHealth>, Problem> {
    let status = api.status().await.ok_or_else(silent)?;
    let watch = api.metrics.watch();
    let alert = |raised: Raised| AlertBody {
        alert: raised.alert.to_string(),
        level: raised.alert.level().code(),
        seconds: raised.lasts.as_secs(),
        advice: raised.alert.advice().to_owned(),
    };
    Ok(Json(EscrowHealth {
        level: watch.as_ref().map(|watch| watch.level().code()),
        alerts: watch.iter().flat_map(|watch| watch.raised()).map(alert).collect(),
        draining: status.is_draining,
        chains: status.chains.iter().map(chain).collect(),
    }))
}

/// Figures of the escrow, as JSON; `/metrics` has them and more for machines that collect them.
#[utoipa::path(
    get, path = "/api/v1/escrow/metrics", tag = "operators", operation_id = "getEscrowMetrics",
    responses((status = 200, body = EscrowMetrics), (status = "default", body = Problem))
)]
pub(super) async fn metrics(State(api): State<Api>) -> Result<Json<EscrowMetrics>, Problem> {
    let status = api.status().await.ok_or_else(silent)?;
    let (now, pulse) = (api.clock.wall(), api.bank.pulse());
    let age = |since: Option<WallClock>| since.map(|since| now.since(since).as_secs());
    let endpoints = status.chains.iter().flat_map(|chain| &chain.endpoints);
    let hedges = endpoints
        .map(|one| one.hedges)
        .fold(Hedges::default(), Hedges::plus);
    Ok(Json(EscrowMetrics {
        users: status.users,
        transactions: status.transactions,
        stages: status.stages.iter().copied().collect(),
        open: status.open,
        oldest_open_seconds: age(status.oldest_open),
        dead_letters: status.dead_letters,
        oldest_dead_letter_seconds: age(status.oldest_dead_letter),
        refunds_pending: status.refunds_pending,
        oldest_refund_seconds: age(status.oldest_refund),
        hedges: hedges.sent,
        hedges_won: hedges.won,
        journal_position: pulse.committed,
        journal_failing: pulse.is_journal_failing,
        at: date::write(now),
    }))
}

fn chain(status: &ChainStatus) -> ChainBody {
    ChainBody {
        chain: status.chain.to_string(),
        paused: status.is_paused,
        scanned: status.scanned,
        finalized: status.finalized,
        backfill: status.backfill.map(backfill),
        endpoints: status.endpoints.iter().map(endpoint).collect(),
    }
}

fn backfill(status: Backfill) -> BackfillBody {
    let Backfill {
        from,
        at,
        target,
        blocks_per_second,
    } = status;
    BackfillBody {
        from,
        at,
        target,
        blocks_per_second,
    }
}

fn endpoint(status: &EndpointStatus) -> EndpointBody {
    let order = status.orders.breaker.map(|order| match order {
        BreakerOrder::ForceOpen => "force_open",
        BreakerOrder::Disable => "disable",
        BreakerOrder::Reset => "reset",
    });
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    EndpointBody {
        endpoint: status.name.clone(),
        provider: status.provider.clone(),
        up: status.is_up(),
        paused: status.orders.is_paused,
        breaker: status.breaker.code(),
        order,
        verified: status.verified,
        cordon: status.cordon.map(CordonReason::code),
        latency_ms: status.latency.map(millis),
        latest: status.heights.map(|(latest, _)| latest),
        finalized: status.heights.map(|(_, finalized)| finalized),
        ejected: status.is_ejected,
        receipts: status.abilities.receipts.code(),
        logs: status.abilities.logs.code(),
        history_from: status.abilities.history_from,
    }
}
