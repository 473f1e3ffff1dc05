//! [`Runner`]: the loop around one worker, and its orderly end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::bank::ConfigError;
use plimsoll_core::escrow::{Answer, Fault, Taken};
use plimsoll_core::id::{CallId, ErrandId};
use plimsoll_core::machine::{Effects, Machine as _};
use plimsoll_core::queue::{LaneFault, QueueReply};
use plimsoll_core::time::Instant;
use plimsoll_core::worker::{Act, Answerless, Input, Notice, Worker, WorkerConfig};

use super::Reporter;
use crate::clock::Clock;
use crate::driver::spawn::Tasks;
use crate::driver::{Asker, Queues};

/// How long a worker that is told to end may take over what it holds. What is left then is taken up by another worker
/// when its lease is over.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// How often the log is told what was done.
const FIGURES_INTERVAL: Duration = Duration::from_secs(60);

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It held nothing any more.
    Drained,
    /// It held so many jobs, which another worker will take up.
    Holding(usize),
}

/// What was done since the log was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Figures {
    leased: usize,
    settled: usize,
    still_open: usize,
    unanswered: usize,
    lost: usize,
    lane_faults: usize,
}

/// Runs one worker.
pub struct Runner<A> {
    worker: Worker,
    fx: Effects<Act>,
    asker: A,
    queues: Arc<dyn Queues>,
    bank: Arc<dyn Reporter>,
    clock: Clock,
    calls: Tasks<(CallId, Result<Answer, Fault>)>,
    errands: Tasks<(ErrandId, Result<QueueReply, LaneFault>)>,
    reports: Tasks<(ErrandId, Result<Taken, Answerless>)>,
    figures: Figures,
    figures_at: Instant,
}

impl<A: Asker> Runner<A> {
    /// A worker that takes jobs from `queues`, asks endpoints by `asker` and tells `bank`.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub fn new(
        config: WorkerConfig,
        asker: A,
        queues: Arc<dyn Queues>,
        bank: Arc<dyn Reporter>,
        clock: Clock,
    ) -> Result<Self, Vec<ConfigError>> {
        Ok(Self {
            worker: Worker::open(config)?,
            fx: Effects::new(),
            asker,
            queues,
            bank,
            clock,
            calls: Tasks::new(),
            errands: Tasks::new(),
            reports: Tasks::new(),
            figures: Figures::default(),
            figures_at: clock.now().after(FIGURES_INTERVAL),
        })
    }

    /// Runs until `stop` is ready, and then until what it holds is done, or has had its time.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Ended {
        let mut stop = pin!(stop);
        let mut give_up = None;
        self.handle(Input::Tick);
        loop {
            if self.worker.is_drained() {
                self.tell();
                return Ended::Drained;
            }
            let due = self.due().min(give_up.unwrap_or(Instant::MAX));
            tokio::select! {
                biased;
                () = &mut stop, if give_up.is_none() => {
                    give_up = Some(self.clock.now().after(DRAIN_MAX));
                    self.handle(Input::Drain);
                }
                (errand, outcome) = self.reports.next() => self.on_report(errand, outcome),
                (errand, outcome) = self.errands.next() => self.on_queue(errand, outcome),
                (call, outcome) = self.calls.next() => self.handle(Input::Answered { call, outcome }),
                () = self.clock.sleep_until(due) => self.handle(Input::Tick),
            }
            if give_up.is_some_and(|at| at <= self.clock.now()) && !self.worker.is_drained() {
                self.tell();
                return Ended::Holding(self.worker.held());
            }
        }
    }

    fn on_report(&mut self, errand: ErrandId, outcome: Result<Taken, Answerless>) {
        match outcome {
            Ok(Taken { is_open: false, .. }) => self.figures.settled += 1,
            Ok(_) => self.figures.still_open += 1,
            Err(Answerless) => self.figures.unanswered += 1,
        }
        self.handle(Input::Reported { errand, outcome });
    }

    fn on_queue(&mut self, errand: ErrandId, outcome: Result<QueueReply, LaneFault>) {
        match &outcome {
            Ok(QueueReply::Leased { jobs, .. }) => self.figures.leased += jobs.len(),
            Ok(QueueReply::Kept { .. } | QueueReply::Enqueued) => {}
            Err(_) => self.figures.lane_faults += 1,
        }
        self.handle(Input::Queue { errand, outcome });
    }

    fn handle(&mut self, input: Input) {
        self.worker.handle(self.clock.now(), input, &mut self.fx);
        for act in self.fx.drain().collect::<Vec<Act>>() {
            self.execute(act);
        }
    }

    fn execute(&mut self, act: Act) {
        match act {
            Act::Queue {
                errand,
                lane,
                request,
                timeout,
            } => {
                let answering = self.queues.call(lane, request, timeout);
                self.errands.start(async move { (errand, answering.await) });
            }
            Act::Ask {
                call,
                endpoint,
                question,
                timeout,
            } => {
                let asker = self.asker.clone();
                self.calls
                    .start(async move { (call, asker.ask(endpoint, question, timeout).await) });
            }
            Act::Report {
                errand,
                report,
                timeout,
            } => {
                let reporting = self.bank.report(*report, timeout);
                self.reports.start(async move { (errand, reporting.await) });
            }
            Act::Notice(notice) => self.on_notice(&notice),
        }
    }

    fn on_notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Lane { from, to } => {
                tracing::warn!(from = from.code(), to = to.code(), "the immediate lane changed");
            }
            Notice::LeaseLost { job } => {
                self.figures.lost += 1;
                tracing::info!(chain = %job.chain, tx = %job.tx, "another worker has this job, or will");
            }
            Notice::Disagreement { endpoint } => {
                tracing::warn!(%endpoint, "endpoint contradicts two others that agree");
            }
            Notice::Cordoned { endpoint, reason } => {
                tracing::warn!(%endpoint, reason = reason.code(), "endpoint is shut out for a while");
            }
            Notice::Breaker { endpoint, from, to } => {
                tracing::info!(%endpoint, from = from.code(), to = to.code(), "breaker changed");
            }
        }
    }

    /// When to go round again if nothing happens before.
    fn due(&mut self) -> Instant {
        if self.figures_at <= self.clock.now() {
            self.tell();
        }
        let deadline = self.worker.next_deadline();
        deadline.map_or(self.figures_at, |deadline| deadline.at.min(self.figures_at))
    }

    /// Tells the log what was done, if anything was.
    fn tell(&mut self) {
        self.figures_at = self.clock.now().after(FIGURES_INTERVAL);
        let figures = std::mem::take(&mut self.figures);
        if figures != Figures::default() {
            let Figures {
                leased,
                settled,
                still_open,
                unanswered,
                lost,
                lane_faults,
            } = figures;
            let held = self.worker.held();
            tracing::info!(
                held,
                leased,
                settled,
                still_open,
                unanswered,
                lost,
                lane_faults,
                "jobs"
            );
        }
    }
}
