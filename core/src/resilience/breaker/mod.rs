//! A circuit breaker: stops asking a dependency that fails, and finds out by itself when it is well again.
//!
//! ```text
//!            it trips          open time over, or an early probe succeeds
//!   Closed ------------> Open ---------------------------------------------> HalfOpen
//!     ^                   ^                                                   |   |
//!     |                   '---------- a failure, or a permit's deadline ------'   |
//!     '------------------------------ enough successes ---------------------------'
//!
//!   force_open: any -> ForcedOpen      disable: any -> Disabled      reset: any -> Closed
//! ```
//!
//! Promises:
//! - It is never stuck. Every half-open permit has a deadline, at which its call counts as failed, so a permit that is lost
//!   with its task, or a call that hangs, costs one more open time and no more.
//! - Half-open never has more calls under way than it has permits.
//! - Every state change begins a new generation, and results of calls that were admitted in an earlier one are counted
//!   and otherwise ignored: what was asked before a change says nothing about the state after it.
//! - State is a function of calls and time, not of ticks: due changes are made, as of the instant when they were due,
//!   before anything else is done. An owner that reports transitions calls [`Breaker::on_tick`] first, which returns them.
//!
//! No allocation anywhere; admitting and recording while closed is a handful of instructions.

mod answer;
mod policy;
mod tally;
mod trial;

use core::time::Duration;

pub use answer::{
    Admission, BreakerOrder, BreakerState, CallOutcome, Counters, Permit, RefusedBy, Transition,
};
pub use policy::{BreakerPolicy, TripModel};
pub use tally::{Recent, WINDOW_CALLS_MAX};
pub use trial::HALF_OPEN_PERMITS_MAX;

use serde::{Deserialize, Serialize};

use crate::machine::Deadline;
use crate::time::Instant;
use tally::Tally;
use trial::Trial;

/// A state with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Closed(Tally),
    Open { until: Instant },
    HalfOpen(Trial),
    ForcedOpen,
    Disabled,
}

/// The breaker of one dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    policy: BreakerPolicy,
    phase: Phase,
    /// Counts state changes.
    generation: u64,
    /// How long it was open the last time.
    open_for_last: Duration,
    counters: Counters,
}

impl Breaker {
    /// A closed breaker.
    ///
    /// # Panics
    /// When the policy fails its [`BreakerPolicy::check`].
    #[must_use]
    pub fn new(policy: BreakerPolicy) -> Self {
        assert_eq!(policy.check(), Ok(()), "a breaker policy was not checked");
        Self {
            policy,
            phase: Phase::Closed(Tally::default()),
            generation: 0,
            open_for_last: policy.open_for,
            counters: Counters::default(),
        }
    }

    /// Asks to make a call.
    pub fn try_acquire(&mut self, now: Instant) -> Admission {
        self.settle(now);
        let BreakerPolicy {
            half_open_permits,
            permit_timeout,
            ..
        } = self.policy;
        match &mut self.phase {
            Phase::Closed(_) | Phase::Disabled => self.grant(None),
            Phase::Open { until } => {
                let until = *until;
                self.refuse(Some(until), RefusedBy::Open)
            }
            Phase::HalfOpen(trial) => match trial.take(now, half_open_permits, permit_timeout) {
                Some(slot) => self.grant(Some(slot)),
                None => {
                    let retry_at = trial.first_deadline();
                    self.refuse(retry_at, RefusedBy::HalfOpen)
                }
            },
            Phase::ForcedOpen => self.refuse(None, RefusedBy::ForcedOpen),
        }
    }

    /// Whether [`Breaker::try_acquire`] would grant a permit now. Counts nothing.
    #[must_use]
    pub fn admits(&mut self, now: Instant) -> bool {
        self.settle(now);
        match &self.phase {
            Phase::Closed(_) | Phase::Disabled => true,
            Phase::HalfOpen(trial) => trial.has_room(self.policy.half_open_permits),
            Phase::Open { .. } | Phase::ForcedOpen => false,
        }
    }

