//! A real bank without a driver: every commit succeeds at once, and two upstreams answer from a script.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use plimsoll_core::bank::{Act, Bank, Command, Event, Input, Notice, Query, Record, Reply, State};
use plimsoll_core::escrow::{Answer, BlockRef, Fault, Log, Question, Receipt, TRANSFER_TOPIC};
use plimsoll_core::id::{Address, BlockHash, RequestId, TxHash};
use plimsoll_core::machine::{Effects, Intent, Machine as _};
use plimsoll_core::time::{Instant, WallClock};
use serde_json::Value;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use crate::clock::Clock;
use crate::config::ServerConfig;
use crate::driver::{Pulse, Unavailable};
use crate::http::{Api, BankService, Hub, Metrics, Replying, Watch, router};

/// What the admin of these tests shows.
pub(super) const TOKEN: &str = "0123456789abcdefghijkl";
/// What the operator and the viewer show.
pub(super) const OPERATOR: &str = "an-operator-who-is-no-admin";
pub(super) const VIEWER: &str = "a-viewer-who-may-only-look";
pub(super) const WORKER: &str = "a-worker-who-may-only-report";
/// The transaction that pays.
pub(super) const TX: TxHash = TxHash::Evm([0x7a; 32]);
/// The date at which every test begins: 2026-11-22.
const BEGINNING: WallClock = WallClock::from_micros(1_795_305_600_000_000);

const CONFIG: &str = include_str!("house.toml");

/// The bank, the chain that its upstreams show, and what the shell knows of both.
struct Inside {
    bank: Bank,
    now: Instant,
    fx: Effects<plimsoll_core::bank::Effect>,
    requests: u64,
    latest: u64,
    finalized: u64,
    receipt: Option<Receipt>,
    /// The upstream that cannot be reached.
    dead: Option<u8>,
    /// The upstream that tells heads alone.
    silent: Option<u8>,
    notices: Vec<Notice>,
    records: Vec<Record>,
}

/// The bank as a service.
pub(super) struct House {
    inside: Mutex<Inside>,
    pulse: Mutex<Pulse>,
    mood: Mutex<Mood>,
}

/// How the bank answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mood {
    /// As it should.
    Well,
    /// Not at all, and says so.
    Unavailable(Unavailable),
    /// Never.
    Silent,
    /// With a panic.
    Panicking,
}

/// A reply, in full.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answered {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// A server and the house behind it.
pub(in crate::http) struct Server {
    pub(super) house: Arc<House>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) watch: Arc<Watch>,
    pub(super) router: Router,
    pub(in crate::http) api: Api,
    pub(super) live: Arc<Hub>,
}

impl Server {
    /// One with a token of each role.
    pub(in crate::http) fn new() -> Self {
        Self::with(|_| ())
    }

