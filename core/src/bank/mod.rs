//! The root machine: the ledger and the escrow behind one door.
//!
//! `input` is what can happen to it, `effect` what it can wish for, `refusal` why it does not, `record` what becomes durable.
//! `state` changes by records alone, so replaying a journal rebuilds it by the same lines of code. The decisions are in
//! `command` (what people want), `query` (what they ask), `finding` (what the chains say), `booking` (what that does to the
//! ledger), `dust` (what waits below the minimum), `letters` (what is known of dead letters), `recheck` and `replay` (what is
//! done about them), `reconcile` (whether the chain has what the books say), `orders` (what operators order), `refund` (what
//! goes back), `due` (what time
//! brings) and `dispatch` (what workers do). `volatile` is what a restart forgets and a recording keeps.

mod booking;
mod command;
mod config;
mod dispatch;
mod due;
mod dust;
mod effect;
mod finding;
mod input;
mod letters;
mod orders;
mod query;
mod recheck;
mod reconcile;
mod record;
mod refund;
mod refusal;
mod replay;
mod state;
mod volatile;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

pub use config::{BankConfig, ConfigError, OpenError};
pub use effect::{
    Act, ChainStatus, ClaimStatus, ClaimVerdict, ClaimView, DryRun, DryRunOutcome, Effect, EndpointStatus,
    Notice, ReconciliationProgress, Reply, Status,
};
pub use input::{Command, Event, Input, Query};
pub use orders::{ActDone, AdminAct, EndpointName, EndpointOrders, Known, Orders};
pub use record::Record;
pub use refusal::Refusal;
pub use state::{State, User};
pub use volatile::Volatile;

use crate::buggify;
use crate::chaos::Chaos;
use crate::escrow::verifier::{Finding, Out, Verifier};
use crate::escrow::{Addresses, History, LetterPlace, Recipient, TxKey};
use crate::id::{Address, ChainId, RequestId};
use crate::limits::{FINDING_RECORDS_MAX, GROUP_RECORDS_MAX};
use crate::machine::{Deadline, Effects, Intent, Machine};
use crate::rng::Rng;
use crate::time::{Instant, WallClock};

/// How often one input may make the verifier go on by itself; what is left is due at once and comes with the next
/// tick.
const STEPS_PER_INPUT_MAX: usize = 4;

/// The root machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    config: BankConfig,
    state: State,
    verifier: Verifier,
    /// What the verifier came to and was not yet decided upon: what one group of records has no room for waits here.
    out: Out,
    /// What was tried so far with each transaction that is open. A restart forgets it.
    histories: BTreeMap<TxKey, History>,
    /// Looks at dead letters.
    looks: recheck::Looks,
    reconciler: reconcile::Reconciler,
    /// How far a replay has looked for letters that fit, and when it takes the next.
    replay_from: Option<LetterPlace>,
    replay_due: Instant,
    /// When the verifier is due, kept here so that a transfer need not ask it.
    verifier_due: Option<Deadline>,
    now: Instant,
    /// How many records the input under way has made.
    recorded: usize,
    /// The latest date seen: what is recorded never goes backwards.
    wall: WallClock,
    /// What a start still has to bring up to date with the configuration.
    backlog: due::Backlog,
    /// What is on its way to workers.
    dispatch: dispatch::Dispatch,
    chaos: Chaos,
}

impl Bank {
    /// A bank that goes on from `state`.
    ///
    /// # Errors
    /// Every contradiction within the configuration, and between it and the journal.
    pub fn open(config: BankConfig, state: State) -> Result<Self, Vec<OpenError>> {
        let errors = config.check_against(&state);
        if !errors.is_empty() {
            return Err(errors);
        }
        let rng = Rng::from_seed(config.seed).fork("bank");
        let scanned = |chain| state.escrow().scanned(chain).map(|block| block.number);
        let mut verifier = Verifier::new(&config.escrow, &config.registry, &config.pool, &rng, scanned);
        for (chain, address) in state.users().flat_map(|(_, user)| user.addresses.iter().copied()) {
            verifier.own(chain, address);
        }
        let backlog = due::Backlog::new(&config, &state);
        let dispatch = dispatch::Dispatch::new(config.escrow.workers);
        let looks = recheck::Looks::new(state.escrow(), config.escrow.recheck);
        let reconciler = reconcile::Reconciler::new(config.escrow.reconcile);
        let (now, wall) = (Instant::ZERO, WallClock::from_micros(i64::MIN));
        let (out, verifier_due) = (Out::default(), verifier.next_deadline());
        let mut bank = Self {
            config,
            state,
            verifier,
            out,
            histories: BTreeMap::new(),
            looks,
            reconciler,
            replay_from: None,
            replay_due: Instant::ZERO,
            verifier_due,
            now,
            recorded: 0,
            wall,
            backlog,
            dispatch,
            chaos: Chaos::off(),
        };
        bank.obey_standing_orders();
        Ok(bank)
    }

    /// The same bank under `chaos`, before its first input.
    #[must_use]
    pub fn with_chaos(mut self, chaos: &Chaos) -> Self {
        self.verifier.set_chaos(chaos);
        self.chaos = chaos.for_part();
        self
    }

    /// The misfortune that each of its parts had.
    pub fn chaos(&self) -> impl Iterator<Item = &Chaos> {
        self.verifier.chaos().chain(core::iter::once(&self.chaos))
    }

    /// What is durable, up to the last record pushed.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What it was told at its start.
    #[must_use]
    pub fn config(&self) -> &BankConfig {
        &self.config
    }

