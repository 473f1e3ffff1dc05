//! Group commit, gate, timer, mailbox and stop of the real driver, in orders of tasks that nobody thought of.
//!
//! Clients register users under keys of their own until they are answered, the store fails in every way that it may, the
//! process is killed and started again, and told to stop in the end. No acknowledged write is lost, none is done twice,
//! no reply comes before its commit, and nothing hangs. Each seed runs three times under a check of determinism, and
//! `prove` compares the courses of two processes.
#![cfg(madsim)]

use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use madsim::rand::Rng as _;
use madsim::runtime::Handle as Machines;
use madsim::time::{sleep, timeout};
use plimsoll_core::bank::{BankConfig, Command, Notice, Record, Reply, State};
use plimsoll_core::escrow::{
    Answer, ChainConfig, DepositAddresses, EndpointConfig, EscrowConfig, Fault, Question,
};
use plimsoll_core::id::{Address, BlockHash, ChainId, EndpointId, IdempotencyKey};
use plimsoll_core::journal::{Batch, Head, OpenedBatch};
use plimsoll_core::money::{Amount, Asset, ChainToken, InForce, Registry};
use plimsoll_core::outbox::Appended;
use plimsoll_core::resilience::PoolPolicy;
use plimsoll_core::time::Instant;
use plimsoll_madsim::check::{checked, note};
use plimsoll_madsim::clock::Clock;
use plimsoll_madsim::driver::{Asker, Driver, DriverError, Handle, recover};
use plimsoll_madsim::store::{Journal, Progress};
use plimsoll_madsim::sync::oneshot;
use serde::de::DeserializeOwned;

const SEEDS: u64 = 300;
const CLIENTS: usize = 16;
const WRITES: usize = 4;
const KILLS: usize = 3;
const POLL: Duration = Duration::from_millis(100);
/// The longest half of a sync.
const SYNC_MAX_MS: u64 = 20;

#[test]
fn no_order_of_tasks_loses_or_doubles_a_write() {
    let mut seen = Seen::default();
    for seed in 1..=SEEDS {
        let course = run(seed);
        note("driver", seed, &course);
        seen.add(&course);
    }
    // Runs in which nothing went wrong would prove nothing.
    assert!(seen.shared > 0, "no commit carried two writes");
    assert!(seen.failed > 0 && seen.kept > 0 && seen.lost > 0, "{seen:?}");
    assert!(seen.repeated > 0, "no client repeated what was done already");
    eprintln!("{SEEDS} seeds: {seen:?}");
}

/// How one run went.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Course {
    head: Head,
    took: Duration,
    seen: Seen,
}

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Seen {
    /// Commits of more than one record.
    shared: usize,
    failed: usize,
    kept: usize,
    lost: usize,
    repeated: usize,
}

impl Seen {
    fn add(&mut self, course: &Course) {
        let Self {
            shared,
            failed,
            kept,
            lost,
            repeated,
        } = course.seen;
        self.shared += shared;
        self.failed += failed;
        self.kept += kept;
        self.lost += lost;
        self.repeated += repeated;
    }
}

fn run(seed: u64) -> Course {
    checked(seed, || async {
        let storm = storm(Machines::current().seed());
        timeout(Duration::from_secs(600), storm).await.expect("it hangs")
    })
}

#[test]
fn a_request_waits_for_the_journal_and_for_nothing_else() {
    for seed in 1..=SEEDS / 10 {
        let waited = checked(seed, || async {
            let sound = Disk::sound();
            let (door, poll) = (Door::default(), Duration::from_secs(30));
            let _bank = start(&sound, &door, 0, poll);
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| madsim::task::spawn(client(number, sound.clone(), door.clone())))
                .collect();
            for client in clients {
                client.await.expect("it lives on");
            }
            sound.lock().waited_max
        });
        // The append under way, and the next: each has two halves.
        let longest = Duration::from_millis(4 * SYNC_MAX_MS + 5);
        assert!(
            waited <= longest,
            "seed {seed}: it took {waited:?} to be answered"
        );
    }
}

/// What every run of this process shares, and no seed decides.
static LEAK: AtomicU64 = AtomicU64::new(0);

#[test]
#[should_panic(expected = "non-determinism detected")]
fn what_no_seed_decides_is_found_out() {
    checked(1, || async {
        sleep(Duration::from_millis(1 + LEAK.fetch_add(1, Ordering::Relaxed))).await;
        pause(1).await;
    });
}

