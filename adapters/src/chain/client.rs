//! The client: one question, one batch, one endpoint, one answer or fault, in bounded time and space.
//!
//! It decides nothing: no retry, no choice of endpoint, no caching. Connections are kept alive between questions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::EndpointId;

use super::connect::Connector;
use super::dial::Dial;
use super::envelope::malformed;
use super::url::EndpointUrl;
use super::{answer, http, question};
use crate::clock::Clock;
use crate::driver::Asker;

/// The most bytes of a response that are read: the logs of a whole scan fit, a flood does not.
pub const BODY_BYTES_MAX: usize = 32 << 20;
/// The most connections to one endpoint that are kept open while nothing is asked.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// How long an unused connection is kept: less than the usual 60 s after which servers close it.
const IDLE_TIME: Duration = Duration::from_secs(45);

/// Puts questions to the EVM endpoints of a configuration.
#[derive(Debug, Clone)]
pub struct EvmClient<D> {
    http: Client<Connector<D>, Full<Bytes>>,
    endpoints: Arc<BTreeMap<EndpointId, EndpointUrl>>,
    clock: Clock,
}

impl<D: Dial> EvmClient<D> {
    /// A client of `endpoints`, connecting by `dial`.
    #[must_use]
    pub fn new(endpoints: BTreeMap<EndpointId, EndpointUrl>, dial: D, clock: Clock) -> Self {
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(Connector(dial));
        Self {
            http,
            endpoints: Arc::new(endpoints),
            clock,
        }
    }

    /// Asks `endpoint` once; everything from the connection to the last byte must fit in `timeout`.
    ///
    /// # Errors
    /// The [`Fault`] that kept the answer away.
    ///
    /// # Panics
    /// When `endpoint` is not of this configuration.
    pub async fn ask(
        &self,
        endpoint: EndpointId,
        question: &Question,
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        let Some(url) = self.endpoints.get(&endpoint) else {
            unreachable!("endpoint {endpoint} was asked and is not configured")
        };
        match tokio::time::timeout(timeout, self.exchange(url, question)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Fault::Timeout),
        }
    }

    async fn exchange(&self, url: &EndpointUrl, question: &Question) -> Result<Answer, Fault> {
        let mut request = Request::new(Full::new(Bytes::from(question::render(question))));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.uri().clone();
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.http.request(request).await.map_err(|error| {
            tracing::debug!(%url, error = &error as &dyn std::error::Error, "no response");
            Fault::Connection
        })?;
        let status = response.status().as_u16();
        if let Some(fault) = http::fault(status, self.retry_after(&response)) {
            return Err(fault);
        }
        let body = read(response.into_body(), question).await?;
        match answer::parse(question, &body) {
            // An error page says less than its status.
            Err(Fault::Malformed { .. }) if status != 200 => Err(malformed("an HTTP status other than 200")),
            parsed => parsed,
        }
    }

    fn retry_after(&self, response: &Response<Incoming>) -> Option<Duration> {
        let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        http::retry_after(value, self.clock.wall())
    }
}

impl<D: Dial> Asker for EvmClient<D> {
    async fn ask(
        &self,
        endpoint: EndpointId,
        question: Question,
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        self.ask(endpoint, &question, timeout).await
    }
}

/// The whole body. One that is too large is an answer of too many logs, if logs were asked for.
async fn read(body: Incoming, question: &Question) -> Result<Bytes, Fault> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(match question {
            Question::Scan { .. } => Fault::TooLarge,
            Question::Identity { .. } | Question::Heads | Question::Receipt { .. } => {
                malformed("a body that is too large")
            }
        }),
        Err(_) => Err(malformed("a body that is cut short")),
    }
}

#[cfg(test)]
mod tests;
