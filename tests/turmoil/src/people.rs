//! People: HTTP clients who repeat a request under one key until it is answered.
//!
//! Each first attempt of a write may be cut off by its client at a moment drawn from the seed: before the request
//! arrived, while it waits for a commit, or when the response is on its way.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::Payee;
use plimsoll_sim::world::plan::{Deed, Plan};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use turmoil::net::TcpStream;

use crate::run::BANK;
use crate::server::PORT;
use crate::stage::{Stage, now};

/// How long a client waits for an answer before it asks again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// The shortest and the longest pause before a client asks again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// The longest after which a client that will not hear the first answer goes away.
const IMPATIENCE_MAX: Duration = Duration::from_millis(60);
/// How often people look whether there is anything to see.
const LOOK: Duration = Duration::from_millis(100);

/// A claim that a user will file.
#[derive(Debug, Clone)]
struct Filing {
    at: Instant,
    key: String,
    tx: TxHash,
}

/// Everybody does what the plan says, and looks at the balance when everything is settled.
pub(crate) async fn live(stage: Rc<RefCell<Stage>>, plan: Plan, rng: Rng) -> turmoil::Result {
    let mut everybody = JoinSet::new();
    for number in 0..plan.topology.users {
        let filings = filings(&plan, &stage.borrow(), number);
        let arrives = Duration::from_millis(
            plan.topology.register_ms * u64::from(number) / u64::from(plan.topology.users),
        );
        let person = Person {
            number,
            chain: ChainId::new(plan.topology.chain.id),
            stage: Rc::clone(&stage),
            rng: rng.fork_indexed("person", number.into()),
        };
        everybody.spawn_local(person.live(Instant::ZERO.after(arrives), filings));
    }
    while let Some(lived) = everybody.join_next().await {
        lived??;
    }
    Ok(())
}

/// What user `number` claims, in order of time.
fn filings(plan: &Plan, stage: &Stage, number: u32) -> Vec<Filing> {
    let mut filings = Vec::new();
    for ((deed, tx), place) in plan.workload.iter().zip(&stage.transactions).zip(0u32..) {
        let Deed::Deposit { claims, .. } = deed else {
            unreachable!("a plan of anything else is refused")
        };
        for (claim, nth) in claims
            .iter()
            .zip(0u32..)
            .filter(|(claim, _)| claim.user == number)
        {
            filings.push(Filing {
                at: Instant::ZERO.after(Duration::from_millis(claim.at_ms)),
                key: claim
                    .key
                    .map_or_else(|| format!("claim-{place}-{nth}"), |key| format!("shared-{key}")),
                tx: stage.chain.hash_of(*tx),
            });
        }
    }
    filings.sort_by_key(|filing| filing.at);
    filings
}

/// One user.
struct Person {
    number: u32,
    chain: ChainId,
    stage: Rc<RefCell<Stage>>,
    rng: Rng,
}

impl Person {
    async fn live(mut self, arrives: Instant, filings: Vec<Filing>) -> Result<(), String> {
        sleep_until(arrives).await;
        let me = json!({"name": format!("user {}", self.number)});
        let registered = self
            .write("/api/v1/users", &format!("user-{}", self.number), &me)
            .await?;
        let id = registered["id"].as_str().unwrap_or_default().to_owned();
        let address = &registered["deposit_addresses"][0]["address"];
        let account = Payee {
            user: id.parse().map_err(|_| format!("a user called {id}"))?,
            address: address
                .as_str()
                .and_then(|text| text.parse().ok())
                .ok_or("no address")?,
        };
        self.stage.borrow_mut().accounts.insert(self.number, account);
        for filing in filings {
            sleep_until(filing.at).await;
            let (chain, tx) = (self.chain.to_string(), filing.tx.to_string());
            let claim = json!({"user": id, "chain": chain, "tx": tx});
            self.write("/api/v1/escrow/claims", &filing.key, &claim).await?;
            self.stage.borrow_mut().claims += 1;
        }
        while !self.stage.borrow().is_settled {
            tokio::time::sleep(LOOK).await;
        }
        let balances = self.read(&format!("/api/v1/users/{id}/balances")).await?;
        let list = balances["balances"].as_array().ok_or("no balances")?;
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let each = |entry| {
            (
                text(entry, "asset"),
                text(entry, "available"),
                text(entry, "locked"),
            )
        };
        let told = list.iter().map(each).collect();
        self.stage.borrow_mut().told.insert(self.number, told);
        Ok(())
    }

    /// Repeats a write under `key` until it is answered.
    async fn write(&mut self, path: &str, key: &str, body: &Value) -> Result<Value, String> {
        let mut patience = if self.rng.chance(1, 2) {
            self.rng.duration(Duration::ZERO, IMPATIENCE_MAX)
        } else {
            ANSWER_TIMEOUT
        };
        loop {
            self.note("sends", path, key);
            let sent = exchange(Method::POST, path, Some(key), body.to_string());
            if let Ok(Ok(answer)) = tokio::time::timeout(patience, sent).await
                && let Some(body) = self.heard(answer, path)?
            {
                return Ok(body);
            }
            patience = ANSWER_TIMEOUT;
            self.rest().await;
        }
    }

    async fn read(&mut self, path: &str) -> Result<Value, String> {
        loop {
            self.note("sends", path, "");
            let sent = exchange(Method::GET, path, None, String::new());
            if let Ok(Ok(answer)) = tokio::time::timeout(ANSWER_TIMEOUT, sent).await
                && let Some(body) = self.heard(answer, path)?
            {
                return Ok(body);
            }
            self.rest().await;
        }
    }

    /// The body of a final answer; `None` if the client must ask again.
    fn heard(&self, answer: Answered, path: &str) -> Result<Option<Value>, String> {
        let (status, is_replayed) = (answer.status.as_u16(), answer.is_replayed);
        let heard = (status, is_replayed, answer.body.to_string());
        self.stage
            .borrow()
            .course
            .note(now(), "hears", &(self.number, heard));
        if is_replayed {
            self.stage.borrow_mut().replayed += 1;
        }
        match status {
            200..=299 => Ok(Some(answer.body)),
            429 | 503 | 504 => Ok(None),
            status => Err(format!("{path}: {status}: {}", answer.body)),
        }
    }

    fn note(&self, what: &str, path: &str, key: &str) {
        let sent = (self.number, path, key);
        self.stage.borrow().course.note(now(), what, &sent);
    }

    async fn rest(&mut self) {
        let (low, high) = PAUSE;
        tokio::time::sleep(self.rng.duration(low, high)).await;
    }
}

/// What a client heard.
struct Answered {
    status: StatusCode,
    is_replayed: bool,
    body: Value,
}

/// One request on a connection of its own.
async fn exchange(method: Method, path: &str, key: Option<&str>, body: String) -> io::Result<Answered> {
    let stream = TcpStream::connect((BANK, PORT)).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let mut carrying = JoinSet::new(); // it ends with the exchange, as the client's socket does
    carrying.spawn_local(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", BANK);
    request = request.header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status();
    let is_replayed = response.headers().contains_key("idempotency-replayed");
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

async fn sleep_until(at: Instant) {
    tokio::time::sleep(at.since(now())).await;
}
