//! A restart: a journal opened, verified and replayed, until the bank has seen to what is due and would serve. One journal
//! holds a million transfers, another a hundred thousand deposits that wait.
//!
//! The rival is sqlx alone, which reads the same rows and looks at none of them.

use std::cell::OnceCell;

use plimsoll_adapters::store::Journal as _;
use plimsoll_benches::house::House;
use plimsoll_benches::rival::read_batches;
use plimsoll_benches::script::Script;
use plimsoll_benches::site::Site;
use plimsoll_benches::suite::{Suite, Unit, sized};
use plimsoll_benches::took::{Stopwatch, Took, timed};
use plimsoll_core::bank::{Act, Bank, Event, Input};
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use plimsoll_core::machine::{Effects, Intent, Machine as _};
use plimsoll_core::time::{Instant, WallClock};
use tokio::runtime::Runtime;

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");
/// How many records the batches of a journal have: under full load, with some callers at a time, and with one.
const SIZES: [usize; 3] = [BATCH_RECORDS_MAX, 64, 1];
const TRANSFERS: u64 = 1_000_000;
const TRANSFERS_TRIED: u64 = 1_000;
const PENDING: u64 = 100_000;
const PENDING_TRIED: u64 = 1_000;
/// How many transfers are decided at once before they are written.
const CHUNK: u64 = 64 * 1_024;
const SAMPLES: usize = 10;

fn main() {
    let mut suite = Suite::new("restart");
    let runtime = Runtime::new().expect("start a runtime");
    for size in SIZES {
        restarts(&mut suite, &runtime, &format!("million_by_{size}"), &|| {
            Great::transfers(&runtime, size)
        });
    }
    restarts(&mut suite, &runtime, "pending", &|| Great::pending(&runtime));
    suite.finish();
}

/// Measures restarts from the journal that `make` makes, and a mere reading of it.
fn restarts(suite: &mut Suite, runtime: &Runtime, name: &str, make: &dyn Fn() -> Great) {
    let journal = OnceCell::new();
    let journal = || journal.get_or_init(make);
    let rival = format!("sqlx_reads_{name}");
    let goal = Unit::TimeEach { goal: Some(2.0) };
    suite.measure(name, SAMPLES, 1, goal, |iterations| {
        let journal = journal();
        (0..iterations).map(|_| runtime.block_on(journal.restart())).sum()
    });
    let unit = Unit::TimeEach { goal: None };
    suite.measure(&rival, SAMPLES, 1, unit, |iterations| {
        let path = journal().site.file("journal.db");
        let read = |_| timed(|| assert_ne!(runtime.block_on(read_batches(&path)), 0)).0;
        (0..iterations).map(read).sum()
    });
    suite.compare(name, &rival);
}

/// A journal of a great many records, fewer when it is only tried, and what it leads to.
struct Great {
    site: Site,
    position: u64,
    digest: u128,
}

impl Great {
    /// A million transfers, `batch` of them at a time.
    fn transfers(runtime: &Runtime, batch: usize) -> Self {
        let count = sized(TRANSFERS, TRANSFERS_TRIED);
        runtime.block_on(Self::new(batch, count, |house, count| house.transfers(count)))
    }

    /// Claims that nobody was asked about yet.
    fn pending(runtime: &Runtime) -> Self {
        let count = sized(PENDING, PENDING_TRIED);
        runtime.block_on(Self::new(BATCH_RECORDS_MAX, count, |house, count| {
            house.claims(count)
        }))
    }

    async fn new(batch: usize, mut left: u64, script: impl Fn(&mut House, u64) -> Script) -> Self {
        let (mut house, site) = (House::new(), Site::new(FOLDER));
        let mut position = house.facts().len() as u64;
        site.write(house.facts(), batch).await;
        while left > 0 {
            let count = left.min(CHUNK);
            let script = script(&mut house, count);
            let records = house.decide(script);
            assert!(records.len() as u64 >= count, "each is on record");
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
        let (journal, mut recovered) = self.site.recover().await;
        let asked = see_to_what_is_due(&mut recovered.bank);
        let took = stopwatch.took();
        journal.close().await;
        assert!(asked > 0, "the endpoints are asked who they are");
        assert_eq!(recovered.head.position.count(), self.position);
        assert_eq!(
            recovered.bank.state().digest(),
            self.digest,
            "the journal leads to another state"
        );
        took
    }
}

/// Lets the bank see to everything that is due, and tells how much it asked of the outside.
fn see_to_what_is_due(bank: &mut Bank) -> usize {
    let mut fx = Effects::new();
    let is_due = |bank: &Bank| bank.next_deadline().is_some_and(|due| due.at <= Instant::ZERO);
    while is_due(bank) {
        let input = Input {
            wall: WallClock::from_micros(1_700_000_000_000_000),
            event: Event::Tick,
        };
        bank.handle(Instant::ZERO, input, &mut fx);
    }
    fx.drain()
        .filter(|effect| matches!(effect, Intent::Act(Act::Ask { .. })))
        .count()
}
