//! Batches of a chosen size: bank, durability gate and journal.

use plimsoll_adapters::store::Journal as _;
use plimsoll_benches::house::House;
use plimsoll_benches::rival::{Rows, stored};
use plimsoll_benches::script::Script;
use plimsoll_benches::site::Site;
use plimsoll_benches::suite::{Suite, Unit, sized};
use plimsoll_benches::teller::Teller;
use plimsoll_benches::took::{Stopwatch, Took};
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use tokio::runtime::Runtime;

use crate::FOLDER;

/// Batches of one size.
#[derive(Debug, Clone, Copy)]
struct Batches {
    /// How many transfers are in one.
    size: usize,
    /// How many are made in one iteration: the first of a new journal.
    count: u64,
    /// How many transfers a second there must be at least.
    goal: Option<f64>,
}

const BATCHES: [Batches; 4] = [
    Batches {
        size: 1,
        count: 256,
        goal: None,
    },
    Batches {
        size: 64,
        count: 128,
        goal: None,
    },
    Batches {
        size: 1_024,
        count: 64,
        goal: None,
    },
    Batches {
        size: BATCH_RECORDS_MAX,
        count: 32,
        goal: Some(100_000.0),
    },
];
const COUNT_TRIED: u64 = 2;
const SAMPLES: usize = 10;

/// Measures each size beside its rivals.
pub(crate) fn measure(suite: &mut Suite, runtime: &Runtime, house: &impl Fn() -> House) {
    for batches in BATCHES {
        let Batches { size, count, goal } = batches;
        let batches = Batches {
            count: sized(count, COUNT_TRIED),
            ..batches
        };
        let ours = format!("batch_{size}");
        let transfers = batches.count * size as u64;
        let what = "transfers";
        let unit = Unit::PerSecond { what, goal };
        suite.measure(&ours, SAMPLES, transfers, unit, |iterations| {
            let one = |_| runtime.block_on(commit(house(), batches));
            (0..iterations).map(one).sum()
        });
        for form in [Form::Rows, Form::Blob] {
            let theirs = format!("{}_{size}", form.name());
            let unit = Unit::PerSecond { what, goal: None };
            suite.measure(&theirs, SAMPLES, transfers, unit, |iterations| {
                let one = |_| runtime.block_on(insert(house(), batches, form));
                (0..iterations).map(one).sum()
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

/// Makes `batches` durable, then recovers the bank from the journal and compares.
async fn commit(mut house: House, batches: Batches) -> Took {
    let site = Site::new(FOLDER);
    site.write(house.facts(), BATCH_RECORDS_MAX).await;
    let (journal, recovered) = site.recover().await;
    let before = recovered.head.position.count();
    let mut teller = Teller::new(journal, recovered);
    let mut took = Took::default();
    for _ in 0..batches.count {
        let script = house.transfers(batches.size as u64);
        let stopwatch = Stopwatch::start();
        teller.serve(script).await;
        took += stopwatch.took();
    }
    let digest = teller.digest();
    teller.close().await;
    let (journal, recovered) = site.recover().await;
    journal.close().await;
    let written = batches.count * batches.size as u64;
    assert_eq!(recovered.head.position.count(), before + written);
    assert_eq!(
        recovered.bank.state().digest(),
        digest,
        "the journal leads to another state"
    );
    took
}

/// Makes the records of as many transfers durable in `form`.
async fn insert(mut house: House, batches: Batches, form: Form) -> Took {
    let site = Site::new(FOLDER);
    let mut rows = Rows::create(&site.file("rows.db")).await;
    let mut took = Took::default();
    for _ in 0..batches.count {
        let script: Script = house.transfers(batches.size as u64);
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