    /// One with the configuration changed.
    pub(super) fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::build(change, None, Hub::default())
    }

    /// One of whose upstreams one never answers.
    pub(super) fn with_dead_upstream(index: u8) -> Self {
        Self::build(|_| (), Some(index), Hub::default())
    }

    /// One whose claims are followed in `hub`.
    pub(super) fn with_hub(hub: Hub) -> Self {
        Self::build(|_| (), None, hub)
    }

    fn build(change: impl FnOnce(&mut ServerConfig), dead: Option<u8>, hub: Hub) -> Self {
        let mut config = ServerConfig::from_toml(CONFIG, 7).expect("sound");
        change(&mut config);
        let bank = Bank::open(config.bank.clone(), State::default()).expect("opens");
        let house = Arc::new(House::new(bank, dead));
        let chains = config.bank.escrow.chains.clone();
        let clock = Clock::start();
        let watch = Arc::new(Watch::new(config.monitor, clock));
        let live = Arc::new(hub);
        let metrics = Metrics::new(chains.clone()).with_watch(Arc::clone(&watch));
        let metrics = Arc::new(metrics.with_live(Arc::clone(&live)));
        let service = Arc::clone(&house) as Arc<dyn BankService>;
        let registry = config.bank.registry.clone();
        let api = Api::new(
            service,
            registry,
            chains,
            Arc::clone(&metrics),
            clock,
            &config.api,
        );
        let router = router(&api, OpenApiRouter::new()).expect("every route is listed");
        house.pass(Duration::from_secs(2));
        Self {
            house,
            metrics,
            watch,
            router,
            api,
            live,
        }
    }

    /// Lets those who follow claims hear of everything that the bank told so far.
    pub(super) fn tell(&self) {
        self.house
            .notices()
            .iter()
            .for_each(|notice| self.live.observe(notice));
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        Answered {
            status,
            headers,
            text: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// Sends a request of whoever shows `token`.
    pub(super) async fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Answered {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a request")).await
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.send(Request::get(path).body(Body::empty()).expect("a request"))
            .await
    }

    /// Posts `body` under the key `key`.
    pub(super) async fn post(&self, path: &str, key: &str, body: &str) -> Answered {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a request")).await
    }

    /// Registers a user and returns the deposit address.
    pub(super) async fn register(&self, name: &str) -> Address {
        let reply = self
            .post("/api/v1/users", name, &format!(r#"{{"name":"{name}"}}"#))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let address = reply.json()["deposit_addresses"][0]["address"]
            .as_str()
            .expect("an address")
            .to_owned();
        address.parse().expect("an address")
    }

    /// Registers `user-1` and `user-2` and gives the first one `whole` USDT, by a deposit that nobody claimed.
    pub(super) async fn fund(&self, whole: i128) {
        let address = self.register("ada").await;
        self.register("bob").await;
        self.house.pay(address, whole * 10i128.pow(18));
        self.house.finalize();
    }
}

impl House {
    fn new(bank: Bank, dead: Option<u8>) -> Self {
        let inside = Inside {
            bank,
            now: Instant::ZERO,
            fx: Effects::new(),
            requests: 0,
            latest: 110,
            finalized: 105,
            receipt: None,
            dead,
            silent: None,
            notices: Vec::new(),
            records: Vec::new(),
        };
        let pulse = Pulse {
            at: Instant::ZERO,
            is_journal_failing: false,
            committed: 42,
            uncommitted: 0,
            commit_latency: Duration::from_millis(2),
        };
        Self {
            inside: Mutex::new(inside),
            pulse: Mutex::new(pulse),
            mood: Mutex::new(Mood::Well),
        }
    }

    /// Lets `time` go by, in steps of 100 ms.
    pub(super) fn pass(&self, time: Duration) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..time.as_millis() / 100 {
            inside.now = inside.now.after(Duration::from_millis(100));
            let reply = inside.handle(Event::Tick);
            assert!(reply.is_none());
        }
    }

    /// Mines the transaction [`TX`], which pays `units` USDT to `to`, in a block that is not final.
    pub(super) fn pay(&self, to: Address, units: i128) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.latest += 1;
        let number = inside.latest;
        inside.receipt = Some(receipt(number, to, units));
    }

    /// Makes every block final, and lets the bank see it.
    pub(super) fn finalize(&self) {
        {
            let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
            inside.latest += 3;
            inside.finalized = inside.latest;
        }
        self.pass(Duration::from_secs(8));
    }

    /// Lets an upstream tell heads alone, and leave everything else unanswered.
    pub(super) fn silence(&self, upstream: u8) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.silent = Some(upstream);
    }

    /// What the bank told so far.
    pub(super) fn notices(&self) -> Vec<Notice> {
        self.inside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .notices
            .clone()
    }

    /// What the bank journalled so far.
    pub(super) fn records(&self) -> Vec<Record> {
        self.inside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .records
            .clone()
    }

    pub(super) fn set_pulse(&self, change: impl FnOnce(&mut Pulse)) {
        change(&mut self.pulse.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes the bank answer otherwise.
    pub(super) fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    async fn ask(&self, event: impl FnOnce(RequestId) -> Event) -> Result<Reply, Unavailable> {
        let mood = *self.mood.lock().unwrap_or_else(PoisonError::into_inner);
        match mood {
            Mood::Well => {}
            Mood::Unavailable(why) => return Err(why),
            Mood::Silent => std::future::pending().await,
            Mood::Panicking => panic!("as planned"),
        }
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.requests += 1;
        let event = event(RequestId::new(inside.requests));
        inside.handle(event).ok_or(Unavailable::Stopped)
    }
}

impl BankService for House {
    fn command(&self, command: Command) -> Replying<'_> {
        Box::pin(self.ask(|request| Event::Command { request, command }))
    }

    fn query(&self, query: Query) -> Replying<'_> {
        Box::pin(self.ask(|request| Event::Query { request, query }))
    }

    fn pulse(&self) -> Pulse {
        *self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Handles `event` and what comes of it, and returns the reply if there is one.
    fn handle(&mut self, event: Event) -> Option<Reply> {
        let mut reply = None;
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let wall = BEGINNING.after(self.now.since(Instant::ZERO));
            self.bank.handle(self.now, Input { wall, event }, &mut self.fx);
            let intents: Vec<_> = self.fx.drain().collect();
            for intent in intents {
                match intent {
                    Intent::Record(record) => self.records.push(record),
                    Intent::Act(Act::Reply { reply: said, .. }) => reply = Some(said),
                    Intent::Act(Act::Queue { .. }) => unreachable!("the house has no workers"),
                    Intent::Act(Act::Notice(notice)) => self.notices.push(notice),
                    Intent::Act(Act::Ask {
                        call,
                        endpoint,
                        question,
                        ..
                    }) if self.silent != Some(endpoint.index) || question == Question::Heads => {
                        let is_dead = self.dead == Some(endpoint.index);
                        let outcome = if is_dead {
                            Err(Fault::Connection)
                        } else {
                            Ok(self.answer(&question))
                        };
                        events.push(Event::Answered { call, outcome });
                    }
                    Intent::Act(Act::Ask { .. }) => {}
                }
            }
        }
        reply
    }

    fn answer(&self, question: &Question) -> Answer {
        let finalized = block(self.finalized);
        match question {
            Question::Identity { tokens } => Answer::Identity {
                chain_id: 56,
                genesis: self.bank.config().escrow.chains[0].genesis,
                decimals: vec![Some(18); tokens.len()],
            },
            Question::Attested => Answer::Attested { block: finalized },
            Question::Heads => Answer::Heads {
                latest: block(self.latest),
                finalized,
            },
            Question::Receipt { tx } => Answer::Receipt {
                finalized,
                receipt: self.receipt.clone().filter(|_| *tx == TX),
            },
            Question::Balances {
                block: number,
                holders,
                ..
            } => {
                let paid = self.receipt.iter().filter(|one| one.block.number <= *number);
                let logs: Vec<Log> = paid.flat_map(|one| one.logs.clone()).collect();
                let held = |holder: &Address| {
                    let mine = |log: &&Log| log.topics[2][12..] == *holder.bytes();
                    logs.iter().find(mine).map_or([0; 32], |log| log.word)
                };
                Answer::Balances {
                    finalized,
                    at: Some(block(*number)),
                    balances: holders.iter().map(held).collect(),
                }
            }
            Question::Scan { from, to, .. } => {
                let found = self
                    .receipt
                    .iter()
                    .filter(|one| (*from..=*to).contains(&one.block.number));
                let log = |one: &Receipt| plimsoll_core::escrow::ScanLog {
                    tx: TX,
                    block: one.block.number,
                    log: one.logs[0],
                };
                Answer::Scan {
                    finalized,
                    last: Some(block(*to)),
                    logs: found.map(log).collect(),
                }
            }
        }
    }
}

fn block(number: u64) -> BlockRef {
    let mut hash = [0xb1; 32];
    hash[24..].copy_from_slice(&number.to_be_bytes());
    BlockRef {
        number,
        hash: BlockHash::Evm(hash),
    }
}

fn receipt(number: u64, to: Address, units: i128) -> Receipt {
    let topic = |address: Address| {
        let mut topic = [0; 32];
        topic[12..].copy_from_slice(address.bytes());
        topic
    };
    let mut word = [0; 32];
    word[16..].copy_from_slice(&units.to_be_bytes());
    let log = Log {
        address: "0x55d398326f99059fF775485246999027B3197955"
            .parse()
            .expect("an address"),
        topics: [
            TRANSFER_TOPIC,
            topic(Address::Evm([0x5e; 20])),
            topic(to),
            [0; 32],
        ],
        topic_count: 3,
        word,
        data_len: 32,
        index: 5,
    };
    Receipt {
        tx: TX,
        block: block(number),
        succeeded: true,
        logs: vec![log],
        balances: vec![],
    }
}
