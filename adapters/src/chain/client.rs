//! The client: one question, one endpoint, one answer or fault, in bounded time and space. An EVM endpoint is asked in one
//! batch, a Solana endpoint call by call.
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
use plimsoll_core::id::{EndpointId, Family};

use super::connect::Connector;
use super::dial::Dial;
use super::envelope::malformed;
use super::solana::{Step, Talk};
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

/// Puts questions to the endpoints of a configuration.
#[derive(Debug, Clone)]
pub struct RpcClient<D> {
    http: Client<Connector<D>, Full<Bytes>>,
    endpoints: Arc<BTreeMap<EndpointId, EndpointUrl>>,
    clock: Clock,
}

impl<D: Dial> RpcClient<D> {
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
        let exchange = async {
            match endpoint.chain.family() {
                Family::Evm => self.batch(url, question).await,
                Family::Solana => self.talk(url, question).await,
            }
        };
        match tokio::time::timeout(timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Fault::Timeout),
        }
    }

    /// Asks an EVM endpoint.
    async fn batch(&self, url: &EndpointUrl, question: &Question) -> Result<Answer, Fault> {
        let too_large = match question {
            // It is an answer of too many logs.
            Question::Scan { .. } => Fault::TooLarge,
            Question::Identity { .. }
            | Question::Heads
            | Question::Attested
            | Question::Receipt { .. }
            | Question::Balances { .. } => TOO_LARGE,
        };
        let (status, body) = self.post(url, question::render(question), too_large).await?;
        said(status, answer::parse(question, &body))
    }

    /// Asks a Solana endpoint, call by call.
    async fn talk(&self, url: &EndpointUrl, question: &Question) -> Result<Answer, Fault> {
        let mut talk = Talk::about(question);
        loop {
            let (status, body) = self.post(url, talk.request(), TOO_LARGE).await?;
            match said(status, talk.take(&body))? {
                Step::Next(next) => talk = next,
                Step::Done(answer) => return Ok(answer),
            }
        }
    }

    /// Sends one request: the status and the body of the response, unless the status says all there is to say.
    async fn post(&self, url: &EndpointUrl, body: Vec<u8>, too_large: Fault) -> Result<(u16, Bytes), Fault> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
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
        let body = read(response.into_body(), too_large).await?;
        Ok((status, body))
    }

    fn retry_after(&self, response: &Response<Incoming>) -> Option<Duration> {
        let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        http::retry_after(value, self.clock.wall())
    }
}

impl<D: Dial> Asker for RpcClient<D> {
    async fn ask(
        &self,
        endpoint: EndpointId,
        question: Question,
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        self.ask(endpoint, &question, timeout).await
    }
}

/// What an answer with this status says: an error page says less than its status.
fn said<T>(status: u16, parsed: Result<T, Fault>) -> Result<T, Fault> {
    match parsed {
        Err(Fault::Malformed { .. }) if status != 200 => Err(malformed("an HTTP status other than 200")),
        parsed => parsed,
    }
}

/// The whole body.
async fn read(body: Incoming, too_large: Fault) -> Result<Bytes, Fault> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large),
        Err(_) => Err(malformed("a body that is cut short")),
    }
}

/// The fault of a body that no question explains.
const TOO_LARGE: Fault = malformed("a body that is too large");

#[cfg(test)]
mod tests;
