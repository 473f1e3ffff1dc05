//! The world: one bank process among a chain, endpoints, a store and people, driven through a plan by a seed.
//!
//! A run has two phases. Until the plan's `duration_ms` users act and faults strike; then every fault that ends has
//! ended, nobody begins anything new, and the world runs on until everything is settled or `converge_ms` have passed,
//! which is a liveness failure. Oracles watch every step; the first complaint ends the run, and so does a panic of
//! the code under test.
//!
//! Where things are: `host` runs the bank's process as a driver must, `lives` starts and ends it, `traffic` carries what
//! travels, `crew` are the workers and their queues, `watch` looks how the bank stands, `deeds` does what the plan's people do, `orders` what its operators
//! order, `blocks` what the chain does, `inject` begins and ends faults, `cues`
//! those that wait for something, `settle` judges liveness, `observe` is what oracles see, `fates` what came of it
//! in words that other worlds share.

mod blocks;
mod clock;
mod crew;
mod cues;
mod deeds;
mod event;
mod excuse;
pub mod expressible;
mod fates;
mod host;
mod inject;
mod jury;
mod landmarks;
mod lives;
pub mod observe;
mod orders;
pub mod outcome;
pub mod plan;
mod progress;
mod quiet;
mod recoveries;
mod scribe;
mod settle;
mod setup;
mod stats;
mod struck;
mod traffic;
mod watch;
mod wires;

use core::cell::OnceCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plimsoll_core::bank::Bank;
use plimsoll_core::id::RefundId;
use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;

pub use clock::true_date;
pub use cues::{Cues, cue_of_notice, cue_of_record};
pub use excuse::{Dependency, Reason, Waiting};
pub use fates::{Booked, Fates, Sent};
pub use outcome::{Outcome, Verdict};
pub use setup::bank_config;
pub use stats::{BadLuck, Luck, Part, Recovery, Stats};
pub use wires::{Wire, Wires};

use crate::engine::{Due, Schedule};
use crate::model::chain::{Chain, TxIndex};
use crate::model::endpoint::Endpoint;
use crate::model::store::Store;
use crate::model::users::Users;
use crew::{Crew, Shift};
use event::Happening;
use host::Host;
use jury::Jury;
use observe::{End, Oracle};
use plan::{Deed, Plan, PlanError};
use progress::Progress;
use quiet::{Quiet, Trouble};
use recoveries::Recoveries;
use scribe::Scribe;
pub use scribe::Tracing;
use struck::Struck;
use watch::Watch;

/// How often the world looks whether everything is settled, once the plan's time is over.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);
/// The most events at one instant: more is a livelock.
const EVENTS_AT_ONCE_MAX: u64 = 1_000_000;

/// One run of a plan.
pub struct World<'p> {
    plan: &'p Plan,
    seed: u64,
    schedule: Schedule<Happening>,
    /// The number of the event that happens now.
    seq: u64,
    /// How many events happened at this instant.
    at_once: u64,
    chain: Chain,
    endpoints: Vec<Endpoint>,
    wires: Wires,
    store: Store,
    host: Host,
    watch: Watch,
    users: Users,
    /// The workers, if the bank has any.
    crew: Option<Crew>,
    /// The transaction of each deposit deed.
    transactions: Vec<Option<TxIndex>>,
    /// Transactions in blocks that are not final.
    awaiting: Vec<TxIndex>,
    /// How many deeds, claims and resolutions have not begun, and how many transactions wait to be mined.
    outstanding: u64,
    /// The refunds that were acknowledged, by the deed that ordered them.
    refunds: BTreeMap<u32, RefundId>,
    jury: Jury,
    progress: Progress,
    recoveries: Recoveries,
    cues: Cues,
    /// Every fault of the plan, as it stands.
    troubles: Vec<Trouble>,
    quiet: Option<Quiet>,
    stats: Stats,
    verdict: Option<Verdict>,
}

