//! The promise, on a real chain and a real process: every valid deposit is credited exactly once and no acknowledged
//! write is lost, while the server is killed with -9 at random, endpoints fail, and the chain reorganises.
//!
//! The storm: a node mines a few blocks a second; payments of every kind that the traps name go into them, and one
//! block in a few is replaced. Between the server and the node stand four endpoints of three providers, each failing
//! in its own ways, and a fifth that serves another chain. Clients register, claim what was paid and what was not,
//! and pay each other, repeating each write with its idempotency key until it is answered. All the while the server
//! is killed and started again.
//!
//! Then the faults stop, and the ledger must become what the chain says, to the last minor unit, and stay so over an
//! orderly stop and a start. A flight recorder runs all the while: every recorded life must replay to the bit, up to the
//! kill that ended it. The seed repeats the schedules, not the run: what meets what is up to the machine.

mod audit;
mod book;
mod clients;
mod miner;
mod payments;
mod truth;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::id::{TxHash, UserId};
use plimsoll_core::rng::Rng;
use plimsoll_tests::crash::{Plan, kill_and_restart};
use plimsoll_tests::evm::node::{Node, Tag};
use plimsoll_tests::process::{Process, wait_until};
use plimsoll_tests::product::{Endpoint, Installation};
use plimsoll_tests::proxy::{Fault, Forgeries, Proxy, blow};

use audit::{Audit, assert_equal};
use book::{Book, Job};
use clients::{Caller, Lies};
use payments::Kind;
use truth::Truth;
use world::World;

/// The seed of every schedule.
const SEED: u64 = 20_261_122;
/// The kills: some hit the start, some the recovery, most the work.
const PLAN: Plan = Plan {
    kills: 24,
    life_min: Duration::from_millis(20),
    life_max: Duration::from_millis(3_600),
    rest_max: Duration::from_millis(300),
};
/// How many clients act at once.
const CALLERS: u64 = 5;
/// How long the ledger may take to become what the chain says, once the faults have stopped. The patience of the
/// server is part of it: what was never paid is given up only then.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(90);
/// How many blocks after the last payment everything is final.
const FINAL_AFTER: u64 = 6;
/// How long an orderly stop may take.
const STOP_TIME_MAX: Duration = Duration::from_secs(20);
/// The fewest deposits that make a storm.
const DEPOSITS_MIN: usize = 300;
/// The fewest accepted transfers between users.
const TRANSFERS_MIN: usize = 500;

/// The endpoints: what each is called, who runs it, what it may suffer from. One alone lies: two that lie the same
/// are more than any quorum of two bears.
const ENDPOINTS: [(&str, &str, &[Fault]); 4] = [
    ("slow", "Alpha", &[Fault::Slow, Fault::Silent, Fault::Failing]),
    (
        "broken",
        "Beta",
        &[Fault::Reset, Fault::Truncated, Fault::RateLimited],
    ),
    ("late", "Beta", &[Fault::Stale, Fault::Indexing, Fault::Slow]),
    ("forger", "Gamma", &[Fault::Forging, Fault::Stale, Fault::Reset]),
];

