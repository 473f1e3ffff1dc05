//! Requests to the server, with a real bank behind it.
//!
//! An input is a byte that says whose token is shown, then a request as it looks on the wire: a line `METHOD PATH`,
//! headers, an empty line, the body.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response};
use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::config::ServerConfig;
use plimsoll_adapters::driver::{Pulse, Unavailable};
use plimsoll_adapters::http::{Api, BankService, Metrics, Replying, router};
use plimsoll_core::bank::{
    Act, Bank, BankConfig, Command, Effect, Event, Input, Query, Record, Reply, State,
};
use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, IdempotencyKey, RequestId, TxHash, UserId};
use plimsoll_core::machine::{Effects, Intent, Machine as _};
use plimsoll_core::time::{Instant, WallClock};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use super::choice;

pub(super) const CONFIG: &str = include_str!("http.toml");
/// The tokens of `http.toml`; nobody's comes first.
const TOKENS: [&str; 5] = [
    "",
    "a-viewer-who-may-only-look",
    "an-operator-who-is-no-admin",
    "an-admin-who-may-do-anything",
    "a-worker-who-may-only-report",
];
/// 2026-11-22.
const BEGINNING: WallClock = WallClock::from_micros(1_795_305_600_000_000);
/// More than any page.
const REPLY_BYTES_MAX: usize = 4 << 20;

/// Every request has an answer, no answer says that the server is at fault, a refusal says what is wrong, and looking
/// changes nothing.
pub(super) fn run(data: &[u8]) -> bool {
    let Some((whose, bytes)) = choice(data) else {
        return false;
    };
    let Some(request) = request(TOKENS[usize::from(whose) % TOKENS.len()], bytes) else {
        return false;
    };
    thread_local! {
        static HOUSE: House = House::new();
    }
    HOUSE.with(|house| house.receive(request))
}

/// The request that `bytes` are, if they are one.
fn request(token: &str, bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = core::str::from_utf8(lines.next()?).ok()?;
    let (method, path) = first.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path);
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let value = line[colon + 1..].trim_ascii();
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(&line[..colon]),
            HeaderValue::from_bytes(value),
        ) {
            request = request.header(name, value);
        }
    }
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::from(body.to_vec())).ok()
}

/// The server.
struct House {
    runtime: Runtime,
    router: Router,
    config: BankConfig,
    counter: Arc<Counter>,
}

impl House {
    fn new() -> Self {
        let config = ServerConfig::from_toml(CONFIG, 7).expect("sound");
        let counter = Arc::new(Counter(Mutex::new(Inside::new(&config.bank))));
        let metrics = Arc::new(Metrics::new(config.bank.escrow.chains.clone()));
        let service = Arc::clone(&counter) as Arc<dyn BankService>;
        let (registry, chains) = (config.bank.registry.clone(), config.bank.escrow.chains.clone());
        let api = Api::new(service, registry, chains, metrics, Clock::start(), &config.api);
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            router: router(&api, OpenApiRouter::new()).expect("every route is listed"),
            config: config.bank,
            counter,
        }
    }

    /// Whether the request was understood, done or not.
    fn receive(&self, request: Request<Body>) -> bool {
        *self.counter.inside() = Inside::new(&self.config);
        let is_look = request.method().is_safe();
        let before = self.counter.inside().records.len();
        let told = format!("{} {}", request.method(), request.uri());
        let is_understood = self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("infallible");
            check(&told, response).await
        });
        assert!(
            !is_look || self.counter.inside().records.len() == before,
            "{told} changed something"
        );
        is_understood
    }
}

