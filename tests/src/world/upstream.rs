//! [`Upstream`]: an endpoint of the plan: a proxy before the node that reacts as the simulator's model of an endpoint does.
//!
//! It shows the node's chain up to the block that it has reached, and calls final what the plan's chain does. A dead one dies
//! in one of three ways: it resets the connection before it reads the question, closes it after that, or breaks off in the
//! middle of the answer.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_core::id::Address;
use plimsoll_core::rng::Rng;
use plimsoll_sim::fault::{EndpointFault, Lie};
use plimsoll_sim::world::plan::EndpointPlan;
use serde_json::{Value, json};

use super::stage::Stage;
use super::untruth::{Talk, Victim};
use crate::evm::receipt::quantity;
use crate::http::Client;
use crate::process::pause;
use crate::proxy::{Door, lie, wire};

/// How long a silent one keeps a connection: longer than the product waits for any endpoint.
const SILENCE: Duration = Duration::from_secs(10);
/// What go-ethereum says while it indexes.
const NOT_READY: (i64, &str) = (-32_000, "transaction indexing is in progress");
/// What go-ethereum says of a method that is switched off.
const NO_LOGS: (i64, &str) = (-32_601, "the method eth_getLogs does not exist/is not available");
/// What go-ethereum says of what it has pruned (EIP-4444).
const PRUNED: (i64, &str) = (4_444, "pruned history unavailable");

/// One endpoint. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Upstream {
    door: Door,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    number: u8,
    lag_blocks: u64,
    scan_blocks_max: Option<u64>,
    refuses_logs: bool,
    history_blocks: Option<u64>,
    /// What an invented payment pays in.
    token: Address,
    node: Client,
    stage: Stage,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    faults: Vec<Active>,
    /// How many questions met each fault.
    met: BTreeMap<u32, u64>,
    rng: Rng,
}

#[derive(Debug, Clone, Copy)]
struct Active {
    id: u32,
    fault: EndpointFault,
    percent: u8,
    /// The node's latest block when the fault began.
    head: u64,
}

/// What is wrong with one answer.
#[derive(Debug, Default)]
struct Mood {
    extra: Duration,
    behind: u64,
    stuck_at: Option<u64>,
    silence: Option<Silence>,
    scan_blocks_max: Option<u64>,
    is_empty: bool,
    is_elsewhere: bool,
    is_forked: bool,
    lie: Option<Lie>,
}

/// Why there is no answer.
#[derive(Debug)]
enum Silence {
    Hangs,
    Reset,
    Closed,
    BrokenOff,
    Status(&'static str, String),
    Malformed,
    NotReady,
}

impl Upstream {
    /// Opens endpoint `number` of the node at `node`.
    pub(super) fn open(
        (number, plan): (u8, &EndpointPlan),
        node: &str,
        token: Address,
        stage: &Stage,
        rng: Rng,
    ) -> Self {
        let (faults, met) = (Vec::new(), BTreeMap::new());
        let inside = Arc::new(Inside {
            number,
            lag_blocks: plan.lag_blocks,
            scan_blocks_max: plan.scan_blocks_max,
            refuses_logs: plan.refuses_logs,
            history_blocks: plan.history_blocks,
            token,
            node: Client::new(node),
            stage: stage.clone(),
            state: Mutex::new(State { faults, met, rng }),
        });
        let serving = Arc::clone(&inside);
        Self {
            door: Door::open(move |stream| serving.serve(stream)),
            inside,
        }
    }

    /// Where it is.
    pub(super) const fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Begins a fault that hits `percent` of a hundred questions and is known as `id`.
    pub(super) fn begin(&self, id: u32, fault: EndpointFault, percent: u8) {
        let head = self.inside.head().unwrap_or_default();
        let active = Active {
            id,
            fault,
            percent,
            head,
        };
        self.inside.lock().faults.push(active);
    }

    /// Ends the fault known as `id`.
    pub(super) fn end(&self, id: u32) {
        self.inside.lock().faults.retain(|one| one.id != id);
    }

    /// How many questions met the fault known as `id`.
    pub(super) fn met(&self, id: u32) -> u64 {
        self.inside.lock().met.get(&id).copied().unwrap_or_default()
    }
}

impl Inside {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(body) = wire::read_request(&mut reader)? {
            let calls: Value = serde_json::from_slice(&body)?;
            let mood = self.mood();
            pause(mood.extra);
            match &mood.silence {
                None => wire::respond(&mut stream, &self.answer(calls, &mood)?)?,
                Some(Silence::Hangs) => {
                    pause(SILENCE);
                    return Ok(());
                }
                Some(Silence::Reset) => return wire::reset(&stream),
                Some(Silence::Closed) => return stream.shutdown(Shutdown::Both),
                Some(Silence::BrokenOff) => {
                    return wire::respond_by_half(&mut stream, &self.answer(calls, &mood)?);
                }
                Some(Silence::Status(status, header)) => wire::refuse(&mut stream, status, header)?,
                Some(Silence::Malformed) => wire::respond(&mut stream, &json!("not what was asked"))?,
                Some(Silence::NotReady) => {
                    let answers = self.ask(&calls)?;
                    wire::respond(&mut stream, &lie::refusing(&calls, answers, NOT_READY, |_| true))?;
                }
            }
        }
        Ok(())
    }

