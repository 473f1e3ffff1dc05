//! One run of a plan, checked for determinism, and what came of it.

use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plimsoll_core::id::TxHash;
use plimsoll_core::time::Instant;
use plimsoll_sim::model::chain::{Due, TxIndex};
use plimsoll_sim::world::expressible::Inexpressible;
use plimsoll_sim::world::plan::Plan;
use plimsoll_sim::world::{Fates, Sent};

use super::director::Director;
use super::journal::durable_state;
use super::people::come;
use super::powers::POWERS;
use super::stage::{Shared, Stage, Tally};
use crate::check::checked;
use crate::driver::DriverError;

/// How often somebody looks whether everything is settled.
const LOOK: Duration = Duration::from_millis(100);
/// How long a driver that has nothing left to do may take to stop.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The plan asks for what this world cannot do.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Inexpressible(Vec<Inexpressible>),
    /// An oracle complained, or a client to whom the driver broke a promise.
    #[error("broken: {0}")]
    Violation(String),
    /// Everything healed, and this is not settled.
    #[error("not settled in time: {}", .0.join(", "))]
    Unsettled(Vec<String>),
    /// The driver was told to stop in the end, and did not do so in peace.
    #[error("the driver did not stop: {}", .0.map_or_else(|| "it hangs".to_owned(), |error| format!("it could not {error}")))]
    Stop(Option<DriverError>),
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The fate of everything, from the journal.
    pub fates: Fates,
    /// What happened.
    pub tally: Tally,
    /// How many batches the journal has.
    pub batches: usize,
    /// How long the world ran, in its own time. The order of tasks is in it: each takes a drawn time.
    pub simulated: Duration,
    /// The digest of every input and every effect, and of when they were.
    pub course: u128,
}

impl Hash for Report {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fates.to_string().hash(state);
        (self.tally, self.batches, self.simulated, self.course).hash(state);
    }
}

/// The run under way: what is checked for determinism takes no arguments.
static CASE: Mutex<Option<(Plan, u64)>> = Mutex::new(None);
/// Held by whoever runs a case.
static TURN: Mutex<()> = Mutex::new(());

/// Runs `plan` with `seed` for what it leaves to chance and for the order of tasks, under [`checked`].
///
/// # Errors
/// [`Failure`].
///
/// # Panics
/// When the code under test does, or a run is not repeated.
pub fn run(plan: &Plan, seed: u64) -> Result<Report, Failure> {
    POWERS.check(plan).map_err(Failure::Inexpressible)?;
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    *CASE.lock().unwrap_or_else(PoisonError::into_inner) = Some((plan.clone(), seed));
    checked(seed, || async {
        let case = CASE.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((plan, seed)) = case else {
            unreachable!("the case was set before the run")
        };
        play(Shared::new(&plan, seed), &plan).await
    })
}

async fn play(shared: Shared, plan: &Plan) -> Result<Report, Failure> {
    let mut director = Director::new(&shared);
    let mut everybody = come(&shared);
    let over = Duration::from_millis(plan.duration_ms);
    let late = over + Duration::from_millis(plan.converge_ms);
    loop {
        let now = shared.now();
        director.act(now);
        everybody.retain(|task| !task.is_finished());
        let elapsed = now.since(Instant::ZERO);
        let left = {
            let stage = shared.lock();
            if let Some(violation) = stage.panel.violation() {
                return Err(Failure::Violation(violation.to_string()));
            }
            if let Some(complaint) = stage.complaint {
                return Err(Failure::Violation(complaint.to_owned()));
            }
            if elapsed < over {
                None
            } else {
                Some(unsettled(&stage, now))
            }
        };
        if let Some(mut left) = left {
            left.extend((!director.is_done()).then(|| "the plan is not done".to_owned()));
            left.extend((!everybody.is_empty()).then(|| format!("{} people wait", everybody.len())));
            if left.is_empty() {
                break;
            }
            if elapsed > late {
                return Err(Failure::Unsettled(left));
            }
        }
        let look = now.after(LOOK);
        let next = director.due().map_or(look, |due| due.min(look));
        shared.clock.sleep_until(next).await;
    }
    stop(&shared).await?;
    let stage = shared.lock();
    let transactions: Vec<TxIndex> = stage.transactions.iter().copied().flatten().collect();
    let sent = Sent::on(&stage.chain, &plan.workload, &transactions);
    Ok(Report {
        fates: Fates::of(&durable_state(&stage.store), &sent),
        tally: stage.tally,
        batches: stage.store.batches().count(),
        simulated: shared.now().since(Instant::ZERO),
        course: stage.course.value(),
    })
}

/// Tells the driver to stop, which it must do in peace.
async fn stop(shared: &Shared) -> Result<(), Failure> {
    let told = shared.lock().stop.take();
    told.map(|stop| stop.send(()));
    let give_up = shared.now().after(STOP_MAX);
    loop {
        if let Some(ended) = shared.lock().ended.take() {
            return ended.outcome.map_err(|error| Failure::Stop(Some(error)));
        }
        if shared.now() > give_up {
            return Err(Failure::Stop(None));
        }
        shared.clock.sleep_until(shared.now()).await;
    }
}

/// What is not settled: deposits that are final and in no book, and transactions that are under way though some block
/// holds them.
fn unsettled(stage: &Stage, now: Instant) -> Vec<String> {
    let Some(bank) = stage.panel.settled_bank() else {
        return vec!["the process is down, or records wait for a commit".to_owned()];
    };
    let escrow = bank.state().escrow();
    let missing = stage.chain.deposits(now).filter(|(key, truth)| match truth.due {
        Due::User(_) | Due::Suspense(_) => escrow.posting(key).is_none() && escrow.suspended(key).is_none(),
        Due::Person | Due::Nothing(_) => false,
    });
    let missing = missing.map(|(key, _)| format!("{key:?} is in no book"));
    let is_mined = |hash: &TxHash| {
        let index = stage.chain.find(hash);
        index.is_some_and(|index| stage.chain.block_of(index, now).is_some())
    };
    let open = escrow.open().filter(|(_, key)| is_mined(&key.tx));
    let open = open.map(|(_, key)| format!("{} is under way", key.tx));
    missing.chain(open).collect()
}