    /// Makes a fact: pushes the record and takes it in.
    fn record(&mut self, record: Record, fx: &mut Effects<Effect>) {
        self.state.apply(&record);
        if let Record::UserRegistered { addresses, .. } = &record {
            for (chain, address) in addresses.iter().copied() {
                self.verifier.own(chain, address);
            }
        } else if let Record::AddressAssigned { chain, address, .. } = &record {
            self.verifier.own(*chain, *address);
        }
        self.recorded += 1;
        fx.push(Intent::Record(record));
    }

    fn reply(&self, request: RequestId, reply: Reply, fx: &mut Effects<Effect>) {
        fx.push(Intent::Act(Act::Reply { request, reply }));
    }

    fn notice(&self, notice: Notice, fx: &mut Effects<Effect>) {
        fx.push(Intent::Act(Act::Notice(notice)));
    }

    /// Decides upon what was found, and does what is due.
    fn settle(&mut self, fx: &mut Effects<Effect>) {
        for _ in 0..STEPS_PER_INPUT_MAX {
            self.decide(fx);
            let is_due = self.verifier_due.is_some_and(|deadline| deadline.at <= self.now);
            if !is_due || !self.out.findings.is_empty() {
                break;
            }
            self.verifier.on_tick(self.now, &mut self.out);
            self.verifier_due = self.verifier.next_deadline();
        }
        if !self.out.findings.is_empty() {
            self.verifier_due = Some(Deadline {
                at: self.now,
                why: "findings wait to be decided upon",
            });
        } else if buggify!(self.chaos, "bank/due_again") {
            self.verifier_due = Some(Deadline {
                at: self.now,
                why: "bad luck",
            });
        }
    }

    /// Asks whom the verifier wants asked, also while it sleeps: an answer that comes then makes it ask somebody else.
    fn ask(&mut self, fx: &mut Effects<Effect>) {
        for ask in self.out.asks.drain(..) {
            let (call, endpoint, timeout) = (ask.call, ask.endpoint, ask.timeout);
            fx.push(Intent::Act(Act::Ask {
                call,
                endpoint,
                question: ask.question,
                timeout,
            }));
        }
    }

    /// Decides upon what was found, oldest first, as far as one group of records has room for it. What makes no record is
    /// told at once.
    fn decide(&mut self, fx: &mut Effects<Effect>) {
        self.keep_what_was_heard();
        if self.out.findings.is_empty() {
            return;
        }
        let findings = core::mem::take(&mut self.out.findings);
        let mut is_full = false;
        let wait = |(chain, finding): (ChainId, Finding)| {
            is_full |= self.recorded + FINDING_RECORDS_MAX > GROUP_RECORDS_MAX;
            if is_full && finding.makes_records() {
                return Some((chain, finding));
            }
            self.on_finding(chain, finding, fx);
            is_full |= buggify!(self.chaos, "bank/few_findings");
            None
        };
        self.out.findings = findings.into_iter().filter_map(wait).collect();
    }
}

impl Machine for Bank {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Instant, input: Input, fx: &mut Effects<Effect>) {
        assert!(self.now <= now, "time went backwards");
        self.now = now;
        self.wall = self.wall.max(input.wall);
        self.recorded = 0;
        if !self.backlog.is_empty() {
            self.work_off(fx);
        }
        self.expire_holds(fx);
        self.expire_dispatch(fx);
        match input.event {
            Event::Tick => {}
            Event::Command { request, command } => self.on_command(request, command, fx),
            Event::Query { request, query } => self.on_query(request, query, fx),
            Event::Answered { call, outcome } => {
                self.verifier.on_answer(now, call, outcome, &mut self.out);
                self.verifier_due = Some(Deadline {
                    at: now,
                    why: "an endpoint answered",
                });
            }
            Event::Queued { errand, outcome } => self.on_queued(errand, outcome, fx),
        }
        if self.backlog.is_empty() {
            self.replay_on(fx);
            self.recheck(fx);
            self.reconcile(fx);
        }
        // The verifier sleeps until every user has an address on every chain: what it scans is not scanned again.
        let is_due = self.verifier_due.is_some_and(|deadline| deadline.at <= now);
        if is_due && self.backlog.is_empty() {
            self.settle(fx);
        }
        self.ask(fx);
        self.dispatch(fx);
        assert!(
            self.recorded <= GROUP_RECORDS_MAX,
            "one input made {} records",
            self.recorded
        );
    }

    fn next_deadline(&self) -> Option<Deadline> {
        if !self.backlog.is_empty() {
            return Some(Deadline {
                at: self.now,
                why: "bring the journal up to date with the configuration",
            });
        }
        [
            self.verifier_due,
            self.next_expiry(),
            self.dispatch.next_deadline(),
            self.looks.next_deadline(),
            self.reconciler.next_deadline(self.now),
            self.next_replay(),
        ]
        .into_iter()
        .fold(None, Deadline::earlier)
    }
}

/// What the bank knows of its own addresses.
struct Ours<'a>(&'a Bank);

impl Addresses for Ours<'_> {
    fn recipient(&self, chain: ChainId, address: Address) -> Option<Recipient> {
        let Self(bank) = self;
        if let Some(user) = bank.state.owner_of(chain, address) {
            return Some(Recipient::User(user));
        }
        let configured = bank.config.escrow.chains.iter().find(|one| one.id == chain)?;
        configured
            .collect
            .contains(&address)
            .then_some(Recipient::Collect)
    }
}

#[cfg(test)]
mod tests;