/// Whether the answer is one to a request that was understood.
async fn check(told: &str, response: Response<Body>) -> bool {
    let status = response.status();
    assert!(!status.is_server_error(), "{told}: {status}");
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("")
        .to_owned();
    if !kind.contains("json") {
        return status.is_success(); // a page, a metric, or a stream without an end
    }
    let body = to_bytes(response.into_body(), REPLY_BYTES_MAX)
        .await
        .expect("a body of bounded size");
    if body.is_empty() {
        return true; // HEAD
    }
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON, as its type says");
    if status.is_client_error() {
        assert_eq!(kind, "application/problem+json", "{told}: {status}");
        assert_eq!(
            json["status"].as_u64(),
            Some(u64::from(status.as_u16())),
            "{told}"
        );
        assert!(
            json["code"].as_str().is_some_and(|code| !code.is_empty()),
            "{told}: {json}"
        );
        assert!(
            json["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
            "{told}: {json}"
        );
    }
    let is_shut_out = ["401", "403", "405", "413", "415"].contains(&status.as_str());
    let code = json["code"].as_str().unwrap_or("");
    !is_shut_out && code != "route_unknown" && !code.ends_with("malformed") && !code.starts_with("field_")
}

/// The bank as a service: whatever it records is durable at once, and its endpoints never answer.
struct Counter(Mutex<Inside>);

struct Inside {
    bank: Bank,
    fx: Effects<Effect>,
    records: Vec<Record>,
    requests: u64,
}

impl Inside {
    /// A bank with one user.
    fn new(config: &BankConfig) -> Self {
        let mut inside = Self {
            bank: Bank::open(config.clone(), State::default()).expect("opens"),
            fx: Effects::new(),
            records: Vec::new(),
            requests: 0,
        };
        let key = IdempotencyKey::derive("fuzz", b"ada");
        let command = Command::RegisterUser {
            key,
            name: "ada".to_owned(),
        };
        inside
            .ask(|request| Event::Command { request, command })
            .expect("a reply");
        inside
    }

    fn ask(&mut self, event: impl FnOnce(RequestId) -> Event) -> Result<Reply, Unavailable> {
        self.requests += 1;
        let event = event(RequestId::new(self.requests));
        let now = Instant::ZERO.after(Duration::from_secs(1));
        self.bank.handle(
            now,
            Input {
                wall: BEGINNING,
                event,
            },
            &mut self.fx,
        );
        let mut said = None;
        for intent in self.fx.drain() {
            match intent {
                Intent::Record(record) => self.records.push(record),
                Intent::Act(Act::Reply { reply, .. }) => said = Some(reply),
                Intent::Act(Act::Queue { .. } | Act::Notice(_) | Act::Ask { .. }) => {}
            }
        }
        said.ok_or(Unavailable::Stopped)
    }
}

impl Counter {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BankService for Counter {
    fn command(&self, command: Command) -> Replying<'_> {
        let said = self.inside().ask(|request| Event::Command { request, command });
        Box::pin(async { said })
    }

    fn query(&self, query: Query) -> Replying<'_> {
        let said = self.inside().ask(|request| Event::Query { request, query });
        Box::pin(async { said })
    }

    fn pulse(&self) -> Pulse {
        Pulse {
            at: Instant::ZERO,
            is_journal_failing: false,
            committed: 0,
            uncommitted: 0,
            commit_latency: Duration::ZERO,
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    // The first byte is a number, and a digit in what is written here.
    let number = |input: String| [&[input.as_bytes()[0] - b'0'][..], &input.as_bytes()[1..]].concat();
    of_users().into_iter().chain(of_operators()).map(number).collect()
}

/// The path of whatever escrow does.
const ESCROW: &str = "/api/v1/escrow";

fn get(whose: u8, path: &str) -> String {
    format!("{whose}GET {path}")
}

fn post(whose: u8, path: &str, body: &str) -> String {
    format!("{whose}POST {path}\ncontent-type: application/json\nidempotency-key: one\n\n{body}")
}

/// A transaction, as fields of JSON.
fn transaction() -> String {
    format!(r#""chain":"eip155:56","tx":"0x{}""#, "7a".repeat(32))
}

fn of_users() -> Vec<String> {
    let transaction = transaction();
    vec![
        post(0, "/api/v1/users", r#"{"name":"bob"}"#),
        get(0, "/api/v1/users/user-1/balances?limit=10"),
        get(0, "/api/v1/assets"),
        post(
            0,
            "/api/v1/transactions",
            r#"{"post":{"transfers":[{"debit":"user-1","credit":"fees","asset":"USDT","amount":"1.5"}]}}"#,
        ),
        get(0, "/api/v1/transactions/transaction-1"),
        post(
            0,
            &format!("{ESCROW}/claims"),
            &format!(r#"{{{transaction},"user":"user-1"}}"#),
        ),
        get(0, &format!("{ESCROW}/claims/claim-1")),
    ]
}

fn of_operators() -> Vec<String> {
    let letter = transaction();
    vec![
        get(
            1,
            &format!("{ESCROW}/dead-letter-queue?limit=5&claimed_by=user-1"),
        ),
        get(1, &format!("{ESCROW}/dead-letter-queue/groups")),
        get(1, &format!("{ESCROW}/suspense?limit=5")),
        get(1, &format!("{ESCROW}/metrics")),
        get(1, &format!("{ESCROW}/webhooks/deliveries?limit=3")),
        post(
            2,
            &format!("{ESCROW}/dead-letter-queue/resolve"),
            &format!(r#"{{{letter},"resolution":"dismiss","reason":"never paid"}}"#),
        ),
        post(
            2,
            &format!("{ESCROW}/dead-letter-queue/dry-run"),
            &format!("{{{letter}}}"),
        ),
        post(
            2,
            &format!("{ESCROW}/emergency-process"),
            &format!(r#"{{{letter},"reason":"asked"}}"#),
        ),
        post(
            2,
            &format!("{ESCROW}/trigger-background-processing"),
            r#"{"reason":"late"}"#,
        ),
        post(
            3,
            &format!("{ESCROW}/suspense/attribute"),
            &format!(r#"{{{letter},"ordinal":0,"user":"user-1","reason":"a receipt"}}"#),
        ),
        post(
            3,
            &format!("{ESCROW}/chains/pause"),
            r#"{"chain":"eip155:56","reason":"upgrade"}"#,
        ),
        post(
            3,
            &format!("{ESCROW}/endpoints/pause"),
            r#"{"chain":"eip155:56","endpoint":"alpha","reason":"slow"}"#,
        ),
    ]
}

/// What a bank records when it is told a few things.
pub(super) fn records() -> Vec<Record> {
    let config = ServerConfig::from_toml(CONFIG, 7).expect("sound").bank;
    let mut inside = Inside::new(&config);
    for command in commands() {
        inside
            .ask(|request| Event::Command { request, command })
            .expect("a reply");
    }
    inside.records
}

/// A few things that a bank may be told.
pub(super) fn commands() -> Vec<Command> {
    let key = |name: &str| IdempotencyKey::derive("fuzz", name.as_bytes());
    vec![
        Command::RegisterUser {
            key: key("bob"),
            name: "bob".to_owned(),
        },
        Command::Claim {
            key: key("claim"),
            user: UserId::new(1),
            tx: TxKey {
                chain: ChainId::new(56),
                tx: TxHash::Evm([0x7a; 32]),
            },
        },
    ]
}
