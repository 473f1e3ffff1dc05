//! [`RemoteBank`]: a server that is told by HTTP what a worker found out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use plimsoll_core::escrow::{Pauses, Report, Taken};
use plimsoll_core::limits::ENDPOINTS_MAX;
use plimsoll_core::resilience::EndpointSet;
use plimsoll_core::worker::Answerless;
use serde::Deserialize;
use tokio::sync::watch;

use super::wire::{self, REPORT_BYTES_MAX};
use super::{Reporter, Reporting};
use crate::chain::{Connector, Dial, EndpointUrl};

/// Where reports are taken.
pub(crate) const ROUTE: &str = "/api/v1/escrow/reports";
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// How long an unused connection is kept: less than the usual 60 s after which servers close it.
const IDLE_TIME: Duration = Duration::from_secs(45);
/// The most connections that are kept open while nothing is told.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// What a server says that has this worker's reports for good: it is of no use to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("report to {server}: it answers {status}: {detail}")]
pub struct Refused {
    server: String,
    status: u16,
    detail: String,
}

/// A server, as its workers in other processes see it.
#[derive(Debug, Clone)]
pub struct RemoteBank<D> {
    http: Client<Connector<D>, Full<Bytes>>,
    to: Uri,
    server: String,
    token: HeaderValue,
    chains: u128,
    refused: Arc<watch::Sender<Option<Refused>>>,
}

/// What a server answers.
#[derive(Debug, Deserialize)]
struct Said {
    is_open: bool,
    is_chain_paused: bool,
    paused_endpoints: Vec<u8>,
}

/// What it answers otherwise.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

impl<D: Dial> RemoteBank<D> {
    /// The server at `url`, which is shown `token` and told by a worker whose chains have this digest
    /// ([`wire::digest_of`]). `None` when the token cannot be sent or the address has a query.
    #[must_use]
    pub fn new(url: &EndpointUrl, token: &str, chains: u128, dial: D) -> Option<Self> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        bearer.set_sensitive(true);
        let to = format!("{url}{}{ROUTE}", url.path()).parse().ok()?;
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(Connector(dial));
        Some(Self {
            http,
            to,
            server: url.to_string(),
            token: bearer,
            chains,
            refused: Arc::new(watch::Sender::new(None)),
        })
    }

    /// Resolves once the server has refused this worker for good.
    pub async fn refused(&self) -> Refused {
        let mut refused = self.refused.subscribe();
        let found = refused.wait_for(Option::is_some).await;
        let found = found.ok().and_then(|refused| refused.clone());
        match found {
            Some(refused) => refused,
            None => std::future::pending().await,
        }
    }

    async fn tell(&self, body: Bytes) -> Result<Taken, Answerless> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.to.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(AUTHORIZATION, self.token.clone());
        let response = self.http.request(request).await.map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(server = self.server, error, "no response to a report");
            Answerless
        })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await;
        let body = body.map_err(|_| Answerless)?.to_bytes();
        if status.is_success() {
            let said = serde_json::from_slice::<Said>(&body).map_err(|_| Answerless)?;
            return Ok(taken(&said));
        }
        let problem = serde_json::from_slice::<Problem>(&body).ok();
        let detail = problem.map_or_else(|| "no more was said".to_owned(), |problem| problem.detail);
        tracing::warn!(server = self.server, %status, detail, "a report was not taken");
        if is_final(status) {
            self.refused.send_replace(Some(Refused {
                server: self.server.clone(),
                status: status.as_u16(),
                detail,
            }));
        }
        Err(Answerless)
    }
}

fn taken(said: &Said) -> Taken {
    let mut endpoints = EndpointSet::EMPTY;
    let known = said.paused_endpoints.iter().copied();
    for endpoint in known.filter(|endpoint| usize::from(*endpoint) < ENDPOINTS_MAX) {
        endpoints.insert(endpoint);
    }
    Taken {
        is_open: said.is_open,
        pauses: Pauses {
            chain: said.is_chain_paused,
            endpoints,
        },
    }
}

/// Whether a later report will fare no better: the token is nobody's, or the configuration another.
fn is_final(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 404 | 409)
}

impl<D: Dial> Reporter for RemoteBank<D> {
    fn report(&self, report: Report, timeout: Duration) -> Reporting {
        let body = wire::encode(self.chains, &report);
        if body.len() > REPORT_BYTES_MAX {
            let job = report.job();
            tracing::warn!(chain = %job.chain, tx = %job.tx, bytes = body.len(), "a report is too large: the bank will verify this itself");
            return Box::pin(async { Err(Answerless) });
        }
        let bank = self.clone();
        Box::pin(async move {
            let told = tokio::time::timeout(timeout, bank.tell(Bytes::from(body))).await;
            told.unwrap_or(Err(Answerless))
        })
    }
}