#[test]
#[should_panic(expected = "took another course with other hash maps")]
fn the_order_of_a_hash_map_is_found_out() {
    checked(1, || async {
        #[expect(clippy::disallowed_types, reason = "what is to be found out")]
        let numbers: std::collections::HashMap<u32, ()> = (0..64).map(|number| (number, ())).collect();
        numbers.into_keys().collect::<Vec<_>>()
    });
}

async fn storm(seed: u64) -> Course {
    let clock = Clock::start();
    let (disk, door) = (Disk::default(), Door::default());
    let (mut bank, mut stop) = start(&disk, &door, 0, POLL);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| madsim::task::spawn(client(number, disk.clone(), door.clone())))
        .collect();
    for life in 1..=KILLS {
        pause(500).await;
        Machines::current().kill(bank.machine);
        door.shut();
        pause(100).await;
        (bank, stop) = start(&disk, &door, life, POLL);
    }
    for client in clients {
        client.await.expect("it lives on");
    }
    stop.send(()).expect("the driver waits for it");
    let ended = bank.ended.await.expect("it was not killed");
    assert_eq!(ended, Ok(()), "seed {seed}");
    let state = disk.state();
    assert_eq!(
        state.users().len(),
        CLIENTS * WRITES,
        "seed {seed}: a write was lost or doubled"
    );
    let seen = disk.lock().seen.clone();
    Course {
        head: disk.lock().head,
        took: clock.now().since(Instant::ZERO),
        seen,
    }
}

async fn pause(ms_max: u64) {
    let ms = madsim::rand::thread_rng().gen_range(1..=ms_max);
    sleep(Duration::from_millis(ms)).await;
}

/// A process.
struct Process {
    machine: madsim::task::NodeId,
    ended: madsim::task::JoinHandle<Result<(), DriverError>>,
}

fn start(disk: &Disk, door: &Door, life: usize, poll: Duration) -> (Process, oneshot::Sender<()>) {
    let node = Machines::current()
        .create_node()
        .name(format!("bank {life}"))
        .build();
    let (stop, stopped) = oneshot::channel::<()>();
    let (disk, door) = (disk.clone(), door.clone());
    let ended = node.spawn(async move {
        let mut journal = disk.open();
        let recovered = recover(&mut journal, config(poll), |_| {})
            .await
            .expect("the journal is sound");
        let (driver, handle) = Driver::new(journal, recovered, Deaf, Clock::start(), |_: &Notice| {});
        door.open(handle);
        driver.run(async { drop(stopped.await) }).await
    });
    (
        Process {
            machine: node.id(),
            ended,
        },
        stop,
    )
}

/// Registers users until each is answered, and looks on the disk whether what it is told is there.
async fn client(number: usize, disk: Disk, door: Door) {
    for write in 0..WRITES {
        let name = format!("{number}-{write}");
        let key = IdempotencyKey::derive("madsim", name.as_bytes());
        loop {
            pause(200).await;
            let Some(handle) = door.get() else { continue };
            let command = Command::RegisterUser {
                key,
                name: name.clone(),
            };
            let clock = Clock::start();
            let Ok(Ok(reply)) = timeout(Duration::from_secs(20), handle.command(command)).await else {
                continue;
            };
            let waited = clock.now().since(Instant::ZERO);
            disk.waited(waited);
            let Reply::User { user, replayed, .. } = reply else {
                panic!("{reply:?}")
            };
            assert_eq!(
                disk.state().user_by_key(&key),
                Some(user),
                "told before it was durable"
            );
            disk.lock().seen.repeated += usize::from(replayed);
            break;
        }
    }
}

/// The way to the bank, while it is open.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<Option<Handle>>>);

