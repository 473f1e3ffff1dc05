//! Callers who each make one transfer at a time through the door of a running driver. Nobody gathers for them: what is
//! asked for while a commit is under way is in the next one.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::config::RecordConfig;
use plimsoll_adapters::driver::{Asker, Driver, Handle};
use plimsoll_adapters::recorder::{Recorder, Redactor};
use plimsoll_benches::house::House;
use plimsoll_benches::rival::{Rows, stored};
use plimsoll_benches::site::Site;
use plimsoll_benches::suite::{Suite, Unit, sized};
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

/// Callers at the same time.
#[derive(Debug, Clone, Copy)]
struct Callers {
    /// How many there are.
    count: usize,
    /// How many transfers each of them makes in one iteration, one after the other.
    each: usize,
    /// How many transfers a second they must get done together.
    goal: Option<f64>,
}

const CALLERS: [Callers; 3] = [
    Callers {
        count: 1,
        each: 256,
        goal: None,
    },
    Callers {
        count: 64,
        each: 64,
        goal: Some(1_000.0),
    },
    Callers {
        count: 1_024,
        each: 16,
        goal: None,
    },
];
const EACH_TRIED: u64 = 2;
const SAMPLES: usize = 10;

/// Measures each number of callers beside its rival.
pub(crate) fn measure(suite: &mut Suite, runtime: &Runtime, house: &impl Fn() -> House) {
    for callers in CALLERS {
        let Callers { count, each, goal } = callers;
        let each = usize::try_from(sized(each as u64, EACH_TRIED)).unwrap_or(each);
        let callers = Callers { each, ..callers };
        let (ours, theirs) = (format!("callers_{count}"), format!("sqlx_callers_{count}"));
        let (what, transfers) = ("transfers", (count * each) as u64);
        let unit = Unit::PerSecond { what, goal };
        suite.measure(&ours, SAMPLES, transfers, unit, |iterations| {
            runtime.block_on(through_the_driver(house(), iterations, callers, Recording::Off))
        });
        let recorded = format!("recorded_callers_{count}");
        let unit = Unit::PerSecond { what, goal: None };
        suite.measure(&recorded, SAMPLES, transfers, unit, |iterations| {
            runtime.block_on(through_the_driver(house(), iterations, callers, Recording::On))
        });
        suite.compare(&recorded, &ours);
        let unit = Unit::PerSecond { what, goal: None };
        suite.measure(&theirs, SAMPLES, transfers, unit, |iterations| {
            runtime.block_on(through_a_mutex(house(), iterations, callers))
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

/// Whether a flight recorder runs beside the driver. It should cost less than a twentieth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recording {
    Off,
    On,
}

impl Recording {
    fn start(self, site: &Site) -> Option<Recorder> {
        let limits = RecordConfig::default().limits;
        let start = || {
            Recorder::start(
                &site.file("flight"),
                limits,
                Redactor::new("the-key-of-the-benches"),
            )
        };
        (self == Self::On).then(|| start().expect("record"))
    }
}

async fn through_the_driver(
    mut house: House,
    iterations: u64,
    callers: Callers,
    recording: Recording,
) -> Took {
    let site = Site::new(FOLDER);
    let recorder = recording.start(&site);
    let status = recorder.as_ref().map(Recorder::status);
    site.write(house.facts(), BATCH_RECORDS_MAX).await;
    let (journal, recovered) = site.recover().await;
    let chain = Prompt(Arc::new(house.chain().clone()));
    let (driver, handle) = Driver::new(
        journal,
        recovered,
        chain,
        Clock::start(),
        (|_: &Notice| {}, recorder),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let driving = tokio::spawn(driver.run(async { drop(stopped.await) }));
    let mut took = Took::default();
    for _ in 0..iterations {
        let commands = house.commands(callers.count * callers.each);
        took += serve(&handle, commands, callers.each).await;
    }
    drop(stop);
    driving.await.expect("end the driver").expect("flush the journal");
    if let Some(status) = status {
        assert_eq!(
            status.pulse().lost,
            0,
            "the disk did not keep up with the recording"
        );
    }
    took
}

/// Each caller makes `each` of `commands`.
async fn serve(handle: &Handle, mut commands: Vec<Command>, each: usize) -> Took {
    let mut callers = JoinSet::new();
    let stopwatch = Stopwatch::start();
    while !commands.is_empty() {
        let (handle, mine) = (handle.clone(), commands.split_off(commands.len() - each));
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
async fn through_a_mutex(mut house: House, iterations: u64, callers: Callers) -> Took {
    let site = Site::new(FOLDER);
    let rows = Rows::create(&site.file("rows.db")).await;
    let rows = Arc::new(Mutex::new(rows));
    let mut took = Took::default();
    for _ in 0..iterations {
        let script = house.transfers((callers.count * callers.each) as u64);
        let mut records: Vec<Vec<u8>> = house.decide(script).iter().map(stored).collect();
        let mut tasks = JoinSet::new();
        let stopwatch = Stopwatch::start();
        while !records.is_empty() {
            let (rows, mine) = (Arc::clone(&rows), records.split_off(records.len() - callers.each));
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
