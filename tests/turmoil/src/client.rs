//! [`Client`]: somebody who repeats a request under one key until it is answered.
//!
//! Each first attempt of a write may be cut off by its client at a moment drawn from the seed: before the request
//! arrived, while it waits for a commit, or when the response is on its way.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use plimsoll_core::rng::Rng;
use serde_json::Value;
use tokio::task::JoinSet;
use turmoil::net::TcpStream;

use crate::bank::ADMIN_TOKEN;
use crate::run::BANK;
use crate::server::PORT;
use crate::stage::{Stage, arrival, now};

/// How long a client waits for an answer before it asks again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// The shortest and the longest pause before a client asks again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// The longest after which a client that will not hear the first answer goes away.
const IMPATIENCE_MAX: Duration = Duration::from_millis(60);

/// One client.
pub(crate) struct Client {
    /// Its number among those of the run.
    number: u32,
    stage: Rc<RefCell<Stage>>,
    rng: Rng,
}

/// What a client asks.
#[derive(Debug, Hash)]
pub(crate) struct Wish {
    method: Method,
    path: String,
    key: Option<String>,
    is_operators: bool,
    body: String,
}

impl Wish {
    /// A read.
    pub(crate) fn read(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            key: None,
            is_operators: false,
            body: String::new(),
        }
    }

    /// A write that `key` names.
    pub(crate) fn write(path: &str, key: String, body: &Value) -> Self {
        Self {
            key: Some(key),
            ..Self::decide(path, body)
        }
    }

    /// A decision, which refuses by itself to be taken twice.
    pub(crate) fn decide(path: &str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            body: body.to_string(),
            ..Self::read(path)
        }
    }

    /// Asked by an operator.
    pub(crate) fn of_operator(self) -> Self {
        Self {
            is_operators: true,
            ..self
        }
    }
}

/// What a client heard.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The HTTP status: never one that asks to come again.
    pub(crate) status: u16,
    is_replayed: bool,
    /// The body.
    pub(crate) body: Value,
}

impl Answered {
    /// The body of a success.
    pub(crate) fn accepted(self) -> Result<Value, String> {
        if self.is_accepted() {
            return Ok(self.body);
        }
        Err(format!("refused with {}: {}", self.status, self.body))
    }

    /// Whether what was asked is done.
    pub(crate) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Client {
    /// Client `number`, who draws from `rng`.
    pub(crate) fn new(number: u32, stage: &Rc<RefCell<Stage>>, rng: &Rng) -> Self {
        Self {
            number,
            stage: Rc::clone(stage),
            rng: rng.fork_indexed("client", number.into()),
        }
    }

    /// Another client, who draws apart from this one: the `nth` to follow it.
    pub(crate) fn follower(&self, nth: u32) -> Self {
        Self {
            number: self.number,
            stage: Rc::clone(&self.stage),
            rng: self.rng.fork_indexed("follower", nth.into()),
        }
    }

    /// Asks until there is an answer that is final.
    pub(crate) async fn ask(&mut self, wish: Wish) -> Result<Answered, String> {
        let ask = self.stage.borrow_mut().begin_ask();
        let is_impatient = wish.method == Method::POST && self.rng.chance(1, 2);
        let mut patience = if is_impatient {
            self.rng.duration(Duration::ZERO, IMPATIENCE_MAX)
        } else {
            ANSWER_TIMEOUT
        };
        loop {
            self.stage
                .borrow()
                .course
                .note(now(), "sends", &(self.number, &wish));
            let sent = tokio::time::timeout(patience, self.send(&wish)).await;
            if let Ok(Ok(answer)) = sent
                && let Some(answer) = self.heard(ask, answer)?
            {
                return Ok(answer);
            }
            patience = ANSWER_TIMEOUT;
            let (low, high) = PAUSE;
            tokio::time::sleep(self.rng.duration(low, high)).await;
        }
    }

    /// One attempt, as far as its messages get through.
    async fn send(&self, wish: &Wish) -> io::Result<Answered> {
        let request = self.stage.borrow_mut().wires.users.to_bank.send(now());
        let is_twice = request.second.is_some();
        arrival(request).await;
        let again = async {
            if is_twice {
                drop(exchange(wish).await);
            }
            pending::<Infallible>().await
        };
        let answer = tokio::select! {
            biased;
            answer = exchange(wish) => answer,
            never = again => match never {},
        };
        let reply = self.stage.borrow_mut().wires.users.from_bank.send(now());
        arrival(reply).await;
        answer
    }

    /// The answer, if it is final; `None` if the client must ask again.
    fn heard(&self, ask: u64, answer: Answered) -> Result<Option<Answered>, String> {
        let mut stage = self.stage.borrow_mut();
        let heard = (self.number, answer.status, answer.body.to_string());
        stage.course.note(now(), "hears", &heard);
        if matches!(answer.status, 0..=499) {
            stage.asks.remove(&ask);
        }
        stage.replayed += usize::from(answer.is_replayed);
        match answer.status {
            429 | 503 | 504 => Ok(None),
            500.. => Err(format!("{}: {}", answer.status, answer.body)),
            _ => Ok(Some(answer)),
        }
    }
}

/// One request on a connection of its own.
async fn exchange(wish: &Wish) -> io::Result<Answered> {
    let stream = TcpStream::connect((BANK, PORT)).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let mut carrying = JoinSet::new(); // it ends with the exchange, as the client's socket does
    carrying.spawn_local(connection);
    let request = Request::builder().method(&wish.method).uri(&wish.path);
    let mut request = request
        .header("host", BANK)
        .header("content-type", "application/json");
    if let Some(key) = &wish.key {
        request = request.header("idempotency-key", key);
    }
    if wish.is_operators {
        request = request.header("authorization", format!("Bearer {ADMIN_TOKEN}"));
    }
    let request = request
        .body(Full::new(Bytes::from(wish.body.clone())))
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let (status, is_replayed) = (
        response.status().as_u16(),
        response.headers().contains_key("idempotency-replayed"),
    );
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    Ok(Answered {
        status,
        is_replayed,
        body: serde_json::from_slice(&body)?,
    })
}
