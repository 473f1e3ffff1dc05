//! A proxy in front of a node that misbehaves on command: what stands between the product and one upstream.
//!
//! Each proxy is an endpoint of its own, so several of them make several upstreams of one chain. It reads whole
//! requests and forwards them, except where its [`Fault`] says otherwise. A fault holds until the next one is set,
//! and every request that met one is counted: a test that meant to meet a fault can tell that it did.

mod door;
pub(crate) mod lie;
mod weather;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::rng::Rng;
use serde_json::{Value, json};

pub(crate) use door::Door;
pub use lie::{Forgeries, Forgery, SCAN_BLOCKS_MAX};
pub use weather::blow;

use crate::evm::receipt::quantity;
use crate::http::Client;
use crate::process::pause;

/// The longest that [`Fault::Slow`] keeps an answer back: longer than the product waits for a fast endpoint.
const DELAY_MAX: Duration = Duration::from_millis(900);
/// The longest that [`Fault::Silent`] keeps a connection: longer than the product waits for any endpoint.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// What is wrong with an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Nothing.
    Clear,
    /// It answers after a random while.
    Slow,
    /// It resets the connection instead of answering.
    Reset,
    /// It answers 429 and wants to be left alone for a second.
    RateLimited,
    /// It answers 503.
    Failing,
    /// Its answers break off in the middle.
    Truncated,
    /// It takes the question and never answers.
    Silent,
    /// Trap E13: it stands still at the head that it had, and answers null and empty lists for what came later.
    Stale,
    /// Trap E15: it has no receipts yet, because it still indexes transactions.
    Indexing,
    /// It has no finalized block yet, because it was started a moment ago.
    Starting,
    /// It calls logs of more than [`SCAN_BLOCKS_MAX`] blocks too many.
    Narrow,
    /// It shows receipts and logs of payments that nobody made: see [`Forgeries`].
    Forging,
}

/// One endpoint. Dropping it closes it.
#[derive(Debug)]
pub struct Proxy {
    door: Door,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    node: Client,
    forgeries: Forgeries,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    fault: Fault,
    /// The node's head when the fault began.
    head: u64,
    rng: Rng,
    met: BTreeMap<Fault, u64>,
}

impl Proxy {
    /// A faultless endpoint of the node at `node`, which will show `forgeries` when it is told to forge.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(node: &str, forgeries: &Forgeries, rng: Rng) -> Self {
        let state = State {
            fault: Fault::Clear,
            head: 0,
            rng,
            met: BTreeMap::new(),
        };
        let inside = Arc::new(Inside {
            node: Client::new(node),
            forgeries: forgeries.clone(),
            state: Mutex::new(state),
        });
        let serving = Arc::clone(&inside);
        Self {
            door: Door::open(move |stream| serving.serve(stream)),
            inside,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// Makes it misbehave, or behave, from the next request on.
    ///
    /// # Panics
    /// When the node is gone.
    pub fn set(&self, fault: Fault) {
        let head = self.inside.head().expect("the node tells its height");
        let mut state = self.inside.lock();
        state.fault = fault;
        state.head = head;
    }

    /// How many requests met each fault, [`Fault::Clear`] included.
    #[must_use]
    pub fn met(&self) -> BTreeMap<Fault, u64> {
        self.inside.lock().met.clone()
    }
}

impl Inside {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(body) = wire::read_request(&mut reader)? {
            let calls = serde_json::from_slice(&body)?;
            let (fault, head) = self.meet();
            match fault {
                Fault::Clear => wire::respond(&mut stream, &self.ask(&calls)?)?,
                Fault::Slow => {
                    pause(self.delay());
                    wire::respond(&mut stream, &self.ask(&calls)?)?;
                }
                Fault::Reset => return wire::reset(&stream),
                Fault::RateLimited => {
                    wire::refuse(&mut stream, "429 Too Many Requests", "retry-after: 1\r\n")?
                }
                Fault::Failing => wire::refuse(&mut stream, "503 Service Unavailable", "")?,
                Fault::Truncated => return wire::respond_by_half(&mut stream, &self.ask(&calls)?),
                Fault::Silent => return self.keep_silent(),
                Fault::Stale => wire::respond(&mut stream, &self.ask_stale(calls, head)?)?,
                Fault::Indexing => {
                    wire::respond(&mut stream, &lie::without_receipts(&calls, self.ask(&calls)?))?;
                }
                Fault::Starting => {
                    wire::respond(&mut stream, &lie::without_finality(&calls, self.ask(&calls)?))?;
                }
                Fault::Narrow => {
                    wire::respond(
                        &mut stream,
                        &lie::without_wide_scans(&calls, self.ask(&calls)?, SCAN_BLOCKS_MAX),
                    )?;
                }
                Fault::Forging => {
                    wire::respond(&mut stream, &self.forgeries.added_to(self.ask(&calls)?, &calls))?;
                }
            }
        }
        Ok(())
    }

    /// The fault that a request meets.
    fn meet(&self) -> (Fault, u64) {
        let mut state = self.lock();
        let fault = state.fault;
        *state.met.entry(fault).or_default() += 1;
        (fault, state.head)
    }

    fn delay(&self) -> Duration {
        self.lock().rng.duration(Duration::ZERO, DELAY_MAX)
    }

    fn keep_silent(&self) -> io::Result<()> {
        let began = Instant::now();
        while self.lock().fault == Fault::Silent && began.elapsed() < SILENCE_MAX {
            pause(Duration::from_millis(20));
        }
        Ok(())
    }

    fn ask_stale(&self, mut calls: Value, head: u64) -> io::Result<Value> {
        lie::ask_for_the_past(&mut calls, head, head.saturating_sub(lie::FINALITY_BLOCKS));
        let answers = self.ask(&calls)?;
        Ok(lie::without_what_came_after(answers, head))
    }

    fn ask(&self, calls: &Value) -> io::Result<Value> {
        let answer = self.node.post("", &[], calls);
        answer.map(|answer| answer.body).map_err(io::Error::other)
    }

    fn head(&self) -> io::Result<u64> {
        let question = json!({ "jsonrpc": "2.0", "id": 0, "method": "eth_blockNumber", "params": [] });
        Ok(quantity(&self.ask(&question)?["result"]))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
