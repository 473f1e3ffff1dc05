//! A real journal, a real file, and a receiver on TCP that verifies what it is sent.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use plimsoll_core::bank::Record;
use plimsoll_core::escrow::{BlockRef, Evidence, FinalityRule, Vote};
use plimsoll_core::escrow::{EscrowRecord, Reason, TxKey};
use plimsoll_core::id::{BlockHash, ClaimId, IdempotencyKey, TxHash, UserId};
use plimsoll_core::journal::{Batch, Head};
use plimsoll_core::monitor::{Alert, News};
use plimsoll_core::outbox::Appended;
use plimsoll_core::time::{Instant, WallClock};
use plimsoll_core::webhook::{Kind, Subscription, WebhookPolicy};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::signature::{SIGNATURE, verify};
use super::{Deliveries, Desk, DeskError, Redelivered, Secret, Unopened, WebhookConfig};
use crate::chain::Internet;
use crate::clock::Clock;
use crate::driver::Pulse;
use crate::driver::spawn::spawn;
use crate::store::{Journal as _, Mode, SqliteJournal};
use crate::testing::{CHAIN, bank_config};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const LONG: Duration = Duration::from_secs(20);

/// What a receiver does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Broken,
    Patience,
    Redirects,
    Hangs,
}

/// A receiver that keeps what it was sent, once it has verified it.
struct Peer {
    url: String,
    seen: Arc<Seen>,
    serving: JoinHandle<()>,
}

struct Seen {
    mood: Mutex<Mood>,
    bodies: watch::Sender<Vec<Value>>,
}

