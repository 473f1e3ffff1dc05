//! One call: a signed body to a receiver, and what it answers.
//!
//! No redirect is followed: what a receiver's name points to is what the operator configured. Of the answer only the status
//! and `Retry-After` matter; of the body a little is read, so that the connection can be used again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use plimsoll_core::webhook::{Kind, Outcome};

use super::WebhookConfig;
use super::signature::{SIGNATURE, sign};
use crate::chain::{Connector, Dial, retry_after};
use crate::clock::Clock;

/// How much of an answer's body is read.
const BODY_BYTES_MAX: usize = 16 << 10;
/// How long an unused connection is kept: less than the usual 60 s after which servers close it.
const IDLE_TIME: Duration = Duration::from_secs(45);
const AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));
/// The header that carries the event's kind.
const KIND: HeaderName = HeaderName::from_static("plimsoll-event");

/// Calls receivers.
#[derive(Debug, Clone)]
pub(super) struct Poster<D> {
    http: Client<Connector<D>, Full<Bytes>>,
    receivers: Arc<[WebhookConfig]>,
    clock: Clock,
}

impl<D: Dial> Poster<D> {
    /// One that connects by `dial`.
    pub(super) fn new(receivers: Arc<[WebhookConfig]>, dial: D, clock: Clock) -> Self {
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(1)
            .build(Connector(dial));
        Self {
            http,
            receivers,
            clock,
        }
    }

    /// The clocks that it goes by.
    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// Whom it calls.
    pub(super) fn receivers(&self) -> &[WebhookConfig] {
        &self.receivers
    }

    /// Calls the receiver at `index` once with `body`; everything must fit in `timeout`.
    ///
    /// # Panics
    /// When there is no such receiver.
    pub(super) async fn post(&self, index: usize, kind: Kind, body: String, timeout: Duration) -> Outcome {
        let Some(receiver) = self.receivers.get(index) else {
            unreachable!("receiver {index} was called and is not configured")
        };
        let call = self.call(receiver, kind, Bytes::from(body));
        tokio::time::timeout(timeout, call)
            .await
            .unwrap_or(Outcome::TimedOut)
    }

    async fn call(&self, receiver: &WebhookConfig, kind: Kind, body: Bytes) -> Outcome {
        let secrets = receiver.secrets.iter().map(super::Secret::expose);
        let signature = sign(secrets, self.clock.wall(), &body);
        let Ok(signature) = HeaderValue::from_str(&signature) else {
            unreachable!("a signature is digits and letters")
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = receiver.url.uri().clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(KIND, HeaderValue::from_static(kind.code()));
        headers.insert(SIGNATURE, signature);
        let response = match self.http.request(request).await {
            Ok(response) => response,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(receiver = receiver.name, url = %receiver.url, error, "no response");
                return Outcome::Unreachable;
            }
        };
        let status = response.status();
        let pause = response.headers().get(RETRY_AFTER);
        let pause = pause.and_then(|value| retry_after(value.to_str().ok()?, self.clock.wall()));
        // What it says is nothing to us.
        drop(Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await);
        if status.is_success() {
            Outcome::Delivered {
                status: status.as_u16(),
            }
        } else {
            Outcome::Refused {
                status: status.as_u16(),
                retry_after: pause,
            }
        }
    }
}