#[test]
fn the_ledger_equals_the_chain_after_a_storm() {
    let rng = Rng::from_seed(SEED);
    let node = Node::start(world::CHAIN);
    let world = World::new(&node);
    let elsewhere = Elsewhere::start(&node);
    let forgeries = Forgeries::default();
    let proxies: Vec<_> = (0..)
        .zip(ENDPOINTS)
        .map(|(index, (.., faults))| {
            let rng = rng.fork_indexed("endpoint", index);
            (Proxy::start(node.url(), &forgeries, rng), faults)
        })
        .collect();
    let installation = Installation::new(&world.settings(endpoints(&proxies, &elsewhere)));
    let storm = Storm::default();
    let lies = Lies {
        forgeries: &forgeries,
        token: world.usdt.address,
        elsewhere: &elsewhere.payments,
    };

    std::thread::scope(|scope| {
        let _end = End(&storm);
        scope.spawn(|| blow(&proxies, &mut rng.fork("weather"), &storm.is_over));
        scope.spawn(|| miner::run(&world, &storm, rng.fork("miner")));
        let call = |number| {
            let rng = rng.fork_indexed("caller", number);
            let caller = Caller::new(&format!("caller-{number}"), installation.client(), &storm, rng);
            scope.spawn(|| caller.run(&lies))
        };
        let callers: Vec<_> = (0..CALLERS).map(call).collect();
        let mut kills = rng.fork("kills");
        let (mut server, kills) = kill_and_restart(PLAN, &mut kills, || installation.serve_recorded());
        assert!(kills.len() >= 20, "{} kills make no storm", kills.len());
        storm.is_over.store(true, Ordering::SeqCst);
        for caller in callers {
            caller.join().expect("every caller was answered");
        }
        settle(&world, &storm, &installation);
        drop(stop(&mut server, &installation));
    });
    replay(&installation);

    let book = storm.book();
    let truth = Truth::read(&world, &book.users, node.block(Tag::Latest).number);
    let mut server = installation.serve_until_ready();
    let client = installation.client();
    let audit = Audit {
        client: &client,
        book: &book,
        truth: &truth,
    };
    assert_equal("the ledger and the chain, after a start", &audit.money());
    assert_equal("what was acknowledged, after a start", &audit.acknowledged());
    assert_equal(
        "the ledger and the chain, after every write was repeated",
        &audit.money(),
    );
    let checked = stop(&mut server, &installation);
    assert_equal("the house and the chain", &audit::house(&truth, &checked));
    assert_it_stormed(&book, &truth, &proxies);
}

/// What the threads of the storm share.
#[derive(Debug, Default)]
struct Storm {
    book: Mutex<Book>,
    jobs: Mutex<Vec<Job>>,
    /// How many users were registered, or are being.
    begun_users: AtomicUsize,
    /// Nothing new is begun: the faults have stopped.
    is_over: AtomicBool,
    /// No block is needed any more.
    is_settled: AtomicBool,
}

impl Storm {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::SeqCst)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there may be one user more, whom the caller then registers. Two callers at once must not both be the last.
    fn begin_user(&self) -> bool {
        let one_more = |begun| (begun < clients::USERS).then_some(begun + 1);
        let relaxed = Ordering::Relaxed;
        self.begun_users.fetch_update(relaxed, relaxed, one_more).is_ok()
    }

    fn add_jobs(&self, jobs: Vec<Job>) {
        let mut all = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(jobs);
    }

    /// Takes a claim that is due; at the end of the storm, any.
    fn take_job(&self) -> Option<Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |job: &Job| self.is_over() || job.due <= Instant::now();
        let due = jobs.iter().position(is_due)?;
        Some(jobs.swap_remove(due))
    }
}

/// Ends the storm, also when the test fails: its threads would go on for ever.
struct End<'a>(&'a Storm);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        self.0.is_settled.store(true, Ordering::SeqCst);
    }
}

/// Trap E22: a chain with the same id, the same token at the same address, and payments to the same users.
struct Elsewhere {
    node: Node,
    payments: Vec<TxHash>,
}

impl Elsewhere {
    fn start(home: &Node) -> Self {
        let genesis = |node: &Node| node.block(Tag::Height(0)).hash;
        let mut node = None;
        // The genesis block of two nodes that start within one second is the same.
        wait_until("another chain begins", Duration::from_secs(30), || {
            let other = Node::start(world::CHAIN);
            node = (genesis(&other) != genesis(home)).then_some(other);
            node.is_some()
        });
        let node = node.expect("another chain began");
        let world = World::new(&node);
        let pay = |number| {
            let user = World::deposit_address(UserId::new(number));
            world.pay(Kind::Honest, user, user, &mut Rng::from_seed(number))
        };
        let payments = (1..=8).map(pay).collect();
        node.mine(5);
        Self { node, payments }
    }
}

/// The endpoints in front of the node, and one of another chain.
fn endpoints(proxies: &[(Proxy, &[Fault])], elsewhere: &Elsewhere) -> Vec<Endpoint> {
    let endpoint = |name: &str, provider: &str, url| Endpoint {
        name: name.to_owned(),
        provider: provider.to_owned(),
        url,
    };
    let near = ENDPOINTS.iter().zip(proxies);
    let mut all: Vec<_> = near
        .map(|((name, provider, _), (proxy, _))| endpoint(name, provider, proxy.url()))
        .collect();
    all.push(endpoint("elsewhere", "Delta", elsewhere.node.url().to_owned()));
    all
}

