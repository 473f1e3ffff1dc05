use std::path::Path;
use std::time::Duration;

use plimsoll_core::escrow::TxKey;
use plimsoll_core::id::{ChainId, TxHash};
use plimsoll_core::queue::{LaneFault, Leased, Priority, QueueReply, QueueRequest, Token};
use sqlx::{Connection as _, SqliteConnection};

use super::SqliteQueue;
use crate::clock::Clock;
use crate::queue::JobQueue as _;

const JOB: TxKey = TxKey {
    chain: ChainId::new(56),
    tx: TxHash::Evm([7; 32]),
};

fn queue(folder: &Path) -> SqliteQueue {
    SqliteQueue::new(SqliteQueue::beside(&folder.join("journal.db")), Clock::start())
}

fn enqueue() -> QueueRequest {
    QueueRequest::Enqueue {
        jobs: vec![JOB],
        priority: Priority::High,
    }
}

fn lease(worker: u64) -> QueueRequest {
    QueueRequest::Lease {
        most: 1,
        visibility: Duration::from_secs(60),
        token: Token { worker, number: 0 },
    }
}

fn leased(attempts: u32) -> Result<QueueReply, LaneFault> {
    let jobs = vec![Leased { job: JOB, attempts }];
    Ok(QueueReply::Leased { jobs, available: 0 })
}

async fn connect(folder: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", folder.join("journal.jobs.sqlite").display());
    SqliteConnection::connect(&url).await.unwrap()
}

#[tokio::test]
async fn two_who_open_the_file_share_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (queue(folder.path()), queue(folder.path()));
    assert_eq!(one.call(enqueue()).await, Ok(QueueReply::Enqueued));
    assert_eq!(other.call(lease(2)).await, leased(1));
    let nothing = Ok(QueueReply::Leased {
        jobs: vec![],
        available: 0,
    });
    assert_eq!(one.call(lease(1)).await, nothing);
    assert_eq!(one.ahead(Duration::from_secs(61)).call(lease(1)).await, leased(2));
}

#[tokio::test]
async fn the_file_may_be_deleted_while_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (queue(folder.path()), queue(folder.path()));
    assert_eq!(one.call(enqueue()).await, Ok(QueueReply::Enqueued));
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(folder.path().join(format!("journal.jobs.sqlite{suffix}"))).unwrap();
    }
    assert_eq!(other.call(enqueue()).await, Ok(QueueReply::Enqueued));
    assert_eq!(one.call(lease(1)).await, leased(1));
}

#[tokio::test]
async fn what_keeps_it_from_its_work_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = queue(&folder.path().join("missing"));
    assert_eq!(nowhere.call(enqueue()).await, Err(LaneFault::Connection));

    let busy = queue(folder.path());
    assert_eq!(busy.call(enqueue()).await, Ok(QueueReply::Enqueued));
    let mut other = connect(folder.path()).await;
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(busy.call(lease(1)).await, Err(LaneFault::Refused));
    transaction.rollback().await.unwrap();
    assert_eq!(busy.call(lease(1)).await, leased(1));

    std::fs::write(
        folder.path().join("other.jobs.sqlite"),
        "this is no database, and long enough to show",
    )
    .unwrap();
    let foreign = SqliteQueue::new(folder.path().join("other.jobs.sqlite"), Clock::start());
    assert_eq!(foreign.call(enqueue()).await, Err(LaneFault::Refused));
}

#[tokio::test]
async fn what_is_no_job_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let queue = queue(folder.path());
    assert_eq!(queue.call(enqueue()).await, Ok(QueueReply::Enqueued));
    let mut other = connect(folder.path()).await;
    let foreign = "INSERT INTO jobs_1 VALUES ('what', 0, 0, NULL, 0)";
    sqlx::raw_sql(foreign).execute(&mut other).await.unwrap();
    let both = QueueRequest::Lease {
        most: 2,
        visibility: Duration::from_secs(60),
        token: Token { worker: 1, number: 0 },
    };
    assert_eq!(queue.call(both).await, leased(1));
}