    /// Draws which of the faults hit a question.
    fn mood(&self) -> Mood {
        let mut state = self.lock();
        let State { faults, met, rng } = &mut *state;
        let mut mood = Mood {
            scan_blocks_max: self.scan_blocks_max,
            ..Mood::default()
        };
        for one in faults.iter() {
            if !rng.chance(u64::from(one.percent), 100) {
                continue;
            }
            *met.entry(one.id).or_default() += 1;
            match one.fault {
                EndpointFault::Dead => mood.silence = Some(death(rng)),
                EndpointFault::NeverAnswers => mood.silence = Some(Silence::Hangs),
                EndpointFault::Slow { extra_ms } => mood.extra += Duration::from_millis(extra_ms),
                EndpointFault::Lagging { blocks } => mood.behind = mood.behind.saturating_add(blocks),
                EndpointFault::StuckHead => {
                    mood.stuck_at = Some(mood.stuck_at.map_or(one.head, |stuck| stuck.min(one.head)));
                }
                EndpointFault::Empty => mood.is_empty = true,
                EndpointFault::RateLimited { retry_after_ms } => {
                    mood.silence = Some(limited(retry_after_ms, rng))
                }
                EndpointFault::Auth => {
                    mood.silence = Some(Silence::Status("401 Unauthorized", String::new()))
                }
                EndpointFault::ServerError => {
                    mood.silence = Some(Silence::Status("503 Service Unavailable", String::new()));
                }
                EndpointFault::NotReady => mood.silence = Some(Silence::NotReady),
                EndpointFault::Malformed => mood.silence = Some(Silence::Malformed),
                EndpointFault::TooLarge => mood.scan_blocks_max = Some(0),
                EndpointFault::Crossed => unreachable!("a plan with it is refused"),
                EndpointFault::WrongChain => mood.is_elsewhere = true,
                EndpointFault::PrivateFork => mood.is_forked = true,
                EndpointFault::Lying { lie } => mood.lie = Some(lie),
            }
        }
        mood
    }

    fn answer(&self, calls: Value, mood: &Mood) -> io::Result<Value> {
        let head = self.head()?;
        let reached = mood.stuck_at.map_or(head, |stuck| stuck.min(head));
        let latest = reached.saturating_sub(self.lag_blocks.saturating_add(mood.behind));
        let finalized = self.stage.finalized(latest);
        let mut past = calls.clone();
        lie::ask_for_the_past(&mut past, latest, finalized);
        let mut answers = lie::without_what_came_after(self.ask(&past)?, latest);
        if let Some(blocks) = mood.scan_blocks_max {
            answers = lie::without_wide_scans(&calls, answers, blocks);
        }
        if self.refuses_logs {
            answers = lie::refusing(&calls, answers, NO_LOGS, is_scan);
        }
        if let Some(blocks) = self.history_blocks {
            let kept_from = finalized.saturating_sub(blocks);
            let is_gone =
                |call: &Value| is_scan(call) && quantity(&call["params"][0]["fromBlock"]) < kept_from;
            answers = lie::refusing(&calls, answers, PRUNED, is_gone);
        }
        let mut talk = Talk { calls, answers };
        if mood.is_forked {
            talk.fork(self.number, finalized);
        }
        if mood.is_empty {
            talk.forget();
        }
        if mood.is_elsewhere {
            talk.move_elsewhere();
        }
        if let Some(lie) = mood.lie {
            let victim = Victim {
                token: self.token,
                to: self.stage.victim(self.number),
            };
            let (newest, genesis) = (self.block(latest)?, self.block(0)?);
            let genesis = genesis["hash"].as_str().unwrap_or_default();
            talk.tell(lie, victim, (&newest, genesis));
        }
        Ok(talk.answers)
    }

    fn head(&self) -> io::Result<u64> {
        Ok(quantity(&self.call("eth_blockNumber", &json!([]))?))
    }

    fn block(&self, height: u64) -> io::Result<Value> {
        self.call("eth_getBlockByNumber", &json!([format!("{height:#x}"), false]))
    }

    fn call(&self, method: &str, params: &Value) -> io::Result<Value> {
        let question = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params });
        Ok(self.ask(&question)?["result"].take())
    }

    fn ask(&self, calls: &Value) -> io::Result<Value> {
        let answer = self.node.post("", &[], calls);
        answer.map(|answer| answer.body).map_err(io::Error::other)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_scan(call: &Value) -> bool {
    call["method"] == "eth_getLogs"
}

fn death(rng: &mut Rng) -> Silence {
    match rng.below(3) {
        0 => Silence::Reset,
        1 => Silence::Closed,
        _ => Silence::BrokenOff,
    }
}

/// HTTP 429; not every machine on the way sends the header.
fn limited(retry_after_ms: Option<u64>, rng: &mut Rng) -> Silence {
    let is_sent = rng.chance(3, 4);
    let seconds = retry_after_ms.filter(|_| is_sent).map(|ms| ms.div_ceil(1_000));
    let header = seconds.map(|seconds| format!("retry-after: {seconds}\r\n"));
    Silence::Status("429 Too Many Requests", header.unwrap_or_default())
}
