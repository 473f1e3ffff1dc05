use std::path::{Path, PathBuf};

use plimsoll_core::bank::{Record, State};
use plimsoll_core::id::{AssetId, ChainId, IdempotencyKey, UserId};
use plimsoll_core::journal::{Batch, Head, Position};
use plimsoll_core::ledger::{Command, Owner, Request, Rules, Transfer, Verdict};
use plimsoll_core::money::Amount;
use plimsoll_core::outbox::Appended;
use plimsoll_core::time::WallClock;
use tempfile::TempDir;

use super::{Finding, HouseBalance, Report, audit};
use crate::store::{Journal as _, Mode, SqliteJournal, StoreError};

fn asset(symbol: &str) -> Record {
    Record::AssetRegistered {
        asset: symbol.parse::<AssetId>().unwrap(),
        scale: 18,
    }
}

fn user(number: u64) -> Record {
    let key = IdempotencyKey::derive("test", &number.to_be_bytes());
    let (user, name) = (UserId::new(number), format!("user {number}"));
    Record::UserRegistered {
        user,
        key,
        name,
        addresses: vec![],
        at: WallClock::from_micros(1),
    }
}

/// A journal with one batch for each of `batches`.
async fn journal(batches: &[Vec<Record>]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = SqliteJournal::open(&path, Mode::CreateIfMissing).await.unwrap();
    let mut head = journal.head().await.unwrap();
    for records in batches {
        let batch = Batch::seal(&head, WallClock::from_micros(1), records.iter());
        assert_eq!(journal.append(&batch).await, Appended::Committed);
        head = Head {
            epoch: batch.epoch,
            position: batch.last,
            hash: batch.hash,
        };
    }
    journal.close().await;
    (folder, path)
}

async fn report(path: &Path) -> Report {
    audit(path, |_| {}).await.unwrap()
}

async fn sql(path: &Path, sql: &'static str) {
    use sqlx::Connection as _;
    let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap())
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_sound_journal_is_read_to_its_end() {
    let batches = [
        vec![asset("USDT"), user(1)],
        vec![user(2)],
        vec![user(3), user(4)],
    ];
    let (_folder, path) = journal(&batches).await;
    let mut state = State::default();
    batches.iter().flatten().for_each(|record| state.apply(record));
    let mut seen = Vec::new();
    let report = audit(&path, |progress| seen.push(progress.position.count()))
        .await
        .unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(
        (report.batches, report.epochs, report.verified),
        (3, 1, Position::new(5))
    );
    assert_eq!(report.digest, Some(state.digest()));
    assert_eq!(seen, [2, 3, 5]);
}

#[tokio::test]
async fn the_house_is_told_what_it_holds() {
    let first = vec![asset("USDT"), user(1)];
    let mut state = State::default();
    first.iter().for_each(|record| state.apply(record));
    let deposit = Transfer {
        debit: Owner::Custody(ChainId::new(56)),
        credit: Owner::User(UserId::new(1)),
        asset: "USDT".parse().unwrap(),
        amount: Amount::from_minor(7),
    };
    let request = Request {
        key: IdempotencyKey::derive("test", b"deposit"),
        command: Command::Post {
            transfers: vec![deposit],
        },
    };
    let verdict = state
        .ledger()
        .decide(Rules::Internal, WallClock::from_micros(1), request);
    let Verdict::Fresh(record) = verdict else {
        panic!("{verdict:?}")
    };
    let (_folder, path) = journal(&[first, vec![Record::Ledger(record)]]).await;
    let expected = HouseBalance {
        account: deposit.debit_account(),
        available: Amount::from_minor(7),
        scale: 18,
    };
    assert_eq!(
        report(&path).await.house,
        [expected],
        "users' accounts are theirs"
    );
}

#[tokio::test]
async fn an_empty_journal_is_sound() {
    let (_folder, path) = journal(&[]).await;
    let report = report(&path).await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.batches, report.epochs), (0, 0));
}

