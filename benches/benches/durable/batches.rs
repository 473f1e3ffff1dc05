//! Batches of a chosen size: bank, durability gate and journal.

use std::cell::OnceCell;

use plimsoll_adapters::store::Journal as _;
use plimsoll_benches::house::House;
use plimsoll_benches::rival::{Rows, stored};
use plimsoll_benches::script::Script;
use plimsoll_benches::site::Site;
use plimsoll_benches::suite::{Suite, Unit};
use plimsoll_benches::teller::Teller;
use plimsoll_benches::took::{Stopwatch, Took};
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use tokio::runtime::Runtime;

use crate::FOLDER;

/// The sizes of batches, and how many transfers a second there must be at least.
const SIZES: [(usize, Option<f64>); 4] = [
    (1, None),
    (64, None),
    (1_024, None),
    (BATCH_RECORDS_MAX, Some(100_000.0)),
];
const SAMPLES: usize = 20;

/// Measures each size beside its rivals.
pub(crate) fn measure(suite: &mut Suite, runtime: &Runtime) {
    let house = OnceCell::new();
    let house = || house.get_or_init(House::new).clone();
    for (size, goal) in SIZES {
        let ours = format!("batch_{size}");
        let unit = Unit::PerSecond {
            what: "transfers",
            goal,
        };
        suite.measure(&ours, SAMPLES, size as u64, unit, |iterations| {
            runtime.block_on(transfers(house(), iterations, size))
        });
        for form in [Form::Rows, Form::Blob] {
            let theirs = format!("{}_{size}", form.name());
            let unit = Unit::PerSecond {
                what: "transfers",
                goal: None,
            };
            suite.measure(&theirs, SAMPLES, size as u64, unit, |iterations| {
                runtime.block_on(rows(house(), iterations, size, form))
            });
            suite.compare(&ours, &theirs);
        }
    }
}

/// How the rival stores the records of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Each in a row of its own, as others can read it.
    Rows,
    /// All in one row: nothing that lets SQLite sync them can do less.
    Blob,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Rows => "sqlx_rows",
            Self::Blob => "sqlx_blob",
        }
    }
}

/// Makes `batches` batches of `size` transfers durable, then recovers the bank from the journal and compares.
async fn transfers(mut house: House, batches: u64, size: usize) -> Took {
    let site = Site::new(FOLDER);
    site.write(house.facts(), BATCH_RECORDS_MAX).await;
    let (journal, recovered) = site.recover().await;
    let before = recovered.head.position.count();
    let mut teller = Teller::new(journal, recovered);
    let mut took = Took::default();
    for _ in 0..batches {
        let script = house.transfers(size as u64);
        let stopwatch = Stopwatch::start();
        teller.serve(script).await;
        took += stopwatch.took();
    }
    let digest = teller.digest();
    teller.close().await;
    let (journal, recovered) = site.recover().await;
    journal.close().await;
    assert_eq!(recovered.head.position.count(), before + batches * size as u64);
    assert_eq!(
        recovered.bank.state().digest(),
        digest,
        "the journal leads to another state"
    );
    took
}

/// Makes the records of as many transfers durable in `form`.
async fn rows(mut house: House, batches: u64, size: usize, form: Form) -> Took {
    let site = Site::new(FOLDER);
    let mut rows = Rows::create(&site.file("rows.db")).await;
    let mut took = Took::default();
    for _ in 0..batches {
        let script: Script = house.transfers(size as u64);
        let records: Vec<Vec<u8>> = house.decide(script).iter().map(stored).collect();
        let records = match form {
            Form::Rows => records,
            Form::Blob => vec![records.concat()],
        };
        let stopwatch = Stopwatch::start();
        rows.insert(&records).await;
        took += stopwatch.took();
    }
    took
}
