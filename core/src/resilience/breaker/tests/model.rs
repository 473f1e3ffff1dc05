//! The breaker against a slow and obvious model of it: the model keeps every call for ever and counts from the start
//! each time, and moves through time a millisecond at a time.

use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::super::{Admission, Breaker, BreakerPolicy, BreakerState, CallOutcome, Permit, TripModel};
use crate::time::Instant;

const MILLI: Duration = Duration::from_millis(1);

/// One call that the model let through.
#[derive(Debug, Clone)]
struct Call {
    /// How many state changes there had been.
    epoch: usize,
    granted_at: Instant,
    /// Whether it came by the front door, not as an early probe.
    regular: bool,
    /// What became of it, and whether it was slow.
    end: Option<(CallOutcome, bool)>,
    cancelled: bool,
    /// When its end came in, in the order of all ends.
    ended: usize,
}

struct Model {
    policy: BreakerPolicy,
    now: Instant,
    /// Every state there was, with the time at which it began.
    states: Vec<(BreakerState, Instant)>,
    calls: Vec<Call>,
    ends: usize,
}

impl Model {
    fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            now: Instant::ZERO,
            states: [(BreakerState::Closed, Instant::ZERO)].into(),
            calls: Vec::new(),
            ends: 0,
        }
    }

    fn state(&self) -> BreakerState {
        self.states.last().expect("a state").0
    }

    fn go(&mut self, state: BreakerState) {
        self.states.push((state, self.now));
    }

    fn here(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.epoch == self.states.len())
    }

    /// The half-open calls under way.
    fn under_way(&self) -> impl Iterator<Item = &Call> {
        self.here()
            .filter(|call| call.regular && call.end.is_none() && !call.cancelled)
    }

    /// How long the present open state lasts: doubled for each opening since it was last closed.
    fn open_for(&self) -> Duration {
        let openings = self
            .states
            .iter()
            .rev()
            .take_while(|(state, _)| *state != BreakerState::Closed);
        let openings = openings.filter(|(state, _)| *state == BreakerState::Open).count();
        (1..openings).fold(self.policy.open_for, |open_for, _| {
            (open_for * 2).min(self.policy.open_for_max)
        })
    }

    fn advance(&mut self, to: Instant) {
        while self.now < to {
            self.now = self.now.after(MILLI);
            let timeout = self.policy.permit_timeout;
            let hung = self
                .under_way()
                .any(|call| call.granted_at.after(timeout) <= self.now);
            if self.state() == BreakerState::HalfOpen && hung {
                self.go(BreakerState::Open);
            }
            let (state, since) = *self.states.last().expect("a state");
            if state == BreakerState::Open && since.after(self.open_for()) <= self.now {
                self.go(BreakerState::HalfOpen);
            }
        }
    }

    fn admits(&self) -> bool {
        match self.state() {
            BreakerState::Closed | BreakerState::Disabled => true,
            BreakerState::HalfOpen => self.under_way().count() < usize::from(self.policy.half_open_permits),
            BreakerState::Open | BreakerState::ForcedOpen => false,
        }
    }

    fn grant(&mut self, regular: bool) -> usize {
        self.calls.push(Call {
            epoch: self.states.len(),
            granted_at: self.now,
            regular,
            end: None,
            cancelled: false,
            ended: 0,
        });
        self.calls.len() - 1
    }

    fn end(&mut self, call: usize, outcome: CallOutcome, slow: bool) {
        self.ends += 1;
        self.calls[call].end = Some((outcome, slow));
        self.calls[call].ended = self.ends;
        if self.calls[call].epoch != self.states.len() {
            return;
        }
        let good = outcome == CallOutcome::Success && !slow;
        let bad = outcome == CallOutcome::Failure || outcome == CallOutcome::Success && slow;
        match self.state() {
            BreakerState::Closed if self.trips() => self.go(BreakerState::Open),
            BreakerState::Open if good => {
                self.go(BreakerState::HalfOpen);
                // The success that opened the door is the first of the trial.
                let epoch = self.states.len();
                self.calls[call].epoch = epoch;
                self.close_if_well();
            }
            BreakerState::HalfOpen if bad => self.go(BreakerState::Open),
            BreakerState::HalfOpen => self.close_if_well(),
            BreakerState::Closed | BreakerState::Open | BreakerState::ForcedOpen | BreakerState::Disabled => {
            }
        }
    }

    fn close_if_well(&mut self) {
        let good = self
            .here()
            .filter(|call| call.end == Some((CallOutcome::Success, false)))
            .count();
        if good >= usize::try_from(self.policy.successes_to_close).expect("a small number") {
            self.go(BreakerState::Closed);
        }
    }

    fn trips(&self) -> bool {
        let mut ended: Vec<&Call> = self.here().filter(|call| call.end.is_some()).collect();
        ended.sort_by_key(|call| core::cmp::Reverse(call.ended));
        let ends = ended
            .iter()
            .filter_map(|call| call.end)
            .filter(|(end, _)| *end != CallOutcome::Ignored);
        let ends: Vec<(bool, bool)> = ends
            .map(|(end, slow)| (end == CallOutcome::Failure, slow))
            .collect();
        match self.policy.model {
            TripModel::Consecutive { failures } => {
                let row = ends.iter().take_while(|(failed, slow)| *failed || *slow).count();
                row >= usize::try_from(failures).expect("a small number")
            }
            TripModel::Rate {
                window,
                failure_percent,
                minimum_calls,
                slow_percent,
            } => {
                let size = |count: u32| usize::try_from(count).expect("a small number");
                let seen = &ends[..ends.len().min(size(window))];
                let over = |count: usize, percent: u8| count * 100 >= usize::from(percent) * seen.len();
                let failed = seen.iter().filter(|(failed, _)| *failed).count();
                let slow = seen.iter().filter(|(_, slow)| *slow).count();
                seen.len() >= size(minimum_calls)
                    && (over(failed, failure_percent)
                        || slow_percent.is_some_and(|percent| over(slow, percent)))
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Acquire,
    Probe,
    End {
        which: prop::sample::Index,
        outcome: CallOutcome,
        slow: bool,
    },
    Cancel(prop::sample::Index),
    Lose(prop::sample::Index),
    Tick,
    Pass {
        millis: u64,
    },
    ForceOpen,
    Disable,
    Reset,
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<prop::sample::Index>;
    let outcome = prop_oneof![
        3 => Just(CallOutcome::Success),
        4 => Just(CallOutcome::Failure),
        1 => Just(CallOutcome::Ignored),
    ];
    let end = (which(), outcome, prop::bool::weighted(0.1));
    prop_oneof![
        20 => Just(Op::Acquire),
        2 => Just(Op::Probe),
        20 => end.prop_map(|(which, outcome, slow)| Op::End { which, outcome, slow }),
        3 => which().prop_map(Op::Cancel),
        3 => which().prop_map(Op::Lose),
        2 => Just(Op::Tick),
        8 => (0..40_u64).prop_map(|millis| Op::Pass { millis }),
        1 => Just(Op::ForceOpen),
        1 => Just(Op::Disable),
        2 => Just(Op::Reset),
    ]
}

fn policy() -> impl Strategy<Value = BreakerPolicy> {
    let rate = (
        1..9_u32,
        1..=100_u8,
        1..=100_u8,
        any::<bool>(),
        any::<prop::sample::Index>(),
    );
    let model = prop_oneof![
        (1..5_u32).prop_map(|failures| TripModel::Consecutive { failures }),
        rate.prop_map(
            |(window, failure_percent, slow, watch, minimum)| TripModel::Rate {
                window,
                failure_percent,
                minimum_calls: 1 + u32::try_from(minimum.index(window as usize)).expect("a small number"),
                slow_percent: watch.then_some(slow),
            }
        ),
    ];
    let rest = (1..30_u64, 0..60_u64, 1..4_u32, 1..4_u8, 1..30_u64, any::<bool>());
    (model, rest).prop_map(
        |(model, (open_for, longer, successes_to_close, half_open_permits, permit, slow))| {
            let watched = match model {
                TripModel::Consecutive { .. } => slow,
                TripModel::Rate { slow_percent, .. } => slow_percent.is_some(),
            };
            BreakerPolicy {
                model,
                open_for: Duration::from_millis(open_for),
                open_for_max: Duration::from_millis(open_for + longer),
                successes_to_close,
                half_open_permits,
                permit_timeout: Duration::from_millis(permit),
                slow_call: watched.then_some(MILLI),
            }
        },
    )
}

/// A breaker, the same one ticked each millisecond, and the model, with the calls under way at all three.
struct Trio {
    breaker: Breaker,
    ticked: Breaker,
    model: Model,
    under_way: Vec<(Permit, Permit, usize)>,
}

impl Trio {
    fn new(policy: BreakerPolicy) -> Self {
        Self {
            breaker: Breaker::new(policy),
            ticked: Breaker::new(policy),
            model: Model::new(policy),
            under_way: Vec::new(),
        }
    }

    fn take(&mut self, which: &prop::sample::Index) -> Option<(Permit, Permit, usize)> {
        let len = self.under_way.len();
        (len > 0).then(|| self.under_way.swap_remove(which.index(len)))
    }

    fn run(&mut self, op: &Op) {
        let now = self.model.now;
        match op {
            Op::Acquire => self.acquire(now),
            Op::Probe => self.probe(now),
            Op::End { which, outcome, slow } => self.end(now, which, *outcome, *slow),
            Op::Cancel(which) => {
                if let Some((permit, twin, call)) = self.take(which) {
                    self.breaker.cancel(now, permit);
                    self.ticked.cancel(now, twin);
                    self.model.calls[call].cancelled = true;
                }
            }
            Op::Lose(which) => drop(self.take(which)),
            Op::Tick => drop(self.breaker.on_tick(now)),
            Op::Pass { millis } => self.pass(*millis),
            Op::ForceOpen => self.order(Breaker::force_open, BreakerState::ForcedOpen),
            Op::Disable => self.order(Breaker::disable, BreakerState::Disabled),
            Op::Reset => self.order(Breaker::reset, BreakerState::Closed),
        }
    }

    fn acquire(&mut self, now: Instant) {
        let admitted = self.model.admits();
        match (self.breaker.try_acquire(now), self.ticked.try_acquire(now)) {
            (Admission::Granted(permit), Admission::Granted(twin)) => {
                assert!(admitted, "let through against the model");
                let call = self.model.grant(true);
                self.under_way.push((permit, twin, call));
            }
            (refusal @ Admission::Refused { retry_at, .. }, twin) => {
                assert!(!admitted, "refused against the model");
                assert!(retry_at.is_none_or(|at| at > now), "a retry in the past");
                assert_eq!(refusal, twin);
            }
            (Admission::Granted(_), twin) => panic!("the ticked one said {twin:?}"),
        }
    }

    fn probe(&mut self, now: Instant) {
        match (self.breaker.probe(now), self.ticked.probe(now)) {
            (Some(permit), Some(twin)) => {
                assert_eq!(self.model.state(), BreakerState::Open);
                let call = self.model.grant(false);
                self.under_way.push((permit, twin, call));
            }
            (None, None) => assert_ne!(self.model.state(), BreakerState::Open),
            differing => panic!("{differing:?}"),
        }
    }

    fn end(&mut self, now: Instant, which: &prop::sample::Index, outcome: CallOutcome, slow: bool) {
        let Some((permit, twin, call)) = self.take(which) else {
            return;
        };
        let took = if slow { MILLI * 2 } else { Duration::ZERO };
        let watched = self.model.policy.slow_call.is_some();
        let _told = self.breaker.record(now, permit, outcome, took);
        let _told = self.ticked.record(now, twin, outcome, took);
        self.model.end(call, outcome, slow && watched);
    }

    fn pass(&mut self, millis: u64) {
        for _ in 0..millis {
            let now = self.model.now.after(MILLI);
            self.model.advance(now);
            let _told = self.ticked.on_tick(now);
            let later = self
                .ticked
                .next_deadline()
                .is_none_or(|deadline| deadline.at > now);
            assert!(later, "a deadline is left that is due");
        }
    }

    fn order<T>(&mut self, order: fn(&mut Breaker) -> T, state: BreakerState) {
        // A person's order does not know the time, so the changes that are due are made first.
        let _told = self.breaker.on_tick(self.model.now);
        order(&mut self.breaker);
        order(&mut self.ticked);
        self.model.go(state);
    }

    fn judge(&self) {
        let mut settled = self.breaker.clone();
        let _told = settled.on_tick(self.model.now);
        assert_eq!(settled.state(), self.model.state());
        assert_eq!(settled, self.ticked, "ticks made a difference");
        if settled.state() == BreakerState::HalfOpen {
            let under_way = self.model.under_way().count();
            assert!(under_way <= usize::from(self.model.policy.half_open_permits));
        }
        self.judge_silence(settled);
    }

    /// Whatever happened, after enough silence calls are let through again.
    fn judge_silence(&self, mut settled: Breaker) {
        if settled.state() != BreakerState::ForcedOpen {
            let BreakerPolicy {
                open_for_max,
                permit_timeout,
                ..
            } = self.model.policy;
            let later = self.model.now.after(open_for_max).after(permit_timeout);
            assert!(settled.admits(later), "stuck");
        }
    }
}

proptest! {
    // A failure is kept as a test of its own, not as a seed.
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_the_model_does(policy in policy(), ops in prop::collection::vec(op(), 1..120)) {
        prop_assert_eq!(policy.check(), Ok(()));
        let mut trio = Trio::new(policy);
        for op in &ops {
            trio.run(op);
            trio.judge();
        }
    }
}