    /// A permit for a call that tests an open breaker before its time; `None` in every other state. The caller paces
    /// such calls. A success makes the breaker half-open at once, with that success counted; a failure changes nothing, so
    /// early probes never make it stay open for longer.
    pub fn probe(&mut self, now: Instant) -> Option<Permit> {
        self.settle(now);
        if self.state() != BreakerState::Open {
            return None;
        }
        self.counters.admitted += 1;
        Some(Permit {
            generation: self.generation,
            slot: None,
        })
    }

    /// Takes in what became of a call that took `took`, and says if that changed the state.
    ///
    /// # Panics
    /// When the permit is another breaker's, as far as that can be seen.
    pub fn record(
        &mut self,
        now: Instant,
        permit: Permit,
        outcome: CallOutcome,
        took: Duration,
    ) -> Option<Transition> {
        let before = self.state();
        self.settle(now);
        if permit.generation != self.generation {
            self.counters.stale += 1;
            return self.changed_from(before);
        }
        let slow = self.policy.slow_call.is_some_and(|limit| took > limit);
        self.count(outcome, slow);
        match self.phase {
            Phase::Closed(_) => self.on_closed_result(now, outcome, slow),
            Phase::Open { .. } => self.on_probe_result(outcome, slow),
            Phase::HalfOpen(_) => self.on_trial_result(now, permit, outcome, slow),
            Phase::ForcedOpen => unreachable!("no permit is granted while forced open"),
            Phase::Disabled => {}
        }
        self.changed_from(before)
    }

    /// Hands in a permit whose call was not made, or was broken off for reasons of our own.
    ///
    /// # Panics
    /// When the permit is another breaker's, as far as that can be seen.
    pub fn cancel(&mut self, now: Instant, permit: Permit) {
        self.settle(now);
        self.counters.cancelled += 1;
        if permit.generation == self.generation {
            self.free(&permit);
        }
    }

    /// Makes the changes that are due, and says what the state became. A tick so late that the breaker failed, stayed
    /// open and became half-open again in the meantime reports no change, and counts all of them.
    pub fn on_tick(&mut self, now: Instant) -> Option<Transition> {
        let before = self.state();
        self.settle(now);
        self.changed_from(before)
    }