#[tokio::test]
async fn a_journal_at_work_can_be_audited() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = SqliteJournal::open(&path, Mode::CreateIfMissing).await.unwrap();
    let head = journal.head().await.unwrap();
    let batch = Batch::seal(&head, WallClock::from_micros(1), [asset("USDT")].iter());
    assert_eq!(journal.append(&batch).await, Appended::Committed);
    let report = report(&path).await;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.verified, Position::new(1));
    journal.close().await;
}

#[tokio::test]
async fn a_broken_chain_says_how_far_it_holds() {
    let (_folder, path) = journal(&[vec![asset("USDT")], vec![user(1)], vec![user(2)]]).await;
    sql(&path, "UPDATE batches SET hash = zeroblob(32) WHERE after = 1").await;
    let report = report(&path).await;
    assert!(!report.is_sound());
    assert_eq!((report.verified, report.digest), (Position::new(1), None));
    let [finding @ Finding::Chain(StoreError::Batch { .. })] = report.findings.as_slice() else {
        panic!("{report:?}")
    };
    assert!(finding.to_string().contains("after position 1"), "{finding}");
}

#[tokio::test]
async fn a_lost_end_is_found() {
    let (_folder, path) = journal(&[vec![asset("USDT")], vec![user(1)]]).await;
    sql(&path, "DELETE FROM batches WHERE after = 1").await;
    let report = report(&path).await;
    assert!(
        matches!(
            report.findings.as_slice(),
            [Finding::Chain(StoreError::Head { .. })]
        ),
        "{report:?}"
    );
    assert!(!report.is_sound());
}

#[tokio::test]
async fn records_that_do_not_follow_are_found() {
    let (_folder, path) = journal(&[
        vec![asset("USDT"), user(1)],
        vec![user(2), asset("USDT"), user(3)],
    ])
    .await;
    let report = report(&path).await;
    let [Finding::Record { position, rule }] = report.findings.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!(*position, Position::new(4));
    assert!(rule.contains("USDT was registered twice"), "{rule}");
}

#[tokio::test]
async fn a_state_that_breaks_an_invariant_is_found() {
    use plimsoll_core::ledger::LedgerRecord;
    let unregistered = LedgerRecord::AccountsOpened {
        user: UserId::new(1),
        assets: vec!["GOLD".parse().unwrap()],
    };
    let (_folder, path) = journal(&[vec![user(1), Record::Ledger(unregistered)]]).await;
    let report = report(&path).await;
    let [Finding::Invariant(rule)] = report.findings.as_slice() else {
        panic!("{report:?}")
    };
    assert!(rule.contains("never registered"), "{rule}");
}

#[test]
fn what_is_found_is_told_in_the_report_alone() {
    let found = [
        "records_that_do_not_follow_are_found",
        "a_state_that_breaks_an_invariant_is_found",
    ];
    let names = found.map(|name| format!("store::audit::tests::{name}"));
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child
        .args(["--exact", "--nocapture"])
        .args(&names)
        .output()
        .unwrap();
    let (said, heard) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success() && said.contains("2 passed"), "{said}");
    assert!(!heard.contains("panicked"), "{heard}");
}

#[tokio::test]
async fn damaged_pages_are_found() {
    let many: Vec<Vec<Record>> = (1..400).map(|n| vec![user(n)]).collect();
    let (_folder, path) = journal(&many).await;
    let mut bytes = std::fs::read(&path).unwrap();
    let page = 4096 * 5;
    bytes[page..page + 64].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let report = report(&path).await;
    assert!(
        report
            .findings
            .iter()
            .any(|finding| matches!(finding, Finding::Structure(_))),
        "{report:?}"
    );
    assert!(!report.is_sound());
}

#[tokio::test]
async fn what_is_no_journal_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    assert!(matches!(
        audit(&path, |_| {}).await,
        Err(StoreError::Missing { .. })
    ));
    std::fs::write(&path, b"dear diary").unwrap();
    assert!(matches!(
        audit(&path, |_| {}).await,
        Err(StoreError::NotAJournal { .. })
    ));
    assert!(!path.with_extension("db.lock").exists(), "an audit takes no lock");
}
