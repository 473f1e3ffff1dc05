//! [`Follow`]: one connection after the other, until the claim is settled.
//!
//! When to connect again is the core's backoff to say. A server that is alive sends something every 15 seconds; one that
//! is silent for longer is taken for gone.

use std::io;
use std::time::Duration;

use futures_util::StreamExt as _;
use plimsoll_core::id::ClaimId;
use plimsoll_core::resilience::{Backoff, BackoffPolicy, Jitter, Retry};
use plimsoll_core::rng::Rng;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::update::Update;
use crate::chain::{Dial, EndpointUrl};
use crate::clock::Clock;

/// How long making a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a server that is alive is silent at most.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// The largest message.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// How following ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// The claim is decided.
    Settled { is_credited: bool },
    /// The server will not have it.
    Refused { why: String },
    /// The server was out of reach for too long.
    GaveUp { why: String },
}

/// Why one connection ended.
enum Broken {
    /// It may be made again, not before the pause that the server asked for.
    Off { why: String, pause: Option<Duration> },
    /// It need not be tried again.
    Refused { why: String },
    /// Whoever listens to us has gone.
    Output(io::Error),
}

/// Follows one claim.
pub(super) struct Follow {
    url: EndpointUrl,
    claim: ClaimId,
    /// The state that was told last.
    told: Option<String>,
    backoff: Backoff,
    clock: Clock,
}

impl Follow {
    /// Follows `claim` at the server at `url`, and gives up when that is out of reach for `give_up`.
    pub(super) fn new(url: EndpointUrl, claim: ClaimId, give_up: Duration, seed: u64) -> Self {
        let policy = BackoffPolicy {
            initial: Duration::from_millis(500),
            factor: 2,
            cap: Duration::from_secs(15),
            jitter: Jitter::Equal,
            attempts_max: None,
            elapsed_max: Some(give_up),
        };
        Self {
            url,
            claim,
            told: None,
            backoff: Backoff::new(policy, Rng::from_seed(seed).fork("watch")),
            clock: Clock::start(),
        }
    }

    /// Follows to the end, and gives every change to `tell`.
    ///
    /// # Errors
    /// When `tell` fails.
    pub(super) async fn until_settled<D: Dial>(
        mut self,
        network: &D,
        mut tell: impl FnMut(&Update) -> io::Result<()>,
    ) -> io::Result<Ended> {
        loop {
            let (why, pause) = match self.once(network, &mut tell).await {
                Ok(is_credited) => return Ok(Ended::Settled { is_credited }),
                Err(Broken::Refused { why }) => return Ok(Ended::Refused { why }),
                Err(Broken::Output(error)) => return Err(error),
                Err(Broken::Off { why, pause }) => (why, pause),
            };
            match self.backoff.next(self.clock.now(), pause) {
                Retry::At(at) => {
                    let wait = at.since(self.clock.now());
                    tracing::warn!(url = %self.url, ?wait, "{why}: connecting again");
                    self.clock.sleep_until(at).await;
                }
                Retry::GiveUp(_) => return Ok(Ended::GaveUp { why }),
            }
        }
    }

    /// One connection: whether the claim was credited, if it is settled before that breaks.
    async fn once<D: Dial>(
        &mut self,
        network: &D,
        tell: &mut impl FnMut(&Update) -> io::Result<()>,
    ) -> Result<bool, Broken> {
        let connecting = tokio::time::timeout(CONNECT_MAX, self.connect(network));
        let mut socket = connecting
            .await
            .unwrap_or_else(|_| Err(off("no connection in time")))?;
        loop {
            let said = tokio::time::timeout(SILENCE_MAX, socket.next());
            let text = match said.await {
                Ok(Some(Ok(Message::Text(text)))) => text,
                // Pings are answered by the library, with the next reading.
                Ok(Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_),
                ))) => {
                    self.backoff.reset();
                    continue;
                }
                Ok(Some(Ok(Message::Close(frame)))) => {
                    let why = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                    return Err(off(&format!("the server said farewell ({why})")));
                }
                Ok(Some(Err(error))) => return Err(off(&format!("the connection broke ({error})"))),
                Ok(None) => return Err(off("the connection ended")),
                Err(_) => return Err(off("the server is silent")),
            };
            let update = Update::read(&text)
                .map_err(|error| refused(format!("it says what is no claim's status ({error})")))?;
            self.backoff.reset();
            self.told = Some(update.id().to_owned());
            tell(&update).map_err(Broken::Output)?;
            if let Some(is_credited) = update.verdict() {
                return Ok(is_credited);
            }
        }
    }

    async fn connect<D: Dial>(&self, network: &D) -> Result<WebSocketStream<D::Stream>, Broken> {
        let stream = network.dial(self.url.target()).await;
        let stream = stream.map_err(|error| off(&format!("no connection ({error})")))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        match client_async_with_config(self.address(), stream, Some(config)).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => Err(answered(&response)),
            Err(error) => Err(off(&format!("no WebSocket ({error})"))),
        }
    }

    /// The address of the socket, where to go on included.
    fn address(&self) -> String {
        let host = self.url.to_string();
        let host = host.strip_prefix("http").unwrap_or(&host);
        let after = self.told.as_ref().map(|id| format!("?after={id}"));
        format!(
            "ws{host}{}/api/v1/escrow/claims/{}/ws{}",
            self.url.path(),
            self.claim,
            after.unwrap_or_default()
        )
    }
}

fn off(why: &str) -> Broken {
    Broken::Off {
        why: why.to_owned(),
        pause: None,
    }
}

const fn refused(why: String) -> Broken {
    Broken::Refused { why }
}

/// What an answer means that is no WebSocket: a fault that may pass, or a word for good.
fn answered(response: &Response<Option<Vec<u8>>>) -> Broken {
    let status = response.status();
    let body = response.body().as_deref().unwrap_or_default();
    let detail = serde_json::from_slice::<serde_json::Value>(body).ok();
    let detail = detail.and_then(|problem| Some(problem.get("detail")?.as_str()?.to_owned()));
    let why = match detail {
        Some(detail) => format!("it answers {status}: {detail}"),
        None => format!("it answers {status}"),
    };
    if status.is_server_error() || status.as_u16() == 429 {
        let pause = response.headers().get("retry-after");
        let seconds = pause.and_then(|value| value.to_str().ok()?.parse().ok());
        return Broken::Off {
            why,
            pause: seconds.map(Duration::from_secs),
        };
    }
    refused(why)
}