    /// When the state next changes if no call does it.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match &self.phase {
            Phase::Open { until } => Some(Deadline {
                at: *until,
                why: "breaker becomes half-open",
            }),
            Phase::HalfOpen(trial) => {
                let why = "half-open call counts as failed";
                trial.first_deadline().map(|at| Deadline { at, why })
            }
            Phase::Closed(_) | Phase::ForcedOpen | Phase::Disabled => None,
        }
    }

    /// Refuses every call until [`Breaker::reset`] or [`Breaker::disable`].
    pub fn force_open(&mut self) -> Option<Transition> {
        self.order(Phase::ForcedOpen)
    }

    /// Lets every call through until [`Breaker::reset`] or [`Breaker::force_open`]. Calls are still counted.
    pub fn disable(&mut self) -> Option<Transition> {
        self.order(Phase::Disabled)
    }

    /// Closes, with a clean record. Also begins a new generation when it was closed already.
    pub fn reset(&mut self) -> Option<Transition> {
        self.order(Phase::Closed(Tally::default()))
    }

    /// The state as of the last call or tick.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed(_) => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen(_) => BreakerState::HalfOpen,
            Phase::ForcedOpen => BreakerState::ForcedOpen,
            Phase::Disabled => BreakerState::Disabled,
        }
    }

    /// What it has seen.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let recent = match &self.phase {
            Phase::Closed(tally) => tally.recent(self.policy.model),
            Phase::Open { .. } | Phase::HalfOpen(_) | Phase::ForcedOpen | Phase::Disabled => {
                Recent::default()
            }
        };
        Counters {
            recent,
            ..self.counters
        }
    }

    /// Makes every change that is due at `now`, as of when it was due.
    fn settle(&mut self, now: Instant) {
        if let Phase::HalfOpen(trial) = &self.phase
            && let Some(deadline) = trial.first_deadline()
            && deadline <= now
        {
            self.counters.expired += 1;
            self.reopen(deadline);
        }
        if let Phase::Open { until } = self.phase
            && until <= now
        {
            self.counters.half_opened += 1;
            self.enter(Phase::HalfOpen(Trial::default()));
        }
    }

    fn on_closed_result(&mut self, now: Instant, outcome: CallOutcome, slow: bool) {
        let failed = match outcome {
            CallOutcome::Success => false,
            CallOutcome::Failure => true,
            CallOutcome::Ignored => return,
        };
        let Phase::Closed(tally) = &mut self.phase else {
            unreachable!("only called while closed");
        };
        if tally.record(self.policy.model, failed, slow) {
            self.open(now, self.policy.open_for);
        }
    }

    fn on_probe_result(&mut self, outcome: CallOutcome, slow: bool) {
        if outcome == CallOutcome::Success && !slow {
            self.counters.half_opened += 1;
            self.enter(Phase::HalfOpen(Trial::default()));
            self.on_trial_success();
        }
    }

    fn on_trial_result(&mut self, now: Instant, permit: Permit, outcome: CallOutcome, slow: bool) {
        self.free(&permit);
        match outcome {
            CallOutcome::Success if !slow => self.on_trial_success(),
            CallOutcome::Success | CallOutcome::Failure => self.reopen(now),
            CallOutcome::Ignored => {}
        }
    }

    fn on_trial_success(&mut self) {
        let Phase::HalfOpen(trial) = &mut self.phase else {
            unreachable!("only called while half-open");
        };
        trial.successes += 1;
        if trial.successes >= self.policy.successes_to_close {
            self.counters.closed += 1;
            self.enter(Phase::Closed(Tally::default()));
        }
    }

    /// Opens after a failed trial, for twice as long as the last time.
    fn reopen(&mut self, since: Instant) {
        let longer = self.open_for_last.saturating_mul(2).min(self.policy.open_for_max);
        self.open(since, longer);
    }

    fn open(&mut self, since: Instant, open_for: Duration) {
        self.counters.opened += 1;
        self.open_for_last = open_for;
        self.enter(Phase::Open {
            until: since.after(open_for),
        });
    }

    fn enter(&mut self, phase: Phase) {
        self.generation += 1;
        self.phase = phase;
    }

    /// Obeys a person.
    fn order(&mut self, phase: Phase) -> Option<Transition> {
        let before = self.state();
        self.enter(phase);
        let transition = self.changed_from(before)?;
        if transition.to == BreakerState::Closed {
            self.counters.closed += 1;
        }
        Some(transition)
    }

    fn free(&mut self, permit: &Permit) {
        if let (Phase::HalfOpen(trial), Some(slot)) = (&mut self.phase, permit.slot) {
            trial.give_back(slot);
        }
    }

    fn grant(&mut self, slot: Option<u8>) -> Admission {
        self.counters.admitted += 1;
        Admission::Granted(Permit {
            generation: self.generation,
            slot,
        })
    }

    fn refuse(&mut self, retry_at: Option<Instant>, why: RefusedBy) -> Admission {
        self.counters.refused += 1;
        Admission::Refused { retry_at, why }
    }

    fn count(&mut self, outcome: CallOutcome, slow: bool) {
        self.counters.slow += u64::from(slow);
        match outcome {
            CallOutcome::Success => self.counters.successes += 1,
            CallOutcome::Failure => self.counters.failures += 1,
            CallOutcome::Ignored => self.counters.ignored += 1,
        }
    }

    fn changed_from(&self, from: BreakerState) -> Option<Transition> {
        let to = self.state();
        (from != to).then_some(Transition { from, to })
    }
}

#[cfg(test)]
mod tests;