impl Door {
    fn open(&self, handle: Handle) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    fn shut(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn get(&self) -> Option<Handle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Endpoints that cannot be reached, each time after another while.
#[derive(Debug, Clone)]
struct Deaf;

impl Asker for Deaf {
    fn ask(
        &self,
        _: EndpointId,
        _: Question,
        _: Duration,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send {
        let ms = madsim::rand::thread_rng().gen_range(1..=50);
        async move {
            sleep(Duration::from_millis(ms)).await;
            Err(Fault::Connection)
        }
    }
}

#[derive(Debug, Default)]
struct Platter {
    head: Head,
    batches: Vec<Batch>,
    /// Whether it never fails.
    is_sound: bool,
    /// The longest that a client waited for an answer.
    waited_max: Duration,
    seen: Seen,
}

/// A disk that outlives the process.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<Platter>>);

/// The journal on it, for one term.
struct DiskJournal {
    epoch: u64,
    disk: Disk,
}

impl Disk {
    fn lock(&self) -> std::sync::MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sound() -> Self {
        let disk = Self::default();
        disk.lock().is_sound = true;
        disk
    }

    fn waited(&self, waited: Duration) {
        let longest = &mut self.lock().waited_max;
        *longest = waited.max(*longest);
    }

    fn open(&self) -> DiskJournal {
        let mut platter = self.lock();
        platter.head.epoch += 1;
        DiskJournal {
            epoch: platter.head.epoch,
            disk: self.clone(),
        }
    }

    fn state(&self) -> State {
        let mut state = State::default();
        let mut head = Head::default();
        for batch in &self.lock().batches {
            let opened =
                Batch::open::<Record>(&mut head, &batch.hash, &batch.bytes).expect("as it was written");
            opened.records.iter().for_each(|record| state.apply(record));
        }
        state.check();
        state
    }
}

impl DiskJournal {
    fn keep(&self, batch: &Batch) {
        let mut platter = self.disk.lock();
        platter.head.position = batch.last;
        platter.head.hash = batch.hash;
        platter.seen.shared += usize::from(batch.last.count() - batch.after.count() > 1);
        platter.batches.push(batch.clone());
    }
}

impl Journal for DiskJournal {
    type Error = Infallible;

    async fn append(&mut self, batch: &Batch) -> Appended {
        pause(SYNC_MAX_MS).await;
        let head = self.disk.lock().head;
        if batch.epoch != head.epoch {
            return Appended::Fenced;
        }
        assert_eq!(
            (batch.after, batch.previous),
            (head.position, head.hash),
            "the outbox lost count"
        );
        let is_sound = self.disk.lock().is_sound;
        let fate = madsim::rand::thread_rng().gen_range(if is_sound { 3..10 } else { 0..10 });
        let appended = match fate {
            0 => {
                self.disk.lock().seen.failed += 1;
                Appended::Failed
            }
            1 => {
                self.disk.lock().seen.lost += 1;
                Appended::Unknown
            }
            2 => {
                self.keep(batch);
                self.disk.lock().seen.kept += 1;
                Appended::Unknown
            }
            _ => {
                self.keep(batch);
                Appended::Committed
            }
        };
        pause(SYNC_MAX_MS).await; // a kill here leaves a batch that nobody was told of
        appended
    }

    async fn head(&mut self) -> Option<Head> {
        pause(20).await;
        let is_readable = madsim::rand::thread_rng().gen_bool(0.8);
        is_readable.then(|| self.disk.lock().head)
    }

    async fn replay<R: DeserializeOwned + Send>(
        &mut self,
        mut each: impl FnMut(OpenedBatch<R>, Progress) + Send,
    ) -> Result<Head, Infallible> {
        let (batches, of) = {
            let platter = self.disk.lock();
            (platter.batches.clone(), platter.head.position)
        };
        let mut head = Head::default();
        for batch in &batches {
            let opened = Batch::open(&mut head, &batch.hash, &batch.bytes).expect("as it was written");
            each(
                opened,
                Progress {
                    position: head.position,
                    of,
                },
            );
        }
        Ok(Head {
            epoch: self.epoch,
            ..head
        })
    }

    async fn close(self) {}
}

fn config(poll: Duration) -> BankConfig {
    let endpoint = |name: &str| EndpointConfig {
        name: name.to_owned(),
        provider: name.to_owned(),
        quotas: vec![],
    };
    let chain = ChainConfig {
        id: ChainId::new(56),
        genesis: BlockHash::Evm([1; 32]),
        endpoints: vec![endpoint("one"), endpoint("two")],
        addresses: DepositAddresses::Factory {
            factory: Address::Evm([0xfa; 20]),
            init_code_hash: [0x1c; 32],
        },
        collect: vec![],
        start_block: 1,
        poll,
        stalled_lag: None,
    };
    let token = ChainToken {
        chain: chain.id,
        contract: Address::Evm([0x55; 20]),
        decimals: 18,
        in_force: InForce::ALWAYS,
    };
    let usdt = Asset {
        id: "USDT".parse().expect("a symbol"),
        name: "Tether".to_owned(),
        scale: 18,
        min: Amount::from_minor(1),
        max: Amount::MAX,
        enabled: true,
        tokens: vec![token],
    };
    BankConfig {
        registry: Registry::new(vec![usdt]).expect("sound"),
        escrow: EscrowConfig {
            chains: vec![chain],
            ..EscrowConfig::default()
        },
        pool: PoolPolicy::default(),
        seed: 7,
    }
}