impl Peer {
    async fn new(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::new(Seen {
            mood: Mutex::new(mood),
            bodies: watch::Sender::new(Vec::new()),
        });
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(Arc::clone(&seen));
        let serving = spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, serving }
    }

    fn turn(&self, mood: Mood) {
        *self.seen.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Waits until it was called so often, whatever it answered, and gives the names of what it was sent.
    async fn called(&self, count: usize) -> Vec<String> {
        let mut bodies = self.seen.bodies.subscribe();
        let enough = bodies.wait_for(|bodies| bodies.len() >= count);
        let bodies = tokio::time::timeout(LONG, enough)
            .await
            .expect("in time")
            .unwrap();
        bodies
            .iter()
            .map(|body| body["id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn last(&self) -> Value {
        self.seen.bodies.borrow().last().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers[SIGNATURE].to_str().unwrap();
    let verified = verify(signature, &body, SECRET, Clock::start().wall());
    assert_eq!(verified, Ok(()));
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["plimsoll-event"], value["type"].as_str().unwrap());
    seen.bodies.send_modify(|bodies| bodies.push(value));
    let mood = *seen.mood.lock().unwrap_or_else(PoisonError::into_inner);
    match mood {
        Mood::Well => StatusCode::NO_CONTENT.into_response(),
        Mood::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Patience => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        Mood::Redirects => Redirect::temporary("/hook").into_response(),
        Mood::Hangs => std::future::pending().await,
    }
}

/// A journal that a test writes, and the pulse of its driver.
struct House {
    folder: TempDir,
    journal: SqliteJournal,
    head: Head,
    claims: u64,
    pulse: watch::Sender<Pulse>,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = SqliteJournal::open(&folder.path().join("journal.db"), Mode::CreateIfMissing)
            .await
            .unwrap();
        let head = journal.replay::<Record>(|_, _| {}).await.unwrap();
        let pulse = Pulse {
            at: Instant::ZERO,
            is_journal_failing: false,
            committed: 0,
            uncommitted: 0,
            commit_latency: Duration::ZERO,
        };
        Self {
            folder,
            journal,
            head,
            claims: 0,
            pulse: watch::Sender::new(pulse),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.db")
    }

    /// Commits a batch in which the next claim is filed and rejected: one event, at an even position.
    async fn reject(&mut self) {
        self.claims += 1;
        let mut hash = [0; 32];
        hash[24..].copy_from_slice(&self.claims.to_be_bytes());
        let tx = TxKey {
            chain: CHAIN,
            tx: TxHash::Evm(hash),
        };
        let at = WallClock::from_micros(1_795_305_600_000_000);
        let block = BlockRef {
            number: 9,
            hash: BlockHash::Evm([9; 32]),
        };
        let vote = |endpoint| Vote {
            endpoint,
            finalized: block,
            rule: FinalityRule::Finalized,
        };
        let filed = EscrowRecord::ClaimFiled {
            claim: ClaimId::new(self.claims),
            key: IdempotencyKey::derive("test", &hash),
            user: UserId::new(self.claims % 2),
            tx,
            at,
        };
        let rejected = EscrowRecord::Rejected {
            tx,
            reason: Reason::Reverted,
            evidence: Evidence {
                block,
                digest: 1,
                votes: vec![vote(0), vote(1)],
            },
            at,
        };
        let records = [Record::Escrow(filed), Record::Escrow(rejected)];
        let batch = Batch::seal(&self.head, at, records.iter());
        assert_eq!(self.journal.append(&batch).await, Appended::Committed);
        self.head = Head {
            position: batch.last,
            hash: batch.hash,
            ..self.head
        };
        let committed = self.head.position.count();
        self.pulse.send_modify(|pulse| pulse.committed = committed);
    }

    async fn open(&self, receivers: &[WebhookConfig]) -> Result<(Deliveries<Internet>, Desk), DeskError> {
        let network = Internet::reaching(receivers.iter().map(|one| &one.url)).unwrap();
        let path = self.path();
        let from = Unopened {
            receivers: receivers.to_vec(),
            journal: &path,
            head: self.head,
            registry: bank_config().registry,
            seed: 7,
            clock: Clock::start(),
        };
        Deliveries::open(from, network).await
    }

    /// Delivers until the guard is dropped.
    async fn deliver(&self, receivers: &[WebhookConfig]) -> (Desk, Delivering) {
        let (deliveries, desk) = self.open(receivers).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let pulse = self.pulse.subscribe();
        let task = spawn(async move {
            tokio::select! {
                never = deliveries.deliver(pulse) => match never {},
                _ = stopped => {}
            }
        });
        (desk, Delivering { stop, task })
    }
}

/// Deliveries under way, ended as a crash ends them: where they are.
struct Delivering {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Delivering {
    async fn crash(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

fn receiver(name: &str, peer: &Peer) -> WebhookConfig {
    let mut policy = WebhookPolicy {
        timeout: Duration::from_millis(300),
        ..WebhookPolicy::default()
    };
    policy.backoff.initial = Duration::from_millis(20);
    policy.backoff.cap = Duration::from_millis(100);
    policy.backoff.attempts_max = Some(40);
    policy.breaker.open_for = Duration::from_millis(50);
    policy.breaker.open_for_max = Duration::from_millis(100);
    WebhookConfig {
        name: name.to_owned(),
        url: peer.url.parse().unwrap(),
        secrets: vec![Secret::new(SECRET.to_owned())],
        subscription: Subscription {
            kinds: Kind::ALL.into_iter().collect(),
            users: None,
        },
        policy,
    }
}

/// Waits until the log of `receiver` says `outcome` of the last attempt with `event`.
async fn logged(desk: &Desk, receiver: &str, event: &str, outcome: &str, next: &str) {
    let look = async {
        loop {
            let page = desk.log(Some(receiver), None, 100).await.unwrap();
            let line = page.deliveries.iter().find(|line| line.event == event);
            if line.is_some_and(|line| line.outcome == outcome && line.next == next) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, look).await.expect("in time");
}

#[tokio::test]
async fn what_is_committed_is_delivered_signed_and_in_order() {
    let mut house = House::new().await;
    house.reject().await; // before anybody was configured: nobody is told
    let peer = Peer::new(Mood::Well).await;
    let (desk, delivering) = house.deliver(&[receiver("shop", &peer)]).await;
    for _ in 0..3 {
        house.reject().await;
    }
    assert_eq!(peer.called(3).await, ["event-4-0", "event-6-0", "event-8-0"]);
    let mut body = peer.last();
    assert_eq!(body["tx"].take().as_str().map(str::len), Some(66));
    insta::assert_json_snapshot!("rejected", body);
    logged(&desk, "shop", "event-8-0", "delivered", "done").await;
    let one = &desk.receivers()[0];
    assert_eq!((one.status.delivered, one.status.lag), (3, 0));
    assert!(!one.url.contains("hook"), "{}", one.url);
    delivering.crash().await;

    let (_desk, _delivering) = house.deliver(&[receiver("shop", &peer)]).await;
    house.reject().await;
    assert_eq!(
        peer.called(4).await[3],
        "event-10-0",
        "what was delivered is not delivered again"
    );
}

#[tokio::test]
async fn a_crash_between_a_delivery_and_its_cursor_delivers_again() {
    let mut house = House::new().await;
    let peer = Peer::new(Mood::Hangs).await;
    let (_desk, delivering) = house.deliver(&[receiver("shop", &peer)]).await;
    house.reject().await;
    house.reject().await;
    assert_eq!(peer.called(1).await, ["event-2-0"]);
    delivering.crash().await; // the receiver has it, and we do not know

    peer.turn(Mood::Well);
    let (desk, _delivering) = house.deliver(&[receiver("shop", &peer)]).await;
    let seen: BTreeSet<String> = peer.called(3).await.into_iter().collect();
    assert_eq!(
        seen,
        BTreeSet::from(["event-2-0".to_owned(), "event-4-0".to_owned()])
    );
    logged(&desk, "shop", "event-4-0", "delivered", "done").await;
}

#[tokio::test]
async fn a_receiver_that_fails_delays_no_other_and_hears_everything_once_it_heals() {
    for mood in [Mood::Hangs, Mood::Broken, Mood::Redirects, Mood::Patience] {
        let mut house = House::new().await;
        let (ill, well) = (Peer::new(mood).await, Peer::new(Mood::Well).await);
        let receivers = [receiver("ill", &ill), receiver("well", &well)];
        let (desk, _delivering) = house.deliver(&receivers).await;
        for _ in 0..20 {
            house.reject().await;
        }
        let told = well.called(20).await;
        assert_eq!(told.len(), 20);
        assert!(ill.called(1).await.len() < 20, "{mood:?}");
        let outcome = if mood == Mood::Hangs {
            "timed_out"
        } else {
            "refused"
        };
        logged(&desk, "ill", "event-2-0", outcome, "retry").await;

        ill.turn(Mood::Well);
        let healed = async {
            while desk.receivers()[0].status.lag > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, healed).await.expect("in time");
        let heard: BTreeSet<String> = ill.called(20).await.into_iter().collect();
        assert_eq!(heard, told.into_iter().collect(), "{mood:?}");
    }
}

#[tokio::test]
async fn what_is_parked_is_delivered_again_by_order() {
    let mut house = House::new().await;
    let peer = Peer::new(Mood::Broken).await;
    let mut config = receiver("shop", &peer);
    config.policy.backoff.attempts_max = Some(2);
    let (desk, _delivering) = house.deliver(&[config]).await;
    house.reject().await;
    logged(&desk, "shop", "event-2-0", "refused", "parked").await;
    assert_eq!(desk.receivers()[0].status.lag, 0, "it holds nobody up");
    assert_eq!(
        desk.redeliver(0, Some("event-9-0".parse().unwrap()))
            .await
            .unwrap()
            .unwrap()
            .unknown,
        1
    );

    peer.turn(Mood::Well);
    let come = desk.redeliver(0, None).await.unwrap();
    let expected = Redelivered {
        accepted: 1,
        refused: 0,
        unknown: 0,
    };
    assert_eq!(come, Some(expected));
    logged(&desk, "shop", "event-2-0", "delivered", "done").await;
    let come = desk.redeliver(0, None).await.unwrap();
    assert_eq!(
        come.map(|come| come.accepted),
        Some(0),
        "nothing is parked any more"
    );

    let all = desk.log(None, None, 2).await.unwrap();
    let rest = desk.log(Some("shop"), all.next, 2).await.unwrap();
    let attempts = |page: &super::LogPage| -> Vec<(u32, String)> {
        let line = |line: &super::Delivery| (line.attempt, line.next.clone());
        page.deliveries.iter().map(line).collect()
    };
    assert_eq!(attempts(&all), [(1, "done".to_owned()), (2, "parked".to_owned())]);
    assert_eq!(attempts(&rest), [(1, "retry".to_owned())]);
    assert_eq!(rest.next, None);
}

#[tokio::test]
async fn alerts_are_told_to_who_wants_them() {
    let house = House::new().await;
    let (all, few) = (Peer::new(Mood::Well).await, Peer::new(Mood::Well).await);
    let mut deposits = receiver("deposits", &few);
    deposits.subscription.kinds = BTreeSet::from([Kind::DepositFinal]);
    let (desk, _delivering) = house.deliver(&[receiver("all", &all), deposits]).await;
    let alert = Alert::UpstreamsFew(CHAIN);
    desk.tell(&News::Raised {
        alert: alert.clone(),
        value: 1,
        limit: 0,
        since: Instant::ZERO,
    });
    desk.tell(&News::Resolved {
        alert,
        lasted: Duration::from_secs(9),
    });
    let names = all.called(2).await;
    assert_eq!(
        names,
        [
            format!("alert-{}-1", house.head.epoch),
            format!("alert-{}-2", house.head.epoch)
        ]
    );
    assert_eq!(all.last()["type"], "alert.resolved");
    assert_eq!(all.last()["chain"], "eip155:56");
    logged(&desk, "all", &names[1], "delivered", "done").await;
    assert!(few.seen.bodies.borrow().is_empty());
}

#[tokio::test]
async fn a_file_of_another_journal_is_refused() {
    let mut house = House::new().await;
    let peer = Peer::new(Mood::Well).await;
    house.reject().await;
    drop(house.open(&[receiver("shop", &peer)]).await.unwrap());
    let mut other = House::new().await;
    other.claims = 7;
    other.reject().await;
    copy(&house.path(), &other.path());
    let refused = other.open(&[receiver("shop", &peer)]).await.err();
    assert!(matches!(refused, Some(DeskError::Foreign { .. })), "{refused:?}");
    std::fs::write(super::store::path_beside(&other.path()), vec![7; 8_192]).unwrap();
    assert!(other.open(&[receiver("shop", &peer)]).await.is_err());
}

/// Puts the deliveries of one journal beside another.
fn copy(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let name = |journal: &Path| {
            let mut name = super::store::path_beside(journal).into_os_string();
            name.push(suffix);
            name
        };
        drop(std::fs::copy(name(from), name(to)));
    }
}

#[tokio::test]
async fn without_receivers_there_is_no_file() {
    let house = House::new().await;
    let (_deliveries, desk) = house.open(&[]).await.unwrap();
    assert!(desk.receivers().is_empty());
    assert!(!super::store::path_beside(&house.path()).exists());
    assert_eq!(desk.redeliver(0, None).await.unwrap(), None);
}