impl<'p> World<'p> {
    /// The world of `plan` before anything happened. `seed` decides whatever the plan leaves to chance.
    ///
    /// # Errors
    /// Everything that is wrong with the plan.
    pub fn new(plan: &'p Plan, seed: u64) -> Result<Self, Vec<PlanError>> {
        plan.check()?;
        let rng = Rng::from_seed(seed);
        let topology = &plan.topology;
        let mut chain = Chain::new(&topology.chain, rng.fork("chain"));
        let transactions = plan.workload.iter().map(|deed| match deed {
            Deed::Deposit { .. } => Some(chain.announce()),
            Deed::Transfer { .. }
            | Deed::Balances { .. }
            | Deed::RetryDeadLetters { .. }
            | Deed::Attribute { .. }
            | Deed::Order { .. } => None,
        });
        let transactions = transactions.collect();
        let endpoint = |(one, number): (&plan::EndpointPlan, u8)| {
            let draws = rng.fork_indexed("endpoint", number.into());
            Endpoint::planned(number, one, draws)
        };
        let config = bank_config(topology, &chain);
        let mut world = Self {
            plan,
            seed,
            schedule: Schedule::new(),
            seq: 0,
            at_once: 0,
            endpoints: topology.endpoints.iter().zip(0u8..).map(endpoint).collect(),
            wires: Wires::new(topology, &rng.fork("wires")),
            store: Store::new(topology.store.sync, rng.fork("store")),
            crew: Crew::new(topology, &config, &rng.fork("crew")),
            host: Host::new(config, rng.fork("host")),
            watch: Watch::default(),
            users: Users::new(topology.users, rng.fork("users")),
            chain,
            transactions,
            awaiting: Vec::new(),
            outstanding: 0,
            refunds: BTreeMap::new(),
            jury: Jury::default(),
            progress: Progress::default(),
            recoveries: Recoveries::default(),
            cues: Cues::new(plan),
            troubles: vec![Trouble::default(); plan.faults.len()],
            quiet: None,
            stats: Stats::default(),
            verdict: None,
        };
        world.schedule_plan();
        Ok(world)
    }

    /// Adds somebody who judges the run.
    #[must_use]
    pub fn judged_by(mut self, oracle: Box<dyn Oracle>) -> Self {
        self.jury.oracles.push(oracle);
        self
    }

    /// Writes a trace of the run.
    #[must_use]
    pub fn traced_to(mut self, tracing: Tracing) -> Self {
        self.jury.scribe = Some(Box::new(Scribe::new(tracing, self.plan, self.seed)));
        self
    }

    /// Watches the house, as the server does: [`Observation::Looked`](observe::Observation::Looked).
    #[must_use]
    pub const fn watched(mut self) -> Self {
        self.watch.is_on = true;
        self
    }

    /// Notes what each fault meets: [`Stats::coverage`].
    #[must_use]
    pub fn covered(mut self) -> Self {
        self.jury.struck = Some(Box::new(Struck::new(self.plan)));
        self
    }

