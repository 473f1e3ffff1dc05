//! Callers who each make one transfer at a time through the door of a running driver. Nobody gathers for them: what is
//! asked for while a commit is under way is in the next one.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::driver::{Asker, Driver, Handle};
use plimsoll_benches::house::House;
use plimsoll_benches::rival::{Rows, stored};
use plimsoll_benches::site::Site;
use plimsoll_benches::suite::{Suite, Unit};
use plimsoll_benches::took::{Stopwatch, Took};
use plimsoll_benches::toy_chain::ToyChain;
use plimsoll_core::bank::{Command, Notice, Reply};
use plimsoll_core::escrow::{Answer, Fault, Question};
use plimsoll_core::id::EndpointId;
use plimsoll_core::ledger::Outcome;
use plimsoll_core::limits::BATCH_RECORDS_MAX;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinSet;

use crate::FOLDER;

/// How many callers there are at once, and how many transfers a second they must get done.
const CALLERS: [(usize, Option<f64>); 3] = [(1, None), (64, Some(1_000.0)), (1_024, None)];
/// How many transfers each caller makes in one iteration, one after the other.
const EACH: usize = 4;
const SAMPLES: usize = 10;

/// Measures each number of callers beside its rival.
pub(crate) fn measure(suite: &mut Suite, runtime: &Runtime) {
    for (callers, goal) in CALLERS {
        let (ours, theirs) = (format!("callers_{callers}"), format!("sqlx_callers_{callers}"));
        let (what, count) = ("transfers", (callers * EACH) as u64);
        let unit = Unit::PerSecond { what, goal };
        suite.measure(&ours, SAMPLES, count, unit, |iterations| {
            runtime.block_on(through_the_driver(iterations, callers))
        });
        let unit = Unit::PerSecond { what, goal: None };
        suite.measure(&theirs, SAMPLES, count, unit, |iterations| {
            runtime.block_on(through_a_mutex(iterations, callers))
        });
        suite.compare(&ours, &theirs);
    }
}

/// Endpoints that answer at once.
#[derive(Debug, Clone)]
struct Prompt(Arc<ToyChain>);

impl Asker for Prompt {
    fn ask(
        &self,
        _: EndpointId,
        question: Question,
        _: Duration,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send {
        ready(Ok(self.0.answer(&question)))
    }
}

async fn through_the_driver(iterations: u64, callers: usize) -> Took {
    let (mut house, site) = (House::new(), Site::new(FOLDER));
    site.write(house.facts(), BATCH_RECORDS_MAX).await;
    let (journal, recovered) = site.recover().await;
    let chain = Prompt(Arc::new(house.chain().clone()));
    let (driver, handle) = Driver::new(journal, recovered, chain, Clock::start(), |_: &Notice| {});
    let (stop, stopped) = oneshot::channel::<()>();
    let driving = tokio::spawn(driver.run(async { drop(stopped.await) }));
    let mut took = Took::default();
    for _ in 0..iterations {
        let commands = house.commands(callers * EACH);
        took += serve(&handle, commands).await;
    }
    drop(stop);
    driving.await.expect("end the driver").expect("flush the journal");
    took
}

async fn serve(handle: &Handle, mut commands: Vec<Command>) -> Took {
    let mut callers = JoinSet::new();
    let stopwatch = Stopwatch::start();
    while !commands.is_empty() {
        let (handle, mine) = (handle.clone(), commands.split_off(commands.len() - EACH));
        callers.spawn(async move {
            for command in mine {
                let reply = handle.command(command).await.expect("be served");
                assert!(is_acceptance(&reply), "a transfer was answered {reply:?}");
            }
        });
    }
    callers.join_all().await;
    stopwatch.took()
}

fn is_acceptance(reply: &Reply) -> bool {
    matches!(
        reply,
        Reply::Outcome {
            outcome: Outcome::Accepted(_),
            ..
        }
    )
}

/// As many callers who each commit their own rows, on one connection: SQLite has one writer at a time.
async fn through_a_mutex(iterations: u64, callers: usize) -> Took {
    let (mut house, site) = (House::new(), Site::new(FOLDER));
    let rows = Rows::create(&site.file("rows.db")).await;
    let rows = Arc::new(Mutex::new(rows));
    let mut took = Took::default();
    for _ in 0..iterations {
        let script = house.transfers((callers * EACH) as u64);
        let mut records: Vec<Vec<u8>> = house.decide(script).iter().map(stored).collect();
        let mut tasks = JoinSet::new();
        let stopwatch = Stopwatch::start();
        while !records.is_empty() {
            let (rows, mine) = (Arc::clone(&rows), records.split_off(records.len() - EACH));
            tasks.spawn(async move {
                for record in mine {
                    rows.lock().await.insert(&[record]).await;
                }
            });
        }
        tasks.join_all().await;
        took += stopwatch.took();
    }
    took
}
