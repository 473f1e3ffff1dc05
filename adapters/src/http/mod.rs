//! The HTTP surface: decodes requests into commands and queries of the bank, and encodes its replies.
//!
//! It decides nothing. What is malformed is refused here, because the core knows no JSON; everything else is the
//! bank's to say, and each of its refusals has a stable code. `openapi` describes the routes, `access` says who may use
//! which, `problem` the errors, `limit` what is borne of whom, `live` follows claims, `health` and `metrics` are how the
//! service is.

mod access;
mod acts;
mod assets;
mod bank_service;
mod body;
mod claim_body;
mod claims;
mod date;
mod dead_letters;
mod field;
mod health;
mod idempotency;
mod limit;
mod live;
mod metrics;
mod openapi;
mod operator;
mod problem;
mod reconciliation;
mod recording;
mod refunds;
mod refusal;
mod reports;
mod server;
mod snapshot;
mod standing;
mod suspense;
mod transactions;
mod users;
mod watch;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use plimsoll_core::escrow::ChainConfig;
use plimsoll_core::id::{AssetId, ChainId};
use plimsoll_core::money::{Amount, Registry};
use tokio::sync::Semaphore;
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

pub use access::UnlistedRoutes;
pub use bank_service::{BankService, Replying};
pub use date::write as write_date;
pub use live::Hub;
pub use metrics::Metrics;
pub use problem::{Code, Problem};
pub use server::serve;
pub use watch::{Raised, Watch};

pub(crate) use body::Body;
pub(crate) use date::read as read_date;
pub(crate) use field::{address, amount_of_scale};

use crate::clock::Clock;
use crate::config::{AccessToken, ApiConfig};
use crate::webhook::Desk;
use crate::worker::wire::REPORT_BYTES_MAX;
use limit::RateLimiter;
use snapshot::Snapshot;

/// What every handler shares.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// The parts of [`Api`].
pub struct Shared {
    bank: Arc<dyn BankService>,
    registry: Registry,
    chains: Vec<ChainConfig>,
    tokens: Vec<AccessToken>,
    metrics: Arc<Metrics>,
    clock: Clock,
    limiter: RateLimiter,
    in_flight: Semaphore,
    request_timeout: Duration,
    body_bytes_max: usize,
    draining: AtomicBool,
    snapshot: Snapshot,
    live: Arc<Hub>,
    desk: Desk,
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Api {
    /// The surface of `bank`, which holds the assets of `registry` and takes deposits on `chains`.
    #[must_use]
    pub fn new(
        bank: Arc<dyn BankService>,
        registry: Registry,
        chains: Vec<ChainConfig>,
        metrics: Arc<Metrics>,
        clock: Clock,
        config: &ApiConfig,
    ) -> Self {
        let (live, desk) = (metrics.live(), metrics.desk());
        Self(Arc::new(Shared {
            bank,
            registry,
            chains,
            tokens: config.tokens.clone(),
            metrics,
            clock,
            limiter: RateLimiter::new(config.rate),
            in_flight: Semaphore::new(config.in_flight_max),
            request_timeout: config.request_timeout,
            body_bytes_max: config.body_bytes_max,
            draining: AtomicBool::new(false),
            snapshot: Snapshot::default(),
            live,
            desk,
        }))
    }

    /// `amount` of `asset` as people write it. The scale of an asset that was journalled is in the registry: the
    /// bank does not open without it.
    fn amount(&self, asset: AssetId, amount: Amount) -> String {
        let Some(registered) = self.registry.asset(asset) else {
            unreachable!("the bank holds {asset}, which is not registered")
        };
        amount.display(registered.scale).to_string()
    }

    /// How long ago the driver's loop went round last.
    fn heartbeat_age(&self) -> Duration {
        self.clock.now().since(self.bank.pulse().at)
    }

    fn endpoint_name(&self, chain: ChainId, index: u8) -> String {
        let chain = self.chains.iter().find(|one| one.id == chain);
        let endpoint = chain.and_then(|chain| chain.endpoints.get(usize::from(index)));
        // Evidence outlives the configuration that it was gathered under.
        endpoint.map_or_else(|| format!("endpoint-{index}"), |endpoint| endpoint.name.clone())
    }
}

/// Every route, with its document. `extra` are routes that only some servers have.
///
/// # Errors
/// [`UnlistedRoutes`]: nothing says who may use some of them.
pub fn router(api: &Api, extra: OpenApiRouter<Api>) -> Result<Router, UnlistedRoutes> {
    let (router, mut document) = documented().merge(extra).split_for_parts();
    access::describe(&mut document)?;
    let router = router
        .merge(SwaggerUi::new("/api-docs").url("/api-docs/openapi.json", document))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(api.body_bytes_max))
        .layer(middleware::from_fn_with_state(api.clone(), access::guard))
        .layer(middleware::from_fn_with_state(api.clone(), limit::load))
        .layer(middleware::from_fn_with_state(api.clone(), limit::rate))
        .layer(middleware::from_fn_with_state(api.clone(), count))
        .with_state(api.clone());
    Ok(router)
}

fn documented() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(users::register))
        .routes(routes!(users::show))
        .routes(routes!(users::balances))
        .routes(routes!(claims::file))
        .routes(routes!(claims::show))
        .routes(routes!(live::events))
        .routes(routes!(live::socket))
        .routes(routes!(reports::take).layer(DefaultBodyLimit::max(REPORT_BYTES_MAX)))
        .routes(routes!(transactions::create))
        .routes(routes!(transactions::show))
        .routes(routes!(assets::list))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::groups))
        .routes(routes!(dead_letters::show))
        .routes(routes!(dead_letters::resolve))
        .routes(routes!(dead_letters::dry_run))
        .routes(routes!(dead_letters::replay, dead_letters::last_replay))
        .routes(routes!(dead_letters::cancel_replay))
        .routes(routes!(acts::process))
        .routes(routes!(acts::sweep))
        .routes(routes!(acts::pause_chain))
        .routes(routes!(acts::resume_chain))
        .routes(routes!(acts::pause_endpoint))
        .routes(routes!(acts::resume_endpoint))
        .routes(routes!(acts::force_open))
        .routes(routes!(acts::disable))
        .routes(routes!(acts::reset))
        .routes(routes!(acts::drain))
        .routes(routes!(acts::undrain))
        .routes(routes!(standing::health))
        .routes(routes!(standing::metrics))
        .routes(routes!(acts::reconcile, reconciliation::show))
        .routes(routes!(suspense::list))
        .routes(routes!(suspense::attribute))
        .routes(routes!(acts::request_refund, refunds::list))
        .routes(routes!(acts::settle_refund))
        .routes(routes!(acts::withdraw_refund))
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::live))
        .routes(routes!(health::metrics))
}

async fn no_route(request: Request) -> Problem {
    let detail = format!("{} is not a route here: see /api-docs", request.uri().path());
    Problem::new(Code::RouteUnknown, detail)
}

async fn no_method(request: Request) -> Problem {
    let detail = format!(
        "{} has no method {}: see /api-docs",
        request.uri().path(),
        request.method()
    );
    Problem::new(Code::MethodNotAllowed, detail)
}

/// Counts each request, by its route and not by its path, so that what clients send makes no series of its own.
async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let started = api.clock.now();
    let method = request.method().as_str().to_owned();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("unknown", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    api.metrics.answered(
        &method,
        &route,
        response.status().as_u16(),
        api.clock.now().since(started),
    );
    response
}

#[cfg(test)]
mod tests;