    /// The time in the world.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.schedule.now()
    }

    /// The bank, while its process is up.
    #[must_use]
    pub const fn bank(&self) -> Option<&Bank> {
        self.host.process.machine()
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What came of everything so far, by what the bank holds, committed or not; nothing while its process is down.
    #[must_use]
    pub fn fates(&self) -> Option<Fates> {
        let transactions: Vec<TxIndex> = self.transactions.iter().copied().flatten().collect();
        let sent = Sent::on(&self.chain, &self.plan.workload, &transactions);
        self.bank().map(|bank| Fates::of(bank.state(), &sent))
    }

    /// Lets the next event happen. Says whether the run goes on.
    ///
    /// # Panics
    /// When the code under test does.
    pub fn step(&mut self) -> bool {
        if self.verdict.is_some() {
            return false;
        }
        if let Some(next) = self.schedule.next_at() {
            self.look_until(next);
        }
        let before = self.schedule.now();
        let Some(due) = self.schedule.pop() else {
            unreachable!("a world ends by its last probe")
        };
        self.seq = due.seq;
        if let Some(scribe) = &mut self.jury.scribe {
            scribe.begin(due.at, due.seq);
        }
        self.at_once = if due.at == before { self.at_once + 1 } else { 0 };
        self.stats.events += 1;
        self.happen(due);
        if self.at_once > EVENTS_AT_ONCE_MAX {
            let livelock = format!("a livelock at {} ns", before.as_nanos());
            self.verdict = Some(Verdict::Liveness(vec![livelock]));
        }
        if let Some(violation) = self.jury.violation.take() {
            self.verdict = Some(Verdict::Safety(violation));
        }
        self.verdict.is_none()
    }

    /// Runs to the end. A panic of the code under test becomes [`Verdict::Crash`].
    #[must_use]
    pub fn run(mut self) -> Outcome {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            while self.step() {}
            self.finish();
        }));
        if let Err(panic) = ran {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let message = text.unwrap_or("a panic without a message").to_owned();
            self.verdict = Some(Verdict::Crash { message });
        }
        self.stats.steps = self.host.process.steps();
        self.stats.simulated = self.now().since(Instant::ZERO);
        self.stats.reached = self.jury.watcher.reached;
        self.stats.coverage = self.jury.struck.take().map(|struck| Box::new(struck.cells));
        if let Some(bank) = self.host.process.kill() {
            self.count_bad_luck(&bank);
        }
        let verdict = self.verdict.unwrap_or(Verdict::Passed);
        let digest = match &self.crew {
            None => self.host.process.digest().value(),
            Some(crew) => crew.digest_with(self.host.process.digest()),
        };
        let trace = self
            .jury
            .scribe
            .map(|scribe| scribe.finish(&verdict, digest, &self.stats));
        let trace_error = trace.and_then(Result::err).map(|error| error.to_string());
        Outcome {
            verdict,
            digest,
            stats: self.stats,
            trace_error,
        }
    }

    /// Shows the end to the oracles, if the run passed so far.
    fn finish(&mut self) {
        self.stats.steps = self.host.process.steps();
        self.stats.simulated = self.now().since(Instant::ZERO);
        if self.verdict != Some(Verdict::Passed) {
            return;
        }
        self.audit();
        self.jury.finish(&End {
            at: self.schedule.now(),
            plan: self.plan,
            chain: &self.chain,
            bank: self.host.process.machine(),
            store: &self.store,
            stats: &self.stats,
            read: OnceCell::new(),
        });
        if let Some(violation) = self.jury.violation.take() {
            self.verdict = Some(Verdict::Safety(violation));
        }
    }

    fn schedule_plan(&mut self) {
        let at = |ms: u64| Instant::from_nanos(ms.saturating_mul(1_000_000));
        for (fault, number) in self.plan.faults.iter().zip(0u32..) {
            if fault.after.is_none() {
                self.schedule_fault(number, Instant::ZERO);
            }
        }
        self.schedule.at(Instant::ZERO, Happening::Start);
        let workers = self.plan.topology.workers.map_or(0, |workers| workers.count);
        for worker in 0..workers {
            let start = Happening::Shift(Shift::Start(worker));
            self.schedule.at(Instant::ZERO, start);
        }
        let users = self.plan.topology.users;
        for user in 0..users {
            let ms = self.plan.topology.register_ms * u64::from(user) / u64::from(users);
            self.schedule.at(at(ms), Happening::Arrival(user));
        }
        for (deed, number) in self.plan.workload.iter().zip(0u32..) {
            self.outstanding += 1;
            self.schedule.at(at(deed.at_ms()), Happening::Deed(number));
            if let Deed::Deposit { claims, .. } = deed {
                for (claim, place) in claims.iter().zip(0u32..) {
                    self.outstanding += 1;
                    let what = Happening::Claim {
                        deed: number,
                        claim: place,
                    };
                    self.schedule.at(at(claim.at_ms), what);
                }
            }
        }
        for quiet_at_ms in &self.plan.quiet_at_ms {
            self.schedule.at(at(*quiet_at_ms), Happening::Quiet);
        }
        self.schedule.at(at(self.plan.duration_ms), Happening::Probe);
    }

    fn happen(&mut self, due: Due<Happening>) {
        match due.event {
            Happening::Arrival(user) => self.on_arrival(user),
            Happening::Deed(number) => self.on_deed(number),
            Happening::Claim { deed, claim } => self.on_claim(deed, claim),
            Happening::Resolution {
                deed,
                transaction,
                sequel,
            } => self.on_resolution(deed, transaction, sequel),
            Happening::Countermand(deed) => self.on_countermand(deed),
            Happening::Attempt(call) => self.on_attempt(call),
            Happening::ClientTimeout(request) => self.on_failure(request, "no answer came in time"),
            Happening::TurnedAway(request) => self.on_failure(request, "the connection was refused or cut"),
            Happening::Request(request) => self.on_request(request),
            Happening::Reply(request, reply) => self.on_reply(request, &reply),
            Happening::Question {
                life,
                endpoint,
                call,
                question,
            } => self.on_question(life, endpoint, call, &question),
            Happening::Answer {
                life,
                endpoint,
                call,
                outcome,
            } => self.on_answer(life, endpoint, call, outcome),
            Happening::Tick { life } => self.on_tick(life),
            Happening::StoreDone { life } => self.on_store_done(life),
            Happening::Start => self.on_start(),
            Happening::CopyRestored => self.on_copy_restored(),
            Happening::InputDone { life } => self.on_input_done(life),
            Happening::StopGraceOver { life } => self.on_stop_grace_over(life),
            Happening::FaultBegins { number, until } => self.on_fault_begins(number, until),
            Happening::FaultEnds(number) => self.on_fault_ends(number),
            Happening::Mine(index) => self.on_mine(index),
            Happening::Finality(index) => self.on_finality(index),
            Happening::Quiet => self.on_quiet(),
            Happening::QuietProbe => self.on_quiet_probe(),
            Happening::Shift(shift) => self.on_shift(shift),
            Happening::Probe => self.on_probe(),
        }
    }
}

#[cfg(test)]
mod tests;
