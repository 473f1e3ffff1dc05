//! The work queues: the model against SQLite and against a real Redis.
//!
//! Time passes in units that are far longer than a script takes; the real queues are told how far ahead they are, so nobody
//! waits. A lease ends half a unit after a whole number of them, so that what the script itself takes decides nothing.

mod script;

use std::time::Duration;

use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::queue::{JobQueue as _, RedisQueue, SqliteQueue};
use plimsoll_core::queue::{LaneFault, Priority, QueueReply, QueueRequest, Token};
use plimsoll_core::time::Instant;
use plimsoll_sim::model::queue::Queue;
use plimsoll_tests::process::temporary_folder;
use plimsoll_tests::redis::Redis;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::tally::Tally;
use script::{Drawing, Operation, UNIT, job};

/// Within how many scripts every kind must have succeeded and failed.
const SCRIPTS_MAX: u64 = 60;
/// How many scripts are run in any case.
const SCRIPTS_MIN: u64 = 20;
/// How many operations a script has.
const LENGTH: u64 = 120;

/// What was asked, and what came of it.
const KINDS: [&str; 10] = [
    "complete",
    "complete: lost",
    "enqueue",
    "extend",
    "extend: lost",
    "lease",
    "lease: again",
    "lease: nothing",
    "release",
    "release: lost",
];
/// Answers, which are what they are.
const INFALLIBLE: [(&str, &str); 5] = [
    ("complete: lost", "an answer"),
    ("extend: lost", "an answer"),
    ("lease: again", "an answer"),
    ("lease: nothing", "an answer"),
    ("release: lost", "an answer"),
];

/// A real queue that can be made to refuse.
trait Real {
    /// Asks it at a time to come.
    fn call(&mut self, ahead: Duration, request: QueueRequest) -> Result<QueueReply, LaneFault>;
    /// Asks it while it refuses whatever it is asked.
    fn refuse(&mut self, ahead: Duration, request: QueueRequest) -> Result<QueueReply, LaneFault>;
}

#[test]
fn the_model_is_like_sqlite() {
    conform(Sqlite::new);
}

#[test]
fn the_model_is_like_redis() {
    conform(InRedis::new);
}

#[track_caller]
fn conform<R: Real>(make: impl Fn() -> R) {
    let mut tally = Tally::default();
    for seed in 1..=SCRIPTS_MAX {
        run(seed, &mut make(), &mut tally);
        if seed >= SCRIPTS_MIN && tally.missing(&KINDS, &INFALLIBLE).is_empty() {
            tally.check(&KINDS, &INFALLIBLE);
            return;
        }
    }
    panic!(
        "after {SCRIPTS_MAX} scripts: {:?}\n{tally}",
        tally.missing(&KINDS, &INFALLIBLE)
    );
}

/// Runs the script of a seed on both, and empties both.
#[track_caller]
fn run(seed: u64, real: &mut impl Real, tally: &mut Tally) {
    let (mut drawing, mut model, mut ahead) = (Drawing::new(seed), Queue::new(), Duration::ZERO);
    let mut done: Vec<Operation> = Vec::new();
    for step in 1..=LENGTH {
        let operation = drawing.next();
        done.push(operation.clone());
        let now = Instant::ZERO.after(ahead + Duration::from_micros(step));
        let (expected, found) = match operation {
            Operation::Wait(units) => {
                ahead += UNIT * units;
                continue;
            }
            Operation::Ask(request) => (Ok(model.call(now, &request)), real.call(ahead, request)),
            Operation::Refuse(request) => (Err(LaneFault::Refused), real.refuse(ahead, request)),
        };
        assert_eq!(
            expected, found,
            "seed {seed}: the model (left) and the real one differ at the end of\n{done:#?}"
        );
        count(tally, &done[done.len() - 1], &found);
        if let Ok(reply) = &found {
            drawing.learn(&done[done.len() - 1], reply);
        }
    }
    let last = QueueRequest::Lease {
        most: 256,
        visibility: UNIT,
        token: Token { worker: 9, number: 0 },
    };
    ahead += UNIT * 1_000;
    let expected = model.call(Instant::ZERO.after(ahead), &last);
    assert_eq!(
        Ok(expected),
        real.call(ahead, last),
        "seed {seed}: what is left\n{done:#?}"
    );
}

fn count(tally: &mut Tally, operation: &Operation, outcome: &Result<QueueReply, LaneFault>) {
    let (Operation::Ask(request) | Operation::Refuse(request)) = operation else {
        return;
    };
    let kind = match request {
        QueueRequest::Enqueue { .. } => "enqueue",
        QueueRequest::Lease { .. } => "lease",
        QueueRequest::Extend { .. } => "extend",
        QueueRequest::Complete { .. } => "complete",
        QueueRequest::Release { .. } => "release",
    };
    tally.count(kind, outcome.is_ok());
    match outcome {
        Ok(QueueReply::Kept { lost }) if !lost.is_empty() => tally.count(format!("{kind}: lost"), true),
        Ok(QueueReply::Leased { jobs, .. }) if jobs.is_empty() => tally.count("lease: nothing", true),
        Ok(QueueReply::Leased { jobs, .. }) if jobs.iter().any(|one| one.attempts > 1) => {
            tally.count("lease: again", true);
        }
        Ok(QueueReply::Enqueued | QueueReply::Leased { .. } | QueueReply::Kept { .. }) | Err(_) => {}
    }
}

