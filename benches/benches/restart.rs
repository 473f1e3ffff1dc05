//! A restart: the journal of a million transfers opened, verified and replayed, until the bank would serve.
//!
//! The rival is sqlx alone, which reads the same rows and looks at none of them.

use std::cell::OnceCell;

use plimsoll_adapters::store::Journal as _;
use plimsoll_benches::house::House;
use plimsoll_benches::rival::read_batches;
use plimsoll_benches::site::Site;
use plimsoll_benches::suite::{Suite, Unit, sized};
use plimsoll_benches::took::{Stopwatch, Took, timed};
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use tokio::runtime::Runtime;

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");
/// How many records the batches of a journal have: under full load, with some callers at a time, and with one.
const SIZES: [usize; 3] = [BATCH_RECORDS_MAX, 64, 1];
const TRANSFERS: u64 = 1_000_000;
const TRANSFERS_TRIED: u64 = 1_000;
/// How many transfers are decided at once before they are written.
const CHUNK: u64 = 64 * 1_024;
const SAMPLES: usize = 10;

fn main() {
    let mut suite = Suite::new("restart");
    let runtime = Runtime::new().expect("start a runtime");
    for size in SIZES {
        let journal = OnceCell::new();
        let journal = || journal.get_or_init(|| runtime.block_on(Million::new(size)));
        let (ours, theirs) = (format!("million_by_{size}"), format!("sqlx_reads_{size}"));
        let goal = Unit::TimeEach { goal: Some(2.0) };
        suite.measure(&ours, SAMPLES, 1, goal, |iterations| {
            let million = journal();
            (0..iterations).map(|_| runtime.block_on(million.restart())).sum()
        });
        let unit = Unit::TimeEach { goal: None };
        suite.measure(&theirs, SAMPLES, 1, unit, |iterations| {
            let path = journal().site.file("journal.db");
            let read = |_| timed(|| assert_ne!(runtime.block_on(read_batches(&path)), 0)).0;
            (0..iterations).map(read).sum()
        });
        suite.compare(&ours, &theirs);
    }
    suite.finish();
}

/// A journal of a million transfers, fewer when it is only tried, and what it leads to.
struct Million {
    site: Site,
    position: u64,
    digest: u128,
}

impl Million {
    async fn new(batch: usize) -> Self {
        let (mut house, site) = (House::new(), Site::new(FOLDER));
        let mut position = house.facts().len() as u64;
        site.write(house.facts(), batch).await;
        let mut left = sized(TRANSFERS, TRANSFERS_TRIED);
        while left > 0 {
            let count = left.min(CHUNK);
            let script = house.transfers(count);
            let records = house.decide(script);
            site.write(&records, batch).await;
            (left, position) = (left - count, position + records.len() as u64);
        }
        Self {
            site,
            position,
            digest: house.bank().state().digest(),
        }
    }

    async fn restart(&self) -> Took {
        let stopwatch = Stopwatch::start();
        let (journal, recovered) = self.site.recover().await;
        let took = stopwatch.took();
        journal.close().await;
        assert_eq!(recovered.head.position.count(), self.position);
        assert_eq!(
            recovered.bank.state().digest(),
            self.digest,
            "the journal leads to another state"
        );
        took
    }
}
