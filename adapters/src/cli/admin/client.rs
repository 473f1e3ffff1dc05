//! One request, and its answer.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::Request;
use crate::chain::{Dial, EndpointUrl, TlsError};

/// How long making a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long an answer may take: longer than a server lets a request take.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// The largest answer.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Why something was not done, or is not known to be; the text completes "failed to …".
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    /// The system has no entropy to give.
    #[error("draw a key from the system")]
    Key(#[source] getrandom::Error),
    /// There is nothing to show.
    #[error("find a token: set PLIMSOLL_TOKEN, or name a file with --token-file")]
    TokenMissing,
    /// The file cannot be read.
    #[error("read the token from {}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was found is no token.
    #[error("read a token: it must be one line of visible ASCII characters")]
    TokenMalformed,
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server is out of reach.
    #[error("reach the server at {url}: {why}")]
    Connect {
        /// Where it should be.
        url: EndpointUrl,
        /// What stood in the way.
        why: String,
    },
    /// The server will not have it.
    #[error("have it done: the server answers {status}: {detail}")]
    Refused {
        /// The status, with the code of the problem.
        status: String,
        /// What is wrong, and what to do about it.
        detail: String,
    },
    /// It was sent, and nobody knows what became of it.
    #[error("learn whether it was done: {why}; repeat it with --key {key}, and it is done once")]
    Unknown {
        /// What happened instead of an answer.
        why: String,
        /// The key that it was sent with.
        key: String,
    },
}

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// Its body.
    pub(super) body: Value,
}

/// Whoever asks.
pub(super) struct Client {
    pub(super) url: EndpointUrl,
    pub(super) token: String,
    pub(super) key: String,
}

impl Client {
    /// Sends `request` and waits for the answer.
    ///
    /// # Errors
    /// [`AdminError`]: what the server, or the way to it, said instead.
    pub(super) async fn send<D: Dial>(self, network: &D, request: &Request) -> Result<Answer, AdminError> {
        let connecting = tokio::time::timeout(CONNECT_MAX, network.dial(self.url.target()));
        let stream = match connecting.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.unreachable(&error.to_string())),
            Err(_) => return Err(self.unreachable("no connection in time")),
        };
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error.to_string()))?;
        let exchange = async {
            let answer = sender.send_request(self.written(request)).await?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((parts.status, body.to_bytes()))
        };
        let answered = async {
            let connection = std::pin::pin!(connection);
            let exchange = std::pin::pin!(exchange);
            match futures_util::future::select(exchange, connection).await {
                futures_util::future::Either::Left((answered, _)) => answered,
                futures_util::future::Either::Right((ended, exchange)) => {
                    ended?;
                    exchange.await
                }
            }
        };
        match tokio::time::timeout(ANSWER_MAX, answered).await {
            Ok(Ok((status, bytes))) => self.read(status, &bytes),
            Ok(Err(error)) => Err(self.unknown(format!("the connection broke ({error})"))),
            Err(_) => Err(self.unknown("no answer came in time".to_owned())),
        }
    }

    fn written(&self, request: &Request) -> hyper::Request<Full<Bytes>> {
        let path = format!("{}{}", self.url.path().trim_end_matches('/'), request.path);
        let body = request.body.as_ref().map(Value::to_string).unwrap_or_default();
        let target = self.url.target();
        let written = hyper::Request::builder()
            .method(request.method)
            .uri(path)
            .header("host", format!("{}:{}", target.host, target.port))
            .header("authorization", format!("Bearer {}", self.token))
            .header("idempotency-key", &self.key)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)));
        written.unwrap_or_else(|error| unreachable!("{request:?} is no request: {error}"))
    }

    fn read(&self, status: hyper::StatusCode, bytes: &[u8]) -> Result<Answer, AdminError> {
        let body = serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(Answer { body });
        }
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        if text("code") == Some("timeout") {
            return Err(self.unknown("the server ran out of time".to_owned()));
        }
        Err(AdminError::Refused {
            status: format!("{} ({})", status.as_u16(), text("code").unwrap_or("no code")),
            detail: text("detail").unwrap_or("no detail").to_owned(),
        })
    }

    fn unreachable(&self, why: &str) -> AdminError {
        AdminError::Connect {
            url: self.url.clone(),
            why: why.to_owned(),
        }
    }

    fn unknown(&self, why: String) -> AdminError {
        AdminError::Unknown {
            why,
            key: self.key.clone(),
        }
    }
}