/// The database lane.
struct Sqlite {
    folder: TempDir,
    queue: SqliteQueue,
    runtime: Runtime,
}

impl Sqlite {
    fn new() -> Self {
        let (folder, runtime) = (temporary_folder(), Runtime::new().expect("a runtime starts"));
        let clock = runtime.block_on(async { Clock::start() });
        let queue = SqliteQueue::new(SqliteQueue::beside(&folder.path().join("journal.db")), clock);
        Self {
            folder,
            queue,
            runtime,
        }
    }
}

impl Real for Sqlite {
    fn call(&mut self, ahead: Duration, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        self.runtime.block_on(self.queue.ahead(ahead).call(request))
    }

    /// Another process holds the file for longer than anybody waits.
    fn refuse(&mut self, ahead: Duration, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        let file = SqliteQueue::beside(&self.folder.path().join("journal.db"));
        let url = format!("sqlite://{}?mode=rwc", file.display());
        self.runtime.block_on(async {
            let mut other = SqliteConnection::connect(&url).await.expect("the file opens");
            let held = other.begin_with("BEGIN EXCLUSIVE").await.expect("nobody has it");
            let outcome = self.queue.ahead(ahead).call(request).await;
            held.rollback().await.expect("nothing was done");
            outcome
        })
    }
}

/// The immediate lane.
struct InRedis {
    redis: Redis,
    queue: RedisQueue,
    runtime: Runtime,
}

impl InRedis {
    fn new() -> Self {
        let (redis, runtime) = (Redis::start(), Runtime::new().expect("a runtime starts"));
        let url = redis.url().parse().expect("an address");
        let queue = RedisQueue::new(&url, "conformance").expect("an address");
        Self {
            redis,
            queue,
            runtime,
        }
    }
}

impl Real for InRedis {
    fn call(&mut self, ahead: Duration, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        self.runtime.block_on(self.queue.ahead(ahead).call(request))
    }

    /// The server permits no scripts.
    fn refuse(&mut self, ahead: Duration, request: QueueRequest) -> Result<QueueReply, LaneFault> {
        assert_eq!(self.redis.command("ACL SETUSER default -evalsha"), "+OK");
        let outcome = self.call(ahead, request);
        assert_eq!(self.redis.command("ACL SETUSER default +evalsha"), "+OK");
        outcome
    }
}

#[test]
fn a_full_redis_takes_no_jobs_in_and_keeps_those_that_it_has() {
    let mut real = InRedis::new();
    let enqueue = |n| QueueRequest::Enqueue {
        jobs: vec![job(n)],
        priority: Priority::Normal,
    };
    assert_eq!(real.call(Duration::ZERO, enqueue(1)), Ok(QueueReply::Enqueued));
    assert_eq!(real.redis.command("CONFIG SET maxmemory 1"), "+OK");
    assert_eq!(real.call(Duration::ZERO, enqueue(2)), Err(LaneFault::Full));
    let lease = QueueRequest::Lease {
        most: 9,
        visibility: UNIT,
        token: Token { worker: 1, number: 0 },
    };
    assert_eq!(real.call(Duration::ZERO, lease.clone()), Err(LaneFault::Full));
    assert_eq!(real.redis.command("CONFIG SET maxmemory 0"), "+OK");
    let Ok(QueueReply::Leased { jobs, available: 0 }) = real.call(Duration::ZERO, lease) else {
        panic!("the job is there")
    };
    assert_eq!(jobs.iter().map(|one| one.job).collect::<Vec<_>>(), [job(1)]);
}

#[test]
fn a_redis_that_was_killed_is_used_again_when_it_is_back() {
    let mut real = InRedis::new();
    let lease = || QueueRequest::Lease {
        most: 9,
        visibility: UNIT,
        token: Token { worker: 1, number: 0 },
    };
    let empty = Ok(QueueReply::Leased {
        jobs: vec![],
        available: 0,
    });
    for _ in 0..3 {
        assert_eq!(real.call(Duration::ZERO, lease()), empty);
        real.redis.kill();
        for _ in 0..3 {
            assert_eq!(real.call(Duration::ZERO, lease()), Err(LaneFault::Connection));
        }
        real.redis.restart();
    }
    assert_eq!(
        real.call(Duration::ZERO, lease()),
        empty,
        "the scripts are sent again"
    );
}