/// Waits until the ledger is what the chain says, while blocks still come.
fn settle(world: &World<'_>, storm: &Storm, installation: &Installation) {
    let head = || world.node.block(Tag::Latest).number;
    let last = head();
    wait_until("the last payment is final", SETTLE_TIME_MAX, || {
        head() >= last + FINAL_AFTER
    });
    let book = storm.book();
    let truth = Truth::read(world, &book.users, head());
    let client = installation.client();
    let audit = Audit {
        client: &client,
        book: &book,
        truth: &truth,
    };
    let began = Instant::now();
    let mut differences = audit.money();
    while !differences.is_empty() && began.elapsed() < SETTLE_TIME_MAX {
        differences = audit.money();
    }
    assert_equal("the ledger and the chain, after the storm", &differences);
}

/// Stops the server in an orderly way, and gives what `plimsoll check` prints of the journal that it leaves.
fn stop(server: &mut Process, installation: &Installation) -> String {
    let status = server.terminate(STOP_TIME_MAX);
    assert_eq!(status.code(), Some(0), "after SIGTERM:\n{}", server.stderr());
    assert!(!server.stderr().contains("panicked"), "{}", server.stderr());
    let check = installation.run(&["check"], &installation.journal());
    assert_eq!(check.code, Some(0), "{check:?}");
    assert!(check.stdout.contains(": sound, "), "{check:?}");
    check.stdout
}

/// Drives every recorded life again, which must do what it did, to the bit, up to the kill that ended it.
fn replay(installation: &Installation) {
    let replay = installation.replay();
    assert_eq!(replay.code, Some(0), "{replay:?}");
    let lives: BTreeSet<&str> = replay.stdout.lines().filter_map(life).collect();
    let last = replay.stdout.lines().find(|line| line.starts_with("replayed "));
    report(&format!(
        "{} recorded lives, {}",
        lives.len(),
        last.unwrap_or("?")
    ));
    assert!(lives.len() > 5, "{}", replay.stdout);
    assert!(
        last.is_some_and(|last| last.ends_with(": as recorded")),
        "{}",
        replay.stdout
    );
    let incident = installation.run(&["sim", "replay"], &installation.scenario());
    report(&format!("the storm as a scenario:\n{}", incident.stdout));
    assert_eq!(incident.code, Some(0), "{incident:?}");
}

/// The name of the life that a line of a replay is about.
fn life(line: &str) -> Option<&str> {
    line.split_once(": life ")?.1.split(' ').next()
}

/// A storm in which nothing happened proves nothing.
fn assert_it_stormed(book: &Book, truth: &Truth, proxies: &[(Proxy, &[Fault])]) {
    let (deposits, nobodys) = truth.counts();
    let accepted = book
        .transfers
        .iter()
        .filter(|transfer| transfer.outcome.is_ok())
        .count();
    let mut met: BTreeMap<Fault, u64> = BTreeMap::new();
    for (fault, times) in proxies.iter().flat_map(|(proxy, _)| proxy.met()) {
        *met.entry(fault).or_default() += times;
    }
    report(&format!(
        "{} users, {} payments, {deposits} deposits of which {nobodys} nobody's, {} claims, {} transfers of which \
         {accepted} accepted, requests by fault {met:?}",
        book.users.len(),
        book.payments.len(),
        book.claims.len(),
        book.transfers.len(),
    ));
    assert!(deposits >= DEPOSITS_MIN, "{deposits} deposits");
    assert!(accepted >= TRANSFERS_MIN, "{accepted} transfers");
    assert!(accepted < book.transfers.len(), "no transfer was refused");
    assert_eq!(book.users.len(), clients::USERS);
    let kinds: BTreeSet<Kind> = book.payments.values().copied().collect();
    assert_eq!(kinds, BTreeSet::from(Kind::ALL));
    for fault in ENDPOINTS.iter().flat_map(|(.., faults)| *faults) {
        assert!(
            met.get(fault).is_some_and(|times| *times > 0),
            "no request met {fault:?}"
        );
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the test harness shows it with the failure, or on demand"
)]
fn report(text: &str) {
    eprintln!("storm: {text}");
}
